//! What the channel tells beside messages, typing and presence, and the friend requests that waited (docs/protocol.md, Items).

use super::call::Call;
use super::calls::Answer;
use super::exchange::{Reply, TransportError};
use super::session::{Now, Session};
use super::social::{RequestsPayload, count, time};
use super::wire::Item;
use crate::types::{Event, Feature, FriendRequest, Uid, UnixMillis};

/// Requests remembered, so that none is told twice; servers keep a thousand for a person.
const MOST_REQUESTS: usize = 2_000;

impl Session {
    /// Takes an item that is an extension; false if nobody knows its type, or it says nothing.
    pub(super) fn pushed(&mut self, now: Now, own: Uid, item: Item) -> bool {
        let kind = item.kind.0.as_deref().unwrap_or_default();
        if kind == "inbox" {
            self.emit(Event::Inbox(count(item.unseen)));
            return true;
        }
        let Some(uid) = item.uid.id().map(Uid) else {
            return false;
        };
        match kind {
            "status" | "picture" | "name" if uid == own => {}
            "status" => {
                let text = item.text.0.filter(|text| !text.is_empty());
                // Lists have it to the second.
                let set = time(item.time).div_euclid(1000).saturating_mul(1000);
                let set = if text.is_some() { set } else { 0 };
                self.change_buddy(now, uid, |buddy| {
                    buddy.status_text = text;
                    buddy.status_time = set;
                });
            }
            "picture" => {
                let url = item.thumb_src.0.and_then(|url| self.picture_url(&url));
                self.change_buddy(now, uid, |buddy| buddy.picture_url = url);
            }
            "name" => {
                let name = item.name.or_empty();
                if name.is_empty() {
                    return false;
                }
                self.change_buddy(now, uid, |buddy| {
                    buddy.name = name;
                    buddy.first_name = item.first_name.or_empty();
                });
            }
            "friend_request" => self.friend_request(FriendRequest {
                uid,
                name: item.name.or_empty(),
                message: item.message.or_empty(),
                time: time(item.time),
            }),
            "friend" => match item.action.0.as_deref() {
                Some("added") => self.friend(now, uid, item.name.or_empty(), true),
                Some("removed") => self.friend(now, uid, item.name.or_empty(), false),
                _ => return false,
            },
            "poke" => self.emit(Event::Poke {
                from: uid,
                name: item.name.or_empty(),
                time: time(item.time),
            }),
            _ => return false,
        }
        true
    }

    fn change_buddy(&mut self, now: Now, uid: Uid, change: impl FnOnce(&mut crate::types::Buddy)) {
        match self.buddies.change(uid, change) {
            Ok(Some(buddy)) => self.emit(Event::Presence(buddy)),
            Ok(None) => {}
            // A friend that the list does not have yet.
            Err(()) => self.refresh_soon(now, 0),
        }
    }

    /// A friendship began or ended; the list follows.
    fn friend(&mut self, now: Now, uid: Uid, name: String, began: bool) {
        self.known_requests.retain(|(known, _)| *known != uid);
        self.emit(Event::Friend { uid, name, began });
        if began {
            self.refresh_soon(now, 0);
        } else if self.buddies.remove(uid) {
            self.tell_buddy_list(None);
        }
    }

    /// Tells a request unless it was told before.
    fn friend_request(&mut self, request: FriendRequest) {
        let key: (Uid, UnixMillis) = (request.uid, request.time);
        if self.known_requests.len() < MOST_REQUESTS && !self.known_requests.insert(key) {
            return;
        }
        self.emit(Event::FriendRequest(request));
    }

    /// Asks for the friend requests that wait: what came while nobody listened is in no channel.
    pub(super) fn ask_friend_requests(&mut self, now: Now) {
        let under_way = self
            .flights
            .values()
            .any(|flight| flight.call == Call::FriendRequests);
        if !under_way && self.features().has(Feature::Friends) {
            let url = self.ajax("friend_requests.php");
            self.fetch(now, Call::FriendRequests, url);
        }
    }

    pub(super) fn friend_requests_reply(
        &mut self,
        now: Now,
        result: Result<Reply, TransportError>,
    ) {
        match self.written::<RequestsPayload>(result, "asking for friend requests") {
            Answer::Ok(payload) => {
                let requests = payload.unwrap_or_default().requests();
                let waits = |known: &(Uid, UnixMillis)| {
                    requests.iter().any(|one| (one.uid, one.time) == *known)
                };
                self.known_requests.retain(waits);
                requests
                    .into_iter()
                    .for_each(|request| self.friend_request(request));
            }
            Answer::Refused(error) => self.cure(now, &error),
            // Asked again together with the next buddy list.
            Answer::Lost(_) => {}
        }
    }
}
