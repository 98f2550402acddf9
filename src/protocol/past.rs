//! A conversation's history as hosts ask for it: page by page, within bounds (docs/protocol.md, Messages).

use super::exchange::{Reply, TransportError, TransportFault};
use super::history::HistoryPayload;
use super::questions::{Next, Stage};
use super::session::Session;
use crate::status::{Problem, Status};
use crate::types::{Event, Feature, Message, Question, RequestId, Uid, UnixMillis};
use url::Url;

/// Messages in one answer to a host.
const MOST_MESSAGES: usize = 1_000;
/// After this much text a host gets what there is, in bytes.
const MOST_TEXT: usize = 8 << 20;
/// Messages in one reply of the server.
const PAGE: usize = 100;

/// How far a history is read.
#[derive(Debug)]
pub(super) struct Pages {
    since: UnixMillis,
    limit: usize,
    messages: Vec<Message>,
}

impl From<UnixMillis> for Pages {
    fn from(since: UnixMillis) -> Self {
        Pages {
            since,
            limit: PAGE,
            messages: Vec::new(),
        }
    }
}

impl Pages {
    fn is_full(&self) -> bool {
        let text = self.messages.iter().map(|message| message.text.len());
        self.messages.len() >= MOST_MESSAGES || text.fold(0, usize::saturating_add) >= MOST_TEXT
    }
}

impl Session {
    pub(super) fn history_url(&self, with: Uid, pages: &Pages) -> Url {
        let mut path = format!("/ajax/chat/history.php?id={with}&__a=1");
        if self.features().has(Feature::History) {
            let room = MOST_MESSAGES.saturating_sub(pages.messages.len());
            path.push_str(&format!("&limit={}", pages.limit.min(room)));
            if pages.since > 0 {
                path.push_str(&format!("&since={}", pages.since));
            }
        }
        self.config.server.at(&path)
    }

    pub(super) fn history_page(
        &self,
        question: &Question,
        pages: &mut Pages,
        request: RequestId,
        result: Result<Reply, TransportError>,
    ) -> Next {
        let (Question::History { with, since }, Some(own)) = (question, self.uid) else {
            return Next::Fail(Problem::new(Status::State, "Not logged in"));
        };
        let mut pages = std::mem::replace(pages, Pages::from(0));
        let paged = self.features().has(Feature::History);
        let too_large = matches!(&result, Err(error) if error.fault == TransportFault::TooLarge);
        if too_large && paged && pages.limit > 1 {
            pages.limit = (pages.limit / 4).max(1);
            return Next::Again(Stage::Page(pages));
        }
        let payload: HistoryPayload = match self.read(question, result) {
            Ok(payload) => payload,
            Err(next) => return next,
        };
        let mut more = payload.has_more();
        let mut page = payload.messages(own);
        page.retain(|message| message.time > pages.since);
        if *since > 0 {
            // A page without news would be the same the next time.
            more &= !page.is_empty();
            pages.since = page.last().map_or(pages.since, |last| last.time);
        }
        pages.messages.append(&mut page);
        if *since > 0 && more && paged && !pages.is_full() {
            return Next::Again(Stage::Page(pages));
        }
        Next::from(Event::History {
            request,
            with: *with,
            messages: pages.messages,
            more,
        })
    }
}
