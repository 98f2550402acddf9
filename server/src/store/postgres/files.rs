//! The files of messages. A message keeps what its item says about them; the tables here say who may read them.
//!
//! Whatever deletes a file, or gives up its content, notes its number in `deleted_files` in the same statement.

use tokio_postgres::Row;

use super::connection::{Db, Params};
use super::rows::{self, at};
use super::transaction::Tx;
use crate::attachment::{Attachment, FileId, Size};
use crate::clock::now_ms;
use crate::store::limits::{FILES_WITHIN, UNUSED_FILES_FOR};
use crate::store::{FileAdded, FileUse, NewFile, StoreError, StoredFile};
use crate::types::Uid;

/// How many deleted files are named at once.
const DELETED: i64 = 1000;

/// Files, with their columns in the order in which they are read.
macro_rules! select_files {
    ($condition:literal) => {
        concat!(
            "SELECT f.id, f.name, f.size, f.mime, f.width, f.height, f.preview_width, f.preview_height, f.time, f.gone
                FROM files f WHERE ",
            $condition
        )
    };
}

fn id(row: &Row) -> Result<FileId, StoreError> {
    let text: &str = at(row, 0)?;
    text.parse()
        .map_err(|_| StoreError::Damaged("a file has a number that is none".to_owned()))
}

fn size(row: &Row, column: usize) -> Result<Option<Size>, StoreError> {
    let (width, height): (Option<i64>, Option<i64>) = (at(row, column)?, at(row, column + 1)?);
    let pixels = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
    Ok(pixels(width)
        .zip(pixels(height))
        .map(|(width, height)| Size { width, height }))
}

fn stored(row: &Row) -> Result<StoredFile, StoreError> {
    Ok(StoredFile {
        attachment: Attachment {
            id: id(row)?,
            name: at(row, 1)?,
            size: at(row, 2)?,
            mime: at(row, 3)?,
            shown: size(row, 4)?,
            preview: size(row, 6)?,
        },
        time: at(row, 8)?,
        is_gone: at(row, 9)?,
    })
}

pub async fn file_use(db: &Db, owner: Uid, upload_id: &str) -> Result<FileUse, StoreError> {
    let known = "SELECT 1 FROM files WHERE owner = $1 AND upload_id = $2";
    Ok(FileUse {
        day: day_use(db, owner).await?,
        total: total_use(db).await?,
        is_known: db.exists(known, &[&owner.0, &upload_id]).await?,
    })
}

async fn day_use(db: &Db, owner: Uid) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(sum(size), 0)::bigint FROM files WHERE owner = $1 AND time > $2";
    db.number(sql, &[&owner.0, &(now_ms() - FILES_WITHIN)])
        .await
}

/// What the contents of all files take.
pub async fn total_use(db: &Db) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(sum(bytes), 0)::bigint FROM files WHERE NOT gone";
    db.number(sql, &[]).await
}

pub async fn file(
    db: &Db,
    reader: Option<Uid>,
    id: &FileId,
) -> Result<Option<StoredFile>, StoreError> {
    let sql = select_files!(
        "f.id = $1 AND ($2::bigint IS NULL OR f.owner = $2 OR EXISTS (
            SELECT 1 FROM message_files JOIN messages m ON m.id = message WHERE file = f.id
                AND (m.recipient = $2 OR (m.recipient >= 1000000000 AND EXISTS (
                    SELECT 1 FROM group_members g WHERE g.gid = m.recipient AND g.uid = $2
                        AND m.id >= g.first_message AND m.id <= coalesce(g.last_message, m.id))))))"
    );
    let found = db
        .row(sql, &[&id.as_str(), &reader.map(|uid| uid.0)])
        .await?;
    found.as_ref().map(stored).transpose()
}

pub async fn files_of(db: &Db, owner: Uid) -> Result<Vec<StoredFile>, StoreError> {
    let sql = select_files!("f.owner = $1 ORDER BY f.time, f.id");
    rows::all(&db.rows(sql, &[&owner.0]).await?, stored)
}

pub async fn unknown_files(db: &Db, ids: Vec<FileId>) -> Result<Vec<FileId>, StoreError> {
    let asked: Vec<_> = ids.iter().map(FileId::as_str).collect();
    let sql = "SELECT id FROM unnest($1::text[]) WITH ORDINALITY AS asked(id, place)
        WHERE NOT EXISTS (SELECT 1 FROM files f WHERE f.id = asked.id AND NOT f.gone) ORDER BY place";
    rows::all(&db.rows(sql, &[&asked]).await?, id)
}

pub async fn deleted_files(db: &Db) -> Result<Vec<FileId>, StoreError> {
    let sql = "SELECT id FROM deleted_files ORDER BY id LIMIT $1";
    rows::all(&db.rows(sql, &[&DELETED]).await?, id)
}

