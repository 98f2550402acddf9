//! Unread conversations, notifications, and history page by page.

use serde_json::{Value, json};
use testkit::{Client, Server, account, between, json};

const LIST: &str = "/ajax/fbchat/notifications.php";

fn friends() -> (tempfile::TempDir, Server, Client, Client) {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = Server::serve(dir.path(), &[]);
    let ann = Client::login(&server, "ann", "secret");
    let ben = Client::login(&server, "ben", "secret");
    (dir, server, ann, ben)
}

fn counters(client: &Client) -> Value {
    let form = [("notifications", "1")];
    client.write("/ajax/presence/update.php", &form)["payload"]["notifications"].clone()
}

fn inbox(client: &Client, seq: i64, unseen: i64) -> i64 {
    let (item, seq) = client.wait_for(seq, |item| item["type"] == "inbox");
    assert_eq!(item, json!({"type": "inbox", "unseen": unseen}));
    seq
}

#[test]
fn unread_conversations_are_counted_pushed_and_marked_as_read() {
    let (dir, mut server, mut ann, mut ben) = friends();
    let seq = ben.seq();
    assert_eq!(ann.send(ben.uid, "1")["error"], 0);
    assert_eq!(ann.send(ben.uid, "2")["error"], 0);
    // Only the first message makes the conversation unread; a note to oneself never does.
    inbox(&ben, seq, 1);
    assert_eq!(ben.send(ben.uid, "note")["error"], 0);
    assert_eq!(counters(&ben)["inboxCount"], "1");
    assert_eq!(counters(&ann)["inboxCount"], "0");
    server.kill();
    // On PostgreSQL numbers continue where they were, so polls are held.
    server = Server::start(Server::command(dir.path()).env("FBCHATD_HOLD_S", "1"));
    (ann, ben) = (ann.moved(&server), ben.moved(&server));
    // Fetch everything that waits first: items in memory only are not delivered to a client that is still catching up.
    let (_, seq) = ben.wait_for(ben.seq(), |item| item["msg"]["text"] == "note");
    let seq = ben.poll(seq)["seq"].as_i64().unwrap_or(seq);
    let own = ann.seq();
    let list = ben.read(LIST);
    assert_eq!(list["inbox"], 1);
    let one = list["conversations"][0].clone();
    assert_eq!(
        (&one["uid"], &one["name"], &one["unread"]),
        (&ann.uid.into(), &"Ann A".into(), &2.into())
    );
    assert_eq!(ben.settings("focus_chat", &ann.uid.to_string())["error"], 0);
    let seq = inbox(&ben, seq, 0);
    assert_eq!(ben.read(LIST)["conversations"], json!([]));
    // Marking it again changes and pushes nothing: the next item on the channel is the next message.
    assert_eq!(ben.settings("close_chat", &ann.uid.to_string())["error"], 0);
    assert_eq!(ann.send(ben.uid, "3")["error"], 0);
    let (item, seq) = ben.wait_for(seq, |_| true);
    assert_eq!(item["msg"]["text"], "3");
    let seq = inbox(&ben, seq, 1);
    // An answer marks the conversation as read.
    assert_eq!(ben.send(ann.uid, "4")["error"], 0);
    inbox(&ben, seq, 0);
    inbox(&ann, own, 1);
    // It does not mark it as read for the other user.
    assert_eq!(ben.settings("focus_chat", &ben.uid.to_string())["error"], 0);
    assert_eq!(ann.read(LIST)["inbox"], 1);
    drop(server);
}

