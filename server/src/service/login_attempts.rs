//! Whom a wrong password counts against, and when that is forgotten.

use std::net::IpAddr;

use crate::app::App;
use crate::service::login_throttle::{Source, local_part};
use crate::store::StoreError;
use crate::sync::lock;
use crate::types::{Uid, User};

/// An address, for the log.
pub fn shown(address: Option<IpAddr>) -> String {
    address.map_or_else(
        || "this machine or a proxy that does not say for whom".to_owned(),
        |address| address.to_string(),
    )
}

/// Where an attempt at somebody's account comes from. It looks for an account that there is not just as long.
pub fn origin(
    app: &App,
    user: Option<&User>,
    address: Option<IpAddr>,
) -> Result<Source, StoreError> {
    let uid = user.map_or(Uid(0), |user| user.uid);
    let own = match address {
        Some(address) => app.store.came_from(uid, &address.to_string())?,
        None => false,
    };
    Ok(Source { address, own })
}

/// Forgets the failures for a user who gave the right password, unless others have the same part before the @: whoever
/// signs up as bob@ anywhere could otherwise go on guessing the password of another bob.
pub fn forgive(app: &App, user: &User, from: Source) -> Result<(), StoreError> {
    let local = local_part(&user.email);
    let alone = app.store.account(&local)?;
    if alone.is_some_and(|account| account.user.uid == user.uid) {
        lock(&app.throttle).succeeded(&local, from);
    }
    Ok(())
}
