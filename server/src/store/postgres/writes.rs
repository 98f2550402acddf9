//! The writes that are queued for the writer.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::transaction::Tx;
use super::writer::{QueuedWrite, RunningWrite};
use crate::store::{Audience, Inserted, NewMessage, StoreError};
use crate::types::{Here, Uid};

/// A closure, and the caller that waits for its result.
pub struct AnsweredWrite<T, F> {
    write: F,
    must_last: bool,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> AnsweredWrite<T, F> {
    /// `must_last` says that the result must survive a crash.
    pub fn new(write: F, must_last: bool, reply: oneshot::Sender<Result<T, StoreError>>) -> Self {
        AnsweredWrite {
            write,
            must_last,
            result: None,
            reply,
        }
    }
}

impl<T, F> QueuedWrite for AnsweredWrite<T, F>
where
    T: Send,
    F: AsyncFn(&mut Tx<'_>) -> Result<T, StoreError> + Send,
{
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> RunningWrite<'a> {
        Box::pin(async move {
            tx.begin().await?;
            if self.must_last {
                tx.must_last();
            }
            self.result = Some((self.write)(tx).await?);
            Ok(())
        })
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let AnsweredWrite { result, reply, .. } = *self;
        // The caller may be gone; the write stays done.
        let _ = reply.send(outcome.and_then(|()| result.ok_or(StoreError::Closed)));
    }
}

/// Inserts a message.
pub struct Insert {
    message: NewMessage,
    result: Option<Inserted>,
    reply: oneshot::Sender<Result<Inserted, StoreError>>,
}

impl Insert {
    pub fn new(message: NewMessage, reply: oneshot::Sender<Result<Inserted, StoreError>>) -> Self {
        Insert {
            message,
            result: None,
            reply,
        }
    }
}

impl QueuedWrite for Insert {
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> RunningWrite<'a> {
        Box::pin(async move {
            let inserted = tx.insert_messages(&[&self.message]).await?;
            self.result = inserted.first().copied();
            Ok(())
        })
    }

    fn message(&self) -> Option<&NewMessage> {
        Some(&self.message)
    }

    fn inserted(&mut self, result: Inserted) {
        self.result = Some(result);
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Insert { result, reply, .. } = *self;
        let _ = reply.send(outcome.and_then(|()| result.ok_or(StoreError::Closed)));
    }
}

/// How a user is connected here.
pub struct Announce {
    pub uid: Uid,
    pub here: Option<Here>,
}

impl QueuedWrite for Announce {
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> RunningWrite<'a> {
        Box::pin(async move {
            match tx.own() {
                Some(own) => tx.set_here(self.uid, own.id, self.here.clone()).await,
                None => Ok(()),
            }
        })
    }
}

/// Publishes an item that is not stored.
pub struct Push {
    pub audience: Audience,
    pub item: Arc<str>,
}

impl QueuedWrite for Push {
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> RunningWrite<'a> {
        Box::pin(tx.push(&self.audience, &self.item))
    }
}
