//! Numbering, visibility and volatile items.

use super::*;

pub async fn numbers_continue_after_a_clean_stop_and_skip_some_after_a_crash(place: impl Place) {
    let (store, clients) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    clients.connect(&b);
    store.push(Audience::Users(vec![b.uid]), "{}".into());
    store.mark_read(a.uid, b.uid).await.unwrap();
    lock(&clients.connected).clear();
    store.insert_message(message(&a, &b, 1, "x")).await.unwrap();
    assert_eq!(clients.seqs(&b), [1, 2]);
    store.close().await.unwrap();

    let next = async |store: &Store| store.channel_states().await.unwrap()[1].next;
    let (store, clients) = open(&place);
    assert_eq!(next(&store).await, Seq(3));
    store.insert_message(message(&a, &b, 2, "x")).await.unwrap();
    assert_eq!(clients.seqs(&b), [3]);
    // It is not closed, as if the process had been killed.
    let (again, clients) = open(&place);
    let mark = next(&again).await;
    assert!(mark > Seq(3));
    again.insert_message(message(&a, &b, 3, "x")).await.unwrap();
    assert_eq!(clients.seqs(&b), [mark.0]);
}

pub async fn numbers_continue_before_a_reserved_block_runs_out(place: impl Place) {
    let (store, clients) = open(&place);
    let a = add(&store, "a@x").await;
    clients.connect(&a);
    for _ in 0..2500 {
        store.push(Audience::Users(vec![a.uid]), "{}".into());
    }
    store.acknowledge(Vec::new()).await.unwrap();
    assert_eq!(clients.seqs(&a), (1..=2500).collect::<Vec<_>>());
    assert!(store.channel_states().await.unwrap()[0].next > Seq(2500));
}

pub async fn pushed_items_reach_only_those_of_the_audience_who_are_connected(place: impl Place) {
    let (store, clients) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    let (c, d) = (add(&store, "c@x").await, add(&store, "d@x").await);
    for friend in [&b, &c] {
        store.befriend(a.uid, friend.uid).await.unwrap();
    }
    for user in [&a, &b, &d] {
        clients.connect(user);
    }
    let everybody = vec![d.uid, c.uid, b.uid, a.uid, Uid(1)];
    store.push(Audience::Users(everybody), "{}".into());
    store.push(Audience::Watching(a.uid), "{}".into());
    store.push(Audience::UserAndFriends(a.uid), "{}".into());
    store.acknowledge(Vec::new()).await.unwrap();
    let numbers = [&a, &b, &c, &d].map(|user| clients.seqs(user).len());
    assert_eq!(numbers, [2, 3, 0, 1]);
    // Who was not connected has not missed a number either.
    clients.connect(&c);
    store.push(Audience::Watching(a.uid), "{}".into());
    store.acknowledge(Vec::new()).await.unwrap();
    assert_eq!(clients.seqs(&c), [1]);
}

pub async fn unread_counts_follow_the_message_and_only_for_connected_users(place: impl Place) {
    let (store, clients) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    store.insert_message(message(&a, &b, 1, "x")).await.unwrap();
    let items = |expected: &[&str]| {
        let numbered = expected.iter().zip(1..);
        numbered
            .map(|(kind, seq)| (seq, kind.to_string()))
            .collect::<Vec<_>>()
    };
    assert_eq!(clients.items(&b), items(&["msg"]));
    clients.connect(&a);
    clients.connect(&b);
    // It is the first unread one that changes the count; an answer reads all, and the answer is unread.
    store.insert_message(message(&a, &b, 2, "x")).await.unwrap();
    store.insert_message(message(&b, &a, 1, "x")).await.unwrap();
    assert_eq!(clients.items(&b), items(&["msg", "msg", "msg", "inbox"]));
    assert_eq!(clients.items(&a), items(&["msg", "msg", "msg", "inbox"]));
    store.mark_read(a.uid, b.uid).await.unwrap();
    store.mark_read(a.uid, b.uid).await.unwrap();
    assert_eq!(clients.seqs(&a), [1, 2, 3, 4, 5]);
    assert!(store.unread(a.uid).await.unwrap().is_empty());
}

pub async fn numbers_have_no_gaps_and_what_was_delivered_can_be_read(place: impl Place) {
    const MESSAGES: u32 = 300;
    let (store, clients) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    clients.connect(&b);
    let mut replies = Vec::new();
    for n in 0..MESSAGES {
        replies.push(store.insert_message(message(&a, &b, n, "x")));
        store.push(Audience::Users(vec![b.uid]), "{}".into());
    }
    for (n, reply) in replies.into_iter().enumerate() {
        reply.await.unwrap();
        // What has been answered is delivered, and what is delivered can be read.
        let items = clients.items(&b);
        let messages = items.iter().filter(|(_, kind)| kind == "msg").count();
        assert!(messages > n);
        let end = Seq(items.last().unwrap().0 + 1);
        let stored = store.deliveries(b.uid, Seq::FIRST, end, usize::MAX / 2);
        assert!(stored.await.unwrap().len() >= messages);
    }
    store.acknowledge(Vec::new()).await.unwrap();
    let seqs = clients.seqs(&b);
    assert_eq!(seqs, (1..=seqs.len() as i64).collect::<Vec<_>>());
    let (from, below) = (Seq(2), Seq(i64::MAX));
    let first = store.first_received(b.uid, from, below).await.unwrap();
    let stored = store.deliveries(b.uid, from, below, 1).await.unwrap();
    assert_eq!(first, Some(stored[0].0));
    let sent = store.first_received(a.uid, Seq::FIRST, below);
    assert_eq!(sent.await.unwrap(), None);
}

pub async fn acknowledged_numbers_only_rise(place: impl Place) {
    let (store, _) = open(&place);
    let a = add(&store, "a@x").await;
    let acked = async || store.channel_states().await.unwrap()[0].acked;
    assert_eq!(acked().await, Seq::FIRST);
    for (seq, expected) in [(5, 5), (3, 5), (7, 7)] {
        store.acknowledge(vec![(a.uid, Seq(seq))]).await.unwrap();
        assert_eq!(acked().await, Seq(expected));
    }
}
