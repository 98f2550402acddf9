//! A connection from its first byte to its session: carries out what `negotiation` decides. Every wait has a limit.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::Xmpp;
use super::binding::Request;
use super::errors::StreamError;
use super::negotiation::{Negotiation, Security, Step};
use super::reader::{AFTER_LOGIN, BEFORE_LOGIN};
use super::registry::Return;
use super::sasl::{Failure, Login};
use super::session::{Client, Opened};
use super::wire::{Broken, Got, Wire, stopping};
use crate::net::streams::{Connection, Io};
use crate::secrets;
use crate::service::login_attempts::{AttemptError, Known};
use crate::service::sessions::{Keeper, OpenError};

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

struct Negotiating<'a> {
    xmpp: &'a Arc<Xmpp>,
    address: Option<IpAddr>,
    negotiation: Negotiation,
    known: Option<Known>,
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
    let mut negotiating = Negotiating {
        xmpp,
        address,
        negotiation: Negotiation::new(&xmpp.domain, security),
        known: None,
    };
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
        let step = match step {
            Ok(Step::Resume(resumption)) => {
                let known = negotiating.known.as_ref()?;
                let (guard, ended) = oneshot::channel();
                let back = Box::new(Return {
                    wire,
                    count: resumption.count,
                    guard,
                });
                let uid = known.user.uid;
                match xmpp.registry.resume(uid, &resumption.name, back) {
                    Ok(()) => return Some(Outcome::Resumed(ended)),
                    Err(back) => wire = back.wire,
                }
                negotiating.negotiation.not_resumed(&mut out);
                Ok(Step::Continue)
            }
            step => step,
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
            Ok(_) => {
                let was_checked = out.starts_with("<success");
                wire.send(|text| text.push_str(&out));
                if was_checked {
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

impl Negotiating<'_> {
    async fn check(&mut self, login: Login, out: &mut String) -> Result<Step, StreamError> {
        let attempts = &self.xmpp.services.login_attempts;
        let checked = attempts
            .log_in(&login.name, login.password, self.address)
            .await;
        let result = match checked {
            Ok(known) => {
                let user = &known.user;
                let own = [
                    user.username.clone(),
                    user.uid.to_string(),
                    user.email.clone(),
                ];
                let is_own = login.wanted.is_none_or(|wanted| own.contains(&wanted));
                if is_own {
                    self.known = Some(known);
                    Ok(())
                } else {
                    Err(Failure::new("invalid-authzid", ""))
                }
            }
            Err(error @ AttemptError::Wrong) => {
                Err(Failure::new("not-authorized", error.to_string()))
            }
            Err(error @ AttemptError::TooMany(_)) => {
                Err(Failure::new("temporary-auth-failure", error.to_string()))
            }
            Err(error @ (AttemptError::Hash(_) | AttemptError::Store(_))) => {
                let level = match &error {
                    AttemptError::Store(error) => error.level(),
                    _ => log::Level::Error,
                };
                log::log!(level, "{error}");
                let text = "Logging in is not possible at the moment. Please try again later.";
                Err(Failure::new("temporary-auth-failure", text))
            }
        };
        self.negotiation.checked(result, out)
    }

    async fn bind(&mut self, request: Request, out: &mut String) -> Result<Opened, StreamError> {
        let known = self.known.take().ok_or(StreamError::NOT_AUTHORIZED)?;
        let resource = match &request.resource {
            Some(resource) => resource.clone(),
            None => secrets::random_hex(8).map_err(|_| StreamError::INTERNAL)?,
        };
        let client = match &request.resource {
            Some(resource) => format!("XMPP: {resource}"),
            None => "XMPP".to_owned(),
        };
        let uid = known.user.uid;
        let place = self.xmpp.registry.enter(uid, &resource);
        let place = place.ok_or(StreamError::TOO_MANY_STREAMS)?;
        let sessions = &self.xmpp.services.sessions;
        let opened = sessions.open(
            uid,
            self.address,
            &client,
            Keeper::Connection,
            Some(known.hash),
        );
        let (secret, _) = opened.await.map_err(|error| match error {
            OpenError::Changed => StreamError::NOT_AUTHORIZED,
            OpenError::Store(error) => error.into(),
            error @ OpenError::Random(_) => {
                log::error!("{error}");
                StreamError::INTERNAL
            }
        })?;
        let session = sessions.find(&secret).await?.ok_or(StreamError::ENDED)?;
        let ids = self.xmpp.services.archives.ids().await?;
        let bare = self.xmpp.address(&session.user.username);
        self.negotiation
            .bound(&request, &format!("{bare}/{resource}"), out);
        Ok(Opened {
            secret,
            session,
            resource,
            place,
            ids,
        })
    }
}
