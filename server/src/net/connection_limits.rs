//! Client address and per-address limits of connections and requests.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request, header};

use super::forwarded::{self, Origin};
use crate::config::Network;
use crate::rate_limit::RateLimit;
use crate::sync::lock;

const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// How many requests one address may send at once, and afterwards in each [`WINDOW`]. Hundreds of busy clients behind one router stay
/// below this.
const REQUESTS: u32 = 3000;
const WINDOW: Duration = Duration::from_secs(10);

/// The client address of a request; unknown if a proxy does not pass it on.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub Option<IpAddr>);

/// Determines client addresses, and counts their connections and requests.
pub struct ConnectionLimits {
    trusted: Vec<Network>,
    most: usize,
    connections: Mutex<HashMap<IpAddr, usize>>,
    requests: Mutex<RateLimit<IpAddr>>,
    warned: AtomicBool,
}

/// The right to an open connection. Dropping it means that the connection was closed.
pub struct Permit {
    limits: Arc<ConnectionLimits>,
    address: IpAddr,
}

impl ConnectionLimits {
    /// Allows `most` connections from each address that is not `trusted`.
    pub fn new(trusted: Vec<Network>, most: usize) -> Arc<Self> {
        Arc::new(ConnectionLimits {
            trusted,
            most,
            connections: Mutex::default(),
            requests: Mutex::new(RateLimit::new(REQUESTS, WINDOW)),
            warned: AtomicBool::new(false),
        })
    }

    /// Counts a connection; `None` if its address has too many.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        let address = subscriber(address);
        let mut connections = lock(&self.connections);
        let count = connections.entry(address).or_default();
        if *count >= self.most && !self.trusts(address) {
            return None;
        }
        *count += 1;
        Some(Permit {
            limits: self.clone(),
            address,
        })
    }

    /// The address of a client that connects directly. The address of a proxy is not that of the client.
    pub fn client(&self, from: IpAddr) -> Option<IpAddr> {
        (!self.trusts(from)).then(|| subscriber(from))
    }

    /// Attaches the client address to a request, and removes headers that only a trusted proxy may send. After this, a request
    /// looks the same with or without a proxy, TLS or HTTP/2. Returns the address, if it is known.
    pub fn receive(&self, request: &mut Request<Body>, from: IpAddr, tls: bool) -> Option<IpAddr> {
        let headers = request.headers_mut();
        let address = if self.trusts(from) {
            if !headers.contains_key(PROTO) && forwarded::is_https(headers) {
                headers.insert(PROTO, HeaderValue::from_static("https"));
            }
            match forwarded::origin(headers, |address| self.trusts(address)) {
                Origin::Address(address) => Some(address),
                // With the address of the proxy, a single client that guesses passwords could lock everybody out.
                Origin::Unknown => None,
                Origin::Contradiction => Some(from),
            }
        } else {
            headers.remove(PROTO);
            if forwarded::is_forwarded(headers) && !self.warned.swap(true, Ordering::Relaxed) {
                log::warn!(
                    "a request from {from} names another client, but {from} is not in trusted_proxies; if it is your \
                     proxy, set trusted_proxies = [\"{from}\"]"
                );
            }
            Some(from)
        };
        if tls {
            let https = HeaderValue::from_static("https");
            request.headers_mut().insert(PROTO, https);
        }
        // HTTP/2 has the host in the URI.
        if let Some(authority) = request.uri().authority()
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            request.headers_mut().insert(header::HOST, host);
        }
        let address = address.map(subscriber);
        request.extensions_mut().insert(Peer(address));
        address
    }

    /// Counts a request; false if its address sends too many.
    pub fn allow(&self, address: Option<IpAddr>) -> bool {
        address.is_none_or(|address| {
            let taken = lock(&self.requests).take(address, Instant::now());
            taken.is_ok()
        })
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut connections = lock(&self.limits.connections);
        if let Some(count) = connections.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                connections.remove(&self.address);
            }
        }
    }
}

