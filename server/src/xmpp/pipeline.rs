//! The elements of a client that are not finished yet, in the order in which they arrived. More messages are read while one waits for the
//! disk, so that all that have arrived share a commit.
//!
//! A stanza that needs the database while it is away waits for it: the client need not do anything about it, and its user need not send a
//! message again. Nothing more is read from the client meanwhile. When that takes long, the stanza is refused, and those after it at once.

use std::collections::VecDeque;
use std::future::{pending, poll_fn, ready};
use std::pin::Pin;
use std::task::{self, Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::errors::StanzaError;
use super::xml::{Element, ns};
use crate::types::Uid;

/// With this many elements or bytes in the pipeline, nothing more is read from the client.
const MOST: usize = 32;
const BYTES: usize = 64 << 10;
/// How long stanzas wait for the database, from the first one on. Databases restart in less.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often they are tried again.
const RETRY: Duration = Duration::from_millis(500);

/// The result of a stanza.
pub type Outcome = Result<(), StanzaError>;
pub type PendingOutcome = Pin<Box<dyn Future<Output = Outcome> + Send + Sync>>;

/// A stanza of the client, or another element that takes its turn among them.
pub struct Received {
    pub element: Element,
    /// Its number among all stanzas of the client.
    pub number: u32,
}

/// The recipient of a message, and its id.
pub type MessageKey = (Uid, String);

/// A message on its way to the disk.
pub struct Sending {
    pub key: MessageKey,
    pub outcome: PendingOutcome,
}

/// An element whose turn has come.
pub struct Done {
    pub received: Received,
    /// The key of a message that was submitted.
    pub key: Option<MessageKey>,
    pub outcome: Outcome,
}

/// An element in the pipeline. Without an outcome it has not been carried out yet. If the outcome is that the database was away, it is
/// carried out again.
pub struct Entry {
    pub received: Received,
    pub key: Option<MessageKey>,
    pub outcome: Option<PendingOutcome>,
}

#[derive(Default)]
pub struct Pipeline {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// When the elements are tried again, while the first of them waits for the database.
    again: Option<Instant>,
    /// When a stanza first had to wait for the database, and when one last did.
    outage: Option<(Instant, Instant)>,
}

impl Pipeline {
    /// Adds a message on its way.
    pub fn push_sending(&mut self, received: Received, Sending { key, outcome }: Sending) {
        self.push(Entry {
            received,
            key: Some(key),
            outcome: Some(outcome),
        });
    }

    /// Adds an element that has been carried out, and only waits for its turn.
    pub fn push_done(&mut self, received: Received, outcome: Outcome) {
        self.push(Entry {
            received,
            key: None,
            outcome: Some(Box::pin(ready(outcome))),
        });
    }

    /// Adds an element behind one that waits for the database.
    pub fn push_held(&mut self, received: Received) {
        self.push(Entry {
            received,
            key: None,
            outcome: None,
        });
    }

    pub fn push(&mut self, entry: Entry) {
        self.bytes += entry.received.element.size();
        self.entries.push_back(entry);
    }

    /// Whether more can be read from the client.
    pub fn has_room(&self) -> bool {
        self.again.is_none() && self.entries.len() < MOST && self.bytes < BYTES
    }

    /// When the elements are tried again, if they wait for the database.
    pub fn again(&self) -> Option<Instant> {
        self.again
    }

    /// Whether a message has been submitted, and what became of it is not known yet.
    pub fn is_sending(&self, to: Uid, msg_id: &str) -> bool {
        let mut keys = self.entries.iter().filter_map(|entry| entry.key.as_ref());
        keys.any(|(uid, id)| *uid == to && id == msg_id)
    }

    /// Takes the first element once it is done. Returns `None` if the pipeline is empty or waits for the database. Cancel safe.
    pub async fn next(&mut self) -> Option<Done> {
        poll_fn(|context| self.poll(context)).await
    }

    /// Takes the first element once it is done. Does not return while there is none.
    pub async fn done(&mut self) -> Done {
        match self.next().await {
            Some(done) => done,
            None => pending().await,
        }
    }

    /// Takes the first element if it is done already.
    pub async fn ready(&mut self) -> Option<Done> {
        let look = |context: &mut Context<'_>| match self.poll(context) {
            Poll::Ready(done) => Poll::Ready(done),
            Poll::Pending => Poll::Ready(None),
        };
        poll_fn(look).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Done>> {
        let first = self.entries.front_mut().filter(|_| self.again.is_none());
        let Some(outcome) = first.and_then(|first| first.outcome.as_mut()) else {
            return Poll::Ready(None);
        };
        let outcome = task::ready!(outcome.as_mut().poll(context));
        let first = self.entries.pop_front();
        Poll::Ready(first.map(|Entry { received, key, .. }| {
            self.bytes -= received.element.size();
            Done {
                received,
                key,
                outcome,
            }
        }))
    }

    /// Puts an element back to the front because the database is away; those behind it wait, too. Returns it if it has waited too long.
    pub fn hold(&mut self, received: Received, now: Instant) -> Option<Received> {
        let passed = |time| now.saturating_duration_since(time);
        let since = match self.outage {
            Some((first, last)) if passed(last) < PATIENCE => first,
            _ => now,
        };
        self.outage = Some((since, now));
        if passed(since) >= PATIENCE {
            return Some(received);
        }
        self.bytes += received.element.size();
        self.entries.push_front(Entry {
            received,
            key: None,
            outcome: None,
        });
        self.again = Some(now + RETRY);
        None
    }

    /// The elements to try again now, in their order.
    pub fn due(&mut self, now: Instant) -> VecDeque<Entry> {
        match self.again {
            Some(again) if again <= now => self.take(),
            _ => VecDeque::new(),
        }
    }

    /// Removes the elements that wait for the database, and returns their stanzas.
    pub fn forget(&mut self) -> Vec<Element> {
        let stanzas = self.take().into_iter().map(|entry| entry.received.element);
        stanzas.filter(|stanza| stanza.ns == ns::CLIENT).collect()
    }

    fn take(&mut self) -> VecDeque<Entry> {
        self.again = None;
        self.bytes = 0;
        std::mem::take(&mut self.entries)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::sync::oneshot;

    use super::*;

    fn received(number: u32) -> Received {
        Received {
            element: Element::new("message", ns::CLIENT),
            number,
        }
    }

    fn next(pipeline: &mut Pipeline) -> Option<u32> {
        let done = pipeline.ready().now_or_never().flatten()?;
        Some(done.received.number)
    }

    #[test]
    fn what_is_done_waits_for_its_turn_and_little_is_read_meanwhile() {
        let mut pipeline = Pipeline::default();
        let (stored, outcome) = oneshot::channel();
        let key = (Uid(1), "7".to_owned());
        let outcome = Box::pin(async { outcome.await.unwrap() });
        pipeline.push_sending(received(1), Sending { key, outcome });
        pipeline.push_done(received(2), Err(StanzaError::bad_request()));
        assert!(next(&mut pipeline).is_none() && pipeline.is_sending(Uid(1), "7"));
        stored.send(Ok(())).unwrap();
        assert_eq!(next(&mut pipeline), Some(1));
        assert!(!pipeline.is_sending(Uid(1), "7"));
        let done = pipeline.ready().now_or_never().flatten().unwrap();
        assert!(done.received.number == 2 && done.outcome.is_err());
        assert!(pipeline.next().now_or_never().unwrap().is_none());

        let fill = |element: Element| {
            let (mut pipeline, mut count) = (Pipeline::default(), 0);
            while pipeline.has_room() {
                let element = element.clone();
                pipeline.push_done(Received { element, number: 0 }, Ok(()));
                count += 1;
            }
            assert!(next(&mut pipeline).is_some() && pipeline.has_room());
            count
        };
        let message = Element::new("message", ns::CLIENT);
        assert_eq!(fill(message.clone()), MOST);
        let body = Element::new("body", ns::CLIENT).text("x".repeat(BYTES / 2));
        assert_eq!(fill(message.child(body)), 2);
    }

    #[test]
    fn stanzas_wait_together_for_the_database_and_not_for_ever() {
        let (mut pipeline, start) = (Pipeline::default(), Instant::now());
        pipeline.push_done(received(2), Ok(()));
        assert!(pipeline.hold(received(1), start).is_none());
        pipeline.push_held(received(3));
        assert!(!pipeline.has_room() && next(&mut pipeline).is_none());
        assert!(pipeline.due(start).is_empty());
        let due = pipeline.due(start + RETRY);
        let numbers = due.iter().map(|entry| entry.received.number);
        assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3]);
        assert!(pipeline.again().is_none() && pipeline.has_room());
        assert!(pipeline.hold(received(4), start + RETRY).is_none());
        // Those that follow have waited as long as the first.
        for time in [start + PATIENCE, start + PATIENCE * 3 / 2] {
            pipeline.forget();
            assert!(pipeline.hold(received(5), time).is_some() && pipeline.again().is_none());
        }
        // That is another outage.
        assert!(pipeline.hold(received(6), start + PATIENCE * 3).is_none());
        assert_eq!(pipeline.forget().len(), 1);
        assert!(pipeline.again().is_none());
    }
}
