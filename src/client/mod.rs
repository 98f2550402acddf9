//! The safe Rust interface to the worker: a [`Client`] owns one thread and runs any number of sessions on it.
//!
//! Calls check their arguments and return at once; results arrive as events by [`Client::poll`]. All calls may be made
//! from any thread at any time.
//!
//! ```no_run
//! use fbchat::client::{Client, ClientConfig, Polled};
//! use fbchat::types::{Event, Secret};
//!
//! let mut config = ClientConfig::default();
//! config.session.server = "http://127.0.0.1:8080".into();
//! let client = Client::new(config)?;
//! let session = client.open(None, 0)?;
//! client.login(session, "alice@example.org", Secret::new("demo".into()))?;
//! while let Polled::Event(event) = client.poll(None)? {
//!     match event.event {
//!         Event::Message(message) => println!("{}: {}", message.from_name, message.text),
//!         Event::Closed { .. } => break,
//!         _ => {}
//!     }
//! }
//! # Ok::<(), fbchat::client::CallError>(())
//! ```

#![forbid(unsafe_code)]

mod account;
mod files;
mod groups;
mod social;

use crate::engine::{Engine, SavedState};
use crate::options::check_range;
use crate::types::{Buddy, OwnPresence, RequestId, Saved, Secret, Uid};
use std::ops::RangeInclusive;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

pub use groups::MAX_MEMBERS;
pub use social::MAX_PICTURE;

pub(crate) use crate::engine::generation;
pub use crate::engine::{
    CallError, Level, LogSettings, Polled, ServerAddressError, SessionEvent, SessionId,
};
pub use crate::options::{NetworkOptions, Pin, Proxy, Roots, SessionOptions};

/// Allowed values of [`ClientConfig::queue_limit`].
pub const QUEUE_LIMITS: RangeInclusive<usize> = 100..=1_000_000;

/// The settings of a client.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// How many events may wait before sessions are paused.
    pub queue_limit: usize,
    /// Receives log lines, if set.
    pub log: Option<LogSettings>,
    /// The options of sessions that are opened without their own.
    pub session: SessionOptions,
}

impl Default for ClientConfig {
    fn default() -> Self {
        ClientConfig {
            queue_limit: 10_000,
            log: None,
            session: SessionOptions::default(),
        }
    }
}

/// One worker thread, one event queue, any number of sessions.
pub struct Client {
    engine: Engine,
    defaults: SessionOptions,
    generation: u32,
}

impl Client {
    /// Starts the worker thread; no network yet.
    ///
    /// # Errors
    /// [`CallError::Options`] for a queue limit out of range, [`CallError::Resources`] if the system has no thread or
    /// descriptor left.
    pub fn new(config: ClientConfig) -> Result<Self, CallError> {
        let limit = check_range("queue limit", config.queue_limit, &QUEUE_LIMITS)?;
        Ok(Client {
            engine: Engine::start(limit, config.log)?,
            defaults: config.session,
            generation: generation(),
        })
    }

    /// Creates a session; no network yet. Without options it uses the client's; `user_data` is returned with every event.
    ///
    /// # Errors
    /// [`CallError::Options`] for an option out of range, or a server that is not allowed.
    pub fn open(
        &self,
        options: Option<&SessionOptions>,
        user_data: usize,
    ) -> Result<SessionId, CallError> {
        let options = options.unwrap_or(&self.defaults);
        self.engine()?.open(options, user_data)
    }

    /// Logs in; answered by `LoggedIn`, `LoginFailed` or `Challenge`.
    ///
    /// # Errors
    /// [`CallError::Argument`] for an empty or overlong address or password, [`CallError::State`] during or after a login.
    pub fn login(
        &self,
        session: SessionId,
        email: &str,
        password: Secret,
    ) -> Result<RequestId, CallError> {
        account::check(&[("e-mail address", email), ("password", password.reveal())])?;
        self.engine()?
            .session(session)?
            .login(email.to_owned(), password)
    }

    /// Resumes a saved session, without the password; answered like a login.
    ///
    /// # Errors
    /// [`CallError::Argument`] for data that is not a saved session, [`CallError::State`] during or after a login.
    pub fn resume(&self, session: SessionId, state: Secret) -> Result<RequestId, CallError> {
        let engine = self.engine()?;
        SavedState::parse(state.reveal()).map_err(|problem| CallError::Argument(problem.text))?;
        engine.session(session)?.resume(state)
    }

    /// What [`Client::resume`] and [`SessionOptions::saved`] take, with every message that was accepted and not yet answered:
    /// like the last `State` event, but never older than the last call of [`Client::send`]. Does not wait.
    ///
    /// # Errors
    /// [`CallError::State`] before the first `State` event.
    pub fn saved(&self, session: SessionId) -> Result<Saved, CallError> {
        self.engine()?.session(session)?.saved()
    }

    /// Sends a message; answered by `Sent` or `Failed`, exactly once.
    ///
    /// A message that is not settled when the session ends is in the saved session; the next session sends it.
    ///
    /// # Errors
    /// [`CallError::Argument`] for an empty text, [`CallError::TooLong`] for one over the server's limit, [`CallError::State`]
    /// before login, [`CallError::MessagesFull`] if too many messages wait, until all of these are settled.
    pub fn send(&self, session: SessionId, to: Uid, text: &str) -> Result<RequestId, CallError> {
        check_uid(to)?;
        let text = text.to_owned();
        self.engine()?.session(session)?.send(to, text, None)
    }

