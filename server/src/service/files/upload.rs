//! One upload, from its first byte to a file that the store knows.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use ring::digest::{Context, SHA256};

use super::cleaning::{Format, films};
use super::content::{self, Content};
use super::disk::{Draft, Part};
use super::slots::Taken;
use super::stage::Stage;
use super::{FileError, Files, Inner};
use crate::attachment::{Attachment, FileId};
use crate::secrets;
use crate::service::detached::detached;
use crate::store::{FileAdded, NewFile};
use crate::types::Uid;

/// How much of a file says what it is.
const HEAD: usize = 64;

/// A file that is arriving. Nothing of it is left if this is dropped.
pub struct Upload {
    files: Files,
    owner: Uid,
    upload_id: String,
    name: String,
    /// The first bytes.
    head: Vec<u8>,
    size: u64,
    draft: Stage<Draft>,
    /// Tells uploads apart. Processors have instructions for this one, so it does not set the pace.
    hash: Stage<Context>,
    pending: Pending,
    /// The slot that it is for, if it is for one.
    slot: Option<(Taken, FileId)>,
    /// What all files took in the beginning.
    total: i64,
}

/// Bytes that are not counted by the store yet.
struct Pending {
    all: Arc<AtomicI64>,
    own: i64,
}

impl Pending {
    /// Adds some; returns those of all uploads.
    fn add(&mut self, bytes: usize) -> i64 {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.own = self.own.saturating_add(bytes);
        let before = self.all.fetch_add(bytes, Ordering::Relaxed);
        before.saturating_add(bytes)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.all.fetch_sub(self.own, Ordering::Relaxed);
    }
}

impl Upload {
    pub(super) async fn begin(
        files: Files,
        owner: Uid,
        upload_id: String,
        name: &str,
        total: i64,
    ) -> Result<Self, FileError> {
        let disk = files.0.disk()?;
        let draft = files.0.workers.run(move |()| disk.create());
        let draft = draft.await.ok_or(FileError::Disk)??;
        let pending = Pending {
            all: files.0.pending.clone(),
            own: 0,
        };
        Ok(Upload {
            files,
            owner,
            upload_id,
            name: name.to_owned(),
            head: Vec::new(),
            size: 0,
            draft: Stage::new(draft, Draft::write),
            hash: Stage::new(Context::new(&SHA256), |hash, bytes| {
                hash.update(bytes);
                Ok(())
            }),
            pending,
            slot: None,
            total,
        })
    }

    /// The file is for a slot.
    pub(super) fn fill(&mut self, taken: Taken, id: FileId) {
        self.slot = Some((taken, id));
    }

    /// Takes the next bytes. They are written and hashed while more arrive.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), FileError> {
        let limits = &self.files.0.limits;
        self.size += bytes.len() as u64;
        if self.size > limits.file {
            return Err(FileError::TooLarge(limits.file_mib));
        }
        let pending = self.pending.add(bytes.len());
        if self.total.saturating_add(pending) > limits.total {
            return Err(FileError::TotalUsedUp);
        }
        let missing = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        let first = bytes.get(..missing).unwrap_or_default();
        self.head.extend_from_slice(first);
        let workers = &self.files.0.workers;
        self.draft.push(workers, bytes.clone()).await?;
        self.hash.push(workers, bytes).await?;
        Ok(())
    }

    /// Makes a file of what has arrived. After `Ok` it is on disk, from this upload or an earlier one.
    pub async fn finish(self) -> Result<Attachment, FileError> {
        if self.size == 0 {
            return Err(FileError::Empty);
        }
        detached(self.store()).await
    }

    async fn store(self) -> Result<Attachment, FileError> {
        let files = &self.files.0;
        let draft = self.draft.finish(&files.workers);
        let (draft, hash) = tokio::join!(draft, self.hash.finish(&files.workers));
        let (draft, mut hash) = (draft?, hash?);
        hash.update(self.name.as_bytes());
        let hash = hash.finish().as_ref().to_vec();
        let content = match Format::of(&self.head) {
            Some(format) => {
                let (disk, name) = (files.disk()?, self.name.clone());
                let cleaned = files
                    .renderer
                    .run(move || content::cleaned(&disk, &draft, format, &name));
                cleaned.await.unwrap_or(Err(FileError::Damaged))?
            }
            None if films::is_film(&self.head) => {
                let (name, size) = (self.name.clone(), self.size);
                let cleaned = files
                    .workers
                    .run(move |()| content::film(draft, &name, size));
                cleaned.await.ok_or(FileError::Disk)??
            }
            None => content::unchanged(draft, &self.name, self.size),
        };
        let id = match &self.slot {
            Some((_, id)) => id.clone(),
            None => {
                let id = secrets::random_hex(16).map_err(std::io::Error::other)?;
                id.parse().map_err(|_| FileError::Disk)?
            }
        };
        let size = i64::try_from(content.size).map_err(|_| FileError::Disk)?;
        let preview = content.preview.as_ref();
        let preview_bytes = preview.map_or(0, |preview| preview.bytes);
        let attachment = Attachment {
            id: id.clone(),
            name: content.name.clone(),
            size,
            mime: content.mime.to_owned(),
            shown: content.shown,
            preview: preview.map(|preview| preview.size),
        };
        keep(files, id.clone(), content).await?;
        let added = files.store.add_file(NewFile {
            owner: self.owner,
            upload_id: self.upload_id.clone(),
            hash,
            attachment: attachment.clone(),
            bytes: size.saturating_add(i64::try_from(preview_bytes).unwrap_or(i64::MAX)),
            day_limit: files.limits.day,
            total_limit: files.limits.total,
        });
        let refused = match added.await {
            Ok(FileAdded::New) => return Ok(attachment),
            Ok(FileAdded::Known(known)) => Ok(known),
            Ok(FileAdded::DayUsedUp) => Err(FileError::DayUsedUp(files.limits.day_mib)),
            Ok(FileAdded::TotalUsedUp) => Err(FileError::TotalUsedUp),
            Ok(FileAdded::NoOwner) => Err(FileError::Unknown),
            Err(error) => Err(error.into()),
        };
        delete(files, id).await;
        refused
    }
}

async fn keep(files: &Inner, id: FileId, content: Content) -> Result<(), FileError> {
    let disk = files.disk()?;
    let kept = files.workers.run(move |()| {
        let kept = match content.preview {
            Some(preview) => disk.keep(preview.draft, &id, Part::Preview),
            None => Ok(()),
        };
        let kept = kept.and_then(|()| disk.keep(content.whole, &id, Part::Whole));
        if kept.is_err() {
            let _ = disk.delete(&id);
        }
        kept
    });
    let failed = || Err(ErrorKind::Other.into());
    Ok(kept.await.unwrap_or_else(failed)?)
}

/// Deletes what the store does not know. What stays behind is found with the next start.
async fn delete(files: &Inner, id: FileId) {
    let Ok(disk) = files.disk() else {
        return;
    };
    let deleted = files.workers.run(move |()| disk.delete(&id));
    if let Some(Err(error)) = deleted.await {
        log::warn!("a file that was not added stays until the next start: {error}");
    }
}
