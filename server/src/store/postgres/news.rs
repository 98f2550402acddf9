//! The log through which servers learn what others did, in the order in which it happened.
//!
//! A writer holds the only lock of the database until its commit is visible. So positions in the log become visible in order,
//! and a server that has read up to the last position before it writes knows everything: numbers, presence, who is connected. NOTIFY
//! only makes this faster; a lost notification delays news until the next look, and loses none.
//!
//! The log and the position are not logged by PostgreSQL. After a crash they are gone, which servers see by the number of the epoch; then
//! they read where everything stands. They do the same if they were away for longer than news are kept.

use std::collections::HashMap;

use futures_util::future::try_join;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::connection::Db;
use super::locks;
use super::rows::{self, message_columns, named};
use super::standing::{channel_states, everywhere};
use crate::item;
use crate::store::numbering::{LastMessage, Numbers};
use crate::store::{News, StoreError, Subscribers};
use crate::types::{Here, Presence, Published, Seq, SessionKey, Uid};

/// The channel of NOTIFY.
pub const CHANNEL: &str = "fbchatd";
/// The most news that are read at a time.
const PAGE: i64 = 200;

/// The end of the log, as seen by the server that has the lock.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    pub transaction: i64,
    /// `None` after a crash of the database.
    pub epoch: Option<i64>,
    pub position: i64,
    /// Whether several servers run.
    pub several: bool,
    /// Whether the others know of this server. If they took it for dead, they have stopped writing news for it.
    pub is_entered: bool,
    /// The clock of the database, in ms.
    pub now: i64,
}

/// What a server has read of the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Follower {
    epoch: Option<i64>,
    seen: i64,
}

/// A line of the log that is being written.
pub struct Line {
    pub published: Option<(Uid, Seq, Seq)>,
    /// The message that was published, which is not repeated here.
    pub message: Option<i64>,
    pub text: Option<String>,
}

/// News other than items, as they are written down.
#[derive(Serialize, Deserialize)]
enum Written {
    Elsewhere {
        node: i64,
        uid: Uid,
        here: Option<WrittenHere>,
    },
    Visible(Uid, bool),
    Ended(Uid),
    Told(String),
}

#[derive(Serialize, Deserialize)]
struct WrittenHere {
    state: u8,
    since: i64,
    active: i64,
    sessions: Vec<Vec<u8>>,
}

impl From<Here> for WrittenHere {
    fn from(here: Here) -> Self {
        let (state, since) = match here.presence {
            Presence::Offline => (0, 0),
            Presence::Active => (1, 0),
            Presence::Idle { since } => (2, since),
        };
        WrittenHere {
            state,
            since,
            active: here.active,
            sessions: here.sessions.iter().map(|key| key.0.to_vec()).collect(),
        }
    }
}

impl From<WrittenHere> for Here {
    fn from(here: WrittenHere) -> Self {
        let keys = here.sessions.into_iter();
        Here {
            presence: match here.state {
                1 => Presence::Active,
                2 => Presence::Idle { since: here.since },
                _ => Presence::Offline,
            },
            active: here.active,
            sessions: keys
                .filter_map(|key| key.try_into().ok().map(SessionKey))
                .collect(),
        }
    }
}

/// News as they are written down; items have lines of their own.
pub fn write(news: News) -> Option<String> {
    let written = match news {
        News::Elsewhere { node, uid, here } => Written::Elsewhere {
            node,
            uid,
            here: here.map(WrittenHere::from),
        },
        News::Visible(uid, visible) => Written::Visible(uid, visible),
        News::Ended(uid) => Written::Ended(uid),
        News::Told(text) => Written::Told(text),
        // These are no lines of their own.
        News::Item(_) | News::Number(..) | News::Reset { .. } => return None,
    };
    serde_json::to_string(&written).ok()
}

fn read(text: &str) -> Option<News> {
    // A later version may write what this one does not know.
    Some(match serde_json::from_str(text).ok()? {
        Written::Elsewhere { node, uid, here } => News::Elsewhere {
            node,
            uid,
            here: here.map(Here::from),
        },
        Written::Visible(uid, visible) => News::Visible(uid, visible),
        Written::Ended(uid) => News::Ended(uid),
        Written::Told(text) => News::Told(text),
    })
}

/// What follows from the news in memory.
pub struct Memory<'a> {
    pub subscribers: &'a dyn Subscribers,
    pub numbers: &'a mut HashMap<Uid, Numbers>,
    pub last_message: &'a mut LastMessage,
}

impl Follower {
    /// The epoch of which everything is known.
    pub fn epoch(&self) -> Option<i64> {
        self.epoch
    }

    /// Where the log stands, outside of a transaction; `None` if everything was read.
    pub async fn look(&self, db: &Db, own: i64) -> Result<Option<Turn>, StoreError> {
        let sql = "SELECT epoch, position, EXISTS (SELECT 1 FROM nodes WHERE id = $1 AND NOT stopped) FROM turn";
        let row = db.row(sql, &[&own]).await?;
        let (epoch, position, is_entered) = match &row {
            Some(row) => (
                Some(rows::at(row, 0)?),
                rows::at(row, 1)?,
                rows::at(row, 2)?,
            ),
            None => (None, 0, false),
        };
        if is_entered && epoch == self.epoch && position == self.seen {
            return Ok(None);
        }
        Ok(Some(Turn {
            transaction: 0,
            epoch,
            position,
            several: true,
            is_entered,
            now: 0,
        }))
    }