    /// Tells a friend that the user is typing or has stopped.
    ///
    /// # Errors
    /// [`CallError::State`] before login.
    pub fn set_typing(&self, session: SessionId, to: Uid, typing: bool) -> Result<(), CallError> {
        check_uid(to)?;
        self.engine()?.session(session)?.set_typing(to, typing)
    }

    /// Sets the user's presence to active, idle or invisible; before login it sets the presence to log in with.
    ///
    /// # Errors
    /// [`CallError::NoSession`] if it is closed.
    pub fn set_presence(&self, session: SessionId, presence: OwnPresence) -> Result<(), CallError> {
        self.engine()?.session(session)?.set_presence(presence)
    }

    /// The buddies as last reported, ordered by uid; does not wait.
    ///
    /// # Errors
    /// [`CallError::State`] before the first list has arrived.
    pub fn buddies(&self, session: SessionId) -> Result<Arc<[Arc<Buddy>]>, CallError> {
        self.engine()?.session(session)?.buddies()
    }

    /// The value that was passed when the session was opened.
    ///
    /// # Errors
    /// [`CallError::NoSession`] if it is closed.
    pub fn user_data(&self, session: SessionId) -> Result<usize, CallError> {
        Ok(self.engine()?.session(session)?.user_data())
    }

    /// Requests the buddy list from the server; answered by `BuddyList` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::State`] before login.
    pub fn refresh(&self, session: SessionId) -> Result<RequestId, CallError> {
        self.engine()?.session(session)?.refresh()
    }

    /// Ends the session on the server; answered by `Closed`, its last event.
    ///
    /// # Errors
    /// [`CallError::State`] if nobody is logged in.
    pub fn logout(&self, session: SessionId) -> Result<RequestId, CallError> {
        self.engine()?.session(session)?.logout()
    }

    /// Closes a session at once: no later poll returns an event of it. A logout in progress still reaches the server, and for
    /// up to two seconds the session sends what it has accepted, if the client is not dropped before. What is left is in
    /// [`Client::saved`], which is to be read before; a message that is sent twice arrives once.
    ///
    /// # Errors
    /// [`CallError::NoSession`] if it is already closed.
    pub fn close(&self, session: SessionId) -> Result<(), CallError> {
        self.engine()?.close(session)
    }

    /// Takes the next event; without a timeout it waits indefinitely.
    ///
    /// # Errors
    /// [`CallError::Closed`] when another thread drops the client.
    pub fn poll(&self, timeout: Option<Duration>) -> Result<Polled, CallError> {
        self.engine()?.poll(timeout)
    }

    /// Waits for the answer of one request and leaves all other events in the queue; without a timeout it waits indefinitely.
    ///
    /// # Errors
    /// [`CallError::NoRequest`] if there is no such request or its answer was taken, [`CallError::NoSession`] when its session
    /// is closed while waiting, [`CallError::Closed`] when another thread drops the client.
    pub fn wait(
        &self,
        request: RequestId,
        timeout: Option<Duration>,
    ) -> Result<Option<SessionEvent>, CallError> {
        self.engine()?.wait_for_answer(request, timeout)
    }

    /// Cancels a request: it is answered by `Failed` with [`crate::status::Status::Cancelled`], unless it is already answered.
    ///
    /// # Errors
    /// [`CallError::Forked`] in a forked child; an unknown request is not an error.
    pub fn cancel(&self, request: RequestId) -> Result<(), CallError> {
        self.engine()?.cancel(request)
    }

    /// Makes the current or the next poll return [`Polled::Woken`].
    ///
    /// # Errors
    /// [`CallError::Closed`] when another thread drops the client.
    pub fn wake(&self) -> Result<(), CallError> {
        self.engine()?.wake()
    }

    /// To be called when the machine has joined a network: all sessions reconnect at once. Without the call, long-polls and
    /// waits for the next attempt would notice only when their time is over.
    ///
    /// # Errors
    /// [`CallError::Closed`] when another thread drops the client.
    pub fn network_changed(&self) -> Result<(), CallError> {
        self.engine()?.network_changed()
    }

    /// Cancels everything and joins the worker within a quarter of a second; ends the polls of other threads.
    /// Dropping the client does the same.
    pub fn shut_down(&self) {
        if let Ok(engine) = self.engine() {
            engine.stop();
        }
    }

    /// Queues an event as if the session had reported it, for benchmarks.
    #[cfg(feature = "bench")]
    pub fn inject(&self, session: SessionId, event: crate::types::Event) {
        self.engine.inject(session, event);
    }

    /// The engine, unless this is a forked child, which has no worker thread and whose locks may never be released.
    fn engine(&self) -> Result<&Engine, CallError> {
        if self.generation != generation() {
            return Err(CallError::Forked);
        }
        Ok(&self.engine)
    }
}

impl AsRawFd for Client {
    /// A descriptor that is readable while events wait. Watch it, never read it.
    fn as_raw_fd(&self) -> RawFd {
        self.engine.fd()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

fn check_uid(uid: Uid) -> Result<(), CallError> {
    if uid.0 == 0 {
        return Err(CallError::Argument("0 is not a valid uid".to_owned()));
    }
    Ok(())
}
