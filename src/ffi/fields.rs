//! The numbers of events, of their fields and of the fields' values.

/// Says what an event tells; ignore kinds that you do not know.
pub type fbchat_kind = i32;
/// Names a field of an event.
pub type fbchat_field = i32;

/// Login succeeded: UID, NAME, MESSAGE_LIMIT, FEATURES. Answers fbchat_session_login and fbchat_session_register.
pub const FBCHAT_EVENT_LOGGED_IN: fbchat_kind = 1;
/// Login failed: status, REASON, and with FBCHAT_ERR_TLS the CERTIFICATE_ fields. Answers fbchat_session_login and
/// fbchat_session_register; the session may log in again.
pub const FBCHAT_EVENT_LOGIN_FAILED: fbchat_kind = 2;
/// The server wants a person in a browser (captcha, checkpoint): status, REASON. Answers fbchat_session_login and
/// fbchat_session_register; the session may log in again.
pub const FBCHAT_EVENT_CHALLENGE: fbchat_kind = 3;
/// The connection changed: STATE; when waiting also WAIT_MS, status, REASON and the CERTIFICATE_ fields.
pub const FBCHAT_EVENT_CONNECTION: fbchat_kind = 4;
/// A message: FROM, TO, FROM_NAME, TO_NAME, TEXT, TIME_MS, MESSAGE_ID, FLAGS.
pub const FBCHAT_EVENT_MESSAGE: fbchat_kind = 5;
/// The server has the message: TO, MESSAGE_ID. Answers fbchat_session_send.
pub const FBCHAT_EVENT_SENT: fbchat_kind = 6;
/// A request failed for good: status, REASON. Answers any request.
pub const FBCHAT_EVENT_FAILED: fbchat_kind = 7;
/// Somebody started or stopped writing: FROM, TYPING.
pub const FBCHAT_EVENT_TYPING: fbchat_kind = 8;
/// All buddies: fbchat_event_count items of UID, NAME, FIRST_NAME, PRESENCE, STATUS_TEXT, PICTURE_URL,
/// PICTURE_HASH, STATUS_TIME_MS, IDLE_SINCE_MS. Answers fbchat_session_request_buddy_list, and comes by itself after login and when
/// friendships begin or end.
pub const FBCHAT_EVENT_BUDDY_LIST: fbchat_kind = 9;
/// One buddy changed: the fields of one BUDDY_LIST item.
pub const FBCHAT_EVENT_PRESENCE: fbchat_kind = 10;
/// The session is over, its last event: status and REASON, if not by the host's own wish. Answers fbchat_session_logout.
pub const FBCHAT_EVENT_CLOSED: fbchat_kind = 11;
/// Messages of one conversation, oldest first: fbchat_event_count items of the fields of MESSAGE, all with
/// FBCHAT_MESSAGE_REPLAYED; for the whole event PEER and MORE. Answers fbchat_session_request_history.
pub const FBCHAT_EVENT_HISTORY: fbchat_kind = 12;
/// What is unread: fbchat_event_count items of NOTIFICATION_KIND, UID, NAME, TIME_MS, NEW, UNREAD; for the whole event
/// UNSEEN and INBOX. Answers fbchat_session_request_notifications. Comes by itself, then without items and with INBOX only, when
/// the number of conversations with unread messages changes.
pub const FBCHAT_EVENT_NOTIFICATIONS: fbchat_kind = 13;
/// Somebody wants to be friends: UID, NAME, TEXT (may be empty), TIME_MS. Those who asked while the user was away come
/// after login. Answer with fbchat_session_change_friendship.
pub const FBCHAT_EVENT_FRIEND_REQUEST: fbchat_kind = 14;
/// Somebody's picture: UID; PICTURE_URL, PICTURE_HASH, PICTURE and CONTENT_TYPE, the last three absent for somebody who
/// has none. Answers fbchat_session_request_picture.
pub const FBCHAT_EVENT_PICTURE: fbchat_kind = 15;
/// What somebody tells about themselves: UID, NAME, FIRST_NAME, RELATION, PICTURE_URL, PICTURE_HASH, EMAIL, STATUS_TEXT,
/// STATUS_TIME_MS, MEMBER_SINCE_MS. Answers fbchat_session_request_profile.
pub const FBCHAT_EVENT_PROFILE: fbchat_kind = 16;
/// Who was found: fbchat_event_count items of UID, NAME, RELATION, PICTURE_URL, PICTURE_HASH. Answers
/// fbchat_session_request_search.
pub const FBCHAT_EVENT_SEARCH: fbchat_kind = 17;
/// A friendship began or ended, by whomever: UID, NAME, FRIEND_ACTION. A BUDDY_LIST follows.
pub const FBCHAT_EVENT_FRIEND: fbchat_kind = 18;
/// A request is done, and there is no more to tell. Answers requests that have no event of their own.
pub const FBCHAT_EVENT_DONE: fbchat_kind = 19;
/// Somebody pokes: FROM, NAME, TIME_MS.
pub const FBCHAT_EVENT_POKE: fbchat_kind = 20;
/// All that is needed to go on later without the password: SAVED. Comes when the connection stands and whenever the host has
/// taken what arrived, so the last one taken is the one to keep, in place of the one before. Keep it as secret as the
/// password; a logout makes it worthless.
pub const FBCHAT_EVENT_SAVED_SESSION: fbchat_kind = 21;
/// Events of this session pile up, so it fetches nothing more until the host has taken half of them: WAITING. Nothing is
/// lost: the server keeps the messages.
pub const FBCHAT_EVENT_OVERLOAD: fbchat_kind = 22;

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
/// String: the message, plain text, not markup; may hold line breaks. With a friend request, what was written with it.
pub const FBCHAT_FIELD_TEXT: fbchat_field = 11;
/// Integer: when it happened, by the server's clock, in milliseconds since 1970 UTC.
pub const FBCHAT_FIELD_TIME_MS: fbchat_field = 12;
/// String: the sender's id of the message; may be empty; unique only together with author and text.
pub const FBCHAT_FIELD_MESSAGE_ID: fbchat_field = 13;
/// Integer: sum of FBCHAT_MESSAGE_ flags.
pub const FBCHAT_FIELD_FLAGS: fbchat_field = 14;
/// Integer: 1 = writing, over after 10 seconds without another; 0 = stopped.
pub const FBCHAT_FIELD_TYPING: fbchat_field = 15;
/// Integer: a FBCHAT_CONNECTION_ state.
pub const FBCHAT_FIELD_CONNECTION: fbchat_field = 16;
/// Integer: milliseconds until the next attempt; 0 = at once.
pub const FBCHAT_FIELD_WAIT_MS: fbchat_field = 17;
/// String: what went wrong, a sentence for people; absent if nothing did.
pub const FBCHAT_FIELD_REASON: fbchat_field = 18;
/// Integer: greatest length of a message, in Unicode characters (scalar values).
pub const FBCHAT_FIELD_MESSAGE_LIMIT: fbchat_field = 19;
/// String: changes with the picture, so that it can name a file in a cache; absent if there is no picture.
pub const FBCHAT_FIELD_PICTURE_HASH: fbchat_field = 20;
/// Bytes: the picture, a file of the kind that CONTENT_TYPE says; absent if there is none.
pub const FBCHAT_FIELD_PICTURE: fbchat_field = 21;
/// String: "image/png", "image/jpeg" or "image/gif"; absent if there is no picture.
pub const FBCHAT_FIELD_CONTENT_TYPE: fbchat_field = 22;
/// Integer: sum of the FBCHAT_FEATURE_ flags of what this server can do.
pub const FBCHAT_FIELD_FEATURES: fbchat_field = 23;
/// Integer: when the status line was set, in milliseconds since 1970 UTC, to the second; 0 if there is none.
pub const FBCHAT_FIELD_STATUS_TIME_MS: fbchat_field = 24;
/// Integer: a FBCHAT_RELATION_ number.
pub const FBCHAT_FIELD_RELATION: fbchat_field = 25;
/// String: e-mail address; absent if the server does not tell.
pub const FBCHAT_FIELD_EMAIL: fbchat_field = 26;
/// Integer: since when the account is there, in milliseconds since 1970 UTC; 0 if the server does not tell.
pub const FBCHAT_FIELD_MEMBER_SINCE_MS: fbchat_field = 27;
/// Integer: FBCHAT_FRIEND_ACCEPT = they are friends now, FBCHAT_FRIEND_REMOVE = no longer.
pub const FBCHAT_FIELD_FRIEND_ACTION: fbchat_field = 28;
/// Integer: number of the other side of the conversation; belongs to the whole event.
pub const FBCHAT_FIELD_PEER: fbchat_field = 29;
/// Integer: 1 = there are more messages than these, older ones if the most recent were asked for, else later ones; 0 =
/// these are all. Belongs to the whole event.
pub const FBCHAT_FIELD_MORE: fbchat_field = 30;
/// Integer: a FBCHAT_NOTIFICATION_ number; ignore those that you do not know.
pub const FBCHAT_FIELD_NOTIFICATION_KIND: fbchat_field = 31;
/// Integer: 1 = the user has not been shown this, 0 = he has.
pub const FBCHAT_FIELD_NEW: fbchat_field = 32;
/// Integer: number of unread messages in this conversation; 0 for other notifications.
pub const FBCHAT_FIELD_UNREAD: fbchat_field = 33;
/// Integer: number of new notifications, conversations not counted. Belongs to the whole event.
pub const FBCHAT_FIELD_UNSEEN: fbchat_field = 34;
/// Integer: number of conversations with unread messages. Belongs to the whole event.
pub const FBCHAT_FIELD_INBOX: fbchat_field = 35;
/// Integer: since when nothing was heard of the person, in milliseconds since 1970 UTC by the server's clock; 0 unless
/// PRESENCE is FBCHAT_PRESENCE_IDLE, and if the server does not tell.
pub const FBCHAT_FIELD_IDLE_SINCE_MS: fbchat_field = 36;
/// Bytes: what fbchat_session_resume takes.
pub const FBCHAT_FIELD_SAVED_SESSION: fbchat_field = 50;
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

