//! Arbitrary calls of the C API, with handles that are valid, stale or made up. Pointers to texts and results are valid or NULL, as
//! the header asks. No server is there: everything that needs one fails.
//!
//! The input is a program: one byte for the call, then its arguments.

use std::ffi::{CString, c_char, c_void};
use std::ptr::{null, null_mut, with_exposed_provenance_mut};

use arbitrary::{Result, Unstructured};
use fbchat::ffi::*;

/// Where nobody listens.
const SERVER: &std::ffi::CStr = c"http://127.0.0.1:1";
/// The longest wait, in milliseconds.
const WAIT: i32 = 3;
/// More clients and configurations than this are not made.
const MOST: usize = 4;

pub fn run(data: &[u8]) {
    let mut host = Host::default();
    let mut input = Unstructured::new(data);
    while !input.is_empty() && host.step(&mut input).is_ok() {}
    host.end();
}

/// What a program keeps. Handles that were freed stay in the lists.
#[derive(Default)]
struct Host {
    clients: Vec<*mut fbchat_client>,
    configs: Vec<*mut fbchat_config>,
    sessions: Vec<fbchat_session>,
    requests: Vec<fbchat_request>,
}

/// A C string or NULL.
struct Text(Option<CString>);

impl Text {
    fn pointer(&self) -> *const c_char {
        self.0.as_ref().map_or(null(), |text| text.as_ptr())
    }
}

unsafe extern "C" fn log(_: *mut c_void, _: i32, line: *const c_char) {
    assert!(!line.is_null());
}

/// A handle from a list, NULL, or one that no function returned.
fn pointer<T>(known: &[*mut T], input: &mut Unstructured<'_>) -> Result<*mut T> {
    Ok(match input.arbitrary::<u8>()? {
        255 => null_mut(),
        254 => with_exposed_provenance_mut(input.arbitrary()?),
        which => known
            .get(usize::from(which) % known.len().max(1))
            .copied()
            .unwrap_or(null_mut()),
    })
}

fn number(known: &[u64], input: &mut Unstructured<'_>) -> Result<u64> {
    Ok(match input.arbitrary::<u8>()? {
        255 => 0,
        254 => input.arbitrary()?,
        which => known
            .get(usize::from(which) % known.len().max(1))
            .copied()
            .unwrap_or(1),
    })
}

/// A length and so many bytes up to the first zero.
fn text(input: &mut Unstructured<'_>) -> Result<Text> {
    let length = input.arbitrary::<u8>()?;
    if length == 255 {
        return Ok(Text(None));
    }
    let bytes = input.bytes(usize::from(length).min(input.len()))?;
    let end = bytes.iter().position(|&byte| byte == 0);
    let text = CString::new(&bytes[..end.unwrap_or(bytes.len())]);
    Ok(Text(Some(text.expect("no zero inside"))))
}

impl Host {
    fn step(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        // SAFETY: every pointer is NULL, a C string or a place for a result; handles may be anything.
        unsafe { self.call(input) }
    }

