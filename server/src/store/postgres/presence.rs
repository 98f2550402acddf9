//! At which servers a user has clients connected, and what others see of them there.
//!
//! There is a row for each user and server, changed only within a transaction that nobody else writes beside. What others see of a user
//! follows from all their rows, so whoever changes one tells the friends what has changed, and nobody has to agree on anything.

use super::connection::Db;
use super::friendships::watching;
use super::rows::{at, named};
use super::transaction::Tx;
use crate::item;
use crate::store::{News, StoreError};
use crate::types::{Here, Presence, SessionKey, Uid, merged};
use tokio_postgres::Row;

const ACTIVE: i16 = 1;
const IDLE: i16 = 2;
const OFFLINE: i16 = 0;

fn here(row: &Row) -> Result<Here, StoreError> {
    let since: i64 = named(row, "since")?;
    let keys: Vec<&[u8]> = named(row, "sessions")?;
    Ok(Here {
        presence: match named::<i16>(row, "state")? {
            ACTIVE => Presence::Active,
            IDLE => Presence::Idle { since },
            _ => Presence::Offline,
        },
        active: named(row, "active")?,
        sessions: keys
            .into_iter()
            .filter_map(|key| key.try_into().ok().map(SessionKey))
            .collect(),
    })
}

/// Where all users are connected.
pub async fn everywhere(db: &Db) -> Result<Vec<(i64, Uid, Here)>, StoreError> {
    let sql = "SELECT node, uid, state, since, active, sessions FROM presence";
    let mut all = Vec::new();
    for row in db.rows(sql, &[]).await? {
        all.push((at(&row, 0)?, Uid(at(&row, 1)?), here(&row)?));
    }
    Ok(all)
}

/// Where a user is connected.
async fn places(db: &Db, uid: Uid) -> Result<Vec<(i64, Here)>, StoreError> {
    let sql = "SELECT node, state, since, active, sessions FROM presence WHERE uid = $1";
    let mut all = Vec::new();
    for row in db.rows(sql, &[&uid.0]).await? {
        all.push((at(&row, 0)?, here(&row)?));
    }
    Ok(all)
}

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