/// Flag: this user wrote the message, in another session or, in a HISTORY, in any.
pub const FBCHAT_MESSAGE_OWN: i32 = 1;
/// Flag: the message arrives more than a minute after it was sent, or comes from history.
pub const FBCHAT_MESSAGE_REPLAYED: i32 = 2;

/// Flag: friend requests are told and can be made and answered.
pub const FBCHAT_FEATURE_FRIENDS: i32 = 1;
/// Flag: pictures can be set, and changes of them are told.
pub const FBCHAT_FEATURE_PICTURES: i32 = 2;
/// Flag: status lines can be set, and changes of them are told.
pub const FBCHAT_FEATURE_STATUS: i32 = 4;
/// Flag: profiles can be asked for.
pub const FBCHAT_FEATURE_PROFILE: i32 = 8;
/// Flag: people can be searched for.
pub const FBCHAT_FEATURE_SEARCH: i32 = 16;
/// Flag: notifications and unread conversations are told.
pub const FBCHAT_FEATURE_NOTIFICATIONS: i32 = 32;
/// Flag: history can be asked for from a time on; else only its last part is there.
pub const FBCHAT_FEATURE_HISTORY: i32 = 64;
/// Flag: friends can be poked.
pub const FBCHAT_FEATURE_POKE: i32 = 128;
/// Flag: the password can be changed.
pub const FBCHAT_FEATURE_PASSWORD: i32 = 256;
/// Flag: accounts can be made, perhaps with an invitation only.
pub const FBCHAT_FEATURE_REGISTRATION: i32 = 512;
/// Flag: the name that others see can be changed, and changes of it are told.
pub const FBCHAT_FEATURE_NAME: i32 = 1024;

