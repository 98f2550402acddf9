//! Blocking: what is stored, and what is checked together with a write.

use super::*;

async fn pair(store: &Store, clients: &Clients) -> (User, User) {
    let (a, b) = (add(store, "a@x").await, add(store, "b@x").await);
    store.befriend(a.uid, b.uid).await.unwrap();
    clients.connect(&a);
    clients.connect(&b);
    (a, b)
}

/// Blocks or unblocks; the item with the presence is a fixed one.
async fn set(store: &Store, own: &User, other: Uid, blocked: bool) -> BlockChanged {
    let presence = r#"{"type":"presence"}"#.into();
    let set = store.set_blocked(own.uid, other, blocked, presence);
    set.await.unwrap()
}

async fn blocked(store: &Store, own: &User) -> Vec<Uid> {
    let blocked = store.blocked(own.uid).await.unwrap();
    blocked.into_iter().map(|user| user.uid).collect()
}

pub async fn a_message_is_stored_before_a_block_or_not_at_all(place: impl Place) {
    let (store, clients) = open(&place);
    let (a, b) = pair(&store, &clients).await;
    let check = async || {
        store
            .check_message(a.uid, b.uid, "2", "x", &[])
            .await
            .unwrap()
    };
    let before = store.insert_message(message(&a, &b, 1, "x"));
    let block = store.set_blocked(b.uid, a.uid, true, "{}".into());
    let after = store.insert_message(message(&a, &b, 2, "x"));
    let again = store.insert_message(message(&a, &b, 1, "x"));
    assert_eq!(before.await.unwrap(), Inserted::New);
    assert_eq!(block.await.unwrap(), BlockChanged::Done);
    assert_eq!(after.await.unwrap(), Inserted::NotReachable);
    assert_eq!(again.await.unwrap(), Inserted::Duplicate);
    assert_eq!(texts(&store, &a, &b).await, ["x"]);
    assert!(matches!(check().await, MessageCheck::NotReachable));
    let back = store
        .check_message(b.uid, a.uid, "2", "x", &[])
        .await
        .unwrap();
    assert!(matches!(back, MessageCheck::Blocked));
    for (from, to) in [(&a, &b), (&b, &a)] {
        let found = store.reachable(from.uid, to.uid).await.unwrap();
        assert!(found.is_none());
    }
    set(&store, &b, a.uid, false).await;
    assert!(matches!(check().await, MessageCheck::Recipient(_)));
    assert!(store.reachable(a.uid, b.uid).await.unwrap().is_some());
}

pub async fn a_block_is_told_once_and_presence_only_to_friends(place: impl Place) {
    let (store, clients) = open(&place);
    let (a, b) = pair(&store, &clients).await;
    let c = add(&store, "c@x").await;
    clients.connect(&c);
    for other in [a.uid, a.uid, c.uid] {
        assert_eq!(set(&store, &b, other, true).await, BlockChanged::Done);
    }
    assert_eq!(blocked(&store, &b).await, [c.uid, a.uid]);
    assert_eq!(store.blocked_by(a.uid).await.unwrap(), [b.uid]);
    let kinds = |user: &User| {
        let items = clients.items(user).into_iter();
        items.map(|(_, kind)| kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&b), ["block", "block"]);
    assert_eq!(kinds(&a), ["presence"]);
    assert!(kinds(&c).is_empty());
    // Neither presence nor what comes from the one who is blocked is delivered now.
    let typing = || Audience::From {
        from: a.uid,
        to: b.uid,
    };
    store.push(Audience::Watching(b.uid), "{}".into());
    store.push(typing(), "{}".into());
    store.acknowledge(Vec::new()).await.unwrap();
    assert_eq!((kinds(&a).len(), kinds(&b).len()), (1, 2));
    set(&store, &b, a.uid, false).await;
    store.push(Audience::Watching(b.uid), "{}".into());
    store.push(typing(), "{}".into());
    store.acknowledge(Vec::new()).await.unwrap();
    assert_eq!((kinds(&a).len(), kinds(&b).len()), (3, 4));
}

