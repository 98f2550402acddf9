//! The echo account of the demo: always there, types for a moment, and answers with the same text.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::item;
use crate::store::{Audience, NewMessage, Store, now_ms};
use crate::types::User;

/// How long it types, for everything that has come meanwhile.
const TYPING: Duration = Duration::from_millis(100);

/// Answers until the senders are gone.
pub async fn run(own: User, store: Arc<Store>, mut inbox: mpsc::Receiver<(User, String)>) {
    let mut waiting = Vec::new();
    while inbox.recv_many(&mut waiting, 64).await > 0 {
        for (from, _) in &waiting {
            let typing = item::typing(own.uid, from.uid, true);
            store.push(Audience::Users(vec![from.uid]), typing);
        }
        tokio::time::sleep(TYPING).await;
        for (from, text) in waiting.drain(..) {
            let Ok(id) = random_id() else {
                continue;
            };
            let answer = NewMessage {
                from: own.clone(),
                to: from,
                text,
                msg_id: id.to_string(),
                client_time: now_ms(),
            };
            if let Err(error) = store.insert_message(answer).await {
                log::error!("the echo got lost: {error}");
            }
        }
    }
}

fn random_id() -> Result<u32, getrandom::Error> {
    // 31 bits, as clients make them.
    getrandom::u32().map(|id| id >> 1)
}
