//! Work on the bytes of an upload while more of them arrive: one stage writes them, another hashes them.

use std::io::{self, ErrorKind};

use bytes::Bytes;
use tokio::sync::oneshot::Receiver;

use crate::service::workers::Workers;

/// A thread is woken for this many bytes at once, since waking it for each piece would cost more than the work.
const BATCH: usize = 192 << 10;
/// What a short piece counts as, because it keeps the buffer that it was read into.
const SHORTEST: usize = 16 << 10;

type Work<T> = fn(&mut T, &[u8]) -> io::Result<()>;

enum State<T> {
    Idle(T),
    Working(Receiver<io::Result<T>>),
}

/// Applies pieces to a `T` in their order, on other threads. One batch is worked on, and another one may wait.
pub struct Stage<T> {
    work: Work<T>,
    /// `None` after an error.
    state: Option<State<T>>,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
}

impl<T: Send + 'static> Stage<T> {
    pub fn new(value: T, work: Work<T>) -> Self {
        Stage {
            work,
            state: Some(State::Idle(value)),
            waiting: Vec::new(),
            waiting_bytes: 0,
        }
    }

    /// Adds a piece, and waits if two batches have not been worked on yet.
    pub async fn push(&mut self, workers: &Workers, piece: Bytes) -> io::Result<()> {
        self.waiting_bytes += piece.len().max(SHORTEST);
        self.waiting.push(piece);
        if self.waiting_bytes >= BATCH {
            self.start(workers).await?;
        }
        Ok(())
    }

    /// Has a thread work on what waits.
    async fn start(&mut self, workers: &Workers) -> io::Result<()> {
        let mut value = self.value().await?;
        let (pieces, work) = (std::mem::take(&mut self.waiting), self.work);
        self.waiting_bytes = 0;
        let working = workers.submit(move |()| {
            pieces
                .iter()
                .try_for_each(|piece| work(&mut value, piece))?;
            Ok(value)
        });
        self.state = Some(State::Working(working));
        Ok(())
    }

    /// The value, when no thread works on it any more.
    async fn value(&mut self) -> io::Result<T> {
        let failed = || io::Error::from(ErrorKind::Other);
        match self.state.take().ok_or_else(failed)? {
            State::Idle(value) => Ok(value),
            State::Working(working) => working.await.map_err(|_| failed())?,
        }
    }

    /// The value after all pieces.
    pub async fn finish(mut self, workers: &Workers) -> io::Result<T> {
        self.start(workers).await?;
        self.value().await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    fn workers() -> Workers {
        Workers::start("test", 1).unwrap()
    }

    #[tokio::test]
    async fn pieces_stay_in_order_and_an_error_ends_the_work() {
        let workers = workers();
        let begin = || {
            Stage::new(Vec::new(), |all: &mut Vec<u8>, piece| {
                all.extend(piece);
                match piece {
                    b"full" => Err(ErrorKind::StorageFull.into()),
                    _ => Ok(()),
                }
            })
        };
        let mut stage = begin();
        for n in 0..200 {
            stage.push(&workers, vec![n; 10_000].into()).await.unwrap();
        }
        let all = stage.finish(&workers).await.unwrap();
        assert!(all.len() == 2_000_000 && all.is_sorted());

        let mut stage = begin();
        let full = Bytes::from_static(b"full");
        stage.push(&workers, full).await.unwrap();
        let error = stage.finish(&workers).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    }

    #[tokio::test]
    async fn a_slow_thread_makes_the_sender_wait() {
        let workers = workers();
        let (go, wait) = channel::<()>();
        let mut stage = Stage::new(wait, |wait: &mut Receiver<()>, _| {
            let _ = wait.recv();
            Ok(())
        });
        let piece = Bytes::from(vec![0; 64 << 10]);
        let mut pushed = 0;
        loop {
            tokio::select! {
                biased;
                done = stage.push(&workers, piece.clone()) => done.unwrap(),
                () = std::future::ready(()) => break,
            }
            pushed += 1;
        }
        // A batch of three that is worked on, and two that wait.
        assert_eq!(pushed, 5);
        drop(go);
    }
}
