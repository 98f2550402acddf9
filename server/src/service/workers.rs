//! Threads for work that takes long. They are started with the server, because the system may later refuse to start any.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};
use tokio::sync::oneshot;

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Threads that share a queue. Each keeps an `S` from one piece of work to the next.
pub struct Workers<S = ()> {
    /// Not bounded: who calls [`Workers::run`] limits how often.
    jobs: Sender<Job<S>>,
}

impl<S: Default + 'static> Workers<S> {
    pub fn start(name: &str, count: usize) -> io::Result<Self> {
        let (jobs, queued) = unbounded();
        for _ in 0..count {
            let queued = queued.clone();
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || work(&queued))
                .map_err(|error| {
                    let advice = "raise the limit on processes (ulimit -u) or on memory";
                    let text = format!("cannot start a thread ({error}); {advice}");
                    io::Error::new(error.kind(), text)
                })?;
        }
        Ok(Workers { jobs })
    }

    /// Runs work on one of the threads, to its end even if nobody waits for it any more. `None` if it panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Option<T> {
        self.submit(work).await.ok()
    }

    /// The same, but does not wait. Nothing is received if the work panicked.
    pub fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (reply, answer) = oneshot::channel();
        // Without threads the job is dropped with `reply`.
        let _ = self.jobs.send(Box::new(move |state| {
            let _ = reply.send(work(state));
        }));
        answer
    }

    #[cfg(test)]
    pub fn is_idle(&self) -> bool {
        self.jobs.is_empty()
    }
}

/// Does jobs until the server ends.
fn work<S: Default>(jobs: &Receiver<Job<S>>) {
    let mut state = S::default();
    for job in jobs {
        // The panic was reported, and must not take the thread from later work.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut state)));
    }
}