#[test]
fn notifications_are_listed_counted_and_in_the_feed() {
    let (dir, server, ann, _) = friends();
    account(dir.path(), "eve@example.org", "Eve <E> & Co");
    let eve = Client::login(&server, "eve", "secret");
    let none = counters(&ann);
    assert_eq!(
        (&none["countNew"], &none["count"], &none["markup"]),
        (&0.into(), &0.into(), &"".into())
    );
    let uid = ann.uid.to_string();
    assert_eq!(
        eve.write("/ajax/addfriend.php", &[("uid", &uid)])["error"],
        0
    );
    let some = counters(&ann);
    assert_eq!((&some["countNew"], &some["count"]), (&1.into(), &1.into()));
    assert!(
        some["markup"]
            .as_str()
            .unwrap()
            .contains("Eve &lt;E&gt; &amp; Co wants to be your friend.")
    );
    let list = ann.read(LIST);
    let one = list["notifications"][0].clone();
    assert_eq!(
        (&one["kind"], &one["uid"], &one["name"], &one["new"]),
        (
            &"friend_request".into(),
            &eve.uid.into(),
            &"Eve <E> & Co".into(),
            &true.into()
        )
    );
    assert_eq!(list["unseen"], 1);
    assert_eq!(some["latest_notif"], one["time"].as_i64().unwrap() / 1000);

    // The feed, found as Pidgin finds it.
    let page = ann.get("/notifications.php").text().unwrap();
    let path = format!(
        "/feeds/notifications.php?{}",
        between(&page, "/feeds/notifications.php?", "\"")
    );
    let path = path.replace("&amp;", "&");
    assert!(
        path.starts_with(&format!(
            "/feeds/notifications.php?id={uid}&viewer={uid}&key="
        )),
        "{path}"
    );
    let feed = ann.get(&path).text().unwrap();
    let item = between(&feed, "<item>", "</item>");
    assert_eq!(
        between(item, "<title>", "</title>"),
        "Eve &lt;E&gt; &amp; Co wants to be your friend."
    );
    assert_eq!(
        between(item, "<link>", "</link>"),
        format!("{}/reqs.php", server.url)
    );
    assert!(between(item, "<pubDate>", "</pubDate>").ends_with(" +0000"));
    // The feed of another user is not visible, with or without the key.
    assert_eq!(eve.get(&path).status(), 404);
    assert_eq!(
        eve.get(&path.replace(&uid, &eve.uid.to_string())).status(),
        404
    );
    assert_eq!(ann.get(&path.replace("key=", "key=0")).status(), 404);
    assert_eq!(
        testkit::http()
            .get(format!("{}{path}", server.url))
            .send()
            .unwrap()
            .status(),
        302
    );

    assert_eq!(
        ann.write(LIST, &[("mark_read", "1")])["payload"]["unseen"],
        1
    );
    let seen = counters(&ann);
    assert_eq!((&seen["countNew"], &seen["count"]), (&0.into(), &1.into()));
    assert_eq!(seen["latest_read_notif"], seen["latest_notif"]);
    let form = [("id", &*eve.uid.to_string()), ("action", "accept")];
    assert_eq!(ann.write("/ajax/reqs.php", &form)["error"], 0);
    assert_eq!(ann.read(LIST)["notifications"], json!([]));
    let told = eve.read(LIST)["notifications"][0].clone();
    assert_eq!(
        (&told["kind"], &told["uid"]),
        (&"friend_added".into(), &ann.uid.into())
    );

    assert_eq!(
        json(ann.post(LIST, &[("mark_read", "1")]))["error"],
        1_357_004
    );
    assert_eq!(ann.write(LIST, &[])["error"], 1_356_004);
}

