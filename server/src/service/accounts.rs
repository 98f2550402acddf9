//! Accounts that users register themselves, if the operator allows it, and changing one's password.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use zeroize::Zeroizing;

use super::detached::detached;
use super::login_attempts::{AttemptError, LoginAttempts, display};
use super::login_throttle::{LoginThrottle, Source};
use super::passwords::{HashError, Passwords};
use super::validate::{Invalid, valid_email, valid_name, valid_username};
use crate::config::Registration;
use crate::hub::Hub;
use crate::store::{
    Audience, ChangedBy, Invitation, Registered, Store, StoreError, UsernameChange,
};
use crate::sync::lock;
use crate::types::{Session, Uid};
use crate::username::is_reserved;
use crate::{item, secrets};

/// The shortest password in characters.
pub const SHORTEST_PASSWORD: usize = 8;
/// The longest in bytes.
const LONGEST_PASSWORD: usize = 1000;

/// What somebody who registers fills in.
pub struct Registrant<'a> {
    /// The secret of an invitation link, or an empty string.
    pub invite: &'a str,
    pub email: &'a str,
    pub name: &'a str,
    /// The user name; without one, it is made from the name.
    pub username: Option<&'a str>,
    pub password: Zeroizing<String>,
}

/// Why an account cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error("Nobody can sign up here. Ask the operator for an account.")]
    Closed,
    #[error("This invitation is unknown, too old, or was used already. Ask for another.")]
    NotInvited,
    #[error("The password must have {SHORTEST_PASSWORD} characters or more.")]
    Password,
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The seconds until the next attempt is allowed.
    #[error("Too many attempts. Try again in {0} seconds.")]
    TooMany(u64),
    #[error("There is an account with this e-mail address already.")]
    Taken,
    #[error(
        "This user name, or one that looks almost the same, is taken or reserved. Choose another."
    )]
    UsernameTaken,
    #[error(
        "The account was created, but the user name looks almost like another one, so it was changed. Log in with the e-mail address."
    )]
    OtherUsername,
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a password cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("The password must have {SHORTEST_PASSWORD} characters or more.")]
    Password,
    #[error("The old password is not right.")]
    Wrong,
    /// The seconds until the next attempt is allowed.
    #[error("Too many attempts. Try again in {0} seconds.")]
    TooMany(u64),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AttemptError> for PasswordError {
    fn from(error: AttemptError) -> Self {
        match error {
            AttemptError::Wrong => PasswordError::Wrong,
            AttemptError::TooMany(seconds) => PasswordError::TooMany(seconds),
            AttemptError::Hash(error) => PasswordError::Hash(error),
            AttemptError::Store(error) => PasswordError::Store(error),
        }
    }
}

pub struct Accounts {
    store: Arc<Store>,
    hub: Arc<Hub>,
    passwords: Arc<Passwords>,
    attempts: Arc<LoginAttempts>,
    registration: Registration,
    /// Apart from the throttle of logins, so that registrations never keep anybody from logging in.
    throttle: Mutex<LoginThrottle>,
}

impl Accounts {
    pub fn new(
        store: Arc<Store>,
        hub: Arc<Hub>,
        passwords: Arc<Passwords>,
        attempts: Arc<LoginAttempts>,
        registration: Registration,
    ) -> Self {
        Accounts {
            store,
            hub,
            passwords,
            attempts,
            registration,
            throttle: Mutex::default(),
        }
    }

    /// Whether registration is possible at all.
    pub fn is_open(&self) -> bool {
        self.registration != Registration::Closed
    }

    /// Whether somebody with this invitation, which may be an empty string, may register.
    pub async fn may_register(&self, invite: &str) -> Result<(), RegisterError> {
        self.invitation(invite).await.map(drop)
    }

