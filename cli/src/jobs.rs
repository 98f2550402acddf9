//! What the user asked for and the server has not confirmed yet, in order.

use fbchat::types::Uid;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Whoever types faster than the server takes, waits.
const MOST: usize = 1000;

/// One thing to ask the server for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    Send { to: Uid, text: String },
    Buddies,
    History(Uid),
}

/// The jobs; each stays in here until it is done, so that none is forgotten at the end.
#[derive(Debug, Default)]
pub struct Jobs {
    waiting: Mutex<VecDeque<Job>>,
    changed: Condvar,
}

impl Jobs {
    pub fn add(&self, job: Job) {
        let mut waiting = self.lock();
        while waiting.len() >= MOST {
            waiting = self
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        waiting.push_back(job);
        self.changed.notify_all();
    }

    /// Does jobs as they come, for ever.
    pub fn work(&self, mut perform: impl FnMut(Job)) {
        loop {
            let mut waiting = self.lock();
            let job = loop {
                match waiting.front() {
                    Some(job) => break job.clone(),
                    None => {
                        waiting = self
                            .changed
                            .wait(waiting)
                            .unwrap_or_else(PoisonError::into_inner)
                    }
                }
            };
            drop(waiting);
            perform(job);
            self.lock().pop_front();
            self.changed.notify_all();
        }
    }

    /// Waits until all is done, at most for `limit` if there is one, and gives what is left.
    pub fn finish(&self, limit: Option<Duration>) -> Vec<Job> {
        let deadline = limit.map(|limit| Instant::now() + limit);
        let mut waiting = self.lock();
        while !waiting.is_empty() {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                break;
            }
            let pause = left.unwrap_or(Duration::from_secs(60));
            waiting = self
                .changed
                .wait_timeout(waiting, pause)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        waiting.iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, mpsc};

    #[test]
    fn jobs_are_done_in_order_and_kept_until_done() {
        let jobs = Arc::new(Jobs::default());
        let (go, may_go) = mpsc::channel::<()>();
        let (report, done) = mpsc::channel();
        let worker = Arc::clone(&jobs);
        std::thread::spawn(move || {
            worker.work(|job| {
                may_go.recv().unwrap();
                report.send(job).unwrap();
            });
        });
        jobs.add(Job::Buddies);
        jobs.add(Job::History(Uid(1)));
        assert_eq!(jobs.finish(Some(Duration::ZERO)).len(), 2);
        go.send(()).unwrap();
        assert_eq!(done.recv().unwrap(), Job::Buddies);
        go.send(()).unwrap();
        assert!(jobs.finish(None).is_empty());
        assert_eq!(done.recv().unwrap(), Job::History(Uid(1)));
    }
}
