//! At which servers a user has clients connected, and what others see of them there.
//!
//! There is a row for each user and server, changed only in a transaction that has the lock. What others see of a user
//! follows from all their rows, so the server that changes one tells the friends, and servers need not agree on anything else.

use super::friendships::watching;
use super::standing::{ACTIVE, IDLE, OFFLINE, places};
use super::transaction::Tx;
use crate::item;
use crate::store::{News, StoreError};
use crate::types::{Here, Presence, Uid, merged};

impl Tx<'_> {
    /// Takes a user offline for others at once, without waiting for the servers to which they are connected.
    pub async fn hide(&mut self, uid: Uid) -> Result<(), StoreError> {
        for (node, here) in places(self, uid).await? {
            if here.presence != Presence::Offline {
                let presence = Presence::Offline;
                self.set_here(uid, node, Some(Here { presence, ..here }))
                    .await?;
            }
        }
        Ok(())
    }

    /// Notes how a user is connected at a server, `None` if they are not any more, and tells their friends if they see a change.
    pub async fn set_here(
        &mut self,
        uid: Uid,
        node: i64,
        now: Option<Here>,
    ) -> Result<(), StoreError> {
        self.begin().await?;
        let mut places = places(self, uid).await?;
        let before = merged(places.iter().map(|(_, here)| here.presence));
        places.retain(|(known, _)| *known != node);
        places.extend(now.clone().map(|here| (node, here)));
        let after = merged(places.iter().map(|(_, here)| here.presence));
        match &now {
            None => {
                let sql = "DELETE FROM presence WHERE uid = $1 AND node = $2";
                self.execute(sql, &[&uid.0, &node]).await?;
            }
            Some(here) => {
                let (state, since) = match here.presence {
                    Presence::Offline => (OFFLINE, 0),
                    Presence::Active => (ACTIVE, 0),
                    Presence::Idle { since } => (IDLE, since),
                };
                let keys: Vec<&[u8]> = here.sessions.iter().map(|key| &key.0[..]).collect();
                let sql = "INSERT INTO presence(uid, node, state, since, active, sessions) VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (uid, node) DO UPDATE SET state = $3, since = $4, active = $5, sessions = $6";
                self.execute(sql, &[&uid.0, &node, &state, &since, &here.active, &keys])
                    .await?;
            }
        }
        let news = News::Elsewhere {
            node,
            uid,
            here: now,
        };
        if self.own().is_some_and(|own| own.id != node) {
            self.follow_after_commit(news.clone());
        }
        self.tell_nodes(news);
        if before != after {
            let watching = watching(self, uid).await?;
            let item = item::presence(uid, after);
            for friend in self.connected(watching) {
                self.publish(friend, item.clone()).await?;
            }
        }
        Ok(())
    }
}