    async fn invitation(&self, invite: &str) -> Result<Invitation, RegisterError> {
        match self.registration {
            Registration::Closed => Err(RegisterError::Closed),
            Registration::Open if invite.is_empty() => Ok(Invitation::NotNeeded),
            Registration::Invite if invite.is_empty() => Err(RegisterError::NotInvited),
            Registration::Invite | Registration::Open => {
                let key = secrets::invite_key(invite);
                if self.store.is_invited(key).await? {
                    Ok(Invitation::Key(key))
                } else {
                    Err(RegisterError::NotInvited)
                }
            }
        }
    }

    /// Registers an account; returns its number.
    pub async fn register(
        &self,
        who: Registrant<'_>,
        address: Option<IpAddr>,
    ) -> Result<Uid, RegisterError> {
        let invitation = self.invitation(who.invite).await?;
        if !is_valid_password(&who.password) {
            return Err(RegisterError::Password);
        }
        let (email, name) = (valid_email(who.email)?, valid_name(who.name)?);
        let username = who.username.map(valid_username).transpose()?;
        let turn = self.passwords.turn().await;
        self.count_attempt(address)?;
        let hash = turn.hash(who.password).await?;
        drop(turn);
        if let Some(username) = &username {
            let known = self.store.account(username).await?;
            if is_reserved(username) || known.is_some() {
                return Err(RegisterError::UsernameTaken);
            }
        }
        let store = self.store.clone();
        detached(async move {
            let added = store
                .register(email, name.clone(), hash, invitation)
                .await?;
            let (uid, friend) = match added {
                Registered::Added(uid, friend) => (uid, friend),
                Registered::Taken => return Err(RegisterError::Taken),
                Registered::NotInvited => return Err(RegisterError::NotInvited),
            };
            log::info!(uid:%, address:% = display(address); "registered");
            if let Some(friend) = friend {
                store.push(
                    Audience::Users(vec![friend]),
                    item::friend(uid, &name, true),
                );
            }
            if let Some(username) = username {
                // There may be another one that looks almost the same, which cannot be checked earlier.
                match store
                    .set_username(uid, username, ChangedBy::Operator)
                    .await?
                {
                    UsernameChange::Done => {}
                    UsernameChange::Taken | UsernameChange::TooOften => {
                        return Err(RegisterError::OtherUsername);
                    }
                }
            }
            Ok(uid)
        })
        .await
    }

    /// Counts every attempt, because each one tells whether an address is taken. Behind a proxy that does not name its clients all of
    /// them share one count: it is better that nobody can register for a minute than that anybody can probe addresses without limit.
    fn count_attempt(&self, address: Option<IpAddr>) -> Result<(), RegisterError> {
        let who = format!("sign up from {}", display(address));
        let from = Source {
            address,
            own: false,
        };
        let mut throttle = lock(&self.throttle);
        let allowed = throttle.check(&who, from, Instant::now());
        allowed.map_err(|wait| RegisterError::TooMany(wait.as_secs() + 1))?;
        throttle.failed(&who, from, Instant::now());
        Ok(())
    }

    /// Changes the user's own password and ends all their other sessions.
    pub async fn change_password(
        &self,
        session: &Session,
        old: Zeroizing<String>,
        new: Zeroizing<String>,
        address: Option<IpAddr>,
    ) -> Result<(), PasswordError> {
        if !is_valid_password(&new) {
            return Err(PasswordError::Password);
        }
        let email = &session.user.email;
        let verified = self.attempts.verify(email, old, address).await?;
        let hash = verified.turn.hash(new).await?;
        let old = verified.known.hash;
        drop(verified.turn);
        let (store, hub) = (self.store.clone(), self.hub.clone());
        let (uid, key) = (session.user.uid, session.key);
        detached(async move {
            if !store.change_password(uid, old, hash, key).await? {
                return Err(PasswordError::Wrong);
            }
            hub.end_others(uid, key);
            log::info!(uid:%; "changed their password");
            Ok(())
        })
        .await
    }
}

fn is_valid_password(password: &str) -> bool {
    password.chars().count() >= SHORTEST_PASSWORD && password.len() <= LONGEST_PASSWORD
}
