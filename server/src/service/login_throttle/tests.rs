//! Guessers, owners and time, without a server.

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

/// Somebody who shares an address with a user could otherwise ask for their account.
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
