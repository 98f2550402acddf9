use super::*;
use crate::hub::{Hub, Limits};
use crate::store::{self, Audience, NewMessage, Subscribers};
use crate::types::{ChannelState, Published, User};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const ME: SessionKey = SessionKey([0; 32]);

fn asked(uid: i64, seq: i64, active: bool) -> Option<Asked> {
    Some(Asked {
        uid: Uid(uid),
        seq: Seq(seq),
        active,
    })
}

#[test]
fn both_path_forms_are_read() {
    assert_eq!(parse("0/false/p_5=-1"), asked(5, -1, false));
    assert_eq!(parse("1209/true/p_5=17"), asked(5, 17, true));
    assert_eq!(
        parse("3033635267/4230476693/false/p_100000583792573=16"),
        asked(100_000_583_792_573, 16, false)
    );
    assert_eq!(
        parse("0/false/p_5=-99999999999999999999999"),
        asked(5, -1, false)
    );
    assert_eq!(
        parse("0/false/p_5=99999999999999999999999"),
        asked(5, i64::MAX, false)
    );
    for wrong in [
        "",
        "p_5=1",
        "true/p_5=1",
        "0/0/0/true/p_5=1",
        "0/true/p_5",
        "0/true/p_=1",
        "0/true/p_5=",
        "0/true/p_5=--1",
        "0/true/5=1",
        "0/true/p_5=1/",
    ] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
}

/// Two users and the store's events handed to a hub that has just started.
struct World {
    store: Arc<Store>,
    clients: Arc<Clients>,
    hub: Arc<Hub>,
    users: Vec<User>,
    sent: u32,
}

fn new_hub() -> Hub {
    let long = Duration::from_secs(1000);
    Hub::new(Limits {
        offline_after: long,
        idle_after: long,
    })
}

/// Hands everything to the hub. Everybody counts as connected while something is pushed, and nobody otherwise, so that messages
/// do not bring unread counts along.
struct Clients {
    hub: Arc<Hub>,
    connected: AtomicBool,
}

impl Subscribers for Clients {
    fn connected(&self, mut uids: Vec<Uid>) -> Vec<Uid> {
        uids.retain(|_| self.connected.load(Ordering::Relaxed));
        uids
    }

    fn deliver(&self, items: Vec<Published>) {
        self.hub.publish(items);
    }
}

impl World {
    async fn new() -> Self {
        let hub = Arc::new(new_hub());
        let clients = Arc::new(Clients {
            hub: hub.clone(),
            connected: AtomicBool::new(false),
        });
        let store = store::in_memory(clients.clone()).unwrap();
        for name in ["a", "b"] {
            store
                .add_user(format!("{name}@x"), name.into(), "!".into())
                .await
                .unwrap();
        }
        World {
            users: store.users().await.unwrap(),
            store,
            clients,
            hub,
            sent: 0,
        }
    }

    fn to(&self) -> Uid {
        self.users[1].uid
    }

    async fn message(&mut self, text: &str) {
        self.write(0, 1, text).await;
    }

    async fn write(&mut self, from: usize, to: usize, text: &str) {
        let (from, to) = (self.users[from].clone(), self.users[to].clone());
        self.sent += 1;
        let new = NewMessage {
            from,
            to,
            text: text.into(),
            msg_id: self.sent.to_string(),
            client_time: 0,
        };
        self.store.insert_message(new).await.unwrap();
    }

    async fn typing(&self) {
        self.clients.connected.store(true, Ordering::Relaxed);
        self.store.push(
            Audience::Users(vec![self.to()]),
            item::typing(self.users[0].uid, self.to(), true),
        );
        // The queue is in order, so when this is done, so is that.
        self.store.acknowledge(Vec::new()).await.unwrap();
        self.clients.connected.store(false, Ordering::Relaxed);
    }

    /// A poll that may not be held; items as their texts.
    async fn poll(&self, seq: i64, batch: Option<usize>) -> String {
        let (uid, seq) = (self.to(), Seq(seq));
        let answer = if seq < Seq(0) {
            let stored = self.hub.stored(uid);
            Answer::Refresh(Some(start(&self.store, uid, stored).await.unwrap()))
        } else {
            match self.hub.poll(uid, ME, seq, batch.unwrap_or(1)) {
                Step::Items(items) => Answer::Items(items),
                Step::Ahead(next) => Answer::Refresh(Some(next)),
                Step::Stored(stored) => {
                    let found = from_store(&self.store, uid, seq, batch, stored).await;
                    found.unwrap()
                }
                Step::Wait(_) => return "hold".into(),
                Step::Continue => Answer::Continue,
            }
        };
        match answer {
            Answer::Items(items) => items
                .iter()
                .map(|item| serde_json::from_str::<serde_json::Value>(item).unwrap())
                .map(|item| item["msg"]["text"].as_str().unwrap_or("typ").to_owned())
                .collect::<Vec<_>>()
                .join(","),
            other => other.script(uid),
        }
    }

