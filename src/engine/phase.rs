//! What a session is doing, as far as calls depend on it.

#![forbid(unsafe_code)]

use super::error::CallError;

/// The phase of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Fresh,
    LoggingIn,
    Online,
    LoggingOut,
    Closed,
}

impl Phase {
    pub(super) fn start_login(&mut self) -> Result<(), CallError> {
        match self {
            Phase::Fresh => *self = Phase::LoggingIn,
            Phase::LoggingIn => return Err(CallError::State("A login is already in progress")),
            _ => return Err(CallError::State("The session is already logged in")),
        }
        Ok(())
    }

    pub(super) fn start_logout(&mut self) -> Result<(), CallError> {
        match self {
            Phase::Fresh => {
                return Err(CallError::State(
                    "Nobody is logged in; close the session instead",
                ));
            }
            Phase::LoggingOut => {
                return Err(CallError::State("A logout is already in progress"));
            }
            _ => *self = Phase::LoggingOut,
        }
        Ok(())
    }

    pub(super) fn check_online(self) -> Result<(), CallError> {
        match self {
            Phase::Online => Ok(()),
            Phase::LoggingOut => Err(CallError::State("The session is being logged out")),
            _ => Err(CallError::State(
                "The session is not logged in yet; wait for LOGGED_IN",
            )),
        }
    }

    /// The result of a login counts only while nobody has asked for a logout.
    pub(super) fn finish_login(&mut self, phase: Phase) {
        if matches!(self, Phase::Fresh | Phase::LoggingIn | Phase::Online) {
            *self = phase;
        }
    }
}
