/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file fbchat.h
 * Facebook Chat of 2008 (web login, Comet long-poll, JSON) for C, C++ and Objective-C programs.
 *
 * One client owns one worker thread and runs any number of sessions (logins) on it. Calls check
 * their arguments, hand the work over and return at once; what comes of it arrives as events, which
 * the program takes when it likes. The library calls nothing of the program behind its back.
 *
 * From beginning to end
 * ---------------------
 *
 *     #include <fbchat.h>
 *
 *     fbchat_config *config;                               // 1. say where the server is
 *     fbchat_config_new(&config);
 *     fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, "https://chat.example.org");
 *
 *     fbchat_client *client;                               // 2. start the worker thread
 *     if (fbchat_client_new(config, &client) != FBCHAT_OK)
 *         puts(fbchat_last_error());
 *     fbchat_config_free(config);
 *
 *     fbchat_session me;                                   // 3. open a session, log in
 *     fbchat_session_open(client, NULL, NULL, &me);
 *     fbchat_session_login(client, me, "alice@example.org", password, NULL);
 *
 *     fbchat_event *event;                                 // 4. take events
 *     while (fbchat_client_poll(client, -1, &event) == FBCHAT_OK) {
 *         int64_t from;
 *         int over = 0;
 *         switch (fbchat_event_kind(event)) {
 *         case FBCHAT_EVENT_MESSAGE:                       // 5. answer
 *             puts(fbchat_event_str(event, 0, FBCHAT_FIELD_TEXT, NULL));
 *             fbchat_event_int(event, 0, FBCHAT_FIELD_FROM, &from);
 *             fbchat_session_send(client, me, (fbchat_uid)from, "Bye!", NULL);
 *             break;
 *         case FBCHAT_EVENT_SENT:                          // 6. log out
 *             fbchat_session_logout(client, me, NULL);
 *             break;
 *         case FBCHAT_EVENT_LOGIN_FAILED:
 *         case FBCHAT_EVENT_CHALLENGE:
 *             puts(fbchat_event_str(event, 0, FBCHAT_FIELD_REASON, NULL));
 *             over = 1;
 *             break;
 *         case FBCHAT_EVENT_CLOSED:                        // 7. the session's last event
 *             over = 1;
 *             break;
 *         }
 *         fbchat_event_free(event);
 *         if (over)
 *             break;
 *     }
 *     fbchat_client_free(client);                          // 8. stop the thread
 *
 * Compile it with: cc chat.c $(pkg-config --cflags --libs fbchat). Whole programs in C, C++,
 * Objective-C and Python are in examples/.
 *
 * A program with a main loop of its own watches fbchat_client_fd for reading instead of waiting in
 * fbchat_client_poll, and when it is readable polls with timeout 0 until FBCHAT_NO_EVENT.
 *
 * Shutting down, in this order: fbchat_session_logout for each session that is to be ended on the
 * server; take events until its CLOSED, or don't and call fbchat_session_close; stop all other
 * threads that use the client (each fbchat_client_wake ends one poll); fbchat_client_free, once,
 * last. A program in a hurry may start with fbchat_client_free. Events are freed whenever it suits.
 *
 * Failures
 * --------
 *
 * - A call that is refused returns a negative fbchat_status, or NULL, 0 or -1 where its comment says
 *   so. fbchat_last_error then has a sentence for people, fbchat_status_name the constant's name.
 * - What fails later comes as an event: fbchat_event_status says what, the field REASON says it in a
 *   sentence.
 * - A connection that breaks is no failure. The session reconnects by itself, tells so in CONNECTION
 *   events, and misses nothing. It is over after CLOSED or fbchat_session_close, not before.
 * - A message that was accepted is answered by SENT or FAILED. FBCHAT_ERR_OUTCOME_UNKNOWN says that
 *   it may have arrived all the same: let the user decide whether to send it again.
 *
 * What a server can do
 * --------------------
 *
 * Servers differ. FBCHAT_FIELD_FEATURES of LOGGED_IN is the sum of FBCHAT_FEATURE_ flags; what has no
 * flag every server can do. A call for something that the server does not offer is answered by FAILED
 * with FBCHAT_ERR_UNSUPPORTED. Calls that give an answer have an event for it (HISTORY, PICTURE,
 * PROFILE, SEARCH, NOTIFICATIONS); the others are answered by DONE. What friends do comes by itself:
 * their names, status lines and pictures as PRESENCE, and FRIEND_REQUEST, FRIEND and POKE.
 *
 * Threads
 * -------
 *
 *     fbchat_version … fbchat_last_error    any thread
 *     fbchat_config_*                       one thread at a time for one configuration
 *     fbchat_client_new … _network_changed  any thread
 *     fbchat_client_free                    any thread, once, last
 *     fbchat_session_*, fbchat_request_*    any thread
 *     fbchat_event_*                        one thread at a time for one event
 *
 * The worker blocks all signals. Its descriptors are close-on-exec. After fork() the child must not
 * use handles of its parent (it gets FBCHAT_ERR_FORKED); it may make a client of its own.
 *
 * Ownership
 * ---------
 *
 * - Strings are UTF-8. Those given in end in NUL and are copied. Those given out are borrowed, from
 *   an event until fbchat_event_free, or for ever; there is no function to free a string. A zero
 *   character from the network arrives as U+FFFD.
 * - Whatever a function gives out by pointer is NULL or 0 after a failure.
 * - Handles to clients and configurations are checked: NULL, a freed one or another thing gives a
 *   status and no harm. Sessions and requests are numbers, never used twice, and checked likewise.
 *   Events are plain memory: don't use one that is freed.
 * - Every request that was accepted (FBCHAT_OK) is answered by exactly one event, unless its session
 *   is closed or its client freed.
 * - Kinds of events, fields, statuses and settings have numbers; later versions add some. Ignore
 *   those that you do not know.
 *
 * Members
 * -------
 *
 *     fbchat_config  _new _set_str _set_int _set_log _free
 *     fbchat_client  _new _fd _poll _wake _network_changed _free
 *     fbchat_session _open _login _resume _register _set_password _set_name _send
 *                    _set_typing _set_presence _set_status_text _get_buddy_list _request_buddy_list
 *                    _change_friendship _request_search _request_profile _request_picture
 *                    _set_picture _poke _request_history _mark_read _request_notifications _logout
 *                    _close
 *     fbchat_request _wait _cancel
 *     fbchat_event   _kind _session _request _status _user_data _count _int _uid _str _bytes _free
 *
 * Made from the library's source by cbindgen: change it there.
 */

#ifndef FBCHAT_H
#define FBCHAT_H

#include <stddef.h>
#include <stdint.h>

/**
 * Counts the incompatible changes of this interface; also the number in the name libfbchat.so.N.
 */
#define FBCHAT_ABI_VERSION 0

/**
 * Log level: something is broken.
 */
#define FBCHAT_LOG_ERROR 1

/**
 * Log level: something failed and is tried again.
 */
#define FBCHAT_LOG_WARN 2

/**
 * Log level: milestones of a session.
 */
#define FBCHAT_LOG_INFO 3

/**
 * Log level: every exchange with a server.
 */
#define FBCHAT_LOG_DEBUG 4

/**
 * Log level: everything.
 */
#define FBCHAT_LOG_TRACE 5

/**
 * The certificate's time is over.
 */
#define FBCHAT_CERTIFICATE_EXPIRED 1

/**
 * Its time has not begun; often this machine's clock is wrong.
 */
