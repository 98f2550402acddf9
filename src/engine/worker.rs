//! The worker thread of one client: a single-threaded runtime on which every session is a task.
//!
//! Its own life and death only; sessions are run in `driver`.

#![forbid(unsafe_code)]

use super::driver;
use super::error::CallError;
use super::http::Pools;
use super::lock;
use super::log::{Level, LogSettings};
use super::queue::{Polled, Queue, SessionEvent};
use super::seat::{Seat, SessionId};
use super::wake::with_signals_blocked;
use crate::options::SessionOptions;
use crate::types::RequestId;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{mpsc, oneshot};

/// How long a logout may go on after its session was closed.
const LOGOUT_GRACE: Duration = Duration::from_secs(2);
/// How long it may when the whole client goes, and how long a name lookup that hangs may hold the worker back in all; its
/// thread ends when the system lets go of it. A host that quits is to be gone within 100 ms.
const LAST_GRACE: Duration = Duration::from_millis(70);
/// Threads for name lookups. They go away when idle.
const BLOCKING_THREADS: usize = 4;
const BLOCKING_KEEP_ALIVE: Duration = Duration::from_secs(2);

/// What the worker's tasks share with each other and with the host's threads.
pub(super) struct Core {
    pub(super) queue: Queue,
    pub(super) pools: Pools,
    pub(super) start: Instant,
    pub(super) log_level: Option<Level>,
}

/// A running worker.
pub(crate) struct Engine {
    core: Arc<Core>,
    log: Option<LogSettings>,
    handle: Handle,
    /// Every session's task holds a copy; when all are gone, the last session is.
    alive: Mutex<Option<mpsc::Sender<()>>>,
    stop: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
    pid: u32,
}

impl Engine {
    /// Starts the thread; no network yet.
    pub(crate) fn start(queue_limit: usize, log: Option<LogSettings>) -> Result<Self, CallError> {
        let resources = |error: &dyn std::fmt::Display| CallError::Resources(error.to_string());
        let core = Arc::new(Core {
            queue: Queue::new(queue_limit).map_err(|error| resources(&error))?,
            pools: Pools::default(),
            start: Instant::now(),
            log_level: log.as_ref().map(|log| log.level),
        });
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_keep_alive(BLOCKING_KEEP_ALIVE)
            .thread_name("fbchat-dns")
            .build()
            .map_err(|error| resources(&error))?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let (alive, all_gone) = mpsc::channel(1);
        let thread = with_signals_blocked(|| {
            let builder = std::thread::Builder::new().name("fbchat".to_owned());
            builder.spawn(move || work(runtime, stopped, all_gone))
        });
        let thread = thread.map_err(|error| resources(&error))?;
        Ok(Engine {
            core,
            log,
            handle,
            alive: Mutex::new(Some(alive)),
            stop: Mutex::new(Some((stop, thread))),
            pid: std::process::id(),
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
        let seat = Arc::new(Seat::new(user_data));
        let id = seat.id;
        self.core.queue.admit(seat.clone())?;
        let task = driver::run(self.core.clone(), seat, http, config);
        self.handle.spawn(async move {
            task.await;
            drop(alive);
        });
        Ok(id)
    }

    /// The session of this id, for a call to it.
    pub(crate) fn seat(&self, id: SessionId) -> Result<Arc<Seat>, CallError> {
        self.core.queue.seat(id)
    }

    /// Drops a session: its events are gone when this returns, its connections within milliseconds.
    pub(crate) fn close(&self, id: SessionId) -> Result<(), CallError> {
        self.core.queue.remove(id)?.end(LOGOUT_GRACE);
        Ok(())
    }

    pub(crate) fn poll(&self, timeout: Option<Duration>) -> Result<Polled, CallError> {
        self.core.queue.poll(timeout, self.log.as_ref())
    }

    /// Waits for the answer of one request; everything else stays in the queue.
    pub(crate) fn answer(
        &self,
        request: RequestId,
        timeout: Option<Duration>,
    ) -> Result<Option<SessionEvent>, CallError> {
        self.core.queue.answer(request, timeout, self.log.as_ref())
    }

    /// Gives a request up.
    pub(crate) fn cancel(&self, request: RequestId) -> Result<(), CallError> {
        let seats = self.core.queue.seats();
        seats.iter().for_each(|seat| seat.cancel(request));
        Ok(())
    }

    /// Connections of the old network are not used again, and every session begins anew what it waits for.
    pub(crate) fn network_changed(&self) -> Result<(), CallError> {
        if lock(&self.alive).is_none() {
            return Err(CallError::Closed);
        }
        self.core.pools.forget_connections();
        let seats = self.core.queue.seats();
        seats.iter().for_each(|seat| seat.network_changed());
        Ok(())
    }

    #[cfg(feature = "bench")]
    pub(crate) fn inject(&self, session: SessionId, event: crate::types::Event) {
        if let Ok(seat) = self.core.queue.seat(session) {
            driver::emit(&self.core, &seat, event);
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
        for seat in self.core.queue.close() {
            seat.end(LAST_GRACE);
        }
        lock(&self.alive).take();
        let stop = lock(&self.stop).take();
        if let Some((stop, thread)) = stop {
            // Fails only if the thread is gone already.
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            self.stop();
        } else {
            // A forked child: the thread stayed behind, and the descriptors are the parent's, too.
            std::mem::forget(lock(&self.stop).take());
        }
    }
}

/// The thread's whole life. If it panics, the runtime drops the sessions' tasks, which tell the host.
fn work(runtime: Runtime, stopped: oneshot::Receiver<()>, mut all_gone: mpsc::Receiver<()>) {
    let end = runtime.block_on(async {
        #[cfg(feature = "fault-injection")]
        let stopped = async {
            tokio::select! {
                stopped = stopped => stopped,
                never = crate::injection::haunt_worker() => never,
            }
        };
        // An error means that the engine is gone, which asks for the same.
        let _ = stopped.await;
        // Sessions end at once, but for logouts; those that were closed earlier do not get their two seconds.
        let end = Instant::now() + LAST_GRACE;
        let _ = tokio::time::timeout_at(end.into(), all_gone.recv()).await;
        end
    });
    runtime.shutdown_timeout(end.saturating_duration_since(Instant::now()));
}