/// Asks somebody to be a friend.
pub const FBCHAT_FRIEND_REQUEST: i32 = 1;
/// Accepts somebody's request.
pub const FBCHAT_FRIEND_ACCEPT: i32 = 2;
/// Declines somebody's request; they are not told.
pub const FBCHAT_FRIEND_DECLINE: i32 = 3;
/// Ends the friendship, for both.
pub const FBCHAT_FRIEND_REMOVE: i32 = 4;

/// A stranger, or the server does not say.
pub const FBCHAT_RELATION_NONE: i32 = 0;
/// The user himself.
pub const FBCHAT_RELATION_SELF: i32 = 1;
/// A friend.
pub const FBCHAT_RELATION_FRIEND: i32 = 2;
/// The user has asked this person, who has not answered.
pub const FBCHAT_RELATION_SENT: i32 = 3;
/// This person has asked and waits for the user's answer.
pub const FBCHAT_RELATION_RECEIVED: i32 = 4;

/// A conversation with messages that were not read; UNREAD counts them.
pub const FBCHAT_NOTIFICATION_MESSAGES: i32 = 1;
/// Somebody wants to be friends.
pub const FBCHAT_NOTIFICATION_FRIEND_REQUEST: i32 = 2;
/// Somebody has accepted a friend request.
pub const FBCHAT_NOTIFICATION_FRIEND_ADDED: i32 = 3;
/// Somebody has poked.
pub const FBCHAT_NOTIFICATION_POKE: i32 = 4;

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
