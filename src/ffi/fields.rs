//! Kinds of events and their fields. Each kind lists its fields: their type, `?` where a field may be absent, and `*` where it
//! belongs to the whole event and is read with any item.

c_enum! {
    /// What an event says. Ignore kinds that you do not know.
    ///
    /// In the lists, the type of a field says what reads it: uid fbchat_event_uid, int fbchat_event_int, str fbchat_event_str,
    /// bytes fbchat_event_bytes. `?` means that the field may be absent: the call then returns NULL. `*` marks a field of the
    /// whole event, whatever the item. Events with "items" are lists: fbchat_event_count says how many items they have.
    pub enum EventKind as fbchat_event_kinds {
        /// Login succeeded. Answers fbchat_session_login, fbchat_session_resume and fbchat_session_register.
        ///
        /// ```text
        ///     UID            uid   the user's own number
        ///     NAME           str   the user's own name; may be empty
        ///     MESSAGE_LIMIT  int   the greatest length of a message, in characters
        ///     FEATURES       int   a sum of fbchat_features
        /// ```
        LoggedIn = 1 => FBCHAT_EVENT_LOGGED_IN,
        /// Login failed, see fbchat_event_status; the session can log in again. Answers fbchat_session_login,
        /// fbchat_session_resume and fbchat_session_register.
        ///
        /// ```text
        ///     REASON               str?  the failure, a sentence for people
        ///     CERTIFICATE_SHA256   str?  the certificate that is not trusted
        ///     CERTIFICATE_PROBLEM  int   why it is not trusted; 0 if that is not the cause
        /// ```
        LoginFailed = 2 => FBCHAT_EVENT_LOGIN_FAILED,
        /// The server wants a person in a browser (captcha, checkpoint); the session can log in again. Answers
        /// fbchat_session_login and fbchat_session_register.
        ///
        /// ```text
        ///     REASON               str?  what the server wants, a sentence for people
        ///     CERTIFICATE_SHA256   str?  absent
        ///     CERTIFICATE_PROBLEM  int   0
        /// ```
        Challenge = 3 => FBCHAT_EVENT_CHALLENGE,
        /// The connection has changed its state.
        ///
        /// ```text
        ///     CONNECTION           int   one of fbchat_connection_states
        ///     WAIT_MS              int   when waiting: milliseconds until the next attempt
        ///     REASON               str?  when waiting: the failure, a sentence for people
        ///     CERTIFICATE_SHA256   str?  when waiting: the certificate that is not trusted
        ///     CERTIFICATE_PROBLEM  int   when waiting: why it is not trusted; 0 if that is not the cause
        /// ```
        Connection = 4 => FBCHAT_EVENT_CONNECTION,
        /// A message.
        ///
        /// ```text
        ///     FROM        uid   the author
        ///     TO          uid   the recipient
        ///     FROM_NAME   str   the author's name; may be empty
        ///     TO_NAME     str   the recipient's name; may be empty
        ///     TEXT        str   plain text, not markup; may contain line breaks
        ///     TIME_MS     int   when the server accepted it
        ///     MESSAGE_ID  str   the sender's id of the message; may be empty
        ///     FLAGS       int   a sum of fbchat_message_flags
        /// ```
        Message = 5 => FBCHAT_EVENT_MESSAGE,
        /// The server has accepted a message. Answers fbchat_session_send; with request 0 it is about a message that an earlier
        /// session has left.
        ///
        /// ```text
        ///     TO          uid   the recipient
        ///     MESSAGE_ID  str   the id that the message was sent with
        /// ```
        Sent = 6 => FBCHAT_EVENT_SENT,
        /// A request has failed for good, see fbchat_event_status. Answers any request; with request 0 it is about a message
        /// that an earlier session has left.
        ///
        /// ```text
        ///     REASON               str?  the failure, a sentence for people
        ///     CERTIFICATE_SHA256   str?  the certificate that is not trusted
        ///     CERTIFICATE_PROBLEM  int   why it is not trusted; 0 if that is not the cause
        ///     TO                   uid   with request 0: the recipient; else 0
        ///     TEXT                 str?  with request 0: the message
        /// ```
        Failed = 7 => FBCHAT_EVENT_FAILED,
        /// Somebody is typing or has stopped.
        ///
        /// ```text
        ///     FROM    uid   who
        ///     TYPING  int   1 = typing, until 10 seconds pass without another such event; 0 = stopped
        /// ```
        Typing = 8 => FBCHAT_EVENT_TYPING,
        /// All buddies, as items. Answers fbchat_session_request_buddy_list; also arrives after login, and when friendships begin
        /// or end.
        ///
        /// ```text
        ///     UID             uid   the buddy
        ///     NAME            str   full name; may be empty
        ///     FIRST_NAME      str   first name; may be empty
        ///     PRESENCE        int   one of fbchat_presences
        ///     STATUS_TEXT     str?  status line
        ///     PICTURE_URL     str?  address of the picture
        ///     PICTURE_HASH    str?  changes with the picture
        ///     STATUS_TIME_MS  int   when the status line was set; 0 without one
        ///     IDLE_SINCE_MS   int   since when the buddy is idle; 0 if not idle or unknown
        /// ```
        BuddyList = 9 => FBCHAT_EVENT_BUDDY_LIST,
        /// One buddy has changed.
        ///
        /// ```text
        ///     UID             uid   the buddy
        ///     NAME            str   full name; may be empty
        ///     FIRST_NAME      str   first name; may be empty
        ///     PRESENCE        int   one of fbchat_presences
        ///     STATUS_TEXT     str?  status line
        ///     PICTURE_URL     str?  address of the picture
        ///     PICTURE_HASH    str?  changes with the picture
        ///     STATUS_TIME_MS  int   when the status line was set; 0 without one
        ///     IDLE_SINCE_MS   int   since when the buddy is idle; 0 if not idle or unknown
        /// ```
        Presence = 10 => FBCHAT_EVENT_PRESENCE,
        /// The session is over; its last event. fbchat_event_status says why, if the program did not ask for it. Answers
        /// fbchat_session_logout.
        ///
        /// ```text
        ///     REASON               str?  the failure, a sentence for people
        ///     CERTIFICATE_SHA256   str?  the certificate that is not trusted
        ///     CERTIFICATE_PROBLEM  int   why it is not trusted; 0 if that is not the cause
        /// ```
        Closed = 11 => FBCHAT_EVENT_CLOSED,
        /// Messages of one conversation as items, oldest first, all with FBCHAT_MESSAGE_REPLAYED. Answers
        /// fbchat_session_request_history.
        ///
        /// ```text
        ///     PEER        uid*  the other side of the conversation
        ///     MORE        int*  1 = there are more messages, 0 = these are all
        ///     FROM        uid   the author
        ///     TO          uid   the recipient
        ///     FROM_NAME   str   the author's name; may be empty
        ///     TO_NAME     str   the recipient's name; may be empty
        ///     TEXT        str   plain text, not markup; may contain line breaks
        ///     TIME_MS     int   when the server accepted it
        ///     MESSAGE_ID  str   the sender's id of the message; may be empty
        ///     FLAGS       int   a sum of fbchat_message_flags
        /// ```
        History = 12 => FBCHAT_EVENT_HISTORY,
        /// What is unread, as items: conversations, then the newest notifications. Answers fbchat_session_request_notifications.
        /// Also arrives by itself, with request 0, when the number of unread conversations changes; then it has INBOX only, and no
        /// items. From servers without FBCHAT_FEATURE_NOTIFICATIONS it has UNSEEN, too.
        ///
        /// ```text
        ///     INBOX              int*  number of conversations with unread messages
        ///     UNSEEN             int*  number of new notifications, without conversations
        ///     NOTIFICATION_KIND  int   one of fbchat_notification_kinds
        ///     UID                uid   who caused it
        ///     NAME               str   their full name; may be empty
        ///     TIME_MS            int   when it happened
        ///     NEW                int   1 = not yet shown to the user, 0 = shown
        ///     UNREAD             int   number of unread messages in this conversation; 0 for other notifications
        /// ```
        Notifications = 13 => FBCHAT_EVENT_NOTIFICATIONS,
        /// Somebody sends a friend request; those sent while the user was away arrive after login. Answer it with
        /// fbchat_session_change_friendship.
        ///
        /// ```text
        ///     UID      uid   who
        ///     NAME     str   their full name; may be empty
        ///     TEXT     str   what they wrote with the request; may be empty
        ///     TIME_MS  int   when they sent it
        /// ```
        FriendRequest = 14 => FBCHAT_EVENT_FRIEND_REQUEST,
        /// Somebody's picture. Answers fbchat_session_request_picture.
        ///
        /// ```text
        ///     UID           uid     whose picture it is
        ///     PICTURE_URL   str?    its address
        ///     PICTURE_HASH  str?    changes with the picture; absent without a picture
        ///     PICTURE       bytes?  the file; absent without a picture
        ///     CONTENT_TYPE  str?    the type of the file; absent without a picture
        /// ```
        Picture = 15 => FBCHAT_EVENT_PICTURE,
        /// Somebody's profile. Answers fbchat_session_request_profile.
        ///
        /// ```text
        ///     UID              uid   whose profile it is
        ///     NAME             str   full name; may be empty
        ///     RELATION         int   one of fbchat_relations
        ///     PICTURE_URL      str?  address of the picture
        ///     PICTURE_HASH     str?  changes with the picture
        ///     FIRST_NAME       str   first name; may be empty
        ///     EMAIL            str?  e-mail address
        ///     STATUS_TEXT      str?  status line
        ///     STATUS_TIME_MS   int   when the status line was set; 0 without one
        ///     MEMBER_SINCE_MS  int   when the account was created; 0 if the server does not say
        /// ```
        Profile = 16 => FBCHAT_EVENT_PROFILE,
        /// The people found, as items. Answers fbchat_session_request_search.
        ///
        /// ```text
        ///     UID           uid   the person
        ///     NAME          str   full name; may be empty
        ///     RELATION      int   one of fbchat_relations
        ///     PICTURE_URL   str?  address of the picture
        ///     PICTURE_HASH  str?  changes with the picture
        /// ```
        Search = 17 => FBCHAT_EVENT_SEARCH,
        /// A friendship has begun or ended, from either side. A BUDDY_LIST follows.
        ///
        /// ```text
        ///     UID            uid   the other user
        ///     NAME           str   their full name; may be empty
        ///     FRIEND_ACTION  int   FBCHAT_FRIEND_ACCEPT = begun, FBCHAT_FRIEND_REMOVE = ended
        /// ```
        Friend = 18 => FBCHAT_EVENT_FRIEND,
        /// A request is done. Answers the requests that have no event of their own. No fields.
        Done = 19 => FBCHAT_EVENT_DONE,
        /// Somebody pokes the user.
        ///
        /// ```text
        ///     FROM     uid   who
        ///     NAME     str   their full name; may be empty
        ///     TIME_MS  int   when
        /// ```
        Poke = 20 => FBCHAT_EVENT_POKE,
        /// Everything that fbchat_session_resume needs, and the messages that are not settled. Arrives when the connection is up,
        /// when the program has taken what arrived, and when messages were accepted or settled, at most four times a second:
        /// keep the last one, in place of the one before. It is as secret as the password. After a logout only its messages are
        /// of use: UNSENT has them without what the login gave.
        ///
        /// ```text
        ///     SAVED_SESSION  bytes   what fbchat_session_resume takes
        ///     WAITING        int     number of messages in it that are not settled
        ///     UNSENT         bytes?  those messages, for FBCHAT_CONFIG_SAVED_SESSION; absent if there are none
        /// ```
        SavedSession = 21 => FBCHAT_EVENT_SAVED_SESSION,
        /// The program does not keep up: the session fetches nothing until half of its events are taken. Nothing is lost; the
        /// server keeps the messages.
        ///
        /// ```text
        ///     WAITING  int   number of the session's events that wait
        /// ```
        Overload = 22 => FBCHAT_EVENT_OVERLOAD,
        /// Those whom the user has blocked as items, those who were blocked last first. Answers fbchat_session_request_blocked.
        ///
        /// ```text
        ///     UID   uid   the person
        ///     NAME  str   full name; may be empty
        /// ```
        Blocked = 23 => FBCHAT_EVENT_BLOCKED,
        /// The user has blocked or unblocked somebody, in this session or another.
        ///
        /// ```text
        ///     UID         uid   the other user
        ///     NAME        str   their full name; may be empty
        ///     IS_BLOCKED  int   1 = blocked, 0 = unblocked
        /// ```
        Block = 24 => FBCHAT_EVENT_BLOCK,
    }
}

