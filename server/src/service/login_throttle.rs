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

    /// Forgets what is too old, and if that is not enough what failed the longest time ago. Whoever has that many addresses must not
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
mod tests {
    use super::*;

    fn stranger(n: u8) -> Source {
        Source {
            address: Some(IpAddr::from([10, 0, 0, n])),
            own: false,
        }
    }

    fn own(n: u8) -> Source {
        Source {
            own: true,
            ..stranger(n)
        }
    }

    const UNKNOWN: Source = Source {
        address: None,
        own: false,
    };

    #[test]
    fn after_ten_failures_there_is_a_delay_that_grows() {
        for from in [stranger(1), own(1), UNKNOWN] {
            let (mut throttle, mut now) = (LoginThrottle::default(), Instant::now());
            for _ in 0..10 {
                assert_eq!(throttle.check("bob", from, now), Ok(()));
                throttle.failed("bob", from, now);
            }
            let mut waits = Vec::new();
            for _ in 10..18 {
                let wait = throttle.check("Bob ", from, now).unwrap_err();
                waits.push(wait.as_secs());
                now += wait;
                assert_eq!(throttle.check("bob", from, now), Ok(()));
                throttle.failed("bob", from, now);
            }
            assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
            assert_eq!(throttle.check("alice", stranger(99), now), Ok(()));
            now += FORGET;
            throttle.failed("bob", from, now);
            assert_eq!(throttle.check("bob", from, now), Ok(()));
        }
    }

    /// For a quarter of an hour, as fast as allowed.
    #[test]
    fn a_stranger_who_guesses_locks_the_owner_out_nowhere() {
        let (mut throttle, mut now) = (LoginThrottle::default(), Instant::now());
        let mut guesses = 0;
        let end = now + FORGET;
        while now < end {
            match throttle.check("bob", stranger(1), now) {
                Ok(()) => {
                    throttle.failed("bob", stranger(1), now);
                    guesses += 1;
                    for n in 2..100 {
                        assert_eq!(throttle.check("bob", stranger(n), now), Ok(()));
                    }
                    assert_eq!(throttle.check("bob", own(1), now), Ok(()));
                    assert_eq!(throttle.check("bob", UNKNOWN, now), Ok(()));
                }
                Err(wait) => now += wait,
            }
        }
        assert!((20..FREE_OVER_ALL / 3).contains(&guesses), "{guesses}");
    }

    #[test]
    fn strangers_with_many_addresses_are_slowed_down_but_the_owner_is_not() {
        let (mut throttle, now) = (LoginThrottle::default(), Instant::now());
        for n in 0..100 {
            throttle.failed("bob", stranger(n), now);
        }
        assert!(
            throttle
                .check("bob@example.org", stranger(200), now)
                .is_err()
        );
        assert_eq!(throttle.check("bob@example.org", own(200), now), Ok(()));
        assert_eq!(throttle.check("bob@example.org", own(1), now), Ok(()));
        assert_eq!(throttle.check("alice", stranger(200), now), Ok(()));
        throttle.succeeded("bob", own(1));
        assert_eq!(throttle.check("bob", stranger(200), now), Ok(()));
    }

    #[test]
    fn an_address_and_its_short_form_are_one_name() {
        let now = Instant::now();
        for (typed, other) in [("bob", "Bob@example.org"), ("bob@x.org ", "BOB")] {
            let mut throttle = LoginThrottle::default();
            for _ in 0..10 {
                throttle.failed(typed, UNKNOWN, now);
            }
            assert!(throttle.check(other, UNKNOWN, now).is_err(), "{typed}");
            assert!(throttle.check("bo", UNKNOWN, now).is_ok());
            assert!(throttle.check("alice", UNKNOWN, now).is_ok());
        }
    }