#define FBCHAT_CERTIFICATE_NOT_YET_VALID 2

/**
 * It is self-signed, or its issuer is not known on this machine.
 */
#define FBCHAT_CERTIFICATE_UNKNOWN_ISSUER 3

/**
 * It is for another name.
 */
#define FBCHAT_CERTIFICATE_WRONG_NAME 4

/**
 * Its issuer took it back.
 */
#define FBCHAT_CERTIFICATE_REVOKED 5

/**
 * It is not the one of FBCHAT_CONFIG_PIN_SHA256.
 */
#define FBCHAT_CERTIFICATE_NOT_PINNED 6

/**
 * Anything else.
 */
#define FBCHAT_CERTIFICATE_OTHER 7

/**
 * Not connected, or invisible.
 */
#define FBCHAT_PRESENCE_OFFLINE 0

/**
 * Connected, but not at the keyboard.
 */
#define FBCHAT_PRESENCE_IDLE 1

/**
 * Connected and there.
 */
#define FBCHAT_PRESENCE_ACTIVE 2

/**
 * Connected, shown as offline; only for fbchat_session_set_presence.
 */
#define FBCHAT_PRESENCE_INVISIBLE 3

/**
 * Flag: this user wrote the message, in another session or, in a HISTORY, in any.
 */
#define FBCHAT_MESSAGE_OWN 1

/**
 * Flag: the message arrives more than a minute after it was sent, or comes from history.
 */
#define FBCHAT_MESSAGE_REPLAYED 2

/**
 * Flag: friend requests are told and can be made and answered.
 */
#define FBCHAT_FEATURE_FRIENDS 1

/**
 * Flag: pictures can be set, and changes of them are told.
 */
#define FBCHAT_FEATURE_PICTURES 2

/**
 * Flag: status lines can be set, and changes of them are told.
 */
#define FBCHAT_FEATURE_STATUS 4

/**
 * Flag: profiles can be asked for.
 */
#define FBCHAT_FEATURE_PROFILE 8

/**
 * Flag: people can be searched for.
 */
#define FBCHAT_FEATURE_SEARCH 16

/**
 * Flag: notifications and unread conversations are told.
 */
#define FBCHAT_FEATURE_NOTIFICATIONS 32

/**
 * Flag: history can be asked for from a time on; else only its last part is there.
 */
#define FBCHAT_FEATURE_HISTORY 64

/**
 * Flag: friends can be poked.
 */
#define FBCHAT_FEATURE_POKE 128

/**
 * Flag: the password can be changed.
 */
#define FBCHAT_FEATURE_PASSWORD 256

/**
 * Flag: accounts can be made, perhaps with an invitation only.
 */
#define FBCHAT_FEATURE_REGISTRATION 512

/**
 * Flag: the name that others see can be changed, and changes of it are told.
 */
#define FBCHAT_FEATURE_NAME 1024

/**
 * Asks somebody to be a friend.
 */
#define FBCHAT_FRIEND_REQUEST 1

/**
 * Accepts somebody's request.
 */
#define FBCHAT_FRIEND_ACCEPT 2

/**
 * Declines somebody's request; they are not told.
 */
#define FBCHAT_FRIEND_DECLINE 3

/**
 * Ends the friendship, for both.
 */
#define FBCHAT_FRIEND_REMOVE 4

/**
 * A stranger, or the server does not say.
 */
#define FBCHAT_RELATION_NONE 0

/**
 * The user himself.
 */
#define FBCHAT_RELATION_SELF 1

/**
 * A friend.
 */
#define FBCHAT_RELATION_FRIEND 2

/**
 * The user has asked this person, who has not answered.
 */
#define FBCHAT_RELATION_SENT 3

/**
 * This person has asked and waits for the user's answer.
 */
#define FBCHAT_RELATION_RECEIVED 4

/**
 * A conversation with messages that were not read; UNREAD counts them.
 */
#define FBCHAT_NOTIFICATION_MESSAGES 1

/**
 * Somebody wants to be friends.
 */
#define FBCHAT_NOTIFICATION_FRIEND_REQUEST 2

/**
 * Somebody has accepted a friend request.
 */
#define FBCHAT_NOTIFICATION_FRIEND_ADDED 3

/**
 * Somebody has poked.
 */
#define FBCHAT_NOTIFICATION_POKE 4

/**
 * The password is on its way.
 */
#define FBCHAT_CONNECTION_LOGGING_IN 1

/**
 * Logged in; reading the page that names the channel.
 */
#define FBCHAT_CONNECTION_LOADING_PAGE 2

/**
 * Asking for buddies and for the place to go on from.
 */
#define FBCHAT_CONNECTION_OPENING_CHANNEL 3

/**
 * Messages arrive.
 */
#define FBCHAT_CONNECTION_CONNECTED 4

/**
 * Something failed; the next attempt comes by itself after WAIT_MS.
 */
#define FBCHAT_CONNECTION_WAITING 5

/**
 * A worker thread with its sessions; made by fbchat_client_new, freed by fbchat_client_free.
 */
typedef struct fbchat_client fbchat_client;

/**
 * Settings for clients and sessions; made by fbchat_config_new, freed by fbchat_config_free.
 */
typedef struct fbchat_config fbchat_config;

/**
 * An event; freed by fbchat_event_free.
 */
typedef struct fbchat_event fbchat_event;

/**
 * The outcome of a call or of an event: 0 or above is no failure.
 *
 * Numbers come in blocks: -101 the caller's mistake, -201 network, -301 account, -401 protocol, -501 cancelled, -901 this
 * library. Later versions add numbers and never change one; treat one that you do not know by its block.
 */
typedef int32_t fbchat_status;

/**
 * Names a setting.
 */
typedef int32_t fbchat_config_key;

/**
 * Takes a log line: the pointer given with it, a FBCHAT_LOG_ level, and the line (UTF-8, valid during the call only).
 *
 * Called only inside fbchat_client_poll, on the thread that polls. It may call the library, but must not throw.
 */
typedef void (*fbchat_log_fn)(void *user, int32_t level, const char *line);

/**
 * A session; 0 = none. A number is never used twice, so a stale one gives FBCHAT_ERR_NO_SESSION and no harm.
 */
typedef uint64_t fbchat_session;

/**
 * A request on its way; 0 = none. Never used twice; the event that answers it carries it.
 */
typedef uint64_t fbchat_request;

/**
 * A user's number; 0 = nobody.
 */
typedef uint64_t fbchat_uid;

/**
 * Says what an event tells; ignore kinds that you do not know.
 */
typedef int32_t fbchat_kind;

/**
 * Names a field of an event.
 */
typedef int32_t fbchat_field;

/**
 * All went well.
 */
#define FBCHAT_OK 0

/**
 * No event within the given time.
 */
#define FBCHAT_NO_EVENT 1

/**
 * The poll was ended by fbchat_client_wake.
 */
#define FBCHAT_WOKEN 2

/**
 * A required pointer was NULL.
 */
#define FBCHAT_ERR_NULL -101

/**
 * A string was not valid UTF-8.
 */
#define FBCHAT_ERR_UTF8 -102

/**
 * An argument has a value that is not allowed.
 */
#define FBCHAT_ERR_ARGUMENT -103

/**
 * No option or field has this number, or it takes another kind of value.
 */
#define FBCHAT_ERR_KEY -104

/**
 * No such session: never opened by this client, or over.
 */
#define FBCHAT_ERR_NO_SESSION -105

/**
 * The session is not in a state for this call (sending before login, a second login).
 */