/// What an item says about files, if all of them are there and belong to `owner`.
pub async fn attachments(
    db: &Db,
    owner: Uid,
    ids: &[FileId],
) -> Result<Option<Vec<Attachment>>, StoreError> {
    let sql = select_files!("f.id = $1 AND f.owner = $2 AND NOT f.gone");
    let mut found = Vec::new();
    for id in ids {
        let Some(row) = db.row(sql, &[&id.as_str(), &owner.0]).await? else {
            return Ok(None);
        };
        found.push(stored(&row)?.attachment);
    }
    Ok(Some(found))
}

impl Tx<'_> {
    pub async fn add_file(&mut self, new: &NewFile) -> Result<FileAdded, StoreError> {
        let upload: Params<'_> = &[&new.owner.0, &new.upload_id, &new.hash];
        let sql = select_files!("f.owner = $1 AND f.upload_id = $2 AND f.hash = $3");
        let known = self.row(sql, upload).await?;
        let known = known.as_ref().map(stored).transpose()?;
        if let Some(file) = known.filter(|file| !file.is_gone) {
            return Ok(FileAdded::Known(file.attachment));
        }
        let Attachment {
            id,
            name,
            size,
            mime,
            shown,
            preview,
        } = &new.attachment;
        if day_use(self, new.owner).await?.saturating_add(*size) > new.day_limit {
            return Ok(FileAdded::DayUsedUp);
        }
        if total_use(self).await?.saturating_add(new.bytes) > new.total_limit {
            return Ok(FileAdded::TotalUsedUp);
        }
        // One whose content is gone is another file from now on.
        let sql =
            "UPDATE files SET upload_id = id WHERE owner = $1 AND upload_id = $2 AND hash = $3";
        self.execute(sql, upload).await?;
        let sql = "INSERT INTO files(id, owner, upload_id, hash, time, name, size, mime, width, height, preview_width, preview_height, bytes)
            SELECT $1::text, $2::bigint, $3::text, $4::bytea, $5::bigint, $6::text, $7::bigint, $8::text,
                $9::bigint, $10::bigint, $11::bigint, $12::bigint, $13::bigint
            WHERE EXISTS (SELECT 1 FROM users WHERE uid = $2)";
        let added = self
            .execute(
                sql,
                &[
                    &id.as_str(),
                    &new.owner.0,
                    &new.upload_id,
                    &new.hash,
                    &now_ms(),
                    name,
                    size,
                    mime,
                    &shown.map(|size| i64::from(size.width)),
                    &shown.map(|size| i64::from(size.height)),
                    &preview.map(|size| i64::from(size.width)),
                    &preview.map(|size| i64::from(size.height)),
                    &new.bytes,
                ],
            )
            .await?;
        Ok(if added > 0 {
            FileAdded::New
        } else {
            FileAdded::NoOwner
        })
    }

    /// Notes which files belong to a message that was just stored.
    pub async fn attach(&self, message: i64, files: &[Attachment]) -> Result<(), StoreError> {
        let files: Vec<_> = files.iter().map(|file| file.id.as_str()).collect();
        let sql = "INSERT INTO message_files(message, file) SELECT $1::bigint, unnest($2::text[]) ON CONFLICT DO NOTHING";
        self.execute(sql, &[&message, &files]).await?;
        Ok(())
    }

    pub async fn sweep_files(&mut self, expired: Option<i64>) -> Result<(), StoreError> {
        let unused = "WITH unused AS (
                DELETE FROM files WHERE time < $1 AND NOT EXISTS (SELECT 1 FROM message_files WHERE file = id) RETURNING id
            ) INSERT INTO deleted_files(id) SELECT id FROM unused ON CONFLICT DO NOTHING";
        self.execute(unused, &[&(now_ms() - UNUSED_FILES_FOR)])
            .await?;
        if let Some(expired) = expired {
            let sql = "WITH expired AS (
                    UPDATE files SET gone = TRUE WHERE NOT gone AND time < $1 RETURNING id
                ) INSERT INTO deleted_files(id) SELECT id FROM expired ON CONFLICT DO NOTHING";
            self.execute(sql, &[&expired]).await?;
        }
        Ok(())
    }

    /// Deletes the files of a user whose messages are deleted.
    pub async fn delete_files_of(&mut self, owner: Uid) -> Result<(), StoreError> {
        let sql = "WITH own AS (DELETE FROM files WHERE owner = $1 RETURNING id)
            INSERT INTO deleted_files(id) SELECT id FROM own ON CONFLICT DO NOTHING";
        self.execute(sql, &[&owner.0]).await?;
        Ok(())
    }

    pub async fn forget_deleted_files(&mut self, ids: &[FileId]) -> Result<(), StoreError> {
        let ids: Vec<_> = ids.iter().map(FileId::as_str).collect();
        let sql = "DELETE FROM deleted_files WHERE id = ANY($1)";
        self.execute(sql, &[&ids]).await?;
        Ok(())
    }

    pub async fn file_secret(&mut self, fresh: [u8; 32]) -> Result<[u8; 32], StoreError> {
        let sql = "INSERT INTO secrets(name, secret) VALUES ('files', $1) ON CONFLICT DO NOTHING";
        self.execute(sql, &[&fresh.as_slice()]).await?;
        rows::secret(self, "files").await
    }
}
