//! Accounts: finding, adding and deleting them.

use super::sqlite::accounts;
use super::{Reply, Store, postgres};
use crate::text::composed;
use crate::types::{Account, Uid, User};

impl Store {
    /// The account for a login: an e-mail address, a user name, the number of a user, or the part of an address before the @ if only one
    /// account has it and nobody has it as user name.
    pub fn account(&self, login: &str) -> Reply<Option<Account>> {
        let login = composed(&login.trim().to_lowercase());
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| accounts::account(db, &login)),
            Store::Postgres(postgres) => postgres
                .read(move |db| async move { postgres::accounts::account(&db, &login).await }),
        }
    }

    /// The user with this number.
    #[cfg(test)]
    pub fn user(&self, uid: Uid) -> Reply<Option<User>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| accounts::user(db, uid)),
            Store::Postgres(postgres) => {
                postgres.read(move |db| async move { postgres::accounts::user(&db, uid).await })
            }
        }
    }

    /// Those of `uids` that are no users any more.
    pub fn missing_users(&self, uids: Vec<Uid>) -> Reply<Vec<Uid>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.long_read(move |db| accounts::missing(db, uids)),
            Store::Postgres(postgres) => postgres
                .long_read(move |db| async move { postgres::accounts::missing(&db, uids).await }),
        }
    }

    /// All users, by address.
    pub fn users(&self) -> Reply<Vec<User>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.long_read(accounts::users),
            Store::Postgres(postgres) => {
                postgres.long_read(move |db| async move { postgres::accounts::users(&db).await })
            }
        }
    }

    /// Adds a user, with a user name like the name that others see; `None` if the address is taken.
    pub fn add_user(&self, email: String, name: String, password: String) -> Reply<Option<Uid>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.add_user(&email, &name, &password)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.add_user(&email, &name, &password).await)
            }
        }
    }

    /// Deletes a user and everything that belongs to them, including their conversations and what they wrote in groups. Their number
    /// is not used again. Friends and members of their groups who are connected to a server on the same data are told.
    pub fn delete_user(&self, uid: Uid) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.delete_user(uid)),
            Store::Postgres(postgres) => postgres.write(async move |tx| tx.delete_user(uid).await),
        }
    }
}
