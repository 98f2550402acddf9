//! Events of the channel: what each item means for the session (docs/protocol.md, The channel).

use super::link::Step;
use super::session::{Now, Session};
use super::social::time;
use super::wire::{ChannelReply, Item};
use crate::types::{Event, Message, Millis, Origin, Presence, Seq, Uid};

/// Items taken from one reply; the server replays the rest, so a huge reply cannot bloat the event queue.
pub const MOST_ITEMS: usize = 1_000;
/// A poll that ends sooner without bringing anything counts as idle running, in milliseconds.
const QUICK: Millis = 2_000;
/// Quick and empty polls in a row before the session slows down.
const QUICK_ALLOWED: u32 = 3;
/// A message older than this, by the server's clock, was sent while this session could not receive, in milliseconds.
const LATE: i64 = 60_000;
/// Conversations whose history is looked at after a gap.
const MOST_CONVERSATIONS: usize = 20;

/// Reads a message out of an item of channel or history. `None` for everything else, and for a text that is cut short (the whole follows by another event).
pub(super) fn message_from(item: Item, own: Uid) -> Option<Message> {
    if item
        .kind
        .0
        .as_deref()
        .is_some_and(|kind| kind != "msg" && kind != "offline_msg")
    {
        return None;
    }
    let body = item.msg.0?;
    if item.truncated.0 == Some(true) || body.truncated.0 == Some(true) {
        return None;
    }
    let from = Uid(item.from.id()?);
    let to = item.to.id().map_or(own, Uid);
    Some(Message {
        from,
        to,
        from_name: item.from_name.or_empty(),
        to_name: item.to_name.or_empty(),
        text: body.text.0?,
        time: body.time.0.or(item.time.0).unwrap_or(0),
        message_id: body.message_id.or_empty(),
        origin: if from == own && to != own {
            Origin::OwnElsewhere
        } else {
            Origin::Incoming
        },
        replayed: false,
    })
}

impl Session {
    /// Judges what a long-poll brought and goes on. `held` is how long it was held.
    pub(super) fn poll_reply(&mut self, now: Now, reply: ChannelReply, held: Millis) {
        match reply {
            ChannelReply::Continue => {
                self.channel_works();
                self.poll_again(now, held, false);
            }
            ChannelReply::Items(items) if !items.is_empty() => {
                self.channel_works();
                let mut news = false;
                for item in items {
                    self.advance();
                    news |= self.item(now, item);
                }
                self.poll_again(now, held, news);
            }
            ChannelReply::Refresh(Some(right)) if Some(Seq(right)) != self.seq => {
                self.seq = Some(Seq(right));
                self.refresh_soon(now, 0);
                self.recover = self.conversations.iter().map(|&(peer, _)| peer).collect();
                self.go_on(now, Step::Recover, held, false);
            }
            // The number was right already: it is the session that is stale, not the number.
            ChannelReply::Refresh(_) => self.escalate(now),
            ChannelReply::Error(error) if error.is_logged_out() => self.logged_out(now),
            ChannelReply::Error(_) => self.escalate(now),
            // Passed over once or twice; a channel that says nothing else is no channel, and hosts should know.
            ChannelReply::Items(_) | ChannelReply::Unknown
                if self.idle_running >= QUICK_ALLOWED =>
            {
                self.not_json(now, Step::Poll);
            }
            ChannelReply::Items(_) | ChannelReply::Unknown => self.poll_again(now, held, false),
        }
    }

    /// Every item is one number, also one that could not be read.
    fn advance(&mut self) {
        self.seq = self.seq.map(|Seq(seq)| Seq(seq.saturating_add(1)));
    }

    fn poll_again(&mut self, now: Now, held: Millis, told: bool) {
        self.go_on(now, Step::Poll, held, told);
    }

    /// The next step at once, unless replies come quickly and bring nothing: then with a growing pause, since a server that answers at once must not make us spin.
    fn go_on(&mut self, now: Now, step: Step, held: Millis, told: bool) {
        if told || held >= QUICK {
            self.idle_running = 0;
            return self.begin(now, step);
        }
        self.idle_running = self.idle_running.saturating_add(1);
        let excess = self.idle_running.saturating_sub(QUICK_ALLOWED).min(6);
        if excess == 0 {
            return self.begin(now, step);
        }
        let pause = 1_000u64.saturating_mul(1 << excess).min(60_000);
        self.wait_for(now, step, pause);
    }

    /// Takes one item; false if it brought nothing that this session had not seen or does not know.
    fn item(&mut self, now: Now, item: Option<Item>) -> bool {
        let (Some(item), Some(own)) = (item, self.own_uid()) else {
            return false;
        };
        match item.kind.0.as_deref() {
            Some("msg" | "offline_msg") => {
                message_from(item, own).is_some_and(|message| self.take_message(now, message, true))
            }
            Some("typ") => {
                let from = item.from.id().map(Uid).filter(|&from| from != own);
                let typing = item.st.0 == Some(1);
                from.is_some_and(|from| {
                    self.emit(Event::Typing { from, typing });
                    true
                })
            }
            Some("presence") => self.pushed_presence(now, &item),
            // Unknown types are counted and passed over; there were new ones every year.
            _ => self.pushed(now, own, item),
        }
    }

    fn pushed_presence(&mut self, now: Now, item: &Item) -> bool {
        let presence = match item.state.0.as_deref() {
            Some("active") => Presence::Active,
            Some("idle") => Presence::Idle,
            Some("offline") => Presence::Offline,
            _ => return false,
        };
        let own = self.own_uid();
        let Some(uid) = item.uid.id().map(Uid).filter(|&uid| Some(uid) != own) else {
            return false;
        };
        match self.buddies.set(uid, presence, time(item.idle_since)) {
            Ok(Some(buddy)) => self.emit(Event::Presence(buddy)),
            Ok(None) => return false,
            // A friend that the list does not have yet.
            Err(()) => self.refresh_soon(now, 0),
        }
        true
    }

    /// Hands a message to the host unless it was handed out before or is the echo of one that this session sent. False if it
    /// was seen before.
    pub(super) fn take_message(&mut self, now: Now, mut message: Message, live: bool) -> bool {
        if Some(message.from) == self.own_uid() && !message.message_id.is_empty() {
            let ours = self.settle_by_echo(&message.message_id);
            // A message to oneself is shown as received, too.
            if ours && message.origin == Origin::OwnElsewhere {
                return self.seen.note(&message);
            }
        }
        if !self.seen.note(&message) {
            return false;
        }
        let server_now = now.unix.saturating_add(self.server_ahead);
        if message.time <= 0 {
            message.time = server_now;
        }
        let late = server_now.saturating_sub(message.time) > LATE;
        message.replayed |= late;
        self.note_conversation(message.peer(), message.time);
        let shows_presence =
            live && !late && !self.presence_is_pushed() && message.origin == Origin::Incoming;
        if shows_presence && let Some(buddy) = self.buddies.saw(message.from) {
            self.emit(Event::Presence(buddy));
        }
        self.emit_message(message);
        true
    }

    /// Remembers that this session talked with `peer`, and since when.
    pub(super) fn note_conversation(&mut self, peer: Uid, time: i64) {
        if self.conversations.iter().any(|&(known, _)| known == peer) {
            return;
        }
        if self.conversations.len() >= MOST_CONVERSATIONS {
            self.conversations.pop_front();
        }
        self.conversations.push_back((peer, time));
    }

    fn channel_works(&mut self) {
        self.stale = 0;
        self.backoff.reset();
        self.may_log_in_again = true;
    }
}
