//! Accounts, friendships and searches.

use super::*;

pub async fn logins_are_found_by_address_and_by_unique_local_part(place: impl Place) {
    let (store, _) = open(&place);
    for email in ["a@x", "b@x", "b@y"] {
        add(&store, email).await;
    }
    for (login, found) in [
        (" A@X ", Some(("a@x", true))),
        ("A", Some(("a@x", true))),
        ("b", None),
        ("b@y", Some(("b@y", false))),
        ("c@x", None),
        ("", None),
    ] {
        let account = store.account(login).await.unwrap();
        let account = account.as_ref();
        let account = account.map(|found| (found.user.email.as_str(), found.sole_local_part));
        assert_eq!(account, found, "{login}");
    }
    let again = store.add_user("a@x".into(), "A".into(), "!".into());
    assert!(again.await.unwrap().is_none());
}

pub async fn fifty_people_can_be_asked_in_a_day_and_answers_do_not_make_room(place: impl Place) {
    let (store, _) = open(&place);
    let a = add(&store, "a@x").await;
    for n in 0..52 {
        let other = add(&store, &format!("{n}@x")).await;
        let asked = store.ask(a.uid, other.uid, String::new()).await.unwrap();
        assert_eq!(
            matches!(asked, Asked::Requested(_)),
            n < 50,
            "{n} {asked:?}"
        );
        store.answer(other.uid, a.uid, n % 2 == 0).await.unwrap();
    }
    assert_eq!(store.friends(a.uid).await.unwrap().len(), 25);
    assert_eq!(store.requests_sent(a.uid).await.unwrap().len(), 25);
}

pub async fn a_friendship_from_the_command_line_answers_what_waited(place: impl Place) {
    let (store, _) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    store.ask(a.uid, b.uid, "hello".into()).await.unwrap();
    let waiting = store.requests_received(b.uid).await.unwrap();
    assert_eq!(waiting[0].message, "hello");
    store.befriend(b.uid, a.uid).await.unwrap();
    assert!(store.requests_received(b.uid).await.unwrap().is_empty());
    assert!(store.requests_sent(a.uid).await.unwrap().is_empty());
}

pub async fn relations_are_seen_from_either_side(place: impl Place) {
    let (store, _) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    let relation = async |own: &User, other: &User| {
        let found = store.user_and_relation(own.uid, other.uid).await.unwrap();
        found.map(|(user, relation)| {
            assert_eq!(user.uid, other.uid);
            relation
        })
    };
    let both = async || (relation(&a, &b).await, relation(&b, &a).await);
    assert_eq!(relation(&a, &a).await, Some(Relation::Own));
    assert_eq!(both().await, (Some(Relation::None), Some(Relation::None)));
    store.ask(a.uid, b.uid, String::new()).await.unwrap();
    let waiting = (Some(Relation::Sent), Some(Relation::Received));
    assert_eq!(both().await, waiting);
    store.answer(b.uid, a.uid, true).await.unwrap();
    let friends = (Some(Relation::Friend), Some(Relation::Friend));
    assert_eq!(both().await, friends);
    store.delete_user(b.uid).await.unwrap();
    assert_eq!(relation(&a, &b).await, None);
}

async fn search(store: &Store, own: &User, text: &str) -> String {
    let found = store.search(own.uid, text, 50).await.unwrap();
    let names = found.iter().map(|(user, _)| user.name.as_str());
    names.collect::<Vec<_>>().join(",")
}

pub async fn searches_find_beginnings_of_words_in_any_order_and_case(place: impl Place) {
    let (store, _) = open(&place);
    let a = add_named(&store, "a@x", "Ärmel van Ann").await;
    let b = add_named(&store, "b@x", "Ann Other").await;
    add_named(&store, "c@x", "ann ÄRMEL").await;
    add_named(&store, "d@x", "Ann Other").await;
    for (text, found) in [
        ("ann", "Ann Other,Ann Other,ann ÄRMEL,Ärmel van Ann"),
        (" äRM  Ann ", "ann ÄRMEL,Ärmel van Ann"),
        ("ann ann", "Ann Other,Ann Other,ann ÄRMEL,Ärmel van Ann"),
        ("van", "Ärmel van Ann"),
        ("nn", ""),
        ("C@X", "ann ÄRMEL"),
        ("c@", ""),
        ("%", ""),
        ("ann\u{10ffff}", ""),
        ("zz", ""),
    ] {
        assert_eq!(search(&store, &a, text).await, found, "{text}");
    }
    store.befriend(a.uid, b.uid).await.unwrap();
    let found = store.search(a.uid, "ann", 1).await.unwrap();
    assert!(matches!(&found[..], [(user, Relation::Friend)] if user.uid == b.uid));
    store.set_name(b.uid, "Beth".into()).await.unwrap();
    assert_eq!(search(&store, &a, "other").await, "Ann Other");
    assert_eq!(search(&store, &a, "be").await, "Beth");
    store.delete_user(b.uid).await.unwrap();
    assert_eq!(search(&store, &a, "be").await, "");
}

pub async fn searches_for_common_words_end_at_the_limit(place: impl Place) {
    let (store, _) = open(&place);
    let own = add_named(&store, "own@x", "Zoe User").await;
    let added: Vec<_> = (0..1200)
        .map(|n| store.add_user(format!("{n}@x"), format!("User {n:04}"), "!".into()))
        .collect();
    for user in added {
        user.await.unwrap();
    }
    let found = store.search(own.uid, "us", 50).await.unwrap();
    let names: Vec<_> = found.iter().map(|(user, _)| user.name.clone()).collect();
    let first = (0..50).map(|n| format!("User {n:04}"));
    assert_eq!(names, first.collect::<Vec<_>>());
    assert_eq!(search(&store, &own, "u 119").await.split(',').count(), 10);
    assert_eq!(search(&store, &own, "us zo").await, "Zoe User");
    let all = store.search(own.uid, "user", 5000).await.unwrap();
    assert_eq!(all.len(), 1201);
}
