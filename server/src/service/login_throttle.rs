//! Slows down password guessing. In memory only: a restart clears it.
//!
//! Failures are counted by address, and by account over all addresses, with a higher limit, against guessers with many addresses.
//! Failures from an address that the account's owner has logged in from are counted for that account and address alone: however much
//! somebody guesses elsewhere, they cannot lock the owner out there.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Failures without a delay.
const FREE: u32 = 10;
/// Failures without a delay at one account, over all addresses that are not its owner's. One address reaches at most a third of it
/// before everything is forgotten.
const FREE_OVER_ALL: u32 = 100;
/// The longest delay.
const LONGEST: Duration = Duration::from_secs(60);
/// After this long without an attempt, failures are forgotten.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// The most counts in memory.
const ENTRIES: usize = 10_000;

/// The part before the @ of what was typed, whether or not there is such an account. It is the same for an address and its short form,
/// so the throttle does not tell who has an account.
type Name = String;

#[derive(PartialEq, Eq, Hash)]
enum Key {
    /// An account, over all addresses that are not its owner's.
    Name(Name),
    /// An account, from one of its owner's addresses.
    Own(Name, IpAddr),
    /// An account, from an unknown address.
    Unknown(Name),
    /// An address, over all accounts.
    Address(IpAddr),
}

impl Key {
    fn free(&self) -> u32 {
        match self {
            Key::Name(_) => FREE_OVER_ALL,
            Key::Own(..) | Key::Unknown(_) | Key::Address(_) => FREE,
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

/// Failed logins.
#[derive(Default)]
pub struct LoginThrottle {
    tries: HashMap<Key, Tries>,
}

impl LoginThrottle {
    /// Whether an attempt is allowed now, else how long to wait.
    pub fn check(&self, typed: &str, from: Source, now: Instant) -> Result<(), Duration> {
        let keys = keys(typed, from).into_iter();
        let wait = keys.filter_map(|key| self.wait(&key, now)).max();
        wait.map_or(Ok(()), Err)
    }

    /// An attempt failed.
    pub fn failed(&mut self, typed: &str, from: Source, now: Instant) {
        let mut keys = keys(typed, from);
        // They may go on to other accounts from the same address.
        if from.own {
            keys.extend(from.address.map(Key::Address));
        }
        for key in keys {
            self.make_room(now);
            let tries = self.tries.entry(key).or_insert(Tries {
                failed: 0,
                last: now,
            });
            if now.saturating_duration_since(tries.last) >= FORGET {
                tries.failed = 0;
            }
            tries.failed = tries.failed.saturating_add(1);
            tries.last = now;
        }
    }

    /// An attempt succeeded: clears the account, but not the address, because guessers have accounts of their own.
    pub fn succeeded(&mut self, typed: &str, from: Source) {
        let name = name(typed);
        self.tries.remove(&Key::Name(name.clone()));
        self.tries.remove(&match from.address {
            Some(address) => Key::Own(name, address),
            None => Key::Unknown(name),
        });
    }

    fn wait(&self, key: &Key, now: Instant) -> Option<Duration> {
        let tries = self.tries.get(key)?;
        let over = tries.failed.checked_sub(key.free())?;
        let delay = Duration::from_secs(1 << over.min(10)).min(LONGEST);
        let left = delay.checked_sub(now.saturating_duration_since(tries.last))?;
        (!left.is_zero()).then_some(left)
    }

    fn make_room(&mut self, now: Instant) {
        if self.tries.len() < ENTRIES {
            return;
        }
        self.tries
            .retain(|_, tries| now.saturating_duration_since(tries.last) < FORGET);
        if self.tries.len() >= ENTRIES {
            // With thousands of addresses nothing slows a guesser down, and bounded memory matters more.
            self.tries.clear();
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

fn name(typed: &str) -> Name {
    local_part(typed).chars().take(100).collect()
}

/// The counts that decide about an attempt.
fn keys(typed: &str, from: Source) -> Vec<Key> {
    let name = name(typed);
    match from.address {
        None => vec![Key::Unknown(name)],
        Some(address) if from.own => vec![Key::Own(name, address)],
        Some(address) => vec![Key::Name(name), Key::Address(address)],
    }
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

    #[test]
    fn memory_is_bounded() {
        let (mut throttle, now) = (LoginThrottle::default(), Instant::now());
        for n in 0..20_000_u32 {
            let from = Source {
                address: Some(IpAddr::from(n.to_be_bytes())),
                own: false,
            };
            throttle.failed(&format!("user{n}"), from, now);
        }
        assert!(throttle.tries.len() <= ENTRIES);
    }
}
