//! Friend requests, answers to them, and ending a friendship.

use serde_json::{Value, json};
use testkit::{Client, Server, account, between, json};

const LIST: &str = "/ajax/fbchat/friend_requests.php";

/// A server, and two users who are logged in and not friends.
fn strangers() -> (tempfile::TempDir, Server, Client, Client) {
    let dir = tempfile::tempdir().unwrap();
    account(dir.path(), "ann@example.org", "Ann <A>");
    account(dir.path(), "ben@example.org", "Ben B");
    let server = Server::serve(dir.path(), &[]);
    let ann = Client::login(&server, "ann", "secret");
    let ben = Client::login(&server, "ben", "secret");
    (dir, server, ann, ben)
}

fn ask(from: &Client, to: i64, message: &str) -> Value {
    let to = to.to_string();
    let form = [("profile_id", to.as_str()), ("message", message)];
    from.write("/ajax/profile/connect.php", &form)
}

fn answer(own: &Client, from: i64, action: &str) -> Value {
    let form = [
        ("type", "friend_connect"),
        ("id", &from.to_string()),
        ("action", action),
    ];
    own.write("/ajax/profile/reqs.php", &form)
}

fn unfriend(own: &Client, uid: i64) -> Value {
    own.write(
        "/ajax/profile/removefriend.php",
        &[("uid", &uid.to_string())],
    )
}

fn result(answer: &Value) -> &str {
    assert_eq!(answer["error"], 0, "{answer}");
    answer["payload"]["result"].as_str().unwrap()
}

#[test]
fn a_request_is_pushed_listed_and_accepted() {
    let (_dir, _server, mut ann, mut ben) = strangers();
    let (own, seq) = (ann.seq(), ben.seq());
    assert_eq!(ann.send(ben.uid, "x")["error"], 1_356_003);
    assert_eq!(
        result(&ask(&ann, ben.uid, " Hi & <welcome>\u{7} ")),
        "requested"
    );
    assert_eq!(result(&ask(&ann, ben.uid, "again")), "pending");
    let (item, seq) = ben.wait_for(seq, |item| item["type"] == "friend_request");
    assert_eq!(
        (&item["uid"], &item["name"], &item["message"]),
        (&ann.uid.into(), &"Ann <A>".into(), &"Hi & <welcome>".into())
    );
    let listed = ben.read(LIST);
    assert_eq!(listed["sent"], json!([]));
    assert_eq!(listed["requests"].as_array().unwrap().len(), 1);
    assert_eq!(listed["requests"][0]["uid"], ann.uid);
    assert_eq!(listed["requests"][0]["time"], item["time"]);
    assert_eq!(ann.read(LIST)["sent"][0]["uid"], ben.uid);

    // The page as Pidgin reads it: the uid, then the name after the cell, then the message.
    let page = ben.get("/reqs.php").text().unwrap();
    for mark in [
        "class=\"confirm\" id=\"friend_connect_",
        "class=\"confirm\" id=\"friend_add_",
    ] {
        assert_eq!(between(&page, mark, "\""), ann.uid.to_string());
    }
    let name = between(&page, "<td class=\"info\"><a ", "<");
    assert_eq!(name.split_once('>').unwrap().1, "Ann &lt;A&gt;");
    let message = between(&page, "<div class=\"personal_msg\"><span>", "</span>");
    assert_eq!(message, "Hi &amp; &lt;welcome&gt;");

    assert_eq!(result(&answer(&ben, ann.uid, "accept")), "added");
    assert_eq!(result(&answer(&ben, ann.uid, "accept")), "friend");
    let (item, _) = ann.wait_for(own, |item| item["type"] == "friend");
    assert_eq!(
        item,
        json!({"type": "friend", "uid": ben.uid, "name": "Ben B", "action": "added"})
    );
    let (item, _) = ben.wait_for(seq, |item| item["type"] == "friend");
    assert_eq!(
        (&item["uid"], &item["action"]),
        (&ann.uid.into(), &"added".into())
    );
    assert_eq!(ben.read(LIST), json!({"requests": [], "sent": []}));
    assert_eq!(ann.read(LIST), json!({"requests": [], "sent": []}));
    assert_eq!(ann.sees(ben.uid), "active");
    assert_eq!(ben.send(ann.uid, "x")["error"], 0);
}

#[test]
fn requests_in_both_directions_make_friends_and_either_side_can_end_it() {
    let (_dir, _server, mut ann, ben) = strangers();
    assert_eq!(result(&ask(&ann, ben.uid, "")), "requested");
    let seq = ann.seq();
    // In the form of 2008, where the uid is in the query and the body names the sender too.
    let form = [
        ("confirmed", "1"),
        ("user", &ben.uid.to_string()),
        ("add", "Add Friend"),
    ];
    let added = ben.write(&format!("/ajax/addfriend.php?id={}", ann.uid), &form);
    assert_eq!(result(&added), "added");
    assert_eq!(result(&ask(&ben, ann.uid, "")), "friend");
    let (_, seq) = ann.wait_for(seq, |item| item["action"] == "added");
    assert_eq!(result(&unfriend(&ben, ann.uid)), "removed");
    assert_eq!(result(&unfriend(&ben, ann.uid)), "none");
    assert_eq!(result(&unfriend(&ben, 4711)), "none");
    let (item, _) = ann.wait_for(seq, |item| item["type"] == "friend");
    assert_eq!(
        (&item["uid"], &item["action"]),
        (&ben.uid.into(), &"removed".into())
    );
    assert_eq!(ann.send(ben.uid, "x")["error"], 1_356_003);
    assert_eq!(ann.buddies()["userInfos"].as_object().unwrap().len(), 1);
    // The conversation stays readable for both, and a new request is possible.
    assert_eq!(result(&ask(&ann, ben.uid, "sorry")), "requested");
}