pub async fn pokes_and_requests_of_the_blocked_are_answered_and_dropped(place: impl Place) {
    let (store, clients) = open(&place);
    let (a, b) = pair(&store, &clients).await;
    let c = add(&store, "c@x").await;
    store.ask(c.uid, b.uid, "1".into()).await.unwrap();
    for other in [&a, &c] {
        set(&store, &b, other.uid, true).await;
    }
    assert!(matches!(store.poke(a.uid, b.uid).await, Ok(Poked::New(_))));
    assert_eq!(store.poke(a.uid, b.uid).await.unwrap(), Poked::Pending);
    assert_eq!(store.poke(b.uid, a.uid).await.unwrap(), Poked::Blocked);
    let asked = store.ask(c.uid, b.uid, "2".into()).await.unwrap();
    assert!(matches!(asked, Asked::Pending), "{asked:?}");
    let asked = store.ask(b.uid, c.uid, String::new()).await.unwrap();
    assert!(matches!(asked, Asked::Blocked), "{asked:?}");
    let d = add(&store, "d@x").await;
    set(&store, &b, d.uid, true).await;
    let asked = store.ask(d.uid, b.uid, "1".into()).await.unwrap();
    assert!(matches!(asked, Asked::Requested(_)), "{asked:?}");
    assert!(store.requests_received(b.uid).await.unwrap().is_empty());
    assert_eq!(store.requests_sent(d.uid).await.unwrap().len(), 1);
    assert!(store.notifications(b.uid).await.unwrap().is_empty());
    let relation = store.user_and_relation(d.uid, b.uid).await.unwrap();
    assert!(matches!(relation, Some((_, Relation::Sent))));
    // The friendship was there all the time.
    set(&store, &b, a.uid, false).await;
    assert!(store.reachable(a.uid, b.uid).await.unwrap().is_some());
    assert!(matches!(store.poke(a.uid, b.uid).await, Ok(Poked::New(_))));
}

pub async fn blocks_are_bounded_and_end_with_either_account(place: impl Place) {
    let (store, clients) = open(&place);
    let (a, b) = pair(&store, &clients).await;
    assert_eq!(set(&store, &a, a.uid, true).await, BlockChanged::Unknown);
    assert_eq!(set(&store, &a, Uid(1), true).await, BlockChanged::Unknown);
    set(&store, &a, b.uid, true).await;
    set(&store, &b, a.uid, true).await;
    store.delete_user(b.uid).await.unwrap();
    assert!(blocked(&store, &a).await.is_empty());
    assert!(store.blocked_by(a.uid).await.unwrap().is_empty());
    // In small parts, because a write that has to wait too long for others is refused.
    let numbers: Vec<_> = (0..=limits::MAX_BLOCKED).collect();
    for part in numbers.chunks(20) {
        let add = |n| store.add_user(format!("{n}@x"), "U".into(), "!".into());
        let others: Vec<_> = part.iter().map(add).collect();
        let mut results = Vec::new();
        for other in others {
            let other = other.await.unwrap().unwrap();
            results.push(store.set_blocked(a.uid, other, true, "{}".into()));
        }
        for (n, result) in part.iter().zip(results) {
            let expected = if *n < limits::MAX_BLOCKED {
                BlockChanged::Done
            } else {
                BlockChanged::TooMany
            };
            assert_eq!(result.await.unwrap(), expected, "{n}");
        }
    }
}

pub async fn blocks_survive_a_restart(place: impl Place) {
    let (store, clients) = open(&place);
    let (a, b) = pair(&store, &clients).await;
    set(&store, &a, b.uid, true).await;
    store.close().await.unwrap();
    let (store, _) = open(&place);
    assert_eq!(blocked(&store, &a).await, [b.uid]);
}
