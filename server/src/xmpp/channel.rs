//! The channel of a client's user: which items the client gets, and which of them it has. Each client has its own read position.

use super::session::{Client, WAITING};
use crate::service::StoreError;
use crate::service::channel::Answer;
use crate::types::Seq;

impl Client {
    /// From now on the client gets the items of the channel: those that were not fetched yet, and new ones.
    pub async fn begin_channel(&mut self) -> Result<(), StoreError> {
        if self.cursor.is_none() {
            let start = self.xmpp.services.channels.start(self.uid).await?;
            // What has changed since the client came, for instance in its roster.
            let start = start.min(self.late);
            self.cursor = Some(start);
            self.acknowledged = start;
        }
        Ok(())
    }

    pub async fn read_channel(&mut self) -> Result<(), StoreError> {
        self.catch_up().await?;
        while let Some(cursor) = self.cursor.filter(|_| self.is_available()) {
            let is_full = self
                .management
                .as_ref()
                .is_some_and(|management| !management.has_room());
            if self.wire.pending() >= WAITING || is_full {
                return Ok(());
            }
            match self.xmpp.services.channels.read(self.uid, cursor).await? {
                None => {
                    self.forget_sent();
                    return Ok(());
                }
                Some(Answer::Items(items)) => {
                    let mut next = cursor;
                    for item in items {
                        self.item(&item, next).await?;
                        next = next.next();
                        self.cursor = Some(next);
                    }
                }
                Some(Answer::Restart(next)) => {
                    self.cursor = Some(next);
                    // What is missing told of friends. At the beginning they are told anyway.
                    self.is_behind |= cursor >= self.late;
                    self.catch_up().await?;
                }
                Some(Answer::Continue | Answer::Ended) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Tells the client what it has missed of its friends and rooms.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        if self.is_behind {
            self.tell_all_presences().await?;
            self.sync_rooms().await?;
            self.is_behind = false;
        }
        self.tell_withheld().await
    }

    pub fn everything_sent(&mut self) {
        if self.management.is_none() {
            self.acknowledge_channel(None);
        }
    }

    /// The client has all items below a number, or all that were sent.
    pub fn acknowledge_channel(&mut self, below: Option<Seq>) {
        if let Some(below) = below.or(self.cursor)
            && below > self.acknowledged
        {
            self.acknowledged = below;
            self.xmpp.services.channels.acknowledge(self.uid, below);
        }
    }
}
