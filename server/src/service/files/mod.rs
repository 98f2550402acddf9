//! Files that people send: who may upload how much, what is kept of it, and who may read it.
//!
//! An upload is written to the disk as it arrives. It becomes a file when all of it is there: durable first, then known to the store. What
//! is known to neither a message nor its owner for long is swept.

mod cleaning;
mod content;
pub mod disk;
mod names;
pub mod slots;
mod stage;
pub mod sweeping;
#[cfg(test)]
mod tests;
mod upload;

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;

use super::messages::valid_id;
use super::rendering::Renderer;
use super::user_limit::{TooOften, UserLimit};
use super::workers::Workers;
use crate::attachment::{Attachment, FileId};
use crate::clock::now_ms;
use crate::config::Config;
use crate::secrets;
use crate::store::{Store, StoreError};
use crate::types::{Session, Uid};

use disk::{Disk, Part};
pub use upload::Upload;

/// The most uploads of one user in ten minutes.
const UPLOADS: u32 = 300;
/// The threads that wait for the disk.
const THREADS: usize = 4;
const DAY: i64 = 24 * 60 * 60 * 1000;
/// The days for which a link is valid at least.
const LINK_DAYS: i64 = 7;

/// Why a file was refused, or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("This server takes no files.")]
    Off,
    #[error("The id of the upload is not a number.")]
    UploadId,
    #[error("The file is empty.")]
    Empty,
    /// The limit in MiB.
    #[error("The file is too large: the limit is {0} MiB.")]
    TooLarge(u32),
    #[error("The picture is damaged, or was cut off. Save it again in a program for pictures.")]
    Damaged,
    /// The limit in MiB.
    #[error(
        "You have sent as many files as this server takes in a day: {0} MiB. Try again tomorrow."
    )]
    DayUsedUp(u32),
    #[error("The server has no room for more files. Ask its operator for more.")]
    TotalUsedUp,
    #[error("The server could not store the file. Try again later, or tell its operator.")]
    Disk,
    /// There is no such file, or the user may not read it. They do not learn which.
    #[error("There is no such file.")]
    Unknown,
    #[error("This file is no longer kept.")]
    Gone,
    #[error("This permission to upload a file has been used.")]
    Used,
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        let advice = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                " Make room on the disk; the server then continues by itself."
            }
            _ => {
                " Check the disk, and owner and permissions of the directory `files` in files_dir or in the data directory."
            }
        };
        log::error!("cannot store or read a file: {error}.{advice}");
        FileError::Disk
    }
}

/// The settings, in bytes unless they are for a sentence.
struct Limits {
    file: u64,
    file_mib: u32,
    day: i64,
    day_mib: u32,
    total: i64,
    /// How long a file is kept, in ms.
    kept: Option<i64>,
}

#[derive(Clone)]
pub struct Files(Arc<Inner>);

struct Inner {
    store: Arc<Store>,
    /// `None` if no place is set for files.
    disk: Option<Disk>,
    workers: Workers,
    renderer: Arc<Renderer>,
    limits: Limits,
    uploads: UserLimit,
    /// The bytes of uploads that are not known yet.
    pending: Arc<AtomicI64>,
    /// The slots whose files are arriving.
    arriving: slots::Arriving,
    /// Signs links. The store has the one that holds for longer than this process.
    secret: OnceLock<[u8; 32]>,
    fresh_secret: [u8; 32],
    ticks: AtomicU64,
    sweeping: Arc<Semaphore>,
}

impl Inner {
    fn disk(&self) -> Result<Disk, FileError> {
        self.disk.clone().ok_or(FileError::Off)
    }
}

impl Files {
    pub fn new(
        store: Arc<Store>,
        disk: Option<Disk>,
        renderer: Arc<Renderer>,
        config: &Config,
    ) -> io::Result<Self> {
        let is_shared = store.is_shared();
        let prepared = disk.as_ref().map_or(Ok(()), |disk| disk.prepare(is_shared));
        prepared.map_err(|error| {
            let text = format!("Cannot prepare the directory for files: {error}.");
            io::Error::new(error.kind(), text)
        })?;
        let workers = Workers::start("files", THREADS).map_err(|error| {
            io::Error::new(error.kind(), format!("Cannot store files: {error}."))
        })?;
        let mut fresh_secret = [0; 32];
        getrandom::fill(&mut fresh_secret).map_err(io::Error::other)?;
        let bytes = |mib: u32| match mib {
            0 => i64::MAX,
            mib => i64::from(mib) << 20,
        };
        Ok(Files(Arc::new(Inner {
            store,
            disk,
            workers,
            renderer,
            limits: Limits {
                file: config.file_limit(),
                file_mib: config.file_limit_mib,
                day: bytes(config.files_per_day_mib),
                day_mib: config.files_per_day_mib,
                total: bytes(config.files_total_mib),
                kept: (config.file_days > 0).then(|| i64::from(config.file_days) * DAY),
            },
            uploads: UserLimit::new(UPLOADS),
            pending: Arc::default(),
            arriving: slots::Arriving::default(),
            secret: OnceLock::new(),
            fresh_secret,
            ticks: AtomicU64::new(0),
            sweeping: Arc::new(Semaphore::new(1)),
        })))
    }

