//! Checks passwords. Attributes failures to account and address, and clears them on success. Every attempt hashes one password, so that
//! neither the answer nor its time tells whether there is an account; and an address hashes one at a time, so that its many attempts
//! delay nobody else's.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use prometheus_client::metrics::counter::Counter;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::login_throttle::{LoginThrottle, Source, name};
use super::passwords::{HashError, Match, Passwords, Turn};
use crate::concurrency_limit::{ConcurrencyLimit, Permit};
use crate::hub::Hub;
use crate::store::{Store, StoreError};
use crate::sync::lock;
use crate::types::{Account, Uid, User};

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    #[error("Incorrect e-mail address, user name or password.")]
    Wrong,
    /// The seconds until the next attempt is allowed.
    #[error("Too many attempts. Try again in {0} seconds.")]
    TooMany(u64),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The user of a correct password.
pub struct Known {
    pub user: User,
    /// The hash that the password belongs to. It may be replaced before the login is stored.
    pub hash: String,
}

/// The user of a correct password, and the right to work on another password.
pub struct Verified<'a> {
    pub known: Known,
    _permit: Option<Permit>,
    pub turn: Turn<'a>,
}

/// What servers tell each other about an attempt.
#[derive(Serialize, Deserialize)]
enum Told {
    Failed {
        /// As it is counted, not as it was typed.
        name: String,
        address: Option<IpAddr>,
        own: bool,
    },
    Succeeded {
        names: Vec<String>,
        address: Option<IpAddr>,
    },
}

pub struct LoginAttempts {
    store: Arc<Store>,
    hub: Arc<Hub>,
    passwords: Arc<Passwords>,
    throttle: Mutex<LoginThrottle>,
    /// The attempts under way at an account from an address, and from an address.
    at_account: ConcurrencyLimit<(String, Option<IpAddr>)>,
    from_address: ConcurrencyLimit<IpAddr>,
    failed: Counter,
}

impl LoginAttempts {
    /// `failed` counts logins with a wrong password.
    pub fn new(
        store: Arc<Store>,
        hub: Arc<Hub>,
        passwords: Arc<Passwords>,
        failed: Counter,
    ) -> Self {
        LoginAttempts {
            store,
            hub,
            passwords,
            throttle: Mutex::default(),
            at_account: ConcurrencyLimit::new(1),
            from_address: ConcurrencyLimit::new(1),
            failed,
        }
    }

    /// The user who logs in with this name and password. The name is one of those that [`Store::account`] knows. Failures are counted by
    /// what was typed, so an account that can be named in several ways tells nobody that these belong together.
    pub async fn log_in(
        &self,
        login: &str,
        password: Zeroizing<String>,
        address: Option<IpAddr>,
    ) -> Result<Known, AttemptError> {
        match self.verify(login, password, address).await {
            Ok(verified) => Ok(verified.known),
            Err(AttemptError::TooMany(seconds)) => {
                let address = display(address);
                log::warn!(address:%, seconds; "login delayed after too many failures");
                Err(AttemptError::TooMany(seconds))
            }
            Err(AttemptError::Wrong) => {
                self.failed.inc();
                log::info!(address:% = display(address); "failed login");
                Err(AttemptError::Wrong)
            }
            Err(error) => Err(error),
        }
    }

