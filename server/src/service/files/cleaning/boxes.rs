//! Files that are made of boxes (ISO 14496-12): the photos of phones, and films. Their parts are found by position, so what is removed is
//! overwritten and nothing moves.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// The maximum number of boxes in a box.
pub const MOST: usize = 50_000;
/// The same within the description of a film, whose boxes are read one by one.
pub const FEW: usize = 1_000;

/// Bytes in memory or on disk.
pub trait Source {
    fn read(&self, at: usize, into: &mut [u8]) -> io::Result<()>;
}

impl Source for [u8] {
    fn read(&self, at: usize, into: &mut [u8]) -> io::Result<()> {
        let part = self.get(at..).and_then(|rest| rest.get(..into.len()));
        into.copy_from_slice(part.ok_or_else(unknown)?);
        Ok(())
    }
}

impl Source for File {
    fn read(&self, at: usize, into: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(into, at as u64)
    }
}

/// The structure of the file is not supported.
pub fn unknown() -> io::Error {
    ErrorKind::InvalidData.into()
}

/// Whether this is about the content of a file, not about the disk.
pub fn is_unknown(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof
    )
}

/// An overwrite, which keeps the length of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new name for the box whose name is at this position.
    Name(usize, [u8; 4]),
    /// Zeros: the position, and the number of bytes.
    Zeros(usize, usize),
}

/// A box: where it begins, its name, and where its content is.
#[derive(Clone, Debug)]
pub struct Part {
    pub start: usize,
    pub name: [u8; 4],
    pub content: Range<usize>,
}

impl Part {
    /// The change that makes readers skip the box.
    pub fn freed(&self) -> [Change; 2] {
        [
            // Behind the length.
            Change::Name(self.start.saturating_add(4), *b"free"),
            Change::Zeros(self.content.start, self.content.len()),
        ]
    }
}

/// The boxes in a part of a file, which they have to fill. The first error is the last item.
pub struct Boxes<'a, S: ?Sized> {
    source: &'a S,
    /// Where the next one begins, and where the last one has to end.
    pub left: Range<usize>,
    /// How many more are allowed.
    most: usize,
}

pub fn boxes<S: Source + ?Sized>(source: &S, within: Range<usize>, most: usize) -> Boxes<'_, S> {
    Boxes {
        source,
        left: within,
        most,
    }
}

impl<S: Source + ?Sized> Boxes<'_, S> {
    /// Whether the maximum number of boxes was reached.
    pub fn is_full(&self) -> bool {
        self.most == 0
    }

    fn read(&self) -> io::Result<Part> {
        let Range { start, end } = self.left;
        let mut head = [0; 16];
        let known = head.len().min(end.saturating_sub(start));
        let head = head.get_mut(..known).unwrap_or_default();
        self.source.read(start, head)?;
        let mut rest = &*head;
        let (length, name) = (be32(&mut rest), super::take(&mut rest, 4));
        let name = name.and_then(|name| name.first_chunk());
        let (length, name) = length.zip(name).ok_or_else(unknown)?;
        let (length, head) = match length {
            0 => (Some(end - start), 8),
            1 => (be64(&mut rest), 16),
            length => (Some(length), 8),
        };
        let content = start + head..length.and_then(|n| start.checked_add(n)).unwrap_or(end + 1);
        if content.end > end || content.start > content.end || self.is_full() {
            return Err(unknown());
        }
        Ok(Part {
            start,
            name: *name,
            content,
        })
    }
}

impl<S: Source + ?Sized> Iterator for Boxes<'_, S> {
    type Item = io::Result<Part>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left.is_empty() {
            return None;
        }
        let part = self.read();
        self.most = self.most.saturating_sub(1);
        self.left.start = match &part {
            Ok(part) => part.content.end,
            Err(_) => self.left.end,
        };
        Some(part)
    }
}

pub fn be32(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(*super::take(rest, 4)?.first_chunk()?)).ok()
}

pub fn be64(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(u64::from_be_bytes(*super::take(rest, 8)?.first_chunk()?)).ok()
}

/// The only box of a name. Readers differ in which of several they take.
pub fn only<S: Source + ?Sized>(file: &S, within: &Part, name: &[u8; 4]) -> io::Result<Part> {
    let mut found = None;
    for part in boxes(file, within.content.clone(), FEW) {
        let part = part?;
        if part.name == *name && found.replace(part).is_some() {
            return Err(unknown());
        }
    }
    found.ok_or_else(unknown)
}
