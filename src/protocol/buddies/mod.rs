//! The buddies: when their list is asked for, and what hosts are told of changes. How a list is read is in `list`.

pub mod friend_requests;
pub mod list;
pub mod unread_counts;
pub mod visibility;

use crate::protocol::action::Action;
use crate::protocol::buddies::list::{Buddies, Strikes, UpdatePayload};
use crate::protocol::buddies::unread_counts::UnreadCounts;
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::wire::exchange::ExchangeId;
use crate::protocol::wire::request::Request;
use crate::types::{Buddy, Event, Millis, Presence, RequestId, Uid, UnixMillis};
use std::sync::Arc;
use url::Url;

/// Pause before a list that left somebody out is asked for again, in milliseconds.
const DOUBT: Millis = 5_000;
/// Interval where presence has to be polled, in milliseconds (docs/protocol.md, Buddy list and presence).
const LIST_EVERY: Millis = 60_000;
/// Interval where presence is pushed and the list is only a safety net, in milliseconds.
const LIST_SELDOM: Millis = 900_000;
/// Time for everybody to come back after an outage, in milliseconds.
const SETTLING: Millis = 30_000;

/// See the module.
#[derive(Debug, Default)]
pub struct BuddyList {
    buddies: Buddies,
    /// A friendship has ended, and the host does not have the new list yet.
    is_shorter: bool,
    unread: UnreadCounts,
    /// The exchange that brought the list.
    taken: Option<ExchangeId>,
    refresh_at: Option<Millis>,
    /// When the channel was last opened again after an outage.
    outage_ended_at: Option<Millis>,
    /// The server's clock minus ours.
    server_ahead: i64,
}

/// How much a list that came can be trusted, and who is told.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// The channel is open.
    pub connected: bool,
    /// The host was told the list before.
    pub logged_in: bool,
}

impl BuddyList {
    /// Forgets the buddies, after a login that came to nothing.
    pub fn forget(&mut self) {
        self.buddies = Buddies::default();
    }

    /// The user's own name, if a reply has told it.
    pub fn own_name(&self) -> Option<&str> {
        self.buddies.own_name()
    }

    /// Somebody's name, if a reply has told it.
    pub fn name(&self, uid: Uid) -> Option<&str> {
        self.buddies.name(uid)
    }

    /// The address of somebody's picture, if a reply has told it.
    pub fn picture_url(&self, uid: Uid) -> Option<Url> {
        let url = self.buddies.picture_url(uid)?;
        Url::parse(url).ok()
    }

    /// The server's clock.
    pub fn server_now(&self, unix: UnixMillis) -> UnixMillis {
        unix.saturating_add(self.server_ahead)
    }

    /// The whole list, for the host.
    pub fn event(&self, request: Option<RequestId>) -> Event {
        let buddies = self.buddies.snapshot();
        Event::BuddyList { request, buddies }
    }

    /// The request for the list.
    pub fn request(&self, web: &WebSession) -> Request {
        let own = web.uid().map_or_else(String::new, |uid| uid.to_string());
        let fields = [
            ("buddy_list", "1"),
            ("force_render", "1"),
            ("user", own.as_str()),
        ];
        let fields: Vec<_> = fields.into_iter().chain(UnreadCounts::field(web)).collect();
        web.post("/ajax/presence/update.php", &fields)
    }

    /// How much is unread, for the host, if that has changed.
    pub fn unread_news(&mut self) -> Option<Event> {
        self.unread.news()
    }

    /// When the list is to be asked for.
    pub fn timeout(&self) -> Option<Millis> {
        self.refresh_at
    }

    /// True once if it is time to ask for the list.
    pub fn refresh_is_due(&mut self, now: Millis) -> bool {
        self.refresh_at.take_if(|at| *at <= now).is_some()
    }

    /// Asks for the list in this many milliseconds at the latest.
    pub fn refresh_soon(&mut self, now: Millis, wait: Millis) {
        let at = now.saturating_add(wait);
        self.refresh_at = Some(self.refresh_at.map_or(at, |planned| planned.min(at)));
    }

    /// The channel was opened again after an outage.
    pub fn outage_ended(&mut self, now: Millis) {
        self.outage_ended_at = Some(now);
        self.refresh_soon(now, 0);
    }

    /// The list could not be read. The old one stays; that is no reason to give anything up.
    pub fn list_failed(&mut self, now: Millis) {
        self.refresh_soon(now, LIST_EVERY);
    }