#[test]
fn history_is_read_page_by_page_from_either_end() {
    let (_dir, _server, mut ann, mut ben) = friends();
    for n in 0..7 {
        let (from, to) = if n % 2 == 0 {
            (&mut ann, ben.uid)
        } else {
            (&mut ben, ann.uid)
        };
        assert_eq!(from.send(to, &n.to_string())["error"], 0);
    }
    let page = |query: &str| {
        let found = ann.read(&format!("/ajax/chat/history.php?id={}{query}", ben.uid));
        let items = found["history"].as_array().unwrap().clone();
        let texts: String = items
            .iter()
            .map(|item| item["msg"]["text"].as_str().unwrap())
            .collect();
        let time = |item: Option<&Value>| item.map(|item| item["time"].as_i64().unwrap());
        (
            texts,
            found["more"] == true,
            time(items.first()),
            time(items.last()),
        )
    };
    let (all, more, ..) = page("");
    assert_eq!((all.as_str(), more), ("0123456", false));
    // Backwards from the newest.
    let (mut query, mut pages) = ("&limit=3".to_owned(), Vec::new());
    loop {
        let (texts, more, first, _) = page(&query);
        pages.push(texts);
        if !more {
            break;
        }
        query = format!("&limit=3&before={}", first.unwrap());
    }
    assert_eq!(pages, ["456", "123", "0"]);
    // Forwards from the oldest.
    let (mut since, mut pages) = (0, Vec::new());
    loop {
        let (texts, more, _, last) = page(&format!("&limit=3&since={since}"));
        pages.push(texts);
        since = last.unwrap();
        if !more {
            break;
        }
    }
    assert_eq!(pages, ["012", "345", "6"]);
    assert_eq!(page(&format!("&since={since}")).0, "");
    assert_eq!(page("&limit=0").0, "6");
    assert_eq!(page("&limit=-1").0, "0123456");
    assert_eq!(page("&limit=999999999999").0, "0123456");
    assert_eq!(
        page("&before=9223372036854775807&since=-9223372036854775808").0,
        "0123456"
    );
    for query in ["&before=x", "&since=", "&before=9223372036854775808"] {
        let told = json(ann.get(&format!("/ajax/chat/history.php?id={}{query}", ben.uid)));
        assert_eq!(told["error"], 1_356_004, "{query}");
    }
}

/// The longest messages of the characters that take most room: a hundred of them would be 24 MB.
#[test]
fn a_page_of_history_is_never_large() {
    let (_dir, _server, mut ann, ben) = friends();
    let text = |n: u32| {
        char::from_u32(0x1f600 + n)
            .unwrap()
            .to_string()
            .repeat(7000)
    };
    for n in 0..20 {
        assert_eq!(ann.send(ben.uid, &text(n))["error"], 0);
    }
    let page = |query: &str| {
        let answer = ann.get(&format!(
            "/ajax/chat/history.php?id={}&limit=100{query}",
            ben.uid
        ));
        let answer = answer.text().unwrap();
        assert!(answer.len() <= (256 << 10) + 1000, "{}", answer.len());
        let answer: Value = serde_json::from_str(&answer["for (;;);".len()..]).unwrap();
        let found = answer["payload"].clone();
        let items = found["history"].as_array().unwrap().clone();
        assert!(!items.is_empty());
        (items, found["more"] == true)
    };
    let read = |name: &str, from_end: bool| {
        let (mut query, mut all) = (String::new(), Vec::new());
        if !from_end {
            query = "&since=0".to_owned();
        }
        loop {
            let (mut items, more) = page(&query);
            let (first, last) = (
                items[0]["time"].clone(),
                items.last().unwrap()["time"].clone(),
            );
            query = format!("&{name}={}", if from_end { first } else { last });
            if from_end {
                items.append(&mut all);
                all = items;
            } else {
                all.append(&mut items);
            }
            if !more {
                return all;
            }
        }
    };
    for all in [read("before", true), read("since", false)] {
        let texts: Vec<_> = all.iter().map(|item| item["msg"]["text"].clone()).collect();
        assert_eq!(texts, (0..20).map(text).collect::<Vec<_>>());
    }
}

#[test]
fn nobody_reads_the_conversations_of_others() {
    let (dir, server, mut ann, ben) = friends();
    account(dir.path(), "eve@example.org", "Eve");
    let eve = Client::login(&server, "eve", "secret");
    assert_eq!(ann.send(ben.uid, "for Ben only")["error"], 0);
    for uid in [ann.uid, ben.uid] {
        for path in [
            format!("/ajax/chat/history.php?id={uid}"),
            format!(
                "/ajax/chat/history.php?id={uid}&user={uid}&from={}&since=0",
                ann.uid
            ),
            format!("/x/0/true/p_{uid}=1"),
            LIST.to_owned(),
            format!("/ajax/fbchat/profile.php?id={uid}"),
            format!("/profile.php?id={uid}&v=info"),
        ] {
            let seen = eve.get(&path).text().unwrap();
            assert!(!seen.contains("Ben only"), "{path}: {seen}");
        }
        // Eve cannot mark it as read for them.
        assert_eq!(eve.settings("focus_chat", &uid.to_string())["error"], 0);
    }
    assert_eq!(ben.read(LIST)["inbox"], 1);
}
