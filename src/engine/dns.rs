//! Name lookup: `localhost` by rule, all other names by the system on threads of their own, cached for a short time.

#![forbid(unsafe_code)]

use super::lock;
use crate::background;
use crate::transport_error::LookupFailed;
use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How long a result is cached. Short, since a laptop moves between networks.
const CACHE_TIME: Duration = Duration::from_secs(30);
/// How long a failure is cached: long enough that sessions that fail together ask once.
const FAILURE_CACHE_TIME: Duration = Duration::from_secs(1);
/// Greatest number of cached names.
const MAX_NAMES: usize = 256;
/// Names that are looked up at the same time.
const MAX_THREADS: usize = 4;

/// Addresses, or a part of a sentence that says why there are none.
type LookupResult = Result<Arc<[SocketAddr]>, String>;

/// One cached name. The lock is held during a lookup, so that sessions that ask at the same time share it.
type CachedName = Arc<tokio::sync::Mutex<Option<(Instant, LookupResult)>>>;

/// Looks names up; port 0 in the results stands for the port of the URL.
#[derive(Debug)]
pub(super) struct Resolver {
    names: Mutex<HashMap<String, CachedName>>,
    threads: Arc<Semaphore>,
}

impl Default for Resolver {
    fn default() -> Self {
        Resolver {
            names: Mutex::default(),
            threads: Arc::new(Semaphore::new(MAX_THREADS)),
        }
    }
}

impl Resolver {
    /// An error is a [`LookupFailed`], or says that the system cannot start a thread.
    pub(super) async fn lookup(
        &self,
        name: &str,
    ) -> Result<Arc<[SocketAddr]>, Box<dyn Error + Send + Sync>> {
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
                let answer = self.ask_system(name).await?;
                let span = if answer.is_ok() {
                    CACHE_TIME
                } else {
                    FAILURE_CACHE_TIME
                };
                *entry = Instant::now()
                    .checked_add(span)
                    .map(|until| (until, answer.clone()));
                answer
            }
        };
        answer.map_err(|reason| {
            let name = name.to_owned();
            LookupFailed { name, reason }.into()
        })
    }

    async fn ask_system(&self, name: &str) -> io::Result<LookupResult> {
        // Never closed. The thread keeps its place, even if nobody waits for it any more.
        let place = self.threads.clone().acquire_owned().await;
        let asked = name.to_owned();
        let found = background::run(move || {
            let _place = place;
            (asked.as_str(), 0).to_socket_addrs()
        });
        Ok(match found.await? {
            Ok(found) if found.len() == 0 => Err("the name has no address".to_owned()),
            Ok(found) => Ok(found.collect()),
            Err(error) => Err(LookupFailed::new(name, &error).reason),
        })
    }

    fn entry(&self, name: &str) -> CachedName {
        let mut names = lock(&self.names);
        if names.len() >= MAX_NAMES && !names.contains_key(name) {
            names.clear();
        }
        names.entry(name.to_owned()).or_default().clone()
    }
}

/// `localhost` and all names under it are this machine, whatever a name server says (RFC 6761).
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
