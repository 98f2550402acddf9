//! Group conversations, as clients see them.

use serde_json::{Value, json};
use testkit::{Client, Server, account, json, run};

const GROUPS: &str = "/ajax/fbchat/groups.php";

/// Ann, who is a friend of Ben and of Eve; those two are not friends.
struct Three {
    dir: tempfile::TempDir,
    server: Server,
    ann: Client,
    ben: Client,
    eve: Client,
}

fn three() -> Three {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    account(dir.path(), "eve@example.org", "Eve <E>");
    let befriend = ["friend", "add", "ann@example.org", "eve@example.org"];
    assert!(run(&befriend, dir.path(), "").status.success());
    let server = Server::serve(dir.path(), &[]);
    Three {
        ann: Client::login(&server, "ann", "secret"),
        ben: Client::login(&server, "ben", "secret"),
        eve: Client::login(&server, "eve", "secret"),
        dir,
        server,
    }
}

/// Creates a group of Ann and Ben.
fn create(three: &Three) -> i64 {
    let bens = three.ben.uid.to_string();
    let form = [
        ("create", "Our <G>"),
        ("ids[0]", &*bens),
        ("create_id", "7"),
    ];
    let answer = three.ann.write(GROUPS, &form);
    assert_eq!(answer["error"], 0, "{answer}");
    answer["payload"]["gid"].as_i64().unwrap()
}

fn change(client: &Client, gid: i64, key: &str, value: impl ToString) -> Value {
    let (gid, value) = (gid.to_string(), value.to_string());
    client.write(GROUPS, &[("gid", &gid), (key, &value)])
}

fn groups(client: &Client) -> Vec<Value> {
    client.read(GROUPS)["groups"].as_array().unwrap().clone()
}

fn members(client: &Client) -> Vec<i64> {
    let groups = groups(client);
    let members = groups[0]["members"].as_array().unwrap().iter();
    members.map(|one| one["uid"].as_i64().unwrap()).collect()
}

