//! A program like those of 2008, in Ruby with Mechanize, chats at the hosts of facebook.com.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use super::client::facebook;
use testkit::Client;
use testkit::LIMIT;
use testkit::process::{Lines, Process};

#[test]
fn a_program_of_2008_logs_in_lists_sends_and_receives() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = facebook(dir.path());
    chat(&server.url, Client::login(&server, "ann", "secret"));
}

/// Ben chats with Ann by means of the program, which finds all hosts at this URL.
pub fn chat(url: &str, mut ann: Client) {
    let seq = ann.seq();

    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/old_clients");
    let mut ruby = Command::new("ruby");
    ruby.arg("-r")
        .arg(place.join("loopback.rb"))
        .arg(place.join("chat.rb"));
    ruby.arg("ben@example.org")
        .env("OLD_CLIENT_PASSWORD", "secret");
    ruby.env("FBCHATD_PORT", url.rsplit(':').next().unwrap());
    ruby.stdin(Stdio::piped()).stdout(Stdio::piped());
    // It needs the package ruby-mechanize.
    let mut ruby = Process::spawn(&mut ruby);
    let lines = Lines::of(ruby.child.stdout.take().unwrap());
    let said = || -> Value {
        let line = lines.next_before(Instant::now() + LIMIT).unwrap();
        serde_json::from_str(&line).unwrap()
    };

    let uid = said()[1].as_i64().unwrap();
    assert_eq!(uid, ann.uid + 1);
    let buddies = said();
    assert_eq!(buddies[1][ann.uid.to_string()], "Ann A");
    let text = "käse & 100 % \"für\" alle";
    writeln!(ruby.child.stdin.as_ref().unwrap(), "{} {text}", ann.uid).unwrap();
    assert_eq!(said()[1]["error"], 0);
    let (item, _) = ann.wait_for(seq, |item| item["type"] == "msg");
    assert_eq!(
        (&item["from"], &item["msg"]["text"]),
        (&json!(uid), &json!(text))
    );
    for text in ["</script> \\ / 😀", "second", "third"] {
        assert_eq!(ann.send(uid, text)["error"], 0);
    }
    for text in ["</script> \\ / 😀", "second", "third"] {
        assert_eq!(said(), json!(["heard", ann.uid, "Ann A", text]));
    }
}
