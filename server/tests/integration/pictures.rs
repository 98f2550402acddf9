//! Pictures: uploading, viewing and caching. What is left of a file is tried in `server/src/service/pictures/tests.rs`.

use std::io::{Read, Write};
use std::net::TcpStream;

use image::{DynamicImage, ImageFormat};
use reqwest::blocking::Response;
use rusqlite::Connection;
use serde_json::{Value, json};
use testkit::{Client, Server, http, json, until};

const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";
/// Where a picture was taken.
const HIDDEN: &[u8] = b"hidden 52.5N 13.4E";

/// The black point of [`GIF`] as it is served.
fn is_black(picture: &[u8]) -> bool {
    let picture = image::load_from_memory(picture).unwrap().to_rgb8();
    picture.dimensions() == (1, 1) && picture.get_pixel(0, 0).0 == [0; 3]
}

/// A JPEG with a comment.
fn jpeg_with_comment() -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let picture = DynamicImage::new_rgb8(9, 9);
    picture.write_to(&mut file, ImageFormat::Jpeg).unwrap();
    let length = u16::try_from(HIDDEN.len() + 2).unwrap().to_be_bytes();
    let comment = [b"\xff\xfe", &length[..], HIDDEN].concat();
    let mut file = file.into_inner();
    file.splice(2..2, comment);
    file
}

fn contains(file: &[u8], words: &[u8]) -> bool {
    file.windows(words.len()).any(|part| part == words)
}

fn post(client: &Client, fields: &[(&str, &[u8])]) -> Response {
    let mut body = Vec::new();
    for (name, data) in fields {
        let head = format!(
            "--B\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"x\"\r\n\r\n"
        );
        body.extend([head.as_bytes(), data, b"\r\n"].concat());
    }
    body.extend(b"--B--\r\n");
    let request = client
        .http
        .post(format!("{}/pic_upload.php", client.url))
        .header("Cookie", &client.cookie)
        .header("Content-Type", "multipart/form-data; boundary=B");
    request.body(body).send().unwrap()
}

fn upload(client: &Client, picture: &[u8]) -> Value {
    let token = ("post_form_id", client.form_id.as_bytes());
    // The session decides whose picture it is; the uid in the form is ignored.
    let form: [(&str, &[u8]); 4] = [
        ("type", b"profile"),
        ("id", b"100002"),
        ("pic", picture),
        token,
    ];
    json(post(client, &form))
}

fn thumb(client: &Client, uid: i64) -> String {
    let infos = client.buddies()["userInfos"].clone();
    infos[uid.to_string()]["thumbSrc"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Sixteen is as many as are read at a time.
#[test]
fn slow_uploads_of_one_user_delay_nobody_else() {
    let server = Server::demo();
    let alice = Client::login(&server, "alice", "demo");
    let bob = Client::login(&server, "bob", "demo");
    let head = format!(
        "POST /pic_upload.php HTTP/1.1\r\nHost: x\r\nCookie: {}\r\nContent-Type: multipart/form-data; boundary=b\r\n\
         Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n",
        alice.cookie
    );
    let slow: Vec<_> = (0..16)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address()).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream.set_nonblocking(true).unwrap();
            stream
        })
        .collect();
    until("the server to read two of them", || {
        let read = slow.iter().filter(|stream| stream.peek(&mut [0]).is_ok());
        (read.count() >= 2).then_some(())
    });
    // By then the server has seen all of them.
    for _ in 0..50 {
        bob.buddies();
    }
    // It is answered while those of Alice still wait for their bodies, for which they have 30 seconds.
    let answer = upload(&bob, GIF);
    assert_eq!(answer["error"], 0, "{answer}");
    for mut stream in slow {
        let mut said = [0; 100];
        let answer = match stream.read(&mut said) {
            Ok(length) => String::from_utf8_lossy(&said[..length]).into_owned(),
            Err(_) => String::new(),
        };
        // Not the 408 that they get then.
        let waits = ["", "HTTP/1.1 100 Continue\r\n\r\n"];
        assert!(waits.contains(&answer.as_str()), "{answer}");
    }
}

