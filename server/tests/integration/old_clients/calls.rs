//! Every call of those years with the parameters and at the hosts of those years.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::client::{OldClient, facebook, texts};
use testkit::between;

#[test]
fn calls_of_those_years_are_answered_at_their_hosts() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    testkit::account(dir.path(), "eve@example.org", "Eve <E>");
    let server = facebook(dir.path());
    let old = |name| OldClient::login(&server, name);
    let (ann, ben, eve) = (old("ann"), old("ben"), old("eve"));
    let (own, bens) = (ann.uid.to_string(), ben.uid.to_string());

    // Presence, at the host that was an alias.
    let apps = |path: &str, form: &[(&str, &str)]| {
        let form = [form, &[("post_form_id", ann.form_id.as_str())]].concat();
        OldClient::payload(path, &ann.post("apps.facebook.com", path, &form))
    };
    let nothing = json!([]);
    assert_eq!(
        apps("/ajax/chat/settings.php", &[("visibility", "true")]),
        nothing
    );
    ben.write("/ajax/chat/settings.php", &[("visibility", "true")]);
    let form = [
        ("user", own.as_str()),
        ("popped_out", "false"),
        ("notifications", "1"),
        ("force_render", "true"),
        ("buddy_list", "1"),
        ("available_list[1][i]", "0"),
    ];
    let list = apps("/ajax/presence/update.php", &form);
    assert!(list["time"].is_i64() && list["notifications"]["inboxCount"] == "0");
    let list = &list["buddy_list"];
    assert_eq!(
        (&list["listChanged"], &list["availableCount"]),
        (&true.into(), &1.into())
    );
    assert_eq!(
        list["nowAvailableList"],
        json!({bens.as_str(): {"i": false}})
    );
    assert_eq!(list["userInfos"][&own]["firstName"], "Ann");
    let alone = ann.write("/ajax/chat/buddy_list.php", &form)["buddy_list"].clone();
    assert_eq!(alone["nowAvailableList"], list["nowAvailableList"]);
    assert_eq!(
        eve.write("/ajax/chat/buddy_list.php", &form)["buddy_list"]["nowAvailableList"],
        json!({})
    );

    // Messages: history, marking as read, and the inbox for offline users.
    ann.send(ben.uid, "Grüße & 100 %");
    let inbox = [
        ("action", "compose"),
        ("ids[0]", bens.as_str()),
        ("subject", "Later"),
        ("message", "call me"),
        ("rand_id", "77"),
    ];
    assert_eq!(ann.write("/inbox/ajax/ajax.php", &inbox), nothing);
    assert_eq!(ann.write("/inbox/ajax/ajax.php", &inbox), nothing);
    let history = ben.read(&format!("/ajax/chat/history.php?id={own}&__a=1"))["history"].clone();
    assert_eq!(
        texts(history.as_array().unwrap()),
        ["Grüße & 100 %", "Later\ncall me"]
    );
    assert!(history[0]["time"].is_i64());
    let unread = |client: &OldClient| {
        client.write("/ajax/presence/update.php", &[("notifications", "1")])["notifications"]["inboxCount"].clone()
    };
    assert_eq!(unread(&ben), "1");
    let read = [("focus_chat", own.as_str()), ("windows_id", "123")];
    assert_eq!(
        ben.write("/ajax/chat/settings.php?_ecdc=false", &read),
        nothing
    );
    assert_eq!(unread(&ben), "0");
    assert_eq!(
        ben.write(
            "/ajax/chat/settings.php",
            &[("close_chat", &own), ("window_id", "1")]
        ),
        nothing
    );

    // Status, by the calls of all three years.
    let edit = [
        ("status", "is here"),
        ("profile_id", own.as_str()),
        ("home_tab_id", "1"),
        ("test_name", "INLINE_STATUS_EDITOR"),
        ("action", "HOME_UPDATE"),
    ];
    ann.write("/updatestatus.php", &edit);
    let feed =
        "/ajax/intent.php?filter=app_2915120374&request_type=1&ignore_self=true&__a=1&newest=";
    let stories = ben.read(&format!("{feed}0"));
    let html = stories["html"].as_str().unwrap();
    let story = html
        .split("/h3>")
        .find(|part| part.contains(&format!("aid_{own}")))
        .unwrap();
    assert!(story.ends_with("</a> is here<"), "{story}");
    assert_eq!(
        ben.read(&format!("{feed}{}", stories["newestStoryTime"]))["storyCount"],
        0
    );
    let wall = |to: &str| {
        let form = [
            ("status", "on a wall"),
            ("target_id", to),
            ("action", "PROFILE_UPDATE"),
            ("post_form_id", &ann.form_id),
        ];
        OldClient::script(
            "",
            &ann.post("www.facebook.com", "/ajax/updatestatus.php", &form),
        )["error"]
            .clone()
    };
    assert_eq!((wall(&bens), wall(&own)), (1_357_005.into(), 0.into()));
    ann.write(
        "/ajax/updatestatus.php",
        &[("clear", "1"), ("profile_id", &own)],
    );

    // Friends: found, requested in the forms of both years, answered, notified, poked, removed.
    let found = eve.page("/s.php?q=Ann+A&init=q&sid=0%7C1");
    let link = format!("facebook.com/inbox/?compose&amp;id={own}");
    let before = found.split_once(&link).unwrap().0;
    assert_eq!(between(before, "class=\"url fn\">", "<"), "Ann A");
    // The same in a script of 2010, of which clients cut out strings.
    let (head, script) = eve.get(
        "www.facebook.com",
        "/ajax/search/results.php?__a=1&flt=1&o=2048&q=Ann+A&s=0",
    );
    assert!(head.contains(" 200 "), "{head}");
    let person = between(&script, "<div class=\\\"UIFullListing", "<\\/div>");
    let mut links = person.split("<a href").skip(1);
    let picture = links.next().unwrap();
    assert!(
        between(picture, "<img src=\\\"", "\\\"").ends_with("q_silhouette.gif"),
        "{picture}"
    );
    assert_eq!(between(links.next().unwrap(), ">", "<"), "Ann A");
    let action = between(person, "<li class=\\\"actionspro_li\\\">", "<\\/li>");
    assert!(
        action.contains(&format!("\\/addfriend.php?id={own}\\\"")),
        "{action}"
    );
    assert!(person.contains(&format!("?compose&amp;id={own}\\\"")));
    assert!(!script.contains("UIPager_Button"));
    let nobody = eve.read("/ajax/search/results.php?q=Ann+A&s=20");
    assert!(!nobody["html"].as_str().unwrap().contains("UIFullListing"));
    let ask = [
        ("confirmed", "1"),
        ("add", "Add Friend"),
        ("action", "follow_up"),
        ("uid", own.as_str()),
        ("flids", ""),
        ("message", "hi <b>"),
        ("source", "search"),
        ("failed_captcha", "0"),
    ];
    eve.write(&format!("/ajax/addfriend.php?id={own}"), &ask);
    let eves = eve.uid.to_string();
    let connect = [
        ("user", eves.as_str()),
        ("profile_id", bens.as_str()),
        ("message", ""),
        ("source", "search"),
        ("submit", "1"),
    ];
    eve.write("/ajax/profile/connect.php", &connect);
    let requests = ann.page("/reqs.php");
    let request = between(
        &requests,
        &format!("class=\"confirm\" id=\"friend_connect_{eves}\""),
        "<td class=\"info\"><a ",
    );
    assert!(
        request.contains(&format!("id=\"friend_add_{eves}\"")),
        "{requests}"
    );
    assert_eq!(
        between(&requests, "<div class=\"personal_msg\"><span>", "</span>"),
        "hi &lt;b&gt;"
    );
    let page = ann.page("/notifications.php");
    let feed = between(&page, "http://www.facebook.com/feeds", "\"").replace("&amp;", "&");
    let feed = ann.page(&format!("/feeds{feed}"));
    assert_eq!(
        between(&feed, "<item>\n<title>", "</title>"),
        "Eve &lt;E&gt; wants to be your friend."
    );
    assert!(
        feed.contains("<pubDate>")
            && feed.contains("<link>http://www.facebook.com/reqs.php</link>")
    );
    ann.write(
        "/ajax/reqs.php",
        &[("type", "friend_add"), ("id", &eves), ("action", "accept")],
    );
    let answer = [
        ("type", "friend_connect"),
        ("id", eves.as_str()),
        ("action", "reject"),
        ("params[verify_age]", "0"),
        ("params[lists]", ""),
    ];
    ben.write("/ajax/profile/reqs.php", &answer);
    assert_eq!(
        ann.write("/ajax/poke.php", &[("uid", &eves), ("pokeback", "0")])["result"],
        "poked"
    );
    assert_eq!(
        eve.write("/ajax/poke.php", &[("to", &own)])["result"],
        "poked"
    );
    let profile = eve.page(&format!("/profile.php?id={own}&v=info"));
    assert_eq!(between(&profile, "<title>Facebook | ", "</title>"), "Ann A");
    let info = between(&profile, "info_tab", "</div></div></div></div>");
    assert!(
        info.contains("<dt>E-mail:</dt><dd>ann@example.org</dd>"),
        "{info}"
    );

    // Lists of friends.
    let lists = "/ajax/chat/buddy_list_settings.php";
    let made = ann.write(lists, &[("user", &own), ("create", "Käse")])["flData"].clone();
    let flid = made.as_object().unwrap().keys().next().unwrap().clone();
    assert_eq!(made[&flid]["n"], "Käse");
    ann.write(
        lists,
        &[
            ("drag_uid", &bens),
            ("new_flid", &flid),
            ("old_flid", ""),
            ("move_fl", "true"),
        ],
    );
    let in_lists = || {
        apps("/ajax/presence/update.php", &form)["buddy_list"]["nowAvailableList"][&bens]["fl"]
            .clone()
    };
    assert_eq!(in_lists(), json!([flid]));
    ann.write(
        lists,
        &[
            ("drag_uid", &bens),
            ("old_flid", &flid),
            ("remove_fl", "true"),
        ],
    );
    assert_eq!(in_lists(), Value::Null);

    // Pictures: uploaded at one host, viewed at another, small and large.
    let gif =
        b"GIF89a\x01\0\x01\0\x80\0\0\xcc\0\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";
    let part = |name: &str, more: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n")
    };
    let upload = [
        format!(
            "{}{}\r\n{}profile\r\n",
            part("post_form_id", ""),
            ann.form_id,
            part("type", "")
        )
        .as_bytes(),
        part("pic", "; filename=\"a.gif\"").as_bytes(),
        gif,
        b"\r\n--b--\r\n",
    ]
    .concat();
    let kind = "multipart/form-data; boundary=b";
    let answer = ann.ask(
        "POST",
        "upload.facebook.com",
        "/pic_upload.php",
        kind,
        &upload,
    );
    OldClient::payload("/pic_upload.php", &answer);
    let src = apps("/ajax/presence/update.php", &form)["buddy_list"]["userInfos"][&own]["thumbSrc"]
        .clone();
    let path = src
        .as_str()
        .unwrap()
        .strip_prefix("http://apps.facebook.com")
        .unwrap()
        .to_owned();
    for host in [
        "profile.ak.facebook.com",
        "profile.ak.fbcdn.net",
        "static.ak.fbcdn.net",
    ] {
        for (path, media_type) in [
            (path.clone(), "image/png"),
            (path.replace("/q", "/n"), "image/png"),
            ("/pics/q_silhouette.gif".to_owned(), "image/gif"),
            ("/pics/q_default.gif".to_owned(), "image/gif"),
        ] {
            let mut stream = TcpStream::connect(&ben.address).unwrap();
            write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            let text = String::from_utf8_lossy(&answer);
            assert!(
                text.contains(" 200 ")
                    && text.contains(&format!("\r\nContent-Type: {media_type}\r\n")),
                "{path}: {text}"
            );
        }
    }

    // No longer friends.
    assert_eq!(
        eve.write("/ajax/profile/removefriend.php", &[("uid", &own)])["result"],
        "removed"
    );
    // Friends again, by the forms of 2010.
    let form_id = eve.form_id.as_str();
    let ask = [("confirmed", "1"), ("post_form_id", form_id)];
    let path = format!("/addfriend.php?id={own}");
    let asked = OldClient::script("", &eve.post("www.facebook.com", &path, &ask));
    assert_eq!(asked["payload"]["result"], "requested");
    let confirm = [
        ("type", "friend_connect"),
        ("id", eves.as_str()),
        ("actions[accept]", "Confirm"),
        ("confirm", &own),
    ];
    assert_eq!(ann.write("/ajax/reqs.php", &confirm)["result"], "added");

    let (head, _) = ann.post("www.facebook.com", "/logout.php", &[("confirm", "1")]);
    assert!(head.contains("\r\nSet-Cookie: c_user=deleted;"), "{head}");
    let gone = ann.post("www.facebook.com", "/ajax/presence/update.php", &form);
    assert_eq!(OldClient::script("", &gone)["error"], 1_357_001);
    let (head, _) = ann.get("www.facebook.com", "/home.php");
    assert!(
        head.contains("\r\nLocation: http://www.facebook.com/login.php\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\nSet-Cookie: test_cookie=1;"), "{head}");
}
