//! No wake-up is lost under load: many threads fill the queue as fast as they can, one sleeps in poll(2).

use super::super::event_queue::EventQueue;
use super::super::polled::Polled;
use super::super::session_handle::SessionHandle;
use super::super::wake::wait_readable;
use crate::types::{Event, RequestId, Uid};
use std::sync::Arc;
use std::time::Duration;

/// A minute without an event while threads still push some is a hang.
const PATIENCE: i32 = 60_000;

/// An event that no later one replaces: each must be seen.
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
    let queue = EventQueue::new(1_000_000).unwrap();
    let sessions: Vec<_> = (0..PRODUCERS)
        .map(|_| {
            let handle = Arc::new(SessionHandle::new(0, 1));
            queue.add_session(handle.clone()).unwrap();
            handle.id
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
                    // Occasionally all threads pause; the last event before a pause is the one whose wake-up could be lost.
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
            assert!(
                wait_readable(queue.fd(), PATIENCE),
                "not readable at {last:?}"
            );
            loop {
                match queue.poll(Some(Duration::ZERO), None).unwrap() {
                    Polled::Event(event) => {
                        let index = sessions.iter().position(|id| *id == event.session).unwrap();
                        last[index] += 1;
                        assert_eq!(event.event, sent(last[index]), "out of order");
                    }
                    Polled::Woken => woken = true,
                    Polled::Nothing => break,
                }
            }
        }
    });
    // The last wake may have come after the last event was taken.
    let _ = queue.poll(Some(Duration::ZERO), None);
    assert!(!wait_readable(queue.fd(), 0), "readable without an event");
}