    /// Reads what is new up to a position. False if that is not possible and everything has to be read again, which needs the lock.
    pub async fn catch_up(
        &mut self,
        db: &Db,
        turn: Turn,
        own: i64,
        memory: &mut Memory<'_>,
    ) -> Result<bool, StoreError> {
        if !turn.is_entered || turn.epoch.is_none() || turn.epoch != self.epoch {
            return Ok(false);
        }
        while self.seen < turn.position {
            let sql = concat!(
                "SELECT ",
                message_columns!(),
                ", n.position, n.node, n.owner, n.seq, n.reserved, n.item, n.message, m.id IS NOT NULL AS found
                    FROM news n LEFT JOIN messages m ON m.id = n.message WHERE n.position > $1 ORDER BY n.position LIMIT $2"
            );
            let found = db.rows(sql, &[&self.seen, &PAGE]).await?;
            let Some(first) = found.first() else {
                return Ok(false);
            };
            if named::<i64>(first, "position")? != self.seen.saturating_add(1) {
                return Ok(false);
            }
            let (mut news, mut seen) = (Vec::new(), self.seen);
            for row in &found {
                seen = named(row, "position")?;
                if named::<i64>(row, "node")? != own {
                    news.extend(line(row, memory)?.filter(|news| !is_about(news, own)));
                }
            }
            memory.subscribers.follow(news);
            self.seen = seen;
        }
        Ok(true)
    }

    /// Reads where everything stands. Only with the lock.
    pub async fn start_anew(
        &mut self,
        db: &Db,
        turn: Turn,
        own: i64,
        memory: &mut Memory<'_>,
    ) -> Result<(), StoreError> {
        let epoch = match turn.epoch {
            Some(epoch) => epoch,
            None => {
                let epoch = getrandom::u64().map_err(|error| StoreError::Failed {
                    why: error.to_string(),
                    advice: "",
                })?;
                let epoch = epoch.cast_signed();
                let sql = "INSERT INTO turn(epoch, position) VALUES ($1, 0)";
                db.execute(sql, &[&epoch]).await?;
                epoch
            }
        };
        let (mut own_users, mut elsewhere) = (Vec::new(), Vec::new());
        for (node, uid, here) in everywhere(db).await? {
            if node == own {
                own_users.push(uid);
            } else {
                elsewhere.push((node, uid, here));
            }
        }
        let last = db
            .number("SELECT coalesce(max(id), 0) FROM messages", &[])
            .await?;
        let time = db
            .number(
                "SELECT coalesce((SELECT time FROM messages ORDER BY id DESC LIMIT 1), 0)",
                &[],
            )
            .await?;
        memory.last_message.raise(last, time);
        memory.numbers.clear();
        memory.subscribers.follow(vec![News::Reset {
            channels: channel_states(db).await?,
            elsewhere,
            own: own_users,
        }]);
        (self.epoch, self.seen) = (Some(epoch), turn.position);
        Ok(())
    }

    /// Everything up to here was written by this server itself, or read before.
    pub fn wrote(&mut self, position: i64) {
        self.seen = position;
    }
}

/// Whether news are about how users are connected to this server, which it knows better.
fn is_about(news: &News, own: i64) -> bool {
    matches!(news, News::Elsewhere { node, .. } if *node == own)
}

/// The news in a line.
fn line(row: &Row, memory: &mut Memory<'_>) -> Result<Option<News>, StoreError> {
    let item: Option<String> = named(row, "item")?;
    let owner: Option<i64> = named(row, "owner")?;
    let Some(owner) = owner.map(Uid) else {
        return Ok(item.as_deref().and_then(read));
    };
    let (seq, reserved) = (Seq(named(row, "seq")?), Seq(named(row, "reserved")?));
    let next = seq.next();
    memory.numbers.insert(owner, Numbers { next, reserved });
    let item = match item {
        Some(item) => Some(item.into()),
        None if named(row, "found")? => {
            let message = rows::message(row)?;
            memory.last_message.raise(message.id, message.time);
            Some(item::message(&message))
        }
        None => {
            if let Some(id) = named::<Option<i64>>(row, "message")? {
                memory.last_message.raise(id, 0);
            }
            None
        }
    };
    Ok(Some(match item {
        Some(item) => News::Item(Published { owner, seq, item }),
        None => News::Number(owner, seq),
    }))
}

/// Opens a transaction, waits for everybody else who writes, and says where the log stands. `own` is the server that asks.
pub async fn begin(db: &Db, own: Option<i64>) -> Result<Turn, StoreError> {
    let begin = format!("BEGIN; SELECT pg_advisory_xact_lock({})", locks::WRITE);
    // A statement of its own, which sees what was there when the lock was taken.
    let sql = "SELECT pg_current_xact_id()::text::bigint, (SELECT epoch FROM turn), coalesce((SELECT position FROM turn), 0),
        (SELECT count(*) FROM nodes WHERE NOT stopped) > 1, EXISTS (SELECT 1 FROM nodes WHERE id = $1 AND NOT stopped),
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    let ((), row) = try_join(db.batch(&begin), db.row(sql, &[&own])).await?;
    let row = row.ok_or_else(|| StoreError::Away("it does not number transactions".to_owned()))?;
    Ok(Turn {
        transaction: rows::at(&row, 0)?,
        epoch: rows::at(&row, 1)?,
        position: rows::at(&row, 2)?,
        several: rows::at(&row, 3)?,
        is_entered: rows::at(&row, 4)?,
        now: rows::at(&row, 5)?,
    })
}
