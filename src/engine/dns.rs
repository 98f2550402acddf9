//! Names to addresses: `localhost` by rule, all others by the system on the blocking pool, remembered for a short time.

#![forbid(unsafe_code)]

use super::lock;
use crate::fault::LookupFailed;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long an answer is used again. Short, since a laptop moves between networks.
const REMEMBER: Duration = Duration::from_secs(30);
/// How long a failure is: long enough that sessions that fail together ask once.
const REMEMBER_FAILURE: Duration = Duration::from_secs(1);
/// Greatest number of names remembered.
const MAX_NAMES: usize = 256;

/// Addresses, or in words why there are none.
type Answer = Result<Arc<[SocketAddr]>, String>;

/// One name: the lock is held during a lookup, so that sessions that ask together share one.
type Entry = Arc<tokio::sync::Mutex<Option<(Instant, Answer)>>>;

/// Looks names up; port 0 in the answers stands for the port of the URL.
#[derive(Debug, Default)]
pub(super) struct Resolver {
    names: Mutex<HashMap<String, Entry>>,
}

impl Resolver {
    pub(super) async fn lookup(&self, name: &str) -> Result<Arc<[SocketAddr]>, LookupFailed> {
        if is_localhost(name) {
            let loopback = [
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(Ipv6Addr::LOCALHOST),
            ];
            return Ok(loopback.map(|address| SocketAddr::new(address, 0)).into());
        }
        let entry = self.entry(name);
        let mut entry = entry.lock().await;
        let answer = match &*entry {
            Some((until, answer)) if *until > Instant::now() => answer.clone(),
            _ => {
                let answer = ask_system(name).await;
                let span = if answer.is_ok() {
                    REMEMBER
                } else {
                    REMEMBER_FAILURE
                };
                *entry = Instant::now()
                    .checked_add(span)
                    .map(|until| (until, answer.clone()));
                answer
            }
        };
        answer.map_err(LookupFailed)
    }

    fn entry(&self, name: &str) -> Entry {
        let mut names = lock(&self.names);
        if names.len() >= MAX_NAMES && !names.contains_key(name) {
            names.clear();
        }
        names.entry(name.to_owned()).or_default().clone()
    }
}

async fn ask_system(name: &str) -> Answer {
    let found = tokio::net::lookup_host((name, 0)).await;
    let found: Arc<[_]> = found
        .map_err(|error| LookupFailed::from_io(&error).0)?
        .collect();
    if found.is_empty() {
        return Err("the name has no address".to_owned());
    }
    Ok(found)
}

/// `localhost` and everything under it are this machine, whatever a name server says (RFC 6761).
fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_and_below_are_loopback() {
        for name in ["localhost", "LocalHost.", "0.channel07.localhost"] {
            assert!(is_localhost(name), "{name}");
        }
        for name in ["localhost.example.org", "notlocalhost", ""] {
            assert!(!is_localhost(name), "{name}");
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let found = runtime
            .block_on(Resolver::default().lookup("a.localhost"))
            .unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback()));
    }

    #[test]
    fn names_are_bounded() {
        let resolver = Resolver::default();
        (0..1000).for_each(|number| drop(resolver.entry(&format!("{number}.example"))));
        assert!(lock(&resolver.names).len() <= MAX_NAMES);
    }
}
