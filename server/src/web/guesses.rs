//! Whom a wrong password counts against, and when that is forgotten.

use std::net::IpAddr;

use axum::http::HeaderMap;

use crate::app::App;
use crate::lock;
use crate::store::StoreError;
use crate::throttle::local_part;
use crate::types::User;

/// The address that failures count for. A connection from this machine comes from a proxy, and the address is what the
/// proxy says; if it says nothing, there is none, as otherwise one guesser would keep everybody out.
pub fn client_address(peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
    if !peer.to_canonical().is_loopback() {
        return Some(peer);
    }
    // What the client made up stands before what the proxy added, in the same line or in lines of its own.
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

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

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn address(peer: &str, lines: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        client_address(peer.parse().unwrap(), &headers).map(|address| address.to_string())
    }

    #[test]
    fn only_a_proxy_on_this_machine_may_name_another_address() {
        let lines = ["1.1.1.1, 2.2.2.2"];
        assert_eq!(address("127.0.0.1", &lines).unwrap(), "2.2.2.2");
        assert_eq!(address("::ffff:127.0.0.1", &lines).unwrap(), "2.2.2.2");
        assert_eq!(address("9.9.9.9", &lines).unwrap(), "9.9.9.9");
    }

    #[test]
    fn the_last_line_is_the_one_that_the_proxy_added() {
        let lines = ["1.1.1.1", "2.2.2.2, 3.3.3.3"];
        assert_eq!(address("127.0.0.1", &lines).unwrap(), "3.3.3.3");
    }

    #[test]
    fn a_silent_proxy_is_not_the_client() {
        assert_eq!(address("127.0.0.1", &[]), None);
        assert_eq!(address("::1", &["unknown"]), None);
        assert_eq!(address("9.9.9.9", &[]).unwrap(), "9.9.9.9");
    }
}
