//! What listens on loopback in tests besides the server.

#![allow(dead_code, reason = "each test file uses a part of it")]

#[path = "proxy.rs"]
pub mod proxy;
#[path = "tls_server.rs"]
pub mod tls_server;

use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// Serves each connection as a task, on a thread that ends with the process; gives the address.
pub fn serve<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = Option<()>> + Send + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build();
        runtime.expect("a runtime").block_on(async {
            let listener = TcpListener::from_std(listener).expect("a runtime");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
    });
    address
}

/// Passes everything between a client and a server.
pub async fn join(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    server: SocketAddr,
) -> Option<()> {
    let mut server = TcpStream::connect(server).await.ok()?;
    copy_bidirectional(client, &mut server).await.ok()?;
    Some(())
}