c_enum! {
    /// The fields of events. Times are in milliseconds since 1970 UTC, by the server's clock. Ignore numbers that you do not know.
    pub enum Field as fbchat_fields {
        /// uid: the user, buddy or person that the event or item is about.
        Uid = 1 => FBCHAT_FIELD_UID,
        /// str: full name; may be empty.
        Name = 2 => FBCHAT_FIELD_NAME,
        /// str: first name; may be empty.
        FirstName = 3 => FBCHAT_FIELD_FIRST_NAME,
        /// int: one of fbchat_presences; never FBCHAT_PRESENCE_INVISIBLE.
        Presence = 4 => FBCHAT_FIELD_PRESENCE,
        /// str: status line, plain text; absent without one.
        StatusText = 5 => FBCHAT_FIELD_STATUS_TEXT,
        /// str: address of a picture of 50 pixels; absent without one.
        PictureUrl = 6 => FBCHAT_FIELD_PICTURE_URL,
        /// uid: the author, or who is typing or poking.
        From = 7 => FBCHAT_FIELD_FROM,
        /// uid: the recipient.
        To = 8 => FBCHAT_FIELD_TO,
        /// str: the author's name; may be empty.
        FromName = 9 => FBCHAT_FIELD_FROM_NAME,
        /// str: the recipient's name; may be empty.
        ToName = 10 => FBCHAT_FIELD_TO_NAME,
        /// str: the message, plain text, not markup; may contain line breaks.
        Text = 11 => FBCHAT_FIELD_TEXT,
        /// int: when it happened.
        TimeMs = 12 => FBCHAT_FIELD_TIME_MS,
        /// str: the sender's id of the message; may be empty. Unique only together with author and text.
        MessageId = 13 => FBCHAT_FIELD_MESSAGE_ID,
        /// int: a sum of fbchat_message_flags.
        Flags = 14 => FBCHAT_FIELD_FLAGS,
        /// int: 1 = typing, 0 = stopped.
        Typing = 15 => FBCHAT_FIELD_TYPING,
        /// int: one of fbchat_connection_states.
        Connection = 16 => FBCHAT_FIELD_CONNECTION,
        /// int: milliseconds until the next attempt; 0 = at once.
        WaitMs = 17 => FBCHAT_FIELD_WAIT_MS,
        /// str: what went wrong, a sentence for people; absent if nothing did.
        Reason = 18 => FBCHAT_FIELD_REASON,
        /// int: the greatest length of a message, in Unicode characters (scalar values).
        MessageLimit = 19 => FBCHAT_FIELD_MESSAGE_LIMIT,
        /// str: changes with the picture, and can name a file in a cache; absent without a picture.
        PictureHash = 20 => FBCHAT_FIELD_PICTURE_HASH,
        /// bytes: the picture, a file of type CONTENT_TYPE; absent without one.
        Picture = 21 => FBCHAT_FIELD_PICTURE,
        /// str: "image/png", "image/jpeg" or "image/gif"; absent without a picture.
        ContentType = 22 => FBCHAT_FIELD_CONTENT_TYPE,
        /// int: a sum of fbchat_features.
        Features = 23 => FBCHAT_FIELD_FEATURES,
        /// int: when the status line was set, to the second; 0 without one.
        StatusTimeMs = 24 => FBCHAT_FIELD_STATUS_TIME_MS,
        /// int: one of fbchat_relations.
        Relation = 25 => FBCHAT_FIELD_RELATION,
        /// str: e-mail address; absent if the server does not say.
        Email = 26 => FBCHAT_FIELD_EMAIL,
        /// int: when the account was created; 0 if the server does not say.
        MemberSinceMs = 27 => FBCHAT_FIELD_MEMBER_SINCE_MS,
        /// int: FBCHAT_FRIEND_ACCEPT = the friendship has begun, FBCHAT_FRIEND_REMOVE = it has ended.
        FriendAction = 28 => FBCHAT_FIELD_FRIEND_ACTION,
        /// uid: the other side of the conversation.
        Peer = 29 => FBCHAT_FIELD_PEER,
        /// int: 1 = there are more messages than these (older ones if the most recent were requested, else later ones), 0 = these
        /// are all.
        More = 30 => FBCHAT_FIELD_MORE,
        /// int: one of fbchat_notification_kinds; ignore values that you do not know.
        NotificationKind = 31 => FBCHAT_FIELD_NOTIFICATION_KIND,
        /// int: 1 = the user has not been shown this, 0 = they have.
        New = 32 => FBCHAT_FIELD_NEW,
        /// int: number of unread messages in this conversation; 0 for other notifications.
        Unread = 33 => FBCHAT_FIELD_UNREAD,
        /// int: number of new notifications, without conversations.
        Unseen = 34 => FBCHAT_FIELD_UNSEEN,
        /// int: number of conversations with unread messages.
        Inbox = 35 => FBCHAT_FIELD_INBOX,
        /// int: the last sign of activity of an idle person; 0 if they are not idle, or if the server does not say.
        IdleSinceMs = 36 => FBCHAT_FIELD_IDLE_SINCE_MS,
        /// int: 1 = the user has blocked this person, 0 = they have unblocked them.
        IsBlocked = 37 => FBCHAT_FIELD_IS_BLOCKED,
        /// bytes: what fbchat_session_resume takes.
        SavedSession = 50 => FBCHAT_FIELD_SAVED_SESSION,
        /// int: number of events or messages that wait.
        Waiting = 51 => FBCHAT_FIELD_WAITING,
        /// bytes: messages for FBCHAT_CONFIG_SAVED_SESSION; absent if there are none.
        Unsent = 52 => FBCHAT_FIELD_UNSENT,
        /// str: SHA-256 of the server's certificate that is not trusted, as "AB:CD:…", ready for FBCHAT_CONFIG_PIN_SHA256; absent
        /// if the certificate is not the cause, and without the feature "pin".
        CertificateSha256 = 60 => FBCHAT_FIELD_CERTIFICATE_SHA256,
        /// int: one of fbchat_certificate_problems; 0 if the certificate is not the cause.
        CertificateProblem = 61 => FBCHAT_FIELD_CERTIFICATE_PROBLEM,
    }
}

