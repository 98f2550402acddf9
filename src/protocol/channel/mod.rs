//! The channel: where it is, which item comes next, and what its replies lead to (docs/protocol.md, The channel).
//!
//! Owns the sequence number, the memory of messages that were handed out, the conversations that a gap in the numbers may
//! have touched, and the flow control. What items mean for buddies and requests is decided elsewhere.

pub mod dedup;
pub mod flow_control;
pub mod history;
pub mod notices;

use crate::protocol::action::Action;
use crate::protocol::channel::dedup::Dedup;
use crate::protocol::channel::flow_control::FlowControl;
use crate::protocol::channel::history::HistoryPayload;
use crate::protocol::connect::redirects::not_a_chat_reply;
use crate::protocol::connect::step::Step;
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::wire::channel_reply::{self, ChannelReply};
use crate::protocol::wire::exchange::{Outcome, Reply, TransportFault};
use crate::protocol::wire::json::{Int, Text};
use crate::protocol::wire::reply::{self, NotJson};
use crate::protocol::wire::request::Request;
use crate::types::{Message, Millis, Seq, Uid, UnixMillis};
use serde::Deserialize;
use std::collections::VecDeque;
use url::Url;

/// Items taken from one reply. The server replays the rest, so a huge reply cannot bloat the event queue.
pub const MOST_ITEMS: usize = 1_000;
/// A poll that ends sooner was not held, in milliseconds.
const QUICK: Millis = 2_000;
/// Quick and empty polls in a row before the session slows down.
const QUICK_ALLOWED: u32 = 3;
/// Longest pause between quick and empty polls, in milliseconds.
const LONGEST_PAUSE: Millis = 60_000;
/// A message older than this, by the server's clock, was sent while this session could not receive, in milliseconds.
const LATE: i64 = 60_000;
/// Conversations whose history is looked at after a gap.
const MOST_CONVERSATIONS: usize = 20;
/// Failed attempts to read a conversation's history before the session continues without it.
const HISTORY_ATTEMPTS: u32 = 4;
/// A long-poll that was sent so long ago has reached the server or never will, in milliseconds.
const SURELY_ARRIVED: Millis = 2_000;

/// Payload of reconnect.php; `channel` is an announcement as on the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReconnectPayload {
    host: Text,
    seq: Int,
    channel: Text,
}

/// How requests to the channel are made.
#[derive(Clone, Copy, Debug)]
pub struct PollOptions {
    /// The user is at the keyboard.
    pub active: bool,
    /// Greatest number of items in a reply, if the host has set one.
    pub batch: Option<u32>,
    /// Makes the address unique.
    pub nonce: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Channel {
    url: Option<Url>,
    /// The number of the next item.
    seq: Option<Seq>,
    /// What the last long-poll asked for, and when.
    polled: Option<(Seq, Millis)>,
    /// Quick and empty polls in a row.
    quick_polls: u32,
    dedup: Dedup,
    /// With whom this session talked, and since when.
    conversations: VecDeque<(Uid, UnixMillis)>,
    /// Conversations whose history is to be searched for what a gap swallowed, and since when.
    recover: VecDeque<(Uid, UnixMillis)>,
    flow: FlowControl,
}

impl Channel {
    /// Forgets where the channel is, after a login that came to nothing.
    pub fn forget(&mut self) {
        self.url = None;
        self.seq = None;
    }

    /// A page has named the channel's address, or has not.
    pub fn locate(&mut self, url: Option<Url>) {
        self.url = url.or(self.url.take());
    }

    pub fn has_url(&self) -> bool {
        self.url.is_some()
    }

    /// The number of the next item.
    pub fn seq(&self) -> Option<Seq> {
        self.seq
    }

    /// Continues at this number.
    pub fn set_seq(&mut self, seq: Seq) {
        self.seq = Some(seq);
    }

    pub fn set_paused(&mut self, paused: bool) {
        self.flow.set_paused(paused);
    }

    pub fn set_untaken(&mut self, count: usize) {
        self.flow.set_untaken(count);
    }

    /// True while the next long-poll has to wait for the host.
    pub fn is_held_back(&self) -> bool {
        self.flow.is_held_back()
    }

    /// True if the host is about to take messages that it was given.
    pub fn is_being_taken(&self) -> bool {
        self.flow.is_being_taken()
    }

    /// The number up to which the host has everything.
    pub fn taken_up_to(&self) -> Option<Seq> {
        self.flow.taken_up_to(self.seq)
    }

    /// The next long-poll. `None` if the channel's address or number is not known.
    pub fn poll(&mut self, now: Millis, web: &WebSession, options: PollOptions) -> Option<Request> {
        let seq = self.seq?;
        let request = self.request(web, options, seq, "")?;
        self.polled = Some((seq, now));
        Some(request)
    }

    /// Asks the channel for its number, which it tells when it is asked for a wrong one.
    pub fn probe(&self, web: &WebSession, options: PollOptions) -> Option<Request> {
        self.request(web, options, Seq(-1), "")
    }

