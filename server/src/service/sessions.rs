//! Sessions: who is logged in, from where, and how that ends.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::detached::detached;
use super::presence::Presences;
use crate::clock::now_ms;
use crate::hub::Hub;
use crate::item;
use crate::secrets;
use crate::store::{Origin, Proof, Store, StoreError, Term};
use crate::types::{Seq, Session, SessionKey, Uid};

/// How much is kept of what a client calls itself, in characters.
const CLIENT: usize = 200;

const HOUR: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * HOUR;
/// How long a session lasts that a browser keeps until it is closed, in ms. Whether it still runs is not known.
const BROWSER_LASTS: i64 = 3 * DAY;
/// A use of a session is noted if the last one that was noted is this long ago, in ms.
const NOTED_EVERY: i64 = HOUR;
/// How often ended sessions are deleted, in ms.
const DELETED_EVERY: i64 = HOUR;

/// Who keeps the secret of a session, which decides how long it lasts without being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// A browser, until it is closed.
    Browser,
    /// A browser, also when it is closed: the user has asked for that.
    LastingBrowser,
    /// A program of its own, which may be stopped and continued.
    Program,
    /// A connection, with which the session ends. If the server was killed, it ends a while later.
    Connection,
}

impl Keeper {
    /// How long a session lasts after each use, in ms, if the operator lets sessions last for this long.
    fn lasts(self, longest: i64) -> i64 {
        match self {
            Keeper::Browser => longest.min(BROWSER_LASTS),
            Keeper::LastingBrowser | Keeper::Program => longest,
            Keeper::Connection => longest.min(DAY),
        }
    }
}

/// A session as its owner sees it.
pub struct SessionInfo {
    /// Its public name, which does not give its secret away.
    pub id: String,
    /// When it began, in ms.
    pub created: i64,
    /// The address that it came from, if known.
    pub address: Option<String>,
    /// When it ends unless it is used before, in ms.
    pub ends: i64,
    /// What the client calls itself.
    pub client: String,
    /// Whether a client is connected.
    pub online: bool,
    /// Whether it is the session that asks.
    pub own: bool,
}

/// What a client can log in with in place of its password.
pub struct Token {
    pub token: String,
    /// When it ends unless it is used before, in ms.
    pub ends: i64,
}

/// The session of a client that has proved that it has its token.
pub struct WithToken {
    pub session: Session,
    pub secret: String,
    /// The proof that the client expects from the server.
    pub proof: Proof,
    /// Whether the client should get another token.
    pub is_old: bool,
}

/// Why no session could be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("The system gives no random numbers: {0}.")]
    Random(#[from] getrandom::Error),
    /// The password was changed, or the account deleted, after the password was checked.
    #[error("Incorrect e-mail address, user name or password.")]
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
    /// How long sessions last after each use, in ms.
    longest: i64,
    /// When ended sessions were last deleted, in ms.
    deleted: AtomicI64,
    /// Whether looking for sessions that were ended elsewhere has failed, and has to be repeated.
    look_again: AtomicBool,
}

impl Sessions {
    /// `days` is how long a session lasts that nobody uses.
    pub fn new(store: Arc<Store>, hub: Arc<Hub>, presences: Presences, days: u16) -> Self {
        Sessions {
            store,
            hub,
            presences,
            longest: i64::from(days) * DAY,
            deleted: AtomicI64::new(0),
            look_again: AtomicBool::new(false),
        }
    }

    /// The session with this secret, if there is one. This is a use of it, from which it lasts again.
    pub async fn find(&self, secret: &str) -> Result<Option<Session>, StoreError> {
        let key = secrets::session_key(secret);
        let Some((user, term)) = self.store.session(key).await? else {
            return Ok(None);
        };
        let end = now_ms().saturating_add(term.lasts);
        if end.saturating_sub(term.end) >= NOTED_EVERY {
            // If nothing can be written, reading still works.
            if let Err(error) = self.store.renew_session(key, end).await {
                log::debug!("cannot note the use of a session: {error}");
            }
        }
        let kept = term.kept.then_some(term.lasts / 1000);
        Ok(Some(Session { user, key, kept }))
    }

    /// Opens a session of an account that still has this password hash, or any if it was not asked for one; returns its secret, and
    /// for how many seconds a browser is to keep it, if not only until it is closed. Nobody is told that the user is online yet: a
    /// client that wants to be invisible must have the time to say so.
    pub async fn open(
        &self,
        uid: Uid,
        address: Option<IpAddr>,
        client: &str,
        keeper: Keeper,
        hash: Option<String>,
    ) -> Result<(String, Option<i64>), OpenError> {
        let secret = secrets::random_hex(20)?;
        let origin = Origin {
            address: address.map(|address| address.to_string()),
            client: client.chars().take(CLIENT).collect(),
            proof: None,
        };
        let kept = self.open_as(uid, &secret, origin, keeper, hash).await?;
        Ok((secret, kept))
    }