#[test]
fn a_picture_is_uploaded_pushed_and_served_until_it_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let mut server = Server::serve(dir.path(), &[]);
    let (ann, ben) = (
        Client::login(&server, "ann", "secret"),
        Client::login(&server, "ben", "secret"),
    );
    let seq = ben.seq();
    assert_eq!(
        thumb(&ben, ann.uid),
        format!("{}/pics/q_silhouette.gif", server.url)
    );
    let told = upload(&ann, GIF);
    assert_eq!(told["error"], 0, "{told}");
    let url = told["payload"]["thumbSrc"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("{}/pics/q{}_", server.url, ann.uid)),
        "{url}"
    );
    assert_eq!(thumb(&ben, ann.uid), url);
    assert_eq!(thumb(&ann, ann.uid), url);
    assert!(thumb(&ben, ben.uid).ends_with("/pics/q_silhouette.gif"));
    let (item, seq) = ben.wait_for(seq, |item| item["type"] == "picture");
    let path = url.strip_prefix(&server.url).unwrap();
    assert_eq!(
        item,
        json!({"type": "picture", "uid": ann.uid, "thumbSrc": path})
    );

    // By URL alone, as in 2008; the URL of the large picture follows from that of the small one.
    for url in [url.to_owned(), url.replace("/q", "/n")] {
        let seen = http().get(&url).send().unwrap();
        assert_eq!(seen.status(), 200);
        assert_eq!(seen.headers()["content-type"], "image/png");
        assert_eq!(seen.headers()["x-content-type-options"], "nosniff");
        assert!(
            seen.headers()["cache-control"]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        let etag = seen.headers()["etag"].clone();
        assert!(is_black(&seen.bytes().unwrap()));
        let again = http()
            .get(&url)
            .header("If-None-Match", etag)
            .send()
            .unwrap();
        assert_eq!(
            (again.status().as_u16(), again.bytes().unwrap().len()),
            (304, 0)
        );
    }
    // The same picture again is not pushed, another one is, and the old URL is then gone. All of this survives a crash.
    assert_eq!(upload(&ann, GIF)["error"], 0);
    assert_eq!(upload(&ann, &jpeg_with_comment())["error"], 0);
    let (item, seq) = ben.wait_for(seq, |item| item["type"] == "picture");
    let new = item["thumbSrc"].as_str().unwrap().to_owned();
    assert_ne!(new, path);
    server.kill();
    // On PostgreSQL numbers continue where they were, so polls are held.
    let server = Server::start(Server::command(dir.path()).env("FBCHATD_HOLD_S", "1"));
    let (ann, ben) = (ann.moved(&server), ben.moved(&server));
    assert_eq!(ben.get(path).status(), 404);
    let seen = ben.get(&new);
    assert_eq!(seen.headers()["content-type"], "image/jpeg");
    let seen = seen.bytes().unwrap();
    assert!(seen.starts_with(b"\xff\xd8") && !contains(&seen, HIDDEN));
    // Removed.
    let token = ("post_form_id", ann.form_id.as_bytes());
    let seq = ben.poll(seq)["seq"].as_i64().unwrap_or(seq);
    let removed = json(post(&ann, &[token, ("remove", b"1")]));
    assert!(
        removed["payload"]["thumbSrc"]
            .as_str()
            .unwrap()
            .ends_with("/pics/q_silhouette.gif")
    );
    let (item, _) = ben.wait_for(seq, |item| item["type"] == "picture");
    assert_eq!(item["thumbSrc"], "/pics/q_silhouette.gif");
    assert_eq!(ben.get(&new).status(), 404);
}

