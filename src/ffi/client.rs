//! A client owns one worker thread, one queue of events and one descriptor to watch, for any number of sessions.

use super::config;
use super::event_data::fbchat_event;
use super::handle::{self, Object, Table, Tables};
use super::panic;
use super::pointers;
use super::types::{fbchat_client, fbchat_config, fbchat_status};
use crate::client::{Client, Polled};
use crate::status::{Problem, Status};
use std::os::fd::AsRawFd;
use std::time::Duration;

impl Object for Client {
    type Opaque = fbchat_client;
    const NAME: &'static str = "client";
    const DEAD: Status = Status::Closed;

    fn table(tables: &Tables) -> &Table<Self> {
        &tables.clients
    }
}

/// A time to wait; `None` is without limit.
pub(super) fn timeout(timeout_ms: i32) -> Result<Option<Duration>, Problem> {
    if timeout_ms == -1 {
        return Ok(None);
    }
    let span = u64::try_from(timeout_ms).map_err(|_| {
        let text = format!("The timeout must be -1, 0 or more, not {timeout_ms}");
        Problem::new(Status::Argument, text)
    })?;
    Ok(Some(Duration::from_millis(span)))
}

/// See [`Client::inject`].
#[cfg(feature = "bench")]
pub fn bench_inject(
    client: *mut fbchat_client,
    session: u64,
    events: &mut dyn Iterator<Item = crate::types::Event>,
) {
    if let Ok(client) = handle::find::<Client>(client) {
        events.for_each(|event| client.inject(crate::client::SessionId(session), event));
    }
}

/// Starts a client with its worker thread; it opens no connection yet.
///
/// @param config  FBCHAT_CONFIG_QUEUE_LIMIT, the log, and the defaults for sessions; copied; NULL = all defaults
/// @param client  out: the client; free it with fbchat_client_free
/// @return FBCHAT_OK; FBCHAT_ERR_ARGUMENT for a configuration that was freed; FBCHAT_ERR_RESOURCES if there are no threads or
///         descriptors left
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_client_new(
    config: *const fbchat_config,
    client: *mut *mut fbchat_client,
) -> fbchat_status {
    panic::status(|| {
        // SAFETY: the header asks for NULL or a place for a pointer.
        unsafe { pointers::clear(client, std::ptr::null_mut(), "client") }?;
        let settings = config::settings(config)?.unwrap_or_default();
        let made = Client::new(settings)?;
        // SAFETY: as above.
        unsafe { pointers::fill(client, handle::insert(made)) };
        Ok(Status::Ok)
    })
}

/// Gives a descriptor that is readable while something waits for fbchat_client_poll.
///
/// For poll(2), select, epoll and the main loops of all toolkits. When it is readable, call fbchat_client_poll with timeout 0
/// until it returns FBCHAT_NO_EVENT. Never read from it, write to it or close it.
///
/// @param client  the client
/// @return the descriptor, which is the client's and valid until fbchat_client_free; -1 on failure
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_client_fd(client: *const fbchat_client) -> i32 {
    panic::value(-1, || Ok(handle::find::<Client>(client)?.as_raw_fd()))
}

/// Takes the next event of any session.
///
/// Events of one session arrive in order; sessions take turns. The log callback runs inside this call. If several threads
/// poll, each event goes to one of them.
///
/// @param client      the client
/// @param timeout_ms  how long to wait, in milliseconds; 0 = do not wait, -1 = no limit
/// @param event       out: the event, or NULL; free it with fbchat_event_free, at any time
/// @return FBCHAT_OK with an event; FBCHAT_NO_EVENT; FBCHAT_WOKEN after fbchat_client_wake; FBCHAT_ERR_ARGUMENT for a timeout
///         below -1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fbchat_client_poll(
    client: *mut fbchat_client,
    timeout_ms: i32,
    event: *mut *mut fbchat_event,
) -> fbchat_status {
    panic::status(|| {
        // SAFETY: the header asks for NULL or a place for a pointer.
        unsafe { pointers::clear(event, std::ptr::null_mut(), "event") }?;
        let client = handle::find::<Client>(client)?;
        match client.poll(timeout(timeout_ms)?)? {
            Polled::Event(found) => {
                // SAFETY: as above.
                unsafe { pointers::fill(event, fbchat_event::give(found)) };
                Ok(Status::Ok)
            }
            Polled::Woken => Ok(Status::Woken),
            Polled::Nothing => Ok(Status::NoEvent),
        }
    })
}

/// Makes the current or the next fbchat_client_poll return FBCHAT_WOKEN; several calls before it count as one.
///
/// Not for signal handlers.
///
/// @param client  the client
/// @return FBCHAT_OK
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_client_wake(client: *mut fbchat_client) -> fbchat_status {
    panic::status(|| {
        handle::find::<Client>(client)?.wake()?;
        Ok(Status::Ok)
    })
}

/// Tells all sessions that the machine's network has changed, so that they reconnect at once.
///
/// For programs that learn of such changes; it does no harm when nothing has changed. Without it, a session may notice only
/// after its long-poll has been silent for 90 s, or when the current wait before the next attempt is over.
///
/// @param client  the client
/// @return FBCHAT_OK
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_client_network_changed(client: *mut fbchat_client) -> fbchat_status {
    panic::status(|| {
        handle::find::<Client>(client)?.network_changed()?;
        Ok(Status::Ok)
    })
}

/// Cancels everything, joins the worker thread and frees the client, within 250 ms (1 s with ten thousand sessions).
///
/// Sessions that are still open are dropped without a logout, so that fbchat_session_resume can continue them. Pending
/// logouts, messages that are not sent yet, and the last read position of each session get 70 ms; what is not sent by then is
/// in the saved session (fbchat_session_get_saved_session, to be called before). A poll on another thread returns FBCHAT_ERR_CLOSED. If the
/// system hangs in a name lookup, its helper thread ends later by itself. Call it from any thread, once, as the last call on
/// this client.
///
/// @param client  the client, freed; events taken from it stay valid; NULL and a client that was freed before are ignored
#[unsafe(no_mangle)]
pub extern "C" fn fbchat_client_free(client: *mut fbchat_client) {
    panic::value((), || {
        if !client.is_null() {
            handle::remove::<Client>(client)?.shut_down();
        }
        Ok(())
    });
}
