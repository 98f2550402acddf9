//! Opening the store that the settings name.

use std::sync::Arc;

use super::Failure;
use crate::cli::Place;
use crate::config::{Config, ConfigError, Secret};
use crate::store::{self, Address, Location, Store, Use};
use crate::types::User;

/// The variable with the password of the database. It is no setting: many people may read the file with those.
const STORE_PASSWORD: &str = "FBCHATD_STORE_PASSWORD";

/// Where the store of these settings is.
pub fn location(config: &Config) -> Result<Location, ConfigError> {
    Ok(match &config.store {
        Some(Secret(url)) => Location::Postgres(address(config, url)),
        None => Location::Directory(config.data_dir()?),
    })
}

/// A database with the other settings for it.
pub fn address(config: &Config, url: &str) -> Address {
    Address {
        url: url.to_owned(),
        ca: config.store_ca.clone(),
        password_file: config.store_password_file.clone(),
        password: std::env::var(STORE_PASSWORD).ok(),
    }
}

/// The store, which is created if necessary.
pub fn open(place: &Place) -> Result<Arc<Store>, Failure> {
    let location = location(&place.config()?)?;
    Ok(store::open_at(&location, Use::Command, Arc::new(()))?)
}

/// The store of a place that has one, so that a mistyped name does not create another.
pub fn open_existing(place: &Place) -> Result<Arc<Store>, Failure> {
    let location = location(&place.config()?)?;
    if !store::exists(&location)? {
        let text = match &location {
            Location::Directory(dir) => format!(
                "There are no accounts in {}. Choose the right directory with --data or --config, or begin with `fbchatd user add`.",
                dir.display()
            ),
            Location::Postgres(_) => {
                "There are no accounts in the database. Choose the right one with the setting store, or begin with `fbchatd user add`."
                    .to_owned()
            }
        };
        return Err(text.into());
    }
    Ok(store::open_at(&location, Use::Command, Arc::new(()))?)
}

/// The account with this address, user name or number.
pub async fn find(store: &Store, email: &str) -> Result<User, Failure> {
    let account = store.account(email).await?;
    let unknown = || format!("There is no account {email}. `fbchatd user list` shows all.").into();
    account.map(|account| account.user).ok_or_else(unknown)
}
