//! What the user shows to friends: whether they are at the keyboard, which the server learns from the address of the
//! long-poll, and the visibility of the whole account (docs/protocol.md, The channel).

use crate::protocol::connect::web_session::WebSession;
use crate::protocol::wire::request::Request;
use crate::types::{Millis, OwnPresence};

/// Pause between two attempts to set the visibility, in milliseconds.
const RETRY: Millis = 30_000;

/// What the host wants, and what the server has confirmed.
#[derive(Debug)]
pub struct Visibility {
    wanted: OwnPresence,
    confirmed: Option<bool>,
    /// What the step on the way to the long-poll has asked for.
    posted: bool,
    retry_at: Millis,
}

impl Visibility {
    pub fn new(wanted: OwnPresence) -> Self {
        Visibility {
            wanted,
            confirmed: None,
            posted: true,
            retry_at: 0,
        }
    }

    /// What the host wants from now on; false if that changes nothing.
    pub fn set(&mut self, wanted: OwnPresence) -> bool {
        let changed = std::mem::replace(&mut self.wanted, wanted) != wanted;
        if changed {
            self.retry_at = 0;
        }
        changed
    }

    pub fn is_active(&self) -> bool {
        self.wanted == OwnPresence::Active
    }

    pub fn wants_visible(&self) -> bool {
        self.wanted != OwnPresence::Invisible
    }

    /// The server has forgotten this session, or somebody else has switched the chat off.
    pub fn forget(&mut self) {
        self.confirmed = None;
    }

    /// The visibility is to be set again at once.
    pub fn repeat(&mut self) {
        self.confirmed = None;
        self.retry_at = 0;
    }

    /// The request of the step on the way to the long-poll.
    pub fn step_request(&mut self, web: &WebSession) -> Request {
        self.posted = self.wants_visible();
        self.request(web)
    }

    /// The reply to that.
    pub fn step_reply(&mut self, worked: bool) {
        self.confirmed = worked.then_some(self.posted);
    }

    fn request(&self, web: &WebSession) -> Request {
        let visible = if self.wants_visible() {
            "true"
        } else {
            "false"
        };
        web.post("/ajax/chat/settings.php", &[("visibility", visible)])
    }

    /// The request beside the long-poll, if it is time for one, and what it asks for. It is repeated until the server confirms:
    /// nobody who wants to be invisible stays visible because one request was lost.
    pub fn keep(&mut self, now: Millis, web: &WebSession) -> Option<(bool, Request)> {
        if self.timeout()? > now {
            return None;
        }
        self.retry_at = now.saturating_add(RETRY);
        Some((self.wants_visible(), self.request(web)))
    }

    /// When the visibility is to be set, if the server has not confirmed it and nothing prevents that.
    pub fn timeout(&self) -> Option<Millis> {
        (self.confirmed != Some(self.wants_visible())).then_some(self.retry_at)
    }

    /// The server has confirmed this value.
    pub fn confirmed(&mut self, visible: bool) {
        self.confirmed = Some(visible);
    }
}