    /// Tells the server what the host has taken, if the server may not know yet. The next long-poll would have told it;
    /// without either, the server gives the last messages once more at the next login.
    pub fn farewell(&self, now: Millis, web: &WebSession, options: PollOptions) -> Option<Request> {
        let (taken, (polled, at)) = (self.taken_up_to()?, self.polled?);
        let is_known = taken == polled && now.saturating_sub(at) >= SURELY_ARRIVED;
        if is_known || !web.can_poll_without_waiting() {
            return None;
        }
        self.request(web, options, taken, "&wait=0")
    }

    /// Asks the channel for the items from a number on; `more` is added to the query.
    fn request(
        &self,
        web: &WebSession,
        options: PollOptions,
        Seq(seq): Seq,
        more: &str,
    ) -> Option<Request> {
        let (channel, own) = (self.url.as_ref()?, web.uid()?);
        let PollOptions { active, nonce, .. } = options;
        let wanted = options.batch.map_or(u64::MAX, u64::from);
        let batch = web.batch_limit().map_or_else(String::new, |most| {
            let files = if web.has_files() { "&files=1" } else { "" };
            format!("?batch={}{files}{more}", most.min(wanted))
        });
        let path = format!("x/{nonce}/{active}/p_{own}={seq}{batch}");
        channel.join(&path).ok().map(Request::get)
    }

    /// Asks for the channel's address and number.
    pub fn reconnect(&self, web: &WebSession) -> Request {
        // 6 = the number is wanted, 7 = the last attempt failed.
        let reason = if self.seq.is_none() { 6 } else { 7 };
        let token = web.form_id();
        web.get(&format!(
            "/ajax/presence/reconnect.php?reason={reason}&post_form_id={token}&iframe_loaded=false&__a=1"
        ))
    }

    /// Takes the reply to that. `Err` is what to do where it does not help.
    pub fn reconnected(
        &mut self,
        web: &WebSession,
        url: &Url,
        reply: &Reply,
    ) -> Result<(), Box<Action>> {
        let payload = match reply::ajax::<ReconnectPayload>(&reply.body) {
            Ok(Ok(payload)) => payload.unwrap_or_default(),
            Ok(Err(error)) if error.is_logged_out() => return Err(Box::new(Action::LoggedOut)),
            Err(NotJson) if reply.status == 200 => {
                return Err(Box::new(not_a_chat_reply(&web.label(), Step::Reconnect)));
            }
            // Servers of early 2008 have no such page.
            Ok(Err(_)) | Err(NotJson) => return Err(Box::new(Action::StaleChannel)),
        };
        let server = web.server();
        let announced = payload.channel.0;
        let announced =
            announced.and_then(|reference| server.channel_at_reference(url, &reference));
        let found = announced.or_else(|| server.channel_at_label(&payload.host.0?));
        self.locate(found);
        if self.url.is_none() {
            return Err(Box::new(Action::StaleChannel));
        }
        // A number of our own stays: with that of the reply, the items in between would be lost.
        let seq = payload.seq.0.filter(|&seq| seq >= 0).map(Seq);
        self.seq = self.seq.or(seq);
        Ok(())
    }

    /// True if a long-poll was held and then cut off by something between client and server. Proxies do that after 30 or
    /// 50 seconds, so it means no more than a reply without items.
    pub fn was_cut_off(&self, held: Millis, outcome: &Outcome) -> bool {
        held >= QUICK
            && match outcome {
                Ok(reply) => matches!(reply.status, 408 | 502 | 504),
                Err(error) => error.fault == TransportFault::Io,
            }
    }

    /// What follows from the reply to a long-poll that was held for so long.
    pub fn poll_reply(&mut self, web: &WebSession, reply: &Reply, held: Millis) -> Vec<Action> {
        let Ok(reply) = channel_reply::read(&reply.body, MOST_ITEMS) else {
            return vec![not_a_chat_reply(&web.label(), Step::Poll)];
        };
        match reply {
            ChannelReply::Continue => vec![Action::ChannelWorks, self.go_on(held, false)],
            ChannelReply::Items(items) if !items.is_empty() => {
                vec![Action::ChannelWorks, Action::Items { items, held }]
            }
            ChannelReply::Refresh(Some(right)) if Some(Seq(right)) != self.seq => {
                self.seq = Some(Seq(right));
                self.recover.clone_from(&self.conversations);
                let next = self.step_after(Step::GroupsInGap, held, false);
                vec![Action::RefreshBuddies, next]
            }
            ChannelReply::Error(error) if error.is_logged_out() => vec![Action::LoggedOut],
            // Where the number was right already, it is the session that is stale.
            ChannelReply::Refresh(_) | ChannelReply::Error(_) => vec![Action::StaleChannel],
            // Ignored once or twice. A channel that says nothing else does not work, and hosts should know.
            ChannelReply::Items(_) | ChannelReply::Unknown if self.quick_polls >= QUICK_ALLOWED => {
                vec![not_a_chat_reply(&web.label(), Step::Poll)]
            }
            ChannelReply::Items(_) | ChannelReply::Unknown => vec![self.go_on(held, false)],
        }
    }