c_enum! {
    /// The states of a connection; the values of FBCHAT_FIELD_CONNECTION.
    pub enum ConnectionState as fbchat_connection_states {
        /// The password is being sent.
        LoggingIn = 1 => FBCHAT_CONNECTION_LOGGING_IN,
        /// Logged in; reading the page that names the channel.
        LoadingPage = 2 => FBCHAT_CONNECTION_LOADING_PAGE,
        /// Requesting the buddy list and the position on the channel.
        OpeningChannel = 3 => FBCHAT_CONNECTION_OPENING_CHANNEL,
        /// Messages arrive.
        Connected = 4 => FBCHAT_CONNECTION_CONNECTED,
        /// Something failed; the next attempt follows after WAIT_MS.
        Waiting = 5 => FBCHAT_CONNECTION_WAITING,
    }
}

c_enum! {
    /// Flags of a message; FBCHAT_FIELD_FLAGS is a sum of them.
    pub enum MessageFlag as fbchat_message_flags {
        /// This user wrote the message: in another session or, in HISTORY, in any.
        Own = 1 => FBCHAT_MESSAGE_OWN,
        /// The message arrives more than a minute after it was sent, or comes from history.
        Replayed = 2 => FBCHAT_MESSAGE_REPLAYED,
    }
}

c_enum! {
    /// How a user is shown; the values of FBCHAT_FIELD_PRESENCE and of fbchat_session_set_presence.
    pub enum ShownPresence as fbchat_presences {
        /// Not connected, or invisible; only in events.
        Offline = 0 => FBCHAT_PRESENCE_OFFLINE,
        /// Connected, but not at the keyboard.
        Idle = 1 => FBCHAT_PRESENCE_IDLE,
        /// Connected and at the keyboard.
        Active = 2 => FBCHAT_PRESENCE_ACTIVE,
        /// Connected, but shown as offline; only for fbchat_session_set_presence.
        Invisible = 3 => FBCHAT_PRESENCE_INVISIBLE,
    }
}

c_enum! {
    /// What fbchat_session_change_friendship does; two of them are the values of FBCHAT_FIELD_FRIEND_ACTION.
    pub enum FriendChange as fbchat_friend_actions {
        /// Send a friend request.
        Request = 1 => FBCHAT_FRIEND_REQUEST,
        /// Accept a friend request.
        Accept = 2 => FBCHAT_FRIEND_ACCEPT,
        /// Decline a friend request; the sender is not told.
        Decline = 3 => FBCHAT_FRIEND_DECLINE,
        /// End the friendship, for both.
        Remove = 4 => FBCHAT_FRIEND_REMOVE,
    }
}
