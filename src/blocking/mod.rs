//! A blocking interface over `reqwest::blocking` for simple programs and scripts: log in, wait, send, buddy list.
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
//! while a thread waits; otherwise the server keeps new items. Not for programs with many sessions: each has several
//! threads, and a request in progress ends only by its reply or its timeout.

#![forbid(unsafe_code)]

mod http;
mod pump;
mod transfer;
mod transfers;

use crate::options::SessionOptions;
use crate::protocol::Input;
use crate::status::{Problem, Status};
use crate::types::{
    Buddy, Command, Connection, DownloadTarget, Event, File, Group, GroupChange, Message, Origin,
    Person, Query, RequestId, Secret, Uid,
};
use pump::{Shared, Success, too_slow};
use std::sync::Arc;
use std::time::{Duration, Instant};
use transfer::Transfer;

/// Time limit for a login: name lookup, connection and about five requests.
const LOGIN_LIMIT: Duration = Duration::from_secs(60);

/// Time limit for a request; the protocol's own limits are shorter: ten minutes for a message whose outcome is not known.
const REQUEST_LIMIT: Duration = Duration::from_secs(700);

/// One logged-in session, usable from any number of threads.
#[derive(Debug)]
pub struct Session {
    shared: Arc<Shared>,
    account: Account,
}

/// The account of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user's uid.
    pub uid: Uid,
    /// The user's name, or empty if the server did not tell it.
    pub name: String,
    /// Greatest length of a message in Unicode scalar values.
    pub message_limit: usize,
}

