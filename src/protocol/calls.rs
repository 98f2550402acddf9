//! Calls beside the long-poll: messages out, buddy list, history, logout. What goes out and what its reply means.

use super::call::{Call, Flight};
use super::exchange::{Reply, TransportError};
use super::link::IgnoredPayload;
use super::outbox::{MOST_WAITING, Outgoing};
use super::session::{Now, Session};
use super::wire::{self, AjaxError};
use crate::status::{Problem, Status};
use crate::types::{Event, OwnPresence, RequestId, Uid};
use serde::Deserialize;

/// What came of a call.
pub(super) enum Answer<T> {
    Ok(T),
    Refused(AjaxError),
    /// No usable reply.
    Lost(Problem),
}

impl Session {
    /// Takes a reply, whatever it answers.
    pub(super) fn reply(
        &mut self,
        now: Now,
        flight: Flight,
        result: Result<Reply, TransportError>,
    ) {
        if let Ok(reply) = &result {
            self.cookies.take(&flight.url, &reply.set_cookie);
        }
        match flight.call.clone() {
            Call::Link(step) => self.link_reply(now, step, &flight, result),
            Call::Send => self.send_reply(now, result),
            Call::Settled => {}
            Call::BuddyList(request) => self.buddy_list_reply(now, request, result),
            Call::Question(request) | Call::Picture(request) => {
                self.question_reply(now, request, result);
            }
            Call::FriendRequests => self.friend_requests_reply(now, result),
            Call::MarkRead(what) => self.read_mark_reply(now, what, result),
            Call::Tokens => self.tokens_reply(now, &flight.url, result),
            Call::Typing => {
                if let Answer::Refused(error) =
                    self.written::<IgnoredPayload>(result, "telling of typing")
                {
                    self.cure(now, &error);
                }
            }
            Call::Visibility(visible) => {
                match self.written::<IgnoredPayload>(result, "setting the visibility") {
                    Answer::Ok(_) => self.visible_there = Some(visible),
                    Answer::Refused(error) => self.cure(now, &error),
                    Answer::Lost(_) => {}
                }
            }
            Call::Logout => self.logout_done(),
            Call::Farewell => self.close(None, None),
        }
    }

    pub(super) fn answer<T: for<'b> Deserialize<'b>>(
        &self,
        result: Result<Reply, TransportError>,
        doing: &str,
    ) -> Answer<Option<T>> {
        let reply = match result {
            Ok(reply) => reply,
            Err(error) => return Answer::Lost(self.problem(&error, doing)),
        };
        match wire::ajax::<T>(&reply.body) {
            Ok(Ok(payload)) if reply.status < 300 => Answer::Ok(payload),
            Ok(Err(error)) => Answer::Refused(error),
            _ if reply.status >= 300 => {
                let text = format!(
                    "{} answered with HTTP status {} while {doing}",
                    self.server(),
                    reply.status
                );
                Answer::Lost(Problem::new(Status::Http, text))
            }
            _ => {
                let text = format!(
                    "{} sent something that is no chat reply while {doing}",
                    self.server()
                );
                Answer::Lost(Problem::new(Status::BadReply, text))
            }
        }
    }

    /// What came of a write, or of a question. Only a reply that says so counts as done: a proxy's page may hold an object, too.
    pub(super) fn written<T: for<'b> Deserialize<'b>>(
        &self,
        result: Result<Reply, TransportError>,
        doing: &str,
    ) -> Answer<Option<T>> {
        let explicit =
            matches!(&result, Ok(reply) if reply.status == 200 && wire::has_verdict(&reply.body));
        match self.answer(result, doing) {
            Answer::Ok(payload) if explicit => Answer::Ok(payload),
            Answer::Ok(_) => {
                let text = format!(
                    "{} sent something that is no chat reply while {doing}",
                    self.server()
                );
                Answer::Lost(Problem::new(Status::BadReply, text))
            }
            Answer::Refused(error) => Answer::Refused(error),
            Answer::Lost(problem) => Answer::Lost(problem),
        }
    }

    /// True if calls can be made: the session is known to the server and has its tokens.
    pub(super) fn may_write(&self) -> bool {
        self.uid.is_some() && !self.tokens_stale
    }

    pub(super) fn queue_send(&mut self, now: Now, request: RequestId, to: Uid, text: String) {
        let limit = self.message_limit();
        let length = text.chars().count();
        let refusal = if text.is_empty() {
            Some(Problem::new(Status::Argument, "A message needs text"))
        } else if length > limit {
            let text = format!(
                "The message has {length} characters; {} takes at most {limit}",
                self.server()
            );
            Some(Problem::new(Status::TooLong, text))
        } else if self.outbox.is_full() {
            let text = format!("{MOST_WAITING} messages are waiting to be sent already");
            Some(Problem::new(Status::QueueFull, text))
        } else {
            None
        };
        if let Some(problem) = refusal {
            return self.emit(Event::Failed { request, problem });
        }
        let message_id = self.rng.u32(1..=0x7fff_ffff).to_string();
        self.note_conversation(to, now.unix.saturating_add(self.server_ahead));
        self.outbox
            .push(now.monotonic, request, to, text, message_id, now.unix);
    }

