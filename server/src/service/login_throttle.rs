//! Slows down password guessing. In memory only: a restart clears it.
//!
//! Failures are counted by address, and by account over all addresses, with a higher limit, against guessers with many addresses.
//! Whether the owner of an account may log in from an address that they have used before depends on the failures at that account from
//! that address alone: however much somebody guesses elsewhere, they cannot lock the owner out there. What a failed attempt is told does
//! not depend on that, so it does not tell who has an account.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Failures without a delay.
const FREE: u32 = 10;
/// Failures without a delay at one account over all addresses, and from a /48 of IPv6, which may be one subscriber or many. One address
/// reaches at most a third of it before everything is forgotten.
const FREE_OVER_ALL: u32 = 100;
/// The longest delay.
const LONGEST: Duration = Duration::from_secs(60);
/// After this long without an attempt, failures are forgotten.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// The most counts of accounts in memory, and of addresses.
const ENTRIES: usize = 10_000;

/// The part before the @ of what was typed, whether or not there is such an account. It is the same for an address and its short form,
/// so the throttle does not tell who has an account.
type Name = String;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Account {
    /// Over all addresses.
    Anywhere(Name),
    /// From one of its owner's addresses.
    Own(Name, IpAddr),
    /// From an unknown address.
    Unknown(Name),
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Place {
    Address(IpAddr),
    /// A /48.
    Network(Ipv6Addr),
}

/// What failures are counted for.
trait Key: Clone + Eq + std::hash::Hash {
    /// Failures without a delay.
    fn free(&self) -> u32;
    /// Whether a count that delays attempts outlives others that are newer.
    const IS_KEPT: bool;
}

impl Key for Account {
    const IS_KEPT: bool = true;

    fn free(&self) -> u32 {
        match self {
            Account::Anywhere(_) => FREE_OVER_ALL,
            Account::Own(..) | Account::Unknown(_) => FREE,
        }
    }
}

impl Key for Place {
    const IS_KEPT: bool = false;

    fn free(&self) -> u32 {
        match self {
            Place::Address(_) => FREE,
            Place::Network(_) => FREE_OVER_ALL,
        }
    }
}

/// Where an attempt comes from.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The address, if it is known.
    pub address: Option<IpAddr>,
    /// Whether the account's owner has logged in from there.
    pub own: bool,
}

struct Tries {
    failed: u32,
    last: Instant,
}

/// Failures per key.
struct Counts<K>(HashMap<K, Tries>);

impl<K: Key> Counts<K> {
    fn wait(&self, key: &K, now: Instant) -> Option<Duration> {
        let tries = self.0.get(key)?;
        let over = tries.failed.checked_sub(key.free())?;
        let delay = Duration::from_secs(1 << over.min(10)).min(LONGEST);
        let left = delay.checked_sub(now.saturating_duration_since(tries.last))?;
        (!left.is_zero()).then_some(left)
    }

    fn failed(&mut self, key: K, now: Instant) {
        if !self.0.contains_key(&key) {
            self.make_room(now);
        }
        let tries = self.0.entry(key).or_insert(Tries {
            failed: 0,
            last: now,
        });
        if now.saturating_duration_since(tries.last) >= FORGET {
            tries.failed = 0;
        }
        tries.failed = tries.failed.saturating_add(1);
        tries.last = now;
    }

    /// Forgets what is too old, and if that is not enough what failed the longest time ago. An attacker with that many addresses must not
    /// reset the count of an account.
    fn make_room(&mut self, now: Instant) {
        if self.0.len() < ENTRIES {
            return;
        }
        self.0
            .retain(|_, tries| now.saturating_duration_since(tries.last) < FORGET);
        if self.0.len() < ENTRIES {
            return;
        }
        let worth = |key: &K, tries: &Tries| {
            let kept = K::IS_KEPT && tries.failed >= key.free();
            (kept, tries.last)
        };
        let mut all: Vec<_> = self
            .0
            .iter()
            .map(|(key, tries)| worth(key, tries))
            .collect();
        // Some at a time, so that not every failure has to look at all of them.
        let (_, &mut most, _) = all.select_nth_unstable(ENTRIES / 10);
        self.0.retain(|key, tries| worth(key, tries) > most);
    }
}

