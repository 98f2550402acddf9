//! What goes wrong on the way, and its cure. Repeated attempts pass through the backoff, so nothing spins; hosts hear of all
//! that is not cured at once.

use super::call::{Call, Flight};
use super::exchange::{Reply, TransportError, TransportFault};
use super::history::HistoryPayload;
use super::link::{Link, Step};
use super::login;
use super::page::Page;
use super::presence::Buddies;
use super::session::{Now, Session};
use super::sign_on::Taken;
use super::wire::{self, AjaxError};
use crate::status::{Problem, Status};
use crate::types::{Connection, Event, Uid};
use url::Url;

/// Redirects followed in a row.
const MOST_REDIRECTS: u8 = 5;
/// Attempts of a first login while connections break; a server that cannot be reached at all is reported at once.
const LOGIN_ATTEMPTS: u32 = 3;
/// Attempts to read a conversation's history before the session goes on without.
const HISTORY_ATTEMPTS: u32 = 4;

impl Session {
    pub(super) fn problem(&self, error: &TransportError, doing: &str) -> Problem {
        let (server, detail) = (self.server(), &error.detail);
        let text = match error.fault.status() {
            Status::Dns => format!("Could not find {server}: {detail}"),
            Status::Connect => format!("Could not connect to {server}: {detail}"),
            Status::Tls => format!("No secure connection to {server}: {detail}"),
            Status::Timeout => format!("{server} took too long to answer while {doing}"),
            Status::Io => format!("Lost the connection to {server} while {doing}: {detail}"),
            _ => format!("{server} sent too much while {doing}: {detail}"),
        };
        let mut problem = Problem::new(error.fault.status(), text);
        if let TransportFault::Tls(untrusted) = error.fault {
            problem.untrusted = untrusted;
        }
        problem
    }

    /// A step did not work: tries again after the backoff, or gives a first login up.
    pub(super) fn failed(&mut self, now: Now, step: Step, problem: Problem, hopeless: bool) {
        let again = match step {
            Step::LoginPost => Step::LoginPage,
            // A quick call tells whether the server is back; a blind long-poll would not.
            Step::Poll | Step::Probe | Step::Recover => Step::Reconnect,
            other => other,
        };
        let wait_ms = self.backoff.next(&mut self.rng);
        if self.is_first_login() && (hopeless || self.backoff.failures() >= LOGIN_ATTEMPTS) {
            return self.login_ended(problem, false);
        }
        self.tell(Connection::Waiting { wait_ms, problem });
        self.wait_for(now, again, wait_ms);
    }

    /// True until the host's login command is answered.
    pub(super) fn is_first_login(&self) -> bool {
        let account = self.account.as_ref();
        account.is_some_and(|account| account.unanswered.is_some())
    }

    /// The channel answers, but not for us: new host, then new page, then new login.
    pub(super) fn escalate(&mut self, now: Now) {
        self.stale = self.stale.saturating_add(1);
        let step = match self.stale {
            1 => Step::Reconnect,
            2 => Step::Popout,
            _ => return self.logged_out(now),
        };
        let wait = self.backoff.next(&mut self.rng);
        self.wait_for(now, step, wait);
    }

    /// A token is stale on the way to the long-poll: new page, then new login.
    pub(super) fn stale_token(&mut self, now: Now) {
        self.stale = self.stale.saturating_add(1).max(2);
        if self.stale > 3 {
            return self.logged_out(now);
        }
        let wait = self.backoff.next(&mut self.rng);
        self.wait_for(now, Step::Popout, wait);
    }

    /// The server does not know this session any more: logs in again, once until things work.
    pub(super) fn logged_out(&mut self, now: Now) {
        if self.is_closing() {
            return self.logout_done();
        }
        self.stop_link();
        // What was asked in the old session is not answered in the new one, and a late "not logged in" must not end it.
        let text = format!(
            "{} asked for a new login meanwhile; try again",
            self.server()
        );
        self.end_flights(&Problem::new(Status::LoggedOut, text));
        self.cookies.remove("c_user");
        self.cookies.remove("xs");
        self.stale = 0;
        self.visible_there = None;
        let account = self.account.as_ref();
        if account.is_some_and(|it| it.credentials.is_some()) && self.may_log_in_again {
            self.may_log_in_again = false;
            return self.begin(now, Step::LoginPage);
        }
        let text = format!(
            "{} ended the session: logged out elsewhere, or the password was changed. Log in again",
            self.server()
        );
        let problem = Problem::new(Status::LoggedOut, text);
        match self.account.as_ref().and_then(|account| account.unanswered) {
            Some(_) => self.login_ended(problem, false),
            None => self.close(Some(problem), None),
        }
    }

    /// A login that came to nothing. The first one can be repeated by the host; a later one ends the session.
    pub(super) fn login_ended(&mut self, problem: Problem, challenge: bool) {
        let Some(request) = self.account.as_ref().and_then(|account| account.unanswered) else {
            return self.close(Some(problem), None);
        };
        self.account = None;
        self.uid = None;
        self.page = Page::default();
        self.channel = None;
        self.seq = None;
        self.buddies = Buddies::default();
        self.told = None;
        self.stale = 0;
        self.visible_there = None;
        self.backoff.reset();
        self.stop_link();
        self.end_flights(&problem);
        self.cookies.remove("c_user");
        self.cookies.remove("xs");
        self.emit(match challenge {
            true => Event::Challenge { request, problem },
            false => Event::LoginFailed { request, problem },
        });
    }

