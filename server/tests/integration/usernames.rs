//! User names: at login, in profiles and searches, and changing them.

use serde_json::Value;
use testkit::{Client, Server, json, run, run_for_output};

const PATH: &str = "/ajax/fbchat/username.php";

fn usernames(found: &Value) -> Vec<&str> {
    let results = found["results"].as_array().unwrap().iter();
    results
        .map(|one| one["username"].as_str().unwrap())
        .collect()
}

#[test]
fn user_names_are_accepted_at_login_and_found() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = Server::serve(dir.path(), &[]);
    let ann = Client::login(&server, "ann@example.org", "secret");
    let uid = ann.uid.to_string();
    for login in ["ann.a", " Ann.A ", "ANN@example.org", "ann", &uid] {
        assert_eq!(
            Client::login(&server, login, "secret").uid,
            ann.uid,
            "{login}"
        );
    }
    // Not in other forms: failed attempts are counted by what was typed.
    for login in [
        "anna",
        "ann-a",
        "ann.a@example.org",
        "ann.a.",
        &format!("0{uid}"),
    ] {
        let told = Client::try_login(&server, login, "secret").err();
        let told = told.expect(login);
        assert_eq!(told, "Incorrect e-mail address, user name or password.");
    }
    let ben = Client::login(&server, "ben.b", "secret");
    for text in ["ann.a", "Ann.A", "ann"] {
        let found = ben.read(&format!("/ajax/fbchat/search.php?q={text}"));
        assert_eq!(usernames(&found), ["ann.a"], "{text}");
    }
    let profile = ben.read(&format!("/ajax/fbchat/profile.php?id={uid}"));
    assert_eq!(profile["username"], "ann.a");
    // Clients of 2010 find them, and see what they have always seen.
    for path in ["/s.php?q=ann.a", "/ajax/search/results.php?q=ann.a"] {
        let page = ben.get(path).text().unwrap();
        assert!(page.contains("Ann A"), "{page}");
    }
    let page = ben.get(&format!("/profile.php?id={uid}")).text().unwrap();
    assert!(!page.contains("ann.a"), "{page}");
}

#[test]
fn a_user_name_is_changed_by_its_owner() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = Server::serve(dir.path(), &[]);
    let ann = Client::login(&server, "ann@example.org", "secret");
    let ben = Client::login(&server, "ben@example.org", "secret");
    let change = |client: &Client, username: &str| client.write(PATH, &[("username", username)]);
    assert_eq!(
        change(&ann, " Ann.2026 ")["payload"]["username"],
        "ann.2026"
    );
    let page = ann.get("/home.php").text().unwrap();
    assert!(
        page.contains(r#"name="username" value="ann.2026""#),
        "{page}"
    );
    assert_eq!(Client::login(&server, "ann.2026", "secret").uid, ann.uid);
    assert!(Client::try_login(&server, "ann.a", "secret").is_err());

    // Nobody else can have the old name or one that looks like it, or the part before the @ with which Ann logs in.
    for taken in ["ann.a", "anna", "ann-2o26", "ann"] {
        let refused = change(&ben, taken);
        assert_eq!(refused["error"], 1_357_005, "{taken} {refused}");
        assert!(
            refused["errorDescription"]
                .as_str()
                .unwrap()
                .contains("taken")
        );
    }
    for reserved in ["admin", "r00t", "fb.chat"] {
        assert_eq!(change(&ben, reserved)["error"], 1_357_005, "{reserved}");
    }
    for wrong in [
        "",
        "be",
        "1ben",
        "ben..b",
        "b\u{435}n",
        "ben b",
        "<b>",
        "ben@example.org",
        &"b".repeat(33),
    ] {
        let refused = change(&ben, wrong);
        assert_eq!(refused["error"], 1_357_005, "{wrong}");
        let told = refused["errorDescription"].as_str().unwrap();
        assert!(
            told.starts_with("A user name has 3 to 32 letters"),
            "{told}"
        );
    }
    assert_eq!(
        json(ben.post(PATH, &[("username", "benny")]))["error"],
        1_357_004
    );
    assert_eq!(ben.write(PATH, &[])["error"], 1_356_004);

    // Three times in a while.
    for (username, error) in [("ann.3", 0), ("ann.4", 0), ("ann.5", 1_395_001)] {
        assert_eq!(change(&ann, username)["error"], error, "{username}");
    }
    // Somebody who tries many names is stopped.
    let mut attempts = (0..40).map(|_| change(&ben, "admin")["error"].clone());
    assert!(attempts.any(|error| error == 1_395_001));
    assert_eq!(change(&ben, "benny")["error"], 1_395_001);
}

#[test]
fn the_operator_gives_and_changes_user_names() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let data = dir.path();
    let add = |username: &str, email: &str| {
        let add = [
            "user",
            "add",
            email,
            "--name",
            "Root",
            "--username",
            username,
        ];
        run(&add, data, "secret\n")
    };
    let refused = |output: std::process::Output, why: &str| {
        assert_eq!(output.status.code(), Some(1));
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(why), "{told}");
    };
    // Reserved ones, too.
    assert!(add("root", "r@example.org").status.success());
    refused(
        add("ann.a", "s@example.org"),
        "Somebody else has this user name",
    );
    refused(
        add("a b", "s@example.org"),
        "A user name has 3 to 32 letters",
    );
    assert!(!run_for_output(&["user", "list"], data).contains("s@example.org"));

    for who in ["ann@example.org", "ann", "annie", "100001"] {
        let told = run_for_output(&["user", "username", who, "annie"], data);
        assert_eq!(told, "the user name of ann@example.org is annie\n");
    }
    refused(
        run(&["user", "username", "ben", "annie"], data, ""),
        "Nothing was changed",
    );
    refused(
        run(&["user", "username", "ben", "ann.a"], data, ""),
        "Nothing was changed",
    );
    let export: Value = serde_json::from_str(&run_for_output(&["export", "annie"], data)).unwrap();
    assert_eq!(export["username"], "annie");
    run_for_output(&["friend", "add", "annie", "root"], data);
    let server = Server::serve(data, &[]);
    Client::login(&server, "annie", "secret");
}