/// Failed logins.
pub struct LoginThrottle {
    accounts: Counts<Account>,
    places: Counts<Place>,
}

impl Default for LoginThrottle {
    fn default() -> Self {
        LoginThrottle {
            accounts: Counts(HashMap::new()),
            places: Counts(HashMap::new()),
        }
    }
}

impl LoginThrottle {
    /// Whether an attempt is allowed now, else how long to wait.
    pub fn check(&self, typed: &str, from: Source, now: Instant) -> Result<(), Duration> {
        let own = own_key(typed, from);
        let wait = match own {
            Some(own) => self.accounts.wait(&own, now),
            None => self.wait(typed, from, now),
        };
        wait.map_or(Ok(()), Err)
    }

    /// How long an attempt is told to wait if it is not allowed or fails: the same for every account, its owner's addresses included.
    pub fn wait(&self, typed: &str, from: Source, now: Instant) -> Option<Duration> {
        let places = places(from).into_iter();
        let places = places.filter_map(|place| self.places.wait(&place, now));
        let accounts = [Some(public_key(typed, from)), own_key(typed, from)];
        let accounts = accounts.into_iter().flatten();
        let accounts = accounts.filter_map(|account| self.accounts.wait(&account, now));
        places.chain(accounts).max()
    }

    /// An attempt failed, or was not allowed. Of the latter, only the counts of the address itself grow: one address must not slow down
    /// others.
    pub fn failed(&mut self, typed: &str, from: Source, now: Instant) {
        let was_waiting = self.wait(typed, from, now).is_some();
        if let Some(own) = own_key(typed, from) {
            self.accounts.failed(own, now);
        }
        if !was_waiting {
            self.accounts.failed(public_key(typed, from), now);
        }
        for place in places(from) {
            if !was_waiting || matches!(place, Place::Address(_)) {
                self.places.failed(place, now);
            }
        }
    }

    /// An attempt succeeded: clears the account, but not the address, because guessers have accounts of their own.
    pub fn succeeded(&mut self, typed: &str, from: Source) {
        let name = name(typed);
        if let Some(address) = from.address {
            self.accounts.0.remove(&Account::Own(name.clone(), address));
            self.accounts.0.remove(&Account::Anywhere(name));
        } else {
            self.accounts.0.remove(&Account::Anywhere(name.clone()));
            self.accounts.0.remove(&Account::Unknown(name));
        }
    }
}

/// The part before the @ in lower case, as it counts for logins. Without an @ it is the whole text.
fn local_part(typed: &str) -> String {
    let typed = typed.trim().to_lowercase();
    typed
        .split_once('@')
        .map_or(typed.as_str(), |(local, _)| local)
        .to_owned()
}

/// What attempts are counted by.
pub fn name(typed: &str) -> Name {
    local_part(typed).chars().take(100).collect()
}

/// The count of an account that decides about its owner's attempts from a known address.
fn own_key(typed: &str, from: Source) -> Option<Account> {
    let address = from.address.filter(|_| from.own)?;
    Some(Account::Own(name(typed), address))
}

/// The count of an account that decides about everybody else's.
fn public_key(typed: &str, from: Source) -> Account {
    match from.address {
        Some(_) => Account::Anywhere(name(typed)),
        None => Account::Unknown(name(typed)),
    }
}

fn places(from: Source) -> Vec<Place> {
    let network = match from.address {
        Some(IpAddr::V6(address)) => {
            let bits = u128::from(address) >> 80 << 80;
            Some(Place::Network(bits.into()))
        }
        _ => None,
    };
    from.address
        .map(Place::Address)
        .into_iter()
        .chain(network)
        .collect()
}

#[cfg(test)]
mod tests;
