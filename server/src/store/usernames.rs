//! User names, which are unique, and which their owners can change.

use std::future::ready;

use super::{Reply, Store};
use crate::types::{Uid, User};

/// Who changes a user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedBy {
    /// Its owner, who can do that a few times within [`limits::FORMER_USERNAME_FOR`](super::limits::FORMER_USERNAME_FOR).
    Owner,
    /// The operator, as often as they like.
    Operator,
}

/// The result of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsernameChange {
    /// It is the user's name now.
    Done,
    /// Somebody else has it or one that people would confuse with it, or had it a short time ago, or logs in with it as the part of their
    /// address before the @.
    Taken,
    /// Its owner has changed it too often.
    TooOften,
}

/// The result of adding a user with a name that the operator has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddedAs {
    /// The new account.
    Added(Uid),
    /// There is an account with this address.
    AddressTaken,
    /// As [`UsernameChange::Taken`].
    UsernameTaken,
}

impl Store {
    /// The user with this user name.
    pub fn user_named(&self, username: &str) -> Reply<Option<User>> {
        if let Store::Sqlite(sqlite) = self
            && let Some(user) = sqlite.known_user_named(username)
        {
            return Box::pin(ready(Ok(Some(user))));
        }
        let (account, username) = (self.account(username), username.to_owned());
        Box::pin(async move {
            let user = account.await?.map(|account| account.user);
            Ok(user.filter(|user| user.username == username))
        })
    }

    /// The user name of a user.
    pub fn username(&self, uid: Uid) -> Reply<Option<String>> {
        if let Store::Sqlite(sqlite) = self
            && let Some(user) = sqlite.known_user(uid)
        {
            return Box::pin(ready(Ok(Some(user.username))));
        }
        let found = self.user_and_relation(uid, uid);
        Box::pin(async move { Ok(found.await?.map(|(user, _)| user.username)) })
    }

    /// Adds a user as [`Store::add_user`] does, with this user name.
    pub fn add_user_as(
        &self,
        username: String,
        email: String,
        name: String,
        password: String,
    ) -> Reply<AddedAs> {
        match self {
            Store::Sqlite(sqlite) => {
                sqlite.write(move |tx| tx.add_user_as(&username, &email, &name, &password))
            }
            Store::Postgres(postgres) => postgres
                .write(async move |tx| tx.add_user_as(&username, &email, &name, &password).await),
        }
    }

    /// Changes a user's name. The old one stays theirs for a while, so that nobody else can pass for them. Nothing
    /// happens if there is no such user.
    pub fn set_username(&self, uid: Uid, username: String, by: ChangedBy) -> Reply<UsernameChange> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.set_username(uid, &username, by)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.set_username(uid, &username, by).await)
            }
        }
    }
}
