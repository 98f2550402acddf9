//! Files and pictures between real clients at the real server: to a person and to a group, from memory and descriptors, over a
//! link that fails, and what ends a transfer.

use crate::user::{User, message};
use fbchat::status::{Problem, Status};
use fbchat::types::{Connection, Event, File, FileKind, Message, RequestId, Uid};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use testkit::faulty_link::{Fault, FaultyLink};
use testkit::{Server, accounts};

/// Three by two pixels.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x02, 0x08, 0x00, 0x00, 0x00, 0x00, 0xb8, 0x1f, 0x39,
    0xc6, 0x00, 0x00, 0x00, 0x10, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xf8, 0xdf, 0xc0, 0xc0,
    0x20, 0xa0, 0x60, 0x00, 0x00, 0x0a, 0xa1, 0x01, 0xe0, 0xeb, 0x56, 0xea, 0x2b, 0x00, 0x00, 0x00,
    0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

impl User {
    fn uploaded(&mut self, request: RequestId) -> File {
        let (file, content) = self.file(request);
        assert_eq!(content, None);
        file
    }

    #[track_caller]
    fn file(&mut self, asked: RequestId) -> (File, Option<Arc<[u8]>>) {
        self.until(|event| match event {
            Event::File {
                request,
                file,
                content,
            } if *request == asked => Some((File::clone(file), content.clone())),
            Event::Failed { problem, .. } => panic!("{problem:?}"),
            _ => None,
        })
    }

    #[track_caller]
    fn failed(&mut self, asked: RequestId) -> Problem {
        self.until(|event| match event {
            Event::Failed { request, problem } if *request == asked => Some(problem.clone()),
            Event::File { request, .. } | Event::Done { request } if *request == asked => {
                panic!("it worked")
            }
            _ => None,
        })
    }

    fn upload(&mut self, bytes: &[u8], name: &str) -> File {
        let request = self.client.upload(self.session, bytes, name);
        self.uploaded(request.unwrap())
    }

    fn download_to(&mut self, file: &str, fd: impl Into<OwnedFd>) -> RequestId {
        let request = self.client.download_fd(self.session, file, fd.into());
        request.unwrap()
    }

    /// The next message with files.
    fn with_files(&mut self) -> Message {
        self.until(|event| message(event).filter(|it| !it.files.is_empty()).cloned())
    }

    fn progress(&mut self, asked: RequestId) -> u64 {
        self.until(|event| match event {
            Event::Progress { request, done, .. } if *request == asked => Some(*done),
            Event::Failed { problem, .. } => panic!("{problem:?}"),
            _ => None,
        })
    }
}

fn bytes(length: usize) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| rng.u8(..)).take(length).collect()
}

/// A file with this content.
fn file(content: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file.rewind().unwrap();
    file
}

fn content(mut file: std::fs::File) -> Vec<u8> {
    let mut content = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut content).unwrap();
    content
}

