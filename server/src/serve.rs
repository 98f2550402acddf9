//! The listening side: connections in, and an end that loses nothing.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tower::ServiceExt;

use crate::app::{App, Peer};
use crate::web;

/// How long a client may take for the head of a request, and how long an idle connection lives; longer than a poll.
const HEAD: Duration = Duration::from_secs(75);
/// How long running requests have got when the server stops.
const GRACE: Duration = Duration::from_secs(3);

/// Serves until SIGTERM or SIGINT; then answers what is running and writes everything.
pub async fn serve(app: Arc<App>, listen: SocketAddr) -> io::Result<()> {
    // Before anybody can know that we are here, so that a signal is never lost.
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        io::Error::new(error.kind(), format!("Cannot listen on {listen}: {error}."))
    })?;
    let mut out = io::stdout();
    // Whoever started us may have closed the pipe; that is no reason not to serve.
    let _ =
        writeln!(out, "listening on http://{}", listener.local_addr()?).and_then(|()| out.flush());

    let router = web::router(app.clone());
    let graceful = GracefulShutdown::new();
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => connect(stream, peer, router.clone(), &graceful),
                Err(error) => {
                    log::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            _ = tick.tick() => app.tick(),
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    log::info!("stopping");
    drop(listener);
    app.hub.stop();
    if tokio::time::timeout(GRACE, graceful.shutdown())
        .await
        .is_err()
    {
        log::warn!("some requests were not finished");
    }
    app.tick();
    app.store.close();
    Ok(())
}

fn connect(stream: TcpStream, peer: SocketAddr, router: Router, graceful: &GracefulShutdown) {
    if let Err(error) = stream.set_nodelay(true) {
        log::debug!("no TCP_NODELAY for {peer}: {error}");
    }
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        // Old clients look for the exact letters `Set-Cookie: c_user=`.
        .title_case_headers(true)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            log::debug!("{peer}: {error}");
        }
    });
}