    unsafe fn call(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let call = input.arbitrary::<u8>()?;
        match call {
            b'C' => return unsafe { self.new_client(input) },
            b'c' => return unsafe { self.new_config() },
            b'O' => return unsafe { self.open(input) },
            b'k' => return unsafe { self.set(input) },
            b'g' => return unsafe { self.globals(input) },
            b'F' => {
                fbchat_config_free(pointer(&self.configs, input)?);
                return Ok(());
            }
            _ => {}
        }
        let client = pointer(&self.clients, input)?;
        match call {
            b'f' => {
                fbchat_client_free(client);
                return Ok(());
            }
            b'w' => {
                fbchat_client_wake(client);
                return Ok(());
            }
            b'n' => {
                fbchat_client_network_changed(client);
                return Ok(());
            }
            b'd' => {
                fbchat_client_fd(client);
                return Ok(());
            }
            b'e' => {
                let wait = i32::from(input.arbitrary::<u8>()?).min(WAIT);
                let mut event = null_mut();
                let status = unsafe { fbchat_client_poll(client, wait, &mut event) };
                assert_eq!(status == FBCHAT_OK, !event.is_null());
                unsafe { read_event(event) };
                return Ok(());
            }
            b'W' | b'X' => {
                let request = number(&self.requests, input)?;
                if call == b'X' {
                    fbchat_request_cancel(client, request);
                    return Ok(());
                }
                let wait = i32::from(input.arbitrary::<u8>()?).min(WAIT);
                let mut event = null_mut();
                let status = unsafe { fbchat_request_wait(client, request, wait, &mut event) };
                assert_eq!(status == FBCHAT_OK, !event.is_null());
                unsafe { read_event(event) };
                return Ok(());
            }
            _ => {}
        }
        let session = number(&self.sessions, input)?;
        let uid = u64::from(input.arbitrary::<u8>()?);
        match call {
            b'x' => drop(fbchat_session_close(client, session)),
            b't' => drop(fbchat_session_set_typing(
                client,
                session,
                uid,
                input.arbitrary::<i8>()?.into(),
            )),
            b'p' => drop(fbchat_session_set_presence(
                client,
                session,
                input.arbitrary::<i8>()?.into(),
            )),
            b'R' => drop(fbchat_session_mark_read(client, session, uid)),
            b'B' | b'V' => {
                let mut event = null_mut();
                let status = unsafe {
                    match call {
                        b'B' => fbchat_session_get_buddy_list(client, session, &mut event),
                        _ => fbchat_session_get_saved_session(client, session, &mut event),
                    }
                };
                assert_eq!(status == FBCHAT_OK, !event.is_null());
                unsafe { read_event(event) };
            }
            _ => unsafe { self.request(call, client, session, uid, input)? },
        }
        Ok(())
    }

    /// The calls that give a request.
    unsafe fn request(
        &mut self,
        call: u8,
        client: *mut fbchat_client,
        session: fbchat_session,
        uid: fbchat_uid,
        input: &mut Unstructured<'_>,
    ) -> Result<()> {
        let (first, second) = (text(input)?, text(input)?);
        let (text, other) = (first.pointer(), second.pointer());
        let length = first.0.as_ref().map_or(0, |text| text.as_bytes().len());
        let mut request = 5;
        // The place may be NULL, too.
        let place = match call & 0x80 {
            0 => &raw mut request,
            _ => null_mut(),
        };
        let status = unsafe {
            match call & 0x7f {
                b'l' => fbchat_session_login(client, session, text, other, place),
                b'r' => {
                    let name = c"A B".as_ptr();
                    fbchat_session_register(client, session, text, other, name, null(), place)
                }
                b'z' => fbchat_session_resume(client, session, text.cast(), length, place),
                b'o' => fbchat_session_logout(client, session, place),
                b'm' => fbchat_session_send(client, session, uid, text, place),
                b'h' => {
                    let since = input.arbitrary()?;
                    fbchat_session_request_history(client, session, uid, since, place)
                }
                b'N' => fbchat_session_request_notifications(client, session, place),
                b'b' => fbchat_session_request_buddy_list(client, session, place),
                b'a' => {
                    let action = input.arbitrary::<i8>()?.into();
                    fbchat_session_change_friendship(client, session, uid, action, text, place)
                }
                b'P' => fbchat_session_poke(client, session, uid, place),
                b's' => fbchat_session_request_search(client, session, text, place),
                b'i' => fbchat_session_request_profile(client, session, uid, place),
                b'I' => fbchat_session_request_picture(client, session, uid, place),
                b'T' => fbchat_session_set_status_text(client, session, text, place),
                b'S' => fbchat_session_set_picture(client, session, text.cast(), length, place),
                b'A' => fbchat_session_set_name(client, session, text, place),
                _ => fbchat_session_set_password(client, session, text, other, place),
            }
        };
        if place.is_null() {
            return Ok(());
        }
        assert_eq!(status == FBCHAT_OK, request != 0, "{status}");
        if request != 0 {
            assert!(
                !self.requests.contains(&request),
                "a request's number is used twice"
            );
            self.requests.push(request);
        }
        Ok(())
    }

