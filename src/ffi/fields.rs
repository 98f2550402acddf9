//! The numbers of events, of their fields and of the fields' values.

/// Says what an event tells; ignore kinds that you do not know.
pub type fbchat_event_kind = i32;
/// Names a field of an event.
pub type fbchat_field = i32;

/// Login succeeded: UID, NAME, MESSAGE_LIMIT. Answers fbchat_session_login.
pub const FBCHAT_EVENT_LOGGED_IN: fbchat_event_kind = 1;
/// Login failed: status, REASON, and with FBCHAT_ERR_TLS the CERTIFICATE_ fields. Answers fbchat_session_login; the session may log in again.
pub const FBCHAT_EVENT_LOGIN_FAILED: fbchat_event_kind = 2;
/// The server wants a person in a browser (captcha, checkpoint): status, REASON. Answers fbchat_session_login; the
/// session may log in again.
pub const FBCHAT_EVENT_CHALLENGE: fbchat_event_kind = 3;
/// The connection changed: STATE; when waiting also WAIT_MS, status, REASON and the CERTIFICATE_ fields.
pub const FBCHAT_EVENT_CONNECTION: fbchat_event_kind = 4;
/// A message: FROM, TO, FROM_NAME, TO_NAME, TEXT, TIME_MS, MESSAGE_ID, FLAGS.
pub const FBCHAT_EVENT_MESSAGE: fbchat_event_kind = 5;
/// The server has the message: TO, MESSAGE_ID. Answers fbchat_session_send.
pub const FBCHAT_EVENT_SENT: fbchat_event_kind = 6;
/// A request failed for good: status, REASON. Answers any request.
pub const FBCHAT_EVENT_FAILED: fbchat_event_kind = 7;
/// Somebody started or stopped writing: FROM, TYPING.
pub const FBCHAT_EVENT_TYPING: fbchat_event_kind = 8;
/// All buddies: fbchat_event_count items of UID, NAME, FIRST_NAME, PRESENCE, STATUS_TEXT, PICTURE_URL. Answers
/// fbchat_session_refresh, and comes by itself after login.
pub const FBCHAT_EVENT_BUDDY_LIST: fbchat_event_kind = 9;
/// One buddy changed: the fields of one BUDDY_LIST item.
pub const FBCHAT_EVENT_PRESENCE: fbchat_event_kind = 10;
/// The session is over, its last event: status and REASON, if not by the host's own wish. Answers fbchat_session_logout.
pub const FBCHAT_EVENT_CLOSED: fbchat_event_kind = 11;
/// All that is needed to go on later without the password: SAVED. Comes when the connection stands and whenever the host has
/// taken what arrived, so the last one taken is the one to keep, in place of the one before. Keep it as secret as the
/// password; a logout makes it worthless.
pub const FBCHAT_EVENT_STATE: fbchat_event_kind = 21;
/// Events of this session pile up, so it fetches nothing more until the host has taken half of them: WAITING. Nothing is
/// lost: the server keeps the messages.
pub const FBCHAT_EVENT_OVERLOAD: fbchat_event_kind = 22;

