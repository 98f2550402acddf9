//! Messages on their way out: in order, one at a time, each settled exactly once (docs/protocol.md, Messages).
//!
//! A post whose reply was lost is repeated with the same message id: a server that remembers ids drops the second copy, and
//! the echo on the user's own channel settles the message, too. A message that was never sent fails with the cause, one that
//! may have been sent fails with "outcome unknown".

use crate::protocol::action::Action;
use crate::protocol::answer::{self, Failure, Ignored};
use crate::protocol::backoff::Backoff;
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::error_code::ErrorCode;
use crate::protocol::requests::message_rule::{MessageError, check_message};
use crate::protocol::requests::rate_limit::Gate;
use crate::protocol::wire::exchange::Outcome;
use crate::protocol::wire::reply::AjaxError;
use crate::protocol::wire::request::Request;
use crate::status::{Problem, Status};
use crate::types::{Event, Millis, RequestId, Uid, UnixMillis};
use std::collections::VecDeque;

/// Messages waiting at once; more are refused.
const MOST_WAITING: usize = 256;
/// A message that is not settled by then fails, in milliseconds. Less than the 90 s after which hosts give up on a connection.
const SETTLE_WITHIN: Millis = 75_000;
/// Ids of settled messages, remembered to recognise their echoes.
const MOST_SETTLED: usize = 1_024;

/// One message on its way.
#[derive(Debug)]
struct Outgoing {
    request: RequestId,
    to: Uid,
    text: String,
    /// The same in all attempts.
    message_id: String,
    /// The same in all attempts.
    client_time: UnixMillis,
    /// An attempt ended without an answer, so the server may have taken the message.
    uncertain: bool,
    /// It was repeated because of a refusal that another attempt can cure (stale token, chat off).
    cured: bool,
    deadline: Millis,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<Outgoing>,
    settled: VecDeque<String>,
    backoff: Backoff,
    retry_at: Option<Millis>,
}

impl Outbox {
    /// True if everything is settled.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes a message on, or says why not.
    pub fn push(
        &mut self,
        (now, unix): (Millis, UnixMillis),
        web: &WebSession,
        rng: &mut fastrand::Rng,
        request: RequestId,
        (to, text): (Uid, String),
    ) -> Result<(), Problem> {
        check_message(&text, web.message_limit()).map_err(|error| {
            let status = match error {
                MessageError::Empty => Status::Argument,
                MessageError::TooLong { .. } => Status::TooLong,
            };
            Problem::new(status, error.to_string())
        })?;
        if self.waiting.len() >= MOST_WAITING {
            let text = format!("{MOST_WAITING} messages are waiting to be sent already");
            return Err(Problem::new(Status::QueueFull, text));
        }
        self.waiting.push_back(Outgoing {
            request,
            to,
            text,
            message_id: rng.u32(1..=0x7fff_ffff).to_string(),
            client_time: unix,
            uncertain: false,
            cured: false,
            deadline: now.saturating_add(SETTLE_WITHIN),
        });
        Ok(())
    }

    /// True if the current message's time is over. All have the same time, so no later message can expire before it.
    pub fn is_expired(&self, now: Millis) -> bool {
        self.waiting.front().is_some_and(|it| it.deadline <= now)
    }

    /// Fails the current message, whose time is over.
    pub fn expire(&mut self, web: &WebSession, gate: Gate) -> Option<Action> {
        self.fail_current(web, || {
            let server = web.label();
            let (status, why) = match gate {
                Gate::Paused => (Status::RateLimited, "is busy and asked to wait"),
                _ => (Status::Timeout, "was not reachable in time"),
            };
            let text = format!("The message could not be sent: {server} {why}");
            Problem::new(status, text)
        })
    }

    /// The request for the current message, if it is time for one. The caller makes sure that none is under way.
    pub fn post(&self, now: Millis, web: &WebSession) -> Option<Request> {
        if self.retry_at.is_some_and(|at| at > now) {
            return None;
        }
        let outgoing = self.waiting.front()?;
        let (to, time) = (outgoing.to.to_string(), outgoing.client_time.to_string());
        let fields = [
            ("msg_text", outgoing.text.as_str()),
            ("msg_id", &outgoing.message_id),
            ("client_time", &time),
            ("to", &to),
            ("num_tabs", "1"),
        ];
        Some(web.post("/ajax/chat/send.php", &fields))
    }

    /// When a message expires, or can be repeated if nothing prevents that.
    pub fn timeout(&self, can_post: bool) -> Option<Millis> {
        let deadline = self.waiting.front()?.deadline;
        let retry = self.retry_at.filter(|_| can_post);
        Some(retry.map_or(deadline, |at| at.min(deadline)))
    }

    /// The post of the current message was dropped. Whether the server took it is uncertain.
    pub fn post_dropped(&mut self) {
        if let Some(outgoing) = self.waiting.front_mut() {
            outgoing.uncertain = true;
        }
    }

    /// The channel has brought an own message with this id: the event for the host if that settles the current message. Messages
    /// leave in order, so only the current one can be on the channel without being settled.
    pub fn settle_by_echo(&mut self, message_id: &str) -> Option<Event> {
        let current = self.waiting.front()?;
        (current.message_id == message_id).then(|| self.sent())?
    }