    /// Posts the next message if none is in flight, and fails those whose time is over.
    pub(super) fn pump_outbox(&mut self, now: Now) {
        while let Some(outgoing) = self.expired_send(now) {
            let problem = match outgoing.uncertain {
                true => self.outcome_unknown(),
                false => {
                    let text = format!(
                        "The message could not be sent: {} was not reachable in time",
                        self.server()
                    );
                    Problem::new(Status::Timeout, text)
                }
            };
            self.emit(Event::Failed {
                request: outgoing.request,
                problem,
            });
        }
        if !self.may_write()
            || self
                .flights
                .values()
                .any(|flight| flight.call == Call::Send)
        {
            return;
        }
        let Some(outgoing) = self.outbox.due(now.monotonic) else {
            return;
        };
        let (to, time) = (outgoing.to.to_string(), outgoing.client_time.to_string());
        let (text, id) = (outgoing.text.clone(), outgoing.message_id.clone());
        let fields = [
            ("msg_text", text.as_str()),
            ("msg_id", &id),
            ("client_time", &time),
            ("to", &to),
            ("num_tabs", "1"),
        ];
        self.post(now, Call::Send, "/ajax/chat/send.php", &fields);
    }

    /// The channel has brought an own message under this id: true if this session sent it. It is settled by that, whatever becomes of the post.
    pub(super) fn settle_by_echo(&mut self, message_id: &str) -> bool {
        // Messages leave in order, so only the current one can be unsettled and on the channel already.
        let current = self.outbox.current();
        if current.is_some_and(|outgoing| outgoing.message_id == message_id) {
            // The post is let go on: dropping it would close a good connection.
            let posting = self
                .flights
                .values_mut()
                .find(|flight| flight.call == Call::Send);
            if let Some(flight) = posting {
                flight.call = Call::Settled;
            }
            self.sent();
            return true;
        }
        self.outbox.has_settled(message_id)
    }

    fn sent(&mut self) {
        if let Some(outgoing) = self.outbox.settle() {
            self.emit(Event::Sent {
                request: outgoing.request,
                to: outgoing.to,
                message_id: outgoing.message_id,
            });
        }
    }

    fn expired_send(&mut self, now: Now) -> Option<Outgoing> {
        if self.outbox.is_expired(now.monotonic) {
            self.cancel_send();
            return self.outbox.settle();
        }
        None
    }

    /// Drops the post that is in flight, if one is. Whether the server took it is then uncertain.
    pub(super) fn cancel_send(&mut self) {
        let sending = self
            .flights
            .iter()
            .find(|(_, flight)| flight.call == Call::Send);
        if let Some(id) = sending.map(|(id, _)| *id) {
            self.cancel(id);
            if let Some(outgoing) = self.outbox.current() {
                outgoing.uncertain = true;
            }
        }
    }

    pub(super) fn outcome_unknown(&self) -> Problem {
        let text = format!(
            "The connection to {} broke while the message was on its way; it may or may not have arrived",
            self.server()
        );
        Problem::new(Status::OutcomeUnknown, text)
    }

    fn send_reply(&mut self, now: Now, result: Result<Reply, TransportError>) {
        let never_sent = matches!(&result, Err(error) if error.fault.never_sent());
        match self.written::<IgnoredPayload>(result, "sending a message") {
            Answer::Ok(_) => self.sent(),
            Answer::Refused(error) => self.send_refused(now, error),
            Answer::Lost(..) => {
                if let Some(outgoing) = self.outbox.current() {
                    outgoing.uncertain |= !never_sent;
                }
                self.outbox.retry(now.monotonic, &mut self.rng, false);
            }
        }
    }

    /// The server said no (docs/protocol.md, Messages): cured and repeated once where that can help, reported where it cannot.
    fn send_refused(&mut self, now: Now, error: AjaxError) {
        let Some(outgoing) = self.outbox.current() else {
            return;
        };
        let chat_is_off = error.code == 1_356_002 && self.own_presence != OwnPresence::Invisible;
        let curable = error.is_stale_token() || chat_is_off;
        if error.is_logged_out() {
            return self.cure(now, &error);
        }
        if curable && !std::mem::replace(&mut outgoing.cured, true) {
            if error.is_stale_token() {
                return self.cure(now, &error);
            }
            self.visible_there = None;
            self.visibility_at = 0;
            return self.outbox.retry(now.monotonic, &mut self.rng, true);
        }
        if error.code == 1_356_008 {
            return self.outbox.retry(now.monotonic, &mut self.rng, true);
        }
        let said = |otherwise: &str| match error.description.is_empty() {
            true => format!("{otherwise} (error {})", error.code),
            false => error.description.clone(),
        };
        let problem = match error.code {
            1_356_003 => Problem::new(Status::RecipientOffline, said("This person is not online")),
            1_357_007 => Problem::new(
                Status::Challenge,
                said("The server wants a captcha solved in a web browser"),
            ),
            1_356_002 => Problem::new(
                Status::Refused,
                "Your chat is switched off (invisible), so the server takes no messages from you",
            ),
            _ => Problem::new(Status::Refused, said("The server refused the message")),
        };
        if let Some(outgoing) = self.outbox.settle() {
            // An earlier attempt may have been taken; this refusal says nothing about that one.
            let problem = match outgoing.uncertain {
                true => self.outcome_unknown(),
                false => problem,
            };
            let request = outgoing.request;
            self.emit(Event::Failed { request, problem });
        }
    }

    pub(super) fn refused(&self, error: AjaxError) -> Problem {
        let text = match error.description.is_empty() {
            true => format!(
                "{} refused the request (error {})",
                self.server(),
                error.code
            ),
            false => error.description,
        };
        let status = match error.code {
            1_357_001 => Status::LoggedOut,
            1_356_008 | 1_395_001 => Status::RateLimited,
            _ => Status::Refused,
        };
        Problem::new(status, text)
    }
}