fn history(client: &Client, gid: i64) -> Vec<String> {
    let found = client.read(&format!("/ajax/chat/history.php?id={gid}"));
    let items = found["history"].as_array().unwrap().iter();
    items
        .map(|item| item["msg"]["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_group_is_created_once_and_its_messages_reach_every_member() {
    let mut three = three();
    let (ann_seq, ben_seq) = (three.ann.seq(), three.ben.seq());
    let gid = create(&three);
    assert!(gid >= 1_000_000_000);
    assert_eq!(
        create(&three),
        gid,
        "the answer was lost, and the call repeated"
    );
    let list = groups(&three.ben);
    assert_eq!(list.len(), 1);
    let group = &list[0];
    assert_eq!(
        (&group["gid"], &group["name"]),
        (&gid.into(), &"Our <G>".into())
    );
    assert_eq!(
        (&group["owner"], &group["muted"]),
        (&three.ann.uid.into(), &false.into())
    );
    assert_eq!(members(&three.ben), [three.ann.uid, three.ben.uid]);
    let member = &group["members"][0];
    assert_eq!(member["name"], "Ann A");
    assert!(member["thumbSrc"].as_str().unwrap().starts_with("http://"));
    // A message reaches all, the sender included; the same post again reaches nobody.
    let text = "hi <all>";
    assert_eq!(three.ben.send_as("5", gid, text).unwrap()["error"], 0);
    assert_eq!(three.ben.send_as("5", gid, text).unwrap()["error"], 0);
    assert_eq!(three.ben.send(gid, "last")["error"], 0);
    for (client, seq) in [(&three.ann, ann_seq), (&three.ben, ben_seq)] {
        let (created, seq) = client.wait_for(seq, |item| item["type"] == "group_msg");
        assert_eq!(created["notice"], "created");
        assert_eq!(created["uids"], json!([three.ann.uid, three.ben.uid]));
        assert_eq!(created["msg"]["text"], "Ann A created the group.");
        let (item, seq) = client.wait_for(seq, |item| item["type"] == "group_msg");
        let time = item["msg"]["time"].clone();
        let expected = json!({
            "type": "group_msg",
            "msg": {"text": text, "time": time, "clientTime": 1_209_558_664_256_i64, "msgID": "5"},
            "from": three.ben.uid, "to": gid,
            "from_name": "Ben B", "to_name": "Our <G>", "from_first_name": "Ben"
        });
        assert_eq!(item, expected);
        let (item, _) = client.wait_for(seq, |item| item["type"] == "group_msg");
        assert_eq!(item["msg"]["text"], "last");
        assert_eq!(
            history(client, gid),
            ["Ann A created the group.", text, "last"]
        );
    }
    // A killed server still knows it.
    three.server.kill();
    let server = Server::serve(three.dir.path(), &[]);
    let ben = three.ben.moved(&server);
    assert_eq!(members(&ben), [three.ann.uid, three.ben.uid]);
    assert_eq!(
        history(&ben, gid),
        ["Ann A created the group.", text, "last"]
    );
}

#[test]
fn nobody_else_learns_of_a_group() {
    let three = three();
    let gid = create(&three);
    assert_eq!(groups(&three.eve), Vec::<Value>::new());
    // The same bytes for a group of others and for one that does not exist.
    let both = |ask: &dyn Fn(i64) -> Value, error: i64| {
        let (hidden, missing) = (ask(gid), ask(1_999_999_999));
        assert_eq!(hidden, missing);
        assert_eq!(hidden["error"], error);
    };
    let eve = &three.eve;
    both(&|gid| eve.send_as("1", gid, "x").unwrap(), 1_356_003);
    let said = &eve.send_as("1", gid, "x").unwrap()["errorDescription"];
    assert_eq!(said, "You are not in this group.");
    let typ = |gid: i64| {
        eve.write(
            "/ajax/chat/typ.php",
            &[("to", &gid.to_string()), ("typ", "1")],
        )
    };
    both(&typ, 1_356_003);
    both(
        &|gid| json(eve.get(&format!("/ajax/chat/history.php?id={gid}"))),
        1_357_005,
    );
    let facepile = "/ajax/groups/chat/update_facepiles.php";
    both(
        &|gid| eve.write(facepile, &[("gid", &gid.to_string())]),
        1_357_005,
    );
    for (key, value) in [
        ("add[0]", three.ann.uid.to_string()),
        ("remove", three.ann.uid.to_string()),
        ("name", "x".to_owned()),
        ("leave", "1".to_owned()),
        ("mute", "1".to_owned()),
    ] {
        both(&|gid| change(eve, gid, key, &value), 1_357_005);
    }
    assert_eq!(eve.settings("focus_chat", &gid.to_string())["error"], 0);
    assert_eq!(members(&three.ann), [three.ann.uid, three.ben.uid]);
    assert_eq!(history(&three.ann, gid).len(), 1);
}

#[test]
fn members_add_friends_and_rename_and_only_the_owner_removes() {
    let mut three = three();
    let gid = create(&three);
    let (anns, eves) = (three.ann.uid, three.eve.uid);
    // Eve is no friend of Ben; nobody learns who exists.
    let refused = change(&three.ben, gid, "add[0]", eves);
    assert_eq!(refused["error"], 1_357_005);
    assert_eq!(refused, change(&three.ben, gid, "add[0]", 1));
    let eve_seq = three.eve.seq();
    for _ in 0..2 {
        assert_eq!(change(&three.ann, gid, "add[0]", eves)["error"], 0);
    }
    // The new member learns who is in the group, and then that they were added.
    let (item, seq) = three.eve.wait_for(eve_seq, |item| item["type"] == "group");
    assert_eq!(item["added"].as_array().unwrap().len(), 3);
    let (item, seq) = three.eve.wait_for(seq, |_| true);
    assert_eq!(item["msg"]["text"], "Ann A added Eve <E>.");
    assert_eq!(
        (&item["notice"], &item["uids"]),
        (&"added".into(), &json!([eves]))
    );
    assert_eq!(history(&three.eve, gid), ["Ann A added Eve <E>."]);
    assert_eq!(three.eve.send(gid, "hello")["error"], 0);
    assert_eq!(change(&three.ben, gid, "name", " New  name ")["error"], 0);
    let (item, seq) = three.eve.wait_for(seq, |item| item["type"] == "group");
    let expected = json!({"type": "group", "gid": gid, "name": "New name", "owner": anns, "added": [], "removed": []});
    assert_eq!(item, expected);
    let (item, seq) = three.eve.wait_for(seq, |_| true);
    assert_eq!(
        (&item["notice"], &item["to_name"]),
        (&"renamed".into(), &"New name".into())
    );
    for wrong in ["", "a\nb", "\u{202e}x", &"x".repeat(101)] {
        assert_eq!(
            change(&three.ben, gid, "name", wrong)["error"],
            1_357_005,
            "{wrong}"
        );
    }
    let refused = change(&three.ben, gid, "remove", eves);
    assert_eq!(refused["error"], 1_357_005);
    assert_eq!(
        refused["errorDescription"],
        "Only the owner can remove members from a group."
    );
    for _ in 0..2 {
        assert_eq!(change(&three.ann, gid, "remove", eves)["error"], 0);
    }
    let (item, seq) = three.eve.wait_for(seq, |item| item["notice"] == "removed");
    assert_eq!(item["msg"]["text"], "Ann A removed Eve <E>.");
    let (item, _) = three.eve.wait_for(seq, |_| true);
    assert_eq!(
        (&item["type"], &item["gone"]),
        (&"group".into(), &true.into())
    );
    // From here on she gets nothing, and sees what she got.
    assert_eq!(three.eve.send(gid, "still here?")["error"], 1_356_003);
    assert_eq!(three.ann.send(gid, "secret")["error"], 0);
    assert_eq!(
        history(&three.eve, gid).last().unwrap(),
        "Ann A removed Eve <E>."
    );
    assert_eq!(groups(&three.eve), Vec::<Value>::new());
    assert_eq!(change(&three.ann, gid, "add[0]", eves)["error"], 0);
    assert!(!history(&three.eve, gid).contains(&"secret".to_owned()));
}

#[test]
fn who_leaves_is_succeeded_and_not_added_again() {
    let three = three();
    let gid = create(&three);
    let seq = three.ben.seq();
    assert_eq!(change(&three.ann, gid, "leave", 1)["error"], 0);
    let (item, _) = three.ben.wait_for(seq, |item| item["notice"] == "left");
    assert_eq!(item["msg"]["text"], "Ann A left the group.");
    assert_eq!(groups(&three.ben)[0]["owner"], three.ben.uid);
    let refused = change(&three.ben, gid, "add[0]", three.ann.uid);
    assert_eq!(refused["error"], 1_357_005);
    assert_eq!(change(&three.ann, gid, "leave", 1)["error"], 1_357_005);
    // A repeated creation does not bring her back either.
    assert_eq!(create(&three), gid);
    assert_eq!(members(&three.ben), [three.ben.uid]);
}

#[test]
fn typing_and_unread_messages_of_groups_are_kept_apart_from_those_of_two() {
    let mut three = three();
    let gid = create(&three);
    let group = gid.to_string();
    three.ben.settings("visibility", "true");
    let (_, seq) = three
        .ben
        .wait_for(three.ben.seq(), |item| item["type"] == "group_msg");
    let form = [("to", &*group), ("typ", "1")];
    assert_eq!(three.ann.write("/ajax/chat/typ.php", &form)["error"], 0);
    let (item, seq) = three.ben.wait_for(seq, |item| item["type"] != "presence");
    assert_eq!(
        item,
        json!({"type": "ttyp", "st": 1, "from": three.ann.uid, "to": gid})
    );
    assert_eq!(three.ann.send(gid, "unread")["error"], 0);
    let notices = || three.ben.read("/ajax/fbchat/notifications.php");
    let unread = notices();
    assert_eq!(
        (&unread["inbox"], &unread["conversations"]),
        (&0.into(), &json!([]))
    );
    let one = &unread["groups"][0];
    assert_eq!(
        (&one["gid"], &one["unread"], &one["name"]),
        (&gid.into(), &2.into(), &"Our <G>".into())
    );
    assert_eq!(groups(&three.ben)[0]["unread"], 2);
    // Reading it in one session tells the others; muting does, too.
    assert_eq!(three.ben.settings("focus_chat", &group)["error"], 0);
    assert_eq!(three.ben.settings("close_chat", &group)["error"], 0);
    let (item, seq) = three.ben.wait_for(seq, |item| item["type"] == "group");
    assert_eq!(item["unread"], 0);
    assert_eq!(notices()["groups"], json!([]));
    assert_eq!(change(&three.ben, gid, "mute", 1)["error"], 0);
    let (item, _) = three.ben.wait_for(seq, |_| true);
    assert_eq!(
        (&item["type"], &item["muted"]),
        (&"group".into(), &true.into())
    );
    assert_eq!(groups(&three.ben)[0]["muted"], true);
    assert_eq!(groups(&three.ann)[0]["muted"], false);
    // Who has switched chat off can send no more than to one person.
    three.ann.settings("visibility", "false");
    assert_eq!(three.ann.send(gid, "x")["error"], 1_356_002);
    assert_eq!(
        three.ann.write("/ajax/chat/typ.php", &form)["error"],
        1_356_002
    );
}

#[test]
fn calls_that_make_no_sense_change_nothing() {
    let three = three();
    let gid = create(&three).to_string();
    let bens = three.ben.uid.to_string();
    let wrong: [&[(&str, &str)]; 8] = [
        &[],
        &[("gid", &gid)],
        &[("gid", &gid), ("leave", "perhaps")],
        &[("gid", &gid), ("add[0]", "x")],
        &[("gid", "x"), ("leave", "1")],
        &[("create", "G"), ("ids[0]", &bens)],
        &[("create", "G"), ("ids[0]", "x"), ("create_id", "1")],
        &[("create", "G"), ("create_id", "x")],
    ];
    for form in wrong {
        assert_eq!(
            three.ann.write(GROUPS, form)["error"],
            1_356_004,
            "{form:?}"
        );
    }
    let form = [("gid", &*gid), ("leave", "1")];
    assert_eq!(json(three.ann.post(GROUPS, &form))["error"], 1_357_004);
    let many: Vec<_> = (0..60)
        .map(|n| (format!("ids[{n}]"), n.to_string()))
        .collect();
    let mut form: Vec<_> = many.iter().map(|(key, value)| (&**key, &**value)).collect();
    form.extend([("create", "G"), ("create_id", "9")]);
    assert_eq!(three.ann.write(GROUPS, &form)["error"], 1_395_001);
    assert_eq!(groups(&three.ann).len(), 1);
    assert_eq!(members(&three.ann).len(), 2);
}

#[test]
fn operators_see_groups_and_delete_members() {
    let mut three = three();
    let gid = create(&three);
    assert_eq!(change(&three.ann, gid, "add[0]", three.eve.uid)["error"], 0);
    assert_eq!(three.ann.send(gid, "of Ann")["error"], 0);
    let data = three.dir.path();
    let output = |args: &[&str]| String::from_utf8(run(args, data, "").stdout).unwrap();
    assert!(output(&["stats"]).contains("\ngroups\t1\n"));
    let exported: Value = serde_json::from_str(&output(&["export", "eve@example.org"])).unwrap();
    assert_eq!(exported["groups"][0]["name"], "Our <G>");
    assert_eq!(exported["groups"][0]["members"][0]["name"], "Ann A");
    let said = exported["messages"].as_array().unwrap().iter();
    let said: Vec<_> = said.map(|one| one["text"].as_str().unwrap()).collect();
    assert_eq!(said, ["Ann A added Eve <E>.", "of Ann"]);
    let (_, seq) = three
        .eve
        .wait_for(three.eve.seq(), |item| item["msg"]["text"] == "of Ann");
    // The owner is deleted by another process; members who are connected are told.
    assert!(
        run(&["user", "del", "ann@example.org"], data, "")
            .status
            .success()
    );
    let (item, _) = three.eve.wait_for(seq, |item| item["type"] == "group");
    assert_eq!(
        (&item["removed"], &item["owner"]),
        (&json!([three.ann.uid]), &three.ben.uid.into())
    );
    assert_eq!(members(&three.eve), [three.ben.uid, three.eve.uid]);
    assert!(!history(&three.eve, gid).contains(&"of Ann".to_owned()));
    assert_eq!(change(&three.ben, gid, "remove", three.eve.uid)["error"], 0);
}