    /// Checks a password.
    pub async fn verify(
        &self,
        login: &str,
        password: Zeroizing<String>,
        address: Option<IpAddr>,
    ) -> Result<Verified<'_>, AttemptError> {
        let account = self.store.account(login).await?;
        let from = self
            .source(account.as_ref().map(|account| &account.user), address)
            .await?;
        // Those who wait at one account hold one permit of their address at most.
        let _at_account = self.at_account.acquire((name(login), address)).await;
        let permit = match address {
            Some(address) => Some(self.from_address.acquire(address).await),
            None => None,
        };
        // Only few passwords are checked at a time. The throttle is asked afterwards, so that nobody is refused because of other
        // attempts at the same account that merely wait.
        let turn = self.passwords.turn().await;
        self.hear();
        let (is_allowed, wait) = {
            let (throttle, now) = (lock(&self.throttle), Instant::now());
            let allowed = throttle.check(login, from, now);
            (allowed.is_ok(), throttle.wait(login, from, now))
        };
        let account = account.filter(|_| is_allowed);
        let hash = account.as_ref().map(|account| account.password.clone());
        let matched = turn.verify(password.clone(), hash).await?;
        match account.filter(|_| matched != Match::No) {
            None => {
                lock(&self.throttle).failed(login, from, Instant::now());
                self.tell(&Told::Failed {
                    name: name(login),
                    address,
                    own: from.own,
                });
                Err(match wait {
                    Some(wait) => AttemptError::TooMany(wait.as_secs() + 1),
                    None => AttemptError::Wrong,
                })
            }
            Some(account) => {
                // Not what others can type, too: anyone who registers bob@ at any domain could otherwise go on guessing the password of
                // another bob.
                for name in &account.sole_names {
                    lock(&self.throttle).succeeded(name, from);
                }
                self.tell(&Told::Succeeded {
                    names: account.sole_names.clone(),
                    address,
                });
                let hash = match matched {
                    Match::OldForm => self.renew(&turn, &account, password).await,
                    _ => account.password,
                };
                let user = account.user;
                let known = Known { user, hash };
                Ok(Verified {
                    known,
                    _permit: permit,
                    turn,
                })
            }
        }
    }

    /// Tells other servers about an attempt, so that guessing at several servers gains nothing.
    fn tell(&self, told: &Told) {
        if self.store.is_shared()
            && let Ok(text) = serde_json::to_string(told)
        {
            self.store.tell_nodes(text);
        }
    }

    /// Counts the attempts at other servers.
    fn hear(&self) {
        let told = self.hub.take_told();
        if told.is_empty() {
            return;
        }
        let (mut throttle, now) = (lock(&self.throttle), Instant::now());
        for text in told {
            // A later version may send something else.
            match serde_json::from_str(&text) {
                Ok(Told::Failed { name, address, own }) => {
                    throttle.failed(&name, Source { address, own }, now);
                }
                Ok(Told::Succeeded { names, address }) => {
                    for name in names {
                        let own = false;
                        throttle.succeeded(&name, Source { address, own });
                    }
                }
                Err(error) => log::debug!("another server tells what is not known here: {error}"),
            }
        }
    }

    /// Replaces a hash by one of the composed form, and returns it. If that fails, the old one goes on to work.
    async fn renew(
        &self,
        turn: &Turn<'_>,
        account: &Account,
        password: Zeroizing<String>,
    ) -> String {
        let (uid, old) = (account.user.uid, account.password.clone());
        let new = match turn.hash(password).await {
            Ok(new) => new,
            Err(error) => {
                log::warn!(uid:%; "the password was not hashed again: {error}");
                return old;
            }
        };
        match self.store.replace_hash(uid, old.clone(), new.clone()).await {
            Ok(()) => new,
            Err(error) => {
                log::warn!(uid:%; "the new hash of the password was not stored: {error}");
                old
            }
        }
    }

    /// Where an attempt comes from. Unknown accounts do the same lookup, so timing leaks nothing.
    async fn source(
        &self,
        user: Option<&User>,
        address: Option<IpAddr>,
    ) -> Result<Source, StoreError> {
        let uid = user.map_or(Uid(0), |user| user.uid);
        let own = match address {
            Some(address) => self.store.came_from(uid, &address.to_string()).await?,
            None => false,
        };
        Ok(Source { address, own })
    }
}

/// An address, for the log.
pub fn display(address: Option<IpAddr>) -> String {
    address.map_or_else(
        || "this machine or a proxy that names no client".to_owned(),
        |address| address.to_string(),
    )
}
