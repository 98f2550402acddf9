//! A program as they were written in 2008, in Ruby with Mechanize, chats over hosts that are all facebook.com.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::client::facebook;
use crate::common::{self, Client};

/// Ends with the test, however that ends.
struct Ruby(Child);

impl Drop for Ruby {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_program_of_2008_logs_in_lists_sends_and_hears() {
    let dir = tempfile::tempdir().unwrap();
    common::accounts(dir.path());
    let server = facebook(dir.path());
    let mut ann = Client::login(&server, "ann", "secret");
    let seq = ann.seq();

    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old_clients");
    let mut ruby = Command::new("ruby");
    ruby.arg("-r")
        .arg(place.join("loopback.rb"))
        .arg(place.join("chat.rb"));
    ruby.arg("ben@example.org")
        .env("OLD_CLIENT_PASSWORD", "secret");
    ruby.env("FBCHATD_PORT", server.base.rsplit(':').next().unwrap());
    ruby.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut ruby = Ruby(ruby.spawn().expect("ruby-mechanize is installed by make"));
    let mut lines = BufReader::new(ruby.0.stdout.take().unwrap()).lines();
    let mut said = || -> Value {
        let line = lines.next().expect("the program goes on").unwrap();
        serde_json::from_str(&line).unwrap()
    };

    let uid = said()[1].as_i64().unwrap();
    assert_eq!(uid, ann.uid + 1);
    let buddies = said();
    assert_eq!(buddies[1][ann.uid.to_string()], "Ann A");
    let text = "käse & 100 % \"für\" alle";
    writeln!(ruby.0.stdin.as_ref().unwrap(), "{} {text}", ann.uid).unwrap();
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
