//! Channels: their numbering, and what they delivered.

use std::sync::Arc;

use super::blocks::has_blocked;
use super::connection::Db;
use super::friendships::{friend_uids, watching};
use super::rows::{self, at, message_columns, named};
use super::transaction::Tx;
use crate::clock::now_ms;
use crate::store::{Audience, StoreError};
use crate::types::{Message, Seq, Uid};

pub use super::standing::channel_states;

/// How long an item waits for the server, in ms. Clients that connect later ask for the current state themselves.
const LEFT_FOR: i64 = 60_000;

pub async fn acked(db: &Db, uid: Uid) -> Result<Option<Seq>, StoreError> {
    let sql = "SELECT acked FROM channels WHERE uid = $1";
    let row = db.row(sql, &[&uid.0]).await?;
    row.map(|row| at(&row, 0).map(Seq)).transpose()
}

pub async fn deliveries(
    db: &Db,
    owner: Uid,
    from: Seq,
    below: Seq,
    limit: usize,
) -> Result<Vec<(Seq, Message)>, StoreError> {
    let sql = concat!(
        "SELECT ",
        message_columns!(),
        ", d.seq FROM deliveries d JOIN messages m ON m.id = d.message
            WHERE d.owner = $1 AND d.seq >= $2 AND d.seq < $3 ORDER BY d.seq LIMIT $4"
    );
    let found = db
        .rows(sql, &[&owner.0, &from.0, &below.0, &(limit as i64)])
        .await?;
    rows::all(&found, |row| {
        Ok((Seq(named(row, "seq")?), rows::message(row)?))
    })
}

pub async fn first_received(
    db: &Db,
    owner: Uid,
    from: Seq,
    below: Seq,
) -> Result<Option<Seq>, StoreError> {
    let sql = "SELECT d.seq FROM deliveries d JOIN messages m ON m.id = d.message
        WHERE d.owner = $1 AND d.seq >= $2 AND d.seq < $3 AND (m.recipient = $1 OR m.sender <> $1) ORDER BY d.seq LIMIT 1";
    let first = db.row(sql, &[&owner.0, &from.0, &below.0]).await?;
    first.map(|row| at(&row, 0).map(Seq)).transpose()
}

impl Tx<'_> {
    pub async fn acknowledge(&mut self, acked: &[(Uid, Seq)]) -> Result<(), StoreError> {
        let (uids, seqs): (Vec<i64>, Vec<i64>) =
            acked.iter().map(|(uid, seq)| (uid.0, seq.0)).unzip();
        let sql = "UPDATE channels SET acked = fetched.seq
            FROM (SELECT uid, max(seq) AS seq FROM unnest($1::bigint[], $2::bigint[]) AS all_fetched(uid, seq) GROUP BY uid) AS fetched
            WHERE channels.uid = fetched.uid AND acked < fetched.seq";
        self.execute(sql, &[&uids, &seqs]).await?;
        Ok(())
    }

    /// Publishes what commands have left for connected users.
    pub async fn publish_left(&mut self) -> Result<(), StoreError> {
        self.must_last();
        let sql = "SELECT id, owner, item, abs($1 - time) < $2 FROM outbox ORDER BY id";
        for row in self.rows(sql, &[&now_ms(), &LEFT_FOR]).await? {
            let (id, owner): (i64, Uid) = (at(&row, 0)?, Uid(at(&row, 1)?));
            let (item, is_new): (String, bool) = (at(&row, 2)?, at(&row, 3)?);
            let is_connected = is_new && self.is_connected(owner);
            if is_connected {
                self.publish(owner, item.into()).await?;
            }
            if is_connected || !is_new {
                self.execute("DELETE FROM outbox WHERE id = $1", &[&id])
                    .await?;
            }
        }
        Ok(())
    }

    pub async fn push(&mut self, audience: &Audience, item: &Arc<str>) -> Result<(), StoreError> {
        self.begin().await?;
        let uids = match audience {
            Audience::Users(uids) => uids.clone(),
            Audience::From { from, to } if has_blocked(self, *to, *from).await? => return Ok(()),
            Audience::From { to, .. } => vec![*to],
            Audience::Watching(uid) => watching(self, *uid).await?,
            Audience::UserAndFriends(uid) => {
                let mut uids = friend_uids(self, *uid).await?;
                uids.push(*uid);
                uids
            }
        };
        for uid in self.connected(uids) {
            self.publish(uid, item.clone()).await?;
        }
        Ok(())
    }
}
