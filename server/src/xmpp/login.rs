//! Login: checks passwords and tokens, opens the session, and binds the resource.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::oneshot;

use super::Xmpp;
use super::binding::{Request, Resumption};
use super::errors::StreamError;
use super::message::stamp;
use super::negotiation::{self, Negotiation, Step};
use super::reader::AFTER_LOGIN;
use super::registry::Return;
use super::sasl::{Failure, Login};
use super::sasl2::{Authenticate, Credentials};
use super::session::{Client, Opened};
use super::wire::Wire;
use super::xml::{Element, ns};
use crate::secrets;
use crate::service::StoreError;
use crate::service::login_attempts::{AttemptError, Known};
use crate::service::sessions::{Keeper, OpenError, Token, WithToken};
use crate::types::User;

/// A client that is logged in.
enum Identity {
    Password(Known),
    /// With a token, and whether it ends with the connection.
    Token(WithToken, bool),
}

impl Identity {
    fn user(&self) -> &User {
        match self {
            Identity::Password(known) => &known.user,
            Identity::Token(known, _) => &known.session.user,
        }
    }
}

/// A connection before its session.
pub struct Negotiating<'a> {
    pub xmpp: &'a Arc<Xmpp>,
    pub address: Option<IpAddr>,
    pub negotiation: Negotiation,
    identity: Option<Identity>,
}

/// How a login goes on.
pub enum After {
    Begun(Box<Client>),
    /// Another session has the connection, until this is closed.
    Resumed(oneshot::Receiver<()>),
    Step(Box<Wire>, Result<Step, StreamError>),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        log::log!(error.level(), "{error}");
        away()
    }
}

fn away() -> Failure {
    let text = "Logging in is not possible at the moment. Please try again later.";
    Failure::new("temporary-auth-failure", text)
}

impl From<OpenError> for StreamError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Changed => StreamError::NOT_AUTHORIZED,
            OpenError::Store(error) => error.into(),
            OpenError::Random(error) => {
                log::error!("{error}");
                StreamError::INTERNAL
            }
        }
    }
}