    /// Whether a later request has brought the list: several can be under way, and their replies may come in any order.
    pub fn is_outdated(&self, list: ExchangeId) -> bool {
        self.taken.is_some_and(|taken| list < taken)
    }

    /// Takes over a list. The changes for the host, which is told nothing before its first list; true if the whole list is
    /// news.
    pub fn take_list(
        &mut self,
        (now, unix): (Millis, UnixMillis),
        web: &WebSession,
        circumstances: Circumstances,
        (list, payload): (ExchangeId, UpdatePayload),
    ) -> (Vec<Action>, bool) {
        self.taken = Some(list);
        let Some(own) = web.uid() else {
            return (Vec::new(), false);
        };
        let is_pushed = web.presence_is_pushed();
        // Friends come back after an outage when we do. A list from these seconds leaves out those who are a little later.
        let settled_at = self.outage_ended_at.map(|at| at.saturating_add(SETTLING));
        let settling = settled_at.filter(|&at| now < at);
        // Our own server never leaves anybody out by mistake; those of 2008 did now and then.
        let outage = settling.is_some() || !circumstances.connected;
        let strikes = match (outage, is_pushed) {
            (true, _) => Strikes::NEVER,
            (false, true) => Strikes::ONE,
            (false, false) => Strikes::TWO,
        };
        if let Some(counts) = payload.unread() {
            self.unread.take(counts);
        }
        // Who is a friend does not depend on who is back already.
        let missing = if is_pushed { Strikes::ONE } else { strikes };
        let change = self.buddies.apply((list, payload), own, (missing, strikes));
        if let Some(time) = change.server_time {
            self.server_ahead = time.saturating_sub(unix);
        }
        let every = match (change.doubtful, is_pushed) {
            (true, _) => DOUBT,
            (false, false) => LIST_EVERY,
            (false, true) => LIST_SELDOM,
        };
        let next = now.saturating_add(every);
        self.refresh_at = Some(settling.filter(|_| change.doubtful).unwrap_or(next));
        if !circumstances.logged_in {
            return (Vec::new(), false);
        }
        if change.list {
            // They ended the friendship while this session could not hear of it.
            let ended = change.gone.iter().map(|buddy| {
                Action::Tell(Event::Friend {
                    uid: buddy.uid,
                    name: buddy.name.clone(),
                    began: false,
                })
            });
            return (ended.collect(), true);
        }
        (change.buddies.into_iter().map(told).collect(), false)
    }

    /// Somebody's presence, and since when they are idle, came over the channel when `sent` was the last request. `None` if that is
    /// not news.
    pub fn set_presence(
        &mut self,
        now: Millis,
        uid: Uid,
        presence: (Presence, UnixMillis),
        sent: ExchangeId,
    ) -> Option<Vec<Action>> {
        match self.buddies.set(uid, presence, sent) {
            Ok(changed) => Some(vec![told(changed?)]),
            Err(()) => {
                self.unknown_friend(now);
                Some(Vec::new())
            }
        }
    }

    /// Something else about a friend came over the channel.
    pub fn change(
        &mut self,
        now: Millis,
        uid: Uid,
        change: impl FnOnce(&mut Buddy),
    ) -> Option<Action> {
        match self.buddies.change(uid, change) {
            Ok(changed) => changed.map(told),
            Err(()) => {
                self.unknown_friend(now);
                None
            }
        }
    }

    /// This friend is not on the list yet.
    fn unknown_friend(&mut self, now: Millis) {
        self.refresh_soon(now, 0);
    }

    /// A friendship began or ended.
    pub fn friendship(&mut self, now: Millis, uid: Uid, began: bool) {
        match began {
            true => self.refresh_soon(now, 0),
            false => self.is_shorter |= self.buddies.remove(uid),
        }
    }

    /// The list for the host, if friendships have ended: once for all of them, since a server can end a thousand at a time.
    pub fn shorter_list(&mut self) -> Option<Event> {
        std::mem::take(&mut self.is_shorter).then(|| self.event(None))
    }

    /// Somebody sent something just now, so they are online.
    pub fn saw(&mut self, uid: Uid) -> Option<Action> {
        self.buddies.saw(uid).map(told)
    }
}

fn told(buddy: Arc<Buddy>) -> Action {
    Action::Tell(Event::Presence(buddy))
}
