//! The way from login to the held long-poll, and all recovery.
//!
//! One step is under way at a time; the next follows from its reply. What goes wrong is in `recovery`.

use super::call::{Call, Flight};
use super::exchange::{ExchangeId, Reply, TransportError};
use super::json::{Int, Text};
use super::login::{self, Outcome};
use super::session::{Now, Session};
use super::wire::{self, ChannelReply};
use crate::status::{Problem, Status};
use crate::types::{Connection, Event, Millis, OwnPresence, Seq};
use serde::Deserialize;
use url::Url;

/// What the session does about its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Not logged in, or being logged out.
    Idle,
    /// A step is under way.
    Busy(ExchangeId),
    /// The step comes when its time is there.
    Waiting { step: Step, until: Millis },
    /// The next long-poll is held back for the host.
    Paused,
    /// Over.
    Closed,
}

/// One exchange on the way to the long-poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    LoginPage,
    LoginPost,
    Register,
    Popout,
    Home,
    Visibility,
    BuddyList,
    Reconnect,
    Probe,
    /// History of the next conversation that a gap may have swallowed something of.
    Recover,
    Poll,
}

impl Step {
    /// What the session was doing, for the middle of a sentence.
    pub(super) fn doing(self) -> &'static str {
        match self {
            Step::LoginPage | Step::LoginPost => "logging in",
            Step::Register => "signing up",
            Step::Popout | Step::Home => "loading the chat page",
            Step::Visibility | Step::BuddyList => "asking for the buddy list",
            Step::Reconnect | Step::Probe => "opening the channel",
            Step::Recover => "looking for missed messages",
            Step::Poll => "waiting for messages",
        }
    }

    /// What hosts see of it.
    fn connection(self) -> Connection {
        match self {
            Step::LoginPage | Step::LoginPost | Step::Register => Connection::LoggingIn,
            Step::Popout | Step::Home => Connection::LoadingPage,
            Step::Poll => Connection::Connected,
            _ => Connection::OpeningChannel,
        }
    }
}

/// Payload of reconnect.php (docs/protocol.md, The channel); `channel` is an announcement as on the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReconnectPayload {
    host: Text,
    port: Int,
    seq: Int,
    channel: Text,
}

impl Session {
    /// Starts a step.
    pub(super) fn begin(&mut self, now: Now, step: Step) {
        if self.is_closing() {
            self.link = Link::Idle;
            return;
        }
        if step == Step::Poll {
            if self.is_held_back() {
                self.link = Link::Paused;
                return;
            }
            self.tell_state();
        }
        let call = Call::Link(step);
        let server = self.config.server.clone();
        // While a stale channel is being cured in the background, hosts see no change.
        if self.told != Some(Connection::Connected) || matches!(step, Step::LoginPage) {
            self.tell(step.connection());
        }
        match step {
            Step::LoginPage => {
                self.tokens_stale = true;
                self.fetch(now, call, server.at("/login.php"));
            }
            // A form is posted only straight from the page that it stands on.
            Step::LoginPost | Step::Register => self.begin(now, Step::LoginPage),
            Step::Popout => self.fetch(now, call, server.at("/presence/popout.php")),
            Step::Home => self.fetch(now, call, server.at("/home.php")),
            Step::Visibility => self.begin_visibility(now),
            Step::BuddyList => self.post_buddy_list(now, call),
            Step::Reconnect => {
                // 6 = the number is wanted, 7 = the last attempt failed.
                let reason = if self.seq.is_none() { 6 } else { 7 };
                let token = self.page.post_form_id.as_deref().unwrap_or("0");
                let path = format!(
                    "/ajax/presence/reconnect.php?reason={reason}&post_form_id={token}&iframe_loaded=false&__a=1"
                );
                self.fetch(now, call, server.at(&path));
            }
            Step::Probe => self.fetch_channel(now, call, Seq(-1), ""),
            Step::Recover => match self.recover.front() {
                Some(peer) => {
                    let url = server.at(&format!("/ajax/chat/history.php?id={peer}&__a=1"));
                    self.fetch(now, call, url);
                }
                None => self.begin(now, Step::Poll),
            },
            Step::Poll => match self.seq {
                Some(seq) => {
                    self.polled = Some((seq, now.monotonic));
                    self.fetch_channel(now, call, seq, "");
                }
                None => self.begin(now, Step::Reconnect),
            },
        }
    }

