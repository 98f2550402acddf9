//! The periodic work of a server: it sends its heartbeat, follows what other servers and commands write, removes servers
//! that have died, and deletes old news.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::{QueuedWrite, RunningWrite, Writer, too_long};
use crate::store::StoreError;
use crate::store::postgres::connection::Db;
use crate::store::postgres::news::Memory;
use crate::store::postgres::nodes;
use crate::store::postgres::transaction::Tx;

/// How often to check what commands and other servers did, in case nothing woke the task, and to send the heartbeat.
pub const UPKEEP: Duration = Duration::from_millis(500);
/// How long one check may take.
const LOOK: Duration = Duration::from_secs(10);
/// After how many checks old news are deleted.
const TRIM_EVERY: u64 = 120;

impl Writer {
    /// Reads what other servers have written, if there is a connection.
    pub(super) async fn look(&mut self) {
        let Some(db) = self.db.clone().filter(|db| !db.is_closed()) else {
            return;
        };
        let start = Instant::now();
        let found = match timeout(LOOK, self.follow(&db)).await {
            Ok(found) => found,
            Err(_) => {
                self.db = None;
                Err(too_long())
            }
        };
        match found {
            Ok(true) => {}
            Ok(false) => self.carry_out(vec![Box::new(Upkeep::Begin)]).await,
            Err(error) => self.outage.note(&error, start),
        }
    }

    /// Reads the news; false if that needs a transaction.
    async fn follow(&mut self, db: &Db) -> Result<bool, StoreError> {
        let Some(own) = &self.own else {
            return Ok(true);
        };
        let Some(turn) = self.follower.look(db, own.id).await? else {
            return Ok(true);
        };
        let mut memory = Memory {
            subscribers: &*self.subscribers,
            numbers: &mut self.numbers,
            last_message: &mut self.last_message,
        };
        self.follower.catch_up(db, turn, own.id, &mut memory).await
    }

    /// Says once that the clock of this machine has become wrong, and once that it is right again.
    fn note_clock(&mut self, ahead: Option<String>) {
        match ahead {
            Some(wrong) if !self.is_clock_wrong => {
                log::error!("{wrong} Set both by NTP.");
                self.is_clock_wrong = true;
            }
            None if self.is_clock_wrong => {
                log::warn!("the clock of this machine is right again");
                self.is_clock_wrong = false;
            }
            _ => {}
        }
    }

    /// Does what is due from time to time.
    pub(super) async fn keep_up(&mut self) {
        let Some(own) = self.own.clone() else {
            return;
        };
        let start = Instant::now();
        let looked = match self.connected().await {
            Ok(db) => {
                let looked = timeout(LOOK, async {
                    let ahead = nodes::beat(&db, &own).await?;
                    let changes = db.number("SELECT changes FROM fbchatd", &[]).await?;
                    Ok((ahead, changes, nodes::has_dead(&db).await?))
                });
                looked.await.unwrap_or_else(|_| {
                    db.abandon();
                    Err(too_long())
                })
            }
            Err(error) => Err(error),
        };
        let (ahead, changes, has_dead) = match looked {
            Ok(looked) => looked,
            Err(error) => return self.outage.note(&error, start),
        };
        self.outage.end();
        self.note_clock(ahead);
        if changes != self.changes {
            self.changes = changes;
            self.changed_outside.store(true, Ordering::Relaxed);
            self.carry_out(vec![Box::new(Upkeep::PublishLeft)]).await;
        }
        if has_dead {
            self.carry_out(vec![Box::new(Upkeep::BuryDead)]).await;
        }
        self.upkeeps = self.upkeeps.wrapping_add(1);
        if self.upkeeps.is_multiple_of(TRIM_EVERY) {
            self.carry_out(vec![Box::new(Upkeep::TrimNews)]).await;
        }
        self.look().await;
    }
}

/// A periodic task of a server.
pub enum Upkeep {
    /// Reads the current state, with the transaction that this needs.
    Begin,
    /// Publishes what commands have left for connected users.
    PublishLeft,
    BuryDead,
    TrimNews,
    /// The server stops.
    Leave,
}

impl QueuedWrite for Upkeep {
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> RunningWrite<'a> {
        Box::pin(async move {
            tx.begin().await?;
            match self {
                Upkeep::Begin => Ok(()),
                Upkeep::PublishLeft => tx.publish_left().await,
                Upkeep::BuryDead => tx.bury_dead().await,
                Upkeep::TrimNews => tx.trim_news().await,
                Upkeep::Leave => tx.leave().await,
            }
        })
    }
}
