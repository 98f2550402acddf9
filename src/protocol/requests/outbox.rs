//! Messages on their way out: in order, in one post at a time, each settled exactly once (docs/protocol.md, Messages).
//!
//! A post whose reply was lost is repeated with the same message id: a server that remembers ids drops the second copy, and
//! the echo on the user's own channel settles the message, too. A message that was never sent fails with the cause, one that
//! may have been sent is asked for again by its id and fails with "outcome unknown" only when that does not help.
//!
//! There are no holes: when a message fails for a reason that is not its own, those behind it fail with it. What is not
//! settled when the session ends is part of the saved session, and the next session sends it with the same id.

mod replies;

use crate::protocol::action::Action;
use crate::protocol::answer;
use crate::protocol::backoff::Backoff;
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::requests::message_rule::{MessageError, check_message};
use crate::protocol::requests::rate_limit::Gate;
use crate::protocol::requests::send_batch;
use crate::protocol::requests::unsettled::Unsettled;
use crate::protocol::wire::request::Request;
use crate::status::{Problem, Status};
use crate::types::{Event, Millis, RequestId, Uid};
use std::collections::VecDeque;

/// Messages waiting at once; more are refused. Drivers keep the order by refusing the next ones, too, so theirs is lower.
const MOST_WAITING: usize = 8_192;
/// Bytes of text that wait at once; more are refused.
const MOST_BYTES: usize = 2 << 20;
/// A message that could be sent and is not settled within this time fails, in milliseconds. Less than the 90 s after which
/// hosts give up on a connection. Time spent behind other messages does not count.
const SETTLE_WITHIN: Millis = 75_000;
/// The same for a message that the server may have taken: once the server is back it can say whether it has, in milliseconds.
const KNOWN_WITHIN: Millis = 600_000;
/// Ids of settled messages, remembered to recognise their echoes.
const MOST_SETTLED: usize = 1_024;

/// One message on its way.
#[derive(Debug)]
struct Outgoing {
    /// [`RequestId::NONE`] for a message of an earlier session.
    request: RequestId,
    message: Unsettled,
    /// An attempt ended without an answer, so the server may have taken the message.
    uncertain: bool,
    /// It was repeated because of a refusal that another attempt can cure (stale token, chat off).
    cured: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<Outgoing>,
    /// How many of these, from the first, are in the post under way and not settled.
    posted: usize,
    /// That post is one for several messages.
    is_batch: bool,
    settled: VecDeque<String>,
    backoff: Backoff,
    retry_at: Option<Millis>,
    /// Since when the current message has been the current one.
    since: Millis,
    /// The last answer was that the server is busy.
    is_busy: bool,
    /// Changes with the waiting messages.
    revision: u64,
}

impl Outbox {
    /// True if everything is settled.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// A number that changes whenever a message is added or settled.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// All messages that are not settled, oldest first.
    pub fn unsettled(&self) -> impl Iterator<Item = &Unsettled> {
        self.waiting.iter().map(|outgoing| &outgoing.message)
    }

    /// Takes on what an earlier session of this user has left. The server may have taken any of it.
    pub fn restore(&mut self, now: Millis, left: Vec<Unsettled>) {
        for message in left {
            self.add(
                now,
                Outgoing {
                    request: RequestId::NONE,
                    message,
                    uncertain: true,
                    cured: false,
                },
            );
        }
    }

    fn add(&mut self, now: Millis, outgoing: Outgoing) {
        if self.waiting.is_empty() {
            self.since = now;
        }
        self.waiting.push_back(outgoing);
        self.revision = self.revision.wrapping_add(1);
    }

    /// Takes a message on, or says why not.
    pub fn push(
        &mut self,
        now: Millis,
        web: &WebSession,
        request: RequestId,
        message: Unsettled,
    ) -> Result<(), Problem> {
        if message.file.is_some() && !web.has_files() {
            return Err(answer::unsupported(&web.label(), "files"));
        }
        let may_be_empty = message.file.is_some();
        check_message(&message.text, may_be_empty, web.message_limit()).map_err(|error| {
            let status = match error {
                MessageError::Empty => Status::Argument,
                MessageError::TooLong { .. } => Status::TooLong,
            };
            Problem::new(status, error.to_string())
        })?;
        let bytes = self.unsettled().map(|it| it.text.len());
        let bytes = bytes.fold(message.text.len(), usize::saturating_add);
        if self.waiting.len() >= MOST_WAITING || bytes > MOST_BYTES {
            let text = format!(
                "{} messages are waiting to be sent already",
                self.waiting.len()
            );
            return Err(Problem::new(Status::QueueFull, text));
        }
        self.add(
            now,
            Outgoing {
                request,
                message,
                uncertain: false,
                cured: false,
            },
        );
        Ok(())
    }

    /// True if the current message's time is over.
    pub fn is_expired(&self, now: Millis) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    fn deadline(&self) -> Option<Millis> {
        let within = match self.waiting.front()?.uncertain {
            true => KNOWN_WITHIN,
            false => SETTLE_WITHIN,
        };
        Some(self.since.saturating_add(within))
    }

    /// Fails the current message, whose time is over, and those behind it, which would have to wait for the same reason.
    pub fn expire(&mut self, now: Millis, web: &WebSession, gate: Gate) -> Vec<Action> {
        let gate = if self.is_busy { Gate::Paused } else { gate };
        let why = gate.problem(&web.label());
        let text = format!("The message could not be sent: {}", why.text);
        self.end(now, web, &Problem::new(why.status, text))
    }

