//! Sessions: who is logged in, from where, and how that ends.

use std::net::IpAddr;
use std::sync::Arc;

use super::detached::detached;
use super::presence::Presences;
use crate::hub::Hub;
use crate::item;
use crate::secrets;
use crate::store::{Origin, Store, StoreError};
use crate::types::{Seq, Session, SessionKey, Uid};

/// How much is kept of what a client calls itself, in characters.
const CLIENT: usize = 200;

/// A session as its owner sees it.
pub struct SessionInfo {
    /// Its public name, which does not give its secret away.
    pub id: String,
    /// When it began, in ms.
    pub created: i64,
    /// The address that it came from, if known.
    pub address: Option<String>,
    /// What the client calls itself.
    pub client: String,
    /// Whether a client is connected.
    pub online: bool,
    /// Whether it is the session that asks.
    pub own: bool,
}

/// Why no session could be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("The system gives no random numbers: {0}.")]
    Random(#[from] getrandom::Error),
    /// The password was changed, or the account deleted, after the password was checked.
    #[error("Incorrect e-mail address or password.")]
    Changed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why another session could not be ended.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    #[error("This login has ended already, or is the one you are using.")]
    Unknown,
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub struct Sessions {
    store: Arc<Store>,
    hub: Arc<Hub>,
    presences: Presences,
}

impl Sessions {
    pub fn new(store: Arc<Store>, hub: Arc<Hub>, presences: Presences) -> Self {
        Sessions {
            store,
            hub,
            presences,
        }
    }

    /// The session with this secret, if there is one.
    pub async fn find(&self, secret: &str) -> Result<Option<Session>, StoreError> {
        let key = secrets::session_key(secret);
        let user = self.store.session(key).await?;
        Ok(user.map(|user| Session { user, key }))
    }

    /// Opens a session of an account that still has this password hash, or any if it was not asked for one; returns its secret. Nobody is told that the user is online yet: a client that wants to be invisible must have
    /// the time to say so.
    pub async fn open(
        &self,
        uid: Uid,
        address: Option<IpAddr>,
        client: &str,
        hash: Option<String>,
    ) -> Result<String, OpenError> {
        let secret = secrets::random_hex(20)?;
        let origin = Origin {
            address: address.map(|address| address.to_string()),
            client: client.chars().take(CLIENT).collect(),
        };
        let key = secrets::session_key(&secret);
        if !self.store.open_session(key, uid, origin, hash).await? {
            return Err(OpenError::Changed);
        }
        log::info!(uid:%; "logged in");
        Ok(secret)
    }

    /// Ends a session. `seq` is the number below which its client has seen everything, if it said so: the next session starts there.
    pub async fn end(&self, session: Session, seq: Option<Seq>) -> Result<(), StoreError> {
        let (uid, key) = (session.user.uid, session.key);
        if let Some(seq) = seq {
            self.hub.acknowledge(uid, seq);
        }
        let (store, presences) = (self.store.clone(), self.presences.clone());
        detached(async move {
            store.end_session(key).await?;
            log::info!(uid:%; "logged out");
            presences.end_sessions(uid, &[key]);
            Ok(())
        })
        .await
    }

    /// All sessions of the user, latest first.
    pub async fn list(&self, session: &Session) -> Result<Vec<SessionInfo>, StoreError> {
        let uid = session.user.uid;
        let logins = self.store.sessions(uid).await?.into_iter();
        let online = self.hub.sessions(uid);
        let info = logins.map(|login| SessionInfo {
            id: secrets::session_id(login.key),
            created: login.created,
            online: online.contains(&login.key),
            own: login.key == session.key,
            address: login.address,
            client: login.client,
        });
        Ok(info.collect())
    }

    /// Ends another session of the user, by its public name.
    pub async fn end_other(&self, session: &Session, id: &str) -> Result<(), EndError> {
        let mut others = self.others(session).await?;
        others.retain(|key| secrets::session_id(*key) == id);
        if others.is_empty() {
            return Err(EndError::Unknown);
        }
        Ok(self.end_all(session.user.uid, others).await?)
    }

    /// Ends all other sessions of the user.
    pub async fn end_others(&self, session: &Session) -> Result<(), StoreError> {
        let others = self.others(session).await?;
        self.end_all(session.user.uid, others).await
    }

    async fn others(&self, session: &Session) -> Result<Vec<SessionKey>, StoreError> {
        let logins = self.store.sessions(session.user.uid).await?.into_iter();
        let keys = logins.map(|login| login.key);
        Ok(keys.filter(|key| *key != session.key).collect())
    }

    async fn end_all(&self, uid: Uid, keys: Vec<SessionKey>) -> Result<(), StoreError> {
        let (store, presences) = (self.store.clone(), self.presences.clone());
        detached(async move {
            for key in &keys {
                store.end_session(*key).await?;
                presences.end_sessions(uid, &[*key]);
            }
            log::info!("{uid} ended logins elsewhere");
            Ok(())
        })
        .await
    }

    /// Takes sessions offline that another process has ended in the store: revoked ones, those before a new password, those of a
    /// deleted account. Called once a second.
    pub async fn end_revoked(&self) -> Result<(), StoreError> {
        if !self.store.changed_outside() {
            return Ok(());
        }
        let connected = self.hub.all_sessions();
        let keys = connected.iter().map(|(_, key)| *key).collect();
        let ended = self.store.ended_sessions(keys).await?;
        for (uid, key) in connected {
            if ended.contains(&key) {
                self.presences.end_sessions(uid, &[key]);
            }
        }
        self.forget_deleted().await
    }

    /// What deleted accounts have sent must not wait in memory for anybody.
    async fn forget_deleted(&self) -> Result<(), StoreError> {
        let deleted = self.store.missing_users(self.hub.users()).await?;
        if !deleted.is_empty() {
            self.hub
                .forget(&deleted, |item| item::is_about(item, &deleted));
        }
        Ok(())
    }
}