#define FBCHAT_ERR_STATE -106

/**
 * Too many requests are under way already.
 */
#define FBCHAT_ERR_QUEUE_FULL -107

/**
 * The process was forked after the handle was made; handles stay with their process.
 */
#define FBCHAT_ERR_FORKED -108

/**
 * The client is being freed, or was.
 */
#define FBCHAT_ERR_CLOSED -109

/**
 * The server's address is plain HTTP and not on this machine: a password would travel readable.
 */
#define FBCHAT_ERR_INSECURE -110

/**
 * No such request: never made, or its answer was taken already.
 */
#define FBCHAT_ERR_NO_REQUEST -111

/**
 * The server's name could not be resolved.
 */
#define FBCHAT_ERR_DNS -201

/**
 * No connection to the server.
 */
#define FBCHAT_ERR_CONNECT -202

/**
 * The TLS handshake or certificate check failed.
 */
#define FBCHAT_ERR_TLS -203

/**
 * The server took too long to answer.
 */
#define FBCHAT_ERR_TIMEOUT -204

/**
 * The connection broke.
 */
#define FBCHAT_ERR_IO -205

/**
 * The server answered with an HTTP error.
 */
#define FBCHAT_ERR_HTTP -206

/**
 * Wrong e-mail address or password.
 */
#define FBCHAT_ERR_CREDENTIALS -301

/**
 * The server asks for something that only a person in a browser can do (captcha, checkpoint).
 */
#define FBCHAT_ERR_CHALLENGE -302

/**
 * The session was ended by the server or from elsewhere.
 */
#define FBCHAT_ERR_LOGGED_OUT -303

/**
 * Too many messages or attempts; try again later.
 */
#define FBCHAT_ERR_RATE_LIMITED -304

/**
 * The server refused the request.
 */
#define FBCHAT_ERR_REFUSED -305

/**
 * The message is longer than the server allows.
 */
#define FBCHAT_ERR_TOO_LONG -306

/**
 * The recipient is offline or not a friend.
 */
#define FBCHAT_ERR_RECIPIENT_OFFLINE -307

/**
 * The server cannot do this at all; see FBCHAT_FIELD_FEATURES.
 */
#define FBCHAT_ERR_UNSUPPORTED -308

/**
 * The reply could not be understood.
 */
#define FBCHAT_ERR_BAD_REPLY -401

/**
 * The server is no fbchat server, or speaks a dialect that is not known here.
 */
#define FBCHAT_ERR_SERVER_CHANGED -402

/**
 * The request may or may not have been carried out.
 */
#define FBCHAT_ERR_OUTCOME_UNKNOWN -403

/**
 * Cancelled by the program, or by the end of its session.
 */
#define FBCHAT_ERR_CANCELLED -501

/**
 * A bug in this library was caught at the border.
 */
#define FBCHAT_ERR_PANIC -901

/**
 * Out of descriptors, threads or memory.
 */
#define FBCHAT_ERR_RESOURCES -902

/**
 * Something that cannot happen did.
 */
#define FBCHAT_ERR_INTERNAL -903

/**
 * String: the server's address, like "https://chat.example.org". Default "http://127.0.0.1:8080".
 */
#define FBCHAT_CONFIG_SERVER 1

/**
 * Integer, 0 or 1: allow plain HTTP to another machine, where a password travels readable. Default 0.
 */
#define FBCHAT_CONFIG_ALLOW_INSECURE 2

/**
 * Integer, 100 to 1000000, read by fbchat_client_new only: how many events may wait before sessions are slowed down.
 * Default 10000.
 */
#define FBCHAT_CONFIG_QUEUE_LIMIT 3

/**
 * String: the proxy that leads to the server, as `KIND://HOST:PORT` or `KIND://USER:PASSWORD@HOST:PORT`. Default "", none.
 *
 * KIND is http (a tunnel by CONNECT for https servers; plain requests for http servers), socks4, socks4a, socks5 or
 * socks5h. With http, socks4a and socks5h the server's name is looked up by the proxy only: use socks5h for Tor. SOCKS 4
 * has no passwords. "environment" takes what http_proxy, https_proxy, all_proxy and no_proxy say while
 * fbchat_config_set_str runs; without it, the environment is never read. Behind a proxy an http server counts as on
 * another machine, whatever its name (FBCHAT_CONFIG_ALLOW_INSECURE).
 */
#define FBCHAT_CONFIG_PROXY 4

/**
 * String: a PEM file of certificates to trust besides the system's, read while fbchat_config_set_str runs. Default "",
 * none.
 */
#define FBCHAT_CONFIG_CA_FILE 5

/**
 * String: the SHA-256 of the one certificate (DER) to trust, in hexadecimal (colons allowed) or base64. Default "", none.
 *
 * The server must show exactly this one; its issuer, names and dates don't count then, and no other certificate is
 * trusted. FBCHAT_FIELD_CERTIFICATE_SHA256 gives what to set here. Only with the feature "pin" (fbchat_has_feature).
 */
#define FBCHAT_CONFIG_PIN_SHA256 6

/**
 * Integer, 1000 to 120000: milliseconds until a connection to the server must be up, proxy and TLS included. Default 15000.
 */
#define FBCHAT_CONFIG_CONNECT_TIMEOUT_MS 7

/**
 * Integer, 1000 to 120000: milliseconds until an answer must be there, connecting included. The held long-poll has a
 * limit of its own. Default 30000.
 */
#define FBCHAT_CONFIG_REQUEST_TIMEOUT_MS 8

/**
 * String: what the server is told as User-Agent, 1 to 256 ASCII characters; "" = the default, "Mozilla/5.0 (compatible;
 * fbchat/VERSION)". Servers of 2008 want something that looks like a browser.
 */
#define FBCHAT_CONFIG_USER_AGENT 9

/**
 * Integer, 0 or 1: come in as active (1), which is the ACTIVE flag of the long-poll, or as idle (0). Later changes are
 * fbchat_session_set_presence's. Default 1.
 */
#define FBCHAT_CONFIG_ACTIVE 10

/**
 * Integer, 1 to 1000: greatest number of messages and notices that the server may put into one answer. Less memory at
 * once, more requests. Default: as many as the server offers.
 */
#define FBCHAT_CONFIG_BATCH 11

/**
 * Login succeeded: UID, NAME, MESSAGE_LIMIT, FEATURES. Answers fbchat_session_login and fbchat_session_register.
 */
#define FBCHAT_EVENT_LOGGED_IN 1

/**
 * Login failed: status, REASON, and with FBCHAT_ERR_TLS the CERTIFICATE_ fields. Answers fbchat_session_login and
 * fbchat_session_register; the session may log in again.
 */
#define FBCHAT_EVENT_LOGIN_FAILED 2

/**
 * The server wants a person in a browser (captcha, checkpoint): status, REASON. Answers fbchat_session_login and
 * fbchat_session_register; the session may log in again.
 */
#define FBCHAT_EVENT_CHALLENGE 3

/**
 * The connection changed: STATE; when waiting also WAIT_MS, status, REASON and the CERTIFICATE_ fields.
 */
#define FBCHAT_EVENT_CONNECTION 4

/**
 * A message: FROM, TO, FROM_NAME, TO_NAME, TEXT, TIME_MS, MESSAGE_ID, FLAGS.
 */
#define FBCHAT_EVENT_MESSAGE 5

/**
 * The server has the message: TO, MESSAGE_ID. Answers fbchat_session_send.
 */
#define FBCHAT_EVENT_SENT 6

