//! Writes down for other servers what this one has done.

use std::collections::HashMap;

use super::news::{CHANNEL, Line, write};
use super::nodes::Own;
use super::transaction::Tx;
use crate::store::{News, StoreError};

/// How long news are kept, in ms.
const KEPT: i64 = 300_000;

impl Tx<'_> {
    /// Something that other servers have to know once this transaction is committed.
    pub fn tell_nodes(&mut self, news: News) {
        let text = write(news);
        if text.is_some() {
            self.lines.push(Line {
                published: None,
                message: None,
                text,
            });
        }
    }

    /// Writes down how far the channels are numbered, and for other servers what has happened. Returns the position after it.
    pub(super) async fn write_news(&mut self, own: &Own) -> Result<(), StoreError> {
        let lines = std::mem::take(&mut self.lines);
        let mut last = HashMap::new();
        for (owner, seq, _) in lines.iter().filter_map(|line| line.published) {
            last.insert(owner.0, seq.next().0);
        }
        if !last.is_empty() {
            let (uids, next): (Vec<i64>, Vec<i64>) = last.into_iter().unzip();
            let sql = "INSERT INTO numbers(uid, next) SELECT uid, next FROM unnest($1::bigint[], $2::bigint[]) AS numbers(uid, next)
                ON CONFLICT (uid) DO UPDATE SET next = excluded.next";
            self.execute(sql, &[&uids, &next]).await?;
        }
        let Some(turn) = self.turn.filter(|turn| turn.several) else {
            return Ok(());
        };
        if lines.is_empty() {
            return Ok(());
        }
        let (mut owners, mut seqs, mut reserved) = (Vec::new(), Vec::new(), Vec::new());
        let (mut messages, mut texts) = (Vec::new(), Vec::new());
        for line in lines {
            owners.push(line.published.map(|(owner, ..)| owner.0));
            seqs.push(line.published.map(|(_, seq, _)| seq.0));
            reserved.push(line.published.map(|(.., reserved)| reserved.0));
            messages.push(line.message);
            texts.push(line.text);
        }
        let count = i64::try_from(owners.len()).unwrap_or(i64::MAX);
        let sql = "INSERT INTO news(position, node, time, owner, seq, reserved, message, item)
            SELECT $1 + at, $2, $3, owner, seq, reserved, message, item
            FROM unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[]) WITH ORDINALITY
                AS lines(owner, seq, reserved, message, item, at)";
        let (position, now) = (turn.position, turn.now);
        self.execute(
            sql,
            &[
                &position, &own.id, &now, &owners, &seqs, &reserved, &messages, &texts,
            ],
        )
        .await?;
        let position = position.saturating_add(count);
        self.execute("UPDATE turn SET position = $1", &[&position])
            .await?;
        self.execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &own.id.to_string()])
            .await?;
        self.position = Some(position);
        Ok(())
    }

    /// Deletes news that everybody has read, or was away for too long to read.
    pub async fn trim_news(&mut self) -> Result<(), StoreError> {
        self.begin().await?;
        let before = self.now().saturating_sub(KEPT);
        self.execute("DELETE FROM news WHERE time < $1", &[&before])
            .await?;
        Ok(())
    }
}
