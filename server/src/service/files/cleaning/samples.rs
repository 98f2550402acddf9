//! Finds the data of a track in a film: chunks, each with some samples.

use std::io;
use std::ops::Range;

use super::boxes::{Change, Part, Source, be32, be64, is_unknown, only, unknown};

/// The parts of a film besides its description.
pub struct Found<'a> {
    /// Where images and sound are, in order.
    pub data: &'a [Range<usize>],
    /// The length of the file.
    pub length: usize,
    pub has_fragments: bool,
}

/// How much of a table is read at once.
const PIECE: usize = 4 << 10;

/// Entries of a table, one after the other.
struct Table<'a, S: ?Sized> {
    file: &'a S,
    /// The part that was not read yet.
    at: usize,
    end: usize,
    read: Vec<u8>,
    taken: usize,
    /// The bytes of an entry.
    entry: usize,
}

impl<'a, S: Source + ?Sized> Table<'a, S> {
    /// The table in a box, after `head` bytes whose last four are the number of entries. All of them must be there.
    fn of(file: &'a S, part: &Part, head: usize, entry: usize) -> io::Result<Self> {
        let at = part.content.start.saturating_add(head);
        let table = part.content.end.checked_sub(at).ok_or_else(unknown)?;
        let length = number(file, at - 4)?.checked_mul(entry);
        let length = length.filter(|length| *length <= table);
        Ok(Table {
            file,
            at,
            end: at + length.ok_or_else(unknown)?,
            read: Vec::new(),
            taken: 0,
            entry,
        })
    }

    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        if self.taken == self.read.len() {
            let whole = PIECE - PIECE % self.entry;
            self.read.resize(whole.min(self.end - self.at), 0);
            self.file.read(self.at, &mut self.read)?;
            self.at += self.read.len();
            self.taken = 0;
        }
        let entry = self.read.get(self.taken..self.taken + self.entry);
        if entry.is_some() {
            self.taken += self.entry;
        }
        Ok(entry)
    }
}

fn number<S: Source + ?Sized>(file: &S, at: usize) -> io::Result<usize> {
    let mut bytes = [0; 4];
    file.read(at, &mut bytes)?;
    be32(&mut &bytes[..]).ok_or_else(unknown)
}

enum Sizes<'a, S: ?Sized> {
    Same(usize),
    Each(Table<'a, S>),
}

/// The tables of a track.
pub struct Samples<'a, S: ?Sized> {
    /// How many samples have not been taken.
    left: usize,
    sizes: Sizes<'a, S>,
    chunks: Table<'a, S>,
    /// The number of samples in each chunk, from a chunk on.
    runs: Table<'a, S>,
}

impl<'a, S: Source + ?Sized> Samples<'a, S> {
    pub fn of(file: &'a S, track: &Part) -> io::Result<Self> {
        let media = only(file, track, b"mdia")?;
        let tables = only(file, &only(file, &media, b"minf")?, b"stbl")?;
        let sizes = only(file, &tables, b"stsz")?;
        if sizes.content.len() < 12 {
            return Err(unknown());
        }
        let size = number(file, sizes.content.start + 4)?;
        let left = number(file, sizes.content.start + 8)?;
        let sizes = match size {
            0 => Sizes::Each(Table::of(file, &sizes, 12, 4)?),
            size => Sizes::Same(size),
        };
        let chunks = match only(file, &tables, b"stco") {
            Err(error) if is_unknown(&error) => {
                Table::of(file, &only(file, &tables, b"co64")?, 8, 8)?
            }
            offsets => Table::of(file, &offsets?, 8, 4)?,
        };
        Ok(Samples {
            left,
            sizes,
            chunks,
            runs: Table::of(file, &only(file, &tables, b"stsc")?, 8, 12)?,
        })
    }

    /// Blanks the data of the track; returns how many bytes.
    pub fn blank(
        mut self,
        found: &Found<'_>,
        sink: &mut dyn FnMut(Change) -> io::Result<()>,
    ) -> io::Result<usize> {
        let (mut total, mut chunk, mut samples) = (0_usize, 0, 0);
        let mut next = self.run()?;
        while let Some(mut offset) = self.chunks.next()? {
            let offset = match offset.len() {
                4 => be32(&mut offset),
                _ => be64(&mut offset),
            };
            let offset = offset.ok_or_else(unknown)?;
            chunk += 1;
            while let Some((_, count)) = next.filter(|(first, _)| *first <= chunk) {
                samples = count;
                next = self.run()?;
            }
            let length = self.take(samples)?;
            let end = offset.checked_add(length).ok_or_else(unknown)?;
            // Anywhere else it would be a part of the structure.
            let before = found.data.partition_point(|part| part.start <= offset);
            let part = before.checked_sub(1).and_then(|at| found.data.get(at));
            total = total.saturating_add(length);
            if length == 0 {
                continue;
            }
            if part.is_none_or(|part| end > part.end) || total > found.length {
                return Err(unknown());
            }
            sink(Change::Zeros(offset, length))?;
        }
        Ok(total)
    }

    fn run(&mut self) -> io::Result<Option<(usize, usize)>> {
        let Some(mut entry) = self.runs.next()? else {
            return Ok(None);
        };
        Ok(be32(&mut entry).zip(be32(&mut entry)))
    }

    /// The bytes of the next samples.
    fn take(&mut self, samples: usize) -> io::Result<usize> {
        self.left = self.left.checked_sub(samples).ok_or_else(unknown)?;
        let sizes = match &mut self.sizes {
            Sizes::Same(size) => return samples.checked_mul(*size).ok_or_else(unknown),
            Sizes::Each(sizes) => sizes,
        };
        let mut total = 0_usize;
        for _ in 0..samples {
            let mut size = sizes.next()?.ok_or_else(unknown)?;
            let size = be32(&mut size).unwrap_or_default();
            total = total.checked_add(size).ok_or_else(unknown)?;
        }
        Ok(total)
    }
}
