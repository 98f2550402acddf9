//! What people show of themselves.

use rusqlite::{OptionalExtension, params};

use super::writer::Tx;
use super::{Reply, Sqlite, StoreError};
use crate::lock;
use crate::types::Uid;

/// The durable side of profiles.
pub trait Profiles {
    /// A user's picture, if it is still the one with this hash.
    fn picture(&self, uid: Uid, hash: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Sets a picture with its hash, or takes it away.
    fn set_picture(&self, uid: Uid, picture: Option<(String, Vec<u8>)>) -> Reply<()>;
}

impl Profiles for Sqlite {
    fn picture(&self, uid: Uid, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(
            "SELECT bytes FROM pictures JOIN users USING (uid) WHERE uid = ?1 AND picture = ?2",
        )?;
        Ok(select
            .query_row(params![uid.0, hash], |row| row.get(0))
            .optional()?)
    }

    fn set_picture(&self, uid: Uid, picture: Option<(String, Vec<u8>)>) -> Reply<()> {
        self.submit(move |tx| tx.set_picture(uid, picture))
    }
}

impl Tx<'_> {
    fn set_picture(
        &mut self,
        uid: Uid,
        picture: Option<(String, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        let db = self.writing()?;
        let hash = if let Some((hash, bytes)) = picture {
            db.execute(
                "INSERT OR REPLACE INTO pictures(uid, bytes) VALUES (?1, ?2)",
                params![uid.0, bytes],
            )?;
            Some(hash)
        } else {
            db.execute("DELETE FROM pictures WHERE uid = ?1", [uid.0])?;
            None
        };
        db.execute(
            "UPDATE users SET picture = ?2 WHERE uid = ?1",
            params![uid.0, hash],
        )?;
        Ok(())
    }
}
