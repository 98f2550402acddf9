//! Why a call was turned down on the spot. What fails later arrives as an event.

#![forbid(unsafe_code)]

use crate::protocol::MessageError;
use crate::status::{Problem, Status};

/// A call that did nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The id was never given out, or its session is over.
    #[error("There is no such session: it was never opened, or it is closed")]
    NoSession,
    /// The request was never made, or its answer is gone.
    #[error("There is no such request: it was never made, or its answer was taken already")]
    NoRequest,
    /// The session cannot do this now.
    #[error("{0}")]
    State(&'static str),
    /// Too many requests without an answer.
    #[error("Too many requests are under way in this session; wait for some answers")]
    QueueFull,
    /// The caller is a forked child.
    #[error("The process was forked after this client was made; make a new one in the child")]
    Forked,
    /// The client is going away.
    #[error("The client is being freed")]
    Closed,
    /// A message over the server's limit.
    #[error("The message has {length} characters; this server allows {limit}")]
    TooLong {
        /// Unicode scalar values of the message.
        length: usize,
        /// Unicode scalar values allowed.
        limit: usize,
    },
    /// A value that makes no sense.
    #[error("{0}")]
    Argument(String),
    /// An option is unusable, as the server's address often is.
    #[error(transparent)]
    Options(#[from] Problem),
    /// The operating system gave no thread, descriptor or randomness.
    #[error("Out of system resources: {0}")]
    Resources(String),
}

impl CallError {
    /// The status that hosts see.
    pub fn status(&self) -> Status {
        match self {
            CallError::NoSession => Status::NoSession,
            CallError::NoRequest => Status::NoRequest,
            CallError::State(_) => Status::State,
            CallError::QueueFull => Status::QueueFull,
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
