//! Files that users send: what is known of them, and which messages they belong to. Their contents are kept elsewhere, by their numbers.
//!
//! A file belongs to the user who uploaded it, who alone can attach it to messages. Everybody who can read one of these messages can read the
//! file. What was uploaded stays known for as long as a message refers to it, also when its content is gone.
//!
//! *Idempotency.* An upload is identified by its owner, the owner's id for it, its name and its content. However often it is added, it
//! is one file and counts once.
//!
//! *Deletion.* When a file goes, by whatever process, its number is kept among those of deleted files until somebody says that the
//! content is deleted, too. So a crash between the two loses nothing.

use super::sqlite::attachments;
use super::{Reply, Store, postgres};
use crate::attachment::{Attachment, FileId};
use crate::types::Uid;

/// A file that was uploaded and is to be known.
#[derive(Clone, Debug)]
pub struct NewFile {
    pub owner: Uid,
    /// The owner's id for the upload.
    pub upload_id: String,
    /// A hash of the content, as it was uploaded, and of its name.
    pub hash: Vec<u8>,
    pub attachment: Attachment,
    /// What it takes on the disk with its preview.
    pub bytes: i64,
    /// The most bytes that the owner may upload in 24 hours, and of all files together.
    pub day_limit: i64,
    pub total_limit: i64,
}

/// What came of adding a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileAdded {
    /// It is known from now on.
    New,
    /// It was added before, as this.
    Known(Attachment),
    /// The owner has uploaded too much in the last 24 hours.
    DayUsedUp,
    /// All files together would take too much.
    TotalUsedUp,
    /// The owner does not exist any more.
    NoOwner,
}

/// What files take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileUse {
    /// The bytes that a user has uploaded in the last 24 hours.
    pub day: i64,
    /// The bytes of all files whose content is there.
    pub total: i64,
    /// Whether the user has used the id for an upload before.
    pub is_known: bool,
}

/// A file that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    pub attachment: Attachment,
    /// When it was uploaded, in ms.
    pub time: i64,
    /// Whether its content was deleted because of its age.
    pub is_gone: bool,
}

impl Store {
    /// What files take now, for a first check.
    pub fn file_use(&self, owner: Uid, upload_id: String) -> Reply<FileUse> {
        match self {
            Store::Sqlite(sqlite) => {
                sqlite.read(move |db| attachments::file_use(db, owner, &upload_id))
            }
            Store::Postgres(postgres) => postgres.read(move |db| async move {
                postgres::files::file_use(&db, owner, &upload_id).await
            }),
        }
    }

    /// Adds a file, whose content must be durable by then.
    pub fn add_file(&self, file: NewFile) -> Reply<FileAdded> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.add_file(&file)),
            Store::Postgres(postgres) => postgres.write(async move |tx| tx.add_file(&file).await),
        }
    }

    /// A file, if `reader` may read it: the owner may, and so may everybody who can read a message with it. Without a reader, any file.
    pub fn file(&self, reader: Option<Uid>, id: FileId) -> Reply<Option<StoredFile>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(move |db| attachments::file(db, reader, &id)),
            Store::Postgres(postgres) => postgres
                .read(move |db| async move { postgres::files::file(&db, reader, &id).await }),
        }
    }

    /// The files of a user, oldest first.
    pub fn files_of(&self, owner: Uid) -> Reply<Vec<StoredFile>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.long_read(move |db| attachments::files_of(db, owner)),
            Store::Postgres(postgres) => postgres
                .long_read(move |db| async move { postgres::files::files_of(&db, owner).await }),
        }
    }

    /// Those of `ids` that belong to no file whose content is kept.
    pub fn unknown_files(&self, ids: Vec<FileId>) -> Reply<Vec<FileId>> {
        match self {
            Store::Sqlite(sqlite) => {
                sqlite.long_read(move |db| attachments::unknown_files(db, ids))
            }
            Store::Postgres(postgres) => postgres
                .long_read(move |db| async move { postgres::files::unknown_files(&db, ids).await }),
        }
    }

    /// Forgets files that are older than a day and that no message refers to, and gives up the contents of those that were uploaded
    /// before `expired`.
    pub fn sweep_files(&self, expired: Option<i64>) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.sweep_files(expired)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.sweep_files(expired).await)
            }
        }
    }

    /// Some of the files whose contents are to be deleted.
    pub fn deleted_files(&self) -> Reply<Vec<FileId>> {
        match self {
            Store::Sqlite(sqlite) => sqlite.read(attachments::deleted_files),
            Store::Postgres(postgres) => {
                postgres.read(move |db| async move { postgres::files::deleted_files(&db).await })
            }
        }
    }

    /// The contents of these files are deleted.
    pub fn forget_deleted_files(&self, ids: Vec<FileId>) -> Reply<()> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.forget_deleted_files(&ids)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.forget_deleted_files(&ids).await)
            }
        }
    }

    /// The secret with which links to files are signed: `fresh`, unless there is one already.
    pub fn file_secret(&self, fresh: [u8; 32]) -> Reply<[u8; 32]> {
        match self {
            Store::Sqlite(sqlite) => sqlite.write(move |tx| tx.file_secret(fresh)),
            Store::Postgres(postgres) => {
                postgres.write(async move |tx| tx.file_secret(fresh).await)
            }
        }
    }
}