    #[test]
    fn an_address_is_slowed_down_over_all_accounts() {
        let (mut throttle, now) = (LoginThrottle::default(), Instant::now());
        for n in 0..10 {
            throttle.failed(
                &format!("user{n}"),
                if n % 2 == 0 { stranger(1) } else { own(1) },
                now,
            );
        }
        assert!(throttle.check("other", stranger(1), now).is_err());
        assert!(throttle.check("other", stranger(2), now).is_ok());
    }

    #[test]
    fn success_clears_the_name_but_not_the_address() {
        let (mut throttle, now) = (LoginThrottle::default(), Instant::now());
        for _ in 0..10 {
            throttle.failed("bob", own(1), now);
            throttle.succeeded("bob", own(1));
        }
        assert!(throttle.check("bob", own(1), now).is_ok());
        assert!(throttle.check("alice", stranger(1), now).is_err());
    }

    /// With a name of its own for each address, as an attacker would choose them.
    #[test]
    fn many_addresses_neither_reset_an_account_nor_fill_the_memory() {
        let (mut throttle, now) = (LoginThrottle::default(), Instant::now());
        let from = |n: u32| Source {
            address: Some(IpAddr::from(n.to_be_bytes())),
            own: false,
        };
        for n in 0..FREE_OVER_ALL {
            throttle.failed("bob", from(n), now);
        }
        for n in 0..FREE {
            throttle.failed(&format!("x{n}"), from(100_000), now);
        }
        for n in 1000..20_000_u32 {
            let now = now + Duration::from_nanos(n.into());
            throttle.failed(&format!("user{n}"), from(n), now);
        }
        let kept = (ENTRIES * 9 / 10)..=ENTRIES;
        assert!(kept.contains(&throttle.accounts.0.len()));
        assert!(kept.contains(&throttle.places.0.len()));
        assert!(throttle.check("bob", from(200_000), now).is_err());
        // The oldest address was forgotten, the latest ones were not.
        assert!(throttle.check("new", from(100_000), now).is_ok());
        assert!(
            throttle
                .places
                .0
                .contains_key(&Place::Address(IpAddr::from(15_000_u32.to_be_bytes())))
        );
    }

    #[test]
    fn a_network_with_many_addresses_is_slowed_down_later_than_one_address() {
        let (mut throttle, now) = (LoginThrottle::default(), Instant::now());
        let from = |network: u16, n: u16| Source {
            address: Some(Ipv6Addr::new(0x2001, 0xdb8, network, n, 0, 0, 0, 0).into()),
            own: false,
        };
        for n in 0..100 {
            assert_eq!(throttle.check("new", from(1, n), now), Ok(()));
            throttle.failed(&format!("user{n}"), from(1, n), now);
        }
        assert!(throttle.check("new", from(1, 1000), now).is_err());
        assert!(throttle.check("new", from(2, 1000), now).is_ok());
        // Attempts that are not allowed change nothing for the neighbours.
        let mut throttle = LoginThrottle::default();
        for n in 0..200 {
            throttle.failed(&format!("user{n}"), from(1, 1), now);
        }
        assert!(throttle.check("new", from(1, 1), now).is_err());
        assert!(throttle.check("new", from(1, 2), now).is_ok());
    }

    /// Whoever shares an address with a user could otherwise ask for their account.
    #[test]
    fn what_is_told_is_the_same_for_accounts_of_the_address_and_others() {
        let (mut a, mut b, mut now) = (
            LoginThrottle::default(),
            LoginThrottle::default(),
            Instant::now(),
        );
        for n in 0..300_u32 {
            assert_eq!(
                a.wait("bob", own(1), now),
                b.wait("bob", stranger(1), now),
                "{n}"
            );
            for from in [stranger(1), stranger(2)] {
                assert_eq!(a.wait("eve", from, now), b.wait("eve", from, now), "{n}");
                assert_eq!(a.wait("bob", from, now), b.wait("bob", from, now), "{n}");
            }
            a.failed("bob", own(1), now);
            b.failed("bob", stranger(1), now);
            now += Duration::from_millis(u64::from(n % 7) * 700);
        }
    }
}
