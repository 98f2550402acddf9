//! Calls that only check the session's phase before they queue a command.

#![forbid(unsafe_code)]

use super::error::CallError;
use super::session_handle::SessionHandle;
use crate::types::{Command, Query, RequestId, Secret, Uid};

impl SessionHandle {
    pub(crate) fn login(&self, email: String, password: Secret) -> Result<RequestId, CallError> {
        self.submit_login(|request| Command::Login {
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
        self.submit_login(|request| Command::Register {
            request,
            email,
            password,
            name,
            invite,
        })
    }

    pub(crate) fn resume(&self, saved: Secret) -> Result<RequestId, CallError> {
        self.submit_login(|request| Command::Resume {
            request,
            state: saved,
        })
    }

    pub(crate) fn refresh(&self) -> Result<RequestId, CallError> {
        self.submit_online(|request| Command::Refresh { request })
    }

    pub(crate) fn refresh_groups(&self) -> Result<RequestId, CallError> {
        self.submit_online(|request| Command::RefreshGroups { request })
    }

    pub(crate) fn query(&self, query: Query) -> Result<RequestId, CallError> {
        self.submit_online(|request| Command::Ask { request, query })
    }

    pub(crate) fn set_typing(&self, to: Uid, typing: bool) -> Result<(), CallError> {
        self.push_online(Command::SetTyping { to, typing })
    }

    pub(crate) fn mark_read(&self, what: Option<Uid>) -> Result<(), CallError> {
        self.push_online(Command::MarkRead(what))
    }
}
