//! The fields of events, and the values of some of them.

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
        /// uid: the recipient, a person or a group.
        To = 8 => FBCHAT_FIELD_TO,
        /// str: the author's name; may be empty.
        FromName = 9 => FBCHAT_FIELD_FROM_NAME,
        /// str: the recipient's name, or that of the group; may be empty.
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
        /// str: "image/png", "image/jpeg" or "image/gif" in PICTURE; in other events the media type of a file,
        /// which can be any. Absent without a picture or a file, and if the server does not tell it.
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
        /// uid: the other side of the conversation, a person or a group.
        Peer = 29 => FBCHAT_FIELD_PEER,
        /// int: 1 = there are more messages than these (older ones if the most recent were requested, else later ones), 0 = these
        /// are all.
        More = 30 => FBCHAT_FIELD_MORE,
        /// int: one of fbchat_notification_kinds; ignore values that you do not know.
        NotificationKind = 31 => FBCHAT_FIELD_NOTIFICATION_KIND,
        /// int: 1 = the user has not been shown this, 0 = they have.
        New = 32 => FBCHAT_FIELD_NEW,
        /// int: number of unread messages in this conversation or group; 0 for other notifications.
        Unread = 33 => FBCHAT_FIELD_UNREAD,
        /// int: number of new notifications, without conversations.
        Unseen = 34 => FBCHAT_FIELD_UNSEEN,
        /// int: number of conversations with one person that have unread messages.
        Inbox = 35 => FBCHAT_FIELD_INBOX,
        /// int: the last sign of activity of an idle person; 0 if they are not idle, or if the server does not say.
        IdleSinceMs = 36 => FBCHAT_FIELD_IDLE_SINCE_MS,
        /// int: 1 = the user has blocked this person, 0 = they have unblocked them.
        IsBlocked = 37 => FBCHAT_FIELD_IS_BLOCKED,
        /// uid: the number of a group; 0 = none.
        Group = 38 => FBCHAT_FIELD_GROUP,
        /// str: the name of a group, one line; may be empty.
        GroupName = 39 => FBCHAT_FIELD_GROUP_NAME,
        /// uid: the member of a group who can remove others; 0 if the server does not say.
        Owner = 40 => FBCHAT_FIELD_OWNER,
        /// int: number of members of a group, the user included.
        MemberCount = 41 => FBCHAT_FIELD_MEMBER_COUNT,
        /// int: 1 = the user does not want to be alerted of the group's messages, 0 = they do.
        IsMuted = 42 => FBCHAT_FIELD_IS_MUTED,
        /// int: 1 = the user is not a member of the group any more, 0 = they are.
        IsGone = 43 => FBCHAT_FIELD_IS_GONE,
        /// int: what happened to the group, one of fbchat_group_notices; 0 = the message was written by its author.
        Notice = 44 => FBCHAT_FIELD_NOTICE,
        /// str: the users that a notice is about, in decimal, separated by spaces; absent in other messages.
        NoticeUids = 45 => FBCHAT_FIELD_NOTICE_UIDS,
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
        /// str: the id of a file, for calls; absent without a file.
        FileId = 62 => FBCHAT_FIELD_FILE_ID,
        /// str: the name of a file, one line, without directories. The sender chose it, so check it before you use it for
        /// a new file. Absent without a file, and where it is not known.
        FileName = 63 => FBCHAT_FIELD_FILE_NAME,
        /// int: the size of a file in bytes; 0 without a file.
        FileSize = 64 => FBCHAT_FIELD_FILE_SIZE,
        /// str: the absolute address of a file, which the user can open in a browser in which they are logged in; absent without
        /// a file.
        FileUrl = 65 => FBCHAT_FIELD_FILE_URL,
        /// int: one of fbchat_file_kinds; 0 without a file. Treat unknown ones as FBCHAT_FILE_OTHER.
        FileKind = 66 => FBCHAT_FIELD_FILE_KIND,
        /// int: the width of a picture as it is shown, in pixels; 0 for other files, or if it is unknown.
        Width = 67 => FBCHAT_FIELD_WIDTH,
        /// int: the height of a picture as it is shown, in pixels; 0 for other files, or if it is unknown.
        Height = 68 => FBCHAT_FIELD_HEIGHT,
        /// int: the position of a file among those of its message, counted from 0; 0 without a file.
        FileIndex = 69 => FBCHAT_FIELD_FILE_INDEX,
        /// bytes: the content of a file; absent if it was not requested.
        Content = 70 => FBCHAT_FIELD_CONTENT,
        /// int: the number of bytes transferred so far.
        BytesDone = 71 => FBCHAT_FIELD_BYTES_DONE,
        /// int: the total number of bytes; -1 if it is not known.
        BytesTotal = 72 => FBCHAT_FIELD_BYTES_TOTAL,
        /// int: the maximum size of a file in bytes; 0 if the server does not accept files.
        FileLimit = 73 => FBCHAT_FIELD_FILE_LIMIT,
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
