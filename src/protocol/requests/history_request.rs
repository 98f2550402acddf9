//! A conversation's history as hosts ask for it: page by page, within limits (docs/protocol.md, Messages).

use crate::protocol::answer::{self, Failure};
use crate::protocol::channel::history::HistoryPayload;
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::wire::exchange::{Outcome, TransportFault};
use crate::protocol::wire::request::Request;
use crate::types::{Feature, Message, Uid, UnixMillis};

/// Messages in one answer to a host.
const MOST_MESSAGES: usize = 1_000;
/// A host gets what there is after this much text, in bytes.
const MOST_TEXT: usize = 8 << 20;
/// Messages in one reply of the server.
const PAGE: usize = 100;

/// How far a history is read.
#[derive(Debug)]
pub struct HistoryRequest {
    with: Uid,
    /// False if the most recent messages are wanted, whatever their age.
    by_time: bool,
    since: UnixMillis,
    limit: usize,
    messages: Vec<Message>,
}

/// What a page of a history leads to.
#[derive(Debug)]
pub enum Progress {
    NextPage,
    Done { messages: Vec<Message>, more: bool },
}

impl HistoryRequest {
    pub fn new(with: Uid, since: UnixMillis) -> Self {
        HistoryRequest {
            with,
            by_time: since > 0,
            since,
            limit: PAGE,
            messages: Vec::new(),
        }
    }

    /// The request for the next page.
    pub fn request(&self, web: &WebSession) -> Request {
        let mut path = format!("/ajax/chat/history.php?id={}&__a=1", self.with);
        if web.features().has(Feature::History) {
            let room = MOST_MESSAGES.saturating_sub(self.messages.len());
            path.push_str(&format!("&limit={}", self.limit.min(room)));
            if self.by_time {
                path.push_str(&format!("&since={}", self.since));
            }
        }
        if web.has_files() {
            path.push_str("&files=1");
        }
        web.get(&path)
    }

    /// Takes a page.
    pub fn take_page(
        &mut self,
        web: &WebSession,
        own: Uid,
        outcome: Outcome,
        doing: &str,
    ) -> Result<Progress, Failure> {
        let paged = web.features().has(Feature::History);
        let too_large = matches!(&outcome, Err(error) if error.fault == TransportFault::TooLarge);
        if too_large && paged && self.limit > 1 {
            self.limit = (self.limit / 4).max(1);
            return Ok(Progress::NextPage);
        }
        let payload = answer::read_explicit::<HistoryPayload>(&web.label(), outcome, doing)?;
        let payload = payload.unwrap_or_default();
        let mut more = payload.has_more();
        let mut page = payload.messages(web, own);
        page.retain(|message| message.time > self.since);
        if self.by_time {
            // A page without anything new would be the same the next time.
            more &= !page.is_empty();
            self.since = page.last().map_or(self.since, |last| last.time);
        }
        self.messages.append(&mut page);
        if self.by_time && more && paged && !self.is_full() {
            return Ok(Progress::NextPage);
        }
        let messages = std::mem::take(&mut self.messages);
        Ok(Progress::Done { messages, more })
    }

    fn is_full(&self) -> bool {
        let text = self.messages.iter().map(|message| message.text.len());
        self.messages.len() >= MOST_MESSAGES || text.fold(0, usize::saturating_add) >= MOST_TEXT
    }
}
