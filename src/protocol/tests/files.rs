//! Files: requests, retries, and the events for hosts.

use super::people_model::ALL;
use super::{World, logged_in};
use crate::status::{Problem, Status};
use crate::types::{Command, DownloadTarget, Event, File, FileKind, Message, RequestId, Uid};

const UPLOAD: &str = "/ajax/messaging/upload.php";
const UPLOADED: &str = r#"{"file_id":"a1","name":"be\u202each.jpg\n","size":5,"mime":"image\/jpeg","width":4,"height":3}"#;
const FILES: &str = r#","file_limit":100,"files":true,"history":true"#;
/// Both file and preview.
const PREVIEW: &str = "/files/a1/preview";

fn world(seed: u64) -> World {
    let mut world = World::new(seed, 2);
    world.server.people.announced = FILES;
    logged_in(&mut world);
    world
}

fn upload(world: &mut World, name: &str, size: Option<u64>) -> RequestId {
    let name = name.to_owned();
    world.command(0, |request| Command::Upload {
        request,
        name,
        size,
    })
}

fn download(world: &mut World, preview: bool) -> RequestId {
    world.command(0, |request| Command::Download {
        request,
        file: "a1".to_owned(),
        target: DownloadTarget::Memory { preview, limit: 10 },
    })
}

/// The answer to a request: exactly one.
#[track_caller]
fn answer(world: &World, request: RequestId) -> Event {
    let events = world.clients[0].events.iter();
    let mut answers = events.filter(|event| event.answers() == Some(request));
    let answer = answers.next().expect("an answer").clone();
    assert_eq!(answers.next(), None);
    answer
}

fn is_answered(world: &World, request: RequestId) -> bool {
    world.has(0, |event| event.answers() == Some(request))
}

