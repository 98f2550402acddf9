//! One upload, from its first byte to a file that the store knows.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ring::digest::{Context, SHA256};

use super::cleaning::{Format, films};
use super::content::{self, Content};
use super::disk::{Draft, Part};
use super::slots::Taken;
use super::{FileError, Files};
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
    /// What has arrived; `None` while a thread writes, or after that has failed.
    body: Option<Body>,
    pending: Pending,
    /// The slot that it is for, if it is for one.
    slot: Option<(Taken, FileId)>,
    /// What all files took in the beginning.
    total: i64,
}

struct Body {
    draft: Draft,
    /// Tells uploads apart. Processors have instructions for this one, so it does not set the pace.
    hash: Context,
    head: Vec<u8>,
    size: u64,
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
            body: Some(Body {
                draft,
                hash: Context::new(&SHA256),
                head: Vec::new(),
                size: 0,
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

    /// Takes the next bytes.
    pub async fn write(&mut self, bytes: Vec<u8>) -> Result<(), FileError> {
        let limits = &self.files.0.limits;
        let mut body = self.body.take().ok_or(FileError::Disk)?;
        body.size += bytes.len() as u64;
        if body.size > limits.file {
            return Err(FileError::TooLarge(limits.file_mib));
        }
        let pending = self.pending.add(bytes.len());
        if self.total.saturating_add(pending) > limits.total {
            return Err(FileError::TotalUsedUp);
        }
        let written = self.files.0.workers.run(move |()| {
            body.draft.write(&bytes)?;
            body.hash.update(&bytes);
            let missing = HEAD.saturating_sub(body.head.len()).min(bytes.len());
            body.head
                .extend_from_slice(bytes.get(..missing).unwrap_or_default());
            Ok::<_, std::io::Error>(body)
        });
        self.body = Some(written.await.ok_or(FileError::Disk)??);
        Ok(())
    }

    /// Makes a file of what has arrived. After `Ok` it is on disk, from this upload or an earlier one.
    pub async fn finish(mut self) -> Result<Attachment, FileError> {
        let body = self.body.take().ok_or(FileError::Disk)?;
        if body.size == 0 {
            return Err(FileError::Empty);
        }
        detached(self.store(body)).await
    }

    async fn store(self, body: Body) -> Result<Attachment, FileError> {
        let files = &self.files.0;
        let mut hash = body.hash;
        hash.update(self.name.as_bytes());
        let hash = hash.finish().as_ref().to_vec();
        let content = match Format::of(&body.head) {
            Some(format) => {
                let (disk, name) = (files.disk()?, self.name.clone());
                let draft = body.draft;
                let cleaned = files
                    .renderer
                    .run(move || content::cleaned(&disk, &draft, format, &name));
                cleaned.await.unwrap_or(Err(FileError::Damaged))?
            }
            None if films::is_film(&body.head) => {
                let name = self.name.clone();
                let cleaned = files
                    .workers
                    .run(move |()| content::film(body.draft, &name, body.size));
                cleaned.await.ok_or(FileError::Disk)??
            }
            None => content::unchanged(body.draft, &self.name, body.size),
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
        self.keep(id.clone(), content).await?;
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
        self.delete(id).await;
        refused
    }

    async fn keep(&self, id: FileId, content: Content) -> Result<(), FileError> {
        let disk = self.files.0.disk()?;
        let kept = self.files.0.workers.run(move |()| {
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
    async fn delete(&self, id: FileId) {
        let Ok(disk) = self.files.0.disk() else {
            return;
        };
        let deleted = self.files.0.workers.run(move |()| disk.delete(&id));
        if let Some(Err(error)) = deleted.await {
            log::warn!("a file that was not added stays until the next start: {error}");
        }
    }
}
