//! The network options as keys of the C interface.

use super::*;
use fbchat::ffi::*;
use std::ffi::CString;
use std::ptr::{null, null_mut};
use std::time::Instant;

/// A configuration with these keys.
fn config(server: &str, strings: &[(fbchat_config_key, &str)]) -> *mut fbchat_config {
    let mut config = null_mut();
    // SAFETY: a place for a pointer.
    assert_eq!(unsafe { fbchat_config_new(&mut config) }, FBCHAT_OK);
    for (key, value) in [(FBCHAT_CONFIG_SERVER, server)].iter().chain(strings) {
        let value = CString::new(*value).unwrap();
        // SAFETY: a live handle and a C string.
        let status = unsafe { fbchat_config_set_str(config, *key, value.as_ptr()) };
        assert_eq!(status, FBCHAT_OK, "{key}");
    }
    config
}

/// Logs in as Alice; returns from the answer: kind, status, fingerprint, and what is wrong with the certificate.
fn answer(config: *mut fbchat_config) -> (fbchat_kind, fbchat_status, Option<String>, i64) {
    let (mut client, mut session, mut request) = (null_mut(), 0, 0);
    // SAFETY: places for results, live handles, C strings, and each event is freed once.
    unsafe {
        assert_eq!(fbchat_client_new(config, &mut client), FBCHAT_OK);
        let opened = fbchat_session_open(client, null(), null_mut(), &mut session);
        assert_eq!(opened, FBCHAT_OK);
        let (email, password) = (c"alice@example.org".as_ptr(), c"demo".as_ptr());
        let asked = fbchat_session_login(client, session, email, password, &mut request);
        assert_eq!(asked, FBCHAT_OK);
        let answer = loop {
            let mut event = null_mut();
            assert_eq!(fbchat_client_poll(client, 30_000, &mut event), FBCHAT_OK);
            let is_answer = fbchat_event_request(event) == request;
            let mut problem = 0;
            fbchat_event_int(event, 0, FBCHAT_FIELD_CERTIFICATE_PROBLEM, &mut problem);
            let sha256 = fbchat_event_str(event, 0, FBCHAT_FIELD_CERTIFICATE_SHA256, null_mut());
            let sha256 = (!sha256.is_null()).then(|| CStr::from_ptr(sha256));
            let sha256 = sha256.map(|text| text.to_str().unwrap().to_owned());
            let (kind, status) = (fbchat_event_kind(event), fbchat_event_status(event));
            fbchat_event_free(event);
            if is_answer {
                break (kind, status, sha256, problem);
            }
        };
        fbchat_client_free(client);
        fbchat_config_free(config);
        answer
    }
}

#[test]
fn proxy_and_file_of_certificates() {
    let server = secured(HIDDEN);
    let proxy = Proxy::start(server.address, Behavior::default());
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("authority.pem");
    std::fs::write(&file, server.authority.pem()).unwrap();
    let url = format!("https://{HIDDEN}");
    let way = format!("socks5h://{}", proxy.address);
    let with_proxy = (FBCHAT_CONFIG_PROXY, way.as_str());
    let with_file = (FBCHAT_CONFIG_CA_FILE, file.to_str().unwrap());
    let (kind, status, ..) = answer(config(&url, &[with_proxy, with_file]));
    assert_eq!((kind, status), (FBCHAT_EVENT_LOGGED_IN, FBCHAT_OK));
    let (kind, status, _, problem) = answer(config(&url, &[with_proxy]));
    assert_eq!((kind, status), (FBCHAT_EVENT_LOGIN_FAILED, FBCHAT_ERR_TLS));
    assert_eq!(problem, i64::from(FBCHAT_CERTIFICATE_UNKNOWN_ISSUER));
}

#[test]
#[cfg(feature = "rustls")]
fn fingerprint_in_an_event_works_as_a_pin() {
    let server = Server::demo();
    let identity = Identity::self_signed("another.example.org");
    let url = format!("https://{}", identity.serve(server.address()));
    let (kind, status, sha256, _) = answer(config(&url, &[]));
    assert_eq!((kind, status), (FBCHAT_EVENT_LOGIN_FAILED, FBCHAT_ERR_TLS));
    let sha256 = sha256.unwrap();
    let (kind, ..) = answer(config(&url, &[(FBCHAT_CONFIG_PIN_SHA256, &sha256)]));
    assert_eq!(kind, FBCHAT_EVENT_LOGGED_IN);
}

#[test]
fn user_agent_activity_and_batch() {
    let server = Server::demo();
    let proxy = Proxy::start(server.address(), Behavior::default());
    let way = format!("http://{}", proxy.address);
    let agent = (FBCHAT_CONFIG_USER_AGENT, "Tester/2.0");
    let config = config("http://127.0.0.1", &[(FBCHAT_CONFIG_PROXY, &way), agent]);
    for (key, value) in [
        (FBCHAT_CONFIG_ALLOW_INSECURE, 1),
        (FBCHAT_CONFIG_ACTIVE, 0),
        (FBCHAT_CONFIG_BATCH, 9),
    ] {
        assert_eq!(fbchat_config_set_int(config, key, value), FBCHAT_OK);
    }
    let mut client = null_mut();
    let (mut session, mut event) = (0, null_mut());
    // SAFETY: as above.
    unsafe {
        assert_eq!(fbchat_client_new(config, &mut client), FBCHAT_OK);
        fbchat_session_open(client, null(), null_mut(), &mut session);
        let (email, password) = (c"alice@example.org".as_ptr(), c"demo".as_ptr());
        fbchat_session_login(client, session, email, password, null_mut());
        // The long-poll may reach the proxy after the last event.
        let deadline = Instant::now() + LIMIT;
        while !proxy.was_asked("/false/p_") {
            assert!(Instant::now() < deadline, "{:?}", proxy.asked());
            if fbchat_client_poll(client, 50, &mut event) == FBCHAT_OK {
                fbchat_event_free(event);
            }
        }
        fbchat_client_free(client);
        fbchat_config_free(config);
    }
    assert!(proxy.was_asked("?batch=9"));
    assert!(proxy.was_asked("user-agent: Tester/2.0\r\n"));
}
