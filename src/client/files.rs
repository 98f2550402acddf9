//! Calls about files: uploads, messages with files, downloads.

#![forbid(unsafe_code)]

use super::{CallError, Client, SessionId, check_uid};
use crate::status::{Problem, Status};
use crate::types::{MAX_DOWNLOAD, RequestId, Uid};
use std::os::fd::OwnedFd;

/// Greatest length of a file's name in bytes; servers shorten it.
const MAX_NAME: usize = 4_096;

fn check_name(name: &str) -> Result<(), CallError> {
    if name.is_empty() || name.len() > MAX_NAME {
        let text = format!("The name of a file must have 1 to {MAX_NAME} bytes");
        return Err(CallError::Argument(text));
    }
    Ok(())
}

/// Ids become part of addresses.
fn check_id(id: &str) -> Result<(), CallError> {
    let is_id = !id.is_empty() && id.len() <= 128 && id.bytes().all(|b| b.is_ascii_alphanumeric());
    match is_id {
        true => Ok(()),
        false => Err(CallError::Argument(
            "This is no id of a file; take it from a message or an upload".to_owned(),
        )),
    }
}

fn missing() -> CallError {
    let text = "This version of the library cannot transfer files yet";
    CallError::Options(Problem::new(Status::Unsupported, text))
}

impl Client {
    /// Uploads a file from memory; answered by `File` or `Failed`, with `Progress` before.
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
        self.engine()?.session(session)?.check_online()?;
        Err(missing())
    }

    /// Uploads what a descriptor gives from its present position to its end; answered like [`Client::upload`].
    ///
    /// # Errors
    /// As for [`Client::upload`].
    pub fn upload_fd(
        &self,
        session: SessionId,
        _fd: OwnedFd,
        name: &str,
    ) -> Result<RequestId, CallError> {
        check_name(name)?;
        self.engine()?.session(session)?.check_online()?;
        Err(missing())
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
        _text: &str,
    ) -> Result<RequestId, CallError> {
        check_uid(to)?;
        check_id(file)?;
        self.engine()?.session(session)?.check_online()?;
        Err(missing())
    }

    /// Downloads a file or its preview into memory; answered by `File` or `Failed`, with `Progress` before.
    ///
    /// # Errors
    /// [`CallError::Argument`] for a limit of 0 or above [`MAX_DOWNLOAD`], [`CallError::State`] before login.
    pub fn download(
        &self,
        session: SessionId,
        file: &str,
        _preview: bool,
        limit: usize,
    ) -> Result<RequestId, CallError> {
        check_id(file)?;
        if !(1..=MAX_DOWNLOAD).contains(&limit) {
            let text = format!("The limit must be from 1 to {MAX_DOWNLOAD} bytes, not {limit}");
            return Err(CallError::Argument(text));
        }
        self.engine()?.session(session)?.check_online()?;
        Err(missing())
    }

    /// Downloads a file to a descriptor, in order from its present position; answered by `Done` or `Failed`, with `Progress`
    /// before.
    ///
    /// # Errors
    /// [`CallError::State`] before login.
    pub fn download_fd(
        &self,
        session: SessionId,
        file: &str,
        _fd: OwnedFd,
    ) -> Result<RequestId, CallError> {
        check_id(file)?;
        self.engine()?.session(session)?.check_online()?;
        Err(missing())
    }
}
