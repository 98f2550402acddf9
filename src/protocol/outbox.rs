//! Messages on their way out: in order, one at a time, each settled exactly once (docs/protocol.md, Messages).
//!
//! A post whose reply was lost is repeated under the same message id: a server that keeps ids drops the second copy, and
//! the echo on the own channel settles it too. What never left fails with its cause, what may have left as "outcome unknown".

use super::backoff::Backoff;
use crate::types::{Millis, RequestId, Uid, UnixMillis};
use std::collections::VecDeque;

/// Messages waiting at once; more are refused.
pub(super) const MOST_WAITING: usize = 256;
/// A message that is not settled by then fails, in milliseconds. Below the 90 s after which hosts give up on a connection.
const SETTLE_WITHIN: Millis = 75_000;
/// Ids of settled messages, kept to know their echoes.
const MOST_SETTLED: usize = 1_024;

/// One message on its way.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The command's tag.
    pub request: RequestId,
    /// The recipient.
    pub to: Uid,
    /// Plain text.
    pub text: String,
    /// Stays the same through all attempts.
    pub message_id: String,
    /// Stays the same through all attempts.
    pub client_time: UnixMillis,
    /// True once an attempt ended without an answer, so that the server may have taken it.
    pub uncertain: bool,
    /// True once it was repeated because of a refusal that another attempt can cure (stale token, chat off).
    pub cured: bool,
    deadline: Millis,
}

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Outgoing>,
    settled: VecDeque<String>,
    backoff: Backoff,
    retry_at: Option<Millis>,
}

impl Outbox {
    /// True if no more fit.
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= MOST_WAITING
    }

    /// True if all is settled.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Queues a message.
    pub fn push(
        &mut self,
        now: Millis,
        request: RequestId,
        to: Uid,
        text: String,
        message_id: String,
        client_time: UnixMillis,
    ) {
        self.waiting.push_back(Outgoing {
            request,
            to,
            text,
            message_id,
            client_time,
            uncertain: false,
            cured: false,
            deadline: now.saturating_add(SETTLE_WITHIN),
        });
    }

    /// The message to post now, if it is time for one. The caller sees to it that none is in flight.
    pub fn due(&mut self, now: Millis) -> Option<&mut Outgoing> {
        if self.retry_at.is_some_and(|at| at > now) {
            return None;
        }
        self.waiting.front_mut()
    }

    /// The message whose attempt just ended.
    pub fn current(&mut self) -> Option<&mut Outgoing> {
        self.waiting.front_mut()
    }

    /// Takes the current message off, settled one way or the other.
    pub fn settle(&mut self) -> Option<Outgoing> {
        self.backoff.reset();
        self.retry_at = None;
        let outgoing = self.waiting.pop_front()?;
        self.remember(outgoing.message_id.clone());
        Some(outgoing)
    }

    /// Takes one message off, given up by the host.
    pub fn take(&mut self, request: RequestId) -> Option<Outgoing> {
        let place = self.waiting.iter().position(|it| it.request == request)?;
        if place == 0 {
            return self.settle();
        }
        self.waiting.remove(place)
    }

    fn remember(&mut self, message_id: String) {
        if self.settled.len() >= MOST_SETTLED {
            self.settled.pop_front();
        }
        self.settled.push_back(message_id);
    }

    /// Tries the current message again later; at once the first time unless `patient`.
    pub fn retry(&mut self, now: Millis, rng: &mut fastrand::Rng, patient: bool) {
        let mut wait = self.backoff.next(rng);
        if patient && wait == 0 {
            wait = self.backoff.next(rng);
        }
        self.retry_at = Some(now.saturating_add(wait));
    }

    /// True if a message under this id was settled before.
    pub fn has_settled(&self, message_id: &str) -> bool {
        self.settled.iter().any(|id| id == message_id)
    }

    /// True if the current message's time is over. All get the same time, so it is the first whose time can be.
    pub fn is_expired(&self, now: Millis) -> bool {
        self.waiting
            .front()
            .is_some_and(|outgoing| outgoing.deadline <= now)
    }

    /// When [`Outbox::is_expired`] wants to be asked, and [`Outbox::due`] unless nothing can be posted now anyway.
    pub fn timeout(&self, blocked: bool) -> Option<Millis> {
        let deadline = self.waiting.front()?.deadline;
        let retry = self.retry_at.filter(|_| !blocked);
        Some(retry.map_or(deadline, |at| at.min(deadline)))
    }
}