impl<'a> Negotiating<'a> {
    pub fn new(
        xmpp: &'a Arc<Xmpp>,
        address: Option<IpAddr>,
        negotiation: Negotiation,
    ) -> Negotiating<'a> {
        Negotiating {
            xmpp,
            address,
            negotiation,
            identity: None,
        }
    }

    /// Checks a password.
    pub async fn check(&mut self, login: Login, out: &mut String) -> Result<Step, StreamError> {
        let result = self.known(login).await.map(|known| {
            self.identity = Some(Identity::Password(known));
        });
        self.negotiation.checked(result, out)
    }

    async fn known(&self, login: Login) -> Result<Known, Failure> {
        let attempts = &self.xmpp.services.login_attempts;
        let checked = attempts.log_in(&login.name, login.password, self.address);
        let known = checked.await.map_err(|error| match error {
            AttemptError::Wrong => Failure::new("not-authorized", error.to_string()),
            AttemptError::TooMany(_) => Failure::new("temporary-auth-failure", error.to_string()),
            AttemptError::Store(error) => error.into(),
            AttemptError::Hash(error) => {
                log::error!("{error}");
                away()
            }
        })?;
        match login.wanted {
            Some(wanted) if !is_name_of(&known.user, &wanted) => {
                Err(Failure::new("invalid-authzid", ""))
            }
            _ => Ok(known),
        }
    }

    async fn identify(&self, credentials: Credentials) -> Result<Identity, Failure> {
        match credentials {
            Credentials::Password(login) => self.known(login).await.map(Identity::Password),
            Credentials::Token {
                name,
                shown,
                is_last,
            } => {
                let found = self.xmpp.services.sessions.find_by_token(&shown).await?;
                let found = found.filter(|found| is_name_of(&found.session.user, &name));
                let text = "This login has ended. Log in with the password.";
                let found = found.ok_or_else(|| Failure::new("not-authorized", text))?;
                Ok(Identity::Token(found, is_last))
            }
        }
    }

    /// Passes the connection to a session that is resumed, or returns it with the other arguments.
    fn resume(
        &self,
        user: &User,
        resumption: Resumption,
        wire: Wire,
        success: Option<Element>,
    ) -> Result<oneshot::Receiver<()>, Box<Return>> {
        let (guard, ended) = oneshot::channel();
        let back = Box::new(Return {
            wire,
            count: resumption.count,
            guard,
            success,
        });
        let registry = &self.xmpp.registry;
        registry.resume(user.uid, &resumption.name, back)?;
        Ok(ended)
    }

    /// A client that has logged in before resumes its session.
    pub fn come_back(&mut self, resumption: Resumption, wire: Wire, out: &mut String) -> After {
        let Some(identity) = &self.identity else {
            return After::Step(Box::new(wire), Err(StreamError::NOT_AUTHORIZED));
        };
        match self.resume(identity.user(), resumption, wire, None) {
            Ok(ended) => After::Resumed(ended),
            Err(back) => {
                negotiation::not_resumed().write(out, ns::CLIENT);
                After::Step(Box::new(back.wire), Ok(Step::Continue))
            }
        }
    }

    /// Gives a client the resource that it has asked for.
    pub async fn bind(
        &mut self,
        request: Request,
        out: &mut String,
    ) -> Result<Opened, StreamError> {
        let identity = self.identity.take().ok_or(StreamError::NOT_AUTHORIZED)?;
        let named = request.resource.clone().unwrap_or_default();
        let resource = match &request.resource {
            Some(resource) => resource.clone(),
            None => secrets::random_hex(8).map_err(|_| StreamError::INTERNAL)?,
        };
        let (opened, _) = self.open(identity, resource, &named, false).await?;
        let address = self.xmpp.address(&opened.session.user.username);
        let full = format!("{address}/{}", opened.resource);
        self.negotiation.bound(&request, &full, out);
        Ok(opened)
    }

    /// Opens the session of a client, with a token if it wants one or should get another one.
    async fn open(
        &self,
        identity: Identity,
        resource: String,
        name: &str,
        wants_token: bool,
    ) -> Result<(Opened, Option<Token>), StreamError> {
        let uid = identity.user().uid;
        let place = self.xmpp.registry.enter(uid, &resource);
        let place = place.ok_or(StreamError::TOO_MANY_STREAMS)?;
        let client = match name {
            "" => "XMPP".to_owned(),
            name => format!("XMPP: {name}"),
        };
        let sessions = &self.xmpp.services.sessions;
        let with_token = |hash| sessions.open_with_token(uid, self.address, &client, hash);
        let (mut token, mut former, mut outlives) = (None, None, true);
        let secret = match identity {
            Identity::Password(known) if wants_token => {
                let (secret, new) = with_token(Some(known.hash)).await?;
                token = Some(new);
                secret
            }
            Identity::Password(known) => {
                outlives = false;
                let (keeper, hash) = (Keeper::Connection, Some(known.hash));
                let opened = sessions.open(uid, self.address, &client, keeper, hash);
                opened.await?.0
            }
            Identity::Token(known, false) if wants_token || known.is_old => {
                let (secret, new) = with_token(None).await?;
                // If it was revoked in the meantime, the new one must not exist, either.
                if sessions.find(&known.secret).await?.is_none() {
                    if let Some(session) = sessions.find(&secret).await? {
                        sessions.end(session, None).await?;
                    }
                    return Err(StreamError::ENDED);
                }
                token = Some(new);
                former = Some(known.secret);
                secret
            }
            Identity::Token(known, is_last) => {
                outlives = !is_last;
                known.secret
            }
        };
        let session = sessions.find(&secret).await?.ok_or(StreamError::ENDED)?;
        let ids = self.xmpp.services.archives.ids().await?;
        let opened = Opened {
            secret,
            former,
            outlives,
            address: self.address,
            session,
            resource,
            place,
            ids,
            stream: secrets::random_hex(16).map_err(|_| StreamError::INTERNAL)?,
        };
        Ok((opened, token))
    }

    /// Does everything that a client asks for in one step.
    pub async fn authenticate(
        &mut self,
        request: Authenticate,
        mut wire: Wire,
        out: &mut String,
    ) -> After {
        let identity = match self.identify(request.credentials).await {
            Ok(identity) => identity,
            Err(failure) => {
                return After::Step(Box::new(wire), self.negotiation.refuse(&failure, out));
            }
        };
        wire.limit(AFTER_LOGIN);
        let mut success = Element::new("success", ns::SASL2);
        if let Identity::Token(known, _) = &identity {
            let proof = STANDARD.encode(known.proof);
            success.push(Element::new("additional-data", ns::SASL2).text(proof));
        }
        if let Some(resumption) = request.resume {
            match self.resume(identity.user(), resumption, wire, Some(success)) {
                Ok(ended) => return After::Resumed(ended),
                Err(back) => {
                    let told = back
                        .success
                        .unwrap_or_else(|| Element::new("success", ns::SASL2));
                    success = told.child(negotiation::not_resumed());
                    wire = back.wire;
                }
            }
        }
        let Some(bind) = request.bind else {
            let address = self.xmpp.address(&identity.user().username);
            authorized(&mut success, address);
            self.identity = Some(identity);
            self.negotiation.authenticated(&success, out);
            return After::Step(Box::new(wire), Ok(Step::Continue));
        };
        let software = match &*request.software {
            "" => &bind.resource,
            software => software,
        };
        let opening = self.open(
            identity,
            bind.resource.clone(),
            software,
            request.wants_token,
        );
        let (opened, token) = match opening.await {
            Ok(opened) => opened,
            Err(error) => return After::Step(Box::new(wire), Err(error)),
        };
        let mut client = Client::new(self.xmpp.clone(), wire, opened);
        authorized(&mut success, client.full.clone());
        success.push(client.bound(bind));
        if let Some(token) = token {
            success.push(
                Element::new("token", ns::FAST)
                    .with("token", token.token)
                    .with("expiry", stamp(token.ends)),
            );
        }
        client.succeed(&success);
        After::Begun(Box::new(client))
    }
}

fn authorized(success: &mut Element, address: String) {
    success.push(Element::new("authorization-identifier", ns::SASL2).text(address));
}

/// Whether a name is one of those that a user logs in with.
fn is_name_of(user: &User, name: &str) -> bool {
    let own = [&user.username, &user.uid.to_string(), &user.email];
    own.iter().any(|own| own.eq_ignore_ascii_case(name))
}
