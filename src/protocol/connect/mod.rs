//! The way from login to the held long-poll: which step is under way or waits for its time, what a failed step leads to, and
//! what hosts are told of the connection.
//!
//! One step is under way at a time, and the next follows from its reply. Repeated attempts go through the backoff, so
//! nothing spins, and hosts hear of everything that is not cured at once. What the steps ask for is decided by the parts that
//! need the replies.

pub mod account;
pub mod chat_page;
pub mod login;
pub mod redirects;
pub mod resume;
pub mod step;
pub mod web_session;

use crate::protocol::action::Action;
use crate::protocol::answer;
use crate::protocol::backoff::Backoff;
use crate::protocol::connect::account::Account;
use crate::protocol::connect::login::LoginOutcome;
use crate::protocol::connect::redirects::Redirects;
use crate::protocol::connect::step::Step;
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::wire::exchange::Reply;
use crate::protocol::wire::reply::body_text;
use crate::status::{Problem, Status};
use crate::types::{Connection, Event, Millis, RequestId, Secret};
use url::Url;

/// Attempts of a first login while connections break. A server that cannot be reached at all is reported at once.
const LOGIN_ATTEMPTS: u32 = 3;
/// A server that asks for a longer pause than this ends a first login, so that nobody waits for minutes, in milliseconds.
const LOGIN_PAUSE: Millis = 60_000;
/// Attempts in a row to cure a stale channel or refused tokens before the session logs in again.
const STALE_STEPS: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not logged in, or being logged out.
    Idle,
    /// A step is under way.
    Busy(Step),
    /// The step comes when it is time.
    Waiting { step: Step, until: Millis },
    /// The next long-poll is held back for the host.
    Paused,
    /// The session is over.
    Closed,
}

/// See the module.
#[derive(Debug)]
pub struct Connector {
    state: State,
    /// What the host was told last.
    told: Option<Connection>,
    backoff: Backoff,
    redirects: Redirects,
    /// Steps taken in a row to cure a stale channel: reconnect, new page, new login.
    stale: u8,
    /// A login has worked since the last time that the session had to log in again.
    may_log_in_again: bool,
    account: Option<Account>,
}

impl Default for Connector {
    fn default() -> Self {
        Connector {
            state: State::Idle,
            told: None,
            backoff: Backoff::default(),
            redirects: Redirects::default(),
            stale: 0,
            may_log_in_again: false,
            account: None,
        }
    }
}

impl Connector {
    /// True once the session is over.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// True if the next long-poll is held back for the host.
    pub fn is_paused(&self) -> bool {
        self.state == State::Paused
    }

    /// True while a long-poll is under way.
    pub fn is_polling(&self) -> bool {
        self.state == State::Busy(Step::Poll)
    }

    /// True if the host was told last that the long-poll is held.
    pub fn is_connected(&self) -> bool {
        self.told == Some(Connection::Connected)
    }

    /// When a step is due.
    pub fn timeout(&self) -> Option<Millis> {
        match self.state {
            State::Waiting { until, .. } => Some(until),
            _ => None,
        }
    }

    /// The step whose time has come.
    pub fn due(&self, now: Millis) -> Option<Step> {
        match self.state {
            State::Waiting { step, until } if until <= now => Some(step),
            _ => None,
        }
    }

    /// A step is about to start: what the host is told of it, if anything. While a stale channel is cured in the background,
    /// hosts see no change.
    pub fn begin(&mut self, step: Step) -> Option<Event> {
        match self.is_connected() && step != Step::LoginPage {
            true => None,
            false => self.tell(step.connection()),
        }
    }

    /// The request of a step is on its way.
    pub fn started(&mut self, step: Step) {
        self.state = State::Busy(step);
    }

    /// The next step comes after a pause.
    pub fn wait(&mut self, now: Millis, step: Step, wait: Millis) {
        let until = now.saturating_add(wait);
        self.state = State::Waiting { step, until };
    }

    /// The long-poll waits for the host.
    pub fn pause(&mut self) {
        self.state = State::Paused;
    }

    /// No step is under way any more.
    pub fn stop(&mut self) {
        self.state = State::Idle;
    }

