//! Login sessions.

use super::*;

fn key(n: u8) -> SessionKey {
    SessionKey([n; 32])
}

async fn log_in(store: &Store, user: &User, n: u8) {
    log_in_until(store, user, n, i64::MAX).await;
}

async fn log_in_until(store: &Store, user: &User, n: u8, end: i64) {
    let term = Term {
        lasts: 7,
        end,
        kept: n == 1,
    };
    let login = store.open_session(key(n), user.uid, Origin::default(), term, None);
    login.await.unwrap();
}

pub async fn a_session_is_gone_once_its_end_has_passed(place: impl Place) {
    let (store, _) = open(&place);
    let a = add(&store, "a@x").await;
    let open = async || {
        let logins = store.sessions(a.uid).await.unwrap();
        logins.iter().map(|login| login.key).collect::<Vec<_>>()
    };
    log_in_until(&store, &a, 1, i64::MAX).await;
    log_in_until(&store, &a, 2, 1).await;
    assert_eq!(open().await, [key(1)]);
    assert!(store.session(key(2)).await.unwrap().is_none());
    let ended = store.ended_sessions(vec![key(1), key(2)]);
    assert_eq!(ended.await.unwrap(), [key(2)]);
    assert_eq!(store.stats().await.unwrap().logins, 1);

    store.renew_session(key(1), i64::MAX - 1).await.unwrap();
    let (user, term) = store.session(key(1)).await.unwrap().unwrap();
    let renewed = Term {
        lasts: 7,
        end: i64::MAX - 1,
        kept: true,
    };
    assert_eq!((user.uid, term), (a.uid, renewed));
    assert_eq!(store.sessions(a.uid).await.unwrap()[0].ends, i64::MAX - 1);
    log_in(&store, &a, 4).await;
    let (_, term) = store.session(key(4)).await.unwrap().unwrap();
    assert!(!term.kept);
    store.end_session(key(4)).await.unwrap();

    // Only sessions of clients with a token have a proof.
    assert_eq!(store.session_proof(key(1)).await.unwrap(), None);
    let origin = Origin {
        proof: Some([7; 32]),
        ..Origin::default()
    };
    let opened = store.open_session(key(5), a.uid, origin, term, None);
    assert!(opened.await.unwrap());
    let proof = store.session_proof(key(5)).await.unwrap();
    assert_eq!(proof.unwrap().0, [7; 32]);
    store.end_session(key(5)).await.unwrap();
    assert_eq!(store.session_proof(key(5)).await.unwrap(), None);

    // What was deleted cannot come back; what has an end in the future stays.
    store.delete_ended_sessions().await.unwrap();
    store.renew_session(key(2), i64::MAX).await.unwrap();
    store.renew_session(key(3), i64::MAX).await.unwrap();
    assert_eq!(open().await, [key(1)]);
}

pub async fn a_new_password_ends_sessions_and_old_sessions_make_room(place: impl Place) {
    let (store, _) = open(&place);
    let a = add(&store, "a@x").await;
    for n in 0..101 {
        log_in(&store, &a, n).await;
    }
    let alive = async || {
        let mut alive = 0;
        for n in 0..101 {
            alive += usize::from(store.session(key(n)).await.unwrap().is_some());
        }
        alive
    };
    assert_eq!(alive().await, 100);
    let keep = store.sessions(a.uid).await.unwrap()[7].key;
    let set = store.set_password(a.uid, "!".into(), Some(keep));
    set.await.unwrap();
    assert_eq!(alive().await, 1);
    assert!(store.session(keep).await.unwrap().is_some());
    let set = store.set_password(a.uid, "!".into(), None);
    set.await.unwrap();
    assert_eq!(alive().await, 0);
}

pub async fn ended_sessions_are_found(place: impl Place) {
    let (store, _) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    log_in(&store, &a, 1).await;
    log_in(&store, &a, 2).await;
    log_in(&store, &b, 3).await;
    store.end_session(key(2)).await.unwrap();
    store.end_session(key(2)).await.unwrap();
    store.delete_user(b.uid).await.unwrap();
    let ended = store.ended_sessions((0..=3).map(key).collect());
    assert_eq!(ended.await.unwrap(), [key(0), key(2), key(3)]);
}

pub async fn a_password_that_was_replaced_opens_no_session_and_changes_nothing(place: impl Place) {
    let (store, _) = open(&place);
    let a = add(&store, "a@x").await;
    let log_in = async |n: u8, hash: &str| {
        let key = SessionKey([n; 32]);
        let term = Term {
            lasts: 7,
            end: i64::MAX,
            kept: false,
        };
        let opened = store.open_session(key, a.uid, Origin::default(), term, Some(hash.into()));
        let opened = opened.await.unwrap();
        assert_eq!(store.session(key).await.unwrap().is_some(), opened);
        opened
    };
    assert!(log_in(1, "!").await);
    let change = async |old: &str, new: &str| {
        let changed = store.change_password(a.uid, old.into(), new.into(), SessionKey([1; 32]));
        changed.await.unwrap()
    };
    assert!(change("!", "new").await);
    assert!(!log_in(2, "!").await);
    assert!(!change("!", "newer").await);
    assert!(log_in(3, "new").await);
    store.delete_user(a.uid).await.unwrap();
    assert!(!log_in(4, "new").await);
}
