//! Unread conversations and notifications.

use super::blocks::has_blocked;
use super::connection::Db;
use super::rows::{self, at, named, user_columns};
use super::transaction::Tx;
use crate::item;
use crate::store::limits::MAX_NOTIFICATIONS;
use crate::store::{Conversation, Kind, Notification, StoreError};
use crate::types::Uid;

pub async fn unread(db: &Db, uid: Uid) -> Result<Vec<Conversation>, StoreError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        ", unread.messages AS unread_messages, unread.time AS unread_time FROM unread JOIN users ON users.uid = peer
            WHERE owner = $1 ORDER BY (SELECT max(id) FROM messages
                WHERE messages.time = unread.time AND sender = peer AND recipient = owner) DESC NULLS LAST"
    );
    rows::all(&db.rows(sql, &[&uid.0]).await?, |row| {
        Ok(Conversation {
            peer: rows::user(row)?,
            messages: named(row, "unread_messages")?,
            time: named(row, "unread_time")?,
        })
    })
}

pub async fn notifications(db: &Db, uid: Uid) -> Result<Vec<Notification>, StoreError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        ", id, kind, time, seen FROM notifications JOIN users ON users.uid = actor
            WHERE owner = $1 ORDER BY id DESC"
    );
    let mut known = Vec::new();
    for row in db.rows(sql, &[&uid.0]).await? {
        let name: &str = named(&row, "kind")?;
        // A kind that only a later version knows is left out.
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
            continue;
        };
        known.push(Notification {
            id: named(&row, "id")?,
            kind,
            actor: rows::user(&row)?,
            time: named(&row, "time")?,
            seen: named(&row, "seen")?,
        });
    }
    Ok(known)
}

impl Tx<'_> {
    pub async fn mark_read(&mut self, owner: Uid, peer: Uid) -> Result<(), StoreError> {
        let delete = "DELETE FROM unread WHERE owner = $1 AND peer = $2";
        if self.execute(delete, &[&owner.0, &peer.0]).await? > 0 {
            self.publish_unread(&[owner]).await?;
        }
        Ok(())
    }

    /// Tells users who are connected how many conversations are unread.
    pub async fn publish_unread(&mut self, owners: &[Uid]) -> Result<(), StoreError> {
        let mut owners: Vec<_> = owners.iter().map(|owner| owner.0).collect();
        owners.sort_unstable();
        owners.dedup();
        owners.retain(|owner| self.is_connected(Uid(*owner)));
        if owners.is_empty() {
            return Ok(());
        }
        let sql = "SELECT owner, (SELECT count(*) FROM unread WHERE unread.owner = owners.owner) FROM unnest($1::bigint[]) AS owners(owner)";
        for row in self.rows(sql, &[&owners]).await? {
            let unread = item::inbox(at(&row, 1)?);
            self.publish(rows::uid(&row)?, unread).await?;
        }
        Ok(())
    }

    /// Adds a notification, unless its owner has blocked the one who causes it.
    pub async fn notify(
        &mut self,
        owner: Uid,
        kind: Kind,
        actor: Uid,
        time: i64,
    ) -> Result<(), StoreError> {
        if has_blocked(self, owner, actor).await? {
            return Ok(());
        }
        let insert = "INSERT INTO notifications(owner, kind, actor, time) VALUES ($1, $2, $3, $4)";
        self.execute(insert, &[&owner.0, &kind.name(), &actor.0, &time])
            .await?;
        let delete = "DELETE FROM notifications WHERE id IN
            (SELECT id FROM notifications WHERE owner = $1 ORDER BY id DESC OFFSET $2)";
        self.execute(delete, &[&owner.0, &MAX_NOTIFICATIONS])
            .await?;
        Ok(())
    }

    /// Deletes the notification of something that is settled.
    pub async fn delete_notification(
        &mut self,
        owner: Uid,
        kind: Kind,
        actor: Uid,
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM notifications WHERE owner = $1 AND kind = $2 AND actor = $3";
        self.execute(sql, &[&owner.0, &kind.name(), &actor.0])
            .await?;
        Ok(())
    }

    pub async fn mark_seen(&mut self, owner: Uid) -> Result<(), StoreError> {
        let sql = "UPDATE notifications SET seen = TRUE WHERE owner = $1 AND NOT seen";
        self.execute(sql, &[&owner.0]).await?;
        Ok(())
    }
}
