//! TIFF, and the raw photos that are TIFF (DNG, NEF, CR2, ARW). Values are where their offsets say, so what is removed is blanked, and its
//! entry taken out of its directory.
//!
//! Raw photos cannot be developed without knowing the camera, so its model, its settings and its own notes stay.

use super::Parts;
use super::edits::Edits;

const HEADER: usize = 8;
const ENTRY: usize = 12;
/// The number of entries before a directory, and the offset of the next directory after it.
const AROUND: usize = 2 + 4;

/// Tags whose values are directories.
const SUB_IFDS: u16 = 330;
const EXIF: u16 = 34665;
const GPS: u16 = 34853;
const LONG: u16 = 4;
const IFD: u16 = 13;
/// The most directories that one entry has.
const MOST: usize = 1000;

/// What is removed, beside the position.
const REMOVED: [u16; 31] = [
    269,   // DocumentName
    270,   // ImageDescription
    285,   // PageName
    305,   // Software
    306,   // DateTime
    315,   // Artist
    316,   // HostComputer
    700,   // XMP
    33432, // Copyright
    33723, // IPTC
    34377, // Photoshop: again IPTC, thumbnails
    36867, // DateTimeOriginal
    36868, // DateTimeDigitized
    36880, // OffsetTime, of the three times
    36881, // .
    36882, // .
    37510, // UserComment
    37520, // SubsecTime, of the three times
    37521, // .
    37522, // .
    37724, // ImageSourceData: the layers of Photoshop
    40091, // XPTitle
    40092, // XPComment
    40093, // XPAuthor
    40094, // XPKeywords
    40095, // XPSubject
    42016, // ImageUniqueID
    42032, // CameraOwnerName
    42033, // BodySerialNumber
    42037, // LensSerialNumber
    50735, // CameraSerialNumber
];

/// In which order bytes are.
#[derive(Clone, Copy)]
struct Reader<'a> {
    file: &'a [u8],
    is_little: bool,
}

impl Reader<'_> {
    fn short(self, at: usize) -> Option<u16> {
        let bytes = *self.file.get(at..)?.first_chunk()?;
        Some(if self.is_little {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    }

    fn long(self, at: usize) -> Option<usize> {
        let bytes = *self.file.get(at..)?.first_chunk()?;
        let long = if self.is_little {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        };
        usize::try_from(long).ok()
    }

    fn short_bytes(self, short: u16) -> [u8; 2] {
        if self.is_little {
            short.to_le_bytes()
        } else {
            short.to_be_bytes()
        }
    }

    /// Where the value of an entry is that does not fit into the entry, and its length.
    fn value(self, entry: usize) -> Option<Option<(usize, usize)>> {
        let size: usize = match self.short(entry + 2)? {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            LONG | 9 | 11 | IFD => 4,
            5 | 10 | 12 => 8,
            _ => return None,
        };
        let length = size.checked_mul(self.long(entry + 4)?)?;
        let outside = (length > 4).then(|| self.long(entry + 8));
        match outside {
            Some(at) => Some(Some((at?, length))),
            None => Some(None),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Of a picture; another one may follow.
    Picture,
    /// What follows it means nothing, and some cameras write something there.
    Exif,
    /// Everything in it is removed.
    Position,
}

/// A directory that is to be looked at.
struct Directory {
    at: usize,
    kind: Kind,
}

pub fn tiff(file: &[u8]) -> Option<Parts<'_>> {
    let reader = Reader {
        file,
        is_little: file.starts_with(b"II"),
    };
    let mut edits = Edits::of(file);
    edits.keep(0, HEADER)?;
    let first = Directory {
        at: reader.long(4)?,
        kind: Kind::Picture,
    };
    let mut left = vec![first];
    // Directories may not overlap, so there are no loops.
    while let Some(directory) = left.pop() {
        clean(reader, &directory, &mut edits, &mut left)?;
    }
    edits.parts()
}

fn clean(
    reader: Reader<'_>,
    directory: &Directory,
    edits: &mut Edits<'_>,
    left: &mut Vec<Directory>,
) -> Option<()> {
    let Directory { at, kind } = *directory;
    let is_removed = kind == Kind::Position;
    let length = AROUND + ENTRY * usize::from(reader.short(at)?);
    let table = reader.file.get(at..at.checked_add(length)?)?;
    let (entries, next) = table.get(2..)?.split_last_chunk::<4>()?;
    let (mut kept, mut count) = (Vec::new(), 0_u16);
    for (n, bytes) in entries.chunks_exact(ENTRY).enumerate() {
        let entry = at + 2 + n * ENTRY;
        let tag = reader.short(entry)?;
        match tag {
            _ if is_removed => blank(reader, entry, edits)?,
            GPS => left.push(Directory {
                at: reader.long(entry + 8)?,
                kind: Kind::Position,
            }),
            _ if REMOVED.contains(&tag) => blank(reader, entry, edits)?,
            _ => {
                match tag {
                    EXIF => enter(reader, entry, Kind::Exif, edits, left)?,
                    SUB_IFDS => enter(reader, entry, Kind::Picture, edits, left)?,
                    _ => {}
                }
                kept.extend_from_slice(bytes);
                count += 1;
            }
        }
    }
    let mut new = Vec::with_capacity(length);
    if !is_removed {
        new.extend(reader.short_bytes(count));
        new.append(&mut kept);
        new.extend(next);
    }
    new.resize(length, 0);
    let next = reader.long(at + length - 4)?;
    if kind == Kind::Picture && next != 0 {
        left.push(Directory { at: next, kind });
    }
    edits.replace(at, new)
}

fn blank(reader: Reader<'_>, entry: usize, edits: &mut Edits<'_>) -> Option<()> {
    match reader.value(entry)? {
        Some((at, length)) => edits.blank(at, length),
        None => Some(()),
    }
}

/// Adds the directories that an entry refers to.
fn enter(
    reader: Reader<'_>,
    entry: usize,
    kind: Kind,
    edits: &mut Edits<'_>,
    left: &mut Vec<Directory>,
) -> Option<()> {
    let is_offset = matches!(reader.short(entry + 2)?, LONG | IFD);
    let count = reader.long(entry + 4)?;
    if !is_offset || count > MOST {
        return None;
    }
    let at = match reader.value(entry)? {
        Some((at, length)) => {
            edits.keep(at, length)?;
            at
        }
        None => entry + 8,
    };
    for n in 0..count {
        left.push(Directory {
            at: reader.long(at.checked_add(n * 4)?)?,
            kind,
        });
    }
    Some(())
}