/**
 * A request failed for good: status, REASON. Answers any request.
 */
#define FBCHAT_EVENT_FAILED 7

/**
 * Somebody started or stopped writing: FROM, TYPING.
 */
#define FBCHAT_EVENT_TYPING 8

/**
 * All buddies: fbchat_event_count items of UID, NAME, FIRST_NAME, PRESENCE, STATUS_TEXT, PICTURE_URL,
 * PICTURE_HASH, STATUS_TIME_MS, IDLE_SINCE_MS. Answers fbchat_session_request_buddy_list, and comes by itself after login and when
 * friendships begin or end.
 */
#define FBCHAT_EVENT_BUDDY_LIST 9

/**
 * One buddy changed: the fields of one BUDDY_LIST item.
 */
#define FBCHAT_EVENT_PRESENCE 10

/**
 * The session is over, its last event: status and REASON, if not by the host's own wish. Answers fbchat_session_logout.
 */
#define FBCHAT_EVENT_CLOSED 11

/**
 * Messages of one conversation, oldest first: fbchat_event_count items of the fields of MESSAGE, all with
 * FBCHAT_MESSAGE_REPLAYED; for the whole event PEER and MORE. Answers fbchat_session_request_history.
 */
#define FBCHAT_EVENT_HISTORY 12

/**
 * What is unread: fbchat_event_count items of NOTIFICATION_KIND, UID, NAME, TIME_MS, NEW, UNREAD; for the whole event
 * UNSEEN and INBOX. Answers fbchat_session_request_notifications. Comes by itself, then without items and with INBOX only, when
 * the number of conversations with unread messages changes.
 */
#define FBCHAT_EVENT_NOTIFICATIONS 13

/**
 * Somebody wants to be friends: UID, NAME, TEXT (may be empty), TIME_MS. Those who asked while the user was away come
 * after login. Answer with fbchat_session_change_friendship.
 */
#define FBCHAT_EVENT_FRIEND_REQUEST 14

/**
 * Somebody's picture: UID; PICTURE_URL, PICTURE_HASH, PICTURE and CONTENT_TYPE, the last three absent for somebody who
 * has none. Answers fbchat_session_request_picture.
 */
#define FBCHAT_EVENT_PICTURE 15

/**
 * What somebody tells about themselves: UID, NAME, FIRST_NAME, RELATION, PICTURE_URL, PICTURE_HASH, EMAIL, STATUS_TEXT,
 * STATUS_TIME_MS, MEMBER_SINCE_MS. Answers fbchat_session_request_profile.
 */
#define FBCHAT_EVENT_PROFILE 16

/**
 * Who was found: fbchat_event_count items of UID, NAME, RELATION, PICTURE_URL, PICTURE_HASH. Answers
 * fbchat_session_request_search.
 */
#define FBCHAT_EVENT_SEARCH 17

/**
 * A friendship began or ended, by whomever: UID, NAME, FRIEND_ACTION. A BUDDY_LIST follows.
 */
#define FBCHAT_EVENT_FRIEND 18

/**
 * A request is done, and there is no more to tell. Answers requests that have no event of their own.
 */
#define FBCHAT_EVENT_DONE 19

/**
 * Somebody pokes: FROM, NAME, TIME_MS.
 */
#define FBCHAT_EVENT_POKE 20

/**
 * All that is needed to go on later without the password: SAVED. Comes when the connection stands and whenever the host has
 * taken what arrived, so the last one taken is the one to keep, in place of the one before. Keep it as secret as the
 * password; a logout makes it worthless.
 */
#define FBCHAT_EVENT_SAVED_SESSION 21

/**
 * Events of this session pile up, so it fetches nothing more until the host has taken half of them: WAITING. Nothing is
 * lost: the server keeps the messages.
 */
#define FBCHAT_EVENT_OVERLOAD 22

/**
 * Integer: the number of the user or of a buddy.
 */
#define FBCHAT_FIELD_UID 1

/**
 * String: full name; may be empty.
 */
#define FBCHAT_FIELD_NAME 2

/**
 * String: first name; may be empty.
 */
#define FBCHAT_FIELD_FIRST_NAME 3

/**
 * Integer: FBCHAT_PRESENCE_OFFLINE, FBCHAT_PRESENCE_IDLE or FBCHAT_PRESENCE_ACTIVE.
 */
#define FBCHAT_FIELD_PRESENCE 4

/**
 * String: status line, plain text; absent if there is none.
 */
#define FBCHAT_FIELD_STATUS_TEXT 5

/**
 * String: address of a picture of 50 pixels; absent if there is none.
 */
#define FBCHAT_FIELD_PICTURE_URL 6

/**
 * Integer: number of the author, or of who is writing.
 */
#define FBCHAT_FIELD_FROM 7

/**
 * Integer: number of the recipient.
 */
#define FBCHAT_FIELD_TO 8

/**
 * String: the author's name; may be empty.
 */
#define FBCHAT_FIELD_FROM_NAME 9

/**
 * String: the recipient's name; may be empty.
 */
#define FBCHAT_FIELD_TO_NAME 10

/**
 * String: the message, plain text, not markup; may hold line breaks. With a friend request, what was written with it.
 */
#define FBCHAT_FIELD_TEXT 11

/**
 * Integer: when it happened, by the server's clock, in milliseconds since 1970 UTC.
 */
#define FBCHAT_FIELD_TIME_MS 12

/**
 * String: the sender's id of the message; may be empty; unique only together with author and text.
 */
#define FBCHAT_FIELD_MESSAGE_ID 13

/**
 * Integer: sum of FBCHAT_MESSAGE_ flags.
 */
#define FBCHAT_FIELD_FLAGS 14

/**
 * Integer: 1 = writing, over after 10 seconds without another; 0 = stopped.
 */
#define FBCHAT_FIELD_TYPING 15

/**
 * Integer: a FBCHAT_CONNECTION_ state.
 */
#define FBCHAT_FIELD_CONNECTION 16

/**
 * Integer: milliseconds until the next attempt; 0 = at once.
 */
#define FBCHAT_FIELD_WAIT_MS 17

/**
 * String: what went wrong, a sentence for people; absent if nothing did.
 */
#define FBCHAT_FIELD_REASON 18

/**
 * Integer: greatest length of a message, in Unicode characters (scalar values).
 */
#define FBCHAT_FIELD_MESSAGE_LIMIT 19

/**
 * String: changes with the picture, so that it can name a file in a cache; absent if there is no picture.
 */
#define FBCHAT_FIELD_PICTURE_HASH 20

/**
 * Bytes: the picture, a file of the kind that CONTENT_TYPE says; absent if there is none.
 */
#define FBCHAT_FIELD_PICTURE 21

/**
 * String: "image/png", "image/jpeg" or "image/gif"; absent if there is no picture.
 */
#define FBCHAT_FIELD_CONTENT_TYPE 22

/**
 * Integer: sum of the FBCHAT_FEATURE_ flags of what this server can do.
 */
#define FBCHAT_FIELD_FEATURES 23

/**
 * Integer: when the status line was set, in milliseconds since 1970 UTC, to the second; 0 if there is none.
 */
#define FBCHAT_FIELD_STATUS_TIME_MS 24

/**
 * Integer: a FBCHAT_RELATION_ number.
 */
#define FBCHAT_FIELD_RELATION 25

/**
 * String: e-mail address; absent if the server does not tell.
 */
#define FBCHAT_FIELD_EMAIL 26

/**
 * Integer: since when the account is there, in milliseconds since 1970 UTC; 0 if the server does not tell.
 */
