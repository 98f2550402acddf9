//! What is in front of several servers, and between a server and its database.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;

use crate::relay::serve;

/// A load balancer that gives each connection to the next server that takes it.
pub struct RoundRobin {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    servers: Arc<Mutex<Vec<SocketAddr>>>,
}

impl RoundRobin {
    #[must_use]
    pub fn start() -> Self {
        let servers = Arc::<Mutex<Vec<SocketAddr>>>::default();
        let (shared, next) = (servers.clone(), Arc::new(AtomicUsize::new(0)));
        let address = serve(move |mut client| {
            let mut servers = shared.lock().expect("no panic").clone();
            let first = next.fetch_add(1, Ordering::Relaxed) % servers.len().max(1);
            servers.rotate_left(first);
            async move {
                for server in servers {
                    if let Ok(mut server) = TcpStream::connect(server).await {
                        copy_bidirectional(&mut client, &mut server).await.ok()?;
                        break;
                    }
                }
                Some(())
            }
        });
        RoundRobin {
            url: format!("http://{address}"),
            servers,
        }
    }

    /// From now on these are the servers.
    pub fn set(&self, servers: Vec<SocketAddr>) {
        *self.servers.lock().expect("no panic") = servers;
    }
}

/// What happens between a server and PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFault {
    /// Nothing: everything is passed on.
    None,
    /// Nothing is passed on until this ends, and nobody hears of it.
    Stall,
    /// The connection that commits next is cut off before that, for good, and neither end hears of it. The others go on.
    BeforeCommit,
    /// The same, but PostgreSQL gets the commit. Its answer is lost.
    AfterCommit,
    /// PostgreSQL says that it is version 12, and does not know a setting that came later.
    OldVersion,
}

/// A network between a server and PostgreSQL that fails as a test says.
pub struct DatabaseLink {
    pub address: SocketAddr,
    fault: Arc<watch::Sender<LinkFault>>,
}

impl DatabaseLink {
    #[must_use]
    pub fn start(socket: PathBuf) -> Self {
        let fault = Arc::new(watch::Sender::new(LinkFault::None));
        let shared = fault.clone();
        let address = serve(move |client| {
            let (socket, fault) = (socket.clone(), shared.clone());
            async move {
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = UnixStream::connect(socket).await.ok()?.into_split();
                let cut = Arc::new(AtomicBool::new(false));
                let there = pass(from_client, to_server, fault.clone(), cut.clone(), true);
                let back = pass(from_server, to_client, fault, cut, false);
                let (there, back) = (tokio::spawn(there), tokio::spawn(back));
                let _ = there.await;
                let _ = back.await;
                Some(())
            }
        });
        DatabaseLink { address, fault }
    }

    /// From now on this happens.
    pub fn set(&self, fault: LinkFault) {
        self.fault.send_replace(fault);
    }

    /// Whether a connection was cut off since the last call of [`DatabaseLink::set`].
    pub fn has_cut(&self) -> bool {
        *self.fault.borrow() == LinkFault::None
    }
}

/// Passes on what one end of a connection sends: the server's statements, or the answers.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    fault: Arc<watch::Sender<LinkFault>>,
    cut: Arc<AtomicBool>,
    statements: bool,
) -> Option<()> {
    let mut bytes = [0; 16_384];
    let mut state = fault.subscribe();
    loop {
        let count = from.read(&mut bytes).await.ok()?;
        let fault_now = *state.wait_for(|now| *now != LinkFault::Stall).await.ok()?;
        if fault_now == LinkFault::OldVersion {
            make_old(bytes.get_mut(..count)?);
        }
        let read = bytes.get(..count).filter(|read| !read.is_empty());
        if cut.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let Some(read) = read else {
            return to.shutdown().await.ok();
        };
        let commits = statements && read.windows(6).any(|word| word == b"COMMIT");
        let cuts = matches!(fault_now, LinkFault::BeforeCommit | LinkFault::AfterCommit);
        if commits && cuts {
            cut.store(true, Ordering::Relaxed);
            fault.send_replace(LinkFault::None);
            if fault_now == LinkFault::AfterCommit {
                to.write_all(read).await.ok()?;
            }
            std::future::pending::<()>().await;
        }
        to.write_all(read).await.ok()?;
    }
}

/// Makes PostgreSQL look like version 12, in its greeting and in how it treats a setting of version 14.
fn make_old(bytes: &mut [u8]) {
    for (text, at, new) in [
        (&b"server_version\0"[..], 15, &b"12"[..]),
        (b"client_connection_check_interval", 0, b"unknown"),
    ] {
        let found = bytes.windows(text.len()).position(|word| word == text);
        let place = found.and_then(|start| bytes.get_mut(start + at..start + at + new.len()));
        if let Some(place) = place {
            place.copy_from_slice(new);
        }
    }
}
