//! The error codes of ajax replies, by name (docs/protocol.md, Errors).

use std::fmt;

/// The seven-digit code in `error`. Codes that have no name here are treated as a plain refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode(pub i64);

impl ErrorCode {
    /// The user's own chat is switched off.
    pub const CHAT_IS_OFF: ErrorCode = ErrorCode(1_356_002);
    /// The recipient is not online, not a friend, or does not exist.
    pub const RECIPIENT_OFFLINE: ErrorCode = ErrorCode(1_356_003);
    /// The server has too much to write at the moment.
    pub const SERVER_BUSY: ErrorCode = ErrorCode(1_356_008);
    /// Nobody is logged in with these cookies, or not any more.
    pub const NOT_LOGGED_IN: ErrorCode = ErrorCode(1_357_001);
    /// Another user is logged in with these cookies.
    pub const OTHER_USER: ErrorCode = ErrorCode(1_357_003);
    /// `post_form_id` is missing or out of date.
    pub const STALE_TOKEN: ErrorCode = ErrorCode(1_357_004);
    /// A captcha has to be solved in a browser.
    pub const CAPTCHA: ErrorCode = ErrorCode(1_357_007);
    /// A limit per user or per time is reached.
    pub const LIMIT_REACHED: ErrorCode = ErrorCode(1_395_001);
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