#[test]
fn files_reach_people_and_groups_with_text_and_without() {
    let server = Server::demo();
    let mut alice = User::log_in(&server.url, "alice");
    let (mut bob, mut elsewhere) = (
        User::log_in(&server.url, "bob"),
        User::log_in(&server.url, "bob"),
    );
    let to_bob = alice.friend("Bob");
    let group = alice.create("Pictures", vec![to_bob]).gid;

    let photo = alice.upload(PNG, "beach/\"su\nmmer\".png");
    assert_eq!(photo.name, "_summer_.png");
    assert_eq!(
        (photo.kind, photo.width, photo.height),
        (FileKind::Photo, 3, 2)
    );
    let request = alice.client.send_file(alice.session, to_bob, &photo.id, "");
    let request = request.unwrap();
    alice.until(|event| {
        matches!(event, Event::Sent { request: sent, .. } if *sent == request).then_some(())
    });
    for session in [&mut bob, &mut elsewhere] {
        let got = session.with_files();
        assert_eq!((got.text.as_str(), got.in_group), ("", false));
        let [file] = &got.files[..] else {
            panic!("{got:?}")
        };
        assert_eq!(
            (&file.id, &file.name, file.size),
            (&photo.id, &photo.name, photo.size)
        );
        assert_eq!(
            (file.kind, file.content_type.as_str()),
            (FileKind::Photo, "image/png")
        );
        assert_eq!(file.url, photo.url);
        assert!(file.url.starts_with(&server.url), "{}", file.url);
    }
    let preview = bob.client.download(bob.session, &photo.id, true, 1 << 20);
    let (preview, shown) = bob.file(preview.unwrap());
    assert_eq!(preview.kind, FileKind::Photo);
    assert!(shown.unwrap().starts_with(b"\x89PNG"));

    // From the current position of a file, which does not move, and to one.
    let whole = bytes(3 << 20);
    let mut source = file(&whole);
    source.seek(SeekFrom::Start(1000)).unwrap();
    let request = alice
        .client
        .upload_fd(alice.session, source.try_clone().unwrap().into(), "data");
    let data = alice.uploaded(request.unwrap());
    assert_eq!((data.size, data.kind), ((3 << 20) - 1000, FileKind::Other));
    assert_eq!(source.stream_position().unwrap(), 1000);
    let text = "for <all>";
    alice
        .client
        .send_file(alice.session, group, &data.id, text)
        .unwrap();
    let got = bob.with_files();
    assert_eq!(
        (got.text.as_str(), got.to, got.files[0].name.as_str()),
        (text, group, "data")
    );
    let target = file(b"before ");
    (&target).seek(SeekFrom::End(0)).unwrap();
    let request = bob.download_to(&data.id, target.try_clone().unwrap());
    bob.done(request);
    assert_eq!(content(target), [b"before ", &whole[1000..]].concat());
    let told = |event: &&Event| matches!(event, Event::Progress { done, .. } if *done == data.size);
    assert_eq!(bob.events.iter().filter(told).count(), 1);

    // Through pipes, whose other ends are slow.
    let (mut from_us, to_us) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    let request = alice
        .client
        .upload_fd(alice.session, from_us.0.into(), "piped")
        .unwrap();
    for piece in whole[..1 << 20].chunks(100_000) {
        from_us.1.write_all(piece).unwrap();
        // Everything else continues.
        alice.client.send(alice.session, to_bob, "and?").unwrap();
        bob.until(|event| (message(event)?.text == "and?").then_some(()));
        bob.events.clear();
    }
    drop(from_us.1);
    let piped = alice.uploaded(request);
    let request = bob.download_to(&piped.id, to_us.1);
    assert_eq!(
        bob.failed(request).status,
        Status::Refused,
        "it was not sent to Bob"
    );
    alice
        .client
        .send_file(alice.session, to_bob, &piped.id, "")
        .unwrap();
    bob.with_files();
    let (mut end, to_us) = std::io::pipe().unwrap();
    let request = bob.download_to(&piped.id, to_us);
    let reading = std::thread::spawn(move || {
        let mut read = Vec::new();
        end.read_to_end(&mut read).unwrap();
        read
    });
    bob.done(request);
    assert!(reading.join().unwrap() == whole[..1 << 20]);

    // History has them, too.
    let request = alice.client.history(alice.session, to_bob, 0).unwrap();
    let names = alice.until(|event| match event {
        Event::History {
            request: answered,
            messages,
            ..
        } if *answered == request => {
            let files = messages.iter().flat_map(|message| &message.files);
            Some(files.map(|file| file.name.clone()).collect::<Vec<_>>())
        }
        _ => None,
    });
    assert_eq!(names, ["_summer_.png", "piped"]);
}

fn is_waiting(event: &Event) -> Option<()> {
    matches!(event, Event::Connection(Connection::Waiting { .. })).then_some(())
}