    /// As if the server had been killed: memory is gone, numbering goes on at `next`.
    fn forget(&mut self, next: i64, acked: i64) {
        self.hub = Arc::new(new_hub());
        self.hub.load(vec![ChannelState {
            uid: self.to(),
            next: Seq(next),
            acked: Seq(acked),
            visible: true,
        }]);
    }
}

fn refresh(seq: i64) -> String {
    format!(r#"{{"t":"refresh","seq":{seq}}}"#)
}

#[tokio::test]
async fn numbers_are_served_held_or_corrected() {
    let mut world = World::new().await;
    assert_eq!(world.poll(-1, None).await, refresh(1));
    assert_eq!(world.poll(0, None).await, refresh(1));
    assert_eq!(world.poll(1, None).await, "hold");
    assert_eq!(world.poll(9, None).await, refresh(1));
    world.message("one").await;
    world.typing().await;
    world.message("two").await;
    assert_eq!(world.poll(-1, None).await, refresh(1));
    assert_eq!(world.poll(1, None).await, "one");
    assert_eq!(world.poll(1, Some(100)).await, "one,typ,two");
    assert_eq!(world.poll(1, Some(2)).await, "one,typ");
    assert_eq!(world.poll(2, None).await, "typ");
    assert_eq!(world.poll(3, None).await, "two");
    assert_eq!(world.poll(4, None).await, "hold");
    // Asking for 4 has acknowledged all.
    assert_eq!(world.poll(-1, None).await, refresh(4));
}

#[tokio::test]
async fn what_one_wrote_oneself_is_no_reason_to_begin_earlier() {
    let mut world = World::new().await;
    world.write(1, 0, "written and left").await;
    assert_eq!(world.poll(-1, None).await, refresh(2));
    world.message("an answer").await;
    world.write(1, 0, "from elsewhere").await;
    assert_eq!(world.poll(-1, None).await, refresh(2));
    assert_eq!(world.poll(2, Some(100)).await, "an answer,from elsewhere");
    assert_eq!(world.poll(4, None).await, "hold");
    world.write(1, 1, "note to self").await;
    assert_eq!(world.poll(-1, None).await, refresh(4));
}

#[tokio::test]
async fn a_wrong_number_acknowledges_nothing() {
    let mut world = World::new().await;
    world.message("one").await;
    assert_eq!(world.poll(i64::MAX, None).await, refresh(2));
    assert_eq!(world.poll(-1, None).await, refresh(1));
}

#[tokio::test]
async fn after_a_restart_messages_are_still_there_and_gaps_are_skipped() {
    let mut world = World::new().await;
    world.message("one").await;
    world.typing().await;
    world.message("two").await;
    world.message("three").await;
    world.forget(1001, 1);
    assert_eq!(world.poll(-1, None).await, refresh(1));
    assert_eq!(world.poll(1, None).await, "one");
    assert_eq!(world.poll(1, Some(100)).await, "one");
    assert_eq!(world.poll(2, Some(100)).await, refresh(3));
    assert_eq!(world.poll(2, None).await, refresh(3));
    assert_eq!(world.poll(3, Some(100)).await, "two,three");
    assert_eq!(world.poll(5, Some(100)).await, refresh(1001));
    assert_eq!(world.poll(1001, Some(100)).await, "hold");
    assert_eq!(world.poll(-1, None).await, refresh(1001));
}

#[tokio::test]
async fn an_old_client_that_starts_at_0_sees_only_what_nobody_has_fetched() {
    let mut world = World::new().await;
    for text in ["one", "two", "three"] {
        world.message(text).await;
    }
    world.forget(1001, 3);
    assert_eq!(world.poll(0, None).await, refresh(3));
    assert_eq!(world.poll(1, None).await, refresh(3));
    assert_eq!(world.poll(1, Some(100)).await, "one,two,three");
    assert_eq!(world.poll(3, None).await, "three");
    assert_eq!(world.poll(4, None).await, refresh(1001));
    // All fetched: an old client is not taken back, ours may go back.
    assert_eq!(world.poll(1001, None).await, "hold");
    assert_eq!(world.poll(3, None).await, refresh(1001));
    assert_eq!(world.poll(3, Some(1)).await, "three");
}
