//! The files of messages. A message keeps what its item says about them; the tables here say who may read them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::writer::Tx;
use crate::attachment::{Attachment, FileId, Size};
use crate::clock::now_ms;
use crate::store::limits::{FILES_WITHIN, UNUSED_FILES_FOR};
use crate::store::{FileAdded, FileUse, NewFile, StoreError, StoredFile};
use crate::types::Uid;

/// The columns of a file, in the order in which they are read.
const FILE: &str = "f.id, f.name, f.size, f.mime, f.width, f.height, f.preview_width, f.preview_height, f.time, f.gone";
/// How many deleted files are named at once.
const DELETED: i64 = 1000;

fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<FileId> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            Box::new(error),
        )
    })
}

fn size(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Size>> {
    let (width, height): (Option<u32>, Option<u32>) = (row.get(column)?, row.get(column + 1)?);
    Ok(width
        .zip(height)
        .map(|(width, height)| Size { width, height }))
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredFile> {
    Ok(StoredFile {
        attachment: Attachment {
            id: id(row, 0)?,
            name: row.get(1)?,
            size: row.get(2)?,
            mime: row.get(3)?,
            shown: size(row, 4)?,
            preview: size(row, 6)?,
        },
        time: row.get(8)?,
        is_gone: row.get(9)?,
    })
}

pub fn file_use(db: &Connection, owner: Uid, upload_id: &str) -> Result<FileUse, StoreError> {
    Ok(FileUse {
        day: day_use(db, owner)?,
        total: total_use(db)?,
        is_known: db
            .prepare_cached("SELECT 1 FROM files WHERE owner = ?1 AND upload_id = ?2")?
            .exists(params![owner.0, upload_id])?,
    })
}

fn day_use(db: &Connection, owner: Uid) -> Result<i64, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT coalesce(sum(size), 0) FROM files WHERE owner = ?1 AND time > ?2",
    )?;
    let since = now_ms() - FILES_WITHIN;
    Ok(select.query_row(params![owner.0, since], |row| row.get(0))?)
}

fn total_use(db: &Connection) -> Result<i64, StoreError> {
    let mut select =
        db.prepare_cached("SELECT coalesce(sum(bytes), 0) FROM files WHERE gone = 0")?;
    Ok(select.query_row([], |row| row.get(0))?)
}

pub fn file(
    db: &Connection,
    reader: Option<Uid>,
    id: &FileId,
) -> Result<Option<StoredFile>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {FILE} FROM files f WHERE f.id = ?1 AND (?2 IS NULL OR f.owner = ?2 OR EXISTS (
            SELECT 1 FROM message_files JOIN messages m ON m.id = message WHERE file = f.id
                AND (m.recipient = ?2 OR (m.recipient >= {group} AND EXISTS (
                    SELECT 1 FROM group_members g WHERE g.gid = m.recipient AND g.uid = ?2
                        AND m.id >= g.first_message AND m.id <= coalesce(g.last_message, m.id))))))",
        group = Uid::FIRST_GROUP
    ))?;
    let found = select.query_row(params![id.as_str(), reader.map(|uid| uid.0)], stored);
    Ok(found.optional()?)
}

pub fn files_of(db: &Connection, owner: Uid) -> Result<Vec<StoredFile>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {FILE} FROM files f WHERE f.owner = ?1 ORDER BY f.time, f.id"
    ))?;
    let files = select.query_map([owner.0], stored)?;
    Ok(files.collect::<Result<_, _>>()?)
}

pub fn unknown_files(db: &Connection, ids: Vec<FileId>) -> Result<Vec<FileId>, StoreError> {
    let mut select = db.prepare_cached("SELECT 1 FROM files WHERE id = ?1 AND gone = 0")?;
    let mut unknown = Vec::new();
    for id in ids {
        if !select.exists([id.as_str()])? {
            unknown.push(id);
        }
    }
    Ok(unknown)
}

