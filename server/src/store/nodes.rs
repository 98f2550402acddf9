//! Servers that use one database together, and what they tell each other. With SQLite there is only one.

use std::time::Duration;

use tokio::time::timeout;

use super::{Reply, Store, StoreError, postgres};
use crate::types::{ChannelState, Here, Published, Seq, Uid};

/// How long a request waits for the changes of other servers.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a server publishes about itself.
#[derive(Clone, Debug)]
pub struct NodeInfo {
    /// Its version.
    pub version: String,
    /// Where it is, for operators.
    pub address: String,
    /// How long its users stay online after it has died, in ms.
    pub keeps: i64,
}

impl Default for NodeInfo {
    fn default() -> Self {
        NodeInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            address: String::new(),
            keeps: 90_000,
        }
    }
}

/// A running server.
#[derive(Debug)]
pub struct Node {
    /// A random number.
    pub id: i64,
    pub about: NodeInfo,
    /// For how long it has been running, in ms.
    pub age: i64,
    /// The time since its last heartbeat, in ms.
    pub silent: i64,
}

/// What happened at another server.
#[derive(Clone, Debug)]
pub enum News {
    /// It has published an item.
    Item(Published),
    /// It has published an item that is already deleted.
    Number(Uid, Seq),
    /// How a user is connected there; `None` if they are not any more.
    Elsewhere {
        node: i64,
        uid: Uid,
        here: Option<Here>,
    },
    /// A user has switched chat on or off.
    Visible(Uid, bool),
    /// Sessions of a user may have ended.
    Ended(Uid),
    /// Something for a service.
    Told(String),
    /// Not an event, but the current state of everything.
    Reset {
        channels: Vec<ChannelState>,
        elsewhere: Vec<(i64, Uid, Here)>,
        /// The users who are connected here, as far as the others know.
        own: Vec<Uid>,
    },
}

impl Store {
    /// The running servers. With SQLite they are not known.
    pub fn nodes(&self) -> Reply<Option<Vec<Node>>> {
        match self {
            Store::Sqlite(_) => Box::pin(async { Ok(None) }),
            Store::Postgres(postgres) => {
                postgres.read(move |db| async move { postgres::nodes::nodes(&db).await.map(Some) })
            }
        }
    }

    /// Whether other servers may use the same database.
    pub fn is_shared(&self) -> bool {
        matches!(self, Store::Postgres(_))
    }

    /// Waits until this server knows everything that other servers did before the call.
    pub fn catch_up(&self) -> Reply<()> {
        match self {
            Store::Sqlite(_) => Box::pin(async { Ok(()) }),
            Store::Postgres(postgres) => {
                let caught_up = postgres.write_passing(async |_| Ok(()));
                Box::pin(async move {
                    let caught_up = timeout(PATIENCE, caught_up).await;
                    caught_up
                        .unwrap_or_else(|_| Err(StoreError::Away("it takes too long".to_owned())))
                })
            }
        }
    }

    /// Sends something to the services of other servers; it may be lost in a crash.
    pub fn tell_nodes(&self, text: String) {
        match self {
            Store::Sqlite(_) => {}
            Store::Postgres(postgres) => {
                drop(postgres.write_passing(async move |tx| {
                    tx.tell_nodes(News::Told(text.clone()));
                    Ok(())
                }));
            }
        }
    }
}
