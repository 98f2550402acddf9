//! Whom a wrong password counts against, and when that is forgotten.

use std::net::IpAddr;

use crate::app::App;
use crate::lock;
use crate::store::StoreError;
use crate::throttle::local_part;
use crate::types::User;

/// An address, for the log.
pub fn shown(address: Option<IpAddr>) -> String {
    address.map_or_else(
        || "this machine or a proxy that does not say for whom".to_owned(),
        |address| address.to_string(),
    )
}

/// Forgets the failures for a user who gave the right password, unless others have the same part before the @: whoever
/// signs up as bob@ anywhere could otherwise go on guessing the password of another bob.
pub fn forgive(app: &App, user: &User) -> Result<(), StoreError> {
    let local = local_part(&user.email);
    let alone = app.store.account(&local)?;
    if alone.is_some_and(|account| account.user.uid == user.uid) {
        lock(&app.throttle).succeeded(&local);
    }
    Ok(())
}
