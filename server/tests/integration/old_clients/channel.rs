//! The channel as clients of every year use it.

use serde_json::{Value, json};

use super::client::{OldClient, facebook, texts};
use testkit::until;

#[test]
fn the_channel_serves_both_ways_of_counting_at_all_of_its_hosts() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = facebook(dir.path());
    let (ann, ben) = (
        OldClient::login(&server, "ann"),
        OldClient::login(&server, "ben"),
    );
    // An earlier conversation that was fetched.
    let mut seq = ben.poll(-1)["seq"].as_i64().unwrap();
    assert!(seq > 0, "some clients take a second 0 for a dead session");
    ann.send(ben.uid, "long ago");
    until("the earlier conversation", || {
        let answer = ben.poll(seq);
        seq = answer["seq"].as_i64().unwrap_or(seq + 1);
        // The counter follows the message, so a request for it means that the message has arrived.
        (answer["ms"][0]["type"] == "inbox").then_some(())
    });
    // A client that starts at 0, one that is ahead, and a probe by POST get the same number as from reconnect.php.
    let next = ben.poll(-1)["seq"].as_i64().unwrap();
    assert_eq!(ben.poll(next + 1000), json!({"t": "refresh", "seq": next}));
    let probe = format!("/x/1/0/false/p_{}=-1", ben.uid);
    let answer = ben.post("0.100.channel.facebook.com", &probe, &[]);
    assert_eq!(OldClient::script(&probe, &answer)["seq"], next);
    for reason in 0..=10 {
        let path = format!(
            "/ajax/presence/reconnect.php?reason={reason}&iframe_loaded=false&post_form_id={}",
            ben.form_id
        );
        let place = ben.read(&path);
        assert_eq!(place["host"], format!("channel{}", ben.channel));
        assert_eq!(
            (&place["seq"], &place["user_channel"]),
            (&next.into(), &format!("p_{}", ben.uid).into())
        );
        assert_eq!(
            ben.write("/ajax/presence/reconnect.php", &[("reason", "6")])["seq"],
            next
        );
    }
    // One number for each answer, or one for each item: both get everything once.
    for text in ["one", "two..", "three..."] {
        ann.send(ben.uid, text);
        ann.write(
            "/ajax/chat/typ.php",
            &[("typ", "1"), ("to", &ben.uid.to_string())],
        );
    }
    for per_item in [false, true] {
        let (mut seq, mut heard) = (next, Vec::new());
        while heard
            .iter()
            .filter(|item: &&Value| item["type"] == "typ")
            .count()
            < 3
        {
            let answer = ben.poll(seq);
            assert_eq!(answer["t"], "msg", "{answer}");
            let items = answer["ms"].as_array().unwrap();
            seq += if per_item { items.len() as i64 } else { 1 };
            heard.extend(items.clone());
        }
        assert_eq!(texts(&heard), ["one", "two..", "three..."]);
        let first = heard.iter().find(|item| item["type"] == "msg").unwrap();
        assert_eq!(first["msg"]["clientTime"], 120_955_866_425_i64);
        assert!(first["msg"]["msgID"].is_string() && first["from"].is_i64());
    }
    // A poll at 0 returns where to begin, and no old items.
    let start = ben.poll(0)["seq"].as_i64().unwrap();
    assert!(start >= next, "{start} {next}");
    // The channel of another user.
    let other = format!("/x/0/false/p_{}=-1", ann.uid);
    let answer = ben.get("1.channel07.facebook.com", &other);
    assert_eq!(OldClient::script(&other, &answer), json!({"t": "refresh"}));
}
