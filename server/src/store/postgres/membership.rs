//! The list of running servers: they register and leave, and those that have died are removed.

use super::nodes::Own;
use super::rows::at;
use super::transaction::Tx;
use crate::store::StoreError;
use crate::types::Uid;

/// A server counts as dead after this long without a heartbeat, or later if its users stay online longer; in ms.
const DEAD_AFTER: i64 = 10_000;

impl Tx<'_> {
    /// Registers a server.
    pub async fn enter(&mut self, own: &Own) -> Result<(), StoreError> {
        let keeps = own.about.keeps.max(DEAD_AFTER);
        let sql = "INSERT INTO nodes(id, version, address, started, beat, keeps) VALUES ($1, $2, $3, $4, $4, $5)
            ON CONFLICT (id) DO UPDATE SET beat = $4, stopped = FALSE";
        let now = self.now();
        let (version, address) = (&own.about.version, &own.about.address);
        self.execute(sql, &[&own.id, version, address, &now, &keeps])
            .await?;
        Ok(())
    }

    /// A server stops. Its users stay online for as long as if it had died, because they reconnect to another one.
    pub async fn leave(&mut self) -> Result<(), StoreError> {
        let Some(own) = self.own() else {
            return Ok(());
        };
        let sql = "UPDATE nodes SET stopped = TRUE, beat = $2 WHERE id = $1";
        let now = self.now();
        self.execute(sql, &[&own.id, &now]).await?;
        Ok(())
    }

    /// Takes the users of dead servers offline, and removes these servers.
    pub async fn bury_dead(&mut self) -> Result<(), StoreError> {
        self.begin().await?;
        let now = self.now();
        let sql = "SELECT id FROM nodes WHERE beat + keeps < $1";
        for row in self.rows(sql, &[&now]).await? {
            let dead: i64 = at(&row, 0)?;
            let sql = "SELECT uid FROM presence WHERE node = $1";
            for row in self.rows(sql, &[&dead]).await? {
                self.set_here(Uid(at(&row, 0)?), dead, None).await?;
            }
            self.execute("DELETE FROM nodes WHERE id = $1", &[&dead])
                .await?;
        }
        Ok(())
    }

    /// Removes what earlier servers have left, when no other server runs.
    pub async fn forget_all_nodes(&mut self) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM nodes",
            "DELETE FROM presence",
            "DELETE FROM news",
        ] {
            self.execute(sql, &[]).await?;
        }
        Ok(())
    }
}
