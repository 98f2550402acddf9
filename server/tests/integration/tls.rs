//! TLS: cookies, HTTP/2, a certificate that changes, and trusted proxies.

use std::path::Path;
use std::process::Command;

use reqwest::blocking::{Client as Http, Response};
use reqwest::{Certificate, Version};
use testkit::{Server, encode, http, http_with, until};

/// Writes a certificate and its key; returns the certificate.
pub fn certificate(dir: &Path) -> String {
    let made =
        rcgen::generate_simple_self_signed(["127.0.0.1", "login.facebook.com"].map(str::to_owned))
            .unwrap();
    std::fs::write(dir.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.pem()
}

fn command(dir: &Path) -> Command {
    let mut command = Server::command(dir);
    command
        .env("FBCHATD_TLS_LISTEN", "127.0.0.1:0")
        .env("FBCHATD_TLS_CERT", dir.join("cert.pem"))
        .env("FBCHATD_TLS_KEY", dir.join("key.pem"));
    command
}

/// A client that trusts this certificate and no other.
fn trusting(pem: &str, old: bool) -> Http {
    let roots = [Certificate::from_pem(pem.as_bytes()).unwrap()];
    let builder = Http::builder().tls_certs_only(roots);
    http_with(if old { builder.http1_only() } else { builder })
}

fn login(http: &Http, base: &str) -> Response {
    let request = http.post(format!("{base}/login.php"));
    let form = encode(&[("email", "ann"), ("pass", "secret")]);
    request
        .header("Cookie", "test_cookie=1")
        .body(form)
        .send()
        .unwrap()
}

fn cookies(response: &Response) -> Vec<String> {
    let lines = response.headers().get_all("set-cookie").iter();
    lines
        .map(|line| line.to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn over_tls_cookies_are_secure_and_both_versions_of_http_work() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let pem = certificate(dir.path());
    let mut server = Server::start(&mut command(dir.path()));
    let base = server.announced("listening on ");
    assert!(base.starts_with("https://"), "{base}");
    for (old, version) in [(true, Version::HTTP_11), (false, Version::HTTP_2)] {
        let http = trusting(&pem, old);
        let welcome = login(&http, &base);
        assert_eq!(
            (welcome.status().as_u16(), welcome.version()),
            (302, version)
        );
        assert_eq!(welcome.headers()["location"], format!("{base}/home.php"));
        let cookies = cookies(&welcome);
        assert_eq!(cookies.len(), 2);
        for cookie in &cookies {
            assert!(
                cookie.ends_with("; HttpOnly; SameSite=Lax; Secure"),
                "{cookie}"
            );
        }
        let sent: Vec<_> = cookies
            .iter()
            .map(|cookie| cookie.split(';').next().unwrap())
            .collect();
        let poll = http
            .get(format!("{base}/x/0/true/p_100001=-1"))
            .header("Cookie", sent.join("; "));
        let answer = testkit::json(poll.send().unwrap());
        assert!(answer["seq"].is_i64(), "{answer}");
    }
    // The same server without TLS, as for a proxy on this machine.
    assert!(!cookies(&login(&http(), &server.url))[0].contains("Secure"));
    assert!(server.stop().success());
}

/// Clients of 2009 log in over TLS and continue without.
#[test]
fn a_login_at_the_host_of_2009_leads_to_plain_http() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let pem = certificate(dir.path());
    let mut server = Server::start(command(dir.path()).env("FBCHATD_BASE_DOMAIN", "facebook.com"));
    let base = server.announced("listening on ");
    let (address, port) = (base.trim_start_matches("https://"), base.rsplit(':').next());
    let roots = [Certificate::from_pem(pem.as_bytes()).unwrap()];
    let builder = Http::builder().tls_certs_only(roots);
    let http = http_with(builder.resolve("login.facebook.com", address.parse().unwrap()));
    let welcome = login(
        &http,
        &format!("https://login.facebook.com:{}", port.unwrap()),
    );
    assert_eq!(
        welcome.headers()["location"],
        "http://www.facebook.com/home.php"
    );
    for cookie in cookies(&welcome) {
        assert!(cookie.contains("; domain=.facebook.com; "), "{cookie}");
        assert!(!cookie.contains("Secure"), "{cookie}");
    }
    // At other hosts, the redirect stays on TLS.
    let welcome = login(&http, &base);
    assert_eq!(welcome.headers()["location"], format!("{base}/home.php"));
    assert!(cookies(&welcome)[0].ends_with("; Secure"));
}

#[test]
fn sighup_loads_a_new_certificate_and_refuses_a_broken_one() {
    let dir = tempfile::tempdir().unwrap();
    let old = certificate(dir.path());
    let mut server = Server::start(&mut command(dir.path()));
    let base = server.announced("listening on ");
    let works = |pem: &str| {
        trusting(pem, false)
            .get(format!("{base}/healthz"))
            .send()
            .is_ok()
    };
    assert!(works(&old));
    // A certificate with the key of another one.
    let key = std::fs::read(dir.path().join("key.pem")).unwrap();
    let new = certificate(dir.path());
    std::fs::write(dir.path().join("key.pem"), &key).unwrap();
    server.signal("-HUP");
    std::fs::write(dir.path().join("cert.pem"), "nonsense").unwrap();
    server.signal("-HUP");
    for _ in 0..20 {
        assert!(works(&old) && !works(&new));
    }
    let newest = certificate(dir.path());
    server.signal("-HUP");
    until("the new certificate", || works(&newest).then_some(()));
    assert!(!works(&old));
}

#[test]
fn wrong_files_are_named_before_anything_is_served() {
    let dir = tempfile::tempdir().unwrap();
    certificate(dir.path());
    let key = std::fs::read(dir.path().join("key.pem")).unwrap();
    certificate(dir.path());
    for (file, content, words) in [
        (
            "key.pem",
            &key[..],
            &["tls_cert", "tls_key", "together"][..],
        ),
        ("key.pem", b"", &["key.pem", "tls_key", "no private key"]),
        (
            "cert.pem",
            b"x",
            &["cert.pem", "tls_cert", "no certificate"],
        ),
    ] {
        std::fs::write(dir.path().join(file), content).unwrap();
        let output = command(dir.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn only_headers_of_a_trusted_proxy_are_believed() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    for (trusted, believed) in [("[\"127.0.0.0/8\"]", true), ("[\"192.0.2.1\"]", false)] {
        let mut command = Server::command(dir.path());
        let server = Server::start(command.env("FBCHATD_TRUSTED_PROXIES", trusted));
        let form = encode(&[("email", "ann"), ("pass", "secret")]);
        let request = http().post(format!("{}/login.php", server.url));
        let request = request
            .header("Cookie", "test_cookie=1")
            .header("X-Forwarded-Proto", "https");
        let welcome = request.body(form).send().unwrap();
        assert_eq!(cookies(&welcome)[0].contains("Secure"), believed);
        let location = welcome.headers()["location"].to_str().unwrap();
        assert_eq!(location.starts_with("https://"), believed, "{location}");
    }
}
