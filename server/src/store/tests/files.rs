//! Files are added once, read by those who got them, and named until their contents are deleted.

use super::*;
use crate::attachment::{Attachment, FileId, Size};

fn id(n: u8) -> FileId {
    format!("{n:032x}").parse().unwrap()
}

fn file(owner: &User, n: u8) -> NewFile {
    NewFile {
        owner: owner.uid,
        upload_id: "1".into(),
        hash: vec![n],
        attachment: Attachment {
            id: id(n),
            name: n.to_string(),
            size: 100,
            mime: "image/png".into(),
            shown: None,
            preview: Some(Size {
                width: 1,
                height: 2,
            }),
        },
        bytes: 110,
        day_limit: 250,
        total_limit: 350,
    }
}

fn with_file(from: &User, to: &User, n: u32, files: &[u8]) -> NewMessage {
    let mut new = message(from, to, n, "");
    new.draft.files = files.iter().map(|n| id(*n)).collect();
    new
}

pub async fn an_upload_is_one_file_and_counts_once(place: impl Place) {
    let (store, _) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    let first = file(&a, 1);
    let added = async |file: NewFile| store.add_file(file).await.unwrap();
    assert_eq!(added(first.clone()).await, FileAdded::New);
    // The same content under another number.
    let again = NewFile {
        attachment: file(&a, 9).attachment,
        ..first.clone()
    };
    assert_eq!(added(again).await, FileAdded::Known(first.attachment));
    assert_eq!(added(file(&a, 2)).await, FileAdded::New);
    assert_eq!(added(file(&a, 3)).await, FileAdded::DayUsedUp);
    assert_eq!(added(file(&b, 4)).await, FileAdded::New);
    assert_eq!(added(file(&b, 5)).await, FileAdded::TotalUsedUp);
    let used = store.file_use(a.uid, "1".into()).await.unwrap();
    assert_eq!((used.day, used.total, used.is_known), (200, 330, true));
    assert!(!store.file_use(a.uid, "2".into()).await.unwrap().is_known);
    let unknown = store.unknown_files(vec![id(1), id(9), id(4)]);
    assert_eq!(unknown.await.unwrap(), [id(9)]);
    store.delete_user(b.uid).await.unwrap();
    assert_eq!(added(file(&b, 4)).await, FileAdded::NoOwner);
    let secret = store.file_secret([1; 32]).await.unwrap();
    assert_eq!(
        (secret, store.file_secret([2; 32]).await.unwrap()),
        ([1; 32], [1; 32])
    );
}

pub async fn a_file_belongs_to_its_owner_and_those_who_got_it(place: impl Place) {
    let (store, clients) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    let c = add(&store, "c@x").await;
    for n in [1, 2] {
        store.add_file(file(&a, n)).await.unwrap();
    }
    let insert = async |message| store.insert_message(message).await.unwrap();
    assert_eq!(insert(with_file(&a, &b, 1, &[1])).await, Inserted::New);
    assert_eq!(
        insert(with_file(&a, &b, 1, &[1])).await,
        Inserted::Duplicate
    );
    // The files count as much as the text.
    assert_eq!(insert(with_file(&a, &b, 1, &[1, 2])).await, Inserted::New);
    assert_eq!(
        insert(with_file(&a, &b, 2, &[3])).await,
        Inserted::FileMissing
    );
    assert_eq!(
        insert(with_file(&b, &a, 1, &[1])).await,
        Inserted::FileMissing
    );
    let readers = async |n| {
        let mut readers = String::new();
        for user in [&a, &b, &c] {
            if store.file(Some(user.uid), id(n)).await.unwrap().is_some() {
                readers.push_str(&user.name);
            }
        }
        readers
    };
    assert_eq!(
        (readers(1).await, readers(2).await),
        ("A@XB@X".into(), "A@XB@X".into())
    );
    assert_eq!(readers(3).await, "");
    assert!(store.file(None, id(1)).await.unwrap().is_some());
    // The item from memory, and the message from the store.
    let history = texts(&store, &a, &b).await;
    assert_eq!(history, ["", ""]);
    assert!(lock(&clients.delivered)[0].item.contains(id(1).as_str()));
    let all = store.messages_of(b.uid, 0, 9).await.unwrap();
    assert_eq!(all[1].attachments.len(), 2);
    assert_eq!(all[0].attachments, [file(&a, 1).attachment]);
}

pub async fn what_is_not_needed_any_more_is_deleted(place: impl Place) {
    let (store, _) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    store.add_file(file(&a, 1)).await.unwrap();
    store.add_file(file(&b, 2)).await.unwrap();
    store
        .insert_message(with_file(&a, &b, 1, &[1]))
        .await
        .unwrap();
    let deleted = async || {
        let ids = store.deleted_files().await.unwrap();
        store.forget_deleted_files(ids.clone()).await.unwrap();
        ids
    };
    store.sweep_files(None).await.unwrap();
    assert_eq!(deleted().await, []);
    // Everything is old enough.
    store.sweep_files(Some(i64::MAX)).await.unwrap();
    assert_eq!(deleted().await, [id(1), id(2)]);
    assert_eq!(deleted().await, []);
    assert!(
        store
            .file(Some(b.uid), id(1))
            .await
            .unwrap()
            .unwrap()
            .is_gone
    );
    let again = store.insert_message(with_file(&a, &b, 2, &[1])).await;
    assert_eq!(again.unwrap(), Inserted::FileMissing);
    // The same upload is another file then.
    let again = NewFile {
        attachment: file(&a, 3).attachment,
        ..file(&a, 1)
    };
    assert_eq!(store.add_file(again).await.unwrap(), FileAdded::New);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.files, stats.file_bytes), (1, 110));
    store.delete_user(a.uid).await.unwrap();
    let mut left = deleted().await;
    left.sort();
    assert!(left.contains(&id(3)) && !left.contains(&id(2)), "{left:?}");
    assert!(store.file(None, id(1)).await.unwrap().is_none());
}
