//! What is in front of several servers, and between a server and its database.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// A network between a server and PostgreSQL that can stall: nothing arrives any more, and nobody hears of it.
pub struct DatabaseLink {
    pub address: SocketAddr,
    stalled: watch::Sender<bool>,
}

impl DatabaseLink {
    #[must_use]
    pub fn start(socket: PathBuf) -> Self {
        let (stalled, state) = watch::channel(false);
        let address = serve(move |client| {
            let (socket, state) = (socket.clone(), state.clone());
            async move {
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = UnixStream::connect(socket).await.ok()?.into_split();
                let there = pass(from_client, to_server, state.clone());
                let back = pass(from_server, to_client, state);
                let (there, back) = (tokio::spawn(there), tokio::spawn(back));
                let _ = there.await;
                let _ = back.await;
                Some(())
            }
        });
        DatabaseLink { address, stalled }
    }

    pub fn stall(&self, stalled: bool) {
        self.stalled.send_replace(stalled);
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut stalled: watch::Receiver<bool>,
) -> Option<()> {
    let mut bytes = [0; 16_384];
    loop {
        let count = from.read(&mut bytes).await.ok()?;
        stalled.wait_for(|stalled| !stalled).await.ok()?;
        let read = bytes.get(..count).filter(|read| !read.is_empty());
        let Some(read) = read else {
            return to.shutdown().await.ok();
        };
        to.write_all(read).await.ok()?;
    }
}
