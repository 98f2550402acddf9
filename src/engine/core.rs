//! What the sessions' tasks share with each other and with the host's threads: queue, connections, clocks.

#![forbid(unsafe_code)]

use super::event_queue::EventQueue;
use super::http::Pools;
use super::log::Level;
use super::session_handle::SessionHandle;
use super::staging::Staging;
use crate::protocol::Now;
use crate::status::{Problem, Status};
use crate::types::{Event, Millis};
use std::time::{Duration, Instant, SystemTime};

/// Later deadlines are looked at again after this time.
const LONGEST_SLEEP: Duration = Duration::from_secs(86_400);

/// The shared part of one client.
pub(super) struct Core {
    pub(super) queue: EventQueue,
    staging: Staging,
    pub(super) pools: Pools,
    start: Instant,
    log_level: Option<Level>,
}

impl Core {
    pub(super) fn new(queue: EventQueue, log_level: Option<Level>) -> Self {
        Core {
            queue,
            staging: Staging::default(),
            pools: Pools::default(),
            start: Instant::now(),
            log_level,
        }
    }

    /// Passes messages on to the host, together with those of the other sessions that have some now.
    pub(super) fn emit_messages(&self, handle: &SessionHandle, messages: Vec<Event>) {
        handle.pass_messages(messages, |messages| {
            self.staging.add(&self.queue, handle.id, messages);
        });
    }

    /// Queues the messages that were collected.
    pub(super) fn flush(&self) {
        self.staging.flush(&self.queue);
    }

    /// Queues them whenever the tasks that had some have run; part of the worker.
    pub(super) async fn flush_in_turn(&self) -> ! {
        loop {
            self.staging.filled().await;
            self.flush();
        }
    }

    /// Queues an event that is not a message. Every request gets exactly one answer: a second one is dropped, a missing one is added before CLOSED.
    pub(super) fn emit(&self, handle: &SessionHandle, event: Event) {
        handle.apply(event, |event, effect| {
            // The messages before it come first.
            self.flush();
            for request in effect.unanswered {
                let problem = Problem::new(
                    Status::Cancelled,
                    "The session ended before this was answered",
                );
                self.queue
                    .push(handle.id, Event::Failed { request, problem });
            }
            if effect.wanted {
                self.queue.push(handle.id, event);
            }
        });
    }

    /// Both clocks, read once.
    pub(super) fn now(&self) -> Now {
        let since_start = self.start.elapsed().as_millis();
        let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Now {
            monotonic: u64::try_from(since_start).unwrap_or(u64::MAX),
            unix: i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX),
        }
    }

    /// Converts the protocol's monotonic time to the runtime's, at most [`LONGEST_SLEEP`] ahead.
    pub(super) fn instant(&self, due: Millis) -> tokio::time::Instant {
        let due = Duration::from_millis(due);
        let left = due.saturating_sub(self.start.elapsed()).min(LONGEST_SLEEP);
        let now = tokio::time::Instant::now();
        now.checked_add(left).unwrap_or(now)
    }

    /// True if the host wants log lines of this level.
    pub(super) fn logs(&self, level: Level) -> bool {
        self.log_level.is_some_and(|most| level <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::super::polled::Polled;
    use super::*;
    use std::sync::Arc;

    #[test]
    fn other_events_do_not_overtake_messages() {
        let core = Core::new(EventQueue::new(100).unwrap(), None);
        let handle = Arc::new(SessionHandle::new(0, 1));
        core.queue.add_session(handle.clone()).unwrap();
        core.emit_messages(&handle, vec![Event::Inbox(1), Event::Inbox(2)]);
        core.emit(&handle, Event::Inbox(3));
        for number in 1..=3 {
            match core.queue.poll(Some(Duration::ZERO), None) {
                Ok(Polled::Event(found)) => assert_eq!(found.event, Event::Inbox(number)),
                other => panic!("{other:?}"),
            }
        }
    }
}