    /// Opens a session whose client gets a token, with which it can log in again for as long as the session lasts. Returns the secret of
    /// the session, the token, and how long the session lasts after each use, in ms.
    pub async fn open_with_token(
        &self,
        uid: Uid,
        address: Option<IpAddr>,
        client: &str,
        hash: Option<String>,
    ) -> Result<(String, Token), OpenError> {
        let token = secrets::random_hex(32)?;
        let (secret, proof) = secrets::token_proofs(&token);
        let origin = Origin {
            address: address.map(|address| address.to_string()),
            client: client.chars().take(CLIENT).collect(),
            proof: Some(proof),
        };
        self.open_as(uid, &secret, origin, Keeper::Program, hash)
            .await?;
        let ends = now_ms().saturating_add(Keeper::Program.lasts(self.longest));
        Ok((secret, Token { token, ends }))
    }

    /// The session of a client that shows this to prove that it has its token, if there is one.
    pub async fn find_by_token(&self, shown: &[u8]) -> Result<Option<WithToken>, StoreError> {
        let secret = secrets::token_secret(shown);
        let key = secrets::session_key(&secret);
        let Some((proof, created)) = self.store.session_proof(key).await? else {
            return Ok(None);
        };
        let session = self.find(&secret).await?;
        Ok(session.map(|session| WithToken {
            session,
            secret,
            proof,
            is_old: now_ms().saturating_sub(created) >= DAY,
        }))
    }

    async fn open_as(
        &self,
        uid: Uid,
        secret: &str,
        origin: Origin,
        keeper: Keeper,
        hash: Option<String>,
    ) -> Result<Option<i64>, OpenError> {
        let key = secrets::session_key(secret);
        let lasts = keeper.lasts(self.longest);
        let term = Term {
            lasts,
            end: now_ms().saturating_add(lasts),
            kept: keeper == Keeper::LastingBrowser,
        };
        let opened = self.store.open_session(key, uid, origin, term, hash);
        if !opened.await? {
            return Err(OpenError::Changed);
        }
        log::info!(uid:%; "logged in");
        Ok(term.kept.then_some(lasts / 1000))
    }

    /// Ends a session. `seq` is the number below which its client has seen everything, if it said so: the next session starts there.
    pub async fn end(&self, session: Session, seq: Option<Seq>) -> Result<(), StoreError> {
        let (uid, key) = (session.user.uid, session.key);
        if let Some(seq) = seq {
            self.hub.acknowledge(uid, seq);
        }
        let (store, presences) = (self.store.clone(), self.presences.clone());
        let acked = self.hub.cursor(uid).acked;
        detached(async move {
            if store.is_shared() {
                // The next session may begin at another server.
                drop(store.acknowledge(vec![(uid, acked)]));
            }
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
            ends: login.ends,
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

    /// Deletes sessions that were not used for too long. Called once a second; most of these calls do nothing.
    pub async fn delete_ended(&self) -> Result<(), StoreError> {
        let now = now_ms();
        let last = self.deleted.load(Ordering::Relaxed);
        // A clock that was set back must not stop this.
        if (0..DELETED_EVERY).contains(&now.saturating_sub(last)) {
            return Ok(());
        }
        self.deleted.store(now, Ordering::Relaxed);
        self.store.delete_ended_sessions().await
    }

    /// Takes sessions offline that another process has ended in the store: revoked ones, those before a new password, those of a
    /// deleted account. Called once a second.
    pub async fn end_revoked(&self) -> Result<(), StoreError> {
        let again = self.look_again.swap(false, Ordering::Relaxed);
        if !self.store.changed_outside() && !again {
            return self.end_suspects().await;
        }
        let looked = self.look_for_revoked().await;
        self.look_again.store(looked.is_err(), Ordering::Relaxed);
        looked
    }

    /// The same for users whose sessions may have ended according to another server.
    async fn end_suspects(&self) -> Result<(), StoreError> {
        let suspects = self.hub.take_suspects();
        let connected = self.hub.sessions_here(&suspects);
        if connected.is_empty() {
            return Ok(());
        }
        let looked = self.end_if_revoked(connected).await;
        if looked.is_err() {
            self.look_again.store(true, Ordering::Relaxed);
        }
        looked
    }

    async fn end_if_revoked(&self, connected: Vec<(Uid, SessionKey)>) -> Result<(), StoreError> {
        let keys = connected.iter().map(|(_, key)| *key).collect();
        let ended = self.store.ended_sessions(keys).await?;
        for (uid, key) in connected {
            if ended.contains(&key) {
                self.presences.end_sessions(uid, &[key]);
            }
        }
        Ok(())
    }

    async fn look_for_revoked(&self) -> Result<(), StoreError> {
        self.end_if_revoked(self.hub.all_sessions()).await?;
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
