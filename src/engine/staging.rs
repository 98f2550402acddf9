//! Messages on their way from the sessions' tasks to the event queue.
//!
//! Answers to many long-polls arrive together. Queuing each one separately would wake the host for every answer, because it goes
//! back to sleep before the next one. So messages are collected while the tasks that are ready run, and a separate task queues
//! them together. The first message wakes that task, so it runs after the others.

#![forbid(unsafe_code)]

use super::event_queue::EventQueue;
use super::session_handle::SessionId;
use super::sync::{Mutex, lock};
use crate::types::Event;
use tokio::sync::Notify;

/// With this many messages the host can start, so they are queued at once.
const MOST: usize = 32;

/// The messages that are collected.
#[derive(Debug, Default)]
pub(super) struct Staging {
    /// Locked until they are queued, so that none overtakes another.
    batches: Mutex<Batches>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Batches {
    batches: Vec<(SessionId, Vec<Event>)>,
    messages: usize,
}

impl Staging {
    /// Adds the messages of a session.
    pub(super) fn add(&self, queue: &EventQueue, id: SessionId, messages: Vec<Event>) {
        let mut waiting = lock(&self.batches);
        waiting.messages = waiting.messages.saturating_add(messages.len());
        let is_first = waiting.batches.is_empty();
        waiting.batches.push((id, messages));
        if waiting.messages >= MOST {
            waiting.flush(queue);
        } else if is_first {
            self.filled.notify_one();
        }
    }

    /// Queues what was collected.
    pub(super) fn flush(&self, queue: &EventQueue) {
        lock(&self.batches).flush(queue);
    }

    /// Waits for the first messages after a flush.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }
}

impl Batches {
    fn flush(&mut self, queue: &EventQueue) {
        if !self.batches.is_empty() {
            self.messages = 0;
            queue.push_all(self.batches.drain(..));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::polled::Polled;
    use super::super::session_handle::SessionHandle;
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    fn open(queue: &EventQueue) -> SessionId {
        let handle = Arc::new(SessionHandle::new(0, 1));
        let id = handle.id;
        queue.add_session(handle).unwrap();
        id
    }

    fn taken(queue: &EventQueue) -> Vec<(SessionId, Event)> {
        let next = || match queue.poll(Some(Duration::ZERO), None) {
            Ok(Polled::Event(it)) => Some((it.session, it.event)),
            _ => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn messages_are_queued_together_in_order_and_not_kept_when_there_are_many() {
        let queue = EventQueue::new(10_000).unwrap();
        let staging = Staging::default();
        let (a, b) = (open(&queue), open(&queue));
        staging.add(&queue, a, vec![Event::Inbox(1), Event::Inbox(2)]);
        staging.add(&queue, b, vec![Event::Inbox(3)]);
        assert_eq!(taken(&queue), []);
        staging.flush(&queue);
        let together = [
            (a, Event::Inbox(1)),
            (b, Event::Inbox(3)),
            (a, Event::Inbox(2)),
        ];
        assert_eq!(taken(&queue), together);
        staging.add(&queue, a, vec![Event::Inbox(4); MOST]);
        assert_eq!(taken(&queue).len(), MOST);
        staging.flush(&queue);
        assert_eq!(taken(&queue), []);
    }
}
