//! The listeners and their connections. Every wait has a limit, so that a slow client delays nobody else.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::connection_limits::{ConnectionLimits, Permit};
use super::hosts::Hosts;
use super::http::{self, Caller};
use super::site::Site;
use super::streams::{Connection, Io, Streams, keep_alive};
use super::upgrades::Rest;

/// How long a new connection may take until its first request has arrived, including the TLS handshake.
const FIRST: Duration = Duration::from_secs(10);
/// How long sent data may stay unacknowledged.
const UNREAD_MS: u32 = 60_000;

/// What a listener serves.
#[derive(Clone)]
pub enum Listener {
    /// HTTP/1 without TLS.
    Plain(Site),
    /// HTTP/1 or HTTP/2 over TLS, with the latest certificate, and XMPP for clients that ask for it.
    Tls(Site, watch::Receiver<TlsAcceptor>, Option<Arc<dyn Streams>>),
    /// XMPP, with TLS if there is a certificate and the client asks for it.
    Streams(Arc<dyn Streams>, Option<watch::Receiver<TlsAcceptor>>),
}

/// How one connection is served.
enum Service {
    Web {
        acceptor: Option<TlsAcceptor>,
        caller: Box<Caller>,
        streams: Option<Arc<dyn Streams>>,
    },
    Streams {
        acceptor: Option<TlsAcceptor>,
        streams: Arc<dyn Streams>,
        address: Option<IpAddr>,
    },
}

impl Listener {
    fn service(
        &self,
        limits: &Arc<ConnectionLimits>,
        hosts: &Arc<Hosts>,
        peer: SocketAddr,
        is_local: bool,
    ) -> Service {
        let caller = |site: &Site, tls| {
            Box::new(Caller {
                limits: limits.clone(),
                hosts: hosts.clone(),
                peer,
                site: site.clone(),
                tls,
                has_request: Arc::default(),
                is_local,
                upgrade: OnceLock::new(),
            })
        };
        match self {
            Listener::Plain(site) => Service::Web {
                acceptor: None,
                caller: caller(site, false),
                streams: None,
            },
            Listener::Tls(site, latest, streams) => Service::Web {
                acceptor: Some(latest.borrow().clone()),
                caller: caller(site, true),
                streams: streams.clone(),
            },
            Listener::Streams(streams, latest) => Service::Streams {
                acceptor: latest.as_ref().map(|latest| latest.borrow().clone()),
                streams: streams.clone(),
                address: limits.client(peer.ip()),
            },
        }
    }
}

/// All listeners.
pub struct Listeners {
    limits: Arc<ConnectionLimits>,
    hosts: Arc<Hosts>,
    gauge: Gauge,
    /// Every connection holds a receiver for as long as it lives.
    closing: watch::Sender<bool>,
    listening: JoinSet<()>,
}

/// Counts a connection for as long as it lives.
struct Counted {
    gauge: Gauge,
    _permit: Permit,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

impl Listeners {
    /// No listeners yet.
    pub fn new(limits: Arc<ConnectionLimits>, hosts: Hosts, gauge: Gauge) -> Self {
        Listeners {
            limits,
            hosts: Arc::new(hosts),
            gauge,
            closing: watch::Sender::new(false),
            listening: JoinSet::new(),
        }
    }

    /// Accepts connections.
    pub fn open(&mut self, socket: TcpListener, listener: Listener) {
        let (limits, gauge) = (self.limits.clone(), self.gauge.clone());
        let hosts = self.hosts.clone();
        let mut closing = self.closing.subscribe();
        self.listening.spawn(async move {
            let mut failing = false;
            loop {
                let accepted = tokio::select! {
                    accepted = socket.accept() => accepted,
                    _ = closing.changed() => return,
                };
                if failing && accepted.is_ok() {
                    failing = false;
                    log::info!("connections are accepted again");
                }
                match accepted {
                    Ok((stream, peer)) => match limits.enter(peer.ip()) {
                        Some(permit) => {
                            gauge.inc();
                            let counted = Counted {
                                gauge: gauge.clone(),
                                _permit: permit,
                            };
                            let local = stream.local_addr().map(|own| own.ip().to_canonical());
                            let is_local = local.is_ok_and(|own| own.is_loopback());
                            let service = listener.service(&limits, &hosts, peer, is_local);
                            connect(stream, peer, service, closing.clone(), counted);
                        }
                        None => log::debug!("too many connections from {}", peer.ip()),
                    },
                    Err(error) => {
                        // Ten attempts a second would fill the log.
                        if !std::mem::replace(&mut failing, true) {
                            log::warn!("cannot accept connections: {error}");
                        }
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        });
    }

    /// Accepts no more connections, and no more requests on those that are open.
    pub async fn close(&mut self) {
        self.closing.send_replace(true);
        while self.listening.join_next().await.is_some() {}
    }

    /// Waits until all connections have ended, which they do once their current requests are answered.
    pub async fn drained(self) {
        self.closing.closed().await;
    }
}

fn connect(
    stream: TcpStream,
    peer: SocketAddr,
    service: Service,
    closing: watch::Receiver<bool>,
    counted: Counted,
) {
    if let Err(error) = stream.set_nodelay(true) {
        log::debug!("no TCP_NODELAY for {peer}: {error}");
    }
    if let Err(error) = sockopt::set_tcp_user_timeout(&stream, UNREAD_MS) {
        log::debug!("no TCP_USER_TIMEOUT for {peer}: {error}");
    }
    match service {
        Service::Web {
            acceptor,
            caller,
            streams,
        } => {
            let has_request = caller.has_request.clone();
            tokio::spawn(async move {
                let mut serving = pin!(serve(stream, acceptor, caller, streams, closing));
                // On the heap, because it is needed for ten seconds and the connection may last for days.
                let first = Box::pin(tokio::time::timeout(FIRST, &mut serving)).await;
                let rest = match first {
                    Ok(rest) => rest,
                    Err(_) if has_request.load(Ordering::Relaxed) => serving.await,
                    Err(_) => None,
                };
                // A task of its own, because this one has memory for what HTTP needs.
                if let Some(rest) = rest {
                    tokio::spawn(counting(counted, rest));
                }
            });
        }
        Service::Streams {
            acceptor,
            streams,
            address,
        } => {
            keep_alive(&stream);
            let serving = streams.serve(Connection {
                io: Io::Clear(stream),
                address,
                acceptor,
                closing,
            });
            tokio::spawn(counting(counted, serving));
        }
    }
}

/// Serves a connection that does not speak HTTP.
async fn counting(_counted: Counted, serving: Rest) {
    serving.await;
}

/// Serves a connection while it speaks HTTP; returns the future of the protocol that follows, if there is one.
async fn serve(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    caller: Box<Caller>,
    streams: Option<Arc<dyn Streams>>,
    closing: watch::Receiver<bool>,
) -> Option<Rest> {
    let result = match acceptor {
        None => http::plain(stream, &caller, closing).await,
        // Boxed, so that ten thousand held polls without TLS do not each reserve memory for it.
        Some(acceptor) => {
            Box::pin(http::secured(stream, acceptor, &caller, streams, closing)).await
        }
    };
    result.unwrap_or_else(|error| {
        log::debug!("{}: {error}", caller.peer);
        None
    })
}