    unsafe fn new_config(&mut self) -> Result<()> {
        if self.configs.len() < MOST {
            let mut config = null_mut();
            let status = unsafe { fbchat_config_new(&mut config) };
            assert_eq!(status, FBCHAT_OK);
            self.configs.push(config);
        }
        Ok(())
    }

    unsafe fn new_client(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let config = pointer(&self.configs, input)?;
        if self.clients.len() < MOST {
            let mut client = null_mut();
            let status = unsafe { fbchat_client_new(config, &mut client) };
            assert_eq!(status == FBCHAT_OK, !client.is_null());
            if !client.is_null() {
                self.clients.push(client);
            }
        }
        Ok(())
    }

    /// Opens a session whose server does not exist.
    unsafe fn open(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let client = pointer(&self.clients, input)?;
        let config = pointer(&self.configs, input)?;
        if config.is_null() {
            // The defaults name a server that may exist.
            return Ok(());
        }
        let mut session = 5;
        unsafe {
            fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, SERVER.as_ptr());
            fbchat_config_set_str(config, FBCHAT_CONFIG_PROXY, c"".as_ptr());
            let status = fbchat_session_open(client, config, null_mut(), &mut session);
            assert_eq!(status == FBCHAT_OK, session != 0);
        }
        if session != 0 {
            assert!(
                !self.sessions.contains(&session),
                "a session's number is used twice"
            );
            self.sessions.push(session);
        }
        Ok(())
    }

    unsafe fn set(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let config = pointer(&self.configs, input)?;
        let key = input.arbitrary::<u8>()?;
        match key {
            b'l' => {
                let level = input.arbitrary::<i8>()?.into();
                fbchat_config_set_log(config, level, Some(log), null_mut());
            }
            b'i' => {
                let key = input.arbitrary::<i8>()?.into();
                fbchat_config_set_int(config, key, input.arbitrary()?);
            }
            _ => {
                let value = text(input)?;
                unsafe { fbchat_config_set_str(config, i32::from(key), value.pointer()) };
            }
        }
        Ok(())
    }

    unsafe fn globals(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let status = input.arbitrary::<i16>()?.into();
        let (text, limit) = (text(input)?, input.arbitrary()?);
        let mut length = usize::MAX;
        assert!(!fbchat_status_name(status).is_null());
        assert!(!fbchat_last_error().is_null());
        unsafe {
            fbchat_has_feature(text.pointer());
            if fbchat_message_part(text.pointer(), limit, &mut length) == FBCHAT_OK {
                let all = text.0.as_ref().map_or(0, |text| text.as_bytes().len());
                assert!(length <= all);
            }
        }
        Ok(())
    }

    /// Frees everything. Whatever was freed before is ignored.
    fn end(&mut self) {
        for client in self.clients.drain(..) {
            fbchat_client_free(client);
        }
        for config in self.configs.drain(..) {
            fbchat_config_free(config);
        }
    }
}

/// Reads all fields of an event and frees it.
///
/// # Safety
/// It is NULL or an event that was not freed.
unsafe fn read_event(event: *mut fbchat_event) {
    unsafe {
        let count = fbchat_event_count(event);
        fbchat_event_kind(event);
        fbchat_event_session(event);
        fbchat_event_request(event);
        fbchat_event_status(event);
        assert!(fbchat_event_user_data(event).is_null());
        for item in (0..=count).chain([usize::MAX]) {
            for field in -1..70 {
                let (mut number, mut length) = (0, 0);
                fbchat_event_int(event, item, field, &mut number);
                fbchat_event_uid(event, item, field);
                let text = fbchat_event_str(event, item, field, &mut length);
                if !text.is_null() {
                    assert_eq!(std::ffi::CStr::from_ptr(text).to_bytes().len(), length);
                }
                let bytes = fbchat_event_bytes(event, item, field, &mut length);
                if !bytes.is_null() {
                    std::hint::black_box(std::slice::from_raw_parts(bytes.cast::<u8>(), length));
                }
            }
        }
        fbchat_event_free(event);
    }
}
