//! A file from its upload to those who get it, and nobody else.

use serde_json::json;
use testkit::{Client, until};

use super::*;

fn items(client: &Client, seq: i64, more: &str) -> Vec<Value> {
    let path = format!("/x/0/false/p_{}={seq}?batch=10{more}", client.uid);
    let answer = json(client.get(&path));
    let items = answer["ms"].as_array().unwrap().iter();
    let is_message = |item: &&Value| item["type"].as_str().unwrap().ends_with("msg");
    items.filter(is_message).cloned().collect()
}

fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap()).to_owned()
}

#[test]
fn a_file_reaches_new_clients_as_an_attachment_and_old_ones_as_a_link() {
    let dir = tempfile::tempdir().unwrap();
    testkit::account(dir.path(), "carol@example.org", "Carol C");
    let (_server, ann, ben) = {
        testkit::accounts(dir.path());
        served(dir.path(), &[])
    };
    let page = ann.get("/home.php").text().unwrap();
    assert!(
        page.contains("&quot;files&quot;:true,&quot;file_limit&quot;:26214400"),
        "{page}"
    );
    let seq = ben.seq();
    let picture = png(640, 480);
    let photo = uploaded(&ann, "1", "a b.png", &picture);
    assert_eq!(
        photo,
        json!({"file_id": id(&photo), "name": "a b.png", "size": picture.len(), "mime": "image/png", "url": photo["url"], "width": 640, "height": 480})
    );
    let start = format!("/files/{}/a%20b.png?key=", id(&photo));
    assert!(photo["url"].as_str().unwrap().starts_with(&start));
    // Repeated after a lost answer it is the same file; other content, and another name, is not.
    assert_eq!(uploaded(&ann, "1", "a b.png", &picture), photo);
    assert_ne!(uploaded(&ann, "1", "b.png", &picture), photo);
    let page = uploaded(&ann, "1", "x.html", b"<script>alert(1)</script>");
    assert_eq!(page["mime"], "application/octet-stream");

    // Sent once with the same files, and again with others.
    for _ in 0..2 {
        assert_eq!(
            send(&ann, "7", ben.uid, "look", &[id(&photo), id(&page)])["error"],
            0
        );
        assert_eq!(send(&ann, "7", ben.uid, "look", &[id(&photo)])["error"], 0);
        assert_eq!(send(&ann, "7", ben.uid, "", &[id(&photo)])["error"], 0);
    }
    assert_eq!(send(&ann, "8", ben.uid, "", &[])["error"], 1_356_004);
    let new = items(&ben, seq, "&files=1");
    assert_eq!(new.len(), 3);
    let attached = json!([
        {"id": id(&photo), "type": "photo", "name": "a b.png", "size": picture.len(), "mime": "image/png",
         "url": format!("/files/{}/a%20b.png", id(&photo)), "width": 640, "height": 480,
         "preview": {"url": format!("/files/{}/preview", id(&photo)), "width": 320, "height": 240}},
        {"id": id(&page), "type": "file", "name": "x.html", "size": 25, "mime": "application/octet-stream",
         "url": format!("/files/{}/x.html", id(&page))},
    ]);
    // The addresses also work in programs that are not logged in.
    let nobody = without_login(&ben);
    let without_keys = |item: &Value| {
        let mut files = item["attachments"].clone();
        for file in files.as_array_mut().unwrap() {
            let address = file["url"].as_str().unwrap().to_owned();
            assert_eq!(get(&nobody, &address, &[]).status(), 200, "{address}");
            file["url"] = address.split("?key=").next().into();
        }
        files
    };
    assert_eq!(without_keys(&new[0]), attached);
    assert_eq!(new[0]["msg"]["text"], "look");
    assert_eq!(new[2]["msg"]["text"], "");
    let old = items(&ben, seq, "");
    assert_eq!(old.len(), 3);
    assert!(old.iter().all(|item| item.get("attachments").is_none()));
    let text = old[0]["msg"]["text"].as_str().unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, "look"));
    let start = format!(
        "a b.png ({}.{} KB) {}/files/{}/a%20b.png?key=",
        picture.len() / 1000,
        picture.len() / 100 % 10,
        ben.url,
        id(&photo)
    );
    assert!(lines[1].starts_with(&start), "{text}");
    assert!(old[2]["msg"]["text"].as_str().unwrap().starts_with(&start));
    let history = |more: &str| {
        let path = format!("/ajax/chat/history.php?id={}{more}", ann.uid);
        ben.read(&path)["history"].as_array().unwrap().clone()
    };
    assert_eq!(without_keys(&history("&files=1")[0]), attached);
    assert_eq!(history("")[0]["msg"]["text"], text);

    // Everybody with the link can read it.
    let link = lines[1].split(' ').next_back().unwrap();
    let path = link.strip_prefix(&ben.url).unwrap();
    let carol = Client::login(&_server, "carol", "secret");
    assert_eq!(get(&nobody, path, &[]).bytes().unwrap(), picture);
    let (own, preview) = (
        attached[0]["url"].as_str().unwrap(),
        attached[0]["preview"]["url"].as_str().unwrap(),
    );
    for reader in [&ann, &ben] {
        assert_eq!(get(reader, own, &[]).bytes().unwrap(), picture);
    }
    let answer = get(&ben, preview, &[]);
    assert_eq!(header(&answer, "content-type"), "image/png");
    let small = image::load_from_memory(&answer.bytes().unwrap()).unwrap();
    assert_eq!((small.width(), small.height()), (320, 240));
    // Nobody else learns whether there is one.
    let key = path.split("?key=").nth(1).unwrap();
    let (ends, signature) = key.split_once('-').unwrap();
    let none = format!("/files/{}/a", "0".repeat(32));
    let unknown = get(&carol, &none, &[]);
    assert_eq!(unknown.status(), 404);
    let unknown = unknown.text().unwrap();
    let later = format!("{own}?key={}9-{signature}", ends);
    let swapped = format!("{}?key={key}", attached[1]["url"].as_str().unwrap());
    let no_preview = format!("/files/{}/preview", id(&page));
    for (reader, path) in [
        (&carol, own),
        (&nobody, own),
        (&carol, preview),
        (&nobody, &*later),
        (&nobody, &*swapped),
        (&ben, &*no_preview),
        (&ben, "/files/x/y"),
    ] {
        let answer = get(reader, path, &[]);
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.text().unwrap(), unknown, "{path}");
    }
    let foreign = send(&ben, "9", ann.uid, "", &[id(&photo)]);
    assert_eq!(foreign["error"], 1_357_005, "{foreign}");
    let eleven = [id(&photo); 11];
    assert_eq!(send(&ann, "9", ben.uid, "", &eleven)["error"], 1_357_005);

    // As safe as a file of a stranger must be.
    let answer = get(&ben, attached[1]["url"].as_str().unwrap(), &[]);
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        (
            "content-disposition",
            "attachment; filename=\"x.html\"; filename*=UTF-8''x.html",
        ),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "private, no-cache"),
        ("content-length", "25"),
    ] {
        assert_eq!(header(&answer, name), value, "{name}");
    }
    let whole = get(&ben, own, &[]);
    assert!(header(&whole, "content-disposition").starts_with("inline; "));

    // In parts, as interrupted downloads continue.
    let etag = header(&whole, "etag");
    let part = get(
        &ben,
        own,
        &[("Range", "bytes=100-199"), ("If-Range", &etag)],
    );
    assert_eq!(part.status(), 206);
    assert_eq!(
        header(&part, "content-range"),
        format!("bytes 100-199/{}", picture.len())
    );
    assert_eq!(part.bytes().unwrap(), picture[100..200]);
    let other = get(
        &ben,
        own,
        &[("Range", "bytes=100-199"), ("If-Range", "\"x\"")],
    );
    assert_eq!(other.bytes().unwrap(), picture);
    let none = get(&ben, own, &[("Range", "bytes=99999999-")]);
    assert_eq!(
        (none.status().as_u16(), header(&none, "content-range")),
        (416, format!("bytes */{}", picture.len()))
    );
    let known = get(&ben, own, &[("If-None-Match", &etag)]);
    assert_eq!(
        (known.status().as_u16(), header(&known, "content-type")),
        (304, String::new())
    );
}

