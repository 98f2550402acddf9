//! Which conversations the user has read (docs/protocol.md, Unread conversations and notifications).

use super::call::Call;
use super::calls::Answer;
use super::exchange::{Reply, TransportError};
use super::session::{Now, Session};
use crate::types::{Feature, Millis, Uid};

/// Marks that wait; older ones are dropped for newer ones.
const MOST: usize = 64;
/// Pause after one was lost, in milliseconds.
const RETRY: Millis = 30_000;

/// What the server is still to be told. `None` stands for the notifications.
#[derive(Debug, Default)]
pub(super) struct ReadMarks {
    waiting: Vec<Option<Uid>>,
    /// Not before this.
    at: Millis,
}

impl Session {
    /// Notes that something was read; twice in a row is once.
    pub(super) fn mark_read(&mut self, what: Option<Uid>) {
        if what.is_none() && !self.features().has(Feature::Notifications) {
            return;
        }
        let waiting = &mut self.read_marks.waiting;
        waiting.retain(|known| *known != what);
        if waiting.len() >= MOST {
            waiting.remove(0);
        }
        waiting.push(what);
    }

    fn marks_are_due(&self) -> bool {
        let under_way = |call: &Call| matches!(call, Call::MarkRead(_));
        self.may_write()
            && !self.read_marks.waiting.is_empty()
            && !self.flights.values().any(|flight| under_way(&flight.call))
    }

    /// Posts the next mark, one at a time.
    pub(super) fn pump_read_marks(&mut self, now: Now) {
        if !self.marks_are_due() || self.read_marks.at > now.monotonic {
            return;
        }
        match self.read_marks.waiting.remove(0) {
            Some(with) => {
                let with_text = with.to_string();
                let fields = [("focus_chat", with_text.as_str())];
                let call = Call::MarkRead(Some(with));
                self.post(now, call, "/ajax/chat/settings.php", &fields);
            }
            None => {
                let path = "/ajax/fbchat/notifications.php";
                self.post(now, Call::MarkRead(None), path, &[("mark_read", "1")]);
            }
        }
    }

    /// When [`Session::pump_read_marks`] wants to be asked.
    pub(super) fn read_marks_timeout(&self) -> Option<Millis> {
        self.marks_are_due().then_some(self.read_marks.at)
    }

    pub(super) fn read_mark_reply(
        &mut self,
        now: Now,
        what: Option<Uid>,
        result: Result<Reply, TransportError>,
    ) {
        let answer = self.written::<super::link::IgnoredPayload>(result, "marking as read");
        let again = match &answer {
            Answer::Ok(_) => false,
            Answer::Refused(error) => error.is_stale_token(),
            Answer::Lost(_) => true,
        };
        if again && !self.read_marks.waiting.contains(&what) {
            self.read_marks.waiting.insert(0, what);
            let pause = match answer {
                Answer::Lost(_) => RETRY,
                _ => 0,
            };
            self.read_marks.at = now.monotonic.saturating_add(pause);
        }
        if let Answer::Refused(error) = answer {
            self.cure(now, &error);
        }
    }
}
