//! The messages of one user with everybody are read in parts, from either end.

use super::*;

pub async fn an_archive_is_read_in_parts_from_either_end(place: impl Place) {
    let (store, _) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    let c = add(&store, "c@x").await;
    store.befriend(a.uid, b.uid).await.unwrap();
    let group = store.create_group(a.clone(), "G".into(), vec![b.uid], "1".into());
    let GroupChanged::Done(gid) = group.await.unwrap() else {
        panic!("no group");
    };
    // To a group, whose messages are not in it, after each.
    let pairs = [(&a, &b), (&c, &a), (&b, &a), (&a, &a), (&b, &c), (&a, &c)];
    for (n, (from, to)) in (0..).zip(pairs) {
        let new = message(from, to, n, &n.to_string());
        assert_eq!(store.insert_message(new).await.unwrap(), Inserted::New);
        let new = MessageDraft {
            from: a.clone(),
            to: gid,
            text: "group".into(),
            files: Vec::new(),
            msg_id: n.to_string(),
            client_time: 0,
            quota: i64::MAX,
        };
        assert_eq!(
            store.insert_group_message(new).await.unwrap(),
            Inserted::New
        );
    }
    let read = async |range: ArchiveRange| {
        let limit = if range.limit == 0 { 9 } else { range.limit };
        let part = store.archive(a.uid, ArchiveRange { limit, ..range });
        let part = part.await.unwrap()?;
        Some(
            part.into_iter()
                .map(|message| message.text)
                .collect::<String>(),
        )
    };
    let all = ArchiveRange::default();
    assert_eq!(read(all).await.unwrap(), "01235");
    assert_eq!(read(ArchiveRange { limit: 2, ..all }).await.unwrap(), "01");
    let last = ArchiveRange {
        limit: 2,
        from_end: true,
        ..all
    };
    assert_eq!(read(last).await.unwrap(), "35");
    let with_b = ArchiveRange {
        with: Some(b.uid),
        ..all
    };
    assert_eq!(read(with_b).await.unwrap(), "02");
    let everything = store.archive(a.uid, ArchiveRange { limit: 9, ..all });
    let everything = everything.await.unwrap().unwrap();
    let time = |n: usize| Some(everything[n].time);
    let between = ArchiveRange {
        after: time(0),
        before: time(3),
        ..all
    };
    assert_eq!(read(between).await.unwrap(), "12");
    let from_to = ArchiveRange {
        start: time(1),
        end: time(3),
        ..all
    };
    assert_eq!(read(from_to).await.unwrap(), "123");
    // A message that they do not have.
    let others = store.messages_of(b.uid, 0, 99).await.unwrap();
    let foreign = others.iter().find(|message| message.text == "4").unwrap();
    let unknown = ArchiveRange {
        after: Some(foreign.time),
        ..all
    };
    assert_eq!(read(unknown).await, None);
    // A group, which has a notice first.
    let in_group = ArchiveRange {
        with: Some(gid),
        ..all
    };
    let text = read(in_group).await.unwrap();
    assert_eq!(text.matches("group").count(), 7, "{text}");
    let everything = store.archive(
        a.uid,
        ArchiveRange {
            limit: 9,
            ..in_group
        },
    );
    let everything = everything.await.unwrap().unwrap();
    let between = ArchiveRange {
        after: Some(everything[1].time),
        before: Some(everything[4].time),
        limit: 1,
        from_end: true,
        ..in_group
    };
    let between = store.archive(b.uid, between).await.unwrap().unwrap();
    assert_eq!(between[0].id, everything[3].id);
    let foreign = ArchiveRange {
        after: Some(foreign.time),
        ..in_group
    };
    assert_eq!(read(foreign).await, None);
    let names = store.group_names(b.uid).await.unwrap();
    assert_eq!(
        (names[0].gid, &*names[0].name, &*names[0].create_id),
        (gid, "G", "1")
    );
    assert!(store.group_names(c.uid).await.unwrap().is_empty());
    let key = store.archive_key().await.unwrap();
    assert_eq!(key, store.archive_key().await.unwrap());
    assert_ne!(key, [0; 32]);
}
