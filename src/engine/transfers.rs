//! The unfinished uploads and downloads of one session, and the calls that start them.

#![forbid(unsafe_code)]

use super::error::CallError;
use super::session_handle::SessionHandle;
use super::transfer::{Sink, Source, Transfer};
use crate::status::{Problem, Status};
use crate::types::{Command, DownloadTarget, RequestId};
use bytes::Bytes;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Maximum number of transfers; each may hold a descriptor.
const MOST: usize = 64;
/// Maximum number of bytes in memory that wait to be uploaded. A single file may be larger.
const MOST_BYTES: usize = 64 << 20;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    all: Vec<Arc<Transfer>>,
}

impl Transfers {
    fn check(&self, bytes: usize) -> Result<(), CallError> {
        let waiting = self.all.iter().map(|transfer| transfer.waiting_bytes());
        let waiting = waiting.fold(0, usize::saturating_add);
        let is_full = waiting > 0 && bytes > 0 && waiting.saturating_add(bytes) > MOST_BYTES;
        match is_full || self.all.len() >= MOST {
            true => Err(CallError::QueueFull),
            false => Ok(()),
        }
    }

    fn add(&mut self, transfer: Transfer) {
        self.all.push(Arc::new(transfer));
    }

    /// A request is answered; it may be one of these.
    pub(super) fn answered(&mut self, request: RequestId) {
        self.all.retain(|transfer| transfer.request != request);
    }
}

impl SessionHandle {
    /// The unfinished uploads and downloads.
    pub(super) fn transfers(&self) -> Vec<Arc<Transfer>> {
        self.state().transfers.all.clone()
    }

    /// The content of a request's upload or download; `None` if it has ended.
    pub(super) fn transfer(&self, request: RequestId) -> Option<Arc<Transfer>> {
        let mut all = self.transfers().into_iter();
        all.find(|transfer| transfer.request == request)
    }

    pub(crate) fn upload(&self, bytes: &[u8], name: String) -> Result<RequestId, CallError> {
        self.check_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        let source = Source::Memory(Bytes::copy_from_slice(bytes));
        self.begin_upload(source, name)
    }

    pub(crate) fn upload_fd(&self, fd: OwnedFd, name: String) -> Result<RequestId, CallError> {
        let source = Source::from_fd(fd).map_err(|error| {
            let text = format!("The descriptor cannot be read: {error}");
            Problem::new(Status::Descriptor, text)
        })?;
        match source.size() {
            Some(0) => return Err(CallError::Argument("The file is empty".to_owned())),
            Some(size) => self.check_size(size)?,
            None => {}
        }
        self.begin_upload(source, name)
    }

    pub(crate) fn download(
        &self,
        file: String,
        target: DownloadTarget,
        fd: Option<OwnedFd>,
    ) -> Result<RequestId, CallError> {
        self.submit(|state, request| {
            state.check_online()?;
            state.transfers.check(0)?;
            let sink = fd.map_or_else(Sink::memory, Sink::from_fd);
            state.transfers.add(Transfer::download(request, sink));
            Ok(Command::Download {
                request,
                file,
                target,
            })
        })
    }

    fn begin_upload(&self, source: Source, name: String) -> Result<RequestId, CallError> {
        self.submit(|state, request| {
            state.check_online()?;
            let size = source.size();
            let transfer = Transfer::upload(request, source);
            state.transfers.check(transfer.waiting_bytes())?;
            state.transfers.add(transfer);
            Ok(Command::Upload {
                request,
                name,
                size,
            })
        })
    }

    /// Servers that take no files answer themselves.
    fn check_size(&self, size: u64) -> Result<(), CallError> {
        let state = self.state();
        state.check_online()?;
        let limit = state.file_limit;
        if limit == 0 || size <= limit {
            return Ok(());
        }
        let text = format!("The file has {size} bytes; this server takes at most {limit}");
        Err(Problem::new(Status::TooLong, text).into())
    }
}
