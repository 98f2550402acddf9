use std::time::Duration;

use super::*;
use crate::hub::Limits;
use crate::store::{self, Audience, MessageDraft, NewMessage};
use crate::types::{ChannelState, User};

const ME: SessionKey = SessionKey([0; 32]);
const ELSEWHERE: SessionKey = SessionKey([1; 32]);

/// Two users, and a hub that has just started.
struct World {
    store: Arc<Store>,
    hub: Arc<Hub>,
    users: Vec<User>,
    sent: u32,
}

fn new_hub() -> Arc<Hub> {
    let long = Duration::from_secs(1000);
    Arc::new(Hub::new(Limits {
        offline_after: long,
        idle_after: long,
        is_shared: false,
    }))
}

impl World {
    async fn new() -> Self {
        let hub = new_hub();
        let store = store::in_memory(hub.clone()).unwrap();
        for name in ["a", "b"] {
            store
                .add_user(format!("{name}@x"), name.into(), "!".into())
                .await
                .unwrap();
        }
        World {
            users: store.users().await.unwrap(),
            store,
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
        let draft = MessageDraft {
            from,
            to: to.uid,
            text: text.into(),
            files: Vec::new(),
            msg_id: self.sent.to_string(),
            client_time: 0,
            quota: i64::MAX,
        };
        let to_name = to.name;
        let new = NewMessage { draft, to_name };
        self.store.insert_message(new).await.unwrap();
    }

    /// A typing notice, for which its recipient must be connected.
    async fn typing(&self) {
        let to = self.to();
        let _ = self.hub.mark_online(to, ELSEWHERE, false);
        let item = item::typing(self.users[0].uid, to, true);
        self.store.push(Audience::Users(vec![to]), item);
        // Writes take effect in order, so after this one the item has its number.
        self.store.acknowledge(Vec::new()).await.unwrap();
        let _ = self.hub.end_session(to, ELSEWHERE);
    }

    /// A poll that may not be held. Items are shown by their texts.
    async fn poll(&self, seq: i64, batch: Option<usize>) -> String {
        let channels = Channels::new(self.store.clone(), self.hub.clone());
        let poll = channels.poll(self.to(), ME, Seq(seq), batch, None).await;
        match poll.unwrap() {
            Poll::Wait(_) => "hold".into(),
            Poll::Answer(Answer::Items(items)) => items
                .iter()
                .map(|item| serde_json::from_str::<serde_json::Value>(item).unwrap())
                .map(|item| item["msg"]["text"].as_str().unwrap_or("typ").to_owned())
                .collect::<Vec<_>>()
                .join(","),
            Poll::Answer(Answer::Restart(Seq(seq))) => restart(seq),
            Poll::Answer(other) => format!("{other:?}"),
        }
    }

    /// As if the server had been killed: memory is lost, and numbering goes on at `next`.
    fn forget(&mut self, next: i64, acked: i64) {
        self.hub = new_hub();
        self.hub.load(vec![ChannelState {
            uid: self.to(),
            next: Seq(next),
            acked: Seq(acked),
            visible: true,
        }]);
    }
}

fn restart(seq: i64) -> String {
    format!("restart at {seq}")
}

#[tokio::test]
async fn numbers_are_served_held_or_corrected() {
    let mut world = World::new().await;
    assert_eq!(world.poll(-1, None).await, restart(1));
    assert_eq!(world.poll(0, None).await, restart(1));
    assert_eq!(world.poll(1, None).await, "hold");
    assert_eq!(world.poll(9, None).await, restart(1));
    world.message("one").await;
    world.typing().await;
    world.message("two").await;
    assert_eq!(world.poll(-1, None).await, restart(1));
    assert_eq!(world.poll(1, None).await, "one");
    assert_eq!(world.poll(1, Some(100)).await, "one,typ,two");
    assert_eq!(world.poll(1, Some(2)).await, "one,typ");
    assert_eq!(world.poll(2, None).await, "typ");
    assert_eq!(world.poll(3, None).await, "two");
    assert_eq!(world.poll(4, None).await, "hold");
    // Asking for 4 has acknowledged all.
    assert_eq!(world.poll(-1, None).await, restart(4));
}

#[tokio::test]
async fn sent_messages_are_no_reason_to_begin_earlier() {
    let mut world = World::new().await;
    world.write(1, 0, "written and left").await;
    assert_eq!(world.poll(-1, None).await, restart(2));
    world.message("an answer").await;
    world.write(1, 0, "from elsewhere").await;
    assert_eq!(world.poll(-1, None).await, restart(2));
    assert_eq!(world.poll(2, Some(100)).await, "an answer,from elsewhere");
    assert_eq!(world.poll(4, None).await, "hold");
    world.write(1, 1, "note to self").await;
    assert_eq!(world.poll(-1, None).await, restart(4));
}

#[tokio::test]
async fn a_wrong_number_acknowledges_nothing() {
    let mut world = World::new().await;
    world.message("one").await;
    assert_eq!(world.poll(i64::MAX, None).await, restart(2));
    assert_eq!(world.poll(-1, None).await, restart(1));
}

#[tokio::test]
async fn after_a_restart_messages_remain_and_gaps_are_skipped() {
    let mut world = World::new().await;
    world.message("one").await;
    world.typing().await;
    world.message("two").await;
    world.message("three").await;
    world.forget(1001, 1);
    assert_eq!(world.poll(-1, None).await, restart(1));
    assert_eq!(world.poll(1, None).await, "one");
    assert_eq!(world.poll(1, Some(100)).await, "one");
    assert_eq!(world.poll(2, Some(100)).await, restart(3));
    assert_eq!(world.poll(2, None).await, restart(3));
    assert_eq!(world.poll(3, Some(100)).await, "two,three");
    assert_eq!(world.poll(5, Some(100)).await, restart(1001));
    assert_eq!(world.poll(1001, Some(100)).await, "hold");
    assert_eq!(world.poll(-1, None).await, restart(1001));
}

#[tokio::test]
async fn an_old_client_that_starts_at_0_sees_only_what_nobody_has_fetched() {
    let mut world = World::new().await;
    for text in ["one", "two", "three"] {
        world.message(text).await;
    }
    world.forget(1001, 3);
    assert_eq!(world.poll(0, None).await, restart(3));
    assert_eq!(world.poll(1, None).await, restart(3));
    assert_eq!(world.poll(1, Some(100)).await, "one,two,three");
    assert_eq!(world.poll(3, None).await, "three");
    assert_eq!(world.poll(4, None).await, restart(1001));
    // Everything was fetched: an old client does not go back, but ours may.
    assert_eq!(world.poll(1001, None).await, "hold");
    assert_eq!(world.poll(3, None).await, restart(1001));
    assert_eq!(world.poll(3, Some(1)).await, "three");
}