#[test]
fn transfers_go_on_after_the_connection_was_cut() {
    let data = tempfile::tempdir().unwrap();
    accounts(data.path());
    let server = Server::start(
        Server::command(data.path())
            .env("FBCHATD_FILES_PER_DAY_MIB", "21")
            .env("FBCHATD_FILE_LIMIT_MIB", "20"),
    );
    let link = FaultyLink::start(server.address());
    let mut alice = User::log_in_with(&link.url, "ann", "secret");
    let whole = bytes(20 << 20);
    let request = alice
        .client
        .upload_fd(alice.session, file(&whole).into(), "large")
        .unwrap();
    assert!(alice.progress(request) < 20 << 20);
    link.set(Fault::Cut);
    alice.until(is_waiting);
    link.set(Fault::None);
    let large = alice.uploaded(request);
    assert_eq!(large.size, 20 << 20);
    // If it had counted twice, this would be too much for a day.
    alice.upload(&whole[..1 << 20], "small");

    let target = file(b"");
    let request = alice.download_to(&large.id, target.try_clone().unwrap());
    let before = alice.progress(request);
    assert!(before < 20 << 20);
    link.set(Fault::Cut);
    alice.until(is_waiting);
    link.set(Fault::None);
    alice.events.clear();
    alice.done(request);
    assert!(content(target) == whole, "it is the same");
    let back = |event: &Event| matches!(event, Event::Progress { done, .. } if *done < before);
    assert!(
        !alice.events.iter().any(back),
        "only the rest was asked for"
    );

    // What may be uploaded in a day is used up.
    let request = alice
        .client
        .upload(alice.session, &whole[..1 << 20], "more")
        .unwrap();
    let problem = alice.failed(request);
    assert_eq!(problem.status, Status::RateLimited);
    assert!(problem.text.contains("in a day"), "{}", problem.text);
}

#[test]
fn transfers_end_when_they_are_cancelled_too_large_or_at_the_end_of_the_session() {
    let server = Server::demo();
    let mut alice = User::log_in(&server.url, "alice");
    let too_large = alice
        .client
        .upload(alice.session, &bytes((25 << 20) + 1), "x")
        .unwrap_err();
    assert_eq!(too_large.status(), Status::TooLong);
    assert!(too_large.to_string().contains("26214400"), "{too_large}");
    // A file whose size is not known in advance.
    let (from_us, mut to_us) = std::io::pipe().unwrap();
    let request = alice
        .client
        .upload_fd(alice.session, from_us.into(), "endless")
        .unwrap();
    let writing = std::thread::spawn(move || while to_us.write_all(&[7; 65_536]).is_ok() {});
    let problem = alice.failed(request);
    assert!(
        matches!(problem.status, Status::Refused | Status::TooLong),
        "{problem:?}"
    );
    writing.join().unwrap();

    // Cancelled while it waits for the host, and the next one begins.
    let (from_us, to_us) = std::io::pipe().unwrap();
    let stuck = alice
        .client
        .upload_fd(alice.session, from_us.into(), "stuck")
        .unwrap();
    let next = alice.client.upload(alice.session, b"next", "next").unwrap();
    alice.client.cancel(stuck).unwrap();
    assert_eq!(alice.failed(stuck).status, Status::Cancelled);
    let file = alice.uploaded(next);
    drop(to_us);

    let small = alice
        .client
        .download(alice.session, &file.id, false, 3)
        .unwrap();
    assert_eq!(alice.failed(small).status, Status::TooLong);
    let read_only = std::fs::File::open("/dev/null").unwrap();
    let request = alice.download_to(&file.id, read_only);
    assert_eq!(alice.failed(request).status, Status::Descriptor);
    let (gone, broken) = std::io::pipe().unwrap();
    drop(gone);
    let request = alice.download_to(&file.id, broken);
    assert_eq!(alice.failed(request).status, Status::Descriptor);
    let unknown = "0123456789abcdef0123456789abcdef";
    let request = alice
        .client
        .download(alice.session, unknown, false, 1)
        .unwrap();
    assert_eq!(alice.failed(request).status, Status::Refused);
    let request = alice
        .client
        .send_file(alice.session, alice.uid, unknown, "")
        .unwrap();
    assert_eq!(alice.failed(request).status, Status::Refused);
    let request = alice.client.send_file(alice.session, Uid(0), unknown, "");
    assert_eq!(request.unwrap_err().status(), Status::Argument);

    let (from_us, _to_us) = std::io::pipe().unwrap();
    let stuck = alice
        .client
        .upload_fd(alice.session, from_us.into(), "stuck")
        .unwrap();
    alice.client.logout(alice.session).unwrap();
    assert_eq!(alice.failed(stuck).status, Status::Cancelled);
    alice.until(|event| matches!(event, Event::Closed { .. }).then_some(()));
}
