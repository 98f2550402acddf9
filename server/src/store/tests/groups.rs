//! Groups: who is in them, and what is told to whom.

use super::*;
use crate::types::Message;

/// Four users; the first is a friend of all others.
pub(super) async fn friends(store: &Store) -> [User; 4] {
    let mut users = Vec::new();
    for email in ["a@x", "b@x", "c@x", "d@x"] {
        users.push(add(store, email).await);
    }
    for friend in &users[1..] {
        store.befriend(users[0].uid, friend.uid).await.unwrap();
    }
    users.try_into().unwrap()
}

pub(super) async fn create(store: &Store, owner: &User, friends: &[&User]) -> Uid {
    let friends = friends.iter().map(|user| user.uid).collect();
    let created = store.create_group(owner.clone(), "G".into(), friends, "1".into());
    match created.await.unwrap() {
        GroupChanged::Done(gid) => gid,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn change(
    store: &Store,
    own: &User,
    gid: Uid,
    change: GroupChange,
) -> GroupChanged {
    store.change_group(own.clone(), gid, change).await.unwrap()
}

pub(super) fn to_group(from: &User, gid: Uid, id: u32, text: &str) -> MessageDraft {
    MessageDraft {
        from: from.clone(),
        to: gid,
        text: text.into(),
        files: Vec::new(),
        msg_id: id.to_string(),
        client_time: 0,
        quota: i64::MAX,
    }
}

pub(super) async fn send(store: &Store, from: &User, gid: Uid, id: u32, text: &str) -> Inserted {
    let message = to_group(from, gid, id, text);
    store.insert_group_message(message).await.unwrap()
}

const ALL: HistoryRange = HistoryRange {
    since: None,
    before: None,
    limit: 1000,
};

/// What a user sees of a group; nothing if they were never in it.
pub(super) async fn seen(store: &Store, user: &User, gid: Uid) -> Vec<String> {
    let history = store.group_history(user.uid, gid, ALL).await.unwrap();
    let history = history.unwrap_or_default().into_iter();
    history.map(|message| message.text).collect()
}

/// What a user's channel brought of a group.
pub(super) async fn delivered(store: &Store, user: &User) -> Vec<Message> {
    let all = store.deliveries(user.uid, Seq::FIRST, Seq(i64::MAX), 1000);
    let all = all.await.unwrap().into_iter();
    all.map(|(_, message)| message).collect()
}

async fn members(store: &Store, user: &User) -> Vec<Uid> {
    let groups = store.groups(user.uid).await.unwrap();
    let members = groups.iter().flat_map(|(_, members)| members);
    members.map(|member| member.uid).collect()
}

pub async fn a_group_is_created_once(place: impl Place) {
    let (store, _) = open(&place);
    let [a, b, c, d] = friends(&store).await;
    let calls: Vec<_> = (0..9)
        .map(|_| store.create_group(a.clone(), "G".into(), vec![b.uid, b.uid, a.uid], "1".into()))
        .collect();
    let mut gids = HashSet::new();
    for call in calls {
        match call.await.unwrap() {
            GroupChanged::Done(gid) => gids.insert(gid),
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(gids.len(), 1);
    assert_eq!(members(&store, &a).await, [a.uid, b.uid]);
    // Another number, another name or other friends make another group.
    for (name, friends, id) in [
        ("G", vec![b.uid], "2"),
        ("H", vec![b.uid], "1"),
        ("G", vec![c.uid], "1"),
    ] {
        let created = store.create_group(a.clone(), name.into(), friends, id.into());
        let GroupChanged::Done(gid) = created.await.unwrap() else {
            panic!()
        };
        assert!(gids.insert(gid));
    }
    for stranger in [d.uid, Uid(1)] {
        let refused = store.create_group(b.clone(), "G".into(), vec![stranger], "1".into());
        assert_eq!(refused.await.unwrap(), GroupChanged::NotFriends);
    }
    assert_eq!(store.stats().await.unwrap().groups, 4);
}

pub async fn members_see_a_group_from_joining_to_leaving(place: impl Place) {
    let (store, _) = open(&place);
    let [a, b, c, d] = friends(&store).await;
    let gid = create(&store, &a, &[&b]).await;
    send(&store, &a, gid, 1, "before").await;
    let add = GroupChange::Add(vec![c.uid, b.uid]);
    assert_eq!(change(&store, &a, gid, add).await, GroupChanged::Done(gid));
    send(&store, &b, gid, 1, "with").await;
    let remove = || GroupChange::Remove(c.uid);
    assert_eq!(
        change(&store, &b, gid, remove()).await,
        GroupChanged::NotOwner
    );
    assert_eq!(
        change(&store, &a, gid, remove()).await,
        GroupChanged::Done(gid)
    );
    assert_eq!(
        change(&store, &a, gid, remove()).await,
        GroupChanged::Done(gid)
    );
    assert_eq!(
        send(&store, &c, gid, 1, "gone").await,
        Inserted::NotReachable
    );
    send(&store, &a, gid, 2, "after").await;
    let with = ["A@X added C@X.", "with", "A@X removed C@X."];
    assert_eq!(seen(&store, &c, gid).await, with);
    assert_eq!(delivered(&store, &c).await.len(), 3);
    // Who was removed can be added again, and sees both times.
    let again = GroupChange::Add(vec![c.uid]);
    assert_eq!(
        change(&store, &a, gid, again).await,
        GroupChanged::Done(gid)
    );
    let both = [&with[..], &["A@X added C@X."]].concat();
    assert_eq!(seen(&store, &c, gid).await, both);
    let exported = store.messages_of(c.uid, 0, 100).await.unwrap();
    assert_eq!(
        exported.iter().map(|one| &one.text).collect::<Vec<_>>(),
        both
    );
    let pages = async |since: Option<i64>, before: Option<i64>| {
        let range = HistoryRange {
            since,
            before,
            limit: 2,
        };
        let page = store
            .group_history(c.uid, gid, range)
            .await
            .unwrap()
            .unwrap();
        page.into_iter().map(|one| one.text).collect::<Vec<_>>()
    };
    assert_eq!(pages(None, None).await, both[2..]);
    assert_eq!(pages(None, Some(exported[2].time)).await, both[..2]);
    assert_eq!(pages(Some(0), None).await, both[..2]);
    assert_eq!(pages(Some(exported[1].time), None).await, both[2..]);
    assert_eq!(seen(&store, &a, gid).await.len(), 7);
    let never = store.group_history(d.uid, gid, ALL).await.unwrap();
    assert!(never.is_none());
    assert!(store.group_members(d.uid, gid).await.unwrap().is_none());
}

pub async fn the_longest_member_follows_an_owner_who_leaves(place: impl Place) {
    let (store, clients) = open(&place);
    let [a, b, c, d] = friends(&store).await;
    for user in [&a, &b, &c] {
        clients.connect(user);
    }
    let gid = create(&store, &a, &[&b]).await;
    change(&store, &a, gid, GroupChange::Add(vec![c.uid])).await;
    change(&store, &a, gid, GroupChange::Leave).await;
    assert_eq!(members(&store, &b).await, [b.uid, c.uid]);
    assert_eq!(
        change(&store, &a, gid, GroupChange::Leave).await,
        GroupChanged::Unknown
    );
    let remove = GroupChange::Remove(c.uid);
    assert_eq!(
        change(&store, &b, gid, remove).await,
        GroupChanged::Done(gid)
    );
    // Who has left by themselves cannot be added.
    store.befriend(b.uid, d.uid).await.unwrap();
    let add = |uid| GroupChange::Add(vec![d.uid, uid]);
    assert_eq!(
        change(&store, &b, gid, add(a.uid)).await,
        GroupChanged::HasLeft
    );
    assert_eq!(
        change(&store, &b, gid, add(c.uid)).await,
        GroupChanged::NotFriends
    );
    assert_eq!(members(&store, &b).await, [b.uid]);
    let kinds = |user| {
        let items = clients.items(user).into_iter();
        items.map(|(_, kind)| kind).collect::<Vec<_>>()
    };
    // A change is told to those who are connected, and then the notice; to those who are gone after it.
    assert_eq!(
        kinds(&c),
        [
            "group",
            "group_msg",
            "group",
            "group_msg",
            "group_msg",
            "group"
        ]
    );
    assert_eq!(kinds(&d), Vec::<String>::new());
    let told = lock(&clients.delivered).clone();
    let told: Vec<_> = told
        .into_iter()
        .filter(|item| item.owner == c.uid)
        .collect();
    assert!(
        told[0]
            .item
            .contains("\"owner\":100001,\"added\":[{\"uid\":100001,")
    );
    assert!(
        told[2]
            .item
            .contains("\"owner\":100002,\"added\":[],\"removed\":[100001]")
    );
    assert!(
        told[5]
            .item
            .ends_with("\"removed\":[100003],\"gone\":true}")
    );
}

pub async fn members_and_groups_have_limits(place: impl Place) {
    let (store, _) = open(&place);
    let a = add(&store, "a@x").await;
    let mut friends = Vec::new();
    for n in 0..MAX_MEMBERS {
        let friend = add(&store, &format!("f{n}@x")).await;
        store.befriend(a.uid, friend.uid).await.unwrap();
        friends.push(friend.uid);
    }
    let create = |friends: &[Uid], id: usize| {
        store.create_group(a.clone(), "G".into(), friends.to_vec(), id.to_string())
    };
    let refused = create(&friends, 0).await.unwrap();
    assert_eq!(refused, GroupChanged::TooManyMembers);
    let full = create(&friends[1..], 0).await.unwrap();
    let GroupChanged::Done(gid) = full else {
        panic!("{full:?}")
    };
    let one_more = change(&store, &a, gid, GroupChange::Add(vec![friends[0]])).await;
    assert_eq!(one_more, GroupChanged::TooManyMembers);
    for n in 1..MAX_GROUPS {
        create(&friends[..1], n).await.unwrap();
    }
    assert_eq!(
        create(&[], MAX_GROUPS).await.unwrap(),
        GroupChanged::TooManyGroups
    );
    assert_eq!(store.groups(a.uid).await.unwrap().len(), MAX_GROUPS);
}

pub async fn a_deleted_user_leaves_their_groups(place: impl Place) {
    let (store, _) = open(&place);
    let [a, b, c, _] = friends(&store).await;
    let gid = create(&store, &a, &[&b, &c]).await;
    send(&store, &a, gid, 1, "of A").await;
    send(&store, &b, gid, 1, "of B").await;
    store.delete_user(a.uid).await.unwrap();
    assert_eq!(members(&store, &c).await, [b.uid, c.uid]);
    assert_eq!(seen(&store, &c, gid).await, ["of B"]);
    assert_eq!(send(&store, &a, gid, 2, "x").await, Inserted::NotReachable);
    let remove = GroupChange::Remove(c.uid);
    assert_eq!(
        change(&store, &b, gid, remove).await,
        GroupChanged::Done(gid)
    );
    store.delete_user(b.uid).await.unwrap();
    store.delete_user(c.uid).await.unwrap();
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.groups, stats.messages), (0, 0));
}

pub async fn nobody_is_added_by_somebody_whom_they_have_blocked(place: impl Place) {
    let (store, _) = open(&place);
    let [a, b, c, d] = friends(&store).await;
    let block = store.set_blocked(b.uid, a.uid, true, "{}".into());
    assert_eq!(block.await.unwrap(), BlockChanged::Done);
    let gid = create(&store, &a, &[&b, &c]).await;
    let add = GroupChange::Add(vec![b.uid, d.uid]);
    assert_eq!(change(&store, &a, gid, add).await, GroupChanged::Done(gid));
    assert_eq!(members(&store, &a).await, [a.uid, c.uid, d.uid]);
    let add = GroupChange::Add(vec![b.uid]);
    assert_eq!(change(&store, &a, gid, add).await, GroupChanged::Done(gid));
    assert!(store.groups(b.uid).await.unwrap().is_empty());
    assert!(delivered(&store, &b).await.is_empty());
}
