//! Replies to posts, and what they mean for the messages in the post.

use crate::protocol::action::Action;
use crate::protocol::answer::{self, Failure, Ignored};
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::error_code::ErrorCode;
use crate::protocol::requests::outbox::{Outbox, Outgoing};
use crate::protocol::requests::refusal::refusal;
use crate::protocol::requests::send_batch::Results;
use crate::protocol::wire::exchange::Outcome;
use crate::protocol::wire::reply::AjaxError;
use crate::types::Millis;

impl Outbox {
    /// Takes the reply to the post.
    pub fn reply(
        &mut self,
        now: Millis,
        web: &WebSession,
        rng: &mut fastrand::Rng,
        wants_chat: bool,
        outcome: Outcome,
    ) -> Vec<Action> {
        self.is_busy = false;
        let not_taken = match &outcome {
            Ok(reply) => reply.status == 429,
            Err(error) => error.fault.never_sent(),
        };
        let doing = "sending a message";
        let failure = match self.is_batch {
            true => match answer::read_explicit::<Results>(&web.label(), outcome, doing) {
                Ok(results) => {
                    let results = results.unwrap_or_default();
                    let next = self.results(now, web, rng, wants_chat, results);
                    self.posted = 0;
                    return next;
                }
                Err(failure) => failure,
            },
            false => match answer::read_explicit::<Ignored>(&web.label(), outcome, doing) {
                Ok(_) => return self.sent(now).map(Action::Tell).into_iter().collect(),
                Err(failure) => failure,
            },
        };
        match failure {
            Failure::Refused(error) => {
                self.posted = 0;
                self.refused(now, web, rng, wants_chat, error)
            }
            Failure::Lost(_) => {
                self.lost(now, rng, not_taken);
                Vec::new()
            }
        }
    }

    /// The post brought no answer.
    fn lost(&mut self, now: Millis, rng: &mut fastrand::Rng, not_taken: bool) {
        match not_taken {
            true => self.posted = 0,
            false => self.post_dropped(),
        }
        self.retry(now, rng, false);
    }

    /// Takes the results for several messages, which are in order and may end before the last message.
    fn results(
        &mut self,
        now: Millis,
        web: &WebSession,
        rng: &mut fastrand::Rng,
        wants_chat: bool,
        results: Results,
    ) -> Vec<Action> {
        let (mut actions, begin) = (Vec::new(), self.revision);
        let results = results.results.0.unwrap_or_default().into_iter();
        for result in results.filter_map(|result| result.0) {
            let id = result.msg_id.or_empty();
            let is_next = |it: &Outgoing| it.message.message_id == id;
            if self.posted == 0 || !self.waiting.front().is_some_and(is_next) {
                // Its echo may have been faster.
                continue;
            }
            match result.error.0 {
                None => break,
                Some(0) => actions.extend(self.sent(now).map(Action::Tell)),
                Some(code) => {
                    let before = self.revision;
                    let error = AjaxError {
                        code: ErrorCode(code),
                        description: result.description.or_empty(),
                    };
                    actions.extend(self.refused(now, web, rng, wants_chat, error));
                    if self.revision == before {
                        // It is to be sent again.
                        return actions;
                    }
                }
            }
        }
        if self.revision == begin {
            self.lost(now, rng, false);
        }
        actions
    }

    /// The server said no (docs/protocol.md, Messages): cured and repeated once where that can help, else reported.
    fn refused(
        &mut self,
        now: Millis,
        web: &WebSession,
        rng: &mut fastrand::Rng,
        wants_chat: bool,
        error: AjaxError,
    ) -> Vec<Action> {
        let Some(outgoing) = self.waiting.front_mut() else {
            return Vec::new();
        };
        if error.is_logged_out() {
            return vec![Action::Cure(error)];
        }
        let chat_is_off = error.code == ErrorCode::CHAT_IS_OFF && wants_chat;
        let curable = error.is_stale_token() || chat_is_off;
        if curable && !std::mem::replace(&mut outgoing.cured, true) {
            if error.is_stale_token() {
                return vec![Action::Cure(error)];
            }
            self.retry(now, rng, true);
            return vec![Action::RepeatVisibility];
        }
        if error.code == ErrorCode::SERVER_BUSY {
            self.is_busy = true;
            self.retry(now, rng, true);
            return Vec::new();
        }
        let is_about_session = error.is_stale_token()
            || matches!(error.code, ErrorCode::CHAT_IS_OFF | ErrorCode::CAPTCHA);
        let problem = refusal(error);
        match is_about_session {
            true => self.end(now, web, &problem),
            false => self.fail_current(now, web, problem).into_iter().collect(),
        }
    }
}
