//! A connection from its first byte to its session: carries out what `negotiation` decides. Every wait has a limit.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::Xmpp;
use super::errors::StreamError;
use super::features::Security;
use super::login::{After, Negotiating};
use super::negotiation::{Negotiation, Step};
use super::reader::{AFTER_LOGIN, BEFORE_LOGIN};
use super::session::Client;
use super::wire::{Broken, Got, Wire, stopping};
use super::xml::ns;
use crate::net::streams::{Connection, Io};

/// How long a client may be silent until it has a resource, and how long all of that may take.
const SILENT: Duration = Duration::from_secs(10);
const LOGIN: Duration = Duration::from_secs(60);

/// Serves a connection until it ends.
pub async fn serve(xmpp: Arc<Xmpp>, connection: Connection) {
    let Connection {
        io,
        address,
        acceptor,
        closing,
    } = connection;
    // What it needs is freed once the client is logged in.
    let negotiating = Box::pin(negotiate(&xmpp, io, address, acceptor, closing.clone()));
    match timeout(LOGIN, negotiating).await {
        Ok(Some(Outcome::Begun(client))) => client.run(closing).await,
        // It still counts as a connection of its address.
        Ok(Some(Outcome::Resumed(guard))) => {
            // It never sends.
            let _ = guard.await;
        }
        Ok(None) | Err(_) => {}
    }
}

enum Outcome {
    /// A session begins.
    Begun(Box<Client>),
    /// Another session has the connection, until this is closed.
    Resumed(oneshot::Receiver<()>),
}

async fn negotiate(
    xmpp: &Arc<Xmpp>,
    io: Io,
    address: Option<IpAddr>,
    acceptor: Option<TlsAcceptor>,
    mut closing: watch::Receiver<bool>,
) -> Option<Outcome> {
    let security = match (&io, &acceptor) {
        (Io::Tls(_) | Io::Framed(_), _) => Security::Encrypted,
        (Io::Clear(stream), acceptor) => {
            let is_local = stream
                .local_addr()
                .is_ok_and(|own| own.ip().to_canonical().is_loopback());
            match (is_local, acceptor) {
                (true, None) => Security::Unavailable,
                (true, Some(_)) => Security::Optional,
                (false, _) => Security::Required,
            }
        }
    };
    let negotiation =
        Negotiation::new(&xmpp.domain, security).with_sign_up(xmpp.services.accounts.is_open());
    let mut negotiating = Negotiating::new(xmpp, address, negotiation);
    let mut wire = Wire::new(io, BEFORE_LOGIN);
    loop {
        let got = tokio::select! {
            got = timeout(SILENT, wire.next(true)) => got,
            () = stopping(&mut closing) => Ok(Err(Broken::Stream(StreamError::SHUTDOWN))),
        };
        let frame = match got {
            Ok(Ok(Got::Frame(frame))) => Ok(frame),
            Ok(Ok(Got::Sent)) => continue,
            Ok(Ok(Got::End) | Err(Broken::Io(_))) => return None,
            Ok(Err(Broken::Stream(error))) => Err(error),
            Err(_) => Err(StreamError::TIMEOUT),
        };
        let mut out = String::new();
        let step = match frame {
            Ok(frame) => negotiating.negotiation.take(frame, &mut out),
            Err(error) => Err(error),
        };
        let step = match step {
            Ok(Step::Check(login)) => negotiating.check(login, &mut out).await,
            step => step,
        };
        if let Ok(Step::Bind(request)) = step {
            match negotiating.bind(request, &mut out).await {
                Ok(open) => {
                    wire.send(|text| text.push_str(&out));
                    let client = Client::new(xmpp.clone(), wire, open);
                    return Some(Outcome::Begun(Box::new(client)));
                }
                Err(error) => {
                    end(negotiating.negotiation, wire, &out, Some(&error)).await;
                    return None;
                }
            }
        }
        let after = match step {
            Ok(Step::Resume(resumption)) => negotiating.come_back(resumption, wire, &mut out),
            Ok(Step::Authenticate(request)) => {
                negotiating.authenticate(*request, wire, &mut out).await
            }
            Ok(Step::Register(stanza)) => {
                negotiating
                    .register(&stanza)
                    .await
                    .write(&mut out, ns::CLIENT);
                After::Step(Box::new(wire), Ok(Step::Continue))
            }
            step => After::Step(Box::new(wire), step),
        };
        let step = match after {
            After::Begun(client) => return Some(Outcome::Begun(client)),
            After::Resumed(ended) => return Some(Outcome::Resumed(ended)),
            After::Step(back, step) => {
                wire = *back;
                step
            }
        };
        match step {
            Ok(Step::StartTls) => {
                wire.send(|text| text.push_str(&out));
                let acceptor = acceptor.clone()?;
                wire = timeout(SILENT, wire.start_tls(acceptor, BEFORE_LOGIN))
                    .await
                    .ok()?
                    .ok()?;
                negotiating.negotiation.encrypted();
            }
            Ok(Step::Close) => {
                end(negotiating.negotiation, wire, &out, None).await;
                return None;
            }
            Ok(step) => {
                wire.send(|text| text.push_str(&out));
                if step == Step::Restart {
                    wire.restart(AFTER_LOGIN);
                }
            }
            Err(error) => {
                end(negotiating.negotiation, wire, &out, Some(&error)).await;
                return None;
            }
        }
    }
}

async fn end(mut negotiation: Negotiation, mut wire: Wire, out: &str, error: Option<&StreamError>) {
    wire.send(|text| {
        text.push_str(out);
        negotiation.end(error, text);
    });
    wire.close().await;
}
