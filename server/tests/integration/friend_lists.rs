//! Friend lists and pokes.

use serde_json::{Value, json};
use testkit::{Client, Server, json};

const PATH: &str = "/ajax/chat/buddy_list_settings.php";

fn create(client: &Client, name: &str) -> Value {
    client.write(PATH, &[("create", name)])
}

fn drag(client: &Client, uid: &str, old: &str, new: &str, how: &str) -> Value {
    let form = [
        ("drag_uid", uid),
        ("old_flid", old),
        ("new_flid", new),
        (how, "true"),
    ];
    client.write(PATH, &form)
}

#[test]
fn friends_are_sorted_into_lists() {
    let server = Server::demo();
    let (alice, bob) = (
        Client::login(&server, "alice", "demo"),
        Client::login(&server, "bob", "demo"),
    );
    assert_eq!(alice.buddies()["flData"], json!({}));
    let made = create(&alice, "  Old \n Friends <3 ");
    let data = made["payload"]["flData"].as_object().unwrap();
    let old = data.keys().next().unwrap().clone();
    assert_eq!(data[&old]["n"], "Old Friends <3");
    assert_eq!(create(&alice, "old friends <3")["error"], 1_409_001);
    let both = create(&alice, "Work")["payload"]["flData"]
        .as_object()
        .unwrap()
        .clone();
    let work = both.keys().find(|key| **key != old).unwrap().clone();
    assert_eq!(alice.buddies()["flData"], json!(both));

    let uid = bob.uid.to_string();
    assert!(bob.seq() > 0);
    let lists = |client: &Client| {
        let list = client.buddies();
        assert_eq!(
            list["nowAvailableList"][&uid]["fl"],
            list["userInfos"][&uid]["fl"]
        );
        list["userInfos"][&uid]["fl"].clone()
    };
    assert_eq!(lists(&alice), Value::Null);
    assert_eq!(drag(&alice, &uid, "", &old, "add_fl")["error"], 0);
    assert_eq!(lists(&alice), json!([old]));
    assert_eq!(drag(&alice, &uid, "", &work, "add_fl")["error"], 0);
    assert_eq!(lists(&alice), json!([old, work]));
    assert_eq!(drag(&alice, &uid, &work, "", "remove_fl")["error"], 0);
    assert_eq!(drag(&alice, &uid, &old, &work, "move_fl")["error"], 0);
    assert_eq!(lists(&alice), json!([work]));
    // Lists are private: Bob neither sees nor changes them.
    assert_eq!(bob.buddies()["flData"], json!({}));
    let own = alice.uid.to_string();
    assert_eq!(drag(&bob, &own, "", &work, "add_fl")["error"], 1_357_005);
    assert_eq!(drag(&bob, &uid, &work, "", "remove_fl")["error"], 1_357_005);
    assert_eq!(bob.write(PATH, &[("delete", &work)])["error"], 1_357_005);
    assert_eq!(alice.write(PATH, &[("delete", &old)])["error"], 0);
    assert_eq!(alice.buddies()["flData"].as_object().unwrap().len(), 1);
    // A former friend is in no list.
    assert_eq!(
        bob.write("/ajax/profile/removefriend.php", &[("uid", &own)])["error"],
        0
    );
    assert_eq!(
        bob.write("/ajax/addfriend.php", &[("uid", &own)])["error"],
        0
    );
    assert_eq!(
        alice.write("/ajax/addfriend.php", &[("uid", &uid)])["payload"]["result"],
        "added"
    );
    assert_eq!(lists(&alice), Value::Null);

    let long = "x".repeat(101);
    for (form, code) in [
        (vec![], 1_356_004),
        (vec![("create", " \n")], 1_356_004),
        (vec![("create", long.as_str())], 1_357_005),
        (vec![("delete", "x")], 1_356_004),
        (vec![("delete", "9223372036854775807")], 1_357_005),
        (vec![("add_fl", "true"), ("new_flid", &work)], 1_356_004),
        (
            vec![("add_fl", "true"), ("new_flid", &work), ("drag_uid", "7")],
            1_357_005,
        ),
        (
            vec![("add_fl", "true"), ("new_flid", "0x1"), ("drag_uid", &uid)],
            1_356_004,
        ),
        (vec![("new_flid", &work), ("drag_uid", &uid)], 1_356_004),
    ] {
        assert_eq!(alice.write(PATH, &form)["error"], code, "{form:?}");
    }
    assert_eq!(
        json(alice.post(PATH, &[("create", "x")]))["error"],
        1_357_004
    );
    let answers: Vec<_> = (0..100).map(|n| create(&alice, &n.to_string())).collect();
    assert!(answers[..99].iter().all(|told| told["error"] == 0));
    assert_eq!(answers[99]["error"], 1_395_001);
}

#[test]
fn a_poke_arrives_once_until_it_is_answered() {
    let server = Server::demo();
    let (alice, bob) = (
        Client::login(&server, "alice", "demo"),
        Client::login(&server, "bob", "demo"),
    );
    let poke = |from: &Client, to: &Client| {
        let form = [("uid", &*to.uid.to_string()), ("pokeback", "0")];
        from.write("/ajax/poke.php", &form)["payload"]["result"].clone()
    };
    let (own, seq) = (alice.seq(), bob.seq());
    assert_eq!(poke(&alice, &bob), "poked");
    assert_eq!(poke(&alice, &bob), "pending");
    let (item, seq) = bob.wait_for(seq, |item| item["type"] == "poke");
    assert_eq!(
        (&item["uid"], &item["name"]),
        (&alice.uid.into(), &"Alice Example".into())
    );
    let list = bob.read("/ajax/fbchat/notifications.php");
    assert_eq!(list["notifications"][0]["kind"], "poke");
    assert_eq!(list["notifications"].as_array().unwrap().len(), 1);
    assert_eq!(poke(&bob, &alice), "poked");
    alice.wait_for(own, |item| item["type"] == "poke");
    assert_eq!(poke(&alice, &bob), "poked");
    bob.wait_for(seq, |item| item["type"] == "poke");
    for uid in ["", "x", "7", "-1", &alice.uid.to_string()] {
        assert_eq!(
            alice.write("/ajax/poke.php", &[("uid", uid)])["error"],
            1_357_005,
            "{uid}"
        );
    }
    let to = bob.uid.to_string();
    assert_eq!(
        json(alice.post("/ajax/poke.php", &[("uid", &to)]))["error"],
        1_357_004
    );
}
