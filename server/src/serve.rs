//! The running server: opens the listeners, handles signals, and stops without losing anything.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::net::connection_limits::ConnectionLimits;
use crate::net::hosts::Hosts;
use crate::net::listener::{Listener, Listeners};
use crate::net::site::Site;
use crate::net::streams::Streams;
use crate::net::tls;
use crate::web::{self, App, Quick};
use crate::xmpp::{Xmpp, websocket};

/// How long current requests may take when the server stops.
const GRACE: Duration = Duration::from_secs(3);

/// The shortest and longest wait before an address is tried again.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(4);

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// Serves until SIGTERM or SIGINT, then answers the current requests and writes everything that is queued.
pub async fn serve(app: Arc<App>) -> Result<(), Box<dyn std::error::Error>> {
    // Before anybody can know that the server runs, so that no signal is lost.
    let mut signals = Signals {
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
        hang_up: signal(SignalKind::hangup())?,
    };
    let config = &app.config;
    let limits = ConnectionLimits::new(
        config.trusted_proxies.clone(),
        config.connections_per_address,
    );
    let connections = app.metrics.connections.clone();
    let mut listeners = Listeners::new(limits, Hosts::new(config), connections);
    let xmpp = config.xmpp_domain.clone().map(|domain| {
        let (services, metrics) = (app.services.clone(), app.metrics.xmpp.clone());
        Arc::new(Xmpp::new(domain, services, metrics))
    });
    let others = xmpp.clone().map_or_else(Router::new, websocket::router);
    let router = web::router(app.clone(), others);
    // Everything that may fail is tried before anything is served.
    let acceptor = match config.tls() {
        Some(tls) => Some(tls::load(&tls)?.warn()),
        None => None,
    };
    let wanted = [
        Some(config.listen),
        config.tls_listen,
        config.metrics_listen,
        config.xmpp_listen,
    ];
    let bound = tokio::select! {
        bound = bind_all(wanted) => bound?,
        _ = signals.terminate.recv() => return Ok(app.services.close().await?),
        _ = signals.interrupt.recv() => return Ok(app.services.close().await?),
    };
    let [Some(plain), secure, metrics, for_xmpp] = bound else {
        return Err("There is no address to listen on.".into());
    };
    let streams = xmpp.map(|xmpp| xmpp as Arc<dyn Streams>);
    let (acceptor, latest) = acceptor.map(watch::channel).unzip();
    say(&format!("listening on http://{}", plain.local_addr()?));
    let site = Site::new(router.clone(), Arc::new(Quick(app.clone())));
    listeners.open(plain, Listener::Plain(site));
    if let Some((listener, latest)) = secure.zip(latest.clone()) {
        say(&format!("listening on https://{}", listener.local_addr()?));
        let site = Site::from(web::over_tls(router, config.hsts_s));
        listeners.open(listener, Listener::Tls(site, latest, streams.clone()));
    }
    if let Some((listener, streams)) = for_xmpp.zip(streams) {
        say(&format!("listening for XMPP on {}", listener.local_addr()?));
        listeners.open(listener, Listener::Streams(streams, latest));
    }
    if let Some(listener) = metrics {
        say(&format!("metrics on http://{}", listener.local_addr()?));
        let site = Site::from(web::operator_router(app.clone()));
        listeners.open(listener, Listener::Plain(site));
    }
    tell_systemd(NotifyState::Ready);
    wait(&app, &mut signals, acceptor.as_ref()).await;
    log::info!("stopping");
    tell_systemd(NotifyState::Stopping);
    listeners.close().await;
    app.services.stop();
    if tokio::time::timeout(GRACE, listeners.drained())
        .await
        .is_err()
    {
        log::warn!("some requests were not finished");
    }
    app.services.tick().await;
    Ok(app.services.close().await?)
}

/// Listens on all addresses that are given.
async fn bind_all(wanted: [Option<SocketAddr>; 4]) -> io::Result<[Option<TcpListener>; 4]> {
    let mut bound = [const { None }; 4];
    for (listen, bound) in wanted.into_iter().zip(&mut bound) {
        if let Some(listen) = listen {
            *bound = Some(bind(listen).await?);
        }
    }
    Ok(bound)
}

/// Listens on an address. One that this machine does not have may come up later, as networks do after a start.
async fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    let mut wait = FIRST_RETRY;
    loop {
        let error = match TcpListener::bind(listen).await {
            Ok(listener) => return Ok(listener),
            Err(error) => error,
        };
        if error.kind() != io::ErrorKind::AddrNotAvailable {
            let text = format!("Cannot listen on {listen}: {error}.");
            return Err(io::Error::new(error.kind(), text));
        }
        if wait == FIRST_RETRY {
            let ip = listen.ip();
            log::warn!(
                "cannot listen on {listen} yet: this machine does not have the address {ip}; trying until it does"
            );
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LAST_RETRY);
    }
}

/// Prints a line to standard output for whatever started the server.
fn say(line: &str) {
    let mut out = io::stdout();
    // The pipe may be closed; that is no reason not to serve.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Does what is due once a second, until a signal asks to stop.
async fn wait(app: &App, signals: &mut Signals, acceptor: Option<&watch::Sender<TlsAcceptor>>) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            // A database that is away lets this wait, and a signal ends the wait. What was queued is carried out.
            _ = tick.tick() => tokio::select! {
                () = app.services.tick() => {}
                _ = signals.terminate.recv() => return,
                _ = signals.interrupt.recv() => return,
            },
            _ = signals.hang_up.recv() => reload(app, acceptor),
            _ = signals.terminate.recv() => return,
            _ = signals.interrupt.recv() => return,
        }
    }
}

/// Reads new certificates for the connections to come. Files that cannot be used change nothing.
fn reload(app: &App, acceptor: Option<&watch::Sender<TlsAcceptor>>) {
    let (Some(tls), Some(acceptor)) = (app.config.tls(), acceptor) else {
        log::info!("there is nothing to reload without TLS; restart the server for other settings");
        return;
    };
    match tls::load(&tls) {
        Ok(new) => {
            acceptor.send_replace(new.warn());
            log::info!("the certificate was reloaded");
        }
        Err(error) => log::error!("the old certificate stays in use: {error}"),
    }
}

/// Tells systemd, if it started the server.
fn tell_systemd(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        log::warn!("cannot tell systemd: {error}");
    }
}