    /// The session is over. Gives the login command that has no answer yet.
    pub fn close(&mut self) -> Option<RequestId> {
        self.state = State::Closed;
        self.account.take()?.take_unanswered()
    }

    fn tell(&mut self, connection: Connection) -> Option<Event> {
        if self.told.as_ref() == Some(&connection) {
            return None;
        }
        self.told = Some(connection.clone());
        Some(Event::Connection(connection))
    }

    /// Logs in, or says why not. Without a password the session must have cookies.
    pub fn log_in(&mut self, request: RequestId, account: Account) -> Action {
        if self.account.is_some() {
            let text = "This session is logged in already, or about to be";
            let problem = Problem::new(Status::State, text);
            return Action::Tell(Event::LoginFailed { request, problem });
        }
        let step = match account.has_password() {
            true => Step::LoginPage,
            false => Step::Popout,
        };
        self.account = Some(account);
        Action::Begin(step)
    }

    /// True once a login was asked for.
    pub fn has_account(&self) -> bool {
        self.account.is_some()
    }

    /// True once the host's login command is answered.
    pub fn is_logged_in(&self) -> bool {
        self.account.is_some() && !self.is_first_login()
    }

    /// True until the host's login command is answered.
    pub fn is_first_login(&self) -> bool {
        self.login_request().is_some()
    }

    /// The login command that has no answer yet.
    pub fn login_request(&self) -> Option<RequestId> {
        self.account.as_ref()?.unanswered()
    }

    /// The login command, which is answered now: everything that the host waits for is there.
    pub fn login_succeeded(&mut self) -> Option<RequestId> {
        let request = self.account.as_mut()?.take_unanswered()?;
        self.may_log_in_again = true;
        Some(request)
    }

    /// The login came to nothing. Gives the login command, if it has no answer yet.
    pub fn login_ended(&mut self) -> Option<RequestId> {
        let request = self.login_request()?;
        self.account = None;
        self.told = None;
        self.stale = 0;
        self.backoff.reset();
        Some(request)
    }

    pub fn set_password(&mut self, password: Secret) {
        if let Some(account) = &mut self.account {
            account.set_password(password);
        }
    }

    /// The channel works.
    pub fn works(&mut self) {
        self.stale = 0;
        self.backoff.reset();
        self.may_log_in_again = true;
    }

    /// True unless the channel's address or number is suspected to be out of date.
    pub fn trusts_channel(&self) -> bool {
        self.stale == 0
    }

    /// Failed attempts in a row.
    pub fn failures(&self) -> u32 {
        self.backoff.failures()
    }

    /// A step has failed: tries again after the backoff, but not before `pause` is over, or gives a first login up.
    pub fn failed(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        (step, problem): (Step, Problem),
        hopeless: bool,
        pause: Millis,
    ) -> Option<Action> {
        let wait_ms = self.backoff.next(rng).max(pause);
        let give_up = hopeless || self.failures() >= LOGIN_ATTEMPTS || pause > LOGIN_PAUSE;
        if self.is_first_login() && give_up {
            return Some(Action::LoginEnded(problem));
        }
        self.wait(now, step.after_failure(), wait_ms);
        self.tell(Connection::Waiting { wait_ms, problem })
            .map(Action::Tell)
    }

    /// The server has asked for a pause, so the step has to wait.
    pub fn postpone(
        &mut self,
        now: Millis,
        step: Step,
        pause: Millis,
        problem: Problem,
    ) -> Option<Action> {
        if self.is_first_login() && pause > LOGIN_PAUSE {
            return Some(Action::LoginEnded(problem));
        }
        self.wait(now, step, pause);
        let wait_ms = pause;
        self.tell(Connection::Waiting { wait_ms, problem })
            .map(Action::Tell)
    }

    /// The channel answers, but not for this session: new host, then new page, then new login.
    pub fn stale_channel(&mut self, now: Millis, rng: &mut fastrand::Rng) -> Option<Action> {
        self.stale = self.stale.saturating_add(1);
        let step = match self.stale {
            1 => Step::Reconnect,
            2 => Step::Popout,
            _ => return Some(Action::LoggedOut),
        };
        self.wait_for_backoff(now, rng, step);
        None
    }