#[track_caller]
fn problem(world: &World, request: RequestId) -> Problem {
    match answer(world, request) {
        Event::Failed { problem, .. } => problem,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn file(world: &World, request: RequestId) -> File {
    match answer(world, request) {
        Event::File { file, .. } => *file,
        other => panic!("{other:?}"),
    }
}

fn upload_ids(world: &World) -> Vec<String> {
    let posted = world.server.people.posted.iter();
    let posted = posted.filter(|(path, _)| path == UPLOAD);
    let id = |body: &str| {
        let after = body.split("upload_id").nth(1)?;
        after.split("\r\n").nth(2).map(str::to_owned)
    };
    posted.map(|(_, body)| id(body).expect("an id")).collect()
}

#[test]
fn an_upload_is_the_same_in_all_attempts_and_the_next_one_waits() {
    let mut world = world(900);
    for _ in 0..2 {
        world.server.people.say_raw(UPLOAD, 503, b"<html>");
    }
    world.server.people.say(UPLOAD, UPLOADED);
    world.server.next_write_is_stale = true;
    let first = upload(&mut world, "a\"b\r\n\\", Some(5));
    let second = upload(&mut world, "second", None);
    world.run(20_000);
    let uploaded = file(&world, first);
    assert_eq!(
        (uploaded.id.as_str(), uploaded.name.as_str()),
        ("a1", "beach.jpg")
    );
    assert_eq!(
        (uploaded.kind, uploaded.width, uploaded.size),
        (FileKind::Photo, 4, 5)
    );
    assert!(
        uploaded.url.ends_with("/files/a1/beach.jpg"),
        "{}",
        uploaded.url
    );
    file(&world, second);
    let ids = upload_ids(&world);
    assert_eq!(ids.len(), 4, "{ids:?}");
    assert!(
        ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3],
        "{ids:?}"
    );
    let posted = &world.server.people.posted;
    let (_, form) = posted.iter().find(|(path, _)| path == UPLOAD).unwrap();
    assert!(form.ends_with("filename=\"a%22b_\"\r\n\r\n"), "{form}");
}

#[test]
fn transfers_survive_a_new_login_and_end_with_the_session() {
    let mut world = world(901);
    world.server.people.say(UPLOAD, UPLOADED);
    world.server.forget_sessions();
    let request = upload(&mut world, "a", None);
    world.run(30_000);
    file(&world, request);
    world.server.people.refuse(PREVIEW, 1_356_008, "");
    let request = download(&mut world, true);
    world.command(0, |request| Command::Logout { request });
    world.run(5_000);
    assert_eq!(problem(&world, request).status, Status::Cancelled);
}

#[test]
fn what_cannot_work_fails_at_once_with_a_sentence() {
    for (status, body, expected, words) in [
        (404, "", Status::Refused, "no such file"),
        (410, "<html>", Status::Gone, "does not keep this file"),
        (416, "", Status::Http, "416"),
        (302, "", Status::Http, "302"),
    ] {
        let mut world = world(902);
        world
            .server
            .people
            .say_raw(PREVIEW, status, body.as_bytes());
        let request = download(&mut world, true);
        world.run(1_000);
        let problem = problem(&world, request);
        assert_eq!(problem.status, expected);
        assert!(problem.text.contains(words), "{problem}");
    }
    for (code, expected) in [
        (1_395_001, Status::RateLimited),
        (1_357_005, Status::Refused),
    ] {
        let mut world = world(903);
        world.server.people.refuse(UPLOAD, code, "Not today.");
        let request = upload(&mut world, "a", None);
        world.run(1_000);
        let problem = problem(&world, request);
        assert_eq!(
            (problem.status, problem.text.as_str()),
            (expected, "Not today.")
        );
    }
    let mut world = world(904);
    let request = upload(&mut world, "a", Some(101));
    assert_eq!(problem(&world, request).status, Status::TooLong);
    // A server that always fails is not asked forever.
    world.server.people.say_raw(UPLOAD, 500, b"");
    let request = upload(&mut world, "a", None);
    world.run(300_000);
    assert_eq!(problem(&world, request).status, Status::Http);
    assert!(world.asked(0, UPLOAD) < 10);
    // Neither is one that is not there.
    world.cut = true;
    let request = download(&mut world, false);
    world.run(200_000);
    assert!(matches!(
        problem(&world, request).status,
        Status::Timeout | Status::Connect
    ));
}

#[test]
fn a_cancelled_transfer_makes_room() {
    let mut world = world(905);
    world.server.people.say(UPLOAD, UPLOADED);
    world.server.people.say_raw(PREVIEW, 200, b"png");
    let first = upload(&mut world, "a", None);
    let second = upload(&mut world, "b", None);
    let third = download(&mut world, true);
    world.command(0, |_| Command::Cancel(first));
    world.run(5_000);
    assert_eq!(problem(&world, first).status, Status::Cancelled);
    file(&world, second);
    let Event::File { file, content, .. } = answer(&world, third) else {
        panic!("no file");
    };
    assert_eq!(content.as_deref(), Some(b"png".as_slice()));
    assert_eq!(
        (file.kind, file.content_type.as_str()),
        (FileKind::Photo, "image/png")
    );
    assert!(file.url.ends_with("/files/a1/file"), "{}", file.url);
}

#[test]
fn messages_have_files_and_odd_ones_cost_only_themselves() {
    let mut world = world(906);
    let entries = [
        r#"{"id":"a1","type":"photo","name":"x\ny","size":5,"mime":"image/png","url":"/files/a1/x","width":3,"height":2,"preview":{"url":"/"}}"#,
        r#"{"id":"b2","type":"new","name":null,"size":-1,"url":"javascript:alert(1)"}"#,
        r#"{"id":"../c3","name":"lost"}"#,
        r#"null"#,
        r#"{"id":[]}"#,
    ];
    let item = format!(
        r#"{{"type":"msg","msg":{{"text":"","time":1,"msgID":"9"}},"from":2,"to":1,"attachments":[{}]}}"#,
        entries.join(",")
    );
    world.server.push(1, item);
    world.run(60_000);
    let mut messages = world.clients[0]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Message(message) => Some(message),
            _ => None,
        });
    let Message { files, text, .. } = messages.next().expect("a message");
    let [photo, other] = &files[..] else {
        panic!("{files:?}")
    };
    assert_eq!(
        (text.as_str(), photo.name.as_str(), photo.kind),
        ("", "x y", FileKind::Photo)
    );
    assert!(photo.url.starts_with("http") && photo.url.ends_with("/files/a1/x"));
    assert_eq!(
        (other.kind, other.size, other.width),
        (FileKind::Other, 0, 0)
    );
    assert!(
        other.url.starts_with("http") && other.url.ends_with("/files/b2/file"),
        "{}",
        other.url
    );
}

#[test]
fn a_message_takes_its_file_along() {
    let send = |world: &mut World, text: &str| {
        let text = text.to_owned();
        world.command(0, |request| Command::Send {
            request,
            to: Uid(2),
            text,
            file: Some("a1".to_owned()),
            message_id: None,
        })
    };
    let mut with = world(907);
    let request = send(&mut with, "");
    with.run(5_000);
    assert!(matches!(answer(&with, request), Event::Sent { .. }));
    // It is kept with the message.
    with.cut = true;
    let request = send(&mut with, "later");
    with.run(5_000);
    assert!(!is_answered(&with, request));
    let state = with.state(0);
    assert!(state.reveal().contains(r#""file":"a1""#));

    let mut without = World::new(908, 2);
    without.server.people.announced = ALL;
    logged_in(&mut without);
    let requests = [
        send(&mut without, "hi"),
        upload(&mut without, "a", None),
        download(&mut without, false),
    ];
    without.run(5_000);
    for request in requests {
        assert_eq!(problem(&without, request).status, Status::Unsupported);
    }
}
