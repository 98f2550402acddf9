//! `fbchat` through a real proxy and a real TLS server: the options, and what it says when they are missing.

use crate::program::{ALICE, Client, fbchat};
use std::process::Command;
use testkit::Server;
use testkit::proxy::{Behavior, Proxy};
use testkit::tls::{Authority, Identity, Validity};

/// A name that no name server knows (RFC 6761).
const HIDDEN: &str = "https://chat.fbchat.invalid";

/// `fbchat --json` as Alice, without the proxies of this test's own environment.
fn alice(server: &str, args: &[&str]) -> Command {
    let mut command = fbchat(server, args);
    command.args(["--json", "--password-stdin", ALICE]);
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command
}

fn logs_in(command: &mut Command) {
    let mut client = Client::run(command);
    client.line("demo");
    client.event("logged_in", |_| true);
    client.end_input();
    assert_eq!(client.end().0.code(), Some(0));
}

/// What the program says when it cannot log in.
fn fails(command: &mut Command, code: i32) -> String {
    let mut client = Client::run(command);
    client.line("demo");
    let (status, _, errors) = client.end();
    let errors = errors.join("\n");
    assert_eq!(status.code(), Some(code), "{errors}");
    errors
}

#[test]
fn proxy_and_certificates_reach_a_server_that_only_the_proxy_knows() {
    let server = Server::demo();
    let authority = Authority::new();
    let identity = authority.issue("chat.fbchat.invalid", Validity::Now);
    let proxy = Proxy::start(identity.serve(server.address()), Behavior::default());
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("authority.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    let way = format!("socks5h://{}", proxy.address);
    let trust = ["--ca-file", file.to_str().unwrap()];
    logs_in(alice(HIDDEN, &trust).args(["--proxy", &way]));
    logs_in(
        alice(HIDDEN, &trust)
            .args(["--proxy", "environment"])
            .env("all_proxy", &way),
    );
    assert!(proxy.was_asked("socks5 name chat.fbchat.invalid:443"));
    // The environment is not used unless it is asked for.
    let asked = proxy.asked().len();
    let said = fails(
        alice(&server.url, &trust)
            .env("all_proxy", &way)
            .arg("--pin=00"),
        2,
    );
    assert!(said.contains("A fingerprint is a SHA-256"), "{said}");
    logs_in(alice(&server.url, &[]).env("all_proxy", &way));
    assert_eq!(proxy.asked().len(), asked);
}

#[test]
fn untrusted_certificate_is_reported_with_the_option_that_trusts_it() {
    let server = Server::demo();
    let identity = Identity::self_signed("another.example.org");
    let url = format!("https://{}", identity.serve(server.address()));
    let said = fails(&mut alice(&url, &[]), 1);
    let option = format!("--pin {}", identity.fingerprint());
    assert!(said.contains(&option), "{said}");
    logs_in(alice(&url, &[]).args(option.split(' ')));
}

#[test]
fn wrong_network_options_are_named() {
    let usage = |args: &[&str], why: &str| {
        let said = fails(&mut alice("https://chat.fbchat.invalid", args), 2);
        assert!(said.contains(why), "{said}");
    };
    usage(
        &["--proxy", "gopher://127.0.0.1:70"],
        "its scheme must be http",
    );
    usage(&["--ca-file", "/nonexistent"], "there is no such file");
    let argument = ["--proxy", "http://user:secret@127.0.0.1:3128"];
    usage(&argument, "Other users can read a password in --proxy");
}
