//! Requests to the server, carried out one after another on a thread of their own.

use crossbeam_channel::{Receiver, RecvTimeoutError, Select, SendTimeoutError, Sender};
use fbchat::types::{GroupChange, Uid};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Greatest number of waiting requests; input that arrives faster waits.
const MAX_WAITING: usize = 1000;

/// One request to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Send { to: Uid, text: String },
    SendFile { to: Uid, path: String },
    Get { number: usize, path: Option<String> },
    Buddies,
    History(Uid),
    Block { uid: Uid, blocked: bool },
    Blocked,
    Groups,
    NewGroup { name: String, members: Vec<Uid> },
    ChangeGroup { gid: Uid, change: GroupChange },
}

/// The place of a request among all that were added.
pub type Place = u64;

/// What was not done when the program ended, oldest first.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// It was begun.
    pub current: Option<Request>,
    /// They were not begun.
    pub waiting: Vec<Request>,
}

impl Unfinished {
    pub fn is_empty(&self) -> bool {
        self.current.is_none() && self.waiting.is_empty()
    }
}

/// How often the end is checked for progress, and for an impatient user.
const TICK: Duration = Duration::from_millis(50);

#[derive(Debug)]
enum Item {
    Request(Place, Request),
    /// Dropped when everything before it is done, which closes the channel.
    Barrier(#[expect(dead_code, reason = "only dropping it matters")] Sender<()>),
}

/// The waiting requests and the current one. None is forgotten: at the end, those that are not done are known.
#[derive(Debug)]
pub struct RequestQueue {
    sender: Sender<Item>,
    receiver: Receiver<Item>,
    /// The request that is being carried out. Locked while one is taken from the channel.
    current: Mutex<Option<Request>>,
    /// How many were added, and how many are done.
    added: AtomicU64,
    done: AtomicU64,
    impatient: AtomicBool,
}

impl Default for RequestQueue {
    fn default() -> Self {
        let (sender, receiver) = crossbeam_channel::bounded(MAX_WAITING);
        RequestQueue {
            sender,
            receiver,
            current: Mutex::new(None),
            added: AtomicU64::new(0),
            done: AtomicU64::new(0),
            impatient: AtomicBool::new(false),
        }
    }
}

impl RequestQueue {
    /// Adds a request; waits while the queue is full.
    pub fn add(&self, request: Request) {
        let place = self.added.fetch_add(1, Ordering::Relaxed);
        // Cannot fail: the queue itself owns a receiver.
        let _ = self.sender.send(Item::Request(place, request));
    }

    /// The place of the next request that is added.
    pub fn next_place(&self) -> Place {
        self.added.load(Ordering::Relaxed)
    }

    /// Ends [`RequestQueue::finish`] at once.
    pub fn hurry(&self) {
        self.impatient.store(true, Ordering::Relaxed);
    }

    /// Carries requests out as they arrive; never returns.
    pub fn work(&self, mut perform: impl FnMut(Place, Request)) {
        let mut select = Select::new();
        select.recv(&self.receiver);
        loop {
            // Waits without taking anything, so that the lock is never held while waiting.
            select.ready();
            let mut current = self.current();
            let Ok(Item::Request(place, request)) = self.receiver.try_recv() else {
                continue;
            };
            *current = Some(request.clone());
            drop(current);
            perform(place, request);
            *self.current() = None;
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all requests are done.
    pub fn wait(&self) {
        let (barrier, done) = crossbeam_channel::bounded(0);
        if self.sender.send(Item::Barrier(barrier)).is_ok() {
            let _ = done.recv();
        }
    }

    /// Waits until all requests are done, or none was for `limit`, then removes and returns those that are not done. The
    /// current one goes on.
    pub fn finish(&self, limit: Duration) -> Unfinished {
        let (barrier, all_done) = crossbeam_channel::bounded(0);
        let mut barrier = Some(Item::Barrier(barrier));
        let mut known = self.done.load(Ordering::Relaxed);
        let mut deadline = Instant::now() + limit;
        loop {
            if let Some(item) = barrier.take() {
                let sent = self.sender.send_timeout(item, TICK.min(limit));
                barrier = sent.err().map(SendTimeoutError::into_inner);
            } else if all_done.recv_timeout(TICK.min(limit)) == Err(RecvTimeoutError::Disconnected)
            {
                return Unfinished::default();
            }
            let done = self.done.load(Ordering::Relaxed);
            if std::mem::replace(&mut known, done) != done {
                deadline = Instant::now() + limit;
            }
            if Instant::now() >= deadline || self.impatient.load(Ordering::Relaxed) {
                break;
            }
        }
        let current = self.current();
        let waiting = self.receiver.try_iter().filter_map(|item| match item {
            Item::Request(_, request) => Some(request),
            Item::Barrier(_) => None,
        });
        Unfinished {
            current: current.clone(),
            waiting: waiting.collect(),
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<Request>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// A queue whose thread reports each request when it begins, and ends it for each `()` that is sent.
    fn started() -> (Arc<RequestQueue>, Receiver<Request>, Sender<()>) {
        let requests = Arc::new(RequestQueue::default());
        let (report, begun) = crossbeam_channel::unbounded();
        let (permit, permits) = crossbeam_channel::unbounded();
        let worker = Arc::clone(&requests);
        std::thread::spawn(move || {
            worker.work(|_, request| {
                report.send(request).unwrap();
                permits.recv().unwrap();
            });
        });
        (requests, begun, permit)
    }

    #[test]
    fn requests_are_done_in_order() {
        let (requests, begun, permit) = started();
        requests.add(Request::Buddies);
        requests.add(Request::History(Uid(1)));
        assert_eq!(begun.recv().unwrap(), Request::Buddies);
        assert!(begun.is_empty());
        permit.send(()).unwrap();
        assert_eq!(begun.recv().unwrap(), Request::History(Uid(1)));
        permit.send(()).unwrap();
        requests.wait();
        assert!(requests.finish(Duration::from_secs(60)).is_empty());
    }

    #[test]
    fn requests_that_are_not_done_are_known_at_the_end() {
        let (requests, begun, permit) = started();
        requests.add(Request::Buddies);
        assert_eq!(begun.recv().unwrap(), Request::Buddies);
        requests.add(Request::History(Uid(1)));
        let unfinished = Unfinished {
            current: Some(Request::Buddies),
            waiting: vec![Request::History(Uid(1))],
        };
        assert_eq!(requests.finish(Duration::ZERO), unfinished);
        // The request in progress is still done; the other was removed.
        permit.send(()).unwrap();
        requests.wait();
        assert!(begun.is_empty());
    }

    #[test]
    fn full_queue_does_not_delay_the_end() {
        let requests = RequestQueue::default();
        (0..MAX_WAITING).for_each(|_| requests.add(Request::Buddies));
        assert_eq!(requests.finish(Duration::ZERO).waiting.len(), MAX_WAITING);
    }

    #[test]
    fn end_waits_for_as_long_as_requests_get_done_and_no_longer_than_the_user() {
        let (requests, begun, permit) = started();
        (0..3).for_each(|_| requests.add(Request::Buddies));
        begun.recv().unwrap();
        let ending = Arc::clone(&requests);
        let end = std::thread::spawn(move || ending.finish(Duration::from_secs(60)));
        permit.send(()).unwrap();
        begun.recv().unwrap();
        requests.hurry();
        let unfinished = end.join().unwrap();
        assert_eq!(unfinished.current, Some(Request::Buddies));
        assert_eq!(unfinished.waiting, [Request::Buddies]);
    }
}
