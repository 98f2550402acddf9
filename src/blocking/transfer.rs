//! Moves the contents of files between the network and the program. The threads that carry out exchanges read and write
//! them in chunks.

#![forbid(unsafe_code)]

use crate::protocol::{Received, TransportError, TransportFault};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Gets the number of bytes transferred, and the total if it is known. If it returns false, the transfer ends.
pub(super) type Progress = Box<dyn Fn(u64, Option<u64>) -> bool + Send + Sync>;

/// An unfinished upload or download.
pub(super) struct Transfer {
    pub(super) content: Content,
    progress: Progress,
    failed: Mutex<Option<TransportError>>,
}

/// Where the bytes come from or go to.
pub(super) enum Content {
    /// From this position of the file. Anything other than a file has no length, and can be read only once.
    Upload {
        file: File,
        start: u64,
        length: Option<u64>,
        begun: AtomicBool,
    },
    Download(Mutex<Incoming>),
}

/// The received part of a download.
pub(super) struct Incoming {
    pub(super) received: Received,
    pub(super) file: File,
}

impl std::fmt::Debug for Transfer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transfer")
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The program's side has failed, or has cancelled the transfer.
pub(super) fn host_failed(detail: impl Into<String>) -> TransportError {
    TransportError {
        fault: TransportFault::Host,
        detail: detail.into(),
    }
}

impl Transfer {
    /// # Errors
    /// The file cannot be read.
    pub(super) fn upload(mut file: File, progress: Progress) -> io::Result<Self> {
        let kind = file.metadata()?;
        if kind.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let (start, length) = match kind.is_file() {
            true => {
                let start = file.stream_position()?;
                (start, Some(kind.len().saturating_sub(start)))
            }
            false => (0, None),
        };
        Ok(Self::new(
            Content::Upload {
                file,
                start,
                length,
                begun: AtomicBool::new(false),
            },
            progress,
        ))
    }

    pub(super) fn download(file: File, progress: Progress) -> Self {
        let incoming = Incoming {
            received: Received::default(),
            file,
        };
        Self::new(Content::Download(Mutex::new(incoming)), progress)
    }

    fn new(content: Content, progress: Progress) -> Self {
        Transfer {
            content,
            progress,
            failed: Mutex::new(None),
        }
    }

    /// The size of an upload, if it is known.
    pub(super) fn length(&self) -> Option<u64> {
        match &self.content {
            Content::Upload { length, .. } => *length,
            Content::Download(_) => None,
        }
    }

    /// Reports the progress to the program.
    pub(super) fn reached(&self, done: u64, total: Option<u64>) -> Result<(), TransportError> {
        match (self.progress)(done, total) {
            true => Ok(()),
            false => Err(host_failed("it was given up")),
        }
    }

    /// Why the program's side failed.
    pub(super) fn failure(&self) -> Option<TransportError> {
        locked(&self.failed).take()
    }

    /// The download, for one attempt.
    pub(super) fn incoming(&self) -> Option<MutexGuard<'_, Incoming>> {
        match &self.content {
            Content::Upload { .. } => None,
            Content::Download(incoming) => Some(locked(incoming)),
        }
    }

    /// The content of an upload, for one attempt.
    ///
    /// # Errors
    /// It cannot be read again.
    pub(super) fn reader(self: &Arc<Self>) -> Result<Reader, TransportError> {
        let Content::Upload { length, begun, .. } = &self.content else {
            return Err(host_failed("a download has no content"));
        };
        if begun.swap(true, Ordering::Relaxed) && length.is_none() {
            return Err(host_failed(
                "the connection broke, and only a file can be read once more",
            ));
        }
        Ok(Reader {
            transfer: self.clone(),
            done: 0,
        })
    }
}

/// Reads the content of an upload.
pub(super) struct Reader {
    transfer: Arc<Transfer>,
    done: u64,
}

impl Reader {
    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Content::Upload {
            file,
            start,
            length,
            ..
        } = &self.transfer.content
        else {
            return Ok(0);
        };
        let Some(length) = length else {
            let mut file: &File = file;
            return file.read(buffer);
        };
        let left = length.saturating_sub(self.done);
        let most = usize::try_from(left).unwrap_or(buffer.len());
        let most = most.min(buffer.len());
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        let read = file.read_at(buffer, start.saturating_add(self.done))?;
        match read {
            0 if left > 0 => Err(io::Error::other("the file has become shorter")),
            read => Ok(read),
        }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.read_some(buffer);
        let read = match read {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            read => read.map_err(|error| host_failed(format!("the file cannot be read: {error}"))),
        };
        let told = read.and_then(|read| {
            self.done = self.done.saturating_add(u64::try_from(read).unwrap_or(0));
            self.transfer.reached(self.done, self.transfer.length())?;
            Ok(read)
        });
        told.map_err(|failed| {
            let error = io::Error::other(failed.detail.clone());
            *locked(&self.transfer.failed) = Some(failed);
            error
        })
    }
}
