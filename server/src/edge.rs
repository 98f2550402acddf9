//! Where requests come in: who it is, whether over TLS, and how many connections and requests one address may have.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, header};

use crate::config::Network;
use crate::lock;
use crate::pace::Pace;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The most requests of one address in [`WHILE`]; hundreds of busy clients behind one router stay below.
const REQUESTS: u32 = 3000;
const WHILE: Duration = Duration::from_secs(10);

/// Where a request came from; nobody knows if a proxy does not say.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub Option<IpAddr>);

/// Knows who comes in.
pub struct Edge {
    trusted: Vec<Network>,
    most: usize,
    connections: Mutex<HashMap<IpAddr, usize>>,
    requests: Mutex<Pace<IpAddr>>,
}

/// An open connection; dropping it says that it was closed.
pub struct Inside {
    edge: Arc<Edge>,
    address: IpAddr,
}

impl Edge {
    /// `most` connections from an address that is not `trusted`.
    pub fn new(trusted: Vec<Network>, most: usize) -> Arc<Self> {
        Arc::new(Edge {
            trusted,
            most,
            connections: Mutex::default(),
            requests: Mutex::new(Pace::new(REQUESTS, WHILE)),
        })
    }

    /// Counts a connection in, unless its address has too many.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Inside> {
        let address = subscriber(address);
        let mut connections = lock(&self.connections);
        let count = connections.entry(address).or_default();
        if *count >= self.most && !self.trusts(address) {
            return None;
        }
        *count += 1;
        Some(Inside {
            edge: self.clone(),
            address,
        })
    }

    /// Notes on a request where it comes from, and takes from it what only a trusted proxy may say. What follows looks the
    /// same whether there is a proxy, TLS or HTTP/2. Gives the address back, if it is known.
    pub fn receive(&self, request: &mut Request<Body>, from: IpAddr, tls: bool) -> Option<IpAddr> {
        let address = if self.trusts(from) {
            forwarded_for(request.headers())
        } else {
            request.headers_mut().remove(PROTO);
            Some(from)
        };
        if tls {
            let https = HeaderValue::from_static("https");
            request.headers_mut().insert(PROTO, https);
        }
        // HTTP/2 has the host elsewhere.
        if let Some(authority) = request.uri().authority()
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            request.headers_mut().insert(header::HOST, host);
        }
        let address = address.map(subscriber);
        request.extensions_mut().insert(Peer(address));
        address
    }

    /// Counts a request; false if its address asks for too much.
    pub fn allow(&self, address: Option<IpAddr>) -> bool {
        address.is_none_or(|address| lock(&self.requests).allow(address, Instant::now()))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut connections = lock(&self.edge.connections);
        if let Some(count) = connections.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                connections.remove(&self.address);
            }
        }
    }
}

/// What a proxy says; if it says nothing, there is no address, as otherwise one guesser would keep everybody out.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    // What the client made up stands before what the proxy added, in the same line or in lines of its own.
    let last = headers.get_all(FOR).iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

/// The address that stands for all that one subscriber has: of IPv6 a whole /64.
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

    fn edge(most: usize) -> Arc<Edge> {
        let trusted = ["127.0.0.1", "::1"].map(|text| text.parse::<IpAddr>().unwrap().into());
        Edge::new(trusted.to_vec(), most)
    }

    fn received(from: &str, tls: bool, lines: &[&str]) -> (Option<String>, Option<String>) {
        let mut request = Request::new(Body::empty());
        let headers = request.headers_mut();
        headers.insert(PROTO, HeaderValue::from_static("https"));
        for line in lines {
            headers.append(FOR, HeaderValue::from_str(line).unwrap());
        }
        edge(1).receive(&mut request, from.parse().unwrap(), tls);
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
    fn only_a_trusted_proxy_or_we_ourselves_may_say_that_there_is_tls() {
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
    fn one_address_has_so_many_connections_and_a_proxy_any_number() {
        let (edge, ip) = (edge(2), |text: &str| text.parse::<IpAddr>().unwrap());
        let first = edge.enter(ip("2001:db8::1")).unwrap();
        let _second = edge.enter(ip("2001:db8::2")).unwrap();
        assert!(edge.enter(ip("2001:db8::3")).is_none());
        let _other = edge.enter(ip("2001:db8:0:1::1")).unwrap();
        drop(first);
        assert!(edge.enter(ip("2001:db8::3")).is_some());
        let proxied: Vec<_> = (0..10).map(|_| edge.enter(ip("127.0.0.1"))).collect();
        assert!(proxied.iter().all(Option::is_some));
        drop((proxied, _second, _other));
        assert!(lock(&edge.connections).is_empty());
    }

    #[test]
    fn one_address_cannot_take_all_the_time() {
        let edge = edge(1);
        let ask = |from: &str| {
            let mut request = Request::new(Body::empty());
            request
                .headers_mut()
                .insert(FOR, HeaderValue::from_str(from).unwrap());
            edge.allow(edge.receive(&mut request, IpAddr::from([127, 0, 0, 1]), false))
        };
        let allowed = (0..REQUESTS + 10).filter(|_| ask("1.1.1.1")).count();
        assert_eq!(allowed, REQUESTS as usize);
        assert!(ask("1.1.1.2"));
    }
}