#define FBCHAT_FIELD_MEMBER_SINCE_MS 27

/**
 * Integer: FBCHAT_FRIEND_ACCEPT = they are friends now, FBCHAT_FRIEND_REMOVE = no longer.
 */
#define FBCHAT_FIELD_FRIEND_ACTION 28

/**
 * Integer: number of the other side of the conversation; belongs to the whole event.
 */
#define FBCHAT_FIELD_PEER 29

/**
 * Integer: 1 = there are more messages than these, older ones if the most recent were asked for, else later ones; 0 =
 * these are all. Belongs to the whole event.
 */
#define FBCHAT_FIELD_MORE 30

/**
 * Integer: a FBCHAT_NOTIFICATION_ number; ignore those that you do not know.
 */
#define FBCHAT_FIELD_NOTIFICATION_KIND 31

/**
 * Integer: 1 = the user has not been shown this, 0 = he has.
 */
#define FBCHAT_FIELD_NEW 32

/**
 * Integer: number of unread messages in this conversation; 0 for other notifications.
 */
#define FBCHAT_FIELD_UNREAD 33

/**
 * Integer: number of new notifications, conversations not counted. Belongs to the whole event.
 */
#define FBCHAT_FIELD_UNSEEN 34

/**
 * Integer: number of conversations with unread messages. Belongs to the whole event.
 */
#define FBCHAT_FIELD_INBOX 35

/**
 * Integer: since when nothing was heard of the person, in milliseconds since 1970 UTC by the server's clock; 0 unless
 * PRESENCE is FBCHAT_PRESENCE_IDLE, and if the server does not tell.
 */
#define FBCHAT_FIELD_IDLE_SINCE_MS 36

/**
 * Bytes: what fbchat_session_resume takes.
 */
#define FBCHAT_FIELD_SAVED_SESSION 50

/**
 * Integer: how many events wait.
 */
#define FBCHAT_FIELD_WAITING 51

/**
 * String: SHA-256 of the server's certificate that is not trusted, "AB:CD:…", as FBCHAT_CONFIG_PIN_SHA256 takes it. In
 * events with a REASON; absent if that is not the trouble, or without the feature "pin".
 */
#define FBCHAT_FIELD_CERTIFICATE_SHA256 60

/**
 * Integer: why the server's certificate is not trusted, a FBCHAT_CERTIFICATE_ number. In events with a REASON; 0 if that is
 * not the trouble.
 */
#define FBCHAT_FIELD_CERTIFICATE_PROBLEM 61

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Says which version of the library was loaded.
 *
 * @return the version, like "0.1.0"
 *
 * Ownership: static text, never freed.
 * Threads: any.
 * Since: 0.1
 */
const char *fbchat_version(void);

/**
 * Says which interface the loaded library has, to be compared with FBCHAT_ABI_VERSION of the header.
 *
 * @return a number; another one than the header's means that the program must not go on
 *
 * Ownership: nothing changes hands.
 * Threads: any.
 * Since: 0.1
 */
uint32_t fbchat_abi_version(void);

/**
 * Says whether the loaded library has a feature.
 *
 * @param name  the feature: "tls" (https servers), by "rustls" or "native-tls" (the system's library); "pin"
 *              (FBCHAT_CONFIG_PIN_SHA256, FBCHAT_FIELD_CERTIFICATE_SHA256), only with rustls
 * @return 1 if it has, 0 if not, if nobody knows the name, or if it is NULL
 *
 * Ownership: name is borrowed for the call.
 * Threads: any.
 * Since: 0.1
 */
int32_t fbchat_has_feature(const char *name);

/**
 * Says how much of a text goes into one message, for sending what is too long for one in several. The rest does not begin
 * inside of a word, unless that is very long, nor inside of what a person sees as one character (a letter with its
 * accents, a flag, a family of emoji), unless that is too long by itself.
 *
 * @param text   UTF-8
 * @param limit  how many characters a message can have, FBCHAT_FIELD_MESSAGE_LIMIT; 1 or more
 * @param len    out: how many bytes; all of a text that fits
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for another limit
 *
 * Ownership: text is borrowed for the call.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_message_part(const char *text,
                                  int64_t limit,
                                  size_t *len);

/**
 * Names a status for a log or a bug report.
 *
 * @param status  any number
 * @return the name of its constant, like "FBCHAT_ERR_DNS"; "FBCHAT_ERR_UNKNOWN" for a number without one
 *
 * Ownership: static text, never freed.
 * Threads: any.
 * Since: 0.1
 */
const char *fbchat_status_name(fbchat_status status);

/**
 * Says in a sentence for people what went wrong in this thread's last call, if it failed.
 *
 * @return the sentence; "" if the last call did not fail. Calls that return no status change it only if they fail.
 *
 * Ownership: borrowed; valid until this thread's next call into the library.
 * Threads: any; each thread has its own.
 * Since: 0.1
 */
const char *fbchat_last_error(void);

/**
 * Makes a configuration with all defaults.
 *
 * @param config  out: the configuration
 * @return FBCHAT_OK; FBCHAT_ERR_NULL
 *
 * Ownership: the caller's; free it with fbchat_config_free.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_config_new(fbchat_config **config);

/**
 * Sets a setting that takes a string.
 *
 * @param config  the configuration
 * @param key     a setting that takes a string: FBCHAT_CONFIG_SERVER, _PROXY, _CA_FILE, _PIN_SHA256, _USER_AGENT
 * @param value   UTF-8; see the key
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_KEY for a key that is unknown or takes no string; FBCHAT_ERR_UTF8;
 *         FBCHAT_ERR_ARGUMENT for a value that makes no sense (fbchat_last_error names the key), or a configuration that
 *         was freed; FBCHAT_ERR_FORKED
 *
 * Ownership: value is copied.
 * Threads: one at a time for one configuration.
 * Since: 0.1
 */
fbchat_status fbchat_config_set_str(fbchat_config *config,
                                    fbchat_config_key key,
                                    const char *value);

/**
 * Sets a setting that takes an integer.
 *
 * @param config  the configuration
 * @param key     a setting that takes an integer: FBCHAT_CONFIG_ALLOW_INSECURE, _QUEUE_LIMIT, _CONNECT_TIMEOUT_MS,
 *                _REQUEST_TIMEOUT_MS, _ACTIVE, _BATCH
 * @param value   see the key
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_KEY for a key that is unknown or takes no integer;
 *         FBCHAT_ERR_ARGUMENT for a value out of range (fbchat_last_error names key and range), or a configuration that
 *         was freed; FBCHAT_ERR_FORKED
 *
 * Ownership: nothing changes hands.
 * Threads: one at a time for one configuration.
 * Since: 0.1
 */
fbchat_status fbchat_config_set_int(fbchat_config *config,
                                    fbchat_config_key key,
                                    int64_t value);

/**
 * Sets who takes the log lines of a client; read by fbchat_client_new only.
 *
 * No line holds a message, an address, a cookie or a password.
 *
 * @param config    the configuration
 * @param level     the least important FBCHAT_LOG_ level still wanted
 * @param callback  takes each line; NULL = no log
 * @param user      given to each call of callback; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for a level that does not exist, or a configuration that was
 *         freed; FBCHAT_ERR_FORKED
 *
 * Ownership: user stays the host's and must be valid as long as the client is.
 * Threads: one at a time for one configuration. The callback runs on whichever thread polls.
 * Since: 0.1
 */
