//! Status numbers: what every call returns and every failure event carries.
//!
//! Numbers come in blocks and are append-only, since programs compiled against an older header keep them.

#![forbid(unsafe_code)]

/// The outcome of a call, a request or a connection. Zero and above is no failure.
///
/// Blocks: -101… the caller's mistake, -201… network, -301… account, -401… protocol, -501 cancelled, -901… this library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Status {
    /// All went well.
    Ok = 0,
    /// No event within the given time.
    NoEvent = 1,
    /// The poll was ended by a wake call.
    Woken = 2,
    /// A required pointer was NULL.
    Null = -101,
    /// A string was not valid UTF-8.
    Utf8 = -102,
    /// An argument has a value that is not allowed.
    Argument = -103,
    /// No option has this key, or it takes another kind of value.
    Key = -104,
    /// No such session (never opened, or closed).
    NoSession = -105,
    /// The session is not in a state for this call (sending before login, a second login).
    State = -106,
    /// Too many requests are under way already.
    QueueFull = -107,
    /// The process was forked after the client was made; a client stays with its process.
    Forked = -108,
    /// The client is being freed.
    Closed = -109,
    /// The server's address is plain HTTP and not on this machine: a password would travel readable.
    Insecure = -110,
    /// No such request (never made, or its answer was taken already).
    NoRequest = -111,
    /// The server's name could not be resolved.
    Dns = -201,
    /// No connection to the server.
    Connect = -202,
    /// The TLS handshake or certificate check failed.
    Tls = -203,
    /// The server took too long to answer.
    Timeout = -204,
    /// The connection broke.
    Io = -205,
    /// The server answered with an HTTP error.
    Http = -206,
    /// Wrong e-mail address or password.
    Credentials = -301,
    /// The server asks for something that only a person in a browser can do (captcha, checkpoint).
    Challenge = -302,
    /// The session was ended by the server or from elsewhere.
    LoggedOut = -303,
    /// Too many messages or attempts; try again later.
    RateLimited = -304,
    /// The server refused the request.
    Refused = -305,
    /// The message is longer than the server allows.
    TooLong = -306,
    /// The recipient is offline or not a friend.
    RecipientOffline = -307,
    /// The server cannot do this at all.
    Unsupported = -308,
    /// The reply could not be understood.
    BadReply = -401,
    /// The server is no fbchat server, or speaks a dialect that is not known here.
    ServerChanged = -402,
    /// The request may or may not have been carried out.
    OutcomeUnknown = -403,
    /// Cancelled by the program.
    Cancelled = -501,
    /// A bug in this library was caught at the border.
    Panic = -901,
    /// Out of descriptors, threads or memory.
    Resources = -902,
    /// Something that cannot happen did.
    Internal = -903,
}

impl Status {
    /// Every status, in the order of the header.
    pub const ALL: [Status; 35] = [
        Status::Ok,
        Status::NoEvent,
        Status::Woken,
        Status::Null,
        Status::Utf8,
        Status::Argument,
        Status::Key,
        Status::NoSession,
        Status::State,
        Status::QueueFull,
        Status::Forked,
        Status::Closed,
        Status::Insecure,
        Status::NoRequest,
        Status::Dns,
        Status::Connect,
        Status::Tls,
        Status::Timeout,
        Status::Io,
        Status::Http,
        Status::Credentials,
        Status::Challenge,
        Status::LoggedOut,
        Status::RateLimited,
        Status::Refused,
        Status::TooLong,
        Status::RecipientOffline,
        Status::Unsupported,
        Status::BadReply,
        Status::ServerChanged,
        Status::OutcomeUnknown,
        Status::Cancelled,
        Status::Panic,
        Status::Resources,
        Status::Internal,
    ];

