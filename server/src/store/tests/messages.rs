//! Messages are stored once, and can be read again.

use super::*;
use crate::types::Message;

pub async fn a_repeated_message_is_stored_and_published_once(place: impl Place) {
    let (store, clients) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    for (from, to, text, expected) in [
        (&a, &b, "x", Inserted::New),
        (&a, &b, "x", Inserted::Duplicate),
        (&a, &b, "y", Inserted::New),
        (&b, &a, "x", Inserted::New),
        (&a, &a, "x", Inserted::New),
        (&a, &b, "y", Inserted::Duplicate),
    ] {
        let inserted = store.insert_message(message(from, to, 1, text)).await;
        assert_eq!(inserted.unwrap(), expected, "{text}");
    }
    assert_eq!(clients.seqs(&b), [1, 2, 3]);
    assert_eq!(clients.seqs(&a), [1, 2, 3, 4]);
    assert_eq!(texts(&store, &a, &b).await, ["x", "y", "x"]);
    assert_eq!(texts(&store, &a, &a).await, ["x"]);
}

pub async fn a_message_posted_many_times_at_once_is_stored_once(place: impl Place) {
    let (store, clients) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    let posts: Vec<_> = (0..50)
        .map(|_| store.insert_message(message(&a, &b, 1, "x")))
        .collect();
    let mut new = 0;
    for post in posts {
        new += usize::from(post.await.unwrap() == Inserted::New);
    }
    assert_eq!((new, clients.seqs(&b)), (1, vec![1]));
    assert_eq!(texts(&store, &a, &b).await, ["x"]);
}

pub async fn messages_that_wait_together_are_stored_one_after_the_other(place: impl Place) {
    let (store, clients) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    let c = add(&store, "c@x").await;
    let nobody = User {
        uid: Uid(9),
        ..c.clone()
    };
    let posts = [
        (&a, &b, 1, Inserted::New),
        (&a, &b, 2, Inserted::New),
        (&b, &a, 3, Inserted::New),
        (&c, &b, 4, Inserted::New),
        (&a, &b, 1, Inserted::Duplicate),
        (&a, &nobody, 5, Inserted::NotReachable),
        (&b, &c, 6, Inserted::New),
        (&a, &b, 7, Inserted::QuotaUsedUp),
        (&a, &a, 8, Inserted::New),
    ];
    // While this is written, the others gather.
    let first = store.insert_message(message(&a, &c, 0, "x"));
    let replies: Vec<_> = posts
        .iter()
        .map(|(from, to, id, expected)| {
            let mut new = message(from, to, id, &id.to_string());
            if *expected == Inserted::QuotaUsedUp {
                // Only because of what was stored just before.
                new.draft.quota = 2 * 257 + 1;
            }
            store.insert_message(new)
        })
        .collect();
    assert_eq!(first.await.unwrap(), Inserted::New);
    for ((.., id, expected), reply) in posts.iter().zip(replies) {
        assert_eq!(reply.await.unwrap(), *expected, "{id}");
    }
    assert_eq!(texts(&store, &a, &b).await, ["1", "2", "3"]);
    for (user, seqs) in [(&a, 5), (&b, 5), (&c, 3)] {
        assert_eq!(clients.seqs(user), (1..=seqs).collect::<Vec<_>>());
    }
    // Who has answered has read what was there.
    for (user, unread) in [
        (&a, vec![(b.uid, 1)]),
        (&b, vec![]),
        (&c, vec![(b.uid, 1), (a.uid, 1)]),
    ] {
        let found = store.unread(user.uid).await.unwrap();
        let found = found.iter().map(|one| (one.peer.uid, one.messages));
        assert_eq!(found.collect::<Vec<_>>(), unread);
    }
}

pub async fn a_message_is_checked_before_it_is_inserted(place: impl Place) {
    let (store, _) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    let check = async |to: Uid, text| {
        store
            .check_message(a.uid, to, "1", text, &[])
            .await
            .unwrap()
    };
    assert!(matches!(
        check(b.uid, "x").await,
        MessageCheck::NotReachable
    ));
    assert!(matches!(
        check(Uid(1), "x").await,
        MessageCheck::NotReachable
    ));
    assert!(matches!(check(a.uid, "x").await, MessageCheck::Recipient(user) if user.uid == a.uid));
    store.befriend(a.uid, b.uid).await.unwrap();
    assert!(matches!(check(b.uid, "x").await, MessageCheck::Recipient(user) if user.uid == b.uid));
    store.insert_message(message(&a, &b, 1, "x")).await.unwrap();
    // It stays a duplicate when the friendship has ended.
    store.unfriend(a.uid, b.uid).await.unwrap();
    assert!(matches!(check(b.uid, "x").await, MessageCheck::Duplicate));
    assert!(matches!(
        check(b.uid, "y").await,
        MessageCheck::NotReachable
    ));
    assert!(matches!(
        check(a.uid, "x").await,
        MessageCheck::Recipient(_)
    ));
}