    /// A token was refused on the way to the long-poll: new page, then new login.
    pub fn stale_token(&mut self, now: Millis, rng: &mut fastrand::Rng) -> Option<Action> {
        self.stale = self.stale.saturating_add(1).max(2);
        if self.stale > STALE_STEPS {
            return Some(Action::LoggedOut);
        }
        self.wait_for_backoff(now, rng, Step::Popout);
        None
    }

    /// A step comes after the backoff. Hosts are not told.
    pub fn wait_for_backoff(&mut self, now: Millis, rng: &mut fastrand::Rng, step: Step) {
        let wait = self.backoff.next(rng);
        self.wait(now, step, wait);
    }

    /// The server does not know the session any more: logs in again, once until things work.
    pub fn logged_out(&mut self, server: &str) -> Action {
        self.stale = 0;
        let has_password = self.account.as_ref().is_some_and(Account::has_password);
        if has_password && std::mem::take(&mut self.may_log_in_again) {
            return Action::Begin(Step::LoginPage);
        }
        let text = format!(
            "{server} ended the session: logged out elsewhere, or the password was changed. Log in again"
        );
        let problem = Problem::new(Status::LoggedOut, text);
        match self.is_first_login() {
            true => Action::LoginEnded(problem),
            false => Action::Close(problem),
        }
    }

    /// True while a new login is under way or waits for its time.
    pub fn is_logging_in(&self) -> bool {
        match self.state {
            State::Busy(step) | State::Waiting { step, .. } => step.is_login(),
            _ => false,
        }
    }

    /// The machine slept, or its network is another one: a held long-poll from before is dead, and a long wait is over. The
    /// step to go on with, if there is one.
    pub fn restart(&mut self) -> Option<Step> {
        let step = match self.state {
            State::Busy(Step::Poll) => Step::Reconnect,
            State::Waiting { step, .. } => step,
            _ => return None,
        };
        self.backoff.reset();
        Some(step)
    }

    /// Follows a redirect, or says what it means.
    pub fn redirected(
        &mut self,
        web: &mut WebSession,
        step: Step,
        from: &Url,
        reply: &Reply,
    ) -> Action {
        self.redirects.take(web, step, from, reply)
    }

    /// A reply was not a redirect.
    pub fn not_redirected(&mut self) {
        self.redirects.reset();
    }

    /// What follows from the login page.
    pub fn login_page(&mut self, web: &mut WebSession, url: &Url, reply: &Reply) -> Action {
        let form = login::find_form(&body_text(&reply.body), url);
        let why = match &form {
            Some(form) if !web.server().trusts(&form.action) => {
                let place = form.action.origin().ascii_serialization();
                format!("its login form leads to {place}")
            }
            _ if reply.status == 200 => "there is no login form at /login.php".to_owned(),
            _ => format!("HTTP status {} at /login.php", reply.status),
        };
        let form = form.filter(|form| web.server().trusts(&form.action));
        let next = form.and_then(|form| {
            web.preset_cookie(url, "test_cookie", "1");
            self.account.as_mut()?.login_request(web, &form)
        });
        next.unwrap_or_else(|| {
            // The server itself may be fine behind a captive portal, but a first login should say so at once.
            Action::Failed {
                step: Step::LoginPage,
                problem: answer::not_a_chat_server(&web.label(), &why),
                hopeless: true,
            }
        })
    }

    /// What follows from the reply to the login form.
    pub fn login_reply(&self, web: &WebSession, reply: &Reply) -> Action {
        match login::judge(reply, web.cookie_uid().is_some(), &web.label()) {
            LoginOutcome::Success => Action::Begin(Step::Popout),
            LoginOutcome::Challenge(problem) => Action::Challenge(problem),
            // A session that worked is not given up because of a temporary refusal, as after a restart of the server.
            LoginOutcome::Failure(problem)
                if !self.is_first_login() && problem.status != Status::Credentials =>
            {
                Action::Failed {
                    step: Step::LoginPost,
                    problem,
                    hopeless: false,
                }
            }
            LoginOutcome::Failure(problem) => Action::LoginEnded(problem),
        }
    }
}
