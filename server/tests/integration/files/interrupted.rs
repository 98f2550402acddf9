//! Files that are cut off on their way: the server is killed, or the sender is removed from the group.

use std::time::Duration;

use testkit::until;

use super::failures::begin;
use super::*;

/// How often the server is killed in the middle of an upload, and the size of each file: together what may be uploaded in a day.
const KILLS: usize = 8;
const SIZE: usize = (2 << 20) / KILLS;

/// The files of the messages that somebody has from somebody else, in order.
fn received(reader: &Client, from: i64) -> Vec<String> {
    let path = format!("/ajax/chat/history.php?id={from}&files=1");
    let history = reader.read(&path)["history"].clone();
    let items = history.as_array().unwrap().iter();
    let files = items.flat_map(|item| item["attachments"].as_array().cloned().unwrap_or_default());
    files
        .map(|file| file["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_upload_repeated_after_kill_9_is_one_file_and_one_message() {
    let dir = tempfile::tempdir().unwrap();
    let limits = [
        ("FBCHATD_FILES_PER_DAY_MIB", "2"),
        ("FBCHATD_FILE_LIMIT_MIB", "1"),
    ];
    let (mut server, mut ann, mut ben) = served(dir.path(), &limits);
    let mut sent = Vec::new();
    for round in 0..KILLS {
        let number = round.to_string();
        let content = vec![u8::try_from(round).unwrap(); SIZE];
        let (body, _) = form(&ann, &number, "x", &content);
        // The last byte now and then: then it is killed while it stores the file, or afterwards.
        let part = match fastrand::usize(..4) {
            0 => body.len(),
            _ => fastrand::usize(..body.len()),
        };
        let cut = begin(&server, &ann, body.len(), &body[..part]);
        // Any part of it may have been read.
        std::thread::sleep(Duration::from_micros(fastrand::u64(..5_000)));
        server.kill();
        drop(cut);
        server = Server::start(Server::command(dir.path()).envs(limits));
        (ann, ben) = (ann.moved(&server), ben.moved(&server));
        // Nothing that is not complete, whatever was written of it.
        let left = stored(dir.path());
        let known = left.len() - round;
        assert!(known == 0 || known == 1 && part == body.len(), "{left:?}");
        let sizes = left.iter().map(|file| file.metadata().unwrap().len());
        assert!(
            sizes.into_iter().all(|size| size == SIZE as u64),
            "{left:?}"
        );
        let file = uploaded(&ann, &number, "x", &content);
        assert_eq!(uploaded(&ann, &number, "x", &content), file);
        for _ in 0..2 {
            assert_eq!(send(&ann, &number, ben.uid, "", &[id(&file)])["error"], 0);
        }
        sent.push(id(&file).to_owned());
        assert_eq!(stored(dir.path()).len(), round + 1);
    }
    assert_eq!(received(&ben, ann.uid), sent);
    // Each has been counted once.
    assert!(refused(&ann, "99", b"x").contains("in a day"));
}

/// Every message is accepted and has its place before the removal, or is refused.
#[test]
fn what_a_member_sends_while_they_are_removed_arrives_or_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, ann, ben) = served(dir.path(), &[]);
    let (groups, ids) = ("/ajax/fbchat/groups.php", ben.uid.to_string());
    let fields = [("create", "G"), ("ids[0]", &*ids), ("create_id", "1")];
    let gid = ann.write(groups, &fields)["payload"]["gid"]
        .as_i64()
        .unwrap();
    let accepted = std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let mut accepted = Vec::new();
            for n in 1.. {
                let number = n.to_string();
                let file = uploaded(&ben, &number, "x", number.as_bytes());
                let answer = send(&ben, &number, gid, "", &[id(&file)]);
                if answer["error"] != 0 {
                    assert_eq!(answer["error"], 1_356_003);
                    assert_eq!(
                        get(&ann, &format!("/files/{}/x", id(&file)), &[]).status(),
                        404
                    );
                    return accepted;
                }
                accepted.push(id(&file).to_owned());
            }
            unreachable!()
        });
        until("some messages", || {
            (received(&ann, gid).len() > 3).then_some(())
        });
        let fields = [("gid", &*gid.to_string()), ("remove", &ids)];
        assert_eq!(ann.write(groups, &fields)["error"], 0);
        sender.join().unwrap()
    });
    assert_eq!(received(&ann, gid), accepted);
    assert_eq!(received(&ben, gid), accepted);
    let history = ann.read(&format!("/ajax/chat/history.php?id={gid}"))["history"].clone();
    let last = history.as_array().unwrap().last().unwrap();
    assert_eq!(last["notice"], "removed");
}
