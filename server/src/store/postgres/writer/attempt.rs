//! Carrying out writes in one transaction, again and again while the database is away, and asking whether a commit took place whose
//! answer was lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::{QueuedWrite, Writer, too_long};
use crate::store::StoreError;
use crate::store::postgres::connection::Db;
use crate::types::Published;

/// How long one attempt to carry out a batch may take.
pub const ATTEMPT: Duration = Duration::from_secs(30);

type Jobs = [Box<dyn QueuedWrite>];

/// A commit whose answer was lost, and what is published if it took place.
pub struct Unknown {
    transaction: i64,
    published: Vec<Published>,
}

/// How an attempt to carry out a batch failed.
pub enum Failed {
    /// It left nothing behind and can be repeated.
    Lost(StoreError),
    /// It may have been committed.
    Unknown(Unknown, StoreError),
    /// It left nothing behind, and the database would refuse it again.
    Refused(StoreError),
}

impl Writer {
    /// Carries out jobs in one transaction, again and again while the database is away, but not for
    /// longer than its patience.
    pub(super) async fn commit(&mut self, jobs: &mut Jobs) -> Result<Vec<Published>, Failed> {
        let mut unknown: Option<Unknown> = None;
        loop {
            let attempt = match self.connected().await {
                Ok(db) => match unknown.take() {
                    Some(asked) => match self.took_place(&db, &asked).await {
                        Ok(true) => return Ok(asked.published),
                        Ok(false) => self.attempt(db, jobs).await,
                        Err(error) => Err(Failed::Unknown(asked, error)),
                    },
                    None => self.attempt(db, jobs).await,
                },
                Err(error) => Err(match unknown.take() {
                    Some(asked) => Failed::Unknown(asked, error),
                    None => Failed::Lost(error),
                }),
            };
            let failed = match attempt {
                Ok(published) => {
                    self.outage.end();
                    return Ok(published);
                }
                Err(Failed::Refused(error)) => return Err(Failed::Refused(error)),
                Err(failed) => failed,
            };
            let (Failed::Lost(error) | Failed::Unknown(_, error) | Failed::Refused(error)) =
                &failed;
            self.outage.note(error);
            if self.outage.is_too_long() {
                if let Failed::Unknown(asked, _) = &failed {
                    self.skip(&asked.published);
                }
                return Err(failed);
            }
            if let Failed::Unknown(asked, _) = failed {
                unknown = Some(asked);
            }
            self.outage.pause().await;
        }
    }

    /// One attempt to carry out jobs.
    async fn attempt(&mut self, db: Arc<Db>, jobs: &mut Jobs) -> Result<Vec<Published>, Failed> {
        let start = Instant::now();
        let mut tx = self.transaction(db);
        let work = async {
            for group in jobs.chunk_by_mut(|a, b| a.message().is_some() && b.message().is_some()) {
                let messages: Vec<_> = group.iter().filter_map(|job| job.message()).collect();
                if messages.len() < 2 {
                    for job in group {
                        job.run(&mut tx).await?;
                    }
                    continue;
                }
                let inserted = tx.insert_messages(&messages).await?;
                for (job, inserted) in group.iter_mut().zip(inserted) {
                    job.inserted(inserted);
                }
            }
            tx.before_commit().await
        };
        let done = timeout(ATTEMPT, work).await;
        let done = done.unwrap_or_else(|_| Err(too_long()));
        let failed = match done {
            Ok(()) => match timeout(ATTEMPT, tx.commit()).await {
                Ok(Ok(())) => {
                    let published = tx.committed();
                    drop(tx);
                    self.commits.observe(start.elapsed().as_secs_f64());
                    return Ok(published);
                }
                Ok(Err(error @ StoreError::Failed { .. })) => Failed::Refused(error),
                lost => {
                    let error = match lost {
                        Ok(Err(error)) => error,
                        _ => too_long(),
                    };
                    match tx.transaction {
                        Some(transaction) => {
                            let published = std::mem::take(&mut tx.published);
                            Failed::Unknown(
                                Unknown {
                                    transaction,
                                    published,
                                },
                                error,
                            )
                        }
                        None => Failed::Lost(error),
                    }
                }
            },
            Err(error @ StoreError::Away(_)) => Failed::Lost(error),
            Err(error) => Failed::Refused(error),
        };
        let keep_connection = matches!(failed, Failed::Refused(_)) && tx.roll_back().await;
        if !matches!(failed, Failed::Unknown(..)) {
            tx.restore_numbers();
        }
        if !keep_connection {
            self.db = None;
        }
        Err(failed)
    }

    /// Whether a transaction was committed.
    async fn took_place(&mut self, db: &Db, asked: &Unknown) -> Result<bool, StoreError> {
        // An id that the database does not know yet, or not any more, is one of a state that it went back behind.
        let sql = "SELECT CASE WHEN $1 < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                THEN coalesce(pg_xact_status($1::text::xid8), 'aborted') ELSE 'aborted' END";
        let status = timeout(ATTEMPT, db.row(sql, &[&asked.transaction])).await;
        let status = status.map_err(|_| too_long())??;
        let status: String = match status {
            Some(row) => row.try_get(0)?,
            None => return Ok(false),
        };
        match status.as_str() {
            "committed" => Ok(true),
            // The other end has not noticed yet that this one is gone.
            "in progress" => Err(StoreError::Away("a transaction has not ended".to_owned())),
            _ => {
                self.restore(&asked.published);
                Ok(false)
            }
        }
    }

    /// Gives numbers back that were not used after all.
    fn restore(&mut self, published: &[Published]) {
        for item in published {
            // The mark was not saved either; it is read again.
            self.numbers.remove(&item.owner);
        }
    }

    /// Skips numbers that may have been used, and reserves new ones before the next.
    fn skip(&mut self, published: &[Published]) {
        for item in published {
            if let Some(numbers) = self.numbers.get_mut(&item.owner) {
                numbers.reserved = numbers.next;
            }
        }
    }
}
