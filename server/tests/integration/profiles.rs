//! Statuses, names, profiles and search.

use serde_json::{Value, json};
use testkit::{Client, Server, account, between, json};

/// Ann and Ben, who are friends, and Eve Élan, who is not a friend of either.
fn three() -> (tempfile::TempDir, Server, [Client; 3]) {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    account(dir.path(), "eve@example.org", "Eve <Élan>");
    let server = Server::serve(dir.path(), &[]);
    let clients = ["ann", "ben", "eve"].map(|name| Client::login(&server, name, "secret"));
    (dir, server, clients)
}

fn set(client: &Client, text: &str) -> Value {
    client.write("/ajax/updatestatus.php", &[("status", text)])
}

fn info(client: &Client, uid: i64) -> Value {
    client.buddies()["userInfos"][uid.to_string()].clone()
}

#[test]
fn a_status_is_pushed_listed_and_in_the_feed() {
    let (dir, mut server, [ann, ben, eve]) = three();
    let (seq, stranger) = (ben.seq(), eve.seq());
    assert_eq!(info(&ben, ann.uid)["status"], Value::Null);
    let told = set(&ann, " is  <b>out</b>\n& \u{7}about 50% ");
    assert_eq!(told["payload"]["status"], "is <b>out</b> & about 50%");
    let (item, seq) = ben.wait_for(seq, |item| item["type"] == "status");
    assert_eq!(
        (&item["uid"], &item["text"]),
        (&ann.uid.into(), &"is <b>out</b> & about 50%".into())
    );
    let seen = info(&ben, ann.uid);
    assert_eq!(seen["status"], "is <b>out</b> & about 50%");
    assert_eq!(seen["statusTime"], item["time"].as_i64().unwrap() / 1000);
    assert_eq!(seen["statusTimeRel"], "a moment ago");
    // Strangers get nothing: the first item on Eve's channel is her own status.
    assert_eq!(set(&eve, "alone")["error"], 0);
    let (item, _) = eve.wait_for(stranger, |_| true);
    assert_eq!(item["text"], "alone");

    // The feed as Pidgin reads it.
    let feed = "/ajax/intent.php?filter=app_2915120374&request_type=1&ignore_self=true&newest=";
    server.kill();
    // On PostgreSQL numbers continue where they were, so polls are held.
    let server = Server::start(Server::command(dir.path()).env("FBCHATD_HOLD_S", "1"));
    let (ann, ben) = (ann.moved(&server), ben.moved(&server));
    let stories = ben.read(&format!("{feed}0"));
    assert_eq!(stories["storyCount"], 1);
    let story = stories["html"]
        .as_str()
        .unwrap()
        .split("/h3>")
        .next()
        .unwrap();
    let uid: String = story
        .split_once("aid_")
        .unwrap()
        .1
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    assert_eq!(uid, ann.uid.to_string());
    let text = story
        .rsplit_once("/a>")
        .unwrap()
        .1
        .rsplit_once('<')
        .unwrap()
        .0;
    assert_eq!(text, " is &lt;b&gt;out&lt;/b&gt; &amp; about 50%");
    let newest = stories["newestStoryTime"].as_i64().unwrap();
    assert_eq!(newest, seen["statusTime"]);
    let later = ben.read(&format!("{feed}{newest}"));
    assert_eq!(
        later,
        json!({"html": "", "newestStoryTime": newest, "storyCount": 0})
    );
    assert_eq!(ann.read(&format!("{feed}0"))["storyCount"], 0);
    assert_eq!(ann.read("/ajax/intent.php")["storyCount"], 1);

    let seq = ben.poll(seq)["seq"].as_i64().unwrap_or(seq);
    assert_eq!(
        ann.write("/updatestatus.php", &[("clear", "1")])["payload"]["status"],
        Value::Null
    );
    let (item, _) = ben.wait_for(seq, |item| item["type"] == "status");
    assert_eq!(item["text"], "");
    assert_eq!(info(&ben, ann.uid)["status"], Value::Null);
}