    /// What follows from the reply to a probe.
    pub fn probe_reply(&mut self, web: &WebSession, reply: &Reply) -> Action {
        match channel_reply::read(&reply.body, MOST_ITEMS) {
            Err(NotJson) => not_a_chat_reply(&web.label(), Step::Probe),
            Ok(ChannelReply::Refresh(Some(seq))) => {
                self.seq = Some(Seq(seq));
                Action::Begin(Step::Poll)
            }
            Ok(ChannelReply::Error(error)) if error.is_logged_out() => Action::LoggedOut,
            Ok(_) => Action::StaleChannel,
        }
    }

    /// The next long-poll. `news` says whether the last one brought something.
    pub fn go_on(&mut self, held: Millis, news: bool) -> Action {
        self.step_after(Step::Poll, held, news)
    }

    /// The next step, at once unless replies come quickly and bring nothing. Then the pauses grow, since a server that
    /// answers at once must not make the session spin.
    fn step_after(&mut self, step: Step, held: Millis, news: bool) -> Action {
        if news || held >= QUICK {
            self.quick_polls = 0;
            return Action::Begin(step);
        }
        self.quick_polls = self.quick_polls.saturating_add(1);
        let excess = self.quick_polls.saturating_sub(QUICK_ALLOWED).min(6);
        if excess == 0 {
            return Action::Begin(step);
        }
        let wait = 1_000u64.saturating_mul(1 << excess).min(LONGEST_PAUSE);
        Action::Pause { step, wait }
    }

    /// The next item is about to be read. Every item has a number, also one that cannot be read.
    pub fn next_item(&mut self) {
        self.seq = self.seq.map(|Seq(seq)| Seq(seq.saturating_add(1)));
    }

    /// Remembers a message that is not handed out; false if it was known.
    pub fn note(&mut self, message: &Message) -> bool {
        self.dedup.note(message)
    }

    /// The message as it is to be handed to the host, unless it was handed out before. `server_now` is the server's clock.
    pub fn accept(&mut self, mut message: Message, server_now: UnixMillis) -> Option<Message> {
        if !self.dedup.note(&message) {
            return None;
        }
        if message.time <= 0 {
            message.time = server_now;
        }
        message.replayed |= server_now.saturating_sub(message.time) > LATE;
        self.note_conversation(message.peer(), message.time);
        self.flow.given(self.seq.unwrap_or(Seq(0)));
        Some(message)
    }

    /// Remembers that this session talks with somebody, and since when.
    pub fn note_conversation(&mut self, peer: Uid, time: UnixMillis) {
        if self.conversations.iter().any(|&(known, _)| known == peer) {
            return;
        }
        if self.conversations.len() >= MOST_CONVERSATIONS {
            self.conversations.pop_front();
        }
        self.conversations.push_back((peer, time));
    }

    /// Groups may have lost messages in the gap as well.
    pub fn recover_also(&mut self, groups: Vec<(Uid, UnixMillis)>) {
        for (gid, since) in groups {
            if !self.recover.iter().any(|&(known, _)| known == gid) {
                self.recover.push_back((gid, since));
            }
        }
    }

    /// Asks for the history of the next conversation that may have lost messages; `None` when all are done.
    pub fn recover(&self, web: &WebSession) -> Option<Request> {
        let (peer, _) = self.recover.front()?;
        let files = if web.has_files() { "&files=1" } else { "" };
        Some(web.get(&format!("/ajax/chat/history.php?id={peer}&__a=1{files}")))
    }

    /// Takes the reply to that: the messages that this session has not had. `failures` counts attempts that have failed.
    pub fn recovered(
        &mut self,
        web: &WebSession,
        reply: &Reply,
        failures: u32,
    ) -> Result<Vec<Message>, Box<Action>> {
        let history = match reply::ajax::<HistoryPayload>(&reply.body) {
            Ok(Err(error)) if error.is_logged_out() => return Err(Box::new(Action::LoggedOut)),
            // The page of a proxy is not a history. But a server that has none at all must not keep us from going on.
            Err(NotJson) if reply.status == 200 && failures < HISTORY_ATTEMPTS => {
                return Err(Box::new(not_a_chat_reply(&web.label(), Step::Recover)));
            }
            Ok(Ok(history)) => history,
            Ok(Err(_)) | Err(NotJson) => None,
        };
        let since = self.recover.pop_front();
        let since = since.map_or(i64::MAX, |(_, since)| since);
        let own = web.uid().unwrap_or(Uid(0));
        let mut messages = history.unwrap_or_default().messages(web, own);
        messages.retain(|message| {
            // Own messages without an id cannot be told from those that this session sent.
            let can_tell = message.from != own || !message.message_id.is_empty();
            can_tell && self.dedup.is_news(message, since)
        });
        Ok(messages)
    }
}
