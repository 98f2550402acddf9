//! Trust: a file of certificates, a pin, and what is reported about certificates that are not trusted.

use super::*;

#[test]
fn certificate_of_an_authority_in_a_file_is_trusted() {
    let server = secured("127.0.0.1");
    let url = format!("https://{}", server.address);
    chat(&trusting(&url, &server.authority));
    let problem = failure(&options(&url));
    assert_eq!(problem.status, Status::Tls);
    assert_eq!(problem.untrusted.unwrap().why, Distrust::UnknownIssuer);
    assert!(
        problem.text.contains("its issuer is unknown"),
        "{}",
        problem.text
    );
}

#[test]
#[cfg(feature = "rustls")]
fn fingerprint_of_a_refused_certificate_is_the_pin_that_trusts_it() {
    let server = Server::demo();
    // Neither the issuer nor the name is right.
    let identity = Identity::self_signed("another.example.org");
    let url = format!("https://{}", identity.serve(server.address()));
    let problem = failure(&options(&url));
    assert_eq!(problem.status, Status::Tls);
    let untrusted = problem.untrusted.unwrap();
    assert_eq!(untrusted.why, Distrust::UnknownIssuer);
    let fingerprint = untrusted.fingerprint().unwrap();
    assert_eq!(fingerprint, identity.fingerprint());
    let mut pinned = options(&url);
    pinned.network.pin = Some(Pin::parse(&fingerprint).unwrap());
    chat(&pinned);
}

#[test]
#[cfg(feature = "rustls")]
fn pin_trusts_no_other_certificate() {
    let server = secured("127.0.0.1");
    let mut pinned = trusting(&format!("https://{}", server.address), &server.authority);
    let other = server.authority.issue("127.0.0.1", Validity::Now);
    pinned.network.pin = Some(Pin::parse(&other.fingerprint()).unwrap());
    let problem = failure(&pinned);
    assert_eq!(problem.status, Status::Tls);
    let untrusted = problem.untrusted.unwrap();
    assert_eq!(untrusted.why, Distrust::NotPinned);
    assert_eq!(untrusted.fingerprint().unwrap(), server.fingerprint);
}

#[test]
#[cfg(not(feature = "rustls"))]
fn pin_is_refused_where_it_cannot_be_checked_in_time() {
    let problem = Pin::parse(&"00".repeat(32)).unwrap_err();
    assert_eq!(problem.status, Status::Argument);
    assert!(problem.text.contains("cannot be pinned in this build"));
}

#[test]
fn what_is_wrong_with_a_certificate_is_reported() {
    let server = Server::demo();
    let authority = Authority::new();
    for (name, validity, why) in [
        ("127.0.0.1", Validity::Expired, Distrust::Expired),
        ("127.0.0.1", Validity::NotYet, Distrust::NotYetValid),
        ("another.example.org", Validity::Now, Distrust::WrongName),
    ] {
        let identity = authority.issue(name, validity);
        let address = identity.serve(server.address());
        let problem = failure(&trusting(&format!("https://{address}"), &authority));
        assert_eq!(problem.status, Status::Tls, "{}", problem.text);
        let untrusted = problem.untrusted.unwrap();
        assert_eq!(untrusted.why, why);
        if cfg!(feature = "rustls") {
            assert_eq!(untrusted.fingerprint().unwrap(), identity.fingerprint());
        }
    }
}

#[test]
fn server_without_tls_is_recognized() {
    let server = Server::demo();
    let problem = failure(&options(&format!("https://{}", server.address())));
    assert_eq!(problem.status, Status::Tls);
    assert!(
        problem.text.ends_with("the server does not speak TLS"),
        "{}",
        problem.text
    );
    assert_eq!(problem.untrusted, None);
}

#[test]
fn changed_certificate_is_reported_while_waiting_to_reconnect() {
    let server = Server::demo();
    let authority = Authority::new();
    // First the right certificate, later another one, as in an attack on the connection.
    let right = authority
        .issue("127.0.0.1", Validity::Now)
        .serve(server.address());
    let wrong = Identity::self_signed("127.0.0.1").serve(server.address());
    let changed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let cut = std::sync::Arc::new(tokio::sync::Notify::new());
    let (flag, cutting) = (changed.clone(), cut.clone());
    let front = relay::serve(move |mut stream| {
        let target = match flag.load(std::sync::atomic::Ordering::SeqCst) {
            false => right,
            true => wrong,
        };
        let cut = cutting.clone();
        async move {
            tokio::select! {
                () = cut.notified() => None,
                done = relay::join(&mut stream, target) => done,
            }
        }
    });
    let client = Client::new(ClientConfig::default()).unwrap();
    let session = log_in(&client, &trusting(&format!("https://{front}"), &authority));
    wait(&client, session, |event| {
        (*event == Event::Connection(Connection::Connected)).then_some(())
    });
    changed.store(true, std::sync::atomic::Ordering::SeqCst);
    cut.notify_waiters();
    let problem = wait(&client, session, |event| match event {
        Event::Connection(Connection::Waiting { problem, .. }) if problem.status == Status::Tls => {
            Some(problem.clone())
        }
        _ => None,
    });
    assert_eq!(problem.untrusted.unwrap().why, Distrust::UnknownIssuer);
}

/// What `openssl req -x509` makes: a certificate of an authority, used by the server itself.
#[test]
fn self_signed_certificate_in_a_file_is_trusted_for_its_name_and_time() {
    let server = Server::demo();
    let roots = |identity: &Identity| {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("server.pem");
        std::fs::write(&file, identity.pem()).unwrap();
        Roots::read(&file).unwrap()
    };
    let with = |identity: &Identity, given: &Identity| {
        let mut options = options(&format!("https://{}", identity.serve(server.address())));
        options.network.roots = roots(given);
        options
    };
    let right = Identity::self_signed("127.0.0.1");
    chat(&with(&right, &right));
    let elsewhere = Identity::self_signed("another.example.org");
    let expired = Identity::self_signed_for("127.0.0.1", Validity::Expired);
    let other = Identity::self_signed("127.0.0.1");
    for (shown, given, why) in [
        (&elsewhere, &elsewhere, Distrust::WrongName),
        (&expired, &expired, Distrust::Expired),
        (&right, &other, Distrust::UnknownIssuer),
    ] {
        let problem = failure(&with(shown, given));
        assert_eq!(problem.untrusted.unwrap().why, why, "{}", problem.text);
    }
}
