//! The protocol driven synchronously on `reqwest::blocking`: the four calls of the 2008 program, for straight-line programs and scripts.
//!
//! ```no_run
//! use fbchat::blocking::Session;
//! use fbchat::{options::SessionOptions, types::Secret};
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), fbchat::status::Problem> {
//! let options = SessionOptions { server: "http://127.0.0.1:8080".into(), ..SessionOptions::default() };
//! let session = Session::login(&options, "bob@example.org", Secret::new("demo".into()))?;
//! for buddy in session.buddy_list()?.iter() {
//!     println!("{} {}", buddy.uid, buddy.name);
//! }
//! for message in session.wait_for_messages(Duration::from_secs(60))? {
//!     session.send(message.from, &format!("You said: {}", message.text))?;
//! }
//! session.logout(Duration::from_secs(2))
//! # }
//! ```
//!
//! A [`Session`] may be shared between threads: one waits for messages while another sends. The long-poll is held only
//! while somebody waits; in between, the server keeps what comes in. Not for programs with many sessions: each has
//! some threads of its own, and a request that is under way ends only by its reply or its timeout.

#![forbid(unsafe_code)]

mod http;
mod pump;

use crate::options::SessionOptions;
use crate::protocol::Input;
use crate::status::{Problem, Status};
use crate::types::{
    Buddy, Command, Connection, Event, Message, Origin, Question, RequestId, Secret, Uid,
};
use pump::{Answer, Shared, too_slow};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A login that takes longer has failed: name lookup, connection and some five requests.
const LOGIN_LIMIT: Duration = Duration::from_secs(60);

/// A request that is not settled by then is given up; the protocol's own limits are shorter.
const REQUEST_LIMIT: Duration = Duration::from_secs(180);

/// One login, to be used from any number of threads.
#[derive(Debug)]
pub struct Session {
    shared: Arc<Shared>,
    account: Account,
}

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user's own number.
    pub uid: Uid,
    /// The user's own name, or empty if the server gave none.
    pub name: String,
    /// Greatest length of a message in Unicode scalar values.
    pub message_limit: usize,
}

impl Session {
    /// Logs in; returns when messages can come in.
    ///
    /// Not to be called on a thread of an async runtime: it blocks for as long as the login takes, at most a minute.
    ///
    /// # Errors
    /// Wrong e-mail address or password, no such server, no fbchat server, no connection: the problem says which.
    pub fn login(options: &SessionOptions, email: &str, password: Secret) -> Result<Self, Problem> {
        let seed = getrandom::u64().map_err(|error| {
            Problem::new(
                Status::Internal,
                format!("The system gave no random number: {error}"),
            )
        })?;
        let config = options.session_config(seed)?;
        let shared = Arc::new(Shared::new(config, &options.network)?);
        let deadline = after(LOGIN_LIMIT);
        let (mut state, answer) = shared.request(deadline, |request| Command::Login {
            request,
            email: email.to_owned(),
            password,
        });
        let account = match answer? {
            Answer::LoggedIn(account) => account,
            _ => return Err(mismatch()),
        };
        let (opened, _) = shared.wait(state, deadline, |state| {
            (state.connection == Connection::Connected || state.closed.is_some()).then_some(())
        });
        state = opened;
        if state.connection != Connection::Connected {
            return Err(match (&state.closed, &state.connection) {
                (Some(problem), _) | (None, Connection::Waiting { problem, .. }) => problem.clone(),
                _ => too_slow(
                    Status::Timeout,
                    "The channel for messages could not be opened",
                ),
            });
        }
        // That the way there was long is no news any more.
        state
            .incoming
            .retain(|event| !matches!(event, Event::Connection(_)));
        shared.leave(&mut state);
        drop(state);
        Ok(Session { shared, account })
    }

