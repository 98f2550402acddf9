//! Updates of the buddy list.

use super::*;

const OWN: Uid = Uid(9);

fn apply(buddies: &mut Buddies, json: &str) -> Change {
    let payload = serde_json::from_str(json).unwrap();
    buddies.apply((ExchangeId(1), payload), OWN, (Strikes::TWO, Strikes::TWO))
}

fn presence(buddies: &Buddies, uid: u64) -> Option<Presence> {
    buddies
        .entries
        .get(&Uid(uid))
        .map(|entry| entry.buddy.presence)
}

const FULL: &str = r#"{"buddy_list":{"listChanged":true,"availableCount":2,"nowAvailableList":{"1":{"i":false},"2":{"i":true}},"wasAvailableIDs":[],
    "userInfos":{"1":{"name":"One Name","firstName":"One","thumbSrc":"http:\/\/x\/q.gif","status":null},"2":{"name":"Two"},"3":{"name":"Three","status":"hi"},"9":{"name":"Me"}},"forcedRender":true},"time":1209560380000}"#;

fn full() -> Buddies {
    let mut buddies = Buddies::default();
    let change = apply(&mut buddies, FULL);
    assert!(change.list);
    assert_eq!(change.server_time, Some(1_209_560_380_000));
    buddies
}

#[test]
fn online_is_who_is_available_not_who_is_listed() {
    let buddies = full();
    assert_eq!(presence(&buddies, 1), Some(Presence::Active));
    assert_eq!(presence(&buddies, 2), Some(Presence::Idle));
    assert_eq!(presence(&buddies, 3), Some(Presence::Offline));
    assert_eq!(presence(&buddies, 9), None);
    assert_eq!(buddies.own_name(), Some("Me"));
    let list = buddies.snapshot();
    assert_eq!(
        (list[0].name.as_str(), list[0].first_name.as_str()),
        ("One Name", "One")
    );
    assert_eq!(list[2].status_text.as_deref(), Some("hi"));
}

#[test]
fn empty_partial_and_odd_replies_change_nothing() {
    let mut buddies = full();
    for reply in [
        "{}",
        r#"{"buddy_list":[]}"#,
        r#"{"buddy_list":{"listChanged":false,"nowAvailableList":{},"userInfos":{},"forcedRender":true}}"#,
        r#"{"buddy_list":{"listChanged":true,"availableCount":2,"nowAvailableList":{},"wasAvailableIDs":[],"userInfos":[],"forcedRender":null}}"#,
        r#"{"buddy_list":{"listChanged":null,"nowAvailableList":null,"wasAvailableIDs":null,"userInfos":null,"forcedRender":true}}"#,
    ] {
        for _ in 0..5 {
            let change = apply(&mut buddies, reply);
            assert!(!change.list && change.buddies.is_empty(), "{reply}");
        }
    }
    assert_eq!(presence(&buddies, 1), Some(Presence::Active));
}

#[test]
fn somebody_left_out_once_stays_and_twice_is_offline() {
    let mut buddies = full();
    let without_one = FULL.replace(r#""1":{"i":false},"#, "");
    let change = apply(&mut buddies, &without_one);
    assert!(change.doubtful && change.buddies.is_empty());
    let change = apply(&mut buddies, FULL);
    assert!(!change.doubtful);
    apply(&mut buddies, &without_one);
    let change = apply(&mut buddies, &without_one);
    assert_eq!(change.buddies.len(), 1);
    assert_eq!(presence(&buddies, 1), Some(Presence::Offline));
}

#[test]
fn an_authoritative_server_is_believed_at_once() {
    let mut buddies = full();
    let without_one = FULL.replace(r#""1":{"i":false},"#, "");
    let change = buddies.apply(
        (ExchangeId(1), serde_json::from_str(&without_one).unwrap()),
        OWN,
        (Strikes::ONE, Strikes::ONE),
    );
    assert_eq!(change.buddies[0].presence, Presence::Offline);
}

#[test]
fn those_named_as_gone_are_offline_at_once() {
    let mut buddies = full();
    let change = apply(
        &mut buddies,
        r#"{"buddy_list":{"listChanged":true,"nowAvailableList":[],"wasAvailableIDs":["1",2,null],"forcedRender":null}}"#,
    );
    assert_eq!(change.buddies.len(), 2);
}

#[test]
fn ended_friendship_needs_two_complete_lists() {
    let mut buddies = full();
    let without_three = FULL.replace(r#","3":{"name":"Three","status":"hi"}"#, "");
    assert!(!apply(&mut buddies, &without_three).list);
    assert!(apply(&mut buddies, &without_three).list);
    assert_eq!(presence(&buddies, 3), None);
}

#[test]
fn idle_is_since_when_the_server_says() {
    let mut buddies = full();
    let since = |buddies: &Buddies, uid| buddies.entries[&Uid(uid)].buddy.idle_since;
    assert_eq!(since(&buddies, 2), 0);
    let told = FULL.replace(r#""2":{"i":true}"#, r#""2":{"i":true,"idle_since":7000}"#);
    assert_eq!(apply(&mut buddies, &told).buddies[0].idle_since, 7000);
    assert_eq!(apply(&mut buddies, &told).buddies, []);
    let changed = buddies
        .set(Uid(1), (Presence::Idle, 8000), ExchangeId(0))
        .unwrap()
        .unwrap();
    assert_eq!(changed.idle_since, 8000);
    // Only idle buddies have an idle time, whatever a server says.
    let nonsense = FULL.replace(r#""1":{"i":false}"#, r#""1":{"i":false,"idle_since":9000}"#);
    apply(&mut buddies, &nonsense);
    assert_eq!((since(&buddies, 1), since(&buddies, 2)), (0, 0));
    buddies
        .set(Uid(2), (Presence::Idle, -1), ExchangeId(0))
        .unwrap();
    apply(&mut buddies, &told);
    // A new name does not end the idle time.
    apply(&mut buddies, &told.replace("Two", "Deux"));
    assert_eq!(since(&buddies, 2), 7000);
}

#[test]
fn pushes_report_changes_only_and_strangers() {
    let mut buddies = full();
    assert_eq!(
        buddies.set(Uid(1), (Presence::Active, 0), ExchangeId(0)),
        Ok(None)
    );
    let changed = buddies
        .set(Uid(1), (Presence::Offline, 0), ExchangeId(0))
        .unwrap()
        .unwrap();
    assert_eq!((changed.uid, changed.presence), (Uid(1), Presence::Offline));
    assert_eq!(
        buddies.set(Uid(77), (Presence::Active, 0), ExchangeId(0)),
        Err(())
    );
    assert!(buddies.saw(Uid(1)).is_some());
    assert!(buddies.saw(Uid(1)).is_none());
}
