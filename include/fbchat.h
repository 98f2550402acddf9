/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file fbchat.h
 * Facebook Chat of 2008 (web login, Comet long-poll, JSON) for C, C++ and Objective-C programs.
 *
 * For Unix, that is Linux and macOS: fbchat_client_fd gives a Unix descriptor. Windows is not supported yet; a port is planned.
 *
 * Contents
 * --------
 *
 *     Handles and numbers
 *         fbchat_client  fbchat_config  fbchat_event  fbchat_session  fbchat_request  fbchat_uid  fbchat_status
 *         fbchat_kind  fbchat_field  fbchat_config_key  fbchat_log_fn
 *     Library, statuses and texts
 *         enum fbchat_statuses  fbchat_version  fbchat_abi_version  fbchat_has_feature  fbchat_status_name
 *         fbchat_last_error  fbchat_message_part
 *     Configurations
 *         enum fbchat_config_keys  enum fbchat_log_levels  fbchat_config_new  fbchat_config_set_str
 *         fbchat_config_set_int  fbchat_config_set_log  fbchat_config_free
 *     Clients
 *         fbchat_client_new  fbchat_client_fd  fbchat_client_poll  fbchat_client_wake  fbchat_client_network_changed
 *         fbchat_client_free
 *     Sessions
 *         fbchat_session_open  fbchat_session_login  fbchat_session_resume  fbchat_session_get_saved_session
 *         fbchat_session_register  fbchat_session_logout  fbchat_session_close
 *     Requests
 *         fbchat_request_wait  fbchat_request_cancel
 *     Messages and notifications
 *         enum fbchat_message_flags  enum fbchat_notification_kinds  fbchat_session_send  fbchat_session_set_typing
 *         fbchat_session_request_history  fbchat_session_mark_read  fbchat_session_request_notifications
 *     Buddies and other people
 *         enum fbchat_friend_actions  enum fbchat_relations  fbchat_session_get_buddy_list
 *         fbchat_session_request_buddy_list  fbchat_session_change_friendship  fbchat_session_poke
 *         fbchat_session_block  fbchat_session_request_blocked  fbchat_session_request_search
 *         fbchat_session_request_profile  fbchat_session_request_picture
 *     Group conversations
 *         enum fbchat_group_actions  enum fbchat_group_notices  fbchat_session_get_group
 *         fbchat_session_request_groups  fbchat_session_create_group  fbchat_session_change_group
 *         fbchat_session_rename_group
 *     Files and pictures in messages
 *         enum fbchat_file_kinds  fbchat_session_upload  fbchat_session_upload_fd  fbchat_session_send_file
 *         fbchat_session_download  fbchat_session_download_fd
 *     The user's account
 *         enum fbchat_presences  fbchat_session_set_presence  fbchat_session_set_status_text
 *         fbchat_session_set_picture  fbchat_session_set_name  fbchat_session_set_password
 *     Events
 *         enum fbchat_event_kinds  enum fbchat_fields  enum fbchat_connection_states  enum fbchat_features
 *         enum fbchat_certificate_problems  fbchat_event_kind  fbchat_event_session  fbchat_event_request
 *         fbchat_event_status  fbchat_event_user_data  fbchat_event_count  fbchat_event_int  fbchat_event_uid
 *         fbchat_event_str  fbchat_event_bytes  fbchat_event_free
 *
 * A first program
 * ---------------
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
 *         int over = 0;
 *         switch (fbchat_event_kind(event)) {
 *         case FBCHAT_EVENT_MESSAGE:                       // 5. answer
 *             puts(fbchat_event_str(event, 0, FBCHAT_FIELD_TEXT, NULL));
 *             fbchat_session_send(client, me, fbchat_event_uid(event, 0, FBCHAT_FIELD_FROM), "Bye!", NULL);
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
 * Compile it with: cc chat.c $(pkg-config --cflags --libs fbchat). Complete programs in C, C++, Objective-C and Python are in
 * examples/.
 *
 * How it works
 * ------------
 *
 * A client owns one worker thread, which runs any number of sessions (logins). Calls check their arguments, queue the work and
 * return at once; results arrive as events, which the program takes with fbchat_client_poll. The library calls the program
 * only through the log callback, inside a poll.
 *
 * A program with a main loop watches fbchat_client_fd for reading. When it is readable, the program polls with timeout 0 until
 * FBCHAT_NO_EVENT.
 *
 * Names say what a call does: `request_` asks the server, and an event answers; `get_` returns what is already known; `set_`
 * changes a setting or how the user appears. Comments name kinds of events and fields without FBCHAT_EVENT_ and FBCHAT_FIELD_:
 * CLOSED, REASON.
 *
 * To shut down, in this order:
 *
 * 1. fbchat_session_logout for each session that is to end on the server.
 * 2. Take events until CLOSED of each; or do not wait, and call fbchat_session_close.
 * 3. Stop the other threads that use the client; each fbchat_client_wake ends one poll.
 * 4. fbchat_client_free, once. A program in a hurry may start here.
 *
 * Conventions
 * -----------
 *
 * Each function is described as far as it differs from these rules.
 *
 * **Statuses.** A call that fails returns a negative fbchat_status or, where its comment says so, NULL, 0 or -1.
 * fbchat_last_error then has a sentence for people, fbchat_status_name the name of the constant. These statuses are not
 * repeated at each function:
 *
 *     FBCHAT_ERR_NULL        a required pointer is NULL
 *     FBCHAT_ERR_UTF8        a string is not valid UTF-8
 *     FBCHAT_ERR_FORKED      the handle belongs to the parent process
 *     FBCHAT_ERR_CLOSED      the client is freed, or being freed
 *     FBCHAT_ERR_NO_SESSION  calls with a session: it is over, or was never opened
 *     FBCHAT_ERR_STATE       calls with "a session that is logged in": before LOGGED_IN
 *     FBCHAT_ERR_QUEUE_FULL  calls that ask or tell the server something: 256 requests are unanswered, or 4096 messages, or
 *                            messages of 1 MiB; these are to be answered first, all of them, since the order counts.
 *                            Also if 64 uploads and downloads are unanswered, or uploads of 64 MiB from memory
 *     FBCHAT_ERR_PANIC       a bug in the library
 *
 * **Failures.** A failure after a call has returned arrives as an event: fbchat_event_status gives the reason, and
 * FBCHAT_FIELD_REASON a sentence for people. A broken connection is not a failure: the session reconnects by itself, reports it
 * with CONNECTION events, and misses nothing.
 *
 * **Requests.** A request that was accepted (FBCHAT_OK) is answered by exactly one event, unless its session is closed or its
 * client freed. Requests without an event of their own are answered by DONE. FBCHAT_ERR_OUTCOME_UNKNOWN in FAILED means that a
 * message may have been delivered all the same: let the user decide whether to send it again. PROGRESS names a request, too, but
 * answers none.
 *
 * **Features.** Servers differ. FBCHAT_FIELD_FEATURES of LOGGED_IN tells what a server offers; everything without a flag is
 * offered by all. A request for something else is answered by FAILED with FBCHAT_ERR_UNSUPPORTED.
 *
 * **Ownership.** Strings and bytes passed in are copied before the call returns. Strings are UTF-8 that ends in NUL; a zero
 * character from the network becomes U+FFFD. Strings given out are static, or borrowed from an event until fbchat_event_free;
 * none is freed by the program. Only configurations, clients and events have a function that frees them. A result given out by
 * pointer ("out:") is NULL or 0 after a failure.
 *
 * **Handles.** Handles of clients and configurations are checked: NULL, a freed one or a foreign pointer gives a status and does
 * no harm. Sessions and requests are numbers, never reused and checked too. Events are plain memory and must not be used once
 * freed.
 *
 * **Threads.** Every function may be called from any thread at any time, with these exceptions: a configuration and an event
 * are used by one thread at a time, and fbchat_client_free is the last call on its client. fbchat_last_error is separate for
 * each thread. Nothing may be called in a signal handler. The worker thread blocks all signals. All descriptors are
 * close-on-exec. After fork() the child must not use handles of its parent; it may make a client of its own. docs/threads.md has
 * the details.
 *
 * **Versions.** Everything here exists since 0.1, unless its comment says "Since:". Later versions add functions, kinds of
 * events, fields, statuses and settings; numbers never change. Ignore numbers that you do not know. docs/abi.md has the rules.
 *
 * Generated by `make header` from src/ffi: change it there.
 */

#ifndef FBCHAT_H
#define FBCHAT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup types Handles and numbers
 *
 * Clients, configurations and events are opaque; sessions, requests and users are numbers. Statuses, kinds of events, fields
 * and settings travel as int32_t, and the enums below name their values.
 * @{
 */

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
 * A session, which is one login; 0 = none. Numbers are never reused, so a stale one gives FBCHAT_ERR_NO_SESSION.
 */
typedef uint64_t fbchat_session;

/**
 * A request to the server; 0 = none. Numbers are never reused. The event that answers the request carries its number.
 */
typedef uint64_t fbchat_request;

/**
 * A user's number, or that of a group, which is no user's; 0 = nobody.
 */
typedef uint64_t fbchat_uid;

/**
 * One of the fbchat_statuses.
 */
typedef int32_t fbchat_status;

/**
 * The kind of an event, one of the fbchat_event_kinds.
 */
typedef int32_t fbchat_kind;

/**
 * A field of an event, one of the fbchat_fields.
 */
typedef int32_t fbchat_field;

/**
 * A setting, one of the fbchat_config_keys.
 */
typedef int32_t fbchat_config_key;

/**
 * Takes a line of the log: the pointer given to fbchat_config_set_log, one of the fbchat_log_levels, and the line (UTF-8,
 * valid during the call only).
 *
 * Called only inside fbchat_client_poll and fbchat_request_wait, on the thread that calls them. It may call the library.
 * It must not throw.
 */
typedef void (*fbchat_log_fn)(void *user, int32_t level, const char *line);

/** @} */

/**
 * @defgroup status Library, statuses and texts
 *
 * The version of the loaded library, what a status or the last failed call means, and splitting a long text into messages.
 * @{
 */

/**
 * The outcome of a call, a request or a session: 0 and above is no failure.
 *
 * The numbers come in blocks: -101 mistakes of the caller, -201 network, -301 account, -401 protocol,
 * -501 cancelled, -901 this library. Treat a number that you do not know by its block.
 */
enum fbchat_statuses {
    /** Success. */
    FBCHAT_OK = 0,
    /** No event arrived within the timeout. */
    FBCHAT_NO_EVENT = 1,
    /** The poll was ended by fbchat_client_wake. */
    FBCHAT_WOKEN = 2,
    /** A required pointer is NULL. */
    FBCHAT_ERR_NULL = -101,
    /** A string is not valid UTF-8. */
    FBCHAT_ERR_UTF8 = -102,
    /** An argument has a value that is not allowed. */
    FBCHAT_ERR_ARGUMENT = -103,
    /** No setting or field has this number, or its value has another type. */
    FBCHAT_ERR_KEY = -104,
    /** This client has no such session: it was never opened, or it is over. */
    FBCHAT_ERR_NO_SESSION = -105,
    /** The session is not in a state for this call, such as sending before login or a second login. */
    FBCHAT_ERR_STATE = -106,
    /** Too many requests are unanswered. */
    FBCHAT_ERR_QUEUE_FULL = -107,
    /** The handle belongs to the parent process; a child makes a client of its own after fork. */
    FBCHAT_ERR_FORKED = -108,
    /** The client was freed, or is being freed. */
    FBCHAT_ERR_CLOSED = -109,
    /** The server is on another machine and its address is plain HTTP, which would expose the password. */
    FBCHAT_ERR_INSECURE = -110,
    /** There is no such request, or its answer was already taken. */
    FBCHAT_ERR_NO_REQUEST = -111,
    /** A descriptor of the program cannot be read, written or watched. */
    FBCHAT_ERR_DESCRIPTOR = -112,
    /** The server's name could not be resolved. */
    FBCHAT_ERR_DNS = -201,
    /** The server could not be connected to. */
    FBCHAT_ERR_CONNECT = -202,
    /** The TLS handshake or the check of the certificate failed. */
    FBCHAT_ERR_TLS = -203,
    /** The server did not answer in time. */
    FBCHAT_ERR_TIMEOUT = -204,
    /** The connection broke. */
    FBCHAT_ERR_IO = -205,
    /** The server answered with an HTTP error. */
    FBCHAT_ERR_HTTP = -206,
    /** The e-mail address or the password is wrong. */
    FBCHAT_ERR_CREDENTIALS = -301,
    /** The server wants a person in a browser (captcha, checkpoint). */
    FBCHAT_ERR_CHALLENGE = -302,
    /** The session was ended by the server, or from elsewhere. */
    FBCHAT_ERR_LOGGED_OUT = -303,
    /** Too many messages or attempts; try again later. */
    FBCHAT_ERR_RATE_LIMITED = -304,
    /** The server refused the request. */
    FBCHAT_ERR_REFUSED = -305,
    /** The message is longer, or the file larger, than the server or the call allows. */
    FBCHAT_ERR_TOO_LONG = -306,
    /** The recipient is offline or not a friend. */
    FBCHAT_ERR_RECIPIENT_OFFLINE = -307,
    /** The server does not offer this; see FBCHAT_FIELD_FEATURES. */
    FBCHAT_ERR_UNSUPPORTED = -308,
    /** The server does not have the file any more. */
    FBCHAT_ERR_GONE = -309,
    /** The answer could not be understood. */
    FBCHAT_ERR_BAD_REPLY = -401,
    /** The server is not an fbchat server, or speaks an unknown dialect. */
    FBCHAT_ERR_SERVER_CHANGED = -402,
    /** The request may or may not have been carried out. */
    FBCHAT_ERR_OUTCOME_UNKNOWN = -403,
    /** The request was cancelled by the program, or by the end of its session. */
    FBCHAT_ERR_CANCELLED = -501,
    /**
     * The message was not sent before its session ended. It is in the last saved session, and is sent when that is used.
     */
    FBCHAT_ERR_KEPT = -502,
    /** A bug in this library, contained at its border. */
    FBCHAT_ERR_PANIC = -901,
    /** Out of descriptors, threads or memory. */
    FBCHAT_ERR_RESOURCES = -902,
    /** A bug in this library. */
    FBCHAT_ERR_INTERNAL = -903
};

/**
 * Counts the incompatible changes of this interface. It is also the number in the name libfbchat.so.N.
 */
#define FBCHAT_ABI_VERSION 0

/**
 * Gives the version of the loaded library.
 *
 * @return the version, like "0.1.0"; static text
 */
const char *fbchat_version(void);

/**
 * Gives the ABI version of the loaded library, for programs that load it at run time.
 *
 * @return a number; if it differs from FBCHAT_ABI_VERSION, the program must not call anything else
 */
uint32_t fbchat_abi_version(void);

/**
 * Tells whether the loaded library was built with a feature.
 *
 * @param name  the feature: "tls" (https servers), provided by "rustls" or by "native-tls" (the system's library); "pin"
 *              (FBCHAT_CONFIG_PIN_SHA256, FBCHAT_FIELD_CERTIFICATE_SHA256), only with rustls
 * @return 1 if it has the feature; 0 if not, if the name is unknown, or for NULL
 */
int32_t fbchat_has_feature(const char *name);

/**
 * Gives the name of a status, for logs and bug reports.
 *
 * @param status  any number
 * @return the name of its constant, like "FBCHAT_ERR_DNS"; "FBCHAT_ERR_UNKNOWN" for other numbers; static text
 */
const char *fbchat_status_name(fbchat_status status);

/**
 * Says in one sentence, meant for people, why this thread's last call failed.
 *
 * Calls that return no status change it only if they fail.
 *
 * @return the sentence, valid until this thread's next call into the library; "" if the last call did not fail
 */
const char *fbchat_last_error(void);

/**
 * Measures how much of a long text fits into one message; call it again with the rest.
 *
 * The cut is between two words where possible, and never inside what people see as one character (a letter with accents,
 * a flag, an emoji of several code points), unless that alone exceeds the limit.
 *
 * @param text   the text
 * @param limit  the greatest length of a message in characters, FBCHAT_FIELD_MESSAGE_LIMIT; 1 or more
 * @param len    out: the length of the part in bytes; the whole length if everything fits
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a limit below 1
 */
fbchat_status fbchat_message_part(const char *text,
                                  int64_t limit,
                                  size_t *len);

/** @} */

/**
 * @defgroup config Configurations
 *
 * A configuration says where the server is and how to reach it. Clients and sessions copy what they need from it.
 * @{
 */

/**
 * Settings. The type says what sets them: str fbchat_config_set_str, int fbchat_config_set_int. For strings, "" restores the
 * default.
 */
enum fbchat_config_keys {
    /** str: the server's address, like "https://chat.example.org". Default "http://127.0.0.1:8080"; "" is refused. */
    FBCHAT_CONFIG_SERVER = 1,
    /** int: 1 = allow plain HTTP to another machine, which exposes the password. Default 0. */
    FBCHAT_CONFIG_ALLOW_INSECURE = 2,
    /**
     * int, 100 to 1000000: how many events may wait before sessions are slowed down. Read by fbchat_client_new only.
     * Default 10000.
     */
    FBCHAT_CONFIG_QUEUE_LIMIT = 3,
    /**
     * str: the proxy, as `KIND://HOST:PORT`, with `USER:PASSWORD` and `@` before HOST if it wants a login. Default: none.
     *
     * KIND is http (CONNECT for https servers, plain requests for http servers), socks4, socks4a, socks5 or socks5h. With
     * http, socks4a and socks5h only the proxy looks up the server's name: use socks5h for Tor. SOCKS 4 has no passwords.
     * "environment" takes what http_proxy, https_proxy, all_proxy and no_proxy say during fbchat_config_set_str; otherwise
     * the environment is never read. Behind a proxy, every http server counts as on another machine
     * (FBCHAT_CONFIG_ALLOW_INSECURE).
     */
    FBCHAT_CONFIG_PROXY = 4,
    /**
     * str: a PEM file of certificates to trust besides the system's, read during fbchat_config_set_str. Default: none.
     */
    FBCHAT_CONFIG_CA_FILE = 5,
    /**
     * str: the SHA-256 of the only certificate (DER) to trust, in hexadecimal (colons allowed) or base64. Default: none.
     *
     * The server must present exactly this one; its issuer, names and dates are ignored, and no other certificate is
     * trusted. FBCHAT_FIELD_CERTIFICATE_SHA256 gives the value to set. Only with the feature "pin" (fbchat_has_feature).
     */
    FBCHAT_CONFIG_PIN_SHA256 = 6,
    /**
     * int, 1000 to 120000: the time limit for connecting to the server, in milliseconds, including proxy and TLS. Default
     * 15000.
     */
    FBCHAT_CONFIG_CONNECT_TIMEOUT_MS = 7,
    /**
     * int, 1000 to 120000: the time limit for an answer, in milliseconds, including connecting. The long-poll has a limit
     * of its own. Default 30000.
     */
    FBCHAT_CONFIG_REQUEST_TIMEOUT_MS = 8,
    /**
     * str: the User-Agent, 1 to 256 ASCII characters. Servers of 2008 want one that looks like a browser. Default
     * "Mozilla/5.0 (compatible; fbchat/VERSION)".
     */
    FBCHAT_CONFIG_USER_AGENT = 9,
    /**
     * int: after login, appear as active (1), which is the ACTIVE flag of the long-poll, or as idle (0); later
     * fbchat_session_set_presence changes it. Default 1.
     */
    FBCHAT_CONFIG_ACTIVE = 10,
    /**
     * int, 1 to 1000: the greatest number of messages and notices in one answer of the server. A small number takes less
     * memory and more requests. Default: as many as the server offers.
     */
    FBCHAT_CONFIG_BATCH = 11,
    /**
     * str: FBCHAT_FIELD_SAVED_SESSION or FBCHAT_FIELD_UNSENT of an earlier session of the same user, for
     * fbchat_session_login: messages in it that were not sent are sent after the login. fbchat_session_resume does so
     * without this setting. Default: none.
     */
    FBCHAT_CONFIG_SAVED_SESSION = 12
};

/** The levels of the log. */
enum fbchat_log_levels {
    /** Something is broken. */
    FBCHAT_LOG_ERROR = 1,
    /** Something failed and is tried again. */
    FBCHAT_LOG_WARN = 2,
    /** Milestones of a session. */
    FBCHAT_LOG_INFO = 3,
    /** Every exchange with a server. */
    FBCHAT_LOG_DEBUG = 4,
    /** Everything. */
    FBCHAT_LOG_TRACE = 5
};

/**
 * Makes a configuration with all defaults.
 *
 * @param config  out: the configuration; free it with fbchat_config_free
 * @return FBCHAT_OK
 */
fbchat_status fbchat_config_new(fbchat_config **config);

/**
 * Sets a setting of type str.
 *
 * @param config  the configuration
 * @param key     FBCHAT_CONFIG_SERVER, _PROXY, _CA_FILE, _PIN_SHA256, _USER_AGENT or _SAVED_SESSION
 * @param value   the value, see the key
 * @return FBCHAT_OK; FBCHAT_ERR_KEY for another key; FBCHAT_ERR_ARGUMENT for a value that is not allowed (fbchat_last_error
 *         says why, in a sentence for people), or for a configuration that was freed
 */
fbchat_status fbchat_config_set_str(fbchat_config *config,
                                    fbchat_config_key key,
                                    const char *value);

/**
 * Sets a setting of type int.
 *
 * @param config  the configuration
 * @param key     FBCHAT_CONFIG_ALLOW_INSECURE, _QUEUE_LIMIT, _CONNECT_TIMEOUT_MS, _REQUEST_TIMEOUT_MS, _ACTIVE or _BATCH
 * @param value   the value, see the key
 * @return FBCHAT_OK; FBCHAT_ERR_KEY for another key; FBCHAT_ERR_ARGUMENT for a value out of range (fbchat_last_error names
 *         the range), or for a configuration that was freed
 */
fbchat_status fbchat_config_set_int(fbchat_config *config,
                                    fbchat_config_key key,
                                    int64_t value);

/**
 * Sets the callback for the log lines of a client; read by fbchat_client_new only.
 *
 * No line contains a message, an address, a cookie or a password.
 *
 * @param config    the configuration
 * @param level     the least important of the fbchat_log_levels that is wanted
 * @param callback  takes each line, on the thread that polls; NULL = no log
 * @param user      passed to each call of callback; it stays the program's and must be valid as long as the client
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for an unknown level, or for a configuration that was freed
 */
fbchat_status fbchat_config_set_log(fbchat_config *config,
                                    int32_t level,
                                    fbchat_log_fn callback,
                                    void *user);

/**
 * Frees a configuration; clients and sessions keep their own copies.
 *
 * @param config  the configuration, freed; NULL and a configuration that was freed before are ignored
 */
void fbchat_config_free(fbchat_config *config);

/** @} */

/**
 * @defgroup client Clients
 *
 * A client owns one worker thread, one queue of events and one descriptor to watch, for any number of sessions.
 * @{
 */

/**
 * Starts a client with its worker thread; it opens no connection yet.
 *
 * @param config  FBCHAT_CONFIG_QUEUE_LIMIT, the log, and the defaults for sessions; copied; NULL = all defaults
 * @param client  out: the client; free it with fbchat_client_free
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a configuration that was freed; FBCHAT_ERR_RESOURCES if there are no threads or
 *         descriptors left
 */
fbchat_status fbchat_client_new(const fbchat_config *config,
                                fbchat_client **client);

/**
 * Gives a descriptor that is readable while something waits for fbchat_client_poll.
 *
 * For poll(2), select, epoll and the main loops of all toolkits. When it is readable, call fbchat_client_poll with timeout 0
 * until it returns FBCHAT_NO_EVENT. Never read from it, write to it or close it.
 *
 * @param client  the client
 * @return the descriptor, which is the client's and valid until fbchat_client_free; -1 on failure
 */
int32_t fbchat_client_fd(const fbchat_client *client);

/**
 * Takes the next event of any session.
 *
 * Events of one session arrive in order; sessions take turns. The log callback runs inside this call. If several threads
 * poll, each event goes to one of them.
 *
 * @param client      the client
 * @param timeout_ms  how long to wait, in milliseconds; 0 = do not wait, -1 = no limit
 * @param event       out: the event, or NULL; free it with fbchat_event_free, at any time
 * @return FBCHAT_OK with an event; FBCHAT_NO_EVENT; FBCHAT_WOKEN after fbchat_client_wake; FBCHAT_ERR_ARGUMENT for a timeout
 *         below -1
 */
fbchat_status fbchat_client_poll(fbchat_client *client,
                                 int32_t timeout_ms,
                                 fbchat_event **event);

/**
 * Makes the current or the next fbchat_client_poll return FBCHAT_WOKEN; several calls before it count as one.
 *
 * Not for signal handlers.
 *
 * @param client  the client
 * @return FBCHAT_OK
 */
fbchat_status fbchat_client_wake(fbchat_client *client);

/**
 * Tells all sessions that the machine's network has changed, so that they reconnect at once.
 *
 * For programs that learn of such changes; it does no harm when nothing has changed. Without it, a session may notice only
 * after its long-poll has been silent for 90 s, or when the current wait before the next attempt is over.
 *
 * @param client  the client
 * @return FBCHAT_OK
 */
fbchat_status fbchat_client_network_changed(fbchat_client *client);

/**
 * Cancels everything, joins the worker thread and frees the client, within 250 ms (1 s with ten thousand sessions).
 *
 * Sessions that are still open are dropped without a logout, so that fbchat_session_resume can continue them. Pending
 * logouts, messages that are not sent yet, and the last read position of each session get 70 ms; what is not sent by then is
 * in the saved session (fbchat_session_get_saved_session, to be called before). A poll on another thread returns FBCHAT_ERR_CLOSED. If the
 * system hangs in a name lookup, its helper thread ends later by itself. Call it from any thread, once, as the last call on
 * this client.
 *
 * @param client  the client, freed; events taken from it stay valid; NULL and a client that was freed before are ignored
 */
void fbchat_client_free(fbchat_client *client);

/** @} */

/**
 * @defgroup session Sessions
 *
 * A session is one login: its connection, its messages and its requests. It ends with its CLOSED event or with
 * fbchat_session_close; a broken connection does not end it.
 * @{
 */

/**
 * Makes a session; it opens no connection yet.
 *
 * @param client     the client
 * @param config     the server and how to reach it; copied; NULL = the configuration of the client
 * @param user_data  stays the program's and comes back with every event of the session; may be NULL
 * @param session    out: the session, valid until fbchat_session_close or until its CLOSED event is taken
 * @return FBCHAT_OK; FBCHAT_ERR_INSECURE for plain HTTP to another machine without FBCHAT_CONFIG_ALLOW_INSECURE;
 *         FBCHAT_ERR_ARGUMENT for a configuration that was freed; FBCHAT_ERR_RESOURCES
 */
fbchat_status fbchat_session_open(fbchat_client *client,
                                  const fbchat_config *config,
                                  void *user_data,
                                  fbchat_session *session);

/**
 * Logs in.
 *
 * @param client    the client
 * @param session   a session without a login
 * @param email     the account's e-mail address or user name
 * @param password  the account's password; the copy is wiped when the session ends
 * @param request   out: answered by LOGGED_IN, LOGIN_FAILED or CHALLENGE; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a string that is empty or too long; FBCHAT_ERR_STATE if the session is logging in
 *         or logged in
 */
fbchat_status fbchat_session_login(fbchat_client *client,
                                   fbchat_session session,
                                   const char *email,
                                   const char *password,
                                   fbchat_request *request);

/**
 * Continues an earlier session without the password; what arrived in the meantime is delivered, in order.
 *
 * Messages that the earlier session accepted and did not settle are sent first, with the same ids, so that one that had
 * arrived all the same does not arrive twice. Their SENT and FAILED events have request 0.
 *
 * Messages taken after the SAVED_SESSION event was made are delivered again, with the same FBCHAT_FIELD_MESSAGE_ID. Two
 * sessions that are resumed from the same bytes receive the same messages.
 *
 * @param client   the client
 * @param session  a session without a login, opened with the same server
 * @param saved    FBCHAT_FIELD_SAVED_SESSION of the last SAVED_SESSION event; the copy is wiped once used
 * @param len      its length in bytes
 * @param request  out: answered by LOGGED_IN, or by LOGIN_FAILED (with FBCHAT_ERR_LOGGED_OUT if the server has ended the
 *                 session: log in with the password); may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for bytes that are not a saved session; FBCHAT_ERR_STATE if the session is logging in
 *         or logged in
 */
fbchat_status fbchat_session_resume(fbchat_client *client,
                                    fbchat_session session,
                                    const void *saved,
                                    size_t len,
                                    fbchat_request *request);

/**
 * Gives the saved session as it is now, without asking the server. To be called before a session is closed: unlike the last
 * SAVED_SESSION event, it has every message for which fbchat_session_send was called and that has no answer yet.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param event    out: a SAVED_SESSION event; free it with fbchat_event_free
 * @return FBCHAT_OK; FBCHAT_ERR_STATE before the first SAVED_SESSION event was made
 */
fbchat_status fbchat_session_get_saved_session(fbchat_client *client,
                                               fbchat_session session,
                                               fbchat_event **event);

/**
 * Creates an account on the server and logs in with it. The server decides who may register.
 *
 * @param client    the client
 * @param session   a session without a login
 * @param email     the e-mail address of the new account
 * @param password  its password; servers want 8 characters or more; the copy is wiped when the session ends
 * @param name      the name that others see
 * @param invite    the invitation, which is the part behind "invite=" in its link; wiped once used; NULL = none
 * @param request   out: answered by LOGGED_IN, LOGIN_FAILED or CHALLENGE; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a string that is empty or too long; FBCHAT_ERR_STATE if the session is logging in
 *         or logged in
 */
fbchat_status fbchat_session_register(fbchat_client *client,
                                      fbchat_session session,
                                      const char *email,
                                      const char *password,
                                      const char *name,
                                      const char *invite,
                                      fbchat_request *request);

/**
 * Logs out: tells the server that the session is over, once the messages are sent.
 *
 * The logout waits for as long as messages get through, so a program that cannot wait closes the session when its own time
 * is over. A message that was not sent fails with FBCHAT_ERR_KEPT. It is in the last SAVED_SESSION event, which comes before
 * CLOSED; give that to the next session with FBCHAT_CONFIG_SAVED_SESSION, since a session that was logged out cannot be
 * resumed.
 *
 * @param client   the client
 * @param session  a session that is logged in or logging in; it is gone once CLOSED is taken
 * @param request  out: answered by CLOSED, the session's last event; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_STATE without a login, or if a logout is pending
 */
fbchat_status fbchat_session_logout(fbchat_client *client,
                                    fbchat_session session,
                                    fbchat_request *request);

/**
 * Drops a session at once: its connections are cut, and no later poll returns an event of it, not even CLOSED.
 *
 * The user is not logged out, so fbchat_session_resume can continue the session. A logout requested before still reaches the
 * server: logout, then close, is the quickest way to leave.
 *
 * Messages that were accepted are still sent in the background, for two seconds at most and only while the client exists;
 * fbchat_client_free leaves them less than 0.1 s. To lose none, store what fbchat_session_get_saved_session gives before the
 * close, and pass it to the next session: to fbchat_session_resume, or as FBCHAT_CONFIG_SAVED_SESSION to a login.
 *
 * @param client   the client
 * @param session  the session; its user_data is not used again, except in events already taken
 * @return FBCHAT_OK
 */
fbchat_status fbchat_session_close(fbchat_client *client,
                                   fbchat_session session);

/** @} */

/**
 * @defgroup request Requests
 *
 * Calls that ask the server return at once and give a request. Exactly one event answers it.
 * @{
 */

/**
 * Waits for the event that answers a request, and leaves all others in the queue; for simple programs.
 *
 * The log callback runs inside this call. fbchat_client_wake does not end it. A thread that polls may take the answer first.
 *
 * @param client      the client
 * @param request     the request
 * @param timeout_ms  how long to wait, in milliseconds; 0 = do not wait, -1 = no limit
 * @param event       out: the event, or NULL; free it with fbchat_event_free, at any time
 * @return FBCHAT_OK with an event; FBCHAT_NO_EVENT; FBCHAT_ERR_ARGUMENT for a timeout below -1; FBCHAT_ERR_NO_REQUEST if the
 *         request was never made, or its answer was already taken; FBCHAT_ERR_NO_SESSION if its session is closed meanwhile
 */
fbchat_status fbchat_request_wait(fbchat_client *client,
                                  fbchat_request request,
                                  int32_t timeout_ms,
                                  fbchat_event **event);

/**
 * Cancels a request and drops the exchange with the server.
 *
 * The request is still answered: by FAILED or LOGIN_FAILED with FBCHAT_ERR_CANCELLED, by FBCHAT_ERR_OUTCOME_UNKNOWN if a
 * message may have been sent already, or by the answer that arrived just before. A logout is not stopped.
 *
 * @param client   the client
 * @param request  the request; unknown and answered ones are ignored
 * @return FBCHAT_OK
 */
fbchat_status fbchat_request_cancel(fbchat_client *client,
                                    fbchat_request request);

/** @} */

/**
 * @defgroup messages Messages and notifications
 *
 * Sending and reading messages, and what is unread. Messages arrive as MESSAGE events. The number of a group stands wherever that
 * of a user stands for a conversation.
 * @{
 */

/** Flags of a message; FBCHAT_FIELD_FLAGS is a sum of them. */
enum fbchat_message_flags {
    /** This user wrote the message: in another session or, in HISTORY, in any. */
    FBCHAT_MESSAGE_OWN = 1,
    /** The message arrives more than a minute after it was sent, or comes from history. */
    FBCHAT_MESSAGE_REPLAYED = 2
};

/** What a notification is about; the values of FBCHAT_FIELD_NOTIFICATION_KIND. */
enum fbchat_notification_kinds {
    /** A conversation with one person that has unread messages; UNREAD counts them. */
    FBCHAT_NOTIFICATION_MESSAGES = 1,
    /** A friend request. */
    FBCHAT_NOTIFICATION_FRIEND_REQUEST = 2,
    /** An accepted friend request. */
    FBCHAT_NOTIFICATION_FRIEND_ADDED = 3,
    /** A poke. */
    FBCHAT_NOTIFICATION_POKE = 4,
    /** A group that is not muted and has unread messages: UID is the group, NAME its name; UNREAD counts them. */
    FBCHAT_NOTIFICATION_GROUP = 5
};

/**
 * Sends a message. Messages of one session are delivered in the order of the calls.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param to       the recipient: a user or a group
 * @param message  plain text, not empty, of at most FBCHAT_FIELD_MESSAGE_LIMIT characters; see fbchat_message_part
 * @param request  out: answered exactly once, by SENT or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for an empty text or recipient 0; FBCHAT_ERR_TOO_LONG, with the limit in
 *         fbchat_last_error
 */
fbchat_status fbchat_session_send(fbchat_client *client,
                                  fbchat_session session,
                                  fbchat_uid to,
                                  const char *message,
                                  fbchat_request *request);

/**
 * Tells a friend or a group that the user is typing or has stopped; repeat it every 7 seconds while they type. Not answered.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param to       the friend or the group
 * @param typing   1 = typing, 0 = stopped
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for friend 0 or another value of typing
 */
fbchat_status fbchat_session_set_typing(fbchat_client *client,
                                        fbchat_session session,
                                        fbchat_uid to,
                                        int32_t typing);

/**
 * Requests messages of one conversation, in both directions.
 *
 * One answer holds at most 1,000 messages or a few MiB of text, and FBCHAT_FIELD_MORE tells whether there are more. To
 * continue, call again with the TIME_MS of the last message.
 *
 * @param client    the client
 * @param session   a session that is logged in
 * @param with      the other side of the conversation: a user or a group
 * @param since_ms  0 = the most recent messages, up to 100; else the messages that the server accepted after this time, in
 *                  milliseconds since 1970 UTC, oldest first (1 = from the beginning)
 * @param request   out: answered by HISTORY or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for user 0 or a negative time
 */
fbchat_status fbchat_session_request_history(fbchat_client *client,
                                             fbchat_session session,
                                             fbchat_uid with,
                                             int64_t since_ms,
                                             fbchat_request *request);

/**
 * Marks a conversation, or the notifications, as read. Not answered.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param with     the other side of the conversation, a user or a group; 0 = the notifications
 * @return FBCHAT_OK
 */
fbchat_status fbchat_session_mark_read(fbchat_client *client,
                                       fbchat_session session,
                                       fbchat_uid with);

/**
 * Requests what is unread: conversations, groups, friend requests, pokes.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param request  out: answered by NOTIFICATIONS or FAILED; may be NULL
 * @return FBCHAT_OK
 */
fbchat_status fbchat_session_request_notifications(fbchat_client *client,
                                                   fbchat_session session,
                                                   fbchat_request *request);

/** @} */

/**
 * @defgroup people Buddies and other people
 *
 * The buddy list, friendships, and other people. What others do arrives unasked: changes of buddies as PRESENCE, new and ended
 * friendships as FRIEND and BUDDY_LIST, FRIEND_REQUEST and POKE, and as BLOCK whom the user has blocked in any session.
 * @{
 */

/** What fbchat_session_change_friendship does; two of them are the values of FBCHAT_FIELD_FRIEND_ACTION. */
enum fbchat_friend_actions {
    /** Send a friend request. */
    FBCHAT_FRIEND_REQUEST = 1,
    /** Accept a friend request. */
    FBCHAT_FRIEND_ACCEPT = 2,
    /** Decline a friend request; the sender is not told. */
    FBCHAT_FRIEND_DECLINE = 3,
    /** End the friendship, for both. */
    FBCHAT_FRIEND_REMOVE = 4
};

/** How somebody is related to this user; the values of FBCHAT_FIELD_RELATION. */
enum fbchat_relations {
    /** A stranger, or the server does not say. */
    FBCHAT_RELATION_NONE = 0,
    /** The user themselves. */
    FBCHAT_RELATION_SELF = 1,
    /** A friend. */
    FBCHAT_RELATION_FRIEND = 2,
    /** The user has sent this person a friend request, which is not answered yet. */
    FBCHAT_RELATION_SENT = 3,
    /** This person has sent a friend request and waits for the user's answer. */
    FBCHAT_RELATION_RECEIVED = 4
};

/**
 * Gives the buddy list as last received, without asking the server.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param event    out: a BUDDY_LIST event with request 0; free it with fbchat_event_free
 * @return FBCHAT_OK; FBCHAT_ERR_STATE before the first list has arrived
 */
fbchat_status fbchat_session_get_buddy_list(fbchat_client *client,
                                            fbchat_session session,
                                            fbchat_event **event);

/**
 * Requests the buddy list from the server.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param request  out: answered by BUDDY_LIST or FAILED; may be NULL
 * @return FBCHAT_OK
 */
fbchat_status fbchat_session_request_buddy_list(fbchat_client *client,
                                                fbchat_session session,
                                                fbchat_request *request);

/**
 * Sends a friend request, answers one, or ends a friendship. The buddy lists of both users change accordingly.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param uid      the other user
 * @param action   one of the fbchat_friend_actions
 * @param message  text that goes with FBCHAT_FRIEND_REQUEST, NULL = none; must be NULL for other actions
 * @param request  out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for user 0, an unknown action, or a message that is too long or not allowed
 */
fbchat_status fbchat_session_change_friendship(fbchat_client *client,
                                               fbchat_session session,
                                               fbchat_uid uid,
                                               int32_t action,
                                               const char *message,
                                               fbchat_request *request);

/**
 * Pokes a friend: once a day, or until they poke back.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param uid      the friend
 * @param request  out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for user 0
 */
fbchat_status fbchat_session_poke(fbchat_client *client,
                                  fbchat_session session,
                                  fbchat_uid uid,
                                  fbchat_request *request);

/**
 * Blocks or unblocks somebody. To those who are blocked the user is offline and cannot be reached; they are not told. A friendship
 * stays, so unblocking restores everything; a friend request of theirs that waits is declined.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param uid      the other user
 * @param blocked  1 = block, 0 = unblock
 * @param request  out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for user 0, or a value that is neither 0 nor 1
 */
fbchat_status fbchat_session_block(fbchat_client *client,
                                   fbchat_session session,
                                   fbchat_uid uid,
                                   int32_t blocked,
                                   fbchat_request *request);

/**
 * Requests those whom the user has blocked. BLOCK tells of later changes.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param request  out: answered by BLOCKED or FAILED; may be NULL
 * @return FBCHAT_OK
 */
fbchat_status fbchat_session_request_blocked(fbchat_client *client,
                                             fbchat_session session,
                                             fbchat_request *request);

/**
 * Searches for people.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param query    beginnings of names, or a complete e-mail address or user name
 * @param request  out: answered by SEARCH or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a query that is empty or too long
 */
fbchat_status fbchat_session_request_search(fbchat_client *client,
                                            fbchat_session session,
                                            const char *query,
                                            fbchat_request *request);

/**
 * Requests somebody's profile. The server tells strangers little.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param uid      any user, including the session's own
 * @param request  out: answered by PROFILE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for user 0
 */
fbchat_status fbchat_session_request_profile(fbchat_client *client,
                                             fbchat_session session,
                                             fbchat_uid uid,
                                             fbchat_request *request);

/**
 * Requests somebody's picture. It is unchanged as long as its FBCHAT_FIELD_PICTURE_HASH is.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param uid      any user, including the session's own
 * @param request  out: answered by PICTURE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for user 0
 */
fbchat_status fbchat_session_request_picture(fbchat_client *client,
                                             fbchat_session session,
                                             fbchat_uid uid,
                                             fbchat_request *request);

/** @} */

/**
 * @defgroup groups Group conversations
 *
 * Group conversations, on servers with FBCHAT_FEATURE_GROUPS. GROUP_LIST arrives after login and tells which groups there are, GROUP
 * when one is new, has changed or is gone. Messages of a group are MESSAGE events with GROUP, and sent and read with the calls for
 * messages; those with NOTICE tell what happened to the group. Leaving is the only way out of a group: messages arrive however the
 * program shows them.
 * @{
 */

/** What fbchat_session_change_group does. */
enum fbchat_group_actions {
    /** Add a friend of the user, who is a member at once. Every member can do this. */
    FBCHAT_GROUP_ADD = 1,
    /** Remove a member, as only the owner can. */
    FBCHAT_GROUP_REMOVE = 2,
    /** Leave. Servers may refuse for some days that anybody adds the user again. */
    FBCHAT_GROUP_LEAVE = 3,
    /** Note that the user does not want to be alerted of messages, for all their programs. Nobody else is told. */
    FBCHAT_GROUP_MUTE = 4,
    /** Undo FBCHAT_GROUP_MUTE. */
    FBCHAT_GROUP_UNMUTE = 5
};

/**
 * What a message of a group tells of the group, if nobody wrote it; the values of FBCHAT_FIELD_NOTICE. FROM has done it,
 * NOTICE_UIDS are those whom it concerns, and TEXT says all of it in a sentence. 0 is an ordinary message.
 */
enum fbchat_group_notices {
    /** The group was created, with these members. */
    FBCHAT_NOTICE_CREATED = 1,
    /** They were added. */
    FBCHAT_NOTICE_ADDED = 2,
    /** They were removed. */
    FBCHAT_NOTICE_REMOVED = 3,
    /** FROM has left. */
    FBCHAT_NOTICE_LEFT = 4,
    /** The group has a new name. */
    FBCHAT_NOTICE_RENAMED = 5,
    /** Something that this library does not know. */
    FBCHAT_NOTICE_OTHER = 6
};

/**
 * Gives a group with its members as last received, without asking the server.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param group    the group
 * @param event    out: a GROUP event with request 0; free it with fbchat_event_free
 * @return FBCHAT_OK; FBCHAT_ERR_STATE before the first list has arrived; FBCHAT_ERR_ARGUMENT if the user is in no such group, as
 *         far as the program was told
 */
fbchat_status fbchat_session_get_group(fbchat_client *client,
                                       fbchat_session session,
                                       fbchat_uid group,
                                       fbchat_event **event);

/**
 * Requests the groups from the server.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param request  out: answered by GROUP_LIST or FAILED; may be NULL
 * @return FBCHAT_OK
 */
fbchat_status fbchat_session_request_groups(fbchat_client *client,
                                            fbchat_session session,
                                            fbchat_request *request);

/**
 * Creates a group of the user and these friends, who are members at once. After FBCHAT_ERR_OUTCOME_UNKNOWN the same call with
 * the same create_id does not create a second one.
 *
 * @param client     the client
 * @param session    a session that is logged in
 * @param name       the name of the group, one line
 * @param members    uids of friends; NULL if there are none
 * @param count      their number
 * @param create_id  a number that is different for each group, at most 2^63 - 1; 0 = the library draws one
 * @param request    out: answered by GROUP or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a name that is empty or too long, more than 1000 members, user 0 among them, or a
 *         create_id out of range
 */
fbchat_status fbchat_session_create_group(fbchat_client *client,
                                          fbchat_session session,
                                          const char *name,
                                          const fbchat_uid *members,
                                          size_t count,
                                          uint64_t create_id,
                                          fbchat_request *request);

/**
 * Adds a friend to a group, removes a member, leaves, mutes or unmutes it.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param group    the group
 * @param action   one of the fbchat_group_actions
 * @param uid      whom to add or to remove; 0 for other actions
 * @param request  out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for group 0, an unknown action, or a uid that is missing or not allowed
 */
fbchat_status fbchat_session_change_group(fbchat_client *client,
                                          fbchat_session session,
                                          fbchat_uid group,
                                          int32_t action,
                                          fbchat_uid uid,
                                          fbchat_request *request);

/**
 * Gives a group another name.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param group    the group
 * @param name     the new name, one line
 * @param request  out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for group 0, or a name that is empty or too long
 */
fbchat_status fbchat_session_rename_group(fbchat_client *client,
                                          fbchat_session session,
                                          fbchat_uid group,
                                          const char *name,
                                          fbchat_request *request);

/** @} */

/**
 * @defgroup files Files and pictures in messages
 *
 * Files, including pictures, on servers with FBCHAT_FEATURE_FILES. A file is uploaded first, which returns its FILE_ID, and then sent
 * with a message. Received files are fields of MESSAGE and HISTORY: FILE_ID is for the downloads here, FILE_URL for the user.
 *
 * A session runs a few uploads and downloads at a time, and the others wait; they do not delay messages. They survive broken
 * connections, and PROGRESS reports how far they are. A descriptor is duplicated before the call returns, so the program may close
 * its own at once; the two share their position and their modes. Do not use the file before the answer has arrived.
 * @{
 */

/** What a file is; the values of FBCHAT_FIELD_FILE_KIND. */
enum fbchat_file_kinds {
    /** A picture, of which the server has a preview. */
    FBCHAT_FILE_PHOTO = 1,
    /** Any other file. */
    FBCHAT_FILE_OTHER = 2
};

/**
 * Uploads a file from memory.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param bytes    the file; copied before the call returns
 * @param len      its length: 1 byte to FBCHAT_FIELD_FILE_LIMIT
 * @param name     its name; directories in it are removed
 * @param request  out: answered by FILE or FAILED; may be NULL. PROGRESS comes first
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for an empty file, or a name that is empty or longer than 4096 bytes;
 *         FBCHAT_ERR_TOO_LONG for more than the limit, which is in fbchat_last_error
 */
fbchat_status fbchat_session_upload(fbchat_client *client,
                                    fbchat_session session,
                                    const void *bytes,
                                    size_t len,
                                    const char *name,
                                    fbchat_request *request);

/**
 * Uploads what can be read from a descriptor, from its current position to the end: a file, or a pipe or a socket.
 *
 * If the connection breaks, a file is sent again from that position; the position of the descriptor does not change. Pipes and sockets
 * cannot be read twice, so then the upload fails. A pipe or socket that delivers nothing delays only this upload, which
 * fails after a minute or two without progress; the server may end it earlier.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param fd       a descriptor that can be read; duplicated before the call returns
 * @param name     the file's name; directories in it are removed
 * @param request  out: answered by FILE or FAILED; may be NULL. PROGRESS comes first. FAILED has FBCHAT_ERR_DESCRIPTOR if the
 *                 descriptor cannot be read, or the file becomes shorter during the upload
 * @return FBCHAT_OK; FBCHAT_ERR_DESCRIPTOR if fd is not open or is a directory; FBCHAT_ERR_ARGUMENT for a file that is
 *         empty, or a name that is empty or longer than 4096 bytes; FBCHAT_ERR_TOO_LONG for a file of more than
 *         FBCHAT_FIELD_FILE_LIMIT bytes; FBCHAT_ERR_RESOURCES if no descriptor is left
 */
fbchat_status fbchat_session_upload_fd(fbchat_client *client,
                                       fbchat_session session,
                                       ptrdiff_t fd,
                                       const char *name,
                                       fbchat_request *request);

/**
 * Sends a message with a file, in order with those of fbchat_session_send.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param to       the recipient: a user or a group
 * @param file_id  the FILE_ID of FILE: only files that the user has uploaded can be sent, each any number of times
 * @param text     plain text, as for fbchat_session_send; may be empty or NULL
 * @param request  out: answered exactly once, by SENT or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for recipient 0 or if file_id is not a FILE_ID; FBCHAT_ERR_TOO_LONG, with the limit in
 *         fbchat_last_error
 */
fbchat_status fbchat_session_send_file(fbchat_client *client,
                                       fbchat_session session,
                                       fbchat_uid to,
                                       const char *file_id,
                                       const char *text,
                                       fbchat_request *request);

/**
 * Downloads a file, or the preview of a photo, into memory.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param file_id  the FILE_ID of a message, or of the user's own upload
 * @param preview  1 = a preview of at most 320 by 320 pixels, which only FBCHAT_FILE_PHOTO has; 0 = the file
 * @param limit    the maximum size in bytes, at most 8388608 (8 MiB); a larger file fails with FBCHAT_ERR_TOO_LONG
 * @param request  out: answered by FILE with CONTENT, or FAILED; may be NULL. PROGRESS comes first
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT if file_id is not a FILE_ID, or for another value of preview, or limit 0 or above 8 MiB
 */
fbchat_status fbchat_session_download(fbchat_client *client,
                                      fbchat_session session,
                                      const char *file_id,
                                      int32_t preview,
                                      size_t limit,
                                      fbchat_request *request);

/**
 * Downloads a file and writes it to a descriptor, in order from its current position: a file, or a pipe or a socket.
 *
 * After a broken connection the download continues where it stopped. After FAILED the descriptor has received the beginning of the
 * file, or nothing: remove or truncate what was written. Write to a new file and rename it once DONE has arrived, so that
 * an incomplete file is not mistaken for the whole.
 *
 * A pipe or socket with a slow reader delays only this download, which fails after a minute or two
 * without progress.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param file_id  the FILE_ID of a message, or of the user's own upload
 * @param fd       a descriptor that can be written; duplicated before the call returns
 * @param request  out: answered by DONE or FAILED; may be NULL. PROGRESS comes first. FAILED has FBCHAT_ERR_DESCRIPTOR if the
 *                 descriptor cannot be written, for instance because the disk is full
 * @return FBCHAT_OK; FBCHAT_ERR_DESCRIPTOR if fd is not open; FBCHAT_ERR_ARGUMENT if file_id is not a FILE_ID;
 *         FBCHAT_ERR_RESOURCES if no descriptor is left
 */
fbchat_status fbchat_session_download_fd(fbchat_client *client,
                                         fbchat_session session,
                                         const char *file_id,
                                         ptrdiff_t fd,
                                         fbchat_request *request);

/** @} */

/**
 * @defgroup account The user's account
 *
 * What the user shows to others, and their password. Friends see changes at once.
 * @{
 */

/** How a user is shown; the values of FBCHAT_FIELD_PRESENCE and of fbchat_session_set_presence. */
enum fbchat_presences {
    /** Not connected, or invisible; only in events. */
    FBCHAT_PRESENCE_OFFLINE = 0,
    /** Connected, but not at the keyboard. */
    FBCHAT_PRESENCE_IDLE = 1,
    /** Connected and at the keyboard. */
    FBCHAT_PRESENCE_ACTIVE = 2,
    /** Connected, but shown as offline; only for fbchat_session_set_presence. */
    FBCHAT_PRESENCE_INVISIBLE = 3
};

/**
 * Shows the user to friends as active, idle or invisible; before login, chooses how the user appears. Not answered.
 *
 * @param client    the client
 * @param session   a session, logged in or not
 * @param presence  FBCHAT_PRESENCE_ACTIVE, FBCHAT_PRESENCE_IDLE or FBCHAT_PRESENCE_INVISIBLE
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for another value
 */
fbchat_status fbchat_session_set_presence(fbchat_client *client,
                                          fbchat_session session,
                                          int32_t presence);

/**
 * Sets or removes the user's status line.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param message  the status line, one line of plain text; NULL or "" = none
 * @param request  out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for more than 64 KiB
 */
fbchat_status fbchat_session_set_status_text(fbchat_client *client,
                                             fbchat_session session,
                                             const char *message,
                                             fbchat_request *request);

/**
 * Sets or removes the user's picture.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param bytes    a PNG, JPEG or GIF file; NULL with len 0 = no picture
 * @param len      its length in bytes; most servers accept 1 MiB, and this call at most 8 MiB
 * @param request  out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_NULL for NULL with another len; FBCHAT_ERR_ARGUMENT for a picture that is empty or too long
 */
fbchat_status fbchat_session_set_picture(fbchat_client *client,
                                         fbchat_session session,
                                         const void *bytes,
                                         size_t len,
                                         fbchat_request *request);

/**
 * Changes the name that others see.
 *
 * @param client   the client
 * @param session  a session that is logged in
 * @param name     the new name; servers want one line of 1 to 100 characters
 * @param request  out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a name that is empty or too long
 */
fbchat_status fbchat_session_set_name(fbchat_client *client,
                                      fbchat_session session,
                                      const char *name,
                                      fbchat_request *request);

/**
 * Changes the account's password. All other sessions of the account end.
 *
 * @param client        the client
 * @param session       a session that is logged in
 * @param old_password  the current password; the copy is wiped once used
 * @param new_password  the new password; servers want 8 characters or more; the copy is wiped when the session ends
 * @param request       out: answered by DONE or FAILED; may be NULL
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a string that is empty or too long
 */
fbchat_status fbchat_session_set_password(fbchat_client *client,
                                          fbchat_session session,
                                          const char *old_password,
                                          const char *new_password,
                                          fbchat_request *request);

/** @} */

/**
 * @defgroup event Events
 *
 * An event is taken with fbchat_client_poll, read field by field, and freed with fbchat_event_free. One thread at a time may
 * use an event.
 * @{
 */

/**
 * What an event says. Ignore kinds that you do not know.
 *
 * In the lists, the type of a field says what reads it: uid fbchat_event_uid, int fbchat_event_int, str fbchat_event_str,
 * bytes fbchat_event_bytes. `?` means that the field may be absent: the call then returns NULL. `*` marks a field of the
 * whole event, whatever the item. Events with "items" are lists: fbchat_event_count says how many items they have.
 */
enum fbchat_event_kinds {
    /**
     * Login succeeded. Answers fbchat_session_login, fbchat_session_resume and fbchat_session_register.
     *
     *     UID            uid   the user's own number
     *     NAME           str   the user's own name; may be empty
     *     MESSAGE_LIMIT  int   the greatest length of a message, in characters
     *     FEATURES       int   a sum of fbchat_features
     *     FILE_LIMIT     int   the maximum size of a file, in bytes; 0 if the server does not accept files
     */
    FBCHAT_EVENT_LOGGED_IN = 1,
    /**
     * Login failed, see fbchat_event_status; the session can log in again. Answers fbchat_session_login,
     * fbchat_session_resume and fbchat_session_register.
     *
     *     REASON               str?  the failure, a sentence for people
     *     CERTIFICATE_SHA256   str?  the certificate that is not trusted
     *     CERTIFICATE_PROBLEM  int   why it is not trusted; 0 if that is not the cause
     */
    FBCHAT_EVENT_LOGIN_FAILED = 2,
    /**
     * The server wants a person in a browser (captcha, checkpoint); the session can log in again. Answers
     * fbchat_session_login and fbchat_session_register.
     *
     *     REASON               str?  what the server wants, a sentence for people
     *     CERTIFICATE_SHA256   str?  absent
     *     CERTIFICATE_PROBLEM  int   0
     */
    FBCHAT_EVENT_CHALLENGE = 3,
    /**
     * The connection has changed its state.
     *
     *     CONNECTION           int   one of fbchat_connection_states
     *     WAIT_MS              int   when waiting: milliseconds until the next attempt
     *     REASON               str?  when waiting: the failure, a sentence for people
     *     CERTIFICATE_SHA256   str?  when waiting: the certificate that is not trusted
     *     CERTIFICATE_PROBLEM  int   when waiting: why it is not trusted; 0 if that is not the cause
     */
    FBCHAT_EVENT_CONNECTION = 4,
    /**
     * A message. A message with several files has one item for each file: the first has TEXT, which is "" in the others,
     * and everything else about the message is the same in all items. So a program that shows each item of each MESSAGE shows
     * everything once. A message without files has one item.
     *
     *     FROM          uid   the author
     *     TO            uid   the recipient, a person or a group
     *     FROM_NAME     str   the author's name; may be empty
     *     TO_NAME       str   the recipient's name, or that of the group; may be empty
     *     TEXT          str   plain text, not markup; may contain line breaks
     *     TIME_MS       int   when the server accepted it
     *     MESSAGE_ID    str   the sender's id of the message; may be empty
     *     FLAGS         int   a sum of fbchat_message_flags
     *     GROUP         uid   the group that it was sent to, as TO; 0 = it was sent to one person
     *     NOTICE        int   0 = a message, else one of fbchat_group_notices: what happened to the group
     *     NOTICE_UIDS   str?  with NOTICE: the users that it is about, in decimal, separated by spaces; absent without one
     *     FILE_ID       str?  the file that was sent with it, for fbchat_session_download; absent without a file
     *     FILE_NAME     str?  its name, one line
     *     FILE_SIZE     int   its size in bytes; 0 without a file
     *     FILE_URL      str?  where the user can open it in a browser
     *     FILE_KIND     int   one of fbchat_file_kinds; 0 without a file
     *     WIDTH         int   the width of a picture; 0 if unknown
     *     HEIGHT        int   the height of a picture; 0 if unknown
     *     CONTENT_TYPE  str?  the media type that the server has detected
     *     FILE_INDEX    int   the place of the file among those of the message, from 0 on
     */
    FBCHAT_EVENT_MESSAGE = 5,
    /**
     * The server has accepted a message. Answers fbchat_session_send and fbchat_session_send_file; with request 0 it is about
     * a message that an earlier session has left.
     *
     *     TO          uid   the recipient
     *     MESSAGE_ID  str   the id that the message was sent with
     */
    FBCHAT_EVENT_SENT = 6,
    /**
     * A request has failed for good, see fbchat_event_status. Answers any request; with request 0 it is about a message
     * that an earlier session has left.
     *
     *     REASON               str?  the failure, a sentence for people
     *     CERTIFICATE_SHA256   str?  the certificate that is not trusted
     *     CERTIFICATE_PROBLEM  int   why it is not trusted; 0 if that is not the cause
     *     TO                   uid   with request 0: the recipient; else 0
     *     TEXT                 str?  with request 0: the message
     *     FILE_ID              str?  with request 0: the file that was to be sent with it
     */
    FBCHAT_EVENT_FAILED = 7,
    /**
     * Somebody is typing or has stopped.
     *
     *     FROM    uid   who
     *     TYPING  int   1 = typing, until 10 seconds pass without another such event; 0 = stopped
     *     GROUP   uid   the group in which they are typing; 0 = a message to the user alone
     */
    FBCHAT_EVENT_TYPING = 8,
    /**
     * All buddies, as items. Answers fbchat_session_request_buddy_list; also arrives after login, and when friendships begin
     * or end.
     *
     *     UID             uid   the buddy
     *     NAME            str   full name; may be empty
     *     FIRST_NAME      str   first name; may be empty
     *     PRESENCE        int   one of fbchat_presences
     *     STATUS_TEXT     str?  status line
     *     PICTURE_URL     str?  address of the picture
     *     PICTURE_HASH    str?  changes with the picture
     *     STATUS_TIME_MS  int   when the status line was set; 0 without one
     *     IDLE_SINCE_MS   int   since when the buddy is idle; 0 if not idle or unknown
     */
    FBCHAT_EVENT_BUDDY_LIST = 9,
    /**
     * One buddy has changed.
     *
     *     UID             uid   the buddy
     *     NAME            str   full name; may be empty
     *     FIRST_NAME      str   first name; may be empty
     *     PRESENCE        int   one of fbchat_presences
     *     STATUS_TEXT     str?  status line
     *     PICTURE_URL     str?  address of the picture
     *     PICTURE_HASH    str?  changes with the picture
     *     STATUS_TIME_MS  int   when the status line was set; 0 without one
     *     IDLE_SINCE_MS   int   since when the buddy is idle; 0 if not idle or unknown
     */
    FBCHAT_EVENT_PRESENCE = 10,
    /**
     * The session is over; its last event. fbchat_event_status says why, if the program did not ask for it. Answers
     * fbchat_session_logout.
     *
     *     REASON               str?  the failure, a sentence for people
     *     CERTIFICATE_SHA256   str?  the certificate that is not trusted
     *     CERTIFICATE_PROBLEM  int   why it is not trusted; 0 if that is not the cause
     */
    FBCHAT_EVENT_CLOSED = 11,
    /**
     * Messages of one conversation as items, oldest first, all with FBCHAT_MESSAGE_REPLAYED; a message with several files has several
     * items, as in MESSAGE. Answers fbchat_session_request_history.
     *
     *     PEER          uid*  the other side of the conversation, a person or a group
     *     MORE          int*  1 = there are more messages, 0 = these are all
     *     FROM          uid   the author
     *     TO            uid   the recipient, a person or a group
     *     FROM_NAME     str   the author's name; may be empty
     *     TO_NAME       str   the recipient's name, or that of the group; may be empty
     *     TEXT          str   plain text, not markup; may contain line breaks
     *     TIME_MS       int   when the server accepted it
     *     MESSAGE_ID    str   the sender's id of the message; may be empty
     *     FLAGS         int   a sum of fbchat_message_flags
     *     GROUP         uid   the group that it was sent to, as TO; 0 = it was sent to one person
     *     NOTICE        int   0 = a message, else one of fbchat_group_notices: what happened to the group
     *     NOTICE_UIDS   str?  with NOTICE: the users that it is about, in decimal, separated by spaces; absent without one
     *     FILE_ID       str?  the file that was sent with it, for fbchat_session_download; absent without a file
     *     FILE_NAME     str?  its name, one line
     *     FILE_SIZE     int   its size in bytes; 0 without a file
     *     FILE_URL      str?  where the user can open it in a browser
     *     FILE_KIND     int   one of fbchat_file_kinds; 0 without a file
     *     WIDTH         int   the width of a picture; 0 if unknown
     *     HEIGHT        int   the height of a picture; 0 if unknown
     *     CONTENT_TYPE  str?  the media type that the server has detected
     *     FILE_INDEX    int   the place of the file among those of the message, from 0 on
     */
    FBCHAT_EVENT_HISTORY = 12,
    /**
     * What is unread, as items: conversations, groups, then the newest notifications. Answers fbchat_session_request_notifications.
     * Also arrives by itself, with request 0, when the number of unread conversations changes; then it has INBOX only, and no
     * items. From servers without FBCHAT_FEATURE_NOTIFICATIONS it has UNSEEN, too.
     *
     *     INBOX              int*  number of conversations with one person that have unread messages
     *     UNSEEN             int*  number of new notifications, without conversations
     *     NOTIFICATION_KIND  int   one of fbchat_notification_kinds
     *     UID                uid   who caused it, or the group
     *     NAME               str   their full name, or that of the group; may be empty
     *     TIME_MS            int   when it happened
     *     NEW                int   1 = not yet shown to the user, 0 = shown
     *     UNREAD             int   number of unread messages in this conversation; 0 for other notifications
     */
    FBCHAT_EVENT_NOTIFICATIONS = 13,
    /**
     * Somebody sends a friend request; those sent while the user was away arrive after login. Answer it with
     * fbchat_session_change_friendship.
     *
     *     UID      uid   who
     *     NAME     str   their full name; may be empty
     *     TEXT     str   what they wrote with the request; may be empty
     *     TIME_MS  int   when they sent it
     */
    FBCHAT_EVENT_FRIEND_REQUEST = 14,
    /**
     * Somebody's picture. Answers fbchat_session_request_picture.
     *
     *     UID           uid     whose picture it is
     *     PICTURE_URL   str?    its address
     *     PICTURE_HASH  str?    changes with the picture; absent without a picture
     *     PICTURE       bytes?  the file; absent without a picture
     *     CONTENT_TYPE  str?    the type of the file; absent without a picture
     */
    FBCHAT_EVENT_PICTURE = 15,
    /**
     * Somebody's profile. Answers fbchat_session_request_profile.
     *
     *     UID              uid   whose profile it is
     *     NAME             str   full name; may be empty
     *     RELATION         int   one of fbchat_relations
     *     PICTURE_URL      str?  address of the picture
     *     PICTURE_HASH     str?  changes with the picture
     *     FIRST_NAME       str   first name; may be empty
     *     EMAIL            str?  e-mail address
     *     STATUS_TEXT      str?  status line
     *     STATUS_TIME_MS   int   when the status line was set; 0 without one
     *     MEMBER_SINCE_MS  int   when the account was created; 0 if the server does not say
     */
    FBCHAT_EVENT_PROFILE = 16,
    /**
     * The people found, as items. Answers fbchat_session_request_search.
     *
     *     UID           uid   the person
     *     NAME          str   full name; may be empty
     *     RELATION      int   one of fbchat_relations
     *     PICTURE_URL   str?  address of the picture
     *     PICTURE_HASH  str?  changes with the picture
     */
    FBCHAT_EVENT_SEARCH = 17,
    /**
     * A friendship has begun or ended, from either side. A BUDDY_LIST follows.
     *
     *     UID            uid   the other user
     *     NAME           str   their full name; may be empty
     *     FRIEND_ACTION  int   FBCHAT_FRIEND_ACCEPT = begun, FBCHAT_FRIEND_REMOVE = ended
     */
    FBCHAT_EVENT_FRIEND = 18,
    /** A request is done. Answers the requests that have no event of their own. No fields. */
    FBCHAT_EVENT_DONE = 19,
    /**
     * Somebody pokes the user.
     *
     *     FROM     uid   who
     *     NAME     str   their full name; may be empty
     *     TIME_MS  int   when
     */
    FBCHAT_EVENT_POKE = 20,
    /**
     * Everything that fbchat_session_resume needs, and the messages that are not settled. Arrives when the connection is up,
     * when the program has taken what arrived, and when messages were accepted or settled, at most four times a second:
     * keep the last one, in place of the one before. It is as secret as the password. After a logout only its messages are
     * of use: UNSENT has them without what the login gave.
     *
     *     SAVED_SESSION  bytes   what fbchat_session_resume takes
     *     WAITING        int     number of messages in it that are not settled
     *     UNSENT         bytes?  those messages, for FBCHAT_CONFIG_SAVED_SESSION; absent if there are none
     */
    FBCHAT_EVENT_SAVED_SESSION = 21,
    /**
     * The program does not keep up: the session fetches nothing until half of its events are taken. Nothing is lost; the
     * server keeps the messages.
     *
     *     WAITING  int   number of the session's events that wait
     */
    FBCHAT_EVENT_OVERLOAD = 22,
    /**
     * Those whom the user has blocked as items, those who were blocked last first. Answers fbchat_session_request_blocked.
     *
     *     UID   uid   the person
     *     NAME  str   full name; may be empty
     */
    FBCHAT_EVENT_BLOCKED = 23,
    /**
     * The user has blocked or unblocked somebody, in this session or another.
     *
     *     UID         uid   the other user
     *     NAME        str   their full name; may be empty
     *     IS_BLOCKED  int   1 = blocked, 0 = unblocked
     */
    FBCHAT_EVENT_BLOCK = 24,
    /**
     * All groups of the user, as items; the user is in no other. Answers fbchat_session_request_groups; also arrives after
     * login, before the first message of a group, and when a later list differs. fbchat_session_get_group gives the
     * members.
     *
     *     GROUP         uid   the group's number, which stands for a user's in calls about messages
     *     GROUP_NAME    str   its name, one line; may be empty
     *     OWNER         uid   the member who can remove others; 0 if the server does not say
     *     MEMBER_COUNT  int   number of members, the user included
     *     IS_MUTED      int   1 = the user does not want to be alerted of its messages
     *     UNREAD        int   number of unread messages
     *     TIME_MS       int   when the last message was sent; 0 if unknown
     */
    FBCHAT_EVENT_GROUP_LIST = 25,
    /**
     * A group is new, or something about it has changed: the whole group as it is now, with its members as items in the
     * order of joining. Answers fbchat_session_create_group; arrives also for what others do, and what the user does in
     * another session. What a list has changed is in GROUP_LIST only, except groups that the user is not in any more.
     *
     *     GROUP         uid*  the group's number
     *     GROUP_NAME    str*  its name, one line; may be empty
     *     OWNER         uid*  the member who can remove others; 0 if the server does not say
     *     IS_MUTED      int*  1 = the user does not want to be alerted of its messages
     *     UNREAD        int*  number of unread messages
     *     TIME_MS       int*  when the last message was sent; 0 if unknown
     *     IS_GONE       int*  1 = the user is not a member any more; there are no items
     *     UID           uid   the member
     *     NAME          str   their full name; may be empty
     *     PICTURE_URL   str?  address of their picture
     *     PICTURE_HASH  str?  changes with the picture
     */
    FBCHAT_EVENT_GROUP = 26,
    /**
     * A file was uploaded, or downloaded into memory. Answers fbchat_session_upload, fbchat_session_upload_fd and
     * fbchat_session_download.
     *
     *     FILE_ID       str     the id for fbchat_session_send_file
     *     FILE_NAME     str?    its name, as others will see it; absent after a download
     *     FILE_SIZE     int     its size as the server keeps it, without the metadata of pictures; or that of CONTENT
     *     FILE_URL      str     where the user can open it in a browser
     *     FILE_KIND     int     one of fbchat_file_kinds
     *     WIDTH         int     the width of a picture; 0 if unknown, as after a download
     *     HEIGHT        int     the height of a picture; 0 if unknown, as after a download
     *     CONTENT_TYPE  str?    the media type of the file or the preview that the server has detected
     *     CONTENT       bytes?  after a download: the file or its preview
     */
    FBCHAT_EVENT_FILE = 27,
    /**
     * The progress of an upload or a download. fbchat_event_request says which; it does not answer the request. At most one such
     * event per request is queued, so it always has the latest numbers.
     *
     *     BYTES_DONE   int   bytes transferred; less than before if they are being sent again after a lost connection
     *     BYTES_TOTAL  int   the total; -1 if it is not known
     */
    FBCHAT_EVENT_PROGRESS = 28
};

/**
 * The fields of events. Times are in milliseconds since 1970 UTC, by the server's clock. Ignore numbers that you do not know.
 */
enum fbchat_fields {
    /** uid: the user, buddy or person that the event or item is about. */
    FBCHAT_FIELD_UID = 1,
    /** str: full name; may be empty. */
    FBCHAT_FIELD_NAME = 2,
    /** str: first name; may be empty. */
    FBCHAT_FIELD_FIRST_NAME = 3,
    /** int: one of fbchat_presences; never FBCHAT_PRESENCE_INVISIBLE. */
    FBCHAT_FIELD_PRESENCE = 4,
    /** str: status line, plain text; absent without one. */
    FBCHAT_FIELD_STATUS_TEXT = 5,
    /** str: address of a picture of 50 pixels; absent without one. */
    FBCHAT_FIELD_PICTURE_URL = 6,
    /** uid: the author, or who is typing or poking. */
    FBCHAT_FIELD_FROM = 7,
    /** uid: the recipient, a person or a group. */
    FBCHAT_FIELD_TO = 8,
    /** str: the author's name; may be empty. */
    FBCHAT_FIELD_FROM_NAME = 9,
    /** str: the recipient's name, or that of the group; may be empty. */
    FBCHAT_FIELD_TO_NAME = 10,
    /** str: the message, plain text, not markup; may contain line breaks. */
    FBCHAT_FIELD_TEXT = 11,
    /** int: when it happened. */
    FBCHAT_FIELD_TIME_MS = 12,
    /** str: the sender's id of the message; may be empty. Unique only together with author and text. */
    FBCHAT_FIELD_MESSAGE_ID = 13,
    /** int: a sum of fbchat_message_flags. */
    FBCHAT_FIELD_FLAGS = 14,
    /** int: 1 = typing, 0 = stopped. */
    FBCHAT_FIELD_TYPING = 15,
    /** int: one of fbchat_connection_states. */
    FBCHAT_FIELD_CONNECTION = 16,
    /** int: milliseconds until the next attempt; 0 = at once. */
    FBCHAT_FIELD_WAIT_MS = 17,
    /** str: what went wrong, a sentence for people; absent if nothing did. */
    FBCHAT_FIELD_REASON = 18,
    /** int: the greatest length of a message, in Unicode characters (scalar values). */
    FBCHAT_FIELD_MESSAGE_LIMIT = 19,
    /** str: changes with the picture, and can name a file in a cache; absent without a picture. */
    FBCHAT_FIELD_PICTURE_HASH = 20,
    /** bytes: the picture, a file of type CONTENT_TYPE; absent without one. */
    FBCHAT_FIELD_PICTURE = 21,
    /**
     * str: "image/png", "image/jpeg" or "image/gif" in PICTURE; in other events the media type of a file,
     * which can be any. Absent without a picture or a file, and if the server does not tell it.
     */
    FBCHAT_FIELD_CONTENT_TYPE = 22,
    /** int: a sum of fbchat_features. */
    FBCHAT_FIELD_FEATURES = 23,
    /** int: when the status line was set, to the second; 0 without one. */
    FBCHAT_FIELD_STATUS_TIME_MS = 24,
    /** int: one of fbchat_relations. */
    FBCHAT_FIELD_RELATION = 25,
    /** str: e-mail address; absent if the server does not say. */
    FBCHAT_FIELD_EMAIL = 26,
    /** int: when the account was created; 0 if the server does not say. */
    FBCHAT_FIELD_MEMBER_SINCE_MS = 27,
    /** int: FBCHAT_FRIEND_ACCEPT = the friendship has begun, FBCHAT_FRIEND_REMOVE = it has ended. */
    FBCHAT_FIELD_FRIEND_ACTION = 28,
    /** uid: the other side of the conversation, a person or a group. */
    FBCHAT_FIELD_PEER = 29,
    /**
     * int: 1 = there are more messages than these (older ones if the most recent were requested, else later ones), 0 = these
     * are all.
     */
    FBCHAT_FIELD_MORE = 30,
    /** int: one of fbchat_notification_kinds; ignore values that you do not know. */
    FBCHAT_FIELD_NOTIFICATION_KIND = 31,
    /** int: 1 = the user has not been shown this, 0 = they have. */
    FBCHAT_FIELD_NEW = 32,
    /** int: number of unread messages in this conversation or group; 0 for other notifications. */
    FBCHAT_FIELD_UNREAD = 33,
    /** int: number of new notifications, without conversations. */
    FBCHAT_FIELD_UNSEEN = 34,
    /** int: number of conversations with one person that have unread messages. */
    FBCHAT_FIELD_INBOX = 35,
    /** int: the last sign of activity of an idle person; 0 if they are not idle, or if the server does not say. */
    FBCHAT_FIELD_IDLE_SINCE_MS = 36,
    /** int: 1 = the user has blocked this person, 0 = they have unblocked them. */
    FBCHAT_FIELD_IS_BLOCKED = 37,
    /** uid: the number of a group; 0 = none. */
    FBCHAT_FIELD_GROUP = 38,
    /** str: the name of a group, one line; may be empty. */
    FBCHAT_FIELD_GROUP_NAME = 39,
    /** uid: the member of a group who can remove others; 0 if the server does not say. */
    FBCHAT_FIELD_OWNER = 40,
    /** int: number of members of a group, the user included. */
    FBCHAT_FIELD_MEMBER_COUNT = 41,
    /** int: 1 = the user does not want to be alerted of the group's messages, 0 = they do. */
    FBCHAT_FIELD_IS_MUTED = 42,
    /** int: 1 = the user is not a member of the group any more, 0 = they are. */
    FBCHAT_FIELD_IS_GONE = 43,
    /** int: what happened to the group, one of fbchat_group_notices; 0 = the message was written by its author. */
    FBCHAT_FIELD_NOTICE = 44,
    /** str: the users that a notice is about, in decimal, separated by spaces; absent in other messages. */
    FBCHAT_FIELD_NOTICE_UIDS = 45,
    /** bytes: what fbchat_session_resume takes. */
    FBCHAT_FIELD_SAVED_SESSION = 50,
    /** int: number of events or messages that wait. */
    FBCHAT_FIELD_WAITING = 51,
    /** bytes: messages for FBCHAT_CONFIG_SAVED_SESSION; absent if there are none. */
    FBCHAT_FIELD_UNSENT = 52,
    /**
     * str: SHA-256 of the server's certificate that is not trusted, as "AB:CD:…", ready for FBCHAT_CONFIG_PIN_SHA256; absent
     * if the certificate is not the cause, and without the feature "pin".
     */
    FBCHAT_FIELD_CERTIFICATE_SHA256 = 60,
    /** int: one of fbchat_certificate_problems; 0 if the certificate is not the cause. */
    FBCHAT_FIELD_CERTIFICATE_PROBLEM = 61,
    /** str: the id of a file, for calls; absent without a file. */
    FBCHAT_FIELD_FILE_ID = 62,
    /**
     * str: the name of a file, one line, without directories. The sender chose it, so check it before you use it for
     * a new file. Absent without a file, and where it is not known.
     */
    FBCHAT_FIELD_FILE_NAME = 63,
    /** int: the size of a file in bytes; 0 without a file. */
    FBCHAT_FIELD_FILE_SIZE = 64,
    /**
     * str: the absolute address of a file, which the user can open in a browser in which they are logged in; absent without
     * a file.
     */
    FBCHAT_FIELD_FILE_URL = 65,
    /** int: one of fbchat_file_kinds; 0 without a file. Treat unknown ones as FBCHAT_FILE_OTHER. */
    FBCHAT_FIELD_FILE_KIND = 66,
    /** int: the width of a picture as it is shown, in pixels; 0 for other files, or if it is unknown. */
    FBCHAT_FIELD_WIDTH = 67,
    /** int: the height of a picture as it is shown, in pixels; 0 for other files, or if it is unknown. */
    FBCHAT_FIELD_HEIGHT = 68,
    /** int: the position of a file among those of its message, counted from 0; 0 without a file. */
    FBCHAT_FIELD_FILE_INDEX = 69,
    /** bytes: the content of a file; absent if it was not requested. */
    FBCHAT_FIELD_CONTENT = 70,
    /** int: the number of bytes transferred so far. */
    FBCHAT_FIELD_BYTES_DONE = 71,
    /** int: the total number of bytes; -1 if it is not known. */
    FBCHAT_FIELD_BYTES_TOTAL = 72,
    /** int: the maximum size of a file in bytes; 0 if the server does not accept files. */
    FBCHAT_FIELD_FILE_LIMIT = 73
};

/** The states of a connection; the values of FBCHAT_FIELD_CONNECTION. */
enum fbchat_connection_states {
    /** The password is being sent. */
    FBCHAT_CONNECTION_LOGGING_IN = 1,
    /** Logged in; reading the page that names the channel. */
    FBCHAT_CONNECTION_LOADING_PAGE = 2,
    /** Requesting the buddy list and the position on the channel. */
    FBCHAT_CONNECTION_OPENING_CHANNEL = 3,
    /** Messages arrive. */
    FBCHAT_CONNECTION_CONNECTED = 4,
    /** Something failed; the next attempt follows after WAIT_MS. */
    FBCHAT_CONNECTION_WAITING = 5
};

/** What not every server can do; FBCHAT_FIELD_FEATURES of LOGGED_IN is a sum of these flags. */
enum fbchat_features {
    /** Friend requests can be sent and answered, and arrive as events. */
    FBCHAT_FEATURE_FRIENDS = 1,
    /** Pictures can be set, and changes of them arrive as events. */
    FBCHAT_FEATURE_PICTURES = 2,
    /** Status lines can be set, and changes of them arrive as events. */
    FBCHAT_FEATURE_STATUS = 4,
    /** fbchat_session_request_profile works. */
    FBCHAT_FEATURE_PROFILE = 8,
    /** fbchat_session_request_search works. */
    FBCHAT_FEATURE_SEARCH = 16,
    /** Notifications and the number of unread conversations are available. */
    FBCHAT_FEATURE_NOTIFICATIONS = 32,
    /** History can start at a given time; without this flag, only the most recent messages are available. */
    FBCHAT_FEATURE_HISTORY = 64,
    /** fbchat_session_poke works. */
    FBCHAT_FEATURE_POKE = 128,
    /** fbchat_session_set_password works. */
    FBCHAT_FEATURE_PASSWORD = 256,
    /** fbchat_session_register works, perhaps with an invitation only. */
    FBCHAT_FEATURE_REGISTRATION = 512,
    /** fbchat_session_set_name works, and changes of names arrive as events. */
    FBCHAT_FEATURE_NAME = 1024,
    /** fbchat_session_block works. */
    FBCHAT_FEATURE_BLOCK = 2048,
    /** There are group conversations. */
    FBCHAT_FEATURE_GROUPS = 4096,
    /** Files can be sent with messages, of up to FBCHAT_FIELD_FILE_LIMIT bytes. */
    FBCHAT_FEATURE_FILES = 8192
};

/** Why the server's certificate is not trusted; the values of FBCHAT_FIELD_CERTIFICATE_PROBLEM. */
enum fbchat_certificate_problems {
    /** The certificate has expired. */
    FBCHAT_CERTIFICATE_EXPIRED = 1,
    /** The certificate is not valid yet; often this machine's clock is wrong. */
    FBCHAT_CERTIFICATE_NOT_YET_VALID = 2,
    /** The certificate is self-signed, or this machine does not know its issuer. */
    FBCHAT_CERTIFICATE_UNKNOWN_ISSUER = 3,
    /** The certificate is for another name. */
    FBCHAT_CERTIFICATE_WRONG_NAME = 4,
    /** The issuer has revoked the certificate. */
    FBCHAT_CERTIFICATE_REVOKED = 5,
    /** The certificate is not the one of FBCHAT_CONFIG_PIN_SHA256. */
    FBCHAT_CERTIFICATE_NOT_PINNED = 6,
    /** Any other reason. */
    FBCHAT_CERTIFICATE_OTHER = 7
};

/**
 * Gives the kind of an event.
 *
 * @param event  the event
 * @return one of the fbchat_event_kinds; 0 for NULL
 */
fbchat_kind fbchat_event_kind(const fbchat_event *event);

/**
 * Gives the session that an event belongs to.
 *
 * @param event  the event
 * @return the session; 0 for NULL
 */
fbchat_session fbchat_event_session(const fbchat_event *event);

/**
 * Gives the request that an event answers, or that a PROGRESS is about.
 *
 * @param event  the event
 * @return the request; 0 if it answers none, and for NULL
 */
fbchat_request fbchat_event_request(const fbchat_event *event);

/**
 * Gives the failure that an event reports; the field REASON has a sentence for people.
 *
 * @param event  the event
 * @return FBCHAT_OK if the event reports no failure, else the reason; FBCHAT_ERR_NULL for NULL
 */
fbchat_status fbchat_event_status(const fbchat_event *event);

/**
 * Gives the pointer that was passed to fbchat_session_open.
 *
 * @param event  the event
 * @return the pointer; NULL for NULL
 */
void *fbchat_event_user_data(const fbchat_event *event);

/**
 * Counts the items of an event.
 *
 * @param event  the event
 * @return the length of a list; 1 for other events; 0 for NULL
 */
size_t fbchat_event_count(const fbchat_event *event);

/**
 * Reads an int field. A uid field is accepted too.
 *
 * @param event  the event
 * @param item   the item, from 0; 0 for events that are not lists
 * @param field  one of the fbchat_fields
 * @param value  out: the integer; 0 on failure
 * @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT if there is no such item; FBCHAT_ERR_KEY if this kind of event has no such field, or
 *         the field has another type
 */
fbchat_status fbchat_event_int(const fbchat_event *event,
                               size_t item,
                               fbchat_field field,
                               int64_t *value);

/**
 * Reads a uid field.
 *
 * @param event  the event
 * @param item   the item, from 0; 0 for events that are not lists
 * @param field  one of the fbchat_fields
 * @return the user; 0 on failure: fbchat_last_error says whether there is no such item or field, or it has another type
 */
fbchat_uid fbchat_event_uid(const fbchat_event *event,
                            size_t item,
                            fbchat_field field);

/**
 * Reads a str field. Bytes are refused, because they are not text.
 *
 * @param event  the event
 * @param item   the item, from 0; 0 for events that are not lists
 * @param field  one of the fbchat_fields
 * @param len    out: the length in bytes, without the NUL; may be NULL
 * @return UTF-8 that ends in NUL, valid until fbchat_event_free; NULL if the field is absent, and on failure:
 *         fbchat_last_error says whether there is no such item or field, or it has another type
 */
const char *fbchat_event_str(const fbchat_event *event,
                             size_t item,
                             fbchat_field field,
                             size_t *len);

/**
 * Reads a bytes field. A str field is accepted too.
 *
 * @param event  the event
 * @param item   the item, from 0; 0 for events that are not lists
 * @param field  one of the fbchat_fields
 * @param len    out: the length in bytes; may be NULL
 * @return the bytes, valid until fbchat_event_free; NULL if the field is absent, and on failure: fbchat_last_error says
 *         whether there is no such item or field, or it has another type
 */
const void *fbchat_event_bytes(const fbchat_event *event,
                               size_t item,
                               fbchat_field field,
                               size_t *len);

/**
 * Frees an event with everything that was borrowed from it.
 *
 * @param event  the event, freed; NULL is ignored; also after fbchat_client_free
 */
void fbchat_event_free(fbchat_event *event);

/** @} */

#ifdef __cplusplus
} // extern "C"
#endif

#endif /* FBCHAT_H */