#[test]
fn a_declined_request_looks_pending_and_is_not_delivered_again() {
    let (_dir, server, ann, ben) = strangers();
    assert_eq!(result(&ask(&ann, ben.uid, "1")), "requested");
    let form = [
        ("type", "friend_add"),
        ("id", &ann.uid.to_string()),
        ("action", "reject"),
    ];
    assert_eq!(result(&ben.write("/ajax/reqs.php", &form)), "declined");
    assert_eq!(answer(&ben, ann.uid, "accept")["error"], 1_357_005);
    assert_eq!(result(&ask(&ann, ben.uid, "2")), "pending");
    assert_eq!(ann.read(LIST)["sent"][0]["message"], "1");
    assert_eq!(ben.read(LIST)["requests"], json!([]));
    // The user who declined may send a request.
    assert_eq!(result(&ask(&ben, ann.uid, "3")), "requested");
    assert_eq!(result(&answer(&ann, ben.uid, "accept")), "added");
    assert_eq!(
        ann.moved(&server).read(LIST),
        json!({"requests": [], "sent": []})
    );
}

#[test]
fn requests_survive_a_crash_and_are_hidden_from_others() {
    let (dir, mut server, ann, ben) = strangers();
    account(dir.path(), "eve@example.org", "Eve");
    let eve = Client::login(&server, "eve", "secret");
    assert_eq!(result(&ask(&ann, ben.uid, "private")), "requested");
    server.kill();
    let server = Server::serve(dir.path(), &[]);
    let (eve, ann, ben) = (eve.moved(&server), ann.moved(&server), ben.moved(&server));
    // A third user can see, answer and end nothing.
    assert_eq!(eve.read(LIST), json!({"requests": [], "sent": []}));
    assert!(!eve.get("/reqs.php").text().unwrap().contains("private"));
    for uid in [ann.uid, ben.uid] {
        assert_eq!(answer(&eve, uid, "accept")["error"], 1_357_005);
        assert_eq!(result(&unfriend(&eve, uid)), "none");
    }
    // The sender cannot answer for the recipient.
    assert_eq!(answer(&ann, ben.uid, "accept")["error"], 1_357_005);
    assert_eq!(ann.buddies()["userInfos"].as_object().unwrap().len(), 1);
    assert_eq!(result(&answer(&ben, ann.uid, "accept")), "added");
}

#[test]
fn bad_requests_get_an_error_message() {
    let (_dir, _server, ann, ben) = strangers();
    let to = ben.uid.to_string();
    let own = ann.uid.to_string();
    let long = "x".repeat(1001);
    let id = |uid| [("id", uid), ("action", "accept")];
    for (path, form, code) in [
        ("/ajax/addfriend.php", vec![], 1_357_005),
        ("/ajax/addfriend.php", vec![("uid", "x")], 1_357_005),
        ("/ajax/addfriend.php", vec![("uid", "-1")], 1_357_005),
        (
            "/ajax/addfriend.php",
            vec![("uid", "9223372036854775807")],
            1_357_005,
        ),
        (
            "/ajax/addfriend.php",
            vec![("uid", "9223372036854775808")],
            1_357_005,
        ),
        (
            "/ajax/addfriend.php",
            vec![("uid", own.as_str())],
            1_357_005,
        ),
        (
            "/ajax/addfriend.php",
            vec![("uid", &to), ("message", &long)],
            1_357_005,
        ),
        ("/ajax/reqs.php", vec![], 1_356_004),
        ("/ajax/reqs.php", vec![("id", &to)], 1_356_004),
        (
            "/ajax/reqs.php",
            vec![("id", &to), ("action", "x")],
            1_356_004,
        ),
        ("/ajax/reqs.php", id(to.as_str()).to_vec(), 1_357_005),
        ("/ajax/reqs.php", id(own.as_str()).to_vec(), 1_357_005),
        (
            "/ajax/reqs.php",
            id("-9223372036854775808").to_vec(),
            1_357_005,
        ),
        ("/ajax/profile/removefriend.php", vec![], 1_356_004),
    ] {
        let told = ann.write(path, &form);
        assert_eq!(told["error"], code, "{path} {form:?}");
        assert!(
            told["errorDescription"].as_str().unwrap().ends_with('.'),
            "{told}"
        );
    }
    for path in [
        "/ajax/addfriend.php",
        "/ajax/reqs.php",
        "/ajax/profile/removefriend.php",
    ] {
        let without = json(ann.post(path, &[("uid", &to), ("id", &to), ("action", "accept")]));
        assert_eq!(without["error"], 1_357_004, "{path}");
        assert_eq!(ann.get(path).status(), 404, "{path}");
    }
    assert_eq!(ben.read(LIST)["requests"], json!([]));
}
