//! No wake-up is ever lost, for real: many threads fill the queue as fast as they can, one sleeps in poll(2).

use super::queue::{Polled, Queue};
use super::seat::Seat;
use super::wake::wait_readable;
use crate::types::{Event, RequestId, Uid};
use std::sync::Arc;
use std::time::Duration;

/// A minute without an event while some are on their way is a hang.
const PATIENCE: i32 = 60_000;

/// Of a kind that no later one replaces: each must be seen.
fn sent(number: u64) -> Event {
    Event::Sent {
        request: RequestId(number),
        to: Uid(1),
        message_id: String::new(),
    }
}

#[test]
fn descriptor_shows_all_that_six_threads_push() {
    const PRODUCERS: usize = 6;
    const EACH: u64 = 20_000;
    let queue = Queue::new(1_000_000).unwrap();
    let sessions: Vec<_> = (0..PRODUCERS)
        .map(|_| {
            let seat = Arc::new(Seat::new(0));
            queue.admit(seat.clone()).unwrap();
            seat.id
        })
        .collect();
    let mut last = vec![0; PRODUCERS];
    let mut woken = false;
    std::thread::scope(|scope| {
        for id in &sessions {
            let queue = &queue;
            scope.spawn(move || {
                for number in 1..=EACH {
                    queue.push(*id, sent(number));
                    // Now and then all fall silent, and the last event before it is the one that could be lost.
                    if number % 64 == 0 {
                        std::thread::yield_now();
                    }
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..EACH {
                queue.wake().unwrap();
            }
        });
        while !woken || last.iter().any(|seen| *seen < EACH) {
            assert!(wait_readable(queue.fd(), PATIENCE), "dark at {last:?}");
            loop {
                match queue.poll(Some(Duration::ZERO), None).unwrap() {
                    Polled::Event(event) => {
                        let lane = sessions.iter().position(|id| *id == event.session).unwrap();
                        last[lane] += 1;
                        assert_eq!(event.event, sent(last[lane]), "out of order");
                    }
                    Polled::Woken => woken = true,
                    Polled::Nothing => break,
                }
            }
        }
    });
    // The last wake may have come after the last event was taken.
    let _ = queue.poll(Some(Duration::ZERO), None);
    assert!(!wait_readable(queue.fd(), 0), "lit for nothing");
}
