//! Blocking people, and what somebody who is blocked learns of it: nothing.

use serde_json::{Value, json};
use testkit::{Client, Server, account, accounts, json, run};

const BLOCK: &str = "/ajax/fbchat/block.php";
const REQUESTS: &str = "/ajax/fbchat/friend_requests.php";

fn set(own: &Client, uid: i64, block: &str) -> Value {
    own.write(BLOCK, &[("uid", &uid.to_string()), ("block", block)])
}

fn block(own: &Client, uid: i64) {
    let done = set(own, uid, "1");
    assert_eq!(done["payload"]["result"], "blocked", "{done}");
}

fn unblock(own: &Client, uid: i64) {
    let done = set(own, uid, "0");
    assert_eq!(done["payload"]["result"], "unblocked", "{done}");
}

fn typing(from: &Client, to: i64) -> Value {
    let form = [("typ", "1"), ("to", &to.to_string())];
    from.write("/ajax/chat/typ.php", &form)
}

fn poke(from: &Client, to: i64) -> Value {
    from.write("/ajax/poke.php", &[("uid", &to.to_string())])
}

fn ask(from: &Client, to: i64) -> Value {
    let form = [("profile_id", to.to_string())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    from.write("/ajax/profile/connect.php", &form)
}

/// Ann and Ben, who are friends.
fn friends() -> (tempfile::TempDir, Server, Client, Client) {
    let dir = tempfile::tempdir().unwrap();
    accounts(dir.path());
    let server = Server::serve(dir.path(), &[]);
    let ann = Client::login(&server, "ann", "secret");
    let ben = Client::login(&server, "ben", "secret");
    (dir, server, ann, ben)
}

/// What a user gets from `seq` on, up to something that they send to themselves, and the next number.
fn everything_since(own: &mut Client, seq: i64) -> (Vec<Value>, i64) {
    let id = own.fresh_id();
    assert_eq!(own.send_as(&id, own.uid, "the end").unwrap()["error"], 0);
    let mut items = Vec::new();
    let (_, seq) = own.wait_for(seq, |item| {
        items.push(item.clone());
        item["msg"]["msgID"] == id.as_str()
    });
    items.pop();
    (items, seq)
}

#[test]
fn somebody_who_is_blocked_reaches_nobody_until_they_are_unblocked() {
    let (dir, mut server, mut ann, mut ben) = friends();
    ben.buddies();
    ann.buddies();
    let (seen, own) = (ann.seq(), ben.seq());
    assert_eq!(ann.sees(ben.uid), "active");
    block(&ben, ann.uid);
    block(&ben, ann.uid);
    // Ann sees Ben go offline; Ben's clients are told, once.
    let offline = json!({"type": "presence", "uid": ben.uid, "state": "offline"});
    ann.wait_for(seen, |item| *item == offline);
    assert_eq!(ann.sees(ben.uid), "offline");
    assert_eq!(ben.sees(ann.uid), "active");
    let id = ann.fresh_id();
    assert_eq!(ann.send_as(&id, ben.uid, "x").unwrap()["error"], 1_356_003);
    assert_eq!(typing(&ann, ben.uid)["error"], 1_356_003);
    assert_eq!(poke(&ann, ben.uid)["payload"]["result"], "poked");
    let (mut told, _) = everything_since(&mut ben, own);
    told.retain(|item| item["type"] != "presence");
    let named = json!({"type": "block", "uid": ann.uid, "name": "Ann A", "blocked": true});
    assert_eq!(told, [named], "one, and nothing from Ann");
    let listed = ben.read(BLOCK);
    assert_eq!(listed["blocked"].as_array().unwrap().len(), 1);
    assert_eq!(listed["blocked"][0]["uid"], ann.uid);
    assert_eq!(listed["blocked"][0]["name"], "Ann A");
    assert_eq!(ann.read(BLOCK), json!({"blocked": []}));
    let notices = ben.read("/ajax/fbchat/notifications.php");
    assert_eq!(notices["notifications"], json!([]));
    // Neither may Ben write to somebody who cannot answer.
    for refused in [ben.send(ann.uid, "x"), poke(&ben, ann.uid)] {
        assert_eq!(refused["error"], 1_357_005);
        let why = refused["errorDescription"].as_str().unwrap();
        assert!(why.starts_with("You have blocked this person."), "{why}");
    }

    // It lasts, and Ben may come and go without being seen.
    server.kill();
    let server = Server::serve(dir.path(), &[]);
    let (mut ann, ben) = (ann.moved(&server), ben.moved(&server));
    let seen = ann.seq();
    ben.buddies();
    assert_eq!(ben.settings("visibility", "false")["error"], 0);
    assert_eq!(ben.settings("visibility", "true")["error"], 0);
    assert_eq!(ann.sees(ben.uid), "offline");
    assert_eq!(ann.send_as(&id, ben.uid, "x").unwrap()["error"], 1_356_003);
    unblock(&ben, ann.uid);
    unblock(&ben, ann.uid);
    let active = json!({"type": "presence", "uid": ben.uid, "state": "active"});
    assert_eq!(everything_since(&mut ann, seen).0, [active]);
    assert_eq!(ann.sees(ben.uid), "active");
    assert_eq!(ben.read(BLOCK), json!({"blocked": []}));
    // What was refused was not stored, so it may be sent now.
    let seq = ben.seq();
    assert_eq!(ann.send_as(&id, ben.uid, "x").unwrap()["error"], 0);
    ben.wait_for(seq, |item| item["msg"]["text"] == "x");
    assert_eq!(typing(&ann, ben.uid)["error"], 0);
    assert_eq!(poke(&ann, ben.uid)["payload"]["result"], "poked");
}

#[test]
fn a_message_that_was_accepted_stays_accepted() {
    let (_dir, _server, mut ann, ben) = friends();
    let id = ann.fresh_id();
    assert_eq!(ann.send_as(&id, ben.uid, "x").unwrap()["error"], 0);
    block(&ben, ann.uid);
    assert_eq!(ann.send_as(&id, ben.uid, "x").unwrap()["error"], 0);
    assert_eq!(ann.send_as(&id, ben.uid, "y").unwrap()["error"], 1_356_003);
    let history = ben.read(&format!("/ajax/chat/history.php?id={}", ann.uid));
    assert_eq!(history["history"].as_array().unwrap().len(), 1);
}

#[test]
fn requests_of_somebody_who_is_blocked_are_declined() {
    let dir = tempfile::tempdir().unwrap();
    account(dir.path(), "ann@example.org", "Ann A");
    account(dir.path(), "ben@example.org", "Ben B");
    let server = Server::serve(dir.path(), &[]);
    let ann = Client::login(&server, "ann", "secret");
    let mut ben = Client::login(&server, "ben", "secret");
    assert_eq!(ask(&ann, ben.uid)["payload"]["result"], "requested");
    assert_eq!(ben.read(REQUESTS)["requests"][0]["uid"], ann.uid);
    block(&ben, ann.uid);
    let seq = ben.seq();
    assert_eq!(ben.read(REQUESTS)["requests"], json!([]));
    assert_eq!(ask(&ann, ben.uid)["payload"]["result"], "pending");
    assert_eq!(ann.read(REQUESTS)["sent"][0]["uid"], ben.uid);
    let refused = ask(&ben, ann.uid);
    assert_eq!(refused["error"], 1_357_005);
    unblock(&ben, ann.uid);
    assert_eq!(ask(&ben, ann.uid)["payload"]["result"], "requested");
    let (asked, _) = everything_since(&mut ben, seq);
    assert!(
        asked.iter().all(|item| item["type"] != "friend_request"),
        "{asked:?}"
    );
}

/// An answer without what tells apart two pairs of people and two moments.
fn plain(answer: &str, own: &Client, other: &Client) -> String {
    let mut answer = answer.to_owned();
    for (who, name) in [(own, "OWN"), (other, "OTHER")] {
        answer = answer.replace(&who.uid.to_string(), name);
    }
    let mut plain = String::new();
    let mut digits = String::new();
    for c in answer.chars().chain([' ']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        // Times, and nothing else, have ten digits or more.
        plain += if digits.len() < 10 { &digits } else { "TIME" };
        digits.clear();
        plain.push(c);
    }
    plain
}

/// What the server answers to everything that `own` tries with `other`, and what `own` sees then. `{}` stands for the uid.
fn answers(own: &Client, other: &Client) -> Vec<String> {
    let uid = other.uid.to_string();
    let gets = [
        "/ajax/presence/update.php?buddy_list=1&notifications=1",
        "/ajax/fbchat/search.php?q=somebody",
        "/s.php?q=somebody",
        "/reqs.php",
        "/ajax/fbchat/profile.php?id={}",
        "/profile.php?id={}",
        "/ajax/chat/history.php?id={}",
    ];
    let posts: &[(&str, &[(&str, &str)])] = &[
        (
            "/ajax/chat/send.php",
            &[("to", "{}"), ("msg_id", "77"), ("msg_text", "x")],
        ),
        (
            "/inbox/ajax/ajax.php",
            &[("ids[0]", "{}"), ("rand_id", "78"), ("message", "x")],
        ),
        (
            "/ajax/chat/send.php",
            &[("to", "{}"), ("msg_id", "x"), ("msg_text", "x")],
        ),
        ("/ajax/chat/typ.php", &[("to", "{}"), ("typ", "1")]),
        ("/ajax/chat/settings.php", &[("visibility", "false")]),
        (
            "/ajax/chat/send.php",
            &[("to", "{}"), ("msg_id", "79"), ("msg_text", "x")],
        ),
        ("/ajax/chat/typ.php", &[("to", "{}"), ("typ", "1")]),
        ("/ajax/chat/settings.php", &[("visibility", "true")]),
        ("/ajax/chat/settings.php", &[("focus_chat", "{}")]),
        (
            "/ajax/profile/connect.php",
            &[("profile_id", "{}"), ("message", "hi")],
        ),
        (
            "/ajax/profile/connect.php",
            &[("profile_id", "{}"), ("message", "hi")],
        ),
        ("/ajax/fbchat/friend_requests.php", &[]),
        ("/ajax/poke.php", &[("uid", "{}")]),
        ("/ajax/poke.php", &[("uid", "{}")]),
        ("/ajax/reqs.php", &[("id", "{}"), ("action", "accept")]),
        ("/ajax/fbchat/block.php", &[]),
        ("/ajax/fbchat/notifications.php", &[]),
        ("/ajax/profile/removefriend.php", &[("uid", "{}")]),
        ("/ajax/fbchat/profile.php?id={}", &[]),
        (
            "/ajax/chat/send.php",
            &[("to", "{}"), ("msg_id", "80"), ("msg_text", "x")],
        ),
        ("/ajax/poke.php", &[("uid", "{}")]),
        (
            "/ajax/profile/connect.php",
            &[("profile_id", "{}"), ("message", "hi")],
        ),
    ];
    let fill = |text: &str| text.replace("{}", &uid);
    let text = |response: reqwest::blocking::Response| {
        let status = response.status();
        format!("{status} {}", response.text().unwrap())
    };
    let got = gets.iter().map(|path| text(own.get(&fill(path))));
    let posted = posts.iter().map(|(path, form)| {
        if form.is_empty() {
            return text(own.get(&fill(path)));
        }
        let mut form: Vec<_> = form
            .iter()
            .map(|(name, value)| (*name, fill(value)))
            .collect();
        form.push(("post_form_id", own.form_id.clone()));
        let form: Vec<_> = form
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        text(own.post(path, &form))
    });
    let all = got.chain(posted);
    all.map(|answer| plain(&answer, own, other)).collect()
}

/// Each of Ann's doubles deals with one other person only: friend and stranger, one who has blocked them, one who is offline.
#[test]
fn a_blocked_person_learns_no_more_than_that_the_other_cannot_be_reached() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let config = data.join("config.toml");
    std::fs::write(&config, "offline_messages = false\n").unwrap();
    let more = ["--config", config.to_str().unwrap()];
    let mut doubles = Vec::new();
    for (is_friend, blocks) in [(true, true), (true, false), (false, true), (false, false)] {
        // Each pair has a server of its own, so that searches find the same.
        let data = data.join(format!("{is_friend}-{blocks}"));
        account(&data, "ann@example.org", "Ann A");
        account(&data, "ben@example.org", "Somebody Else");
        if is_friend {
            let add = ["friend", "add", "ann@example.org", "ben@example.org"];
            let added = run(&add, &data, "");
            assert!(added.status.success(), "{added:?}");
        }
        let server = Server::serve(&data, &more);
        let mut ann = Client::login(&server, "ann", "secret");
        let mut ben = Client::login(&server, "ben", "secret");
        ann.buddies();
        let seq = ann.seq();
        ben.buddies();
        ben.buddies();
        let (before, seq) = everything_since(&mut ann, seq);
        assert_eq!(before.len(), usize::from(is_friend), "{before:?}");
        // What is pushed is the same as for a friend who logs out.
        if blocks {
            block(&ben, ann.uid);
        } else {
            ben.post("/logout.php", &[("confirm", "1")]);
        }
        let (pushed, seq) = everything_since(&mut ann, seq);
        assert_eq!(pushed.len(), usize::from(is_friend), "{pushed:?}");
        let quiet = if blocks { ben.seq() } else { 0 };
        let origin = server.url.trim_start_matches("http://");
        let answers = answers(&ann, &ben).into_iter();
        let answers: Vec<_> = answers.map(|text| text.replace(origin, "HOST")).collect();
        if blocks {
            // Nothing that Ben does is pushed to Ann, and nothing that Ann does to Ben but the end of the friendship.
            ben.settings("visibility", "false");
            ben.settings("visibility", "true");
            let (told, _) = everything_since(&mut ben, quiet);
            let kinds = told.iter().map(|item| item["type"].as_str().unwrap());
            let kinds: Vec<_> = kinds
                .filter(|kind| !["presence", "block"].contains(kind))
                .collect();
            assert_eq!(kinds, ["friend"][..usize::from(is_friend)]);
            assert_eq!(ben.read(REQUESTS)["requests"], json!([]));
            let notices = ben.read("/ajax/fbchat/notifications.php");
            assert_eq!(notices["notifications"], json!([]));
        }
        let (later, _) = everything_since(&mut ann, seq);
        let pushed = plain(&json!([pushed, later]).to_string(), &ann, &ben);
        doubles.push((pushed, answers));
    }
    let [friend_blocks, friend_offline, blocks, offline] = doubles.try_into().unwrap();
    assert_eq!(friend_blocks, friend_offline);
    assert_eq!(blocks, offline);
    let refused = friend_blocks
        .1
        .iter()
        .filter(|answer| answer.contains("1356003"));
    assert_eq!(refused.count(), 4, "three messages and one typing notice");
}