/// One address for everything that a subscriber has; in IPv6 that is a whole /64.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

    fn limits(most: usize) -> Arc<ConnectionLimits> {
        let trusted = ["127.0.0.1", "::1"].map(|text| text.parse::<IpAddr>().unwrap().into());
        ConnectionLimits::new(trusted.to_vec(), most)
    }

    fn received(from: &str, tls: bool, lines: &[&str]) -> (Option<String>, Option<String>) {
        let mut request = Request::new(Body::empty());
        let headers = request.headers_mut();
        headers.insert(PROTO, HeaderValue::from_static("https"));
        for line in lines {
            headers.append(FOR, HeaderValue::from_str(line).unwrap());
        }
        limits(1).receive(&mut request, from.parse().unwrap(), tls);
        let Peer(address) = *request.extensions().get().unwrap();
        let proto = request.headers().get(PROTO);
        let proto = proto.map(|proto| proto.to_str().unwrap().to_owned());
        (address.map(|address| address.to_string()), proto)
    }

    #[test]
    fn only_a_trusted_proxy_may_name_another_address() {
        let lines = ["1.1.1.1, 2.2.2.2"];
        let address = |from| received(from, false, &lines).0.unwrap();
        assert_eq!(address("127.0.0.1"), "2.2.2.2");
        assert_eq!(address("::ffff:127.0.0.1"), "2.2.2.2");
        assert_eq!(address("::1"), "2.2.2.2");
        assert_eq!(address("9.9.9.9"), "9.9.9.9");
        assert_eq!(address("2001:db8::1:2:3:4"), "2001:db8::");
    }

    #[test]
    fn only_a_trusted_proxy_or_this_server_may_say_that_there_is_tls() {
        assert_eq!(received("127.0.0.1", false, &[]).1.unwrap(), "https");
        assert_eq!(received("9.9.9.9", false, &[]).1, None);
        assert_eq!(received("9.9.9.9", true, &[]).1.unwrap(), "https");
    }

    #[test]
    fn the_last_line_is_the_one_that_the_proxy_added() {
        let lines = ["1.1.1.1", "2.2.2.2, 3.3.3.3"];
        assert_eq!(received("127.0.0.1", false, &lines).0.unwrap(), "3.3.3.3");
    }

    #[test]
    fn a_silent_proxy_is_not_the_client() {
        assert_eq!(received("127.0.0.1", false, &[]).0, None);
        assert_eq!(received("::1", false, &["unknown"]).0, None);
    }

    #[test]
    fn connections_of_one_address_are_limited_and_those_of_a_proxy_are_not() {
        let (limits, ip) = (limits(2), |text: &str| text.parse::<IpAddr>().unwrap());
        let first = limits.enter(ip("2001:db8::1")).unwrap();
        let _second = limits.enter(ip("2001:db8::2")).unwrap();
        assert!(limits.enter(ip("2001:db8::3")).is_none());
        let _other = limits.enter(ip("2001:db8:0:1::1")).unwrap();
        drop(first);
        assert!(limits.enter(ip("2001:db8::3")).is_some());
        let proxied: Vec<_> = (0..10).map(|_| limits.enter(ip("127.0.0.1"))).collect();
        assert!(proxied.iter().all(Option::is_some));
        drop((proxied, _second, _other));
        assert!(lock(&limits.connections).is_empty());
    }

    #[test]
    fn requests_of_one_address_are_limited() {
        let limits = limits(1);
        let ask = |from: &str| {
            let mut request = Request::new(Body::empty());
            request
                .headers_mut()
                .insert(FOR, HeaderValue::from_str(from).unwrap());
            limits.allow(limits.receive(&mut request, IpAddr::from([127, 0, 0, 1]), false))
        };
        let mut allowed = 0;
        while ask("1.1.1.1") {
            allowed += 1;
            assert!(allowed < 10 * REQUESTS, "no limit");
        }
        // More only if the machine is slow.
        assert!(allowed >= REQUESTS, "{allowed}");
        assert!(ask("1.1.1.2"));
    }
}