    /// Asks the channel for the items from a number on; `more` goes behind the query.
    pub(super) fn fetch_channel(&mut self, now: Now, call: Call, Seq(seq): Seq, more: &str) {
        let (Some(channel), Some(own)) = (self.channel.clone(), self.uid) else {
            return self.begin(now, Step::Reconnect);
        };
        let nonce = self.rng.u32(..);
        let active = self.own_presence == OwnPresence::Active;
        let batch = self.page.extensions.as_ref().and_then(|own| own.batch.id());
        let wanted = self.config.batch.map_or(u64::MAX, u64::from);
        let batch = batch.map_or_else(String::new, |most| {
            format!("?batch={}{more}", most.min(wanted))
        });
        let path = format!("x/{nonce}/{active}/p_{own}={seq}{batch}");
        match channel.join(&path) {
            Ok(url) => self.fetch(now, call, url),
            Err(_) => self.begin(now, Step::Reconnect),
        }
    }

    /// Goes on with a step after a pause. Hosts are not told: this is pacing, not trouble.
    pub(super) fn wait_for(&mut self, now: Now, step: Step, wait: Millis) {
        self.link = Link::Waiting {
            step,
            until: now.monotonic.saturating_add(wait),
        };
    }

    /// Drops the step that is under way and stays idle.
    pub(super) fn stop_link(&mut self) {
        if let Link::Busy(id) = self.link {
            self.cancel(id);
        }
        self.link = Link::Idle;
    }

    pub(super) fn tell(&mut self, connection: Connection) {
        if self.told.as_ref() != Some(&connection) {
            self.told = Some(connection.clone());
            self.emit(Event::Connection(connection));
        }
    }

    /// Takes the reply of a link step.
    pub(super) fn link_reply(
        &mut self,
        now: Now,
        step: Step,
        flight: &Flight,
        result: Result<Reply, TransportError>,
    ) {
        if step == Step::Register {
            return self.register_reply(now, result);
        }
        let reply = match result {
            Ok(reply) => reply,
            Err(error) => {
                let problem = self.problem(&error, step.doing());
                return self.failed(now, step, problem, error.fault.never_sent());
            }
        };
        if reply.status >= 500 || reply.status == 429 {
            let text = format!(
                "{} answered with HTTP error {} while {}",
                self.server(),
                reply.status,
                step.doing()
            );
            return self.failed(now, step, Problem::new(Status::Http, text), false);
        }
        if step != Step::LoginPost && (300..400).contains(&reply.status) {
            return self.redirected(now, step, &flight.url, &reply);
        }
        self.redirects = 0;
        match step {
            Step::LoginPage => self.login_page_reply(now, &flight.url, &reply),
            Step::LoginPost => match login::judge(&reply, &self.cookies, &self.server()) {
                Outcome::Success => self.begin(now, Step::Popout),
                Outcome::Challenge(problem) => self.login_ended(problem, true),
                // A session that worked is not given up for a passing refusal: a crowd after a restart, a strange page.
                Outcome::Failure(problem)
                    if !self.is_first_login() && problem.status != Status::Credentials =>
                {
                    self.failed(now, step, problem, false);
                }
                Outcome::Failure(problem) => self.login_ended(problem, false),
            },
            Step::Register => {}
            Step::Popout | Step::Home => self.page_reply(now, step, &flight.url, &reply),
            Step::Visibility => {
                let worked = wire::ajax::<IgnoredPayload>(&reply.body).is_ok_and(|it| it.is_ok());
                self.visible_there =
                    (worked && wire::has_verdict(&reply.body)).then_some(self.visibility_posted);
                self.ajax_step::<IgnoredPayload>(now, &reply, |session, now, _| {
                    session.begin(now, Step::BuddyList);
                });
            }
            Step::BuddyList => self.ajax_step(now, &reply, |session, now, payload| {
                if session.take_buddy_list(now, payload.unwrap_or_default()) {
                    session.tell_buddy_list(None);
                }
                session.login_done(now);
            }),
            Step::Reconnect => self.reconnect_reply(now, &flight.url, &reply),
            Step::Recover => self.recover_reply(now, &reply),
            Step::Probe | Step::Poll => self.channel_reply(now, step, flight, &reply),
        }
    }

