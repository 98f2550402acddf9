//! A group of two real clients at the real server: on a link that fails, after an absence, and when one of them is removed while
//! they write.

use crate::user::{User, message};
use fbchat::status::Status;
use fbchat::types::{Event, GroupChange, Message, NoticeKind, Origin, RequestId, Uid};
use testkit::Server;
use testkit::faulty_link::{FAULTS, Fault, FaultyLink};

fn says(text: &str) -> impl Fn(&Event) -> Option<()> {
    move |event| (message(event)?.text == text).then_some(())
}

fn notice(kind: NoticeKind) -> impl Fn(&Event) -> Option<Message> {
    move |event| {
        let message = message(event)?;
        let is_it = message.notice.as_ref()?.kind == kind;
        is_it.then(|| message.clone())
    }
}

#[test]
fn a_group_lives_through_faults_and_absence() {
    let server = Server::demo();
    let link = FaultyLink::start(server.address());
    let mut alice = User::log_in(&link.url, "alice");
    let mut bob = User::log_in(&link.url, "bob");
    let gid = alice.create("Our <group>", vec![alice.friend("Bob")]).gid;
    // A new member knows the group before its first message, which tells how it began.
    let created = bob.until(notice(NoticeKind::Created));
    assert_eq!(
        (created.to, created.peer(), created.in_group),
        (gid, gid, true)
    );
    assert_eq!(created.to_name, "Our <group>");
    let group = bob.client.group(bob.session, gid).unwrap();
    let members: Vec<Uid> = group.members.iter().map(|member| member.uid).collect();
    assert_eq!(
        (group.owner, members),
        (alice.uid, vec![alice.uid, bob.uid])
    );
    let mut sent = [Vec::new(), Vec::new()];
    for (round, fault) in FAULTS.into_iter().enumerate() {
        link.set(fault);
        for number in 0..3 {
            for (user, sent) in [&alice, &bob].into_iter().zip(&mut sent) {
                let text = format!("{round} {number} {}", user.uid);
                user.send(gid, &text);
                sent.push(text);
            }
        }
        link.set(Fault::None);
        alice.until(says(sent[1].last().unwrap()));
        bob.until(says(sent[0].last().unwrap()));
    }
    assert_eq!(alice.received(gid), sent[1]);
    assert_eq!(bob.received(gid), sent[0]);
    // Bob is away while things happen, and goes on where he was.
    let saved = bob.client.saved(bob.session).unwrap().text;
    bob.client.close(bob.session).unwrap();
    alice.change(gid, GroupChange::Rename("Lunch".to_owned()));
    alice.send(gid, "while you were away");
    alice.until(|event| matches!(event, Event::Sent { .. }).then_some(()));
    let mut bob = User::open(&link.url);
    bob.client.resume(bob.session, saved).unwrap();
    bob.connect();
    bob.until(says("while you were away"));
    let groups = bob
        .events
        .iter()
        .position(|event| matches!(event, Event::GroupList { .. }));
    let first = bob.events.iter().position(|event| message(event).is_some());
    assert!(groups.unwrap() < first.unwrap(), "{:?}", bob.events);
    assert_eq!(bob.client.group(bob.session, gid).unwrap().name, "Lunch");
    // The last of what he had may come again, since he left without a word.
    sent[0].push("while you were away".to_owned());
    assert!(sent[0].ends_with(&bob.received(gid)), "{:?}", bob.events);
    let past = bob.client.history(bob.session, gid, 1).unwrap();
    let past = bob.until(|event| match event {
        Event::History {
            request, messages, ..
        } if *request == past => Some(messages.clone()),
        _ => None,
    });
    assert!(
        past.iter()
            .all(|message| message.in_group && message.peer() == gid)
    );
    let kinds = past
        .iter()
        .filter_map(|message| Some(message.notice.as_ref()?.kind));
    let kinds: Vec<NoticeKind> = kinds.collect();
    assert_eq!(kinds, [NoticeKind::Created, NoticeKind::Renamed]);
    assert_eq!(past.len(), sent[0].len() + sent[1].len() + 2);
}

#[test]
fn who_is_removed_while_they_write_learns_what_became_of_each_message() {
    let server = Server::demo();
    let mut alice = User::log_in(&server.url, "alice");
    let mut bob = User::log_in(&server.url, "bob");
    let mut elsewhere = User::log_in(&server.url, "bob");
    let gid = alice.create("Lunch", vec![alice.friend("Bob")]).gid;
    for user in [&mut bob, &mut elsewhere] {
        user.until(notice(NoticeKind::Created));
    }
    let texts: Vec<String> = (0..60).map(|number| number.to_string()).collect();
    let requests: Vec<RequestId> = texts.iter().map(|text| bob.send(gid, text)).collect();
    alice.until(says("3"));
    alice.change(gid, GroupChange::Remove(bob.uid));
    let removed = bob.until(notice(NoticeKind::Removed));
    assert_eq!(removed.notice.unwrap().uids, [bob.uid]);
    let mut accepted = Vec::new();
    for (request, text) in requests.into_iter().zip(&texts) {
        let answer = |event: &Event| match event {
            Event::Sent { request: sent, .. } if *sent == request => Some(true),
            Event::Failed {
                request: failed,
                problem,
            } if *failed == request => {
                assert_eq!(problem.status, Status::RecipientOffline, "{problem:?}");
                Some(false)
            }
            _ => None,
        };
        let known = bob.events.iter().find_map(answer);
        if known.unwrap_or_else(|| bob.until(answer)) {
            accepted.push(text.clone());
        }
    }
    // Those who stay have what was accepted, in order; the other session of the one who was removed has it as well.
    alice.send(gid, "alone");
    elsewhere.until(|event| matches!(event, Event::Group { gone: true, .. }).then_some(()));
    while alice.received(gid).len() < accepted.len() {
        alice.until(|event| message(event).map(|_| ()));
    }
    assert_eq!(alice.received(gid), accepted);
    let own = elsewhere.events.iter().filter_map(message);
    let own = own.filter(|message| message.origin == Origin::OwnElsewhere);
    let own: Vec<String> = own.map(|message| message.text.clone()).collect();
    assert_eq!(own, accepted);
    assert!(bob.client.group(bob.session, gid).is_err());
    // Alice can leave, and is in no group then.
    alice.change(gid, GroupChange::Leave);
    let request = alice.client.groups(alice.session).unwrap();
    let groups = alice.until(|event| match event {
        Event::GroupList {
            request: Some(answered),
            groups,
        } if *answered == request => Some(groups.len()),
        _ => None,
    });
    assert_eq!(groups, 0);
}