fbchat_status fbchat_config_set_log(fbchat_config *config,
                                    int32_t level,
                                    fbchat_log_fn callback,
                                    void *user);

/**
 * Frees a configuration; clients and sessions made from it keep their own copies.
 *
 * @param config  the configuration; NULL and one freed already are harmless
 *
 * Ownership: taken.
 * Threads: when no other thread uses it.
 * Since: 0.1
 */
void fbchat_config_free(fbchat_config *config);

/**
 * Starts a client with its worker thread; no network yet.
 *
 * @param config  FBCHAT_CONFIG_QUEUE_LIMIT, the log and the sessions' defaults; NULL = all defaults
 * @param client  out: the client
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for a configuration that was freed; FBCHAT_ERR_FORKED;
 *         FBCHAT_ERR_RESOURCES if there is no thread or descriptor left
 *
 * Ownership: config is copied. The client is the caller's; free it with fbchat_client_free.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_client_new(const fbchat_config *config,
                                fbchat_client **client);

/**
 * Gives a descriptor that is readable while something waits for fbchat_client_poll.
 *
 * For poll(2), select, epoll and every toolkit's main loop. When it is readable, call fbchat_client_poll with timeout 0
 * until it returns FBCHAT_NO_EVENT. Never read, write or close it.
 *
 * @param client  the client
 * @return the descriptor; -1 on failure
 *
 * Ownership: the client's; valid until fbchat_client_free.
 * Threads: any.
 * Since: 0.1
 */
int32_t fbchat_client_fd(const fbchat_client *client);

/**
 * Takes the next event of any session.
 *
 * Events of one session come in order; sessions take turns. The log callback is called in here.
 *
 * @param client      the client
 * @param timeout_ms  how long to wait, in milliseconds; 0 = not at all, -1 = for ever
 * @param event       out: the event, or NULL
 * @return FBCHAT_OK with an event; FBCHAT_NO_EVENT; FBCHAT_WOKEN after fbchat_client_wake; FBCHAT_ERR_NULL;
 *         FBCHAT_ERR_ARGUMENT for a timeout below -1; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: the event is the caller's, also after fbchat_client_free; free it with fbchat_event_free.
 * Threads: any; each event goes to one of the threads that poll.
 * Since: 0.1
 */
fbchat_status fbchat_client_poll(fbchat_client *client,
                                 int32_t timeout_ms,
                                 fbchat_event **event);

/**
 * Makes the present or the next fbchat_client_poll return FBCHAT_WOKEN; several calls before it count as one.
 *
 * @param client  the client
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: nothing changes hands.
 * Threads: any. Not for signal handlers.
 * Since: 0.1
 */
fbchat_status fbchat_client_wake(fbchat_client *client);

/**
 * Says that the machine is on another network, or on one again: all sessions try again at once.
 *
 * Without it a session notices by itself, but perhaps only when its long-poll has been silent for 90 s, or when the
 * present wait for the next attempt is over. For hosts that are told of such changes; it does no harm when nothing has changed.
 *
 * @param client  the client
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: nothing changes hands.
 * Threads: any. Not for signal handlers.
 * Since: 0.1
 */
fbchat_status fbchat_client_network_changed(fbchat_client *client);

/**
 * Cancels everything, joins the worker thread and frees the client, within 250 ms (a second with ten thousand sessions).
 *
 * Sessions that are still open are dropped without a logout, so that fbchat_session_resume can go on with them; logouts
 * under way, and the word of what was taken last, get 70 ms. A poll of another thread ends with FBCHAT_ERR_CLOSED. If the system hangs in a name lookup, its helper thread is left to end by itself.
 *
 * @param client  the client; NULL and one freed already are harmless
 *
 * Ownership: taken. Events taken from it stay valid.
 * Threads: any; once, as the last call on this client.
 * Since: 0.1
 */
void fbchat_client_free(fbchat_client *client);