#[test]
fn a_new_name_is_pushed_listed_and_kept() {
    let (dir, mut server, [mut ann, ben, eve]) = three();
    assert!(
        ann.get("/home.php")
            .text()
            .unwrap()
            .contains("&quot;name&quot;:true")
    );
    let (seq, stranger) = (ben.seq(), eve.seq());
    let named = |name: &str| ann.write("/ajax/fbchat/name.php", &[("name", name)]);
    // The rules are those of registration.
    for wrong in [
        "",
        "  ",
        "a\nb",
        "a\u{7}b",
        "\u{200b}",
        "\u{202e}",
        "a\u{ffff}",
        "a\u{fffe}",
        &"x".repeat(101),
    ] {
        let told = named(wrong);
        assert_eq!(told["error"], 1_357_005, "{wrong:?}");
        let sentence = told["errorDescription"].as_str().unwrap();
        assert!(sentence.contains("1 to 100 characters"), "{sentence}");
    }
    assert_eq!(ann.write("/ajax/fbchat/name.php", &[])["error"], 1_356_004);
    let without = json(ann.post("/ajax/fbchat/name.php", &[("name", "Ann B")]));
    assert_eq!(without["error"], 1_357_004);
    assert_eq!(info(&ben, ann.uid)["name"], "Ann A");

    assert_eq!(
        named("  A\u{308}nn <B>  Cé ")["payload"]["name"],
        "Änn <B> Cé"
    );
    // This is the first item that is pushed; the same name again is not pushed.
    assert_eq!(named("Änn <B> Cé")["error"], 0);
    assert_eq!(set(&ann, "renamed")["error"], 0);
    let (item, seq) = ben.wait_for(seq, |_| true);
    assert_eq!(
        item,
        json!({"type": "name", "uid": ann.uid, "name": "Änn <B> Cé", "firstName": "Änn"})
    );
    let (item, seq) = ben.wait_for(seq, |_| true);
    assert_eq!(item["text"], "renamed");
    assert_eq!(ann.send(ben.uid, "it is me")["error"], 0);
    let (item, _) = ben.wait_for(seq, |item| item["type"] == "msg");
    assert_eq!(
        (&item["from_name"], &item["from_first_name"]),
        (&"Änn <B> Cé".into(), &"Änn".into())
    );
    assert_eq!(set(&eve, "alone")["error"], 0);
    assert_eq!(eve.wait_for(stranger, |_| true).0["type"], "status");

    server.kill();
    let server = Server::serve(dir.path(), &[]);
    let (ann, ben, eve) = (ann.moved(&server), ben.moved(&server), eve.moved(&server));
    for client in [&ann, &ben] {
        let seen = info(client, ann.uid);
        assert_eq!(
            (&seen["name"], &seen["firstName"]),
            (&"Änn <B> Cé".into(), &"Änn".into())
        );
    }
    let found = eve.read("/ajax/fbchat/search.php?q=%c3%a4nn")["results"].clone();
    assert_eq!(found[0]["uid"], ann.uid);
    let page = ann.get("/home.php").text().unwrap();
    assert_eq!(
        between(&page, "id=\"navAccountName\">", "<"),
        "Änn &lt;B&gt; Cé"
    );
}

#[test]
fn a_profile_shows_friends_more_than_strangers() {
    let (_dir, _server, [ann, ben, eve]) = three();
    set(&ann, "is <here>");
    let path = format!("/ajax/fbchat/profile.php?id={}", ann.uid);
    let friend = ben.read(&path);
    for (key, value) in [
        ("uid", json!(ann.uid)),
        ("name", json!("Ann A")),
        ("firstName", json!("Ann")),
        ("relation", json!("friend")),
        ("email", json!("ann@example.org")),
        ("status", json!("is <here>")),
    ] {
        assert_eq!(friend[key], value, "{key}");
    }
    assert!(friend["memberSince"].as_i64().unwrap() > 1_700_000_000_000);
    let stranger = eve.read(&path);
    assert_eq!(
        (&stranger["name"], &stranger["relation"]),
        (&"Ann A".into(), &"none".into())
    );
    for key in ["email", "status", "memberSince"] {
        assert_eq!(stranger[key], Value::Null, "{key}");
    }
    assert_eq!(stranger["statusTime"], 0);
    let own = ann.read("/ajax/fbchat/profile.php");
    assert_eq!(
        (&own["relation"], &own["email"]),
        (&"self".into(), &"ann@example.org".into())
    );

    // The page as Pidgin reads it.
    let page = ben
        .get(&format!("/profile.php?id={}&v=info", ann.uid))
        .text()
        .unwrap();
    assert_eq!(between(&page, "<title>Facebook | ", "</title>"), "Ann A");
    assert_eq!(
        between(&page, "<span id=\"profile_status\">", "<"),
        "is &lt;here&gt;"
    );
    let facts = between(
        &page,
        "<div id=\"info_tab\" class=\"info_tab\">",
        "</div></div></div></div>",
    );
    assert!(
        facts.contains("<dt>E-mail:</dt><dd>ann@example.org</dd>"),
        "{facts}"
    );
    assert!(facts.contains("<dt>Member since:</dt><dd>20"), "{facts}");
    let page = eve
        .get(&format!("/profile.php?id={}&v=info", ann.uid))
        .text()
        .unwrap();
    assert!(
        !page.contains("ann@example.org") && !page.contains("here"),
        "{page}"
    );
    let page = ann
        .get(&format!("/profile.php?id={}", eve.uid))
        .text()
        .unwrap();
    assert_eq!(
        between(&page, "<title>", "</title>"),
        "Facebook | Eve &lt;Élan&gt;"
    );
}

