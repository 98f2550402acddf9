//! Kinds of events. Each kind lists its fields: their type, `?` where a field may be absent, and `*` where it
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
        ///     FILE_LIMIT     int   the maximum size of a file, in bytes; 0 if the server does not accept files
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
        /// A message. A message with several files has one item for each file: the first has TEXT, which is "" in the others,
        /// and everything else about the message is the same in all items. So a program that shows each item of each MESSAGE shows
        /// everything once. A message without files has one item.
        ///
        /// ```text
        ///     FROM          uid   the author
        ///     TO            uid   the recipient, a person or a group
        ///     FROM_NAME     str   the author's name; may be empty
        ///     TO_NAME       str   the recipient's name, or that of the group; may be empty
        ///     TEXT          str   plain text, not markup; may contain line breaks
        ///     TIME_MS       int   when the server accepted it
        ///     MESSAGE_ID    str   the sender's id of the message; may be empty
        ///     FLAGS         int   a sum of fbchat_message_flags
        ///     GROUP         uid   the group that it was sent to, as TO; 0 = it was sent to one person
        ///     NOTICE        int   0 = a message, else one of fbchat_group_notices: what happened to the group
        ///     NOTICE_UIDS   str?  with NOTICE: the users that it is about, in decimal, separated by spaces; absent without one
        ///     FILE_ID       str?  the file that was sent with it, for fbchat_session_download; absent without a file
        ///     FILE_NAME     str?  its name, one line
        ///     FILE_SIZE     int   its size in bytes; 0 without a file
        ///     FILE_URL      str?  where the user can open it in a browser
        ///     FILE_KIND     int   one of fbchat_file_kinds; 0 without a file
        ///     WIDTH         int   the width of a picture; 0 if unknown
        ///     HEIGHT        int   the height of a picture; 0 if unknown
        ///     CONTENT_TYPE  str?  the media type that the server has detected
        ///     FILE_INDEX    int   the place of the file among those of the message, from 0 on
        /// ```
        Message = 5 => FBCHAT_EVENT_MESSAGE,
        /// The server has accepted a message. Answers fbchat_session_send and fbchat_session_send_file; with request 0 it is about
        /// a message that an earlier session has left.
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
        ///     FILE_ID              str?  with request 0: the file that was to be sent with it
        /// ```
        Failed = 7 => FBCHAT_EVENT_FAILED,
        /// Somebody is typing or has stopped.
        ///
        /// ```text
        ///     FROM    uid   who
        ///     TYPING  int   1 = typing, until 10 seconds pass without another such event; 0 = stopped
        ///     GROUP   uid   the group in which they are typing; 0 = a message to the user alone
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
        /// Messages of one conversation as items, oldest first, all with FBCHAT_MESSAGE_REPLAYED; a message with several files has several
        /// items, as in MESSAGE. Answers fbchat_session_request_history.
        ///
        /// ```text
        ///     PEER          uid*  the other side of the conversation, a person or a group
        ///     MORE          int*  1 = there are more messages, 0 = these are all
        ///     FROM          uid   the author
        ///     TO            uid   the recipient, a person or a group
        ///     FROM_NAME     str   the author's name; may be empty
        ///     TO_NAME       str   the recipient's name, or that of the group; may be empty
        ///     TEXT          str   plain text, not markup; may contain line breaks
        ///     TIME_MS       int   when the server accepted it
        ///     MESSAGE_ID    str   the sender's id of the message; may be empty
        ///     FLAGS         int   a sum of fbchat_message_flags
        ///     GROUP         uid   the group that it was sent to, as TO; 0 = it was sent to one person
        ///     NOTICE        int   0 = a message, else one of fbchat_group_notices: what happened to the group
        ///     NOTICE_UIDS   str?  with NOTICE: the users that it is about, in decimal, separated by spaces; absent without one
        ///     FILE_ID       str?  the file that was sent with it, for fbchat_session_download; absent without a file
        ///     FILE_NAME     str?  its name, one line
        ///     FILE_SIZE     int   its size in bytes; 0 without a file
        ///     FILE_URL      str?  where the user can open it in a browser
        ///     FILE_KIND     int   one of fbchat_file_kinds; 0 without a file
        ///     WIDTH         int   the width of a picture; 0 if unknown
        ///     HEIGHT        int   the height of a picture; 0 if unknown
        ///     CONTENT_TYPE  str?  the media type that the server has detected
        ///     FILE_INDEX    int   the place of the file among those of the message, from 0 on
        /// ```
        History = 12 => FBCHAT_EVENT_HISTORY,
        /// What is unread, as items: conversations, groups, then the newest notifications. Answers fbchat_session_request_notifications.
        /// Also arrives by itself, with request 0, when the number of unread conversations changes; then it has INBOX only, and no
        /// items. From servers without FBCHAT_FEATURE_NOTIFICATIONS it has UNSEEN, too.
        ///
        /// ```text
        ///     INBOX              int*  number of conversations with one person that have unread messages
        ///     UNSEEN             int*  number of new notifications, without conversations
        ///     NOTIFICATION_KIND  int   one of fbchat_notification_kinds
        ///     UID                uid   who caused it, or the group
        ///     NAME               str   their full name, or that of the group; may be empty
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
        /// All groups of the user, as items; the user is in no other. Answers fbchat_session_request_groups; also arrives after
        /// login, before the first message of a group, and when a later list differs. fbchat_session_get_group gives the
        /// members.
        ///
        /// ```text
        ///     GROUP         uid   the group's number, which stands for a user's in calls about messages
        ///     GROUP_NAME    str   its name, one line; may be empty
        ///     OWNER         uid   the member who can remove others; 0 if the server does not say
        ///     MEMBER_COUNT  int   number of members, the user included
        ///     IS_MUTED      int   1 = the user does not want to be alerted of its messages
        ///     UNREAD        int   number of unread messages
        ///     TIME_MS       int   when the last message was sent; 0 if unknown
        /// ```
        GroupList = 25 => FBCHAT_EVENT_GROUP_LIST,
        /// A group is new, or something about it has changed: the whole group as it is now, with its members as items in the
        /// order of joining. Answers fbchat_session_create_group; arrives also for what others do, and what the user does in
        /// another session. What a list has changed is in GROUP_LIST only, except groups that the user is not in any more.
        ///
        /// ```text
        ///     GROUP         uid*  the group's number
        ///     GROUP_NAME    str*  its name, one line; may be empty
        ///     OWNER         uid*  the member who can remove others; 0 if the server does not say
        ///     IS_MUTED      int*  1 = the user does not want to be alerted of its messages
        ///     UNREAD        int*  number of unread messages
        ///     TIME_MS       int*  when the last message was sent; 0 if unknown
        ///     IS_GONE       int*  1 = the user is not a member any more; there are no items
        ///     UID           uid   the member
        ///     NAME          str   their full name; may be empty
        ///     PICTURE_URL   str?  address of their picture
        ///     PICTURE_HASH  str?  changes with the picture
        /// ```
        Group = 26 => FBCHAT_EVENT_GROUP,
        /// A file was uploaded, or downloaded into memory. Answers fbchat_session_upload, fbchat_session_upload_fd and
        /// fbchat_session_download.
        ///
        /// ```text
        ///     FILE_ID       str     the id for fbchat_session_send_file
        ///     FILE_NAME     str?    its name, as others will see it; absent after a download
        ///     FILE_SIZE     int     its size as the server keeps it, without the metadata of pictures; or that of CONTENT
        ///     FILE_URL      str     where the user can open it in a browser
        ///     FILE_KIND     int     one of fbchat_file_kinds
        ///     WIDTH         int     the width of a picture; 0 if unknown, as after a download
        ///     HEIGHT        int     the height of a picture; 0 if unknown, as after a download
        ///     CONTENT_TYPE  str?    the media type of the file or the preview that the server has detected
        ///     CONTENT       bytes?  after a download: the file or its preview
        /// ```
        File = 27 => FBCHAT_EVENT_FILE,
        /// The progress of an upload or a download. fbchat_event_request says which; it does not answer the request. At most one such
        /// event per request is queued, so it always has the latest numbers.
        ///
        /// ```text
        ///     BYTES_DONE   int   bytes transferred; less than before if they are being sent again after a lost connection
        ///     BYTES_TOTAL  int   the total; -1 if it is not known
        /// ```
        Progress = 28 => FBCHAT_EVENT_PROGRESS,
    }
}