/**
 * Makes a session; no network yet.
 *
 * @param client     the client
 * @param config     the server and how to reach it; NULL = what the client was made with
 * @param user_data  comes back with every event of the session; may be NULL
 * @param session    out: the session
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_INSECURE for plain HTTP to another machine without
 *         FBCHAT_CONFIG_ALLOW_INSECURE; FBCHAT_ERR_ARGUMENT for a configuration that was freed; FBCHAT_ERR_CLOSED;
 *         FBCHAT_ERR_FORKED; FBCHAT_ERR_RESOURCES
 *
 * Ownership: config is copied; user_data stays the host's. The session lives until fbchat_session_close, or until its
 *            CLOSED event is taken.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_open(fbchat_client *client,
                                  const fbchat_config *config,
                                  void *user_data,
                                  fbchat_session *session);

/**
 * Logs in.
 *
 * @param client    the client
 * @param session   a session in which nobody is logged in
 * @param email     the account's e-mail address, UTF-8
 * @param password  the account's password, UTF-8
 * @param request   out: answered by LOGGED_IN, LOGIN_FAILED or CHALLENGE; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for an empty or overlong string;
 *         FBCHAT_ERR_STATE if a login is under way or done; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: the strings are copied; the password's copy is wiped when the session ends.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_login(fbchat_client *client,
                                   fbchat_session session,
                                   const char *email,
                                   const char *password,
                                   fbchat_request *request);

/**
 * Goes on with a session of earlier, without the password: what came meanwhile arrives, in order.
 *
 * Messages that were taken after the state was given come again, with the same FBCHAT_FIELD_MESSAGE_ID. Two sessions that
 * go on from one state get the same messages.
 *
 * @param client   the client
 * @param session  a session in which nobody is logged in, opened with the same server
 * @param state    FBCHAT_FIELD_SAVED_SESSION of the last FBCHAT_EVENT_SAVED_SESSION
 * @param len      its length, in bytes
 * @param request  out: answered by LOGGED_IN, or by LOGIN_FAILED (with FBCHAT_ERR_LOGGED_OUT if the server has ended the
 *                 session: log in with the password); may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for what is no saved state; FBCHAT_ERR_STATE if a login is under
 *         way or done; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: state is copied; the copy is wiped when the session has it.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_resume(fbchat_client *client,
                                    fbchat_session session,
                                    const void *state,
                                    size_t len,
                                    fbchat_request *request);

/**
 * Sends a message. Messages of one session leave in order.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param to       the recipient's number
 * @param message  plain UTF-8 text, not empty, of at most FBCHAT_FIELD_MESSAGE_LIMIT characters
 * @param request  out: answered exactly once, by SENT or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for an empty text or recipient 0;
 *         FBCHAT_ERR_TOO_LONG with the limit in fbchat_last_error; FBCHAT_ERR_STATE before LOGGED_IN;
 *         FBCHAT_ERR_QUEUE_FULL if 256 requests have no answer yet; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED;
 *         FBCHAT_ERR_FORKED
 *
 * Ownership: message is copied.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_send(fbchat_client *client,
                                  fbchat_session session,
                                  fbchat_uid to,
                                  const char *message,
                                  fbchat_request *request);

/**
 * Tells a friend that the user is writing, or has stopped; repeat every 7 seconds while it goes on. Not answered.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param to       the friend's number
 * @param typing   1 = writing, 0 = stopped
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT; FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL;
 *         FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: nothing changes hands.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_set_typing(fbchat_client *client,
                                        fbchat_session session,
                                        fbchat_uid to,
                                        int32_t typing);

/**
 * Shows the user to friends as active, idle or invisible; before login it says how the user will come in. Not answered.
 *
 * @param client    the client
 * @param session   the session
 * @param presence  FBCHAT_PRESENCE_ACTIVE, FBCHAT_PRESENCE_IDLE or FBCHAT_PRESENCE_INVISIBLE
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION;
 *         FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: nothing changes hands.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_set_presence(fbchat_client *client,
                                          fbchat_session session,
                                          int32_t presence);

/**
 * Gives the buddy list as last heard of, without asking the server.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param event    out: a BUDDY_LIST event with request 0
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_STATE before the first list has come; FBCHAT_ERR_NO_SESSION;
 *         FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: the event is the caller's; free it with fbchat_event_free.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_get_buddy_list(fbchat_client *client,
                                            fbchat_session session,
                                            fbchat_event **event);

/**
 * Asks the server for the buddy list now.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param request  out: answered by BUDDY_LIST or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION;
 *         FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: nothing changes hands.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_request_buddy_list(fbchat_client *client,
                                                fbchat_session session,
                                                fbchat_request *request);

/**
 * Logs out: tells the server that the session is over.
 *
 * @param client   the client
 * @param session  a session that is logged in or about to be
 * @param request  out: answered by CLOSED, the session's last event; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_STATE if nobody is logged in, or a logout is under way;
 *         FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: nothing changes hands; the session is gone once CLOSED is taken.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_logout(fbchat_client *client,
                                    fbchat_session session,
                                    fbchat_request *request);

/**
 * Drops a session at once: no later poll returns an event of it, not even CLOSED, and its connections are cut.
 *
 * The user is not logged out, so that fbchat_session_resume can go on; but a logout asked for before still reaches the
 * server: logout, then close, is a quick farewell.
 *
 * @param client   the client
 * @param session  the session
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_NO_SESSION if it is gone already; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: the session is gone; user_data will not be used again, but for events already taken.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_close(fbchat_client *client,
                                   fbchat_session session);

/**
 * Asks for messages of one conversation, those that this user wrote among them.
 *
 * One answer has at most 1,000 messages, or some MiB of text; FBCHAT_FIELD_MORE says whether there are more. To go on,
 * ask again with the TIME_MS of the last message.
 *
 * @param client    the client
 * @param session   a session that is logged in
 * @param with      the other side's number
 * @param since_ms  0 = the most recent messages, up to 100; else those that the server accepted later than this, in
 *                  milliseconds since 1970 UTC, from the first one on (1 = from the beginning)
 * @param request   out: answered by HISTORY or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for nobody's number or a negative time; FBCHAT_ERR_STATE
 *         before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: nothing changes hands.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_request_history(fbchat_client *client,
                                             fbchat_session session,
                                             fbchat_uid with,
                                             int64_t since_ms,
                                             fbchat_request *request);

/**
 * Asks for somebody's picture. One whose FBCHAT_FIELD_PICTURE_HASH is known need not be asked for again.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param uid      whose
 * @param request  out: answered by PICTURE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for nobody's number; FBCHAT_ERR_STATE before LOGGED_IN;
 *         FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: nothing changes hands.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_request_picture(fbchat_client *client,
                                             fbchat_session session,
                                             fbchat_uid uid,
                                             fbchat_request *request);

/**
 * Sets the user's own picture, or takes it away.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param bytes    a PNG, JPEG or GIF file as it is; NULL with len 0 = no picture any more
 * @param len      its length in bytes; servers take 1 MiB as a rule, and more than 8 MiB are refused at once
 * @param request  out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL for NULL with another len; FBCHAT_ERR_ARGUMENT for an empty or overlong picture;
 *         FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED;
 *         FBCHAT_ERR_FORKED
 *
 * Ownership: the bytes are copied.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_set_picture(fbchat_client *client,
                                         fbchat_session session,
                                         const void *bytes,
                                         size_t len,
                                         fbchat_request *request);

/**
 * Asks what somebody tells about themselves. Strangers are told little.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param uid      who; the user's own number is allowed
 * @param request  out: answered by PROFILE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for nobody's number; FBCHAT_ERR_STATE before LOGGED_IN;
 *         FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: nothing changes hands.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_request_profile(fbchat_client *client,
                                             fbchat_session session,
                                             fbchat_uid uid,
                                             fbchat_request *request);

/**
 * Looks for people.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param query    beginnings of names, or an e-mail address in full; UTF-8
 * @param request  out: answered by SEARCH or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for an empty or overlong query;
 *         FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED;
 *         FBCHAT_ERR_FORKED
 *
 * Ownership: query is copied.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_request_search(fbchat_client *client,
                                            fbchat_session session,
                                            const char *query,
                                            fbchat_request *request);

/**
 * Begins or ends a friendship. The buddy list follows by itself, here and at the other side.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param uid      with whom
 * @param action   FBCHAT_FRIEND_REQUEST, FBCHAT_FRIEND_ACCEPT, FBCHAT_FRIEND_DECLINE or FBCHAT_FRIEND_REMOVE
 * @param message  some words with a request, UTF-8; NULL for none; other actions take none
 * @param request  out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for nobody's number, an unknown action, or a
 *         message that is overlong or with another action; FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL;
 *         FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: message is copied.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_change_friendship(fbchat_client *client,
                                               fbchat_session session,
                                               fbchat_uid uid,
                                               int32_t action,
                                               const char *message,
                                               fbchat_request *request);

/**
 * Sets the user's status line, or takes it away. Friends see it at once.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param message  the text, one line of UTF-8; NULL or "" = none any more
 * @param request  out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for more than 64 KiB; FBCHAT_ERR_STATE before
 *         LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: message is copied.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_set_status_text(fbchat_client *client,
                                             fbchat_session session,
                                             const char *message,
                                             fbchat_request *request);

/**
 * Says that the user has seen what somebody wrote, or the notifications: they are no longer unread. Not answered.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param with     the other side of the conversation; 0 = the notifications
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION;
 *         FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: nothing changes hands.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_mark_read(fbchat_client *client,
                                       fbchat_session session,
                                       fbchat_uid with);

/**
 * Asks what is unread: conversations, friend requests, pokes.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param request  out: answered by NOTIFICATIONS or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION;
 *         FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: nothing changes hands.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_request_notifications(fbchat_client *client,
                                                   fbchat_session session,
                                                   fbchat_request *request);

/**
 * Pokes a friend: once a day, or until they poke back.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param uid      the friend's number
 * @param request  out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for nobody's number; FBCHAT_ERR_STATE before LOGGED_IN;
 *         FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: nothing changes hands.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_poke(fbchat_client *client,
                                  fbchat_session session,
                                  fbchat_uid uid,
                                  fbchat_request *request);

/**
 * Makes an account on the server and logs in with it.
 *
 * Whether one may do that is the server's decision; if not, LOGIN_FAILED says why.
 *
 * @param client    the client
 * @param session   a session in which nobody is logged in
 * @param email     the e-mail address to log in with from now on, UTF-8
 * @param password  the password from now on, UTF-8; servers want 8 characters or more
 * @param name      the name that others see, UTF-8
 * @param invite    the invitation, that is what stands behind "invite=" in its link; NULL for none
 * @param request   out: answered by LOGGED_IN, LOGIN_FAILED or CHALLENGE; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for an empty or overlong string;
 *         FBCHAT_ERR_STATE if a login is under way or done; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: the strings are copied; the password's copy is wiped when the session ends, the invitation's once used.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_register(fbchat_client *client,
                                      fbchat_session session,
                                      const char *email,
                                      const char *password,
                                      const char *name,
                                      const char *invite,
                                      fbchat_request *request);

/**
 * Changes the name that others see. Friends see the new one at once.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param name     the name from now on, UTF-8; servers want one line of 1 to 100 characters
 * @param request  out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for an empty or overlong string;
 *         FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED;
 *         FBCHAT_ERR_FORKED
 *
 * Ownership: name is copied.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_set_name(fbchat_client *client,
                                      fbchat_session session,
                                      const char *name,
                                      fbchat_request *request);

/**
 * Changes the account's password. All its other sessions end.
 *
 * @param client        the client
 * @param session       a session that is logged in
 * @param old_password  the present one, UTF-8
 * @param new_password  the one from now on, UTF-8; servers want 8 characters or more
 * @param request       out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_UTF8; FBCHAT_ERR_ARGUMENT for an empty or overlong string;
 *         FBCHAT_ERR_STATE before LOGGED_IN; FBCHAT_ERR_QUEUE_FULL; FBCHAT_ERR_NO_SESSION; FBCHAT_ERR_CLOSED;
 *         FBCHAT_ERR_FORKED
 *
 * Ownership: the strings are copied; the copies are wiped, that of the new password when the session ends.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_session_set_password(fbchat_client *client,
                                          fbchat_session session,
                                          const char *old_password,
                                          const char *new_password,
                                          fbchat_request *request);

/**
 * Waits for the event that answers a request, and leaves all others in the queue; for simple programs.
 *
 * The log callback is called in here, too. fbchat_client_wake does not end it.
 *
 * @param client      the client
 * @param request     what a call gave
 * @param timeout_ms  how long to wait, in milliseconds; 0 = not at all, -1 = for ever
 * @param event       out: the event, or NULL
 * @return FBCHAT_OK with an event; FBCHAT_NO_EVENT; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT for a timeout below -1;
 *         FBCHAT_ERR_NO_REQUEST if it was never made, or its answer was taken already; FBCHAT_ERR_NO_SESSION if its session
 *         is closed meanwhile; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: the event is the caller's, also after fbchat_client_free; free it with fbchat_event_free.
 * Threads: any; a thread that polls may take the answer first.
 * Since: 0.1
 */
