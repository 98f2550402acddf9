//! Connections that do not speak HTTP: the service that handles them, and their parts.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The idle time before TCP keep-alive probes whether the client is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(120);

/// Serves connections until they end.
pub trait Streams: Send + Sync {
    /// Serves a connection. It ends soon after `closing` has become true.
    fn serve(self: Arc<Self>, connection: Connection) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// A connection that was accepted.
pub struct Connection {
    pub io: Io,
    /// The address of the client; unknown behind a proxy.
    pub address: Option<IpAddr>,
    /// What the connection can be encrypted with, if it is not yet.
    pub acceptor: Option<TlsAcceptor>,
    /// Whether the server stops.
    pub closing: watch::Receiver<bool>,
}

/// The bytes of a connection.
pub enum Io {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// The messages of a WebSocket. TLS, if needed, is below it.
    Framed(DuplexStream),
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Io::Clear(stream) => Pin::new(stream).poll_read(context, buffer),
            Io::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
            Io::Framed(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Io::Clear(stream) => Pin::new(stream).poll_write(context, bytes),
            Io::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            Io::Framed(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Io::Clear(stream) => Pin::new(stream).poll_flush(context),
            Io::Tls(stream) => Pin::new(stream).poll_flush(context),
            Io::Framed(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Io::Clear(stream) => Pin::new(stream).poll_shutdown(context),
            Io::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Io::Framed(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// Detects clients that are gone although nothing is sent to them. The client's system answers the probes; the program need not wake up.
pub fn keep_alive(stream: &TcpStream) {
    let set = sockopt::set_socket_keepalive(stream, true)
        .and_then(|()| sockopt::set_tcp_keepidle(stream, KEEP_ALIVE));
    if let Err(error) = set {
        log::debug!("no TCP keep-alive: {error}");
    }
}
