//! Slows down password guessing, per account and per address. In memory only: a restart forgives.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Attempts that cost nothing.
const FREE: u32 = 10;
/// The longest wait; short enough that a stranger cannot lock an owner out for long.
const LONGEST: Duration = Duration::from_secs(60);
/// After this long without an attempt all is forgotten.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// The most accounts and addresses remembered.
const ENTRIES: usize = 10_000;

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    Address(IpAddr),
}

struct Tries {
    failed: u32,
    last: Instant,
}

/// Failed logins by account and by address.
#[derive(Default)]
pub struct Throttle {
    tries: HashMap<Key, Tries>,
}

impl Throttle {
    /// Whether an attempt is allowed now, else how long to wait.
    pub fn check(&self, account: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let keys = keys(account, address);
        let wait = keys.iter().filter_map(|key| self.wait(key, now)).max();
        wait.map_or(Ok(()), Err)
    }

    /// The attempt was wrong.
    pub fn failed(&mut self, account: &str, address: IpAddr, now: Instant) {
        for key in keys(account, address) {
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
    pub fn succeeded(&mut self, account: &str, address: IpAddr) {
        let [account, _] = keys(account, address);
        self.tries.remove(&account);
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

fn keys(account: &str, address: IpAddr) -> [Key; 2] {
    let address = match address.to_canonical() {
        // One subscriber has a whole /64.
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        v4 => v4,
    };
    let account: String = account.trim().to_lowercase().chars().take(100).collect();
    [Key::Account(account), Key::Address(address)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, n])
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
    fn an_address_is_slowed_down_over_all_accounts() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..10 {
            throttle.failed(&format!("user{n}"), address(1), now);
        }
        assert!(throttle.check("other", address(1), now).is_err());
        assert!(throttle.check("other", address(2), now).is_ok());
    }

    #[test]
    fn success_forgives_the_account_but_not_the_address() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..20 {
            throttle.failed("bob", address(n), now);
        }
        assert!(throttle.check("bob", address(99), now).is_err());
        throttle.succeeded("bob", address(99));
        assert!(throttle.check("bob", address(99), now).is_ok());
        for _ in 0..10 {
            throttle.failed("bob", address(1), now);
            throttle.succeeded("bob", address(1));
        }
        assert!(throttle.check("bob", address(1), now).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..20_000_u32 {
            throttle.failed(&format!("user{n}"), IpAddr::from(n.to_be_bytes()), now);
        }
        assert!(throttle.tries.len() <= ENTRIES);
    }
}
