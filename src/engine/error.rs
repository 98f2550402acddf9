//! Why a call was refused at once. Later failures arrive as events.

#![forbid(unsafe_code)]

use crate::protocol::MessageError;
use crate::status::{Problem, Status};

/// The call had no effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The id was never given out, or its session is closed.
    #[error("There is no such session: it was never opened, or it is closed")]
    NoSession,
    /// The request was never made, or its answer was taken.
    #[error("There is no such request: it was never made, or its answer was already taken")]
    NoRequest,
    /// The session cannot do this now.
    #[error("{0}")]
    State(&'static str),
    /// Too many requests without an answer.
    #[error("Too many requests of this session are unanswered; wait for some answers")]
    QueueFull,
    /// Too many messages without an answer.
    #[error("Too many messages are waiting to be sent; wait until they are")]
    MessagesFull,
    /// The caller is a forked child process.
    #[error("The process was forked after this client was made; make a new one in the child")]
    Forked,
    /// The client is being freed.
    #[error("The client is being freed")]
    Closed,
    /// The message is longer than the server allows.
    #[error("The message has {length} characters; this server allows {limit}")]
    TooLong {
        /// Length of the message in Unicode scalar values.
        length: usize,
        /// Greatest length in Unicode scalar values.
        limit: usize,
    },
    /// A value is invalid.
    #[error("{0}")]
    Argument(String),
    /// An option is invalid, often the server's address.
    #[error(transparent)]
    Options(#[from] Problem),
    /// The operating system has no thread, descriptor or random number left.
    #[error("Out of system resources: {0}")]
    Resources(String),
}

impl CallError {
    /// The status that the C API reports.
    pub fn status(&self) -> Status {
        match self {
            CallError::NoSession => Status::NoSession,
            CallError::NoRequest => Status::NoRequest,
            CallError::State(_) => Status::State,
            CallError::QueueFull | CallError::MessagesFull => Status::QueueFull,
            CallError::Forked => Status::Forked,
            CallError::Closed => Status::Closed,
            CallError::TooLong { .. } => Status::TooLong,
            CallError::Argument(_) => Status::Argument,
            CallError::Options(problem) => problem.status,
            CallError::Resources(_) => Status::Resources,
        }
    }
}

impl From<MessageError> for CallError {
    fn from(error: MessageError) -> Self {
        match error {
            MessageError::Empty => CallError::Argument(error.to_string()),
            MessageError::TooLong { length, limit } => CallError::TooLong { length, limit },
        }
    }
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        Problem::new(error.status(), error.to_string())
    }
}