    /// True if a message with this id was settled before.
    pub fn has_settled(&self, message_id: &str) -> bool {
        self.settled.iter().any(|id| id == message_id)
    }

    /// True if this is the message that is posted next, or under way.
    pub fn is_current(&self, request: RequestId) -> bool {
        self.waiting.front().is_some_and(|it| it.request == request)
    }

    /// The host gives a message up. `None` if there is no such message.
    pub fn cancel(
        &mut self,
        web: &WebSession,
        request: RequestId,
        problem: Problem,
    ) -> Option<Action> {
        if self.is_current(request) {
            return self.fail_current(web, || problem);
        }
        let place = self.waiting.iter().position(|it| it.request == request)?;
        self.waiting.remove(place)?;
        Some(Action::Tell(Event::Failed { request, problem }))
    }

    /// Fails all messages.
    pub fn end(&mut self, web: &WebSession, why: &Problem) -> Vec<Action> {
        let mut actions = Vec::new();
        while let Some(failed) = self.fail_current(web, || why.clone()) {
            actions.push(failed);
        }
        actions
    }

    /// Takes the reply to the post of the current message.
    pub fn reply(
        &mut self,
        now: Millis,
        web: &WebSession,
        rng: &mut fastrand::Rng,
        wants_chat: bool,
        outcome: Outcome,
    ) -> Option<Action> {
        let not_taken = match &outcome {
            Ok(reply) => reply.status == 429,
            Err(error) => error.fault.never_sent(),
        };
        match answer::read_explicit::<Ignored>(&web.label(), outcome, "sending a message") {
            Ok(_) => self.sent().map(Action::Tell),
            Err(Failure::Refused(error)) => self.refused(now, web, rng, wants_chat, error),
            Err(Failure::Lost(_)) => {
                if let Some(outgoing) = self.waiting.front_mut() {
                    outgoing.uncertain |= !not_taken;
                }
                self.retry(now, rng, false);
                None
            }
        }
    }

    /// The server said no (docs/protocol.md, Messages): cured and repeated once where that can help, else reported.
    fn refused(
        &mut self,
        now: Millis,
        web: &WebSession,
        rng: &mut fastrand::Rng,
        wants_chat: bool,
        error: AjaxError,
    ) -> Option<Action> {
        let outgoing = self.waiting.front_mut()?;
        if error.is_logged_out() {
            return Some(Action::Cure(error));
        }
        let chat_is_off = error.code == ErrorCode::CHAT_IS_OFF && wants_chat;
        let curable = error.is_stale_token() || chat_is_off;
        if curable && !std::mem::replace(&mut outgoing.cured, true) {
            if error.is_stale_token() {
                return Some(Action::Cure(error));
            }
            self.retry(now, rng, true);
            return Some(Action::RepeatVisibility);
        }
        if error.code == ErrorCode::SERVER_BUSY {
            self.retry(now, rng, true);
            return None;
        }
        self.fail_current(web, || refusal(error))
    }

    /// Tries the current message again later; at once the first time unless `patient`.
    fn retry(&mut self, now: Millis, rng: &mut fastrand::Rng, patient: bool) {
        let mut wait = self.backoff.next(rng);
        if patient && wait == 0 {
            wait = self.backoff.next(rng);
        }
        self.retry_at = Some(now.saturating_add(wait));
    }

    fn sent(&mut self) -> Option<Event> {
        let outgoing = self.settle()?;
        Some(Event::Sent {
            request: outgoing.request,
            to: outgoing.to,
            message_id: outgoing.message_id,
        })
    }

    /// Fails the current message. An earlier attempt may have been taken, and what is known now says nothing about that one.
    fn fail_current(&mut self, web: &WebSession, why: impl FnOnce() -> Problem) -> Option<Action> {
        let outgoing = self.settle()?;
        let problem = match outgoing.uncertain {
            true => {
                let server = web.label();
                let text = format!(
                    "The connection to {server} broke while the message was on its way; it may or may not have arrived"
                );
                Problem::new(Status::OutcomeUnknown, text)
            }
            false => why(),
        };
        let request = outgoing.request;
        Some(Action::Tell(Event::Failed { request, problem }))
    }

    /// Takes the current message off the queue.
    fn settle(&mut self) -> Option<Outgoing> {
        self.backoff.reset();
        self.retry_at = None;
        let outgoing = self.waiting.pop_front()?;
        if self.settled.len() >= MOST_SETTLED {
            self.settled.pop_front();
        }
        self.settled.push_back(outgoing.message_id.clone());
        Some(outgoing)
    }
}

/// The problem of a message that the server refuses.
fn refusal(error: AjaxError) -> Problem {
    let code = error.code;
    let said = |otherwise: &str| match error.description.is_empty() {
        true => format!("{otherwise} (error {code})"),
        false => error.description.clone(),
    };
    match code {
        ErrorCode::RECIPIENT_OFFLINE => {
            Problem::new(Status::RecipientOffline, said("This person is not online"))
        }
        ErrorCode::CAPTCHA => Problem::new(
            Status::Challenge,
            said("The server wants a captcha solved in a web browser"),
        ),
        ErrorCode::CHAT_IS_OFF => Problem::new(
            Status::Refused,
            "Your chat is switched off (invisible), so the server takes no messages from you",
        ),
        _ => Problem::new(Status::Refused, said("The server refused the message")),
    }
}
