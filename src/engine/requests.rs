//! The commands behind the calls that need no more than a session in the right state.

#![forbid(unsafe_code)]

use super::error::CallError;
use super::seat::Seat;
use crate::types::{Command, Question, RequestId, Secret, Uid};

impl Seat {
    pub(crate) fn login(&self, email: String, password: Secret) -> Result<RequestId, CallError> {
        self.sign_on(|request| Command::Login {
            request,
            email,
            password,
        })
    }

    pub(crate) fn register(
        &self,
        email: String,
        password: Secret,
        name: String,
        invite: Option<Secret>,
    ) -> Result<RequestId, CallError> {
        self.sign_on(|request| Command::Register {
            request,
            email,
            password,
            name,
            invite,
        })
    }

    pub(crate) fn resume(&self, saved: Secret) -> Result<RequestId, CallError> {
        let state = saved;
        self.sign_on(|request| Command::Resume { request, state })
    }

    pub(crate) fn refresh(&self) -> Result<RequestId, CallError> {
        self.ask(|request| Command::Refresh { request })
    }

    pub(crate) fn question(&self, question: Question) -> Result<RequestId, CallError> {
        self.ask(|request| Command::Ask { request, question })
    }

    pub(crate) fn set_typing(&self, to: Uid, typing: bool) -> Result<(), CallError> {
        self.mention(Command::SetTyping { to, typing })
    }

    pub(crate) fn mark_read(&self, what: Option<Uid>) -> Result<(), CallError> {
        self.mention(Command::MarkRead(what))
    }
}
