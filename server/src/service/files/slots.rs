//! Slots: places for files that are uploaded later, and without a session. A slot is for one file of one size, and its key contains who
//! asked for it, so that nothing is stored until the file arrives.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use super::{FileError, Files, Upload};
use crate::attachment::FileId;
use crate::clock::now_ms;
use crate::secrets;
use crate::sync::lock;
use crate::types::{Session, Uid};

/// How long a slot can be used, in seconds. An upload that has begun may take longer.
const VALID: i64 = 15 * 60;

/// A place for a file.
pub struct Slot {
    pub id: FileId,
    pub owner: Uid,
    /// Bytes.
    pub size: u64,
}

/// The slots whose files are arriving.
#[derive(Clone, Default)]
pub struct Arriving(Arc<Mutex<HashSet<FileId>>>);

/// One of them, until this is dropped.
pub struct Taken {
    arriving: Arriving,
    id: FileId,
}

impl Arriving {
    fn take(&self, id: &FileId) -> Option<Taken> {
        let is_free = lock(&self.0).insert(id.clone());
        is_free.then(|| Taken {
            arriving: self.clone(),
            id: id.clone(),
        })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        lock(&self.arriving.0).remove(&self.id);
    }
}

impl Files {
    /// The size of the largest file; 0 if there are none.
    pub fn limit(&self) -> u64 {
        self.0.limits.file
    }

    /// Gives a user a slot for a file of `size` bytes; returns its id and the key to use it.
    pub async fn slot(&self, session: &Session, size: u64) -> Result<(FileId, String), FileError> {
        let limits = &self.0.limits;
        if limits.file == 0 {
            return Err(FileError::Off);
        }
        if size == 0 {
            return Err(FileError::Empty);
        }
        if size > limits.file {
            return Err(FileError::TooLarge(limits.file_mib));
        }
        let owner = session.user.uid;
        let id = secrets::random_hex(16).map_err(std::io::Error::other)?;
        let id: FileId = id.parse().map_err(|_| FileError::Disk)?;
        self.check_use(owner, upload_id(&id)).await?;
        let ends = now_ms() / 1000 + VALID;
        let key = format!(
            "{owner}-{size}-{ends}-{}",
            self.sign_slot(&id, owner, size, ends)
        );
        Ok((id, key))
    }

    /// The slot that a key is for, if the key is still valid.
    pub fn open_slot(&self, id: FileId, key: &str) -> Option<Slot> {
        let mut parts = key.splitn(4, '-');
        let owner: Uid = parts.next()?.parse().ok()?;
        let size: u64 = parts.next()?.parse().ok()?;
        let ends: i64 = parts.next()?.parse().ok()?;
        let is_right = secrets::same(&self.sign_slot(&id, owner, size, ends), parts.next()?);
        (is_right && ends > now_ms() / 1000).then_some(Slot { id, owner, size })
    }

    /// Begins the upload to a slot, which can have only one.
    pub async fn begin_slot(&self, slot: &Slot, name: &str) -> Result<Upload, FileError> {
        let taken = self.0.arriving.take(&slot.id).ok_or(FileError::Used)?;
        if self.0.store.file(None, slot.id.clone()).await?.is_some() {
            return Err(FileError::Used);
        }
        self.0.uploads.take(slot.owner)?;
        let upload_id = upload_id(&slot.id);
        let total = self.check_use(slot.owner, upload_id.clone()).await?;
        let mut upload = Upload::begin(self.clone(), slot.owner, upload_id, name, total).await?;
        upload.fill(taken, slot.id.clone());
        Ok(upload)
    }

    fn sign_slot(&self, id: &FileId, owner: Uid, size: u64, ends: i64) -> String {
        secrets::slot_key(self.secret(), &format!("{id} {owner} {size} {ends}"))
    }
}

/// A number for the upload to a slot.
fn upload_id(id: &FileId) -> String {
    let start = id.as_str().get(..16).unwrap_or_default();
    u64::from_str_radix(start, 16)
        .unwrap_or_default()
        .to_string()
}