    /// Begins an upload. `upload_id` is a number that the client chose: the same upload with the same number is one file.
    pub async fn begin(
        &self,
        session: &Session,
        upload_id: &str,
        name: &str,
    ) -> Result<Upload, FileError> {
        let limits = &self.0.limits;
        if limits.file == 0 {
            return Err(FileError::Off);
        }
        let owner = session.user.uid;
        let upload_id = valid_id(upload_id).map_err(|_| FileError::UploadId)?;
        self.0.uploads.take(owner)?;
        let total = self.check_use(owner, upload_id.clone()).await?;
        Upload::begin(self.clone(), owner, upload_id, name, total).await
    }

    /// Whether there is room for another file of a user; returns the bytes of all files.
    async fn check_use(&self, owner: Uid, upload_id: String) -> Result<i64, FileError> {
        let limits = &self.0.limits;
        let used = self.0.store.file_use(owner, upload_id).await?;
        // The answer to an earlier attempt may have been lost; that one has been counted already.
        if !used.is_known {
            if used.day >= limits.day {
                return Err(FileError::DayUsedUp(limits.day_mib));
            }
            if used.total >= limits.total {
                return Err(FileError::TotalUsedUp);
            }
        }
        Ok(used.total)
    }

    /// Opens a file for somebody who may read it: who can read a message with it, or has a link with this key.
    pub async fn open(
        &self,
        reader: Option<&Session>,
        id: &FileId,
        key: Option<&str>,
        part: Part,
    ) -> Result<Opened, FileError> {
        let reader = match key.filter(|key| self.is_valid(id, key)) {
            Some(_) => None,
            None => Some(reader.map_or(Uid(0), |session| session.user.uid)),
        };
        let found = self.0.store.file(reader, id.clone()).await?;
        let file = found.ok_or(FileError::Unknown)?;
        if part == Part::Preview && file.attachment.preview.is_none() {
            return Err(FileError::Unknown);
        }
        if file.is_gone {
            return Err(FileError::Gone);
        }
        let (disk, id) = (self.0.disk()?, id.clone());
        let opened = self.0.workers.run(move |()| {
            let file = disk.open(&id, part)?;
            let length = file.metadata()?.len();
            Ok::<_, io::Error>((file, length))
        });
        let (content, length) = match opened.await.unwrap_or_else(|| Err(ErrorKind::Other.into())) {
            // It has expired in this moment, or a backup was restored without its files.
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(FileError::Gone),
            opened => opened?,
        };
        Ok(Opened {
            files: self.clone(),
            attachment: file.attachment,
            part,
            content: Arc::new(content),
            length,
        })
    }

    /// Makes a link that needs no session out of a path. It stays the same for a day.
    pub fn link(&self, origin: &str, id: &FileId, path: &str) -> String {
        let ends = (now_ms() / DAY + LINK_DAYS + 1) * DAY / 1000;
        format!("{origin}{path}?key={ends}-{}", self.sign(id, ends))
    }

    fn sign(&self, id: &FileId, ends: i64) -> String {
        secrets::file_key(self.secret(), id.as_str(), ends)
    }

    fn secret(&self) -> &[u8; 32] {
        self.0.secret.get().unwrap_or(&self.0.fresh_secret)
    }

    /// Whether a link with this key may be followed.
    pub fn is_valid(&self, id: &FileId, key: &str) -> bool {
        let Some((ends, signature)) = key.split_once('-') else {
            return false;
        };
        ends.parse().is_ok_and(|ends: i64| {
            secrets::same(&self.sign(id, ends), signature) && ends > now_ms() / 1000
        })
    }
}

/// A picture or a film without what is hidden in it.
#[cfg(feature = "fuzzing")]
pub fn cleaned(file: &[u8]) -> Option<Vec<u8>> {
    match cleaning::Format::of(file) {
        Some(format) => Some(cleaning::clean(file, format)?.concat()),
        None if cleaning::films::is_film(file) => cleaning::films::cleaned(file),
        None => None,
    }
}

/// A file that somebody reads.
pub struct Opened {
    files: Files,
    pub attachment: Attachment,
    pub part: Part,
    content: Arc<File>,
    /// Bytes.
    pub length: u64,
}

impl Opened {
    /// The media type. Only pictures that have been looked at have one that a browser shows.
    pub fn mime(&self) -> &str {
        match self.part {
            Part::Whole => &self.attachment.mime,
            Part::Preview => content::preview_type(&self.attachment.mime),
        }
    }

    /// Whether it may be shown in place, rather than saved.
    pub fn is_picture(&self) -> bool {
        self.mime().starts_with("image/")
    }

    /// Reads `length` bytes, which must be there.
    pub async fn read(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let content = self.content.clone();
        let read = self.files.0.workers.run(move |()| {
            let mut bytes = vec![0; length];
            content.read_exact_at(&mut bytes, at)?;
            Ok(bytes)
        });
        read.await.unwrap_or_else(|| Err(ErrorKind::Other.into()))
    }
}
