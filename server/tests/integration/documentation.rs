//! Every path, item and capability of the server is in the description of the protocol, and every path answers bad input.

use serde_json::Value;
use testkit::routes::paths;
use testkit::{Client, Server, between, encode};

const DESCRIPTION: &str = include_str!("../../../docs/protocol.md");
const ITEMS: &str = include_str!("../../src/item/mod.rs");

#[test]
fn the_description_is_complete() {
    for path in paths() {
        let path = match path {
            // Pages for users and operators are not part of the protocol; the others spell their variables differently.
            "/"
            | "/index.php"
            | "/assets/{name}"
            | "/healthz"
            | "/pics/n_silhouette.gif"
            | "/pics/q_default.gif" => {
                continue;
            }
            "/files/{id}/{name}" => "/files/ID/NAME",
            "/pics/{name}" => "/pics/qUID_HASH.jpg",
            "/x/{*rest}" => "/x/NONCE/ACTIVE/p_UID=SEQ",
            "/ajax/presence/update.php" => "update.php",
            path => path,
        };
        assert!(DESCRIPTION.contains(path), "{path} is not described");
    }
    let mut kinds = 0;
    for part in between(ITEMS, "enum Item", "\n}\n")
        .split("#[serde(rename = \"")
        .skip(1)
    {
        let kind = part.split('"').next().unwrap();
        let row = format!("| `{kind}`");
        assert!(
            DESCRIPTION.contains(&row),
            "the item {kind} is not described"
        );
        kinds += 1;
    }
    assert!(kinds > 8, "{kinds}");
    // The server announces what the description shows, member by member.
    let server = Server::demo();
    let alice = Client::login(&server, "alice", "demo");
    let page = alice.get("/home.php").text().unwrap();
    let meta = between(&page, "<meta name=\"fbchat\" content=\"", "\"").replace("&quot;", "\"");
    let told: Value = serde_json::from_str(&meta).unwrap();
    let shown = between(DESCRIPTION, "```json\n", "\n```");
    let shown: Value = serde_json::from_str(shown).unwrap();
    for (key, value) in told.as_object().unwrap() {
        assert!(
            DESCRIPTION.contains(&format!("`{key}`")),
            "{key} is not described"
        );
        if key != "registration" && key != "server" {
            assert_eq!(&shown[key], value, "{key}");
        }
    }
    assert_eq!(told["registration"], "open");
}

#[test]
fn every_path_answers_bad_input() {
    let server = Server::demo();
    let mut alice = Client::login(&server, "alice", "demo");
    // A refused request ends its connection, so each request gets a new one.
    let http = reqwest::blocking::Client::builder().pool_max_idle_per_host(0);
    let http = http.redirect(reqwest::redirect::Policy::none()).no_proxy();
    alice.http = http.build().unwrap();
    let long = "%F0%9F%98%80<\"'\0".repeat(200);
    let values = [
        "",
        "-1",
        "9223372036854775807",
        "1e99",
        "\0\u{feff}\n",
        "'; DROP TABLE users; --",
        &long,
    ];
    let names = [
        "id",
        "uid",
        "user",
        "profile_id",
        "to",
        "status",
        "message",
        "action",
        "q",
        "newest",
        "before",
        "since",
        "limit",
        "create",
        "create_id",
        "gid",
        "ids[0]",
        "add[0]",
        "remove",
        "mute",
        "leave",
        "delete",
        "drag_uid",
        "new_flid",
        "focus_chat",
        "invite",
        "name",
        "email",
        "pass",
        "old",
        "new",
        "key",
    ];
    for path in paths() {
        if path.starts_with("/x/") || path == "/logout.php" {
            continue;
        }
        let path = path.replace("{name}", "q%ff_.jpg");
        for value in values {
            let mut form: Vec<_> = names.iter().map(|name| (*name, value)).collect();
            form.push(("post_form_id", &alice.form_id));
            let short: Vec<_> = form
                .iter()
                .map(|(name, value)| (*name, value.get(..60).unwrap_or(value)))
                .collect();
            let answers = [
                alice.get(&format!("{path}?{}", encode(&short))),
                alice.post(&path, &form),
            ];
            for answer in answers {
                let status = answer.status().as_u16();
                assert!(status < 500, "{path} {value:.20}: {status}");
                let text = answer.text().unwrap();
                assert!(!text.contains("<\"'"), "{path} repeats its input unescaped");
            }
        }
    }
    // Nothing has changed.
    assert_eq!(alice.buddies()["userInfos"].as_object().unwrap().len(), 3);
    assert_eq!(alice.get("/healthz").text().unwrap(), "ok\n");
}
