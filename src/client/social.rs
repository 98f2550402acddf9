//! Calls about people other than messages and presence: history, pictures, profiles, friendships, notifications.

#![forbid(unsafe_code)]

use super::{CallError, Client, SessionId, check_uid};
use crate::types::{FriendAction, Query, RequestId, Uid, UnixMillis};

/// Greatest size of a picture in bytes; servers accept less.
pub const MAX_PICTURE: usize = 8 << 20;
/// Greatest length of a text in bytes.
const MAX_TEXT: usize = 64 << 10;

fn check_text(what: &str, text: &str) -> Result<(), CallError> {
    if text.len() > MAX_TEXT {
        let text = format!("The {what} must have at most {MAX_TEXT} bytes");
        return Err(CallError::Argument(text));
    }
    Ok(())
}

impl Client {
    /// Requests messages of one conversation: the most recent ones, or at most 1,000 that are later than `since`;
    /// answered by `History` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::Argument`] for a negative time, [`CallError::State`] before login.
    pub fn history(
        &self,
        session: SessionId,
        with: Uid,
        since: UnixMillis,
    ) -> Result<RequestId, CallError> {
        check_uid(with)?;
        if since < 0 {
            let text = format!("A history cannot begin at {since} ms; 0 asks for the newest part");
            return Err(CallError::Argument(text));
        }
        self.ask(session, Query::History { with, since })
    }

    /// Requests a person's picture; answered by `Picture` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::State`] before login.
    pub fn picture(&self, session: SessionId, uid: Uid) -> Result<RequestId, CallError> {
        check_uid(uid)?;
        self.ask(session, Query::Picture(uid))
    }

    /// Sets the user's picture, a PNG, JPEG or GIF file, or removes it; answered by `Done` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::Argument`] for more than [`MAX_PICTURE`] bytes, [`CallError::State`] before login.
    pub fn set_picture(
        &self,
        session: SessionId,
        picture: Option<&[u8]>,
    ) -> Result<RequestId, CallError> {
        if picture.is_some_and(|picture| picture.is_empty() || picture.len() > MAX_PICTURE) {
            let text = format!("A picture must have 1 to {MAX_PICTURE} bytes");
            return Err(CallError::Argument(text));
        }
        self.ask(session, Query::SetPicture(picture.map(Into::into)))
    }

    /// Requests a person's profile; answered by `Profile` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::State`] before login.
    pub fn profile(&self, session: SessionId, uid: Uid) -> Result<RequestId, CallError> {
        check_uid(uid)?;
        self.ask(session, Query::Profile(uid))
    }

    /// Searches people by name or exact e-mail address; answered by `Search` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::Argument`] for an empty search, [`CallError::State`] before login.
    pub fn search(&self, session: SessionId, text: &str) -> Result<RequestId, CallError> {
        if text.trim().is_empty() {
            return Err(CallError::Argument(
                "There is nothing to search for".to_owned(),
            ));
        }
        check_text("search", text)?;
        self.ask(session, Query::Search(text.to_owned()))
    }

    /// Requests, accepts, refuses or ends a friendship; answered by `Done` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::State`] before login.
    pub fn friend(
        &self,
        session: SessionId,
        uid: Uid,
        action: FriendAction,
    ) -> Result<RequestId, CallError> {
        check_uid(uid)?;
        if let FriendAction::Request(message) = &action {
            check_text("message", message)?;
        }
        self.ask(session, Query::Friend { uid, action })
    }

    /// Sets the user's status line, or removes it; answered by `Done` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::State`] before login.
    pub fn set_status_text(
        &self,
        session: SessionId,
        text: Option<&str>,
    ) -> Result<RequestId, CallError> {
        check_text("status", text.unwrap_or_default())?;
        let text = text.filter(|text| !text.is_empty()).map(str::to_owned);
        self.ask(session, Query::SetStatus(text))
    }

    /// Marks the messages of one person as read, or with `None` the notifications as seen.
    ///
    /// # Errors
    /// [`CallError::State`] before login.
    pub fn mark_read(&self, session: SessionId, what: Option<Uid>) -> Result<(), CallError> {
        self.engine()?.session(session)?.mark_read(what)
    }

    /// Requests the numbers of unread items; answered by `Notifications` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::State`] before login.
    pub fn notifications(&self, session: SessionId) -> Result<RequestId, CallError> {
        self.ask(session, Query::Notifications)
    }

    /// Pokes a friend; answered by `Done` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::State`] before login.
    pub fn poke(&self, session: SessionId, uid: Uid) -> Result<RequestId, CallError> {
        check_uid(uid)?;
        self.ask(session, Query::Poke(uid))
    }

    /// Blocks or unblocks somebody; answered by `Done` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::State`] before login.
    pub fn block(
        &self,
        session: SessionId,
        uid: Uid,
        blocked: bool,
    ) -> Result<RequestId, CallError> {
        check_uid(uid)?;
        self.ask(session, Query::Block { uid, blocked })
    }

    /// Requests those whom the user has blocked; answered by `Blocked` or `Failed`.
    ///
    /// # Errors
    /// [`CallError::State`] before login.
    pub fn blocked(&self, session: SessionId) -> Result<RequestId, CallError> {
        self.ask(session, Query::Blocked)
    }

    pub(super) fn ask(&self, session: SessionId, query: Query) -> Result<RequestId, CallError> {
        self.engine()?.session(session)?.query(query)
    }
}