#[test]
fn files_that_are_not_pictures_are_refused_with_a_reason() {
    let server = Server::demo();
    let alice = Client::login(&server, "alice", "demo");
    let large = [GIF, &vec![0; 1 << 20]].concat();
    let wide = [b"GIF89a\x01\x08", &GIF[8..]].concat();
    for (picture, reason) in [
        (&b""[..], "PNG, JPEG or GIF"),
        (b"<script>alert(1)</script>", "PNG, JPEG or GIF"),
        (b"GIF", "PNG, JPEG or GIF"),
        (&large, "1 MiB"),
        (&wide, "2048"),
        (&GIF[..31], "damaged"),
    ] {
        let told = upload(&alice, picture);
        assert_eq!(told["error"], 1_357_005, "{told}");
        assert!(
            told["errorDescription"].as_str().unwrap().contains(reason),
            "{told}"
        );
    }
    let token = ("post_form_id", alice.form_id.as_bytes());
    assert_eq!(json(post(&alice, &[("pic", GIF)]))["error"], 1_357_004);
    assert_eq!(json(post(&alice, &[token]))["error"], 1_357_005);
    let form = json(alice.post("/pic_upload.php", &[("post_form_id", &alice.form_id)]));
    assert_eq!(form["error"], 1_357_005);
    let mut nobody = alice.clone();
    nobody.cookie = "c_user=100001".into();
    assert_eq!(upload(&nobody, GIF)["error"], 1_357_001);
    for path in [
        "/pics/",
        "/pics/x",
        "/pics/x_default.gif",
        "/pics/q100001_00000000000000000000000000000000.jpg",
        "/pics/q%00.jpg",
    ] {
        assert_eq!(alice.get(path).status(), 404, "{path}");
    }
    assert!(thumb(&alice, alice.uid).ends_with("/pics/q_silhouette.gif"));
}

/// As an earlier version stored pictures: as they were uploaded. The schema's own test has the step to the new table.
#[test]
fn stored_pictures_lose_what_is_hidden_in_them_when_the_server_is_updated() {
    let dir = tempfile::tempdir().unwrap();
    testkit::accounts(dir.path());
    let server = Server::serve(dir.path(), &[]);
    let ann = Client::login(&server, "ann", "secret");
    drop(server);
    let old = "0123456789abcdef0123456789abcdef";
    let db = Connection::open(dir.path().join("fbchatd.db")).unwrap();
    let ben = ann.uid + 1;
    for (uid, picture) in [
        (ann.uid, &jpeg_with_comment()[..]),
        (ben, b"GIF89a and no more"),
    ] {
        db.execute(
            "INSERT INTO unrendered_pictures(uid, bytes) VALUES (?1, ?2)",
            (uid, picture),
        )
        .unwrap();
        db.execute("UPDATE users SET picture = ?2 WHERE uid = ?1", (uid, old))
            .unwrap();
    }
    drop(db);
    let mut server = Server::serve(dir.path(), &[]);
    let ann = ann.moved(&server);
    let url = server.url.clone();
    let path = |uid: i64| thumb(&ann, uid).strip_prefix(&url).unwrap().to_owned();
    let new = until("the new picture", || {
        Some(path(ann.uid)).filter(|path| !path.contains(old))
    });
    let seen = ann.get(&new).bytes().unwrap();
    assert!(seen.starts_with(b"\xff\xd8") && !contains(&seen, HIDDEN));
    assert_eq!(
        ann.get(&format!("/pics/q{}_{old}.jpg", ann.uid)).status(),
        404
    );
    until("the damaged one to go", || {
        path(ben).ends_with("silhouette.gif").then_some(())
    });
    // Nothing of it stays in the files.
    assert!(server.stop().success());
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let path = file.unwrap().path();
        // The directory of the files that people send is empty.
        if path.is_dir() {
            continue;
        }
        assert!(
            !contains(&std::fs::read(&path).unwrap(), HIDDEN),
            "{}",
            path.display()
        );
    }
}