impl Session {
    /// Logs in; returns when messages can arrive.
    ///
    /// Not to be called on a thread of an async runtime: it blocks until the login is done, at most a minute.
    ///
    /// # Errors
    /// Wrong e-mail address or password, unknown server, not an fbchat server, no connection: the problem says which.
    pub fn login(options: &SessionOptions, email: &str, password: Secret) -> Result<Self, Problem> {
        let seed = getrandom::u64().map_err(|error| {
            Problem::new(
                Status::Internal,
                format!("The system has no random number: {error}"),
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
            Success::LoggedIn(account) => account,
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
        // Earlier states of the connection are obsolete.
        state
            .incoming
            .retain(|event| !matches!(event, Event::Connection(_)));
        shared.leave(&mut state);
        drop(state);
        Ok(Session { shared, account })
    }

    /// The account of this session.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Waits for messages from others; returns an empty list if none arrived within `timeout`.
    ///
    /// Other events are dropped; use [`Session::wait_for_events`] to receive them.
    ///
    /// # Errors
    /// The session has ended. A lost connection is not an error: the session reconnects.
    pub fn wait_for_messages(&self, timeout: Duration) -> Result<Vec<Message>, Problem> {
        let deadline = after(timeout);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let events = self.wait_for_events(left)?;
            let timed_out = events.is_empty();
            let messages: Vec<Message> = events
                .into_iter()
                .filter_map(|event| match event {
                    Event::Message(message) if message.origin == Origin::Incoming => Some(message),
                    _ => None,
                })
                .collect();
            if timed_out || !messages.is_empty() {
                return Ok(messages);
            }
        }
    }

    /// Waits for events: messages (also the user's own, sent from elsewhere), typing notices, changes of buddies,
    /// friendships, blocked people, the buddy list, groups and the connection, friend requests and pokes. Returns an empty list if
    /// none arrived within `timeout`.
    ///
    /// # Errors
    /// The session has ended, and all earlier events were fetched.
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

    /// Sends a message; returns when the server has confirmed it.
    ///
    /// # Errors
    /// The message was not sent, or (status `OutcomeUnknown`) it is unknown whether it was.
    pub fn send(&self, to: Uid, text: &str) -> Result<(), Problem> {
        self.send_with(to, text, None)
    }

    fn send_with(&self, to: Uid, text: &str, file: Option<String>) -> Result<(), Problem> {
        let text = text.to_owned();
        match self.request(|request| Command::Send {
            request,
            to,
            text,
            file,
            message_id: None,
        })? {
            Success::Sent => Ok(()),
            _ => Err(mismatch()),
        }
    }

    /// Uploads a file from its current position; returns when the server has it. `progress` gets the number of bytes transferred
    /// and the total if it is known; the upload ends when it returns false.
    ///
    /// # Errors
    /// The file cannot be read (status `Descriptor`, also when it was cancelled), or the server did not accept it.
    pub fn upload(
        &self,
        file: std::fs::File,
        name: &str,
        progress: impl Fn(u64, Option<u64>) -> bool + Send + Sync + 'static,
    ) -> Result<File, Problem> {
        let unreadable = |error: std::io::Error| {
            let text = format!("The file cannot be read: {error}");
            Problem::new(Status::Descriptor, text)
        };
        let transfer = Transfer::upload(file, Box::new(progress)).map_err(unreadable)?;
        let size = transfer.length();
        if size == Some(0) {
            return Err(Problem::new(Status::Argument, "The file is empty"));
        }
        let name = name.to_owned();
        let uploaded = self.shared.transfer(transfer, |request| Command::Upload {
            request,
            name,
            size,
        })?;
        match uploaded {
            Success::File(file) => Ok(*file),
            _ => Err(mismatch()),
        }
    }

    /// Sends a message with a file that was uploaded; returns when the server has confirmed it. The text may be empty.
    ///
    /// # Errors
    /// As for [`Session::send`].
    pub fn send_file(&self, to: Uid, file: &str, text: &str) -> Result<(), Problem> {
        self.send_with(to, text, Some(file.to_owned()))
    }

    /// Downloads a file, which is written in order as it arrives. `progress` is as for [`Session::upload`]. After an error the
    /// file may contain a part of the content.
    ///
    /// # Errors
    /// The file cannot be written (status `Descriptor`, also when it was cancelled), or the server did not send it.
    pub fn download(
        &self,
        id: &str,
        to: std::fs::File,
        progress: impl Fn(u64, Option<u64>) -> bool + Send + Sync + 'static,
    ) -> Result<(), Problem> {
        let transfer = Transfer::download(to, Box::new(progress));
        let file = id.to_owned();
        let downloaded = self
            .shared
            .transfer(transfer, |request| Command::Download {
                request,
                file,
                target: DownloadTarget::Host,
            })?;
        match downloaded {
            Success::Done => Ok(()),
            _ => Err(mismatch()),
        }
    }

    /// Requests the buddy list from the server.
    ///
    /// # Errors
    /// The server did not answer, or not intelligibly.
    pub fn buddy_list(&self) -> Result<Arc<[Arc<Buddy>]>, Problem> {
        match self.request(|request| Command::Refresh { request })? {
            Success::Buddies(buddies) => Ok(buddies),
            _ => Err(mismatch()),
        }
    }

    /// Requests the recent messages of one conversation, oldest first.
    ///
    /// # Errors
    /// The server did not answer, or not intelligibly.
    pub fn history(&self, with: Uid) -> Result<Vec<Message>, Problem> {
        match self.request(|request| Command::Ask {
            request,
            query: Query::History { with, since: 0 },
        })? {
            Success::History(messages) => Ok(messages),
            _ => Err(mismatch()),
        }
    }

    /// Blocks or unblocks somebody.
    ///
    /// # Errors
    /// The server refused, or (status `OutcomeUnknown`) it is unknown whether it was done.
    pub fn block(&self, uid: Uid, blocked: bool) -> Result<(), Problem> {
        match self.request(|request| Command::Ask {
            request,
            query: Query::Block { uid, blocked },
        })? {
            Success::Done => Ok(()),
            _ => Err(mismatch()),
        }
    }

    /// Requests those whom the user has blocked, those who were blocked last first.
    ///
    /// # Errors
    /// The server did not answer, or not intelligibly.
    pub fn blocked(&self) -> Result<Vec<Person>, Problem> {
        match self.request(|request| Command::Ask {
            request,
            query: Query::Blocked,
        })? {
            Success::People(people) => Ok(people),
            _ => Err(mismatch()),
        }
    }

    /// Requests the groups, by number. They are an event, too, which takes the place of earlier ones.
    ///
    /// # Errors
    /// The server did not answer, or not intelligibly.
    pub fn groups(&self) -> Result<Arc<[Arc<Group>]>, Problem> {
        match self.request(|request| Command::RefreshGroups { request })? {
            Success::Groups(groups) => Ok(groups),
            _ => Err(mismatch()),
        }
    }

    /// Creates a group of the user and these friends. The new group is an event, too.
    ///
    /// # Errors
    /// The server refused, or (status `OutcomeUnknown`) it is unknown whether it was done.
    pub fn create_group(&self, name: &str, members: Vec<Uid>) -> Result<Arc<Group>, Problem> {
        let name = name.to_owned();
        match self.request(|request| Command::Ask {
            request,
            query: Query::CreateGroup {
                name,
                members,
                create_id: 0,
            },
        })? {
            Success::Group(group) => Ok(group),
            _ => Err(mismatch()),
        }
    }

    /// Changes a group.
    ///
    /// # Errors
    /// The server refused, or (status `OutcomeUnknown`) it is unknown whether it was done.
    pub fn change_group(&self, gid: Uid, change: GroupChange) -> Result<(), Problem> {
        match self.request(|request| Command::Ask {
            request,
            query: Query::ChangeGroup { gid, change },
        })? {
            Success::Done => Ok(()),
            _ => Err(mismatch()),
        }
    }

    /// Ends the session on the server; threads that wait in other calls get an error. Messages that were not fetched come
    /// with the next session. Without a logout the server shows the user as online for some time.
    ///
    /// # Errors
    /// The server did not confirm within `limit`.
    pub fn logout(&self, limit: Duration) -> Result<(), Problem> {
        let mut state = self.shared.lock();
        if state.closed.is_none() {
            let request = state.new_request();
            self.shared
                .handle(&mut state, Input::Command(Command::Logout { request }));
            state.drop_unfetched();
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

    fn request(&self, command: impl FnOnce(RequestId) -> Command) -> Result<Success, Problem> {
        self.shared.request(after(REQUEST_LIMIT), command).1
    }
}

/// The deadline after this time. A program may pass a time beyond the clock's range; a year is used instead.
fn after(time: Duration) -> Instant {
    let now = Instant::now();
    let year = Duration::from_secs(365 * 24 * 3600);
    now.checked_add(time).unwrap_or_else(|| now + year)
}

fn mismatch() -> Problem {
    Problem::new(
        Status::Internal,
        "This request got an answer of the wrong kind.",
    )
}
