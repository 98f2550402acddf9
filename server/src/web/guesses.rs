//! Whom a wrong password counts against, and when that is forgotten.

use std::net::IpAddr;

use crate::app::App;
use crate::lock;
use crate::store::StoreError;
use crate::throttle::{Source, local_part};
use crate::types::{Account, Uid, User};

/// An address, for the log.
pub fn shown(address: Option<IpAddr>) -> String {
    address.map_or_else(
        || "this machine or a proxy that does not say for whom".to_owned(),
        |address| address.to_string(),
    )
}

/// Where an attempt at somebody's account comes from. It looks for an account that there is not just as long.
pub async fn origin(
    app: &App,
    user: Option<&User>,
    address: Option<IpAddr>,
) -> Result<Source, StoreError> {
    let uid = user.map_or(Uid(0), |user| user.uid);
    let own = match address {
        Some(address) => app.store.came_from(uid, &address.to_string()).await?,
        None => false,
    };
    Ok(Source { address, own })
}

/// Forgets the failures for a user who gave the right password, unless others have the same part before the @: whoever
/// signs up as bob@ anywhere could otherwise go on guessing the password of another bob.
pub fn forgive(app: &App, account: &Account, from: Source) {
    if account.sole_local_part {
        lock(&app.throttle).succeeded(&local_part(&account.user.email), from);
    }
}