    /// The number that crosses the C border.
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The name as it stands in the header, NUL-terminated so that C can borrow it.
    pub const fn c_name(self) -> &'static std::ffi::CStr {
        match self {
            Status::Ok => c"FBCHAT_OK",
            Status::NoEvent => c"FBCHAT_NO_EVENT",
            Status::Woken => c"FBCHAT_WOKEN",
            Status::Null => c"FBCHAT_ERR_NULL",
            Status::Utf8 => c"FBCHAT_ERR_UTF8",
            Status::Argument => c"FBCHAT_ERR_ARGUMENT",
            Status::Key => c"FBCHAT_ERR_KEY",
            Status::NoSession => c"FBCHAT_ERR_NO_SESSION",
            Status::State => c"FBCHAT_ERR_STATE",
            Status::QueueFull => c"FBCHAT_ERR_QUEUE_FULL",
            Status::Forked => c"FBCHAT_ERR_FORKED",
            Status::Closed => c"FBCHAT_ERR_CLOSED",
            Status::Insecure => c"FBCHAT_ERR_INSECURE",
            Status::NoRequest => c"FBCHAT_ERR_NO_REQUEST",
            Status::Dns => c"FBCHAT_ERR_DNS",
            Status::Connect => c"FBCHAT_ERR_CONNECT",
            Status::Tls => c"FBCHAT_ERR_TLS",
            Status::Timeout => c"FBCHAT_ERR_TIMEOUT",
            Status::Io => c"FBCHAT_ERR_IO",
            Status::Http => c"FBCHAT_ERR_HTTP",
            Status::Credentials => c"FBCHAT_ERR_CREDENTIALS",
            Status::Challenge => c"FBCHAT_ERR_CHALLENGE",
            Status::LoggedOut => c"FBCHAT_ERR_LOGGED_OUT",
            Status::RateLimited => c"FBCHAT_ERR_RATE_LIMITED",
            Status::Refused => c"FBCHAT_ERR_REFUSED",
            Status::TooLong => c"FBCHAT_ERR_TOO_LONG",
            Status::RecipientOffline => c"FBCHAT_ERR_RECIPIENT_OFFLINE",
            Status::Unsupported => c"FBCHAT_ERR_UNSUPPORTED",
            Status::BadReply => c"FBCHAT_ERR_BAD_REPLY",
            Status::ServerChanged => c"FBCHAT_ERR_SERVER_CHANGED",
            Status::OutcomeUnknown => c"FBCHAT_ERR_OUTCOME_UNKNOWN",
            Status::Cancelled => c"FBCHAT_ERR_CANCELLED",
            Status::Panic => c"FBCHAT_ERR_PANIC",
            Status::Resources => c"FBCHAT_ERR_RESOURCES",
            Status::Internal => c"FBCHAT_ERR_INTERNAL",
        }
    }
}

/// Why a server's certificate is not trusted. Numbers are append-only, as above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Distrust {
    /// Its time is over.
    Expired = 1,
    /// Its time has not begun; often this machine's clock is wrong.
    NotYetValid = 2,
    /// It is self-signed, or its issuer is not known on this machine.
    UnknownIssuer = 3,
    /// It is for another name.
    WrongName = 4,
    /// Its issuer took it back.
    Revoked = 5,
    /// It is not the one that was pinned.
    NotPinned = 6,
    /// Anything else.
    Other = 7,
}

/// A server's certificate that is not trusted: enough for one question to the user, whose yes is a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Untrusted {
    /// Why.
    pub why: Distrust,
    /// SHA-256 of the server's own certificate (DER), if the TLS library in use tells.
    pub sha256: Option<[u8; 32]>,
}

impl Untrusted {
    /// The fingerprint as browsers show it: `AB:CD:…`.
    pub fn fingerprint(&self) -> Option<String> {
        let bytes = self.sha256?.map(|byte| format!("{byte:02X}"));
        Some(bytes.join(":"))
    }
}

/// A failure as a person reads it: the status for the program, one sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Problem {
    /// What kind of failure it is.
    pub status: Status,
    /// One sentence that says what happened and, where something can be done, what to do. No secrets, no message text.
    pub text: String,
    /// The certificate, if that is the trouble.
    pub untrusted: Option<Untrusted>,
}

impl Problem {
    /// Makes a problem from its status and its sentence.
    pub fn new(status: Status, text: impl Into<String>) -> Self {
        Problem {
            status,
            text: text.into(),
            untrusted: None,
        }
    }
}
