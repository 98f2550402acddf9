//! Requests to the server, carried out one after another on a thread of their own.

use crossbeam_channel::{Receiver, RecvTimeoutError, Select, Sender};
use fbchat::types::Uid;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Greatest number of waiting requests; input that arrives faster waits.
const MAX_WAITING: usize = 1000;

/// One request to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Send { to: Uid, text: String },
    Buddies,
    History(Uid),
}

#[derive(Debug)]
enum Item {
    Request(Request),
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
}

impl Default for RequestQueue {
    fn default() -> Self {
        let (sender, receiver) = crossbeam_channel::bounded(MAX_WAITING);
        RequestQueue {
            sender,
            receiver,
            current: Mutex::new(None),
        }
    }
}

impl RequestQueue {
    /// Adds a request; waits while the queue is full.
    pub fn add(&self, request: Request) {
        // Cannot fail: the queue itself owns a receiver.
        let _ = self.sender.send(Item::Request(request));
    }

    /// Carries requests out as they arrive; never returns.
    pub fn work(&self, mut perform: impl FnMut(Request)) {
        let mut select = Select::new();
        select.recv(&self.receiver);
        loop {
            // Waits without taking anything, so that the lock is never held while waiting.
            select.ready();
            let mut current = self.current();
            let Ok(Item::Request(request)) = self.receiver.try_recv() else {
                continue;
            };
            *current = Some(request.clone());
            drop(current);
            perform(request);
            *self.current() = None;
        }
    }

    /// Waits until all requests are done.
    pub fn wait(&self) {
        let (barrier, done) = crossbeam_channel::bounded(0);
        if self.sender.send(Item::Barrier(barrier)).is_ok() {
            let _ = done.recv();
        }
    }

    /// Waits for at most `limit`, then removes and returns the requests that are not done, oldest first. The first may
    /// still be in progress.
    pub fn finish(&self, limit: Duration) -> Vec<Request> {
        let deadline = Instant::now() + limit;
        let (barrier, done) = crossbeam_channel::bounded(0);
        let sent = self.sender.send_deadline(Item::Barrier(barrier), deadline);
        if sent.is_ok() && done.recv_deadline(deadline) == Err(RecvTimeoutError::Disconnected) {
            return Vec::new();
        }
        let current = self.current();
        let waiting = self.receiver.try_iter().filter_map(|item| match item {
            Item::Request(request) => Some(request),
            Item::Barrier(_) => None,
        });
        current.clone().into_iter().chain(waiting).collect()
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
            worker.work(|request| {
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
        let unfinished = [Request::Buddies, Request::History(Uid(1))];
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
        assert_eq!(requests.finish(Duration::ZERO).len(), MAX_WAITING);
    }
}
