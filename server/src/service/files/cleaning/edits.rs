//! Changes of a file that leave every byte where it is, for formats that refer to their parts by position.

use std::collections::BTreeMap;

use super::Parts;

/// The most changes. Pictures need few; each one takes memory.
const MOST: usize = 50_000;

/// Parts of a file that are replaced by others of the same length. None of them overlap, so the order does not matter.
pub struct Edits<'a> {
    file: &'a [u8],
    /// By their start.
    replaced: BTreeMap<usize, Vec<u8>>,
}

impl<'a> Edits<'a> {
    pub fn of(file: &'a [u8]) -> Self {
        Edits {
            file,
            replaced: BTreeMap::new(),
        }
    }

    /// `None` if something of it is not in the file or was replaced already, or if there are too many.
    pub fn replace(&mut self, start: usize, new: Vec<u8>) -> Option<()> {
        let end = start.checked_add(new.len())?;
        if end > self.file.len() || self.replaced.len() >= MOST {
            return None;
        }
        if new.is_empty() {
            return Some(());
        }
        let before = self.replaced.range(..end).next_back();
        if before.is_some_and(|(start_before, old)| start_before + old.len() > start) {
            return None;
        }
        self.replaced.insert(start, new);
        Some(())
    }

    /// Zeros in place of what is there.
    pub fn blank(&mut self, start: usize, length: usize) -> Option<()> {
        // Before memory is taken for it.
        self.file.get(start..start.checked_add(length)?)?;
        let zeros = vec![0; length];
        // Some programs store equal texts once.
        if self.replaced.get(&start) == Some(&zeros) {
            return Some(());
        }
        self.replace(start, zeros)
    }

    /// What is there stays, and must not be replaced.
    pub fn keep(&mut self, start: usize, length: usize) -> Option<()> {
        let kept = self.file.get(start..start.checked_add(length)?)?;
        self.replace(start, kept.to_vec())
    }

    /// The changed file.
    pub fn parts(self) -> Option<Parts<'a>> {
        let (mut parts, mut at) = (Parts::new(), 0);
        for (start, new) in self.replaced {
            parts.push(self.file.get(at..start)?.into());
            at = start + new.len();
            parts.push(new.into());
        }
        parts.push(self.file.get(at..)?.into());
        Some(parts)
    }
}