    /// The common part of ajax steps that are not essential: a refusal is passed over, unless it is about the session itself.
    fn ajax_step<T: for<'b> Deserialize<'b>>(
        &mut self,
        now: Now,
        reply: &Reply,
        next: impl FnOnce(&mut Self, Now, Option<T>),
    ) {
        match wire::ajax::<T>(&reply.body) {
            Ok(Err(error)) if error.is_logged_out() => self.logged_out(now),
            Ok(Err(error)) if error.is_stale_token() => self.stale_token(now),
            Ok(Ok(payload)) => next(self, now, payload),
            Ok(Err(_)) | Err(_) => next(self, now, None),
        }
    }

    fn reconnect_reply(&mut self, now: Now, url: &Url, reply: &Reply) {
        let payload = match wire::ajax::<ReconnectPayload>(&reply.body) {
            Ok(Ok(payload)) => payload.unwrap_or_default(),
            Ok(Err(error)) if error.is_logged_out() => return self.logged_out(now),
            Ok(Err(_)) => return self.escalate(now),
            Err(_) if reply.status == 200 => return self.not_json(now, Step::Reconnect),
            // Servers of early 2008 have no such page.
            Err(_) => return self.escalate(now),
        };
        let server = self.config.server.clone();
        let port = payload.port.id().and_then(|port| u16::try_from(port).ok());
        let announced = payload
            .channel
            .0
            .and_then(|reference| server.channel_at_reference(url, &reference));
        let channel = announced.or_else(|| server.channel_at_label(&payload.host.0?, port));
        if channel.is_none() && self.channel.is_none() {
            return self.escalate(now);
        }
        self.channel = channel.or(self.channel.take());
        // Our own number stays where we have one: taking the reply's would lose what came in between.
        self.seq = self.seq.or(payload.seq.0.filter(|&seq| seq >= 0).map(Seq));
        if self.is_first_login() {
            // The way was interrupted before the host was told what it waits for.
            return self.begin(now, Step::Visibility);
        }
        let next = if self.seq.is_some() {
            Step::Recover
        } else {
            Step::Probe
        };
        if self.told != Some(Connection::Connected) {
            self.outage_ended_at = Some(now.monotonic);
            self.refresh_soon(now, 0);
        }
        self.begin(now, next);
    }

    fn channel_reply(&mut self, now: Now, step: Step, flight: &Flight, reply: &Reply) {
        let held = now.monotonic.saturating_sub(flight.started);
        match wire::channel(&reply.body, super::channel::MOST_ITEMS) {
            Err(_) => self.not_json(now, step),
            Ok(reply) if step == Step::Poll => self.poll_reply(now, reply, held),
            Ok(ChannelReply::Refresh(Some(seq))) => {
                self.seq = Some(Seq(seq));
                self.begin(now, Step::Poll);
            }
            Ok(ChannelReply::Error(error)) if error.is_logged_out() => self.logged_out(now),
            Ok(_) => self.escalate(now),
        }
    }
}

/// A payload that does not matter.
#[derive(Debug, Deserialize)]
pub(super) struct IgnoredPayload {}