pub fn deleted_files(db: &Connection) -> Result<Vec<FileId>, StoreError> {
    let mut select = db.prepare_cached("SELECT id FROM deleted_files LIMIT ?1")?;
    let ids = select.query_map([DELETED], |row| id(row, 0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// What an item says about files, if all of them are there and belong to `owner`.
pub fn attachments(
    db: &Connection,
    owner: Uid,
    ids: &[FileId],
) -> Result<Option<Vec<Attachment>>, StoreError> {
    if ids.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let mut select = db.prepare_cached(&format!(
        "SELECT {FILE} FROM files f WHERE f.id = ?1 AND f.owner = ?2 AND f.gone = 0"
    ))?;
    let mut found = Vec::new();
    for id in ids {
        let file = select.query_row(params![id.as_str(), owner.0], stored);
        let Some(file) = file.optional()? else {
            return Ok(None);
        };
        found.push(file.attachment);
    }
    Ok(Some(found))
}

impl Tx<'_> {
    pub fn add_file(&mut self, new: &NewFile) -> Result<FileAdded, StoreError> {
        let db = self.writing()?;
        let known = db
            .prepare_cached(&format!(
                "SELECT {FILE} FROM files f WHERE f.owner = ?1 AND f.upload_id = ?2 AND f.hash = ?3"
            ))?
            .query_row(params![new.owner.0, new.upload_id, new.hash], stored)
            .optional()?;
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
        if day_use(db, new.owner)?.saturating_add(*size) > new.day_limit {
            return Ok(FileAdded::DayUsedUp);
        }
        if total_use(db)?.saturating_add(new.bytes) > new.total_limit {
            return Ok(FileAdded::TotalUsedUp);
        }
        // One whose content is gone is another file from now on.
        db.execute(
            "UPDATE files SET upload_id = id WHERE owner = ?1 AND upload_id = ?2 AND hash = ?3",
            params![new.owner.0, new.upload_id, new.hash],
        )?;
        let added = db
            .prepare_cached(
                "INSERT INTO files(id, owner, upload_id, hash, time, name, size, mime, width, height, preview_width, preview_height, bytes)
                    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13 WHERE EXISTS (SELECT 1 FROM users WHERE uid = ?2)",
            )?
            .execute(params![
                id.as_str(),
                new.owner.0,
                new.upload_id,
                new.hash,
                now_ms(),
                name,
                size,
                mime,
                shown.map(|size| size.width),
                shown.map(|size| size.height),
                preview.map(|size| size.width),
                preview.map(|size| size.height),
                new.bytes
            ])?;
        Ok(if added > 0 {
            FileAdded::New
        } else {
            FileAdded::NoOwner
        })
    }

    /// Notes which files belong to a message that was just stored.
    pub fn attach(&mut self, message: i64, files: &[Attachment]) -> Result<(), StoreError> {
        let mut insert = self
            .writing()?
            .prepare_cached("INSERT OR IGNORE INTO message_files(message, file) VALUES (?1, ?2)")?;
        for file in files {
            insert.execute(params![message, file.id.as_str()])?;
        }
        Ok(())
    }

    pub fn sweep_files(&mut self, expired: Option<i64>) -> Result<(), StoreError> {
        let unused = "time < ?1 AND NOT EXISTS (SELECT 1 FROM message_files WHERE file = id)";
        let before = now_ms() - UNUSED_FILES_FOR;
        let expired = expired.unwrap_or(i64::MIN);
        let due = self
            .reading()
            .prepare_cached(&format!(
                "SELECT 1 FROM files WHERE ({unused}) OR (gone = 0 AND time < ?2) LIMIT 1"
            ))?
            .exists([before, expired])?;
        if !due {
            return Ok(());
        }
        let db = self.erasing()?;
        db.execute(&format!("DELETE FROM files WHERE {unused}"), [before])?;
        db.execute(
            "UPDATE files SET gone = 1 WHERE gone = 0 AND time < ?1",
            [expired],
        )?;
        Ok(())
    }

    pub fn forget_deleted_files(&mut self, ids: &[FileId]) -> Result<(), StoreError> {
        let mut delete = self
            .writing()?
            .prepare_cached("DELETE FROM deleted_files WHERE id = ?1")?;
        for id in ids {
            delete.execute([id.as_str()])?;
        }
        Ok(())
    }

    pub fn file_secret(&mut self, fresh: [u8; 32]) -> Result<[u8; 32], StoreError> {
        let db = self.writing()?;
        db.execute(
            "INSERT OR IGNORE INTO secrets(name, secret) VALUES ('files', ?1)",
            [fresh],
        )?;
        Ok(db.query_row(
            "SELECT secret FROM secrets WHERE name = 'files'",
            [],
            |row| row.get(0),
        )?)
    }
}
