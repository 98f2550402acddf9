//! Messages to groups: to whom they go, in which order, and what is unread.

use super::groups::{change, create, delivered, friends, seen, send, to_group};
use super::*;
use crate::item;
use crate::types::NoticeKind;

pub async fn a_group_message_is_stored_once_and_reaches_all_members_in_one_order(
    place: impl Place,
) {
    let (store, clients) = open(&place);
    let [a, b, c, d] = friends(&store).await;
    let gid = create(&store, &a, &[&b, &c]).await;
    assert!(gid.is_group());
    let mut posts = Vec::new();
    for n in 0..50 {
        for from in [&a, &b, &c, &b] {
            posts.push(store.insert_group_message(to_group(from, gid, n, "x")));
        }
    }
    let mut new = 0;
    for post in posts {
        new += usize::from(post.await.unwrap() == Inserted::New);
    }
    assert_eq!(new, 150);
    let ids = async |user| {
        let delivered = delivered(&store, user).await;
        delivered.iter().map(|one| one.id).collect::<Vec<_>>()
    };
    let expected = ids(&a).await;
    assert_eq!(expected.len(), 151);
    for user in [&b, &c] {
        assert_eq!(ids(user).await, expected);
        // The item is the same from memory and from the store.
        let published = lock(&clients.delivered).clone();
        let published = published.into_iter().filter(|item| item.owner == user.uid);
        let published: Vec<_> = published.map(|item| item.item).collect();
        let stored = delivered(&store, user).await;
        assert_eq!(
            published,
            stored.iter().map(item::message).collect::<Vec<_>>()
        );
    }
    assert_eq!(send(&store, &d, gid, 1, "x").await, Inserted::NotReachable);
    assert!(delivered(&store, &d).await.is_empty());
    let check = store
        .check_message(b.uid, gid, "1", "x", &[])
        .await
        .unwrap();
    assert!(matches!(check, MessageCheck::Duplicate));
    let check = store
        .check_message(b.uid, gid, "1", "y", &[])
        .await
        .unwrap();
    assert!(matches!(check, MessageCheck::Member));
    let check = store
        .check_message(d.uid, gid, "1", "y", &[])
        .await
        .unwrap();
    assert!(matches!(check, MessageCheck::NotReachable));
    // The first that somebody has not sent themselves is where their channel begins.
    let first = store.first_received(a.uid, Seq::FIRST, Seq(i64::MAX));
    assert_eq!(first.await.unwrap(), Some(Seq(3)));
}

pub async fn unread_messages_and_muting_belong_to_one_member(place: impl Place) {
    let (store, clients) = open(&place);
    let [a, b, c, _] = friends(&store).await;
    let gid = create(&store, &a, &[&b, &c]).await;
    send(&store, &a, gid, 1, "1").await;
    send(&store, &b, gid, 2, "2").await;
    let unread = async |user: &User| {
        let groups = store.unread_groups(user.uid).await.unwrap();
        groups.first().map_or(0, |group| group.unread)
    };
    assert_eq!(
        [unread(&a).await, unread(&b).await, unread(&c).await],
        [1, 0, 3]
    );
    assert!(store.unread(c.uid).await.unwrap().is_empty());
    clients.connect(&c);
    for _ in 0..2 {
        store.mark_read(c.uid, gid).await.unwrap();
        change(&store, &c, gid, GroupChange::Mute(true)).await;
    }
    assert_eq!([unread(&a).await, unread(&c).await], [1, 0]);
    // Each is told once, with nothing but what has changed.
    let told = lock(&clients.delivered).clone();
    let told = told.iter().filter(|item| item.owner == c.uid);
    let told: Vec<_> = told
        .filter(|item| item.item.starts_with(r#"{"type":"group","#))
        .collect();
    assert_eq!(told.len(), 2);
    assert!(
        told[0]
            .item
            .ends_with(r#""added":[],"removed":[],"unread":0}"#)
    );
    assert!(
        told[1]
            .item
            .ends_with(r#""added":[],"removed":[],"muted":true}"#)
    );
    let muted = async |user: &User| store.groups(user.uid).await.unwrap()[0].0.muted;
    assert_eq!((muted(&a).await, muted(&c).await), (false, true));
    change(&store, &b, gid, GroupChange::Rename("New".into())).await;
    let (group, _) = store.groups(c.uid).await.unwrap().remove(0);
    assert_eq!((group.name.as_str(), group.unread), ("New", 1));
    let last = delivered(&store, &c).await.pop().unwrap();
    assert_eq!(
        (last.text.as_str(), last.time),
        (r#"B@X named the group "New"."#, group.time)
    );
    assert_eq!(last.notice.unwrap().kind, NoticeKind::Renamed);
}

pub async fn members_who_are_removed_and_messages_have_one_order(place: impl Place) {
    let (store, _) = open(&place);
    let [a, b, _, _] = friends(&store).await;
    let gid = create(&store, &a, &[&b]).await;
    // Everything is called before anything was answered.
    let before = store.insert_group_message(to_group(&b, gid, 1, "before"));
    let removed = store.change_group(a.clone(), gid, GroupChange::Remove(b.uid));
    let after = store.insert_group_message(to_group(&b, gid, 2, "after"));
    let again = store.insert_group_message(to_group(&b, gid, 1, "before"));
    assert_eq!(before.await.unwrap(), Inserted::New);
    assert_eq!(removed.await.unwrap(), GroupChanged::Done(gid));
    assert_eq!(after.await.unwrap(), Inserted::NotReachable);
    assert_eq!(again.await.unwrap(), Inserted::Duplicate);
    assert_eq!(
        seen(&store, &a, gid).await[1..],
        ["before", "A@X removed B@X."]
    );
}