/// Integer: the number of the user or of a buddy.
pub const FBCHAT_FIELD_UID: fbchat_field = 1;
/// String: full name; may be empty.
pub const FBCHAT_FIELD_NAME: fbchat_field = 2;
/// String: first name; may be empty.
pub const FBCHAT_FIELD_FIRST_NAME: fbchat_field = 3;
/// Integer: FBCHAT_PRESENCE_OFFLINE, FBCHAT_PRESENCE_IDLE or FBCHAT_PRESENCE_ACTIVE.
pub const FBCHAT_FIELD_PRESENCE: fbchat_field = 4;
/// String: status line, plain text; absent if there is none.
pub const FBCHAT_FIELD_STATUS_TEXT: fbchat_field = 5;
/// String: address of a picture of 50 pixels; absent if there is none.
pub const FBCHAT_FIELD_PICTURE_URL: fbchat_field = 6;
/// Integer: number of the author, or of who is writing.
pub const FBCHAT_FIELD_FROM: fbchat_field = 7;
/// Integer: number of the recipient.
pub const FBCHAT_FIELD_TO: fbchat_field = 8;
/// String: the author's name; may be empty.
pub const FBCHAT_FIELD_FROM_NAME: fbchat_field = 9;
/// String: the recipient's name; may be empty.
pub const FBCHAT_FIELD_TO_NAME: fbchat_field = 10;
/// String: the message, plain text, not markup; may hold line breaks.
pub const FBCHAT_FIELD_TEXT: fbchat_field = 11;
/// Integer: when the server accepted the message, in milliseconds since 1970 UTC.
pub const FBCHAT_FIELD_TIME_MS: fbchat_field = 12;
/// String: the sender's id of the message; may be empty; unique only together with author and text.
pub const FBCHAT_FIELD_MESSAGE_ID: fbchat_field = 13;
/// Integer: sum of FBCHAT_MESSAGE_ flags.
pub const FBCHAT_FIELD_FLAGS: fbchat_field = 14;
/// Integer: 1 = writing, over after 10 seconds without another; 0 = stopped.
pub const FBCHAT_FIELD_TYPING: fbchat_field = 15;
/// Integer: a FBCHAT_CONNECTION_ state.
pub const FBCHAT_FIELD_STATE: fbchat_field = 16;
/// Integer: milliseconds until the next attempt; 0 = at once.
pub const FBCHAT_FIELD_WAIT_MS: fbchat_field = 17;
/// String: what went wrong, a sentence for people; absent if nothing did.
pub const FBCHAT_FIELD_REASON: fbchat_field = 18;
/// Integer: greatest length of a message, in Unicode characters (scalar values).
pub const FBCHAT_FIELD_MESSAGE_LIMIT: fbchat_field = 19;
/// Bytes: what fbchat_session_resume takes.
pub const FBCHAT_FIELD_SAVED: fbchat_field = 50;
/// Integer: how many events wait.
pub const FBCHAT_FIELD_WAITING: fbchat_field = 51;
/// String: SHA-256 of the server's certificate that is not trusted, "AB:CD:…", as FBCHAT_CONFIG_PIN_SHA256 takes it. In
/// events with a REASON; absent if that is not the trouble, or without the feature "pin".
pub const FBCHAT_FIELD_CERTIFICATE_SHA256: fbchat_field = 60;
/// Integer: why the server's certificate is not trusted, a FBCHAT_CERTIFICATE_ number. In events with a REASON; 0 if that is
/// not the trouble.
pub const FBCHAT_FIELD_CERTIFICATE_PROBLEM: fbchat_field = 61;

/// The certificate's time is over.
pub const FBCHAT_CERTIFICATE_EXPIRED: i32 = 1;
/// Its time has not begun; often this machine's clock is wrong.
pub const FBCHAT_CERTIFICATE_NOT_YET_VALID: i32 = 2;
/// It is self-signed, or its issuer is not known on this machine.
pub const FBCHAT_CERTIFICATE_UNKNOWN_ISSUER: i32 = 3;
/// It is for another name.
pub const FBCHAT_CERTIFICATE_WRONG_NAME: i32 = 4;
/// Its issuer took it back.
pub const FBCHAT_CERTIFICATE_REVOKED: i32 = 5;
/// It is not the one of FBCHAT_CONFIG_PIN_SHA256.
pub const FBCHAT_CERTIFICATE_NOT_PINNED: i32 = 6;
/// Anything else.
pub const FBCHAT_CERTIFICATE_OTHER: i32 = 7;

/// Not connected, or invisible.
pub const FBCHAT_PRESENCE_OFFLINE: i32 = 0;
/// Connected, but not at the keyboard.
pub const FBCHAT_PRESENCE_IDLE: i32 = 1;
/// Connected and there.
pub const FBCHAT_PRESENCE_ACTIVE: i32 = 2;
/// Connected, shown as offline; only for fbchat_session_set_presence.
pub const FBCHAT_PRESENCE_INVISIBLE: i32 = 3;

/// Flag: this user wrote the message, in another session.
pub const FBCHAT_MESSAGE_OWN: i32 = 1;
/// Flag: the message arrives more than a minute after it was sent, or comes from history.
pub const FBCHAT_MESSAGE_REPLAYED: i32 = 2;

/// The password is on its way.
pub const FBCHAT_CONNECTION_LOGGING_IN: i32 = 1;
/// Logged in; reading the page that names the channel.
pub const FBCHAT_CONNECTION_LOADING_PAGE: i32 = 2;
/// Asking for buddies and for the place to go on from.
pub const FBCHAT_CONNECTION_OPENING_CHANNEL: i32 = 3;
/// Messages arrive.
pub const FBCHAT_CONNECTION_CONNECTED: i32 = 4;
/// Something failed; the next attempt comes by itself after WAIT_MS.
pub const FBCHAT_CONNECTION_WAITING: i32 = 5;