#[test]
fn members_of_a_group_read_what_was_sent_while_they_were_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, ann, ben) = served(dir.path(), &[]);
    let ids = ben.uid.to_string();
    let groups = "/ajax/fbchat/groups.php";
    let created = ann.write(
        groups,
        &[("create", "G"), ("ids[0]", &ids), ("create_id", "1")],
    );
    let gid = created["payload"]["gid"].as_i64().unwrap();
    let (number, seq) = (gid.to_string(), ben.seq());
    let path = |file: &str| format!("/files/{file}/x");
    let first = sent(&ann, "1", gid, "x", b"first");
    let item = until("the message", || {
        let items = items(&ben, seq, "&files=1");
        items
            .into_iter()
            .find(|item| item["attachments"].is_array())
    });
    assert_eq!(item["attachments"][0]["id"], first);
    ann.write(groups, &[("gid", &number), ("remove", &ids)]);
    let second = sent(&ann, "2", gid, "x", b"second");
    assert_eq!(get(&ben, &path(&first), &[]).text().unwrap(), "first");
    assert_eq!(get(&ben, &path(&second), &[]).status(), 404);
    // A file of a message that was refused belongs to nobody else.
    let third = uploaded(&ben, "3", "x", b"third");
    assert_eq!(send(&ben, "3", gid, "", &[id(&third)])["error"], 1_356_003);
    assert_eq!(get(&ann, &path(id(&third)), &[]).status(), 404);
}
