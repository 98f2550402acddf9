//! Slows down password guessing, per name and per address. In memory only: a restart forgives.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Attempts that cost nothing.
const FREE: u32 = 10;
/// The longest wait. Nothing tells a stranger who goes on failing from the owner: for as long as he does, the owner is
/// kept out, too, but for the one attempt a minute, if he is first. Logins that are open already go on.
const LONGEST: Duration = Duration::from_secs(60);
/// After this long without an attempt all is forgotten.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// The most names and addresses remembered.
const ENTRIES: usize = 10_000;

#[derive(PartialEq, Eq, Hash)]
enum Key {
    /// What stands before the @ of what was typed, whether there is such an account or not. It is the same for an
    /// address and its short form, so the throttle tells nobody who has an account.
    Name(String),
    Address(IpAddr),
}

struct Tries {
    failed: u32,
    last: Instant,
}

/// Failed logins by name and by address.
#[derive(Default)]
pub struct Throttle {
    tries: HashMap<Key, Tries>,
}

impl Throttle {
    /// Whether an attempt is allowed now, else how long to wait.
    pub fn check(
        &self,
        typed: &str,
        address: Option<IpAddr>,
        now: Instant,
    ) -> Result<(), Duration> {
        let keys = keys(typed, address);
        let wait = keys.filter_map(|key| self.wait(&key, now)).max();
        wait.map_or(Ok(()), Err)
    }

    /// The attempt was wrong.
    pub fn failed(&mut self, typed: &str, address: Option<IpAddr>, now: Instant) {
        for key in keys(typed, address) {
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

    /// The attempt was right: forgives the name, but not the address, since guessers have accounts of their own.
    pub fn succeeded(&mut self, typed: &str) {
        self.tries.remove(&name(typed));
    }

    fn wait(&self, key: &Key, now: Instant) -> Option<Duration> {
        let tries = self.tries.get(key)?;
        let over = tries.failed.checked_sub(FREE)?;
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

fn name(typed: &str) -> Key {
    Key::Name(local_part(typed).chars().take(100).collect())
}

fn keys(typed: &str, address: Option<IpAddr>) -> impl Iterator<Item = Key> {
    let address = address.map(|address| match address.to_canonical() {
        // One subscriber has a whole /64.
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        v4 => v4,
    });
    [Some(name(typed)), address.map(Key::Address)]
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, n]))
    }

    #[test]
    fn after_ten_failures_one_has_to_wait_and_the_wait_grows() {
        let (mut throttle, mut now) = (Throttle::default(), Instant::now());
        for n in 0..10 {
            assert_eq!(throttle.check("bob", address(n), now), Ok(()));
            throttle.failed("bob", address(n), now);
        }
        let mut waits = Vec::new();
        for n in 10..18 {
            let wait = throttle.check("Bob ", address(n), now).unwrap_err();
            waits.push(wait.as_secs());
            now += wait;
            assert_eq!(throttle.check("bob", address(n), now), Ok(()));
            throttle.failed("bob", address(n), now);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(throttle.check("alice", address(99), now), Ok(()));
        now += FORGET;
        throttle.failed("bob", address(0), now);
        assert_eq!(throttle.check("bob", address(0), now), Ok(()));
    }

    #[test]
    fn an_address_and_its_short_form_are_one_name() {
        let now = Instant::now();
        for (typed, other) in [("bob", "Bob@example.org"), ("bob@x.org ", "BOB")] {
            let mut throttle = Throttle::default();
            for _ in 0..10 {
                throttle.failed(typed, None, now);
            }
            assert!(throttle.check(other, None, now).is_err(), "{typed}");
            assert!(throttle.check("bo", None, now).is_ok());
            assert!(throttle.check("alice", None, now).is_ok());
        }
    }

    #[test]
    fn an_address_is_slowed_down_over_all_accounts() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..10 {
            throttle.failed(&format!("user{n}"), address(1), now);
        }
        assert!(throttle.check("other", address(1), now).is_err());
        assert!(throttle.check("other", address(2), now).is_ok());
    }

    #[test]
    fn success_forgives_the_name_but_not_the_address() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..20 {
            throttle.failed("bob", address(n), now);
        }
        assert!(throttle.check("bob", address(99), now).is_err());
        throttle.succeeded("bob");
        assert!(throttle.check("bob", address(99), now).is_ok());
        for _ in 0..10 {
            throttle.failed("bob", address(1), now);
            throttle.succeeded("bob");
        }
        assert!(throttle.check("bob", address(1), now).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..20_000_u32 {
            throttle.failed(
                &format!("user{n}"),
                Some(IpAddr::from(n.to_be_bytes())),
                now,
            );
        }
        assert!(throttle.tries.len() <= ENTRIES);
    }
}
