//! The worker thread of one client: a single-threaded runtime on which every session is a task.
//!
//! Starts and stops the thread; sessions are run in `driver`. The channels that end the thread are the runtime's, since its
//! tasks wait for them.

#![forbid(unsafe_code)]

use super::core::Core;
use super::driver;
use super::error::CallError;
use super::event_queue::EventQueue;
use super::fork::generation;
use super::lock;
use super::log::LogSettings;
use super::polled::{Polled, SessionEvent};
use super::session_handle::{SessionHandle, SessionId};
use super::wake::with_signals_blocked;
use crate::options::SessionOptions;
use crate::transport_error;
#[cfg(feature = "bench")]
use crate::types::Event;
use crate::types::RequestId;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{mpsc, oneshot};

/// How long a logout may continue after its session was closed.
const LOGOUT_GRACE: Duration = Duration::from_secs(2);
/// The same when the whole client is freed. A host that quits should be gone within 100 ms.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(70);

/// A running worker.
pub(crate) struct Engine {
    core: Arc<Core>,
    log: Option<LogSettings>,
    runtime: Handle,
    /// Every session's task holds a clone; the channel closes when the last task ends.
    alive: Mutex<Option<mpsc::Sender<()>>>,
    stop: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
    generation: u32,
}

impl Engine {
    /// Starts the thread; it does not use the network yet.
    pub(crate) fn start(queue_limit: usize, log: Option<LogSettings>) -> Result<Self, CallError> {
        let resources = |error: &dyn std::fmt::Display| CallError::Resources(error.to_string());
        let queue = EventQueue::new(queue_limit).map_err(|error| resources(&error))?;
        let core = Arc::new(Core::new(queue, log.as_ref().map(|log| log.level)));
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| resources(&error))?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let (alive, all_ended) = mpsc::channel(1);
        let core_of_worker = core.clone();
        let thread = with_signals_blocked(|| {
            let builder = std::thread::Builder::new().name("fbchat".to_owned());
            builder.spawn(move || run_worker(core_of_worker, runtime, stopped, all_ended))
        });
        let thread = thread.map_err(|error| {
            let why = transport_error::no_thread(&error).unwrap_or("the worker does not start");
            resources(&why)
        })?;
        Ok(Engine {
            core,
            log,
            runtime: handle,
            alive: Mutex::new(Some(alive)),
            stop: Mutex::new(Some((stop, thread))),
            generation: generation(),
        })
    }

    /// Starts a session's task.
    pub(crate) fn open(
        &self,
        options: &SessionOptions,
        user_data: usize,
    ) -> Result<SessionId, CallError> {
        let resources = |error: &dyn std::fmt::Display| CallError::Resources(error.to_string());
        let seed = getrandom::u64().map_err(|error| resources(&error))?;
        let config = options.session_config(seed)?;
        let http = self.core.pools.get(&options.network);
        let http = http.map_err(|error| resources(&error))?;
        let Some(alive) = lock(&self.alive).clone() else {
            return Err(CallError::Closed);
        };
        let handle = Arc::new(SessionHandle::new(user_data, seed.rotate_left(32)));
        let id = handle.id;
        self.core.queue.add_session(handle.clone())?;
        let task = driver::run(self.core.clone(), handle, http, config);
        self.runtime.spawn(async move {
            task.await;
            drop(alive);
        });
        Ok(id)
    }

    /// The session with this id.
    pub(crate) fn session(&self, id: SessionId) -> Result<Arc<SessionHandle>, CallError> {
        self.core.queue.session(id)
    }

    /// Closes a session: its events are gone when this returns, its connections within milliseconds.
    pub(crate) fn close(&self, id: SessionId) -> Result<(), CallError> {
        self.core.queue.remove(id)?.close(LOGOUT_GRACE);
        Ok(())
    }

    pub(crate) fn poll(&self, timeout: Option<Duration>) -> Result<Polled, CallError> {
        self.core.queue.poll(timeout, self.log.as_ref())
    }

    /// Waits for the answer of one request; all other events stay in the queue.
    pub(crate) fn wait_for_answer(
        &self,
        request: RequestId,
        timeout: Option<Duration>,
    ) -> Result<Option<SessionEvent>, CallError> {
        let log = self.log.as_ref();
        self.core.queue.wait_for_answer(request, timeout, log)
    }

    /// Cancels a request.
    pub(crate) fn cancel(&self, request: RequestId) -> Result<(), CallError> {
        let sessions = self.core.queue.sessions();
        sessions.iter().for_each(|session| session.cancel(request));
        Ok(())
    }

    /// Connections of the old network are not used again, and every session restarts what it waits for.
    pub(crate) fn network_changed(&self) -> Result<(), CallError> {
        if lock(&self.alive).is_none() {
            return Err(CallError::Closed);
        }
        self.core.pools.forget_connections();
        let sessions = self.core.queue.sessions();
        sessions
            .iter()
            .for_each(|session| session.network_changed());
        Ok(())
    }

    #[cfg(feature = "bench")]
    pub(crate) fn inject(&self, session: SessionId, event: Event) {
        if let Ok(session) = self.core.queue.session(session) {
            match event {
                Event::Message(_) => self.core.emit_messages(&session, vec![event]),
                _ => self.core.emit(&session, event),
            }
        }
    }

    pub(crate) fn wake(&self) -> Result<(), CallError> {
        self.core.queue.wake()
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.core.queue.fd()
    }

    /// Cancels everything and joins the thread. Later calls do nothing.
    pub(crate) fn stop(&self) {
        let sessions = self.core.queue.close();
        let close = |session: &Arc<SessionHandle>| session.ask_to_close(SHUTDOWN_GRACE);
        sessions.iter().for_each(close);
        self.core.queue.wake_tasks(sessions);
        lock(&self.alive).take();
        let stop = lock(&self.stop).take();
        if let Some((stop, thread)) = stop {
            // Fails only if the thread has already ended.
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.generation == generation() {
            self.stop();
        } else {
            // In a forked child there is no thread to join, and the descriptors are shared with the parent.
            std::mem::forget(lock(&self.stop).take());
        }
    }
}

/// The body of the thread. If it panics, the runtime drops the sessions' tasks, which queue CLOSED.
fn run_worker(
    core: Arc<Core>,
    runtime: Runtime,
    stopped: oneshot::Receiver<()>,
    mut all_ended: mpsc::Receiver<()>,
) {
    let core_of_task = core.clone();
    runtime.spawn(async move { core_of_task.flush_in_turn().await });
    runtime.block_on(async {
        #[cfg(feature = "fault-injection")]
        let stopped = async {
            tokio::select! {
                stopped = stopped => stopped,
                never = crate::injection::watch_worker() => never,
            }
        };
        // An error means that the engine was dropped, which asks for the same.
        tokio::select! {
            _ = stopped => {}
            never = core.queue.wake_sessions() => never,
        }
        // Sessions end at once, except for logouts; those of sessions that were closed earlier are cut short, too.
        let end = Instant::now() + SHUTDOWN_GRACE;
        tokio::select! {
            _ = tokio::time::timeout_at(end.into(), all_ended.recv()) => {}
            never = core.queue.wake_sessions() => never,
        }
    });
}
