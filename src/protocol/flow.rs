//! Flow control: nothing more is fetched, and nothing acknowledged, before the host has taken what it was given.

use super::call::Call;
use super::link::{Link, Step};
use super::session::{Now, Session};
use crate::types::{Event, Message, Millis, Seq};

/// A long-poll that was sent so long ago has reached the server, or never will, in milliseconds.
const SURELY_ARRIVED: Millis = 2_000;

impl Session {
    /// Holds back (true) or lets go on (false) the next long-poll, for a host that does not keep up: the server keeps the messages.
    pub fn set_paused(&mut self, now: Now, paused: bool) {
        self.paused = paused;
        self.go_on_polling(now);
    }

    /// Hears how many messages the host has not taken yet. The next long-poll waits until it has taken them all, since asking for
    /// a number tells the server that everything below has arrived, and it would never send it again.
    pub fn set_untaken(&mut self, now: Now, count: usize) {
        let taken = self.untaken.len().saturating_sub(count);
        self.untaken.drain(..taken);
        self.go_on_polling(now);
    }

    fn go_on_polling(&mut self, now: Now) {
        if matches!(self.link, Link::Paused) {
            self.begin(now, Step::Poll);
        }
    }

    /// True while the next long-poll has to wait for the host.
    pub(super) fn is_held_back(&self) -> bool {
        self.paused || !self.untaken.is_empty()
    }

    /// The channel's number up to which the host has everything.
    pub(super) fn taken_up_to(&self) -> Option<Seq> {
        match self.untaken.front() {
            Some(Seq(behind)) => Some(Seq(behind.saturating_sub(1))),
            None => self.seq,
        }
    }

    /// The host drops the session without a logout: tells the server what it has, if the server may not know yet. True if that
    /// is under way; the session is over when it is done.
    ///
    /// The next long-poll would have told. Without either, the server gives the last messages once more at the next login.
    /// A logout under way tells it, too, and must not be cut short by an answer that comes before its own.
    pub fn farewell(&mut self, now: Now) -> bool {
        let extensions = self.page.extensions.as_ref();
        let understood = extensions.is_some_and(|own| own.resume.0 == Some(true));
        let (Some(taken), Some((polled, at))) = (self.taken_up_to(), self.polled) else {
            return false;
        };
        let known = taken == polled && now.monotonic.saturating_sub(at) >= SURELY_ARRIVED;
        if known || !understood || !self.may_write() || self.channel.is_none() || self.is_closing()
        {
            return false;
        }
        self.stop_link();
        self.fetch_channel(now, Call::Farewell, taken, "&wait=0");
        true
    }

    /// Hands a message to the host.
    pub(super) fn emit_message(&mut self, message: Message) {
        self.untaken.push_back(self.seq.unwrap_or(Seq(0)));
        self.emit(Event::Message(message));
    }
}
