//! Which conversations the user has read (docs/protocol.md, Unread conversations and notifications).

use crate::protocol::action::Action;
use crate::protocol::answer::{self, Failure, Ignored};
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::purpose::Purpose;
use crate::protocol::wire::exchange::Outcome;
use crate::types::{Feature, Millis, Uid};

/// Marks that wait; newer ones replace older ones.
const MOST: usize = 64;
/// Pause after one was lost, in milliseconds.
const RETRY: Millis = 30_000;

/// What the server has yet to be told. `None` stands for the notifications.
#[derive(Debug, Default)]
pub struct ReadMarks {
    waiting: Vec<Option<Uid>>,
    /// Not before this.
    at: Millis,
}

impl ReadMarks {
    /// Notes that something was read; twice in a row is once.
    pub fn add(&mut self, web: &WebSession, what: Option<Uid>) {
        if what.is_none() && !web.features().has(Feature::Notifications) {
            return;
        }
        self.waiting.retain(|known| *known != what);
        if self.waiting.len() >= MOST {
            self.waiting.remove(0);
        }
        self.waiting.push(what);
    }

    /// The request for the next mark, if it is time for one. The caller makes sure that none is under way.
    pub fn post(&mut self, now: Millis, web: &WebSession) -> Option<Action> {
        if self.at > now || self.waiting.is_empty() {
            return None;
        }
        let what = self.waiting.remove(0);
        let request = match what {
            Some(with) => {
                let with = with.to_string();
                web.post("/ajax/chat/settings.php", &[("focus_chat", &with)])
            }
            None => web.post("/ajax/fbchat/notifications.php", &[("mark_read", "1")]),
        };
        Some(Action::Send(Purpose::MarkRead(what), request))
    }

    /// When the next mark can be posted if nothing prevents that.
    pub fn timeout(&self) -> Option<Millis> {
        (!self.waiting.is_empty()).then_some(self.at)
    }

    pub fn reply(
        &mut self,
        now: Millis,
        web: &WebSession,
        what: Option<Uid>,
        outcome: Outcome,
    ) -> Option<Action> {
        let answer = answer::read_explicit::<Ignored>(&web.label(), outcome, "marking as read");
        let pause = match &answer {
            Ok(_) => None,
            Err(Failure::Refused(error)) => error.is_stale_token().then_some(0),
            Err(Failure::Lost(_)) => Some(RETRY),
        };
        if let Some(pause) = pause
            && !self.waiting.contains(&what)
        {
            self.waiting.insert(0, what);
            self.at = now.saturating_add(pause);
        }
        match answer {
            Err(Failure::Refused(error)) => Some(Action::Cure(error)),
            _ => None,
        }
    }
}