fbchat_status fbchat_request_wait(fbchat_client *client,
                                  fbchat_request request,
                                  int32_t timeout_ms,
                                  fbchat_event **event);

/**
 * Gives a request up and drops what is under way for it.
 *
 * It is answered all the same: by FAILED, or LOGIN_FAILED, with FBCHAT_ERR_CANCELLED; by FBCHAT_ERR_OUTCOME_UNKNOWN if a
 * message may have left already; or by what came just before. A logout goes on.
 *
 * @param client   the client
 * @param request  what a call gave; one that is unknown or answered is harmless
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_CLOSED; FBCHAT_ERR_FORKED
 *
 * Ownership: nothing changes hands.
 * Threads: any.
 * Since: 0.1
 */
fbchat_status fbchat_request_cancel(fbchat_client *client,
                                    fbchat_request request);

/**
 * Says what an event tells.
 *
 * @param event  the event
 * @return a FBCHAT_EVENT_ number; 0 for NULL
 *
 * Ownership: nothing changes hands.
 * Threads: any, one at a time for one event.
 * Since: 0.1
 */
fbchat_kind fbchat_event_kind(const fbchat_event *event);

/**
 * Says whose event it is.
 *
 * @param event  the event
 * @return the session; 0 for NULL
 *
 * Ownership: nothing changes hands.
 * Threads: any, one at a time for one event.
 * Since: 0.1
 */
fbchat_session fbchat_event_session(const fbchat_event *event);

/**
 * Says which request an event answers.
 *
 * @param event  the event
 * @return the request; 0 if it answers none, or for NULL
 *
 * Ownership: nothing changes hands.
 * Threads: any, one at a time for one event.
 * Since: 0.1
 */
fbchat_request fbchat_event_request(const fbchat_event *event);

/**
 * Says why something failed.
 *
 * @param event  the event
 * @return FBCHAT_OK if the event tells of no failure, else why; FBCHAT_ERR_NULL for NULL
 *
 * Ownership: nothing changes hands.
 * Threads: any, one at a time for one event.
 * Since: 0.1
 */
fbchat_status fbchat_event_status(const fbchat_event *event);

/**
 * Gives back what was given to fbchat_session_open.
 *
 * @param event  the event
 * @return the pointer; NULL for NULL
 *
 * Ownership: the host's own.
 * Threads: any, one at a time for one event.
 * Since: 0.1
 */
void *fbchat_event_user_data(const fbchat_event *event);

/**
 * Counts the items of an event.
 *
 * @param event  the event
 * @return how many items there are: any number for a list, 1 for other events, 0 for NULL
 *
 * Ownership: nothing changes hands.
 * Threads: any, one at a time for one event.
 * Since: 0.1
 */
size_t fbchat_event_count(const fbchat_event *event);

/**
 * Reads an integer field.
 *
 * @param event  the event
 * @param item   which item, from 0
 * @param field  a FBCHAT_FIELD_ number
 * @param value  out: the integer
 * @return FBCHAT_OK; FBCHAT_ERR_NULL; FBCHAT_ERR_ARGUMENT if there is no such item; FBCHAT_ERR_KEY if this kind of event
 *         has no such field, or it is a string
 *
 * Ownership: nothing changes hands.
 * Threads: any, one at a time for one event.
 * Since: 0.1
 */
fbchat_status fbchat_event_int(const fbchat_event *event,
                               size_t item,
                               fbchat_field field,
                               int64_t *value);

/**
 * Reads the number of a user.
 *
 * @param event  the event
 * @param item   which item, from 0
 * @param field  a FBCHAT_FIELD_ number
 * @return the user's number; 0 if this kind of event has no such field, or it is no user, which fbchat_last_error then says
 *
 * Ownership: nothing changes hands.
 * Threads: any, one at a time for one event.
 * Since: 0.1
 */
fbchat_uid fbchat_event_uid(const fbchat_event *event,
                            size_t item,
                            fbchat_field field);

/**
 * Reads a string field.
 *
 * @param event  the event
 * @param item   which item, from 0
 * @param field  a FBCHAT_FIELD_ number
 * @param len    out: its length in bytes without the NUL; may be NULL
 * @return UTF-8, NUL-terminated; NULL if it is absent or there is no such field, which fbchat_last_error then says
 *
 * Ownership: borrowed; valid until fbchat_event_free.
 * Threads: any, one at a time for one event.
 * Since: 0.1
 */
const char *fbchat_event_str(const fbchat_event *event,
                             size_t item,
                             fbchat_field field,
                             size_t *len);

/**
 * Reads a field of bytes, or a string field.
 *
 * @param event  the event
 * @param item   which item, from 0
 * @param field  a FBCHAT_FIELD_ number
 * @param len    out: its length in bytes; may be NULL
 * @return the bytes; NULL if it is absent or there is no such field, which fbchat_last_error then says
 *
 * Ownership: borrowed; valid until fbchat_event_free.
 * Threads: any, one at a time for one event.
 * Since: 0.1
 */
const void *fbchat_event_bytes(const fbchat_event *event,
                               size_t item,
                               fbchat_field field,
                               size_t *len);

/**
 * Frees an event with all that was borrowed from it.
 *
 * @param event  the event; NULL is harmless
 *
 * Ownership: taken.
 * Threads: any, also after fbchat_client_free.
 * Since: 0.1
 */
void fbchat_event_free(fbchat_event *event);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* FBCHAT_H */
