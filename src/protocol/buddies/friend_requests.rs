//! Friend requests, each told once (docs/protocol.md, Friends). Those that came while no session listened are on no channel, so
//! they are asked for.

use crate::protocol::action::Action;
use crate::protocol::answer::{self, Failure};
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::wire::exchange::Outcome;
use crate::protocol::wire::json::{Int, List, Object, Text, objects, time};
use crate::protocol::wire::request::Request;
use crate::types::{Event, Feature, FriendRequest, Uid, UnixMillis};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Requests taken from one reply; servers give 100 at most.
const MOST: usize = 1_000;
/// Requests remembered, so that none is told twice. Servers keep a thousand for one person.
const MOST_KNOWN: usize = 2_000;

/// Payload of friend_requests.php.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RequestsPayload {
    requests: List<Object<RequestEntry>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RequestEntry {
    uid: Int,
    name: Text,
    message: Text,
    time: Int,
}

impl RequestsPayload {
    /// Who wants to be friends, the oldest request first.
    fn requests(self) -> Vec<FriendRequest> {
        let mut requests: Vec<_> = objects(self.requests, MOST)
            .filter_map(|entry| {
                Some(FriendRequest {
                    uid: Uid(entry.uid.id()?),
                    name: entry.name.or_empty(),
                    message: entry.message.or_empty(),
                    time: time(entry.time),
                })
            })
            .collect();
        requests.sort_by_key(|request| request.time);
        requests
    }
}

/// The requests that the host was told of.
#[derive(Debug, Default)]
pub struct FriendRequests {
    known: BTreeSet<(Uid, UnixMillis)>,
}

impl FriendRequests {
    /// Asks for the requests that wait, where the server has any.
    pub fn ask(&self, web: &WebSession) -> Option<Request> {
        let offered = web.features().has(Feature::Friends);
        offered.then(|| web.get_extension("friend_requests.php"))
    }

    /// A request: the event for the host unless it was told before.
    pub fn take(&mut self, request: FriendRequest) -> Option<Action> {
        let key = (request.uid, request.time);
        if self.known.len() < MOST_KNOWN && !self.known.insert(key) {
            return None;
        }
        Some(Action::Tell(Event::FriendRequest(request)))
    }

    /// A friendship began or ended, so a request of this person is settled.
    pub fn settle(&mut self, uid: Uid) {
        let of_this_person = (uid, UnixMillis::MIN)..=(uid, UnixMillis::MAX);
        while let Some(&known) = self.known.range(of_this_person.clone()).next() {
            self.known.remove(&known);
        }
    }

    pub fn reply(&mut self, web: &WebSession, outcome: Outcome) -> Vec<Action> {
        let doing = "asking for friend requests";
        match answer::read_explicit::<RequestsPayload>(&web.label(), outcome, doing) {
            Ok(payload) => {
                let requests = payload.unwrap_or_default().requests();
                let waiting = requests.iter().map(|one| (one.uid, one.time));
                let waiting: BTreeSet<_> = waiting.collect();
                self.known.retain(|known| waiting.contains(known));
                let news = requests.into_iter();
                news.filter_map(|request| self.take(request)).collect()
            }
            Err(Failure::Refused(error)) => vec![Action::Cure(error)],
            // Asked again together with the next buddy list.
            Err(Failure::Lost(_)) => Vec::new(),
        }
    }
}