    /// The request for the first messages, if it is time for one. The caller makes sure that none is under way.
    pub fn post(&mut self, now: Millis, web: &WebSession) -> Option<Request> {
        if self.retry_at.is_some_and(|at| at > now) {
            return None;
        }
        self.posted = send_batch::size(self.unsettled(), web);
        self.is_batch = self.posted > 1;
        match self.is_batch {
            true => Some(send_batch::request(self.unsettled().take(self.posted), web)),
            false => Some(self.waiting.front()?.message.request(web)),
        }
    }

    /// When a message expires, or can be repeated if nothing prevents that.
    pub fn timeout(&self, can_post: bool) -> Option<Millis> {
        let deadline = self.deadline()?;
        let retry = self.retry_at.filter(|_| can_post);
        Some(retry.map_or(deadline, |at| at.min(deadline)))
    }

    /// The post was dropped. Whether the server took its messages is uncertain.
    pub fn post_dropped(&mut self) {
        let posted = std::mem::take(&mut self.posted);
        let posted = self.waiting.iter_mut().take(posted);
        posted.for_each(|outgoing| outgoing.uncertain = true);
    }

    /// The channel has brought an own message with this id: the event for the host if that settles one, and whether that was the
    /// last one of the post under way.
    pub fn settle_by_echo(&mut self, now: Millis, message_id: &str) -> Option<(Event, bool)> {
        let mut all = self.waiting.iter();
        let place = all.position(|it| it.message.message_id == message_id)?;
        let was_posting = self.posted > 0;
        let event = match place {
            0 => self.sent(now)?,
            _ => sent(self.remove(place)?),
        };
        Some((event, was_posting && self.posted == 0))
    }

    /// True if a message with this id was settled before.
    pub fn has_settled(&self, message_id: &str) -> bool {
        self.settled.iter().any(|id| id == message_id)
    }

    /// True if this message is in the post under way.
    pub fn is_posted(&self, request: RequestId) -> bool {
        let mut posted = self.waiting.iter().take(self.posted);
        posted.any(|it| it.request == request)
    }

    /// The host gives a message up. `None` if there is no such message.
    pub fn cancel(
        &mut self,
        now: Millis,
        web: &WebSession,
        request: RequestId,
        problem: Problem,
    ) -> Option<Action> {
        match self.waiting.iter().position(|it| it.request == request)? {
            0 => self.fail_current(now, web, problem),
            place => Some(given_up(self.remove(place)?, web, problem)),
        }
    }

    /// Fails all messages.
    pub fn end(&mut self, now: Millis, web: &WebSession, why: &Problem) -> Vec<Action> {
        let mut actions = Vec::new();
        while let Some(failed) = self.fail_current(now, web, why.clone()) {
            actions.push(failed);
        }
        actions
    }

    /// Answers all messages; they are in the saved session, so none of them has failed for good.
    pub fn leave(&mut self, now: Millis) -> Vec<Action> {
        let mut actions = Vec::new();
        while let Some(outgoing) = self.settle(now) {
            let text = "The message was not sent before the session ended; it is kept in the saved session";
            actions.push(failed(outgoing, Problem::new(Status::Kept, text)));
        }
        actions
    }

    /// Tries the current message again later; at once the first time unless `patient`.
    fn retry(&mut self, now: Millis, rng: &mut fastrand::Rng, patient: bool) {
        let mut wait = self.backoff.next(rng);
        if patient && wait == 0 {
            wait = self.backoff.next(rng);
        }
        self.retry_at = Some(now.saturating_add(wait));
    }

    fn sent(&mut self, now: Millis) -> Option<Event> {
        self.settle(now).map(sent)
    }

    /// Fails the current message.
    fn fail_current(&mut self, now: Millis, web: &WebSession, why: Problem) -> Option<Action> {
        Some(given_up(self.settle(now)?, web, why))
    }

    /// Takes the current message off the queue. The next one has all its time.
    fn settle(&mut self, now: Millis) -> Option<Outgoing> {
        self.backoff.reset();
        self.retry_at = None;
        self.since = now;
        self.is_busy = false;
        self.remove(0)
    }

    fn remove(&mut self, place: usize) -> Option<Outgoing> {
        let outgoing = self.waiting.remove(place)?;
        if place < self.posted {
            self.posted = self.posted.saturating_sub(1);
        }
        self.revision = self.revision.wrapping_add(1);
        if self.settled.len() >= MOST_SETTLED {
            self.settled.pop_front();
        }
        self.settled.push_back(outgoing.message.message_id.clone());
        Some(outgoing)
    }
}

fn sent(outgoing: Outgoing) -> Event {
    Event::Sent {
        request: outgoing.request,
        to: Uid(outgoing.message.to),
        message_id: outgoing.message.message_id,
    }
}

/// An earlier attempt may have been taken, and what is known now says nothing about that one.
fn given_up(outgoing: Outgoing, web: &WebSession, why: Problem) -> Action {
    let problem = match outgoing.uncertain {
        true => {
            let server = web.label();
            let text =
                format!("{server} did not confirm the message; it may or may not have arrived");
            Problem::new(Status::OutcomeUnknown, text)
        }
        false => why,
    };
    failed(outgoing, problem)
}

fn failed(outgoing: Outgoing, problem: Problem) -> Action {
    Action::Tell(match outgoing.request {
        // The host cannot tell by the request which message this is about.
        RequestId::NONE => Event::EarlierFailed {
            to: Uid(outgoing.message.to),
            text: outgoing.message.text,
            file: outgoing.message.file,
            problem,
        },
        request => Event::Failed { request, problem },
    })
}
