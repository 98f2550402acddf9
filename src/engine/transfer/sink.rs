//! Where the content of a download goes.

#![forbid(unsafe_code)]

use super::super::readiness::{Direction, Watched, is_ready, watch};
use super::{file, host_failed};
use crate::protocol::TransportError;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, OwnedFd};

/// A pipe or a socket that is writable accepts at least this many bytes without blocking.
const SMALL: usize = 4 << 10;

/// Where the content of a download goes.
#[derive(Debug)]
pub(in crate::engine) enum Sink {
    Memory(Vec<u8>),
    /// A descriptor of the host to which nothing was written yet.
    New(Option<File>),
    /// The same, which is written in order.
    Open(Watched),
}

impl Sink {
    pub(in crate::engine) fn memory() -> Self {
        Sink::Memory(Vec::new())
    }

    pub(in crate::engine) fn from_fd(fd: OwnedFd) -> Self {
        Sink::New(Some(file(fd)))
    }

    /// Takes all bytes; waits if the host's side is slow. Bytes that were taken before a failure are counted.
    pub(in crate::engine) async fn write(
        &mut self,
        mut bytes: &[u8],
        mut count: impl FnMut(usize),
    ) -> Result<(), TransportError> {
        self.open()
            .map_err(|error| host_failed("watched", &error))?;
        while !bytes.is_empty() {
            match self.write_some(bytes).await {
                Ok(0) => return Err(host_failed("written", &ErrorKind::WriteZero.into())),
                Ok(written) => {
                    count(written);
                    bytes = bytes.get(written..).unwrap_or_default();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(host_failed("written", &error)),
            }
        }
        Ok(())
    }

    fn open(&mut self) -> io::Result<()> {
        if let Sink::New(file) = self
            && let Some(file) = file.take()
        {
            *self = Sink::Open(watch(file, Direction::Write)?);
        }
        Ok(())
    }

    async fn write_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Memory(content) => {
                content.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Sink::New(_) => Err(ErrorKind::NotConnected.into()),
            Sink::Open(Watched::Direct(file)) => {
                // Other tasks of the thread run between the chunks.
                tokio::task::yield_now().await;
                file.write(bytes)
            }
            Sink::Open(Watched::Watched(watched)) => loop {
                let mut guard = watched.writable().await?;
                if is_ready(watched.get_ref().as_fd(), Direction::Write) {
                    let piece = bytes.get(..SMALL).unwrap_or(bytes);
                    return watched.get_ref().write(piece);
                }
                guard.clear_ready();
            },
        }
    }

    /// The content that a download into memory has received.
    pub(in crate::engine) fn take_memory(&mut self) -> Vec<u8> {
        match self {
            Sink::Memory(content) => std::mem::take(content),
            _ => Vec::new(),
        }
    }
}
