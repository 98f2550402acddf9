//! Statuses: what every call returns and every failure event carries.
//!
//! Numbers are append-only, because programs compiled against an older header keep them.

#![forbid(unsafe_code)]

c_enum! {
    /// The outcome of a call, a request or a session: 0 and above is no failure.
    ///
    /// The numbers come in blocks: -101 mistakes of the caller, -201 network, -301 account, -401 protocol,
    /// -501 cancelled, -901 this library. Treat a number that you do not know by its block.
    pub enum Status as fbchat_statuses {
        /// Success.
        Ok = 0 => FBCHAT_OK,
        /// No event arrived within the timeout.
        NoEvent = 1 => FBCHAT_NO_EVENT,
        /// The poll was ended by fbchat_client_wake.
        Woken = 2 => FBCHAT_WOKEN,
        /// A required pointer is NULL.
        Null = -101 => FBCHAT_ERR_NULL,
        /// A string is not valid UTF-8.
        Utf8 = -102 => FBCHAT_ERR_UTF8,
        /// An argument has a value that is not allowed.
        Argument = -103 => FBCHAT_ERR_ARGUMENT,
        /// No setting or field has this number, or its value has another type.
        Key = -104 => FBCHAT_ERR_KEY,
        /// This client has no such session: it was never opened, or it is over.
        NoSession = -105 => FBCHAT_ERR_NO_SESSION,
        /// The session is not in a state for this call, such as sending before login or a second login.
        State = -106 => FBCHAT_ERR_STATE,
        /// Too many requests are unanswered.
        QueueFull = -107 => FBCHAT_ERR_QUEUE_FULL,
        /// The handle belongs to the parent process; a child makes a client of its own after fork.
        Forked = -108 => FBCHAT_ERR_FORKED,
        /// The client was freed, or is being freed.
        Closed = -109 => FBCHAT_ERR_CLOSED,
        /// The server is on another machine and its address is plain HTTP, which would expose the password.
        Insecure = -110 => FBCHAT_ERR_INSECURE,
        /// There is no such request, or its answer was already taken.
        NoRequest = -111 => FBCHAT_ERR_NO_REQUEST,
        /// A descriptor of the program cannot be read, written or watched.
        Descriptor = -112 => FBCHAT_ERR_DESCRIPTOR,
        /// The server's name could not be resolved.
        Dns = -201 => FBCHAT_ERR_DNS,
        /// The server could not be connected to.
        Connect = -202 => FBCHAT_ERR_CONNECT,
        /// The TLS handshake or the check of the certificate failed.
        Tls = -203 => FBCHAT_ERR_TLS,
        /// The server did not answer in time.
        Timeout = -204 => FBCHAT_ERR_TIMEOUT,
        /// The connection broke.
        Io = -205 => FBCHAT_ERR_IO,
        /// The server answered with an HTTP error.
        Http = -206 => FBCHAT_ERR_HTTP,
        /// The e-mail address or the password is wrong.
        Credentials = -301 => FBCHAT_ERR_CREDENTIALS,
        /// The server wants a person in a browser (captcha, checkpoint).
        Challenge = -302 => FBCHAT_ERR_CHALLENGE,
        /// The session was ended by the server, or from elsewhere.
        LoggedOut = -303 => FBCHAT_ERR_LOGGED_OUT,
        /// Too many messages or attempts; try again later.
        RateLimited = -304 => FBCHAT_ERR_RATE_LIMITED,
        /// The server refused the request.
        Refused = -305 => FBCHAT_ERR_REFUSED,
        /// The message is longer, or the file larger, than the server or the call allows.
        TooLong = -306 => FBCHAT_ERR_TOO_LONG,
        /// The recipient is offline or not a friend.
        RecipientOffline = -307 => FBCHAT_ERR_RECIPIENT_OFFLINE,
        /// The server does not offer this; see FBCHAT_FIELD_FEATURES.
        Unsupported = -308 => FBCHAT_ERR_UNSUPPORTED,
        /// The server does not have the file any more.
        Gone = -309 => FBCHAT_ERR_GONE,
        /// The answer could not be understood.
        BadReply = -401 => FBCHAT_ERR_BAD_REPLY,
        /// The server is not an fbchat server, or speaks an unknown dialect.
        ServerChanged = -402 => FBCHAT_ERR_SERVER_CHANGED,
        /// The request may or may not have been carried out.
        OutcomeUnknown = -403 => FBCHAT_ERR_OUTCOME_UNKNOWN,
        /// The request was cancelled by the program, or by the end of its session.
        Cancelled = -501 => FBCHAT_ERR_CANCELLED,
        /// The message was not sent before its session ended. It is in the last saved session, and is sent when that is used.
        Kept = -502 => FBCHAT_ERR_KEPT,
        /// A bug in this library, contained at its border.
        Panic = -901 => FBCHAT_ERR_PANIC,
        /// Out of descriptors, threads or memory.
        Resources = -902 => FBCHAT_ERR_RESOURCES,
        /// A bug in this library.
        Internal = -903 => FBCHAT_ERR_INTERNAL,
    }
}

c_enum! {
    /// Why the server's certificate is not trusted; the values of FBCHAT_FIELD_CERTIFICATE_PROBLEM.
    pub enum Distrust as fbchat_certificate_problems {
        /// The certificate has expired.
        Expired = 1 => FBCHAT_CERTIFICATE_EXPIRED,
        /// The certificate is not valid yet; often this machine's clock is wrong.
        NotYetValid = 2 => FBCHAT_CERTIFICATE_NOT_YET_VALID,
        /// The certificate is self-signed, or this machine does not know its issuer.
        UnknownIssuer = 3 => FBCHAT_CERTIFICATE_UNKNOWN_ISSUER,
        /// The certificate is for another name.
        WrongName = 4 => FBCHAT_CERTIFICATE_WRONG_NAME,
        /// The issuer has revoked the certificate.
        Revoked = 5 => FBCHAT_CERTIFICATE_REVOKED,
        /// The certificate is not the one of FBCHAT_CONFIG_PIN_SHA256.
        NotPinned = 6 => FBCHAT_CERTIFICATE_NOT_PINNED,
        /// Any other reason.
        Other = 7 => FBCHAT_CERTIFICATE_OTHER,
    }
}

/// A server's certificate that is not trusted: enough to ask the user once, and to pin it if they accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Untrusted {
    /// Why it is not trusted.
    pub why: Distrust,
    /// SHA-256 of the server's own certificate (DER), if the TLS library in use gives it.
    pub sha256: Option<[u8; 32]>,
}

impl Untrusted {
    /// The fingerprint as browsers show it: `AB:CD:…`.
    pub fn fingerprint(&self) -> Option<String> {
        let bytes = self.sha256?.map(|byte| format!("{byte:02X}"));
        Some(bytes.join(":"))
    }
}

/// A failure: the status for the program, and one sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Problem {
    /// The kind of failure.
    pub status: Status,
    /// One sentence that says what happened and, where possible, what to do. No secrets, no message text.
    pub text: String,
    /// The certificate, if that is the cause.
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
