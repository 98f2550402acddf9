//! What a host can set, and what it hears of a mistake.

use super::*;

#[test]
fn wrong_settings_are_explained_without_constants() {
    let mut config = null_mut();
    // SAFETY: a place for a pointer.
    assert_eq!(unsafe { fbchat_config_new(&mut config) }, FBCHAT_OK);
    for (key, value, sentence) in [
        (
            FBCHAT_CONFIG_CONNECT_TIMEOUT_MS,
            5,
            "The connect timeout in milliseconds must be from 1000 to 120000, not 5",
        ),
        (
            FBCHAT_CONFIG_REQUEST_TIMEOUT_MS,
            -1,
            "The request timeout in milliseconds must be from 1000 to 120000, not -1",
        ),
        (
            FBCHAT_CONFIG_REQUEST_TIMEOUT_MS,
            i64::MAX,
            "The request timeout in milliseconds must be from 1000 to 120000, not 9223372036854775807",
        ),
        (
            FBCHAT_CONFIG_ACTIVE,
            2,
            "The active state must be 0 or 1, not 2",
        ),
        (
            FBCHAT_CONFIG_BATCH,
            0,
            "The batch size must be from 1 to 1000, not 0",
        ),
    ] {
        assert_eq!(
            fbchat_config_set_int(config, key, value),
            FBCHAT_ERR_ARGUMENT
        );
        assert_eq!(last_error(), sentence);
    }
    let set = |key, value: &str| {
        let value = CString::new(value).unwrap();
        // SAFETY: a living handle and a C string.
        unsafe { fbchat_config_set_str(config, key, value.as_ptr()) }
    };
    for (key, value, sentence) in [
        (
            FBCHAT_CONFIG_PROXY,
            "gopher://127.0.0.1",
            "The proxy setting is not a proxy address",
        ),
        (
            FBCHAT_CONFIG_CA_FILE,
            "/nowhere/ca.pem",
            "The certificates in /nowhere/ca.pem cannot be used: there is no such file",
        ),
        (FBCHAT_CONFIG_PIN_SHA256, "AB:CD", "A fingerprint is"),
        (FBCHAT_CONFIG_USER_AGENT, "two\nlines", "A user agent is"),
        (
            FBCHAT_CONFIG_SERVER,
            "https://example.org/chat/",
            "A chat server needs a host name of its own",
        ),
        (
            FBCHAT_CONFIG_SAVED_SESSION,
            "{}",
            "This is not a saved session",
        ),
    ] {
        assert_eq!(set(key, value), FBCHAT_ERR_ARGUMENT);
        assert!(last_error().starts_with(sentence), "{}", last_error());
        assert!(!last_error().contains("FBCHAT_"), "{}", last_error());
        if key != FBCHAT_CONFIG_SERVER {
            assert_eq!(set(key, ""), FBCHAT_OK, "back to the default");
        }
    }
    assert_eq!(
        set(FBCHAT_CONFIG_PROXY, "socks5h://user:pass@127.0.0.1:9050"),
        FBCHAT_OK
    );
    assert_eq!(set(FBCHAT_CONFIG_BATCH, "7"), FBCHAT_ERR_KEY);
    assert_eq!(
        fbchat_config_set_int(config, FBCHAT_CONFIG_BATCH, 7),
        FBCHAT_OK
    );
    assert_eq!(
        fbchat_config_set_int(config, FBCHAT_CONFIG_PROXY, 7),
        FBCHAT_ERR_KEY
    );
    fbchat_config_free(config);
}

#[test]
fn exactly_one_tls_library_is_there() {
    let has = |name: &std::ffi::CStr| {
        // SAFETY: a C string.
        unsafe { fbchat_has_feature(name.as_ptr()) == 1 }
    };
    assert!(has(c"tls"));
    assert_ne!(has(c"rustls"), has(c"native-tls"));
    assert_eq!(has(c"rustls"), has(c"pin"));
}

#[test]
fn settings_name_what_is_wrong_with_them() {
    let mut config = null_mut();
    let string = |text: &str| CString::new(text).unwrap();
    // SAFETY: living handles and C strings.
    unsafe {
        assert_eq!(fbchat_config_new(&mut config), FBCHAT_OK);
        let server = string("https://chat.example.org");
        assert_eq!(
            fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, server.as_ptr()),
            FBCHAT_OK
        );
        assert_eq!(
            fbchat_config_set_str(config, 77, server.as_ptr()),
            FBCHAT_ERR_KEY
        );
        assert!(last_error().contains("77"));
        let nonsense = string("gopher://x");
        assert_eq!(
            fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, nonsense.as_ptr()),
            FBCHAT_ERR_ARGUMENT
        );
        assert!(last_error().contains("gopher"));
        assert_eq!(
            fbchat_config_set_str(config, FBCHAT_CONFIG_SERVER, null()),
            FBCHAT_ERR_NULL
        );
        assert_eq!(
            fbchat_config_set_int(config, FBCHAT_CONFIG_QUEUE_LIMIT, 99),
            FBCHAT_ERR_ARGUMENT
        );
        assert!(last_error().contains("100 to 1000000"));
        assert_eq!(
            fbchat_config_set_int(config, FBCHAT_CONFIG_ALLOW_INSECURE, 2),
            FBCHAT_ERR_ARGUMENT
        );
        assert_eq!(
            fbchat_config_set_log(config, 6, None, null_mut()),
            FBCHAT_ERR_ARGUMENT
        );
        fbchat_config_free(config);
        assert_eq!(
            fbchat_config_set_int(config, FBCHAT_CONFIG_QUEUE_LIMIT, 200),
            FBCHAT_ERR_ARGUMENT
        );
        assert!(last_error().contains("freed"));
        fbchat_config_free(config);
    }
}