    pub(super) fn not_json(&mut self, now: Now, step: Step) {
        let text = format!(
            "{} sent something that is no chat reply while {} (a proxy's page?)",
            self.server(),
            step.doing()
        );
        self.failed(now, step, Problem::new(Status::BadReply, text), false);
    }

    pub(super) fn redirected(&mut self, now: Now, step: Step, from: &Url, reply: &Reply) {
        let target = reply
            .location
            .as_deref()
            .and_then(|location| from.join(location).ok());
        let Some(target) = target else {
            return self.not_json(now, step);
        };
        if step != Step::LoginPage && target.path().contains("login.php") {
            return self.logged_out(now);
        }
        if !self.config.server.trusts(&target) {
            let host = target.host_str().unwrap_or("another place");
            let why = format!("it redirects to {}://{host}", target.scheme());
            let problem = login::not_ours(&self.server(), &why);
            return self.failed(now, step, problem, true);
        }
        let home = self.config.server.origin();
        let wants_tls = target.host() == home.host() && target.scheme() != home.scheme();
        if step == Step::LoginPage || wants_tls {
            // The server lives at another name, or wants TLS: from now on everything goes there.
            self.config.server.move_to(&target);
        }
        self.redirects = self.redirects.saturating_add(1);
        let is_page = matches!(step, Step::LoginPage | Step::Popout | Step::Home);
        if self.redirects > MOST_REDIRECTS || !is_page {
            self.redirects = 0;
            return self.not_json(now, step);
        }
        self.fetch(now, Call::Link(step), target);
    }

    pub(super) fn recover_reply(&mut self, now: Now, reply: &Reply) {
        let history = match wire::ajax::<HistoryPayload>(&reply.body) {
            Ok(Err(error)) if error.is_logged_out() => return self.logged_out(now),
            // A proxy's page is no history; but a server that has none at all must not keep us from going on.
            Err(_) if reply.status == 200 && self.backoff.failures() < HISTORY_ATTEMPTS => {
                return self.not_json(now, Step::Recover);
            }
            Ok(Ok(history)) => history,
            Ok(Err(_)) | Err(_) => None,
        };
        let peer = self.recover.pop_front();
        let mut known = self.conversations.iter();
        let since = known.find(|&&(known, _)| Some(known) == peer);
        let since = since.map_or(i64::MAX, |&(_, since)| since);
        let own = self.uid.unwrap_or(Uid(0));
        for message in history.unwrap_or_default().messages(own) {
            // Own messages without an id cannot be told from those that this session sent.
            let tellable = message.from != own || !message.message_id.is_empty();
            if tellable && self.seen.is_news(&message, since) {
                self.take_message(now, message, false);
            }
        }
        self.begin(now, Step::Recover);
    }

    /// The machine slept, or its network is another one: a held poll from before is dead, and a long wait is over.
    pub(super) fn begin_anew(&mut self, now: Now) {
        let is_poll = |flight: &Flight| flight.call == Call::Link(Step::Poll);
        let next = match self.link {
            Link::Busy(id) if self.flights.get(&id).is_some_and(is_poll) => Step::Reconnect,
            Link::Waiting { step, .. } => step,
            _ => return,
        };
        self.stop_link();
        self.backoff.reset();
        self.begin(now, next);
    }

    /// Does something about an error that is about the session; others are the caller's.
    pub(super) fn cure(&mut self, now: Now, error: &AjaxError) {
        if error.is_logged_out() {
            // The login that cures it may be under way already.
            if !self.is_logging_in() {
                self.logged_out(now);
            }
            return;
        }
        if error.is_stale_token() && !self.tokens_stale {
            self.tokens_stale = true;
            let url = self.config.server.at("/presence/popout.php");
            self.fetch(now, Call::Tokens, url);
        }
    }

    fn is_logging_in(&self) -> bool {
        let step = match self.link {
            Link::Waiting { step, .. } => Some(Call::Link(step)),
            Link::Busy(id) => self.flights.get(&id).map(|flight| flight.call.clone()),
            _ => None,
        };
        matches!(step, Some(Call::Link(Step::LoginPage | Step::LoginPost)))
    }

    /// The page that was to bring new tokens.
    pub(super) fn tokens_reply(
        &mut self,
        now: Now,
        url: &Url,
        result: Result<Reply, TransportError>,
    ) {
        match result {
            Ok(reply)
                if reply.status == 200
                    && self.take_page(&wire::body_text(&reply.body), url) == Taken::Whole => {}
            // The way through the link knows other pages, redirects, and how to wait.
            _ => {
                self.tokens_stale = true;
                self.stop_link();
                let wait = self.backoff.next(&mut self.rng);
                self.wait_for(now, Step::Popout, wait);
            }
        }
    }
}