pub async fn a_message_is_checked_and_stored_in_one_step(place: impl Place) {
    let (store, clients) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    let send = async |to: Uid, text: &str, quota| {
        let draft = MessageDraft {
            from: a.clone(),
            to,
            text: text.into(),
            files: Vec::new(),
            msg_id: "1".into(),
            client_time: 0,
            quota,
        };
        store.send_message(draft).await.unwrap().await.unwrap()
    };
    assert_eq!(send(b.uid, "x", i64::MAX).await, Inserted::NotReachable);
    assert_eq!(send(Uid(1), "x", i64::MAX).await, Inserted::NotReachable);
    assert_eq!(
        send(Uid::FIRST_GROUP, "x", i64::MAX).await,
        Inserted::NotReachable
    );
    assert!(clients.seqs(&a).is_empty() && clients.seqs(&b).is_empty());
    assert_eq!(send(a.uid, "x", i64::MAX).await, Inserted::New);
    store.befriend(a.uid, b.uid).await.unwrap();
    assert_eq!(send(b.uid, "x", i64::MAX).await, Inserted::New);
    assert_eq!(send(b.uid, "x", i64::MAX).await, Inserted::Duplicate);
    assert_eq!(send(b.uid, "y", 1).await, Inserted::QuotaUsedUp);
    assert_eq!(send(b.uid, "x", 1).await, Inserted::Duplicate);
    let block = async |own: &User, other: &User, blocked| {
        let changed = store.set_blocked(own.uid, other.uid, blocked, "{}".into());
        changed.await.unwrap();
    };
    block(&a, &b, true).await;
    assert_eq!(send(b.uid, "y", i64::MAX).await, Inserted::Blocked);
    assert_eq!(send(b.uid, "x", i64::MAX).await, Inserted::Duplicate);
    block(&a, &b, false).await;
    block(&b, &a, true).await;
    assert_eq!(send(b.uid, "y", i64::MAX).await, Inserted::NotReachable);
    block(&b, &a, false).await;
    // It stays a duplicate when the friendship has ended.
    store.unfriend(a.uid, b.uid).await.unwrap();
    assert_eq!(send(b.uid, "x", i64::MAX).await, Inserted::Duplicate);
    assert_eq!(send(b.uid, "y", i64::MAX).await, Inserted::NotReachable);
    assert_eq!(texts(&store, &a, &b).await, ["x"]);
    let messages = clients
        .items(&b)
        .into_iter()
        .filter(|(_, kind)| kind == "msg");
    assert_eq!(messages.count(), 1);
}

pub async fn a_message_to_a_deleted_account_is_not_stored(place: impl Place) {
    let (store, clients) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    store.insert_message(message(&a, &b, 1, "x")).await.unwrap();
    store.delete_user(b.uid).await.unwrap();
    assert!(texts(&store, &a, &b).await.is_empty());
    for (from, to) in [(&a, &b), (&b, &a), (&b, &b)] {
        let inserted = store.insert_message(message(from, to, 1, "x")).await;
        assert_eq!(inserted.unwrap(), Inserted::NotReachable);
    }
    assert_eq!(clients.seqs(&a), [1]);
    assert_eq!(store.stats().await.unwrap().messages, 0);
    assert!(add(&store, "b@x").await.uid > b.uid);
}

async fn conversation(store: &Store) -> (User, User, Vec<Message>) {
    let (a, b) = (add(store, "a@x").await, add(store, "b@x").await);
    for n in 0..10 {
        let (from, to) = if n % 3 == 0 { (&a, &b) } else { (&b, &a) };
        let new = message(from, to, n, &n.to_string());
        store.insert_message(new).await.unwrap();
    }
    let all = store.messages_of(a.uid, i64::MIN, 100).await.unwrap();
    assert!(all.is_sorted_by(|x, y| x.time < y.time && x.id < y.id));
    (a, b, all)
}

pub async fn history_is_read_in_parts_from_either_end(place: impl Place) {
    let (store, _) = open(&place);
    let (a, b, all) = conversation(&store).await;
    let part = async |since, before, limit| {
        let range = HistoryRange {
            since,
            before,
            limit,
        };
        let part = store.history(b.uid, a.uid, range).await.unwrap();
        let texts = part.iter().map(|message| message.text.clone());
        texts.collect::<String>()
    };
    let time = |n: usize| Some(all[n].time);
    assert_eq!(part(None, None, 3).await, "789");
    assert_eq!(part(None, time(7), 3).await, "456");
    assert_eq!(part(time(1), None, 3).await, "234");
    assert_eq!(part(time(1), time(4), 9).await, "23");
    assert_eq!(
        part(Some(i64::MIN), Some(i64::MAX), 100).await,
        "0123456789"
    );
}