#[test]
fn users_are_found_by_the_beginnings_of_their_names_or_by_their_address() {
    let (_dir, _server, [ann, ben, eve]) = three();
    let found = |q: &str| {
        let results = ben.read(&format!("/ajax/fbchat/search.php?q={q}"))["results"].clone();
        let uids = results
            .as_array()
            .unwrap()
            .iter()
            .map(|found| found["uid"].as_i64().unwrap());
        uids.collect::<Vec<_>>()
    };
    assert_eq!(found("AN"), [ann.uid]);
    assert_eq!(found("a%20ann"), [ann.uid]);
    assert!(found("nn").is_empty());
    assert_eq!(found("%3c%c3%a9l"), [eve.uid]);
    assert_eq!(found("EVE%40example.org"), [eve.uid]);
    assert!(found("example").is_empty());
    assert!(found("%25%25").is_empty());
    let results = ben.read("/ajax/fbchat/search.php?q=ann")["results"].clone();
    assert_eq!(
        (&results[0]["name"], &results[0]["relation"]),
        (&"Ann A".into(), &"friend".into())
    );
    let form = [("uid", &*eve.uid.to_string())];
    assert_eq!(ben.write("/ajax/addfriend.php", &form)["error"], 0);
    let relation = |client: &Client, q| {
        client.read(&format!("/ajax/fbchat/search.php?q={q}"))["results"][0]["relation"].clone()
    };
    assert_eq!(relation(&ben, "eve"), "sent");
    assert_eq!(relation(&eve, "ben"), "received");
    assert_eq!(relation(&eve, "ann"), "none");
    assert_eq!(relation(&eve, "eve"), "self");

    // The page as Pidgin reads it: each link, then backwards for name and network.
    let page = ben.get("/s.php?q=eve&init=q&sid=1").text().unwrap();
    let (before, after) = page
        .split_once("facebook.com/inbox/?compose&amp;id=")
        .unwrap();
    assert!(after.starts_with(&format!("{}\"", eve.uid)));
    assert!(after.find('"').unwrap() < after.find('&').unwrap());
    let name = before.rsplit_once("class=\"url fn\"").unwrap().1;
    assert_eq!(between(name, ">", "<"), "Eve &lt;Élan&gt;");
    assert_eq!(
        between(before, "class=\"result_network\">", "<"),
        "Friend request"
    );
    let page = ben.get("/s.php?q=%3cscript%3e").text().unwrap();
    assert!(
        page.contains("No results found") && !page.contains("<script>"),
        "{page}"
    );
}

#[test]
fn clients_of_2010_get_twenty_results_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    for n in 0..21 {
        account(dir.path(), &format!("eve{n}@example.org"), "Eve <Élan>");
    }
    let server = Server::serve(dir.path(), &[]);
    let ben = Client::login(&server, "ben", "secret");
    for (start, shown, ways) in [(0, 20, [false, true]), (20, 1, [true, false])] {
        let path = format!("/ajax/search/results.php?q=eve&s={start}");
        let html = ben.read(&path)["html"].as_str().unwrap().to_owned();
        assert_eq!(html.matches(">Eve &lt;Élan&gt;</a>").count(), shown);
        let way = |word| html.contains(&format!("UIPager_Button{word}"));
        assert_eq!([way("Back"), way("Forward")], ways);
    }
}

#[test]
fn bad_input_gets_an_error_message() {
    let (_dir, _server, [ann, ..]) = three();
    assert_eq!(set(&ann, &"ä".repeat(420))["error"], 0);
    assert_eq!(set(&ann, &"x".repeat(421))["error"], 1_357_005);
    assert_eq!(ann.write("/ajax/updatestatus.php", &[])["error"], 1_356_004);
    assert_eq!(info(&ann, ann.uid)["status"], "ä".repeat(420));
    let without = json(ann.post("/ajax/updatestatus.php", &[("clear", "1")]));
    assert_eq!(without["error"], 1_357_004);
    let flood = testkit::until("the limit", || {
        let told = set(&ann, &format!("{:?}", std::time::Instant::now()));
        (told["error"] != 0).then_some(told)
    });
    assert_eq!(flood["error"], 1_395_001, "{flood}");
    for newest in ["-1", "x", "9223372036854775808", ""] {
        ann.read(&format!("/ajax/intent.php?newest={newest}"));
    }
    for id in [
        "",
        "x",
        "0",
        "-1",
        "4711",
        "9223372036854775807",
        "9223372036854775808",
    ] {
        let told = json(ann.get(&format!("/ajax/fbchat/profile.php?id={id}")));
        assert_eq!(told["error"], 1_357_005, "{id}");
        assert_eq!(
            ann.get(&format!("/profile.php?id={id}")).status(),
            404,
            "{id}"
        );
    }
    for q in ["", "a", "+a+", &"x".repeat(101)] {
        let told = json(ann.get(&format!("/ajax/fbchat/search.php?q={q}")));
        assert_eq!(told["error"], 1_357_005, "{q}");
        assert_eq!(ann.get(&format!("/s.php?q={q}")).status(), 200, "{q}");
    }
}
