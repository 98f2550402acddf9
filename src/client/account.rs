//! Accounts: registration, name and password.

#![forbid(unsafe_code)]

use super::{CallError, Client, SessionId};
use crate::types::{Query, RequestId, Secret};

/// Greatest length of an e-mail address, a name or a password, in bytes.
const MAX_CREDENTIAL: usize = 1024;

/// Refuses values that are empty or far too long.
pub(super) fn check(given: &[(&str, &str)]) -> Result<(), CallError> {
    let is_invalid = |text: &str| text.is_empty() || text.len() > MAX_CREDENTIAL;
    match given.iter().find(|(_, text)| is_invalid(text)) {
        Some((name, _)) => {
            let text = format!("The {name} must have 1 to {MAX_CREDENTIAL} bytes");
            Err(CallError::Argument(text))
        }
        None => Ok(()),
    }
}

impl Client {
    /// Registers an account and logs in with it; answered like [`Client::login`].
    ///
    /// # Errors
    /// [`CallError::Argument`] for an empty or overlong value, [`CallError::State`] during or after a login.
    pub fn register(
        &self,
        session: SessionId,
        email: &str,
        password: Secret,
        name: &str,
        invite: Option<Secret>,
    ) -> Result<RequestId, CallError> {
        check(&[
            ("e-mail address", email),
            ("password", password.reveal()),
            ("name", name),
        ])?;
        if let Some(invite) = &invite {
            check(&[("invitation", invite.reveal())])?;
        }
        let session = self.engine()?.session(session)?;
        session.register(email.to_owned(), password, name.to_owned(), invite)
    }

    /// Changes the name that others see; answered by `Done` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::Argument`] for an empty or overlong name, [`CallError::State`] before login.
    pub fn set_name(&self, session: SessionId, name: &str) -> Result<RequestId, CallError> {
        check(&[("name", name)])?;
        self.ask(session, Query::SetName(name.to_owned()))
    }

    /// Changes the account's password, which ends its other sessions; answered by `Done` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::Argument`] for an empty or overlong password, [`CallError::State`] before login.
    pub fn set_password(
        &self,
        session: SessionId,
        old: Secret,
        new: Secret,
    ) -> Result<RequestId, CallError> {
        check(&[
            ("old password", old.reveal()),
            ("new password", new.reveal()),
        ])?;
        self.ask(session, Query::SetPassword { old, new })
    }
}