pub async fn all_messages_of_a_user_are_read_in_parts(place: impl Place) {
    let (store, _) = open(&place);
    let (a, _, all) = conversation(&store).await;
    let c = add(&store, "c@x").await;
    assert!(store.messages_of(c.uid, 0, 9).await.unwrap().is_empty());
    let (mut since, mut texts) = (0, String::new());
    loop {
        let part = store.messages_of(a.uid, since, 4).await.unwrap();
        let Some(last) = part.last() else { break };
        since = last.id;
        texts.extend(part.iter().map(|message| message.text.as_str()));
    }
    assert_eq!(texts, "0123456789");
    assert_eq!(since, all[9].id);
}

pub async fn message_times_increase_even_after_the_store_was_opened_again(place: impl Place) {
    let (store, _) = open(&place);
    let (a, _, all) = conversation(&store).await;
    store.close().await.unwrap();
    let (store, _) = open(&place);
    store.insert_message(message(&a, &a, 1, "x")).await.unwrap();
    let later = store.messages_of(a.uid, all[9].id, 9).await.unwrap();
    assert!(later.len() == 1 && later[0].time > all[9].time);
}

pub async fn an_item_is_the_same_from_memory_and_from_the_store_after_a_change_of_name(
    place: impl Place,
) {
    let (store, clients) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    store.insert_message(message(&a, &b, 1, "x")).await.unwrap();
    for user in [&a, &b] {
        store.set_name(user.uid, "New Name".into()).await.unwrap();
    }
    for user in [&a, &b] {
        let read = store.deliveries(user.uid, Seq(1), Seq(2), 9).await.unwrap();
        let published = lock(&clients.delivered);
        let published = published.iter().find(|item| item.owner == user.uid);
        assert_eq!(crate::item::message(&read[0].1), published.unwrap().item);
    }
}

pub async fn messages_count_for_their_sender_until_they_are_deleted(place: impl Place) {
    let (store, _) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    let bytes = async |email: &str| {
        let largest = store.stats().await.unwrap().largest;
        let found = largest.into_iter().find(|(found, _)| found == email);
        found.map_or(0, |(_, bytes)| bytes)
    };
    let insert = async |from: &User, to: &User, id, text: &str, quota| {
        let mut new = message(from, to, id, text);
        new.draft.quota = quota;
        store.insert_message(new).await.unwrap()
    };
    assert_eq!(insert(&a, &b, 1, "x", 1).await, Inserted::New);
    let short = bytes("a@x").await;
    assert!(short > 1);
    // The one that reaches the quota is stored, the next is not, and a repeated one still was.
    assert_eq!(insert(&a, &b, 2, "x", short).await, Inserted::QuotaUsedUp);
    assert_eq!(insert(&a, &b, 1, "x", short).await, Inserted::Duplicate);
    assert_eq!(insert(&a, &b, 1, "x", i64::MAX).await, Inserted::Duplicate);
    assert_eq!((bytes("a@x").await, bytes("b@x").await), (short, 0));
    assert_eq!(texts(&store, &a, &b).await, ["x"]);
    let long = "\u{e4}".repeat(1000);
    assert_eq!(insert(&a, &b, 2, &long, short + 1).await, Inserted::New);
    assert_eq!(bytes("a@x").await, 2 * short + 1999);
    // To oneself, and from the other side.
    assert_eq!(insert(&a, &a, 3, "x", i64::MAX).await, Inserted::New);
    assert_eq!(insert(&b, &a, 1, "x", 1).await, Inserted::New);
    assert_eq!(
        (bytes("a@x").await, bytes("b@x").await),
        (3 * short + 1999, short)
    );
    // A conversation goes with either account.
    store.delete_user(b.uid).await.unwrap();
    assert_eq!(bytes("a@x").await, short);
    assert_eq!(insert(&a, &a, 4, "x", short + 1).await, Inserted::New);
}

pub async fn a_quota_holds_after_the_store_was_opened_again(place: impl Place) {
    let (store, _) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    store.insert_message(message(&a, &b, 1, "x")).await.unwrap();
    store.close().await.unwrap();
    let (store, _) = open(&place);
    let mut new = message(&a, &b, 2, "x");
    new.draft.quota = 10;
    let inserted = store.insert_message(new).await.unwrap();
    assert_eq!(inserted, Inserted::QuotaUsedUp);
}
