//! Groups, as the clients at the end of 2010 use them, and as those before them do not.

use serde_json::{Value, json};

use super::client::{OldClient, facebook, texts};
use testkit::between;

fn create(owner: &OldClient, friend: i64) -> i64 {
    let form = [
        ("create", "Our <G> & \"co\""),
        ("ids[0]", &*friend.to_string()),
        ("create_id", "1"),
    ];
    let gid = &owner.write("/ajax/fbchat/groups.php", &form)["gid"];
    gid.as_i64().unwrap()
}

#[test]
fn clients_of_2010_find_their_groups_and_chat_in_them() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = facebook(dir.path());
    let (ann, ben) = (
        OldClient::login(&server, "ann"),
        OldClient::login(&server, "ben"),
    );
    let links = "/ajax/home/groups.php?__a=1";
    let mark = r#"<a href=\"\/home.php?sk=group_"#;
    assert!(!ben.get("www.facebook.com", links).1.contains(mark));
    let gid = create(&ann, ben.uid);
    // The list is cut apart as text: the number up to the backslash, the name up to the next tag.
    let (_, list) = ben.get("www.facebook.com", links);
    assert_eq!(list.matches(mark).count(), 1, "{list}");
    let rest = between(&list, mark, "<");
    assert_eq!(
        rest,
        format!(r#"{gid}\">Our &lt;G&gt; &amp; &quot;co&quot;"#)
    );
    assert!(
        ben.page(&format!("/home.php?sk=group_{gid}"))
            .contains("post_form_id")
    );
    // Such a client adds itself to the members.
    let form = [("gid", &*gid.to_string()), ("lsd", "")];
    let members = ben.write("/ajax/groups/chat/update_facepiles.php?__a=1", &form);
    let expected = json!({"facepile_click_info": [{"uid": ann.uid, "name": "Ann A"}]});
    assert_eq!(members, expected);
    ben.send(gid, "from 2010");
    let mut seq = 1;
    let item = loop {
        let answer = ann.poll(seq);
        let item = answer["ms"][0].clone();
        if item["msg"]["text"] == "from 2010" {
            break item;
        }
        seq = answer["seq"].as_i64().unwrap_or(seq + 1);
    };
    assert_eq!(
        (
            &item["type"],
            &item["from"],
            &item["to"],
            &item["from_name"]
        ),
        (
            &"group_msg".into(),
            &ben.uid.into(),
            &gid.into(),
            &"Ben B".into()
        )
    );
    // Closing the window marks the group as read, and the client stays in it.
    let closed = [("close_chat", &*gid.to_string()), ("window_id", "1")];
    assert_eq!(ann.write("/ajax/chat/settings.php", &closed), json!([]));
    let groups = ann.read("/ajax/fbchat/groups.php")["groups"].clone();
    assert_eq!(
        (&groups[0]["gid"], &groups[0]["unread"]),
        (&gid.into(), &0.into())
    );
}

#[test]
fn clients_without_groups_count_their_items_and_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = facebook(dir.path());
    let (ann, ben) = (
        OldClient::login(&server, "ann"),
        OldClient::login(&server, "ben"),
    );
    ben.write("/ajax/chat/settings.php", &[("visibility", "true")]);
    let start = ben.poll(-1)["seq"].as_i64().unwrap();
    let gid = create(&ann, ben.uid);
    let typing = [("typ", "1"), ("to", &*gid.to_string())];
    for text in ["one", "two..", "three..."] {
        ann.send(gid, text);
        ann.write("/ajax/chat/typ.php", &typing);
        ann.send(ben.uid, text);
    }
    // One number for each answer, or one for each item: every message once and in order.
    for per_item in [false, true] {
        let (mut seq, mut heard) = (start, Vec::<Value>::new());
        while texts(&heard).len() < 3 {
            let answer = ben.poll(seq);
            assert_eq!(answer["t"], "msg", "{answer}");
            let items = answer["ms"].as_array().unwrap();
            assert_eq!(items.len(), 1, "{answer}");
            seq += if per_item { items.len() as i64 } else { 1 };
            heard.extend(items.clone());
        }
        assert_eq!(texts(&heard), ["one", "two..", "three..."]);
        let of = |kind: &str| heard.iter().filter(|item| item["type"] == kind).count();
        // The notice that the group was created is one of them.
        assert_eq!((of("group_msg"), of("ttyp"), of("typ")), (4, 3, 0));
    }
    // Such a client takes `from` for a sign that this user is online. So they are, if it keeps up.
    let list = ben.write("/ajax/chat/buddy_list.php", &[])["buddy_list"].clone();
    assert_eq!(list["nowAvailableList"][ann.uid.to_string()]["i"], false);
    assert_eq!(list["userInfos"].as_object().unwrap().len(), 2);
    // Only the conversation of the two is unread: such a client could not mark a group as read.
    let unread = || {
        let form = [("notifications", "1")];
        ben.write("/ajax/presence/update.php", &form)["notifications"]["inboxCount"].clone()
    };
    assert_eq!(unread(), "1");
    ben.write(
        "/ajax/chat/settings.php",
        &[("focus_chat", &ann.uid.to_string())],
    );
    assert_eq!(unread(), "0");
}
