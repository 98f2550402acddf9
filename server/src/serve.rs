//! The listening side: connections in, and an end that loses nothing.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::app::App;
use crate::door::{Door, Doors};
use crate::edge::Edge;
use crate::{tls, web};

/// How long running requests have got when the server stops.
const GRACE: Duration = Duration::from_secs(3);

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// Serves until SIGTERM or SIGINT; then answers what is running and writes everything.
pub async fn serve(app: Arc<App>) -> Result<(), Box<dyn std::error::Error>> {
    // Before anybody can know that we are here, so that a signal is never lost.
    let mut signals = Signals {
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
        hang_up: signal(SignalKind::hangup())?,
    };
    let config = &app.config;
    let edge = Edge::new(
        config.trusted_proxies.clone(),
        config.connections_per_address,
    );
    let mut doors = Doors::new(edge, app.metrics.connections.clone());
    let router = web::router(app.clone());
    // Everything that may be wrong is tried before anything is served.
    let plain = bind(config.listen).await?;
    let secure = match config.tls() {
        Some(tls) => {
            let (acceptor, latest) = watch::channel(tls::acceptor(tls)?);
            Some((bind(tls.listen).await?, acceptor, latest))
        }
        None => None,
    };
    let metrics = match config.metrics_listen {
        Some(listen) => Some(bind(listen).await?),
        None => None,
    };
    say(&format!("listening on http://{}", plain.local_addr()?));
    doors.open(plain, Door::Plain(router.clone()));
    let acceptor = match secure {
        Some((listener, acceptor, latest)) => {
            say(&format!("listening on https://{}", listener.local_addr()?));
            doors.open(listener, Door::Tls(router, latest));
            Some(acceptor)
        }
        None => None,
    };
    if let Some(listener) = metrics {
        say(&format!("metrics on http://{}", listener.local_addr()?));
        doors.open(listener, Door::Plain(web::operator_router(app.clone())));
    }
    tell_systemd(NotifyState::Ready);
    wait(&app, &mut signals, acceptor.as_ref()).await;
    log::info!("stopping");
    tell_systemd(NotifyState::Stopping);
    doors.close().await;
    app.hub.stop();
    if tokio::time::timeout(GRACE, doors.empty()).await.is_err() {
        log::warn!("some requests were not finished");
    }
    app.tick().await;
    Ok(app.store.close().await?)
}

async fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| {
        io::Error::new(error.kind(), format!("Cannot listen on {listen}: {error}."))
    })
}

/// Tells whoever started us where we are.
fn say(what: &str) {
    let mut out = io::stdout();
    // He may have closed the pipe; that is no reason not to serve.
    let _ = writeln!(out, "{what}").and_then(|()| out.flush());
}

/// Does what is due every second, until a signal says that it is enough.
async fn wait(app: &App, signals: &mut Signals, acceptor: Option<&watch::Sender<TlsAcceptor>>) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = tick.tick() => app.tick().await,
            _ = signals.hang_up.recv() => reload(app, acceptor),
            _ = signals.terminate.recv() => return,
            _ = signals.interrupt.recv() => return,
        }
    }
}

/// Takes new certificates for the connections to come; files that are not right change nothing.
fn reload(app: &App, acceptor: Option<&watch::Sender<TlsAcceptor>>) {
    let (Some(tls), Some(acceptor)) = (app.config.tls(), acceptor) else {
        log::info!(
            "there is nothing to read anew without TLS; for other settings start the server anew"
        );
        return;
    };
    match tls::acceptor(tls) {
        Ok(new) => {
            acceptor.send_replace(new);
            log::info!("the certificate has been read anew");
        }
        Err(error) => log::error!("the old certificate stays: {error}"),
    }
}

/// Tells systemd, if that is who started us.
fn tell_systemd(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        log::warn!("cannot tell systemd: {error}");
    }
}
