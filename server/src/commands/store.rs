//! Opening the store of a data directory.

use std::error::Error;
use std::sync::Arc;

use crate::cli::Place;
use crate::store::{self, Store};
use crate::types::User;

type Failure = Box<dyn Error>;

/// The store of a data directory, which is created if necessary.
pub fn open(place: &Place) -> Result<Arc<Store>, Failure> {
    let dir = place.config()?.data_dir()?;
    Ok(store::open(&dir, Arc::new(()))?)
}

/// The store of a directory that has one, so that a mistyped name does not create another.
pub fn open_existing(place: &Place) -> Result<Arc<Store>, Failure> {
    let dir = place.config()?.data_dir()?;
    if !store::exists(&dir) {
        let text =
            "Choose the right directory with --data or --config, or begin with `fbchatd user add`.";
        return Err(format!("There are no accounts in {}. {text}", dir.display()).into());
    }
    open(place)
}

/// The account with this address, user name or number.
pub async fn find(store: &Store, email: &str) -> Result<User, Failure> {
    let account = store.account(email).await?;
    let unknown = || format!("There is no account {email}. `fbchatd user list` shows all.").into();
    account.map(|account| account.user).ok_or_else(unknown)
}
