//! Slows down password guessing. In memory only: a restart forgives.
//!
//! Whoever fails is counted by his address, and the account that he fails at is counted over all addresses, with more
//! patience, for guessers who have many. An address that the account's owner has logged in from is counted for that account
//! alone: no stranger can lock him out from there, wherever and however much he guesses.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Failures that cost nothing.
const FREE: u32 = 10;
/// Failures at one account that cost nothing to those who fail at it from elsewhere. One address gets no further than a
/// third of it before all is forgotten.
const FREE_OVER_ALL: u32 = 100;
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);
/// After this long without an attempt all is forgotten.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// The most counts remembered.
const ENTRIES: usize = 10_000;

/// What stands before the @ of what was typed, whether there is such an account or not. It is the same for an address and
/// its short form, so the throttle tells nobody who has an account.
type Name = String;

#[derive(PartialEq, Eq, Hash)]
enum Key {
    /// An account, over all addresses that are not its owner's.
    Name(Name),
    /// An account, from one of its owner's addresses.
    Own(Name, IpAddr),
    /// An account, from nobody knows where.
    Nowhere(Name),
    /// An address, over all accounts.
    Address(IpAddr),
}

impl Key {
    fn free(&self) -> u32 {
        match self {
            Key::Name(_) => FREE_OVER_ALL,
            Key::Own(..) | Key::Nowhere(_) | Key::Address(_) => FREE,
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
pub struct Throttle {
    tries: HashMap<Key, Tries>,
}

impl Throttle {
    /// Whether an attempt is allowed now, else how long to wait.
    pub fn check(&self, typed: &str, from: Source, now: Instant) -> Result<(), Duration> {
        let keys = keys(typed, from).into_iter();
        let wait = keys.filter_map(|key| self.wait(&key, now)).max();
        wait.map_or(Ok(()), Err)
    }

    /// The attempt was wrong.
    pub fn failed(&mut self, typed: &str, from: Source, now: Instant) {
        let mut keys = keys(typed, from);
        // He may go on to other accounts from there.
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

    /// The attempt was right: forgives the account, but not the address, since guessers have accounts of their own.
    pub fn succeeded(&mut self, typed: &str, from: Source) {
        let name = name(typed);
        self.tries.remove(&Key::Name(name.clone()));
        self.tries.remove(&match from.address {
            Some(address) => Key::Own(name, address),
            None => Key::Nowhere(name),
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
            // Thousands of addresses at once: whoever has those is not slowed down by us, and memory is dearer.
            self.tries.clear();
        }
    }
}

/// The part before the @ as it counts for logins: in lower case; the whole if there is no @.
pub fn local_part(typed: &str) -> String {
    let typed = typed.trim().to_lowercase();
    typed
        .split_once('@')
        .map_or(typed.as_str(), |(local, _)| local)
        .to_owned()
}

fn name(typed: &str) -> Name {
    local_part(typed).chars().take(100).collect()
}

/// What an attempt is judged by.
fn keys(typed: &str, from: Source) -> Vec<Key> {
    let name = name(typed);
    match from.address {
        None => vec![Key::Nowhere(name)],
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

    const NOWHERE: Source = Source {
        address: None,
        own: false,
    };

    #[test]
    fn after_ten_failures_one_has_to_wait_and_the_wait_grows() {
        for from in [stranger(1), own(1), NOWHERE] {
            let (mut throttle, mut now) = (Throttle::default(), Instant::now());
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

    /// For a quarter of an hour, as fast as he may.
    #[test]
    fn a_stranger_who_guesses_locks_the_owner_out_nowhere() {
        let (mut throttle, mut now) = (Throttle::default(), Instant::now());
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
                    assert_eq!(throttle.check("bob", NOWHERE, now), Ok(()));
                }
                Err(wait) => now += wait,
            }
        }
        assert!((20..FREE_OVER_ALL / 3).contains(&guesses), "{guesses}");
    }

    #[test]
    fn strangers_with_many_addresses_are_slowed_down_but_the_owner_is_not() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
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
            let mut throttle = Throttle::default();
            for _ in 0..10 {
                throttle.failed(typed, NOWHERE, now);
            }
            assert!(throttle.check(other, NOWHERE, now).is_err(), "{typed}");
            assert!(throttle.check("bo", NOWHERE, now).is_ok());
            assert!(throttle.check("alice", NOWHERE, now).is_ok());
        }
    }

    #[test]
    fn an_address_is_slowed_down_over_all_accounts() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
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
    fn success_forgives_the_name_but_not_the_address() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..10 {
            throttle.failed("bob", own(1), now);
            throttle.succeeded("bob", own(1));
        }
        assert!(throttle.check("bob", own(1), now).is_ok());
        assert!(throttle.check("alice", stranger(1), now).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
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
