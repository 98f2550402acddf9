//! Accounts, friendships and searches.

use super::*;

pub async fn logins_are_found_by_address_name_number_and_unique_local_part(place: impl Place) {
    let (store, _) = open(&place);
    for email in ["a@x", "b@x", "b@y"] {
        add(&store, email).await;
    }
    let a = ("a@x", vec!["a", "a.x", "100001"]);
    // With the same part before the @ as somebody else, or before it the number of somebody else.
    let b = ("b@y", vec!["b.y"]);
    let numbered = add_named(&store, "100003@x", "Cy").await;
    let c = ("100003@x", vec!["cy2", "100004"]);
    assert_eq!(numbered.uid, Uid(100_004));
    for (login, found) in [
        (" A@X ", Some(&a)),
        ("A", Some(&a)),
        ("a.X", Some(&a)),
        ("100001", Some(&a)),
        ("b", None),
        ("b@y", Some(&b)),
        ("100003", Some(&b)),
        ("100003@x", Some(&c)),
        ("cy2", Some(&c)),
        // Failures are counted by what was typed, so only one form counts.
        ("c-y2", None),
        ("+100001", None),
        ("0100001", None),
        ("c@x", None),
        ("", None),
    ] {
        let account = store.account(login).await.unwrap();
        let account = account.as_ref().map(|found| {
            let names = found.sole_names.iter().map(String::as_str);
            (found.user.email.as_str(), names.collect::<Vec<_>>())
        });
        assert_eq!(account.as_ref(), found, "{login}");
    }
    let again = store.add_user("a@x".into(), "A".into(), "!".into());
    assert!(again.await.unwrap().is_none());
}

pub async fn user_names_are_unique_and_made_from_names(place: impl Place) {
    let (store, _) = open(&place);
    let username = async |email: &str, name: &str| add_named(&store, email, name).await.username;
    assert_eq!(username("ann@x", "Bob").await, "bob");
    assert_eq!(username("cy@x", "Bob").await, "bob2");
    assert_eq!(username("d@x", "B.Ob").await, "b.ob3");
    assert_eq!(username("e@x", "\u{674e}").await, "user2");
    // Somebody else logs in with this already.
    assert_eq!(username("f@x", "Ann").await, "ann2");
    assert_eq!(username("eve@x", "Eve").await, "eve");

    let add = async |username: &str, email: &str| {
        let added = store.add_user_as(username.into(), email.into(), "G".into(), "!".into());
        added.await.unwrap()
    };
    for taken in ["bob", "b-ob", "b0b", "ann"] {
        assert_eq!(add(taken, "g@x").await, AddedAs::UsernameTaken, "{taken}");
    }
    assert_eq!(add("gil", "eve@x").await, AddedAs::AddressTaken);
    let AddedAs::Added(uid) = add("gil", "gil@x").await else {
        panic!("the name is free");
    };
    let user = store.user(uid).await.unwrap().unwrap();
    assert_eq!(
        (user.email.as_str(), user.username.as_str()),
        ("gil@x", "gil")
    );
    assert_eq!(store.account("gil").await.unwrap().unwrap().user.uid, uid);
    // Who has it as user name comes before those who have it in their address.
    let b = store.account("bob").await.unwrap().unwrap().user;
    add_named(&store, "bob@y", "H").await;
    let found = store.account("bob").await.unwrap().unwrap();
    assert_eq!(found.user.uid, b.uid);
    assert!(!found.sole_names.contains(&"bob".to_owned()));
}

pub async fn a_user_name_can_be_changed_and_stays_its_owners_for_a_while(place: impl Place) {
    let (store, _) = open(&place);
    let a = add_named(&store, "a@x", "Ann").await;
    let b = add_named(&store, "b@x", "Bob").await;
    let set = async |user: &User, username: &str, by| {
        let set = store.set_username(user.uid, username.into(), by);
        set.await.unwrap()
    };
    let change = async |user: &User, username: &str| set(user, username, ChangedBy::Owner).await;
    let now = async |user: &User| store.user(user.uid).await.unwrap().unwrap().username;
    for taken in ["bob", "b0b", "b.ob", "b"] {
        assert_eq!(change(&a, taken).await, UsernameChange::Taken, "{taken}");
    }
    assert_eq!(now(&a).await, "ann");
    // Not a change that counts: nobody else could have had it.
    for same in ["ann", "a.nn", "ann"] {
        assert_eq!(change(&a, same).await, UsernameChange::Done);
    }
    assert_eq!(change(&a, "anna").await, UsernameChange::Done);
    assert_eq!(now(&a).await, "anna");
    assert!(store.account("ann").await.unwrap().is_none());
    assert_eq!(change(&b, "ann").await, UsernameChange::Taken);
    assert_eq!(
        set(&b, "a-nn", ChangedBy::Operator).await,
        UsernameChange::Taken
    );
    // The owner can have it back.
    assert_eq!(change(&a, "ann").await, UsernameChange::Done);
    assert_eq!(change(&b, "anna").await, UsernameChange::Taken);
    assert_eq!(change(&a, "annb").await, UsernameChange::Done);
    assert_eq!(change(&a, "annc").await, UsernameChange::Done);
    assert_eq!(change(&a, "annd").await, UsernameChange::TooOften);
    assert_eq!(now(&a).await, "annc");
    assert_eq!(
        set(&a, "annd", ChangedBy::Operator).await,
        UsernameChange::Done
    );
    // What belonged to a deleted account is free.
    store.delete_user(a.uid).await.unwrap();
    for free in ["ann", "annd"] {
        assert_eq!(change(&b, free).await, UsernameChange::Done, "{free}");
    }
    let unknown = store.set_username(a.uid, "ann".into(), ChangedBy::Operator);
    assert_eq!(unknown.await.unwrap(), UsernameChange::Done);
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
    // By the user name, in full, even if others have it as a name.
    let named = store.set_username(b.uid, "van-1".into(), ChangedBy::Operator);
    named.await.unwrap();
    for (text, found) in [(" Van-1", "Ann Other"), ("van-", ""), ("van1", "")] {
        assert_eq!(search(&store, &a, text).await, found, "{text}");
    }
    let named = store.set_username(b.uid, "armel".into(), ChangedBy::Operator);
    named.await.unwrap();
    add_named(&store, "e@x", "Aaron Armel").await;
    assert_eq!(search(&store, &a, "armel").await, "Ann Other,Aaron Armel");
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