    /// Who is logged in.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Waits for messages from others; an empty list if none came within `timeout`.
    ///
    /// What else happens meanwhile is passed over; use [`Session::wait_for_events`] to see it.
    ///
    /// # Errors
    /// The session is over. A lost connection is no error: it is made again.
    pub fn wait_for_messages(&self, timeout: Duration) -> Result<Vec<Message>, Problem> {
        let deadline = after(timeout);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let events = self.wait_for_events(left)?;
            let over = events.is_empty();
            let messages: Vec<Message> = events
                .into_iter()
                .filter_map(|event| match event {
                    Event::Message(message) if message.origin == Origin::Incoming => Some(message),
                    _ => None,
                })
                .collect();
            if over || !messages.is_empty() {
                return Ok(messages);
            }
        }
    }

    /// Waits for whatever happens: messages (also the user's own, sent from elsewhere), typing notices, changes of
    /// buddies, of friendships, of the whole buddy list and of the connection, requests and pokes. An empty list if nothing
    /// did within `timeout`.
    ///
    /// # Errors
    /// The session is over, and everything that came before was fetched.
    pub fn wait_for_events(&self, timeout: Duration) -> Result<Vec<Event>, Problem> {
        let deadline = after(timeout);
        let mut state = self.shared.lock();
        self.shared.enter(&mut state);
        let (mut state, _) = self.shared.wait(state, deadline, |state| {
            (!state.incoming.is_empty() || state.closed.is_some()).then_some(())
        });
        self.shared.leave(&mut state);
        let events = self.shared.take_incoming(&mut state);
        match &state.closed {
            Some(problem) if events.is_empty() => Err(problem.clone()),
            _ => Ok(events),
        }
    }

    /// Sends a message; returns when the server has it.
    ///
    /// # Errors
    /// The message was not sent, or (status `OutcomeUnknown`) nobody can know.
    pub fn send(&self, to: Uid, text: &str) -> Result<(), Problem> {
        let text = text.to_owned();
        match self.request(|request| Command::Send { request, to, text })? {
            Answer::Sent => Ok(()),
            _ => Err(mismatch()),
        }
    }

    /// Asks the server for the buddy list.
    ///
    /// # Errors
    /// No answer that could be understood.
    pub fn buddy_list(&self) -> Result<Arc<[Arc<Buddy>]>, Problem> {
        match self.request(|request| Command::Refresh { request })? {
            Answer::Buddies(buddies) => Ok(buddies),
            _ => Err(mismatch()),
        }
    }

    /// Asks for the recent messages of one conversation, oldest first.
    ///
    /// # Errors
    /// No answer that could be understood.
    pub fn history(&self, with: Uid) -> Result<Vec<Message>, Problem> {
        match self.request(|request| Command::Ask {
            request,
            question: Question::History { with, since: 0 },
        })? {
            Answer::History(messages) => Ok(messages),
            _ => Err(mismatch()),
        }
    }

    /// Ends the session on the server; threads that wait in other calls get an error. Without a logout the server
    /// shows the user as online for some time more.
    ///
    /// # Errors
    /// The server did not confirm within `limit`.
    pub fn logout(&self, limit: Duration) -> Result<(), Problem> {
        let mut state = self.shared.lock();
        if state.closed.is_none() {
            let request = state.new_request();
            self.shared
                .handle(&mut state, Input::Command(Command::Logout { request }));
        }
        let deadline = after(limit);
        match self
            .shared
            .wait(state, deadline, |state| state.closed.clone())
            .1
        {
            Some(_) => Ok(()),
            None => Err(too_slow(
                Status::Timeout,
                "The server did not confirm the logout",
            )),
        }
    }

    fn request(&self, command: impl FnOnce(RequestId) -> Command) -> Result<Answer, Problem> {
        self.shared.request(after(REQUEST_LIMIT), command).1
    }
}

/// A program may say "for ever" with a time that no clock can hold; a year is enough.
fn after(time: Duration) -> Instant {
    let now = Instant::now();
    let year = Duration::from_secs(365 * 24 * 3600);
    now.checked_add(time).unwrap_or_else(|| now + year)
}

fn mismatch() -> Problem {
    Problem::new(
        Status::Internal,
        "An answer of the wrong kind came for this request.",
    )
}
