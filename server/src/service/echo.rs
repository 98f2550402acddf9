//! The echo account of the demo: always online, types for a moment, and answers with the same text.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::clock::now_ms;
use crate::item;
use crate::store::{Audience, MessageDraft, NewMessage, Store};
use crate::types::{Uid, User};

/// How long it types, for all messages that arrived in the meantime.
const TYPING: Duration = Duration::from_millis(100);
/// The most messages that wait for an answer.
const INBOX: usize = 1024;

/// A running echo account.
#[derive(Clone)]
pub struct Echo {
    uid: Uid,
    inbox: mpsc::Sender<(User, String)>,
}

impl Echo {
    /// Starts to answer for a user, until all clones are dropped.
    pub fn start(user: User, store: Arc<Store>) -> Self {
        let (inbox, messages) = mpsc::channel(INBOX);
        let uid = user.uid;
        tokio::spawn(run(user, store, messages));
        Echo { uid, inbox }
    }

    pub fn is(&self, uid: Uid) -> bool {
        self.uid == uid
    }

    /// Answers a message.
    pub async fn answer(&self, from: User, text: String) {
        // This fails only if the echo has ended, as it does while the server stops.
        let _ = self.inbox.send((from, text)).await;
    }
}

async fn run(own: User, store: Arc<Store>, mut inbox: mpsc::Receiver<(User, String)>) {
    let mut waiting = Vec::new();
    while inbox.recv_many(&mut waiting, 64).await > 0 {
        for (from, _) in &waiting {
            let item = item::typing(own.uid, from.uid, true);
            let audience = Audience::From {
                from: own.uid,
                to: from.uid,
            };
            store.push(audience, item);
        }
        tokio::time::sleep(TYPING).await;
        for (from, text) in waiting.drain(..) {
            let Ok(id) = random_id() else {
                continue;
            };
            let draft = MessageDraft {
                from: own.clone(),
                to: from.uid,
                text,
                files: Vec::new(),
                msg_id: id.to_string(),
                client_time: now_ms(),
                quota: i64::MAX,
            };
            let to_name = from.name;
            if let Err(error) = store.insert_message(NewMessage { draft, to_name }).await {
                log::error!("an answer of the echo was lost: {error}");
            }
        }
    }
}

fn random_id() -> Result<u32, getrandom::Error> {
    // 31 bits, as clients make them.
    getrandom::u32().map(|id| id >> 1)
}
