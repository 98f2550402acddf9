//! No wake-up is ever lost: the queue as it is, under loom, which tries every order in which threads can run.

use super::seat::{Seat, SessionId};
use super::wake::wait_readable;
use super::{error, log, seat, wake};
use crate::types::{Event, Uid};
use queue::{Polled, Queue};
use std::sync::Arc;
use std::time::Duration;

/// The queue's source once more, with loom's locks. What it needs besides is the real thing, the descriptor included, which
/// is only touched under the lock.
#[allow(dead_code, clippy::duplicate_mod)]
#[path = "queue.rs"]
mod queue;

mod sync {
    pub(super) use loom::sync::{Condvar, Mutex};

    pub(super) fn lock<T>(mutex: &Mutex<T>) -> loom::sync::MutexGuard<'_, T> {
        mutex.lock().unwrap()
    }
}

fn typing(number: usize) -> Event {
    Event::Typing {
        from: Uid(number as u64),
        typing: true,
    }
}

/// Runs a scene in every order that loom finds. A thread that waits for ever is a failure there.
fn explore(scene: impl Fn(&Arc<Queue>, SessionId) + Send + Sync + 'static) {
    loom::model(move || {
        let queue = Arc::new(Queue::new(100).unwrap());
        let seat = Arc::new(Seat::new(0));
        let id = seat.id;
        queue.admit(seat).unwrap();
        scene(&queue, id);
    });
}

fn spawn(queue: &Arc<Queue>, work: impl FnOnce(&Queue) + 'static) -> loom::thread::JoinHandle<()> {
    let queue = queue.clone();
    loom::thread::spawn(move || work(&queue))
}

#[test]
fn sleeping_poll_sees_each_event_and_each_wake() {
    explore(|queue, id| {
        let producer = spawn(queue, move |queue| {
            queue.push(id, typing(1));
            queue.push(id, typing(2));
        });
        let waker = spawn(queue, |queue| queue.wake().unwrap());
        let (mut events, mut woken) = (0, 0);
        while events < 2 || woken < 1 {
            match queue.poll(None, None).unwrap() {
                Polled::Event(_) => events += 1,
                Polled::Woken => woken += 1,
                Polled::Nothing => panic!("a poll without an end ended"),
            }
        }
        producer.join().unwrap();
        waker.join().unwrap();
        assert!(!wait_readable(queue.fd(), 0), "lit for nothing");
    });
}

#[test]
fn two_sleeping_polls_get_an_event_each() {
    explore(|queue, id| {
        let other = spawn(queue, |queue| drop(queue.poll(None, None).unwrap()));
        let producer = spawn(queue, move |queue| {
            queue.push(id, typing(1));
            queue.push(id, typing(2));
        });
        drop(queue.poll(None, None).unwrap());
        other.join().unwrap();
        producer.join().unwrap();
        assert!(!wait_readable(queue.fd(), 0), "lit for nothing");
    });
}

/// As a main loop does it: sleeps on the descriptor, then takes what there is. Loom cannot sleep in poll(2), so the loop
/// goes round; a descriptor that stays dark makes it go round more often than loom allows.
#[test]
fn descriptor_shows_each_event_and_each_wake() {
    explore(|queue, id| {
        let producer = spawn(queue, move |queue| {
            queue.push(id, typing(1));
            queue.push(id, typing(2));
        });
        let waker = spawn(queue, |queue| queue.wake().unwrap());
        let (mut events, mut woken) = (0, 0);
        while events < 2 || woken < 1 {
            while !wait_readable(queue.fd(), 0) {
                loom::thread::yield_now();
            }
            loop {
                match queue.poll(Some(Duration::ZERO), None).unwrap() {
                    Polled::Event(_) => events += 1,
                    Polled::Woken => woken += 1,
                    Polled::Nothing => break,
                }
            }
        }
        producer.join().unwrap();
        waker.join().unwrap();
        assert!(!wait_readable(queue.fd(), 0), "lit for nothing");
    });
}

#[test]
fn descriptor_is_dark_after_a_session_went_with_its_events() {
    explore(|queue, id| {
        let producer = spawn(queue, move |queue| queue.push(id, typing(1)));
        queue.remove(id).unwrap();
        producer.join().unwrap();
        assert!(!wait_readable(queue.fd(), 0), "lit for nothing");
    });
}

#[test]
fn closing_ends_every_sleeping_poll() {
    explore(|queue, _| {
        let polls: Vec<_> = (0..2)
            .map(|_| spawn(queue, |queue| drop(queue.poll(None, None).unwrap_err())))
            .collect();
        queue.close();
        polls.into_iter().for_each(|poll| poll.join().unwrap());
        assert!(wait_readable(queue.fd(), 0), "a main loop sees it, too");
    });
}
