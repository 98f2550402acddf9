//! Calls about files: uploads, messages with files, downloads.

#![forbid(unsafe_code)]

use super::{CallError, Client, SessionId, check_uid};
use crate::types::{DownloadTarget, MAX_DOWNLOAD, RequestId, Uid, is_file_id};
use std::os::fd::OwnedFd;

/// Maximum length of a file's name in bytes; servers may shorten it.
const MAX_NAME: usize = 4_096;

fn check_name(name: &str) -> Result<(), CallError> {
    if name.is_empty() || name.len() > MAX_NAME {
        let text = format!("The name of a file must have 1 to {MAX_NAME} bytes");
        return Err(CallError::Argument(text));
    }
    Ok(())
}

fn check_id(id: &str) -> Result<(), CallError> {
    match is_file_id(id) {
        true => Ok(()),
        false => Err(CallError::Argument(
            "This is not a file id; take it from a message or an upload".to_owned(),
        )),
    }
}

impl Client {
    /// Uploads a file from memory; answered by `File` or `Failed`, after `Progress`.
    ///
    /// # Errors
    /// [`CallError::Argument`] for an empty file, or a name that is empty or too long, [`CallError::State`] before login.
    pub fn upload(
        &self,
        session: SessionId,
        bytes: &[u8],
        name: &str,
    ) -> Result<RequestId, CallError> {
        check_name(name)?;
        if bytes.is_empty() {
            return Err(CallError::Argument("The file is empty".to_owned()));
        }
        let session = self.engine()?.session(session)?;
        session.upload(bytes, name.to_owned())
    }

    /// Uploads what can be read from a descriptor, from its current position to the end; answered like [`Client::upload`].
    ///
    /// # Errors
    /// As for [`Client::upload`].
    pub fn upload_fd(
        &self,
        session: SessionId,
        fd: OwnedFd,
        name: &str,
    ) -> Result<RequestId, CallError> {
        check_name(name)?;
        let session = self.engine()?.session(session)?;
        session.upload_fd(fd, name.to_owned())
    }

    /// Sends a message with a file that the user has uploaded; answered like [`Client::send`].
    ///
    /// # Errors
    /// As for [`Client::send`], except that the text may be empty.
    pub fn send_file(
        &self,
        session: SessionId,
        to: Uid,
        file: &str,
        text: &str,
    ) -> Result<RequestId, CallError> {
        check_uid(to)?;
        check_id(file)?;
        let session = self.engine()?.session(session)?;
        session.send(to, text.to_owned(), Some(file.to_owned()))
    }

    /// Downloads a file or its preview into memory; answered by `File` or `Failed`, after `Progress`.
    ///
    /// # Errors
    /// [`CallError::Argument`] for a limit of 0 or above [`MAX_DOWNLOAD`], [`CallError::State`] before login.
    pub fn download(
        &self,
        session: SessionId,
        file: &str,
        preview: bool,
        limit: usize,
    ) -> Result<RequestId, CallError> {
        check_id(file)?;
        if !(1..=MAX_DOWNLOAD).contains(&limit) {
            let text = format!("The limit must be from 1 to {MAX_DOWNLOAD} bytes, not {limit}");
            return Err(CallError::Argument(text));
        }
        let session = self.engine()?.session(session)?;
        let target = DownloadTarget::Memory { preview, limit };
        session.download(file.to_owned(), target, None)
    }

    /// Downloads a file to a descriptor, in order from its current position; answered by `Done` or `Failed`, after `Progress`.
    ///
    /// # Errors
    /// [`CallError::State`] before login.
    pub fn download_fd(
        &self,
        session: SessionId,
        file: &str,
        fd: OwnedFd,
    ) -> Result<RequestId, CallError> {
        check_id(file)?;
        let session = self.engine()?.session(session)?;
        session.download(file.to_owned(), DownloadTarget::Host, Some(fd))
    }
}
