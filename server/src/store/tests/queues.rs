//! Calls that nobody waits for, that find no room, or that come too late.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

pub async fn a_write_is_carried_out_if_nobody_waits_for_it(place: impl Place) {
    let (store, _) = open(&place);
    let (a, b) = (add(&store, "a@x").await, add(&store, "b@x").await);
    drop(store.insert_message(message(&a, &b, 1, "x")));
    store.acknowledge(Vec::new()).await.unwrap();
    assert_eq!(texts(&store, &a, &b).await, ["x"]);
}

/// Keeps the thread that writes from going on after its next commit.
struct Stuck {
    reached: Sender<()>,
    released: Mutex<Receiver<()>>,
}

impl Subscribers for Stuck {
    fn connected(&self, uids: Vec<Uid>) -> Vec<Uid> {
        uids
    }

    fn deliver(&self, items: Vec<Published>) {
        if !items.is_empty() {
            let _ = self.reached.send(());
            let _ = lock(&self.released).recv();
        }
    }
}

pub async fn a_full_queue_refuses_at_once_and_reads_go_on(place: impl Place) {
    let ((reached, stuck), (release, released)) = (channel(), channel());
    let store = place.open(Arc::new(Stuck {
        reached,
        released: Mutex::new(released),
    }));
    let a = add(&store, "a@x").await;
    let answer = store.insert_message(message(&a, &a, 0, "x"));
    stuck.recv().unwrap();
    let mut waiting = Vec::new();
    let refused = loop {
        let mut write = store.set_visible(a.uid, false);
        // It is refused the first time that it is looked at, or not at all.
        match result_now(&mut write) {
            None => waiting.push(write),
            Some(result) => break result,
        }
        assert!(waiting.len() < 1_000_000, "the queue has no limit");
    };
    assert!(matches!(refused, Err(StoreError::Busy)));
    assert!(store.user(a.uid).await.unwrap().unwrap().visible);
    assert_eq!(texts(&store, &a, &a).await, ["x"]);
    drop(release);
    answer.await.unwrap();
    for write in waiting {
        write.await.unwrap();
    }
    assert!(!store.user(a.uid).await.unwrap().unwrap().visible);
}

/// The result of a future that is ready.
fn result_now<T>(future: &mut Reply<T>) -> Option<Result<T, StoreError>> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(result) => Some(result),
        std::task::Poll::Pending => None,
    }
}

pub async fn a_closed_store_refuses_everything(place: impl Place) {
    let (store, clients) = open(&place);
    let a = add(&store, "a@x").await;
    let last = store.insert_message(message(&a, &a, 1, "x"));
    store.close().await.unwrap();
    assert_eq!(last.await.unwrap(), Inserted::New);
    assert_eq!(clients.seqs(&a), [1]);
    store.push(Audience::Users(vec![a.uid]), "{}".into());
    assert!(matches!(store.user(a.uid).await, Err(StoreError::Closed)));
    assert!(matches!(store.users().await, Err(StoreError::Closed)));
    let write = store.insert_message(message(&a, &a, 2, "x")).await;
    assert!(matches!(write, Err(StoreError::Closed)));
    store.close().await.unwrap();
}