#[test]
fn blocking_answers_bad_requests_with_a_sentence() {
    let (_dir, _server, ann, ben) = friends();
    let (own, other) = (ann.uid.to_string(), ben.uid.to_string());
    for (form, code) in [
        (vec![], 1_356_004),
        (vec![("uid", other.as_str())], 1_356_004),
        (vec![("uid", &other), ("block", "maybe")], 1_356_004),
        (vec![("uid", "x"), ("block", "1")], 1_356_004),
        (vec![("uid", &own), ("block", "1")], 1_357_005),
        (
            vec![("uid", "-9223372036854775808"), ("block", "1")],
            1_357_005,
        ),
        (vec![("uid", "4711"), ("block", "0")], 1_357_005),
    ] {
        let told = ann.write(BLOCK, &form);
        assert_eq!(told["error"], code, "{form:?}");
        assert!(told["errorDescription"].as_str().unwrap().ends_with('.'));
    }
    let without = json(ann.post(BLOCK, &[("uid", &other), ("block", "1")]));
    assert_eq!(without["error"], 1_357_004);
    assert_eq!(ann.read(BLOCK), json!({"blocked": []}));
}

#[test]
fn a_deleted_account_is_on_no_list_of_blocked_people() {
    let (dir, _server, ann, mut ben) = friends();
    block(&ben, ann.uid);
    block(&ann, ben.uid);
    let seq = ben.seq();
    let export = run(&["export", "ben@example.org"], dir.path(), "");
    let export: Value = serde_json::from_slice(&export.stdout).unwrap();
    assert_eq!(
        export["blocked"],
        json!([{"uid": ann.uid, "name": "Ann A"}])
    );
    let deleted = run(&["user", "del", "ann@example.org"], dir.path(), "");
    assert!(deleted.status.success(), "{deleted:?}");
    let item = json!({"type": "block", "uid": ann.uid, "name": "Ann A", "blocked": false});
    ben.wait_for(seq, |found| *found == item);
    assert_eq!(ben.read(BLOCK), json!({"blocked": []}));
    assert_eq!(ben.send(ben.uid, "x")["error"], 0);
}
