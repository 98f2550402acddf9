//! No wake-up is ever lost: the unchanged queue under loom, which tries every order in which threads can run,
//! with up to three of them interrupted where they would not wait by themselves.

use super::super::session_handle::{SessionHandle, SessionId};
use super::super::wake::wait_readable;
use super::super::{error, id_hash, log, polled, session_handle, superseded, wake};
use crate::types::{Event, Uid};
use polled::Polled;
use queue::EventQueue;
use std::sync::Arc;
use std::time::Duration;

/// The source of the queue, compiled again with loom's locks. Everything else is the real code, including the descriptor,
/// which is only used under a lock.
#[allow(dead_code, clippy::duplicate_mod)]
#[path = "../event_queue.rs"]
mod queue;

mod sync {
    pub(super) use loom::sync::{Condvar, Mutex, MutexGuard};

    pub(super) fn lock<T>(mutex: &Mutex<T>) -> loom::sync::MutexGuard<'_, T> {
        mutex.lock().unwrap()
    }
}

fn typing(number: usize) -> Event {
    Event::Typing {
        from: Uid(number as u64),
        group: None,
        typing: true,
    }
}

/// Runs a scene in every order that loom finds. Loom fails a thread that never stops waiting.
fn explore(scene: impl Fn(&Arc<EventQueue>, SessionId) + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    // More than this makes minutes of seconds. Faults that need more are hardly ever seen.
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let queue = Arc::new(EventQueue::new(100).unwrap());
        let handle = Arc::new(SessionHandle::new(0, 1));
        let id = handle.id;
        queue.add_session(handle).unwrap();
        scene(&queue, id);
    });
}

fn spawn(
    queue: &Arc<EventQueue>,
    work: impl FnOnce(&EventQueue) + 'static,
) -> loom::thread::JoinHandle<()> {
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
        assert!(!wait_readable(queue.fd(), 0), "readable without an event");
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
        assert!(!wait_readable(queue.fd(), 0), "readable without an event");
    });
}

/// Like a main loop: sleeps on the descriptor, then takes all events. Loom cannot sleep in poll(2), so the loop yields;
/// a descriptor that never becomes readable makes it yield more often than loom allows.
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
        assert!(!wait_readable(queue.fd(), 0), "readable without an event");
    });
}

#[test]
fn descriptor_is_not_readable_after_a_session_was_removed_with_its_events() {
    explore(|queue, id| {
        let producer = spawn(queue, move |queue| queue.push(id, typing(1)));
        queue.remove(id).unwrap();
        producer.join().unwrap();
        assert!(!wait_readable(queue.fd(), 0), "readable without an event");
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
        assert!(wait_readable(queue.fd(), 0), "a main loop is woken, too");
    });
}
