//! Removes from films (MP4, MOV, 3GP) what phones record besides sound and images, above all positions. A film can be large, so it is
//! changed on disk, and only the headers of its boxes are read.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::boxes::{Boxes, Change, FEW, MOST, Part, Source, boxes, is_unknown, only, unknown};
use super::samples::{Found, Samples};

/// The boxes of a film, of its description, of a track, and of what the track consists of. All others may contain anything.
const FILM: [&[u8; 4]; 9] = [
    b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"mfra", b"sidx", b"ssix", b"pdin",
];
const MOVIE: [&[u8; 4]; 8] = [
    b"mvhd", b"trak", b"mvex", b"iods", b"pssh", b"prfl", b"clip", b"ctab",
];
const TRACK: [&[u8; 4]; 12] = [
    b"tkhd", b"mdia", b"edts", b"tref", b"trgr", b"load", b"clip", b"matt", b"imap", b"tapt",
    b"txas", b"mere",
];
const MEDIA: [&[u8; 4]; 4] = [b"mdhd", b"hdlr", b"minf", b"elng"];
/// Tracks that people see or hear, or that others need to be shown. In all others phones and cameras record position and movement.
const SHOWN: [&[u8; 4]; 11] = [
    b"vide", b"soun", b"text", b"sbtl", b"subt", b"clcp", b"auxv", b"pict", b"tmcd", b"odsm",
    b"sdsm",
];
/// Films of old programs begin with one of these.
const FIRST: [&[u8; 4]; 6] = [b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];
/// Sound, in which people expect title, artist and cover.
const SOUND: [&[u8; 4]; 4] = [b"M4A ", b"M4B ", b"M4P ", b"F4A "];

/// How much is read or written at once.
const PIECE: usize = 64 << 10;

/// Whether a file may be a film, by its beginning. The caller has checked that it is not a picture.
pub fn is_film(head: &[u8]) -> bool {
    let word = |at| head.get(at..).and_then(|rest| rest.first_chunk::<4>());
    match word(4) {
        Some(b"ftyp") => word(8).is_some_and(|brand| !SOUND.contains(&brand)),
        Some(name) => FIRST.contains(&name),
        None => false,
    }
}

/// Removes what is hidden in a film. One that is not understood stays as it is.
pub fn clean(file: &File) -> io::Result<()> {
    let Ok(length) = usize::try_from(file.metadata()?.len()) else {
        return Ok(());
    };
    // All or nothing.
    match film(file, length, &mut |_| Ok(())) {
        Err(error) if is_unknown(&error) => return Ok(()),
        understood => understood?,
    }
    film(file, length, &mut |change| apply(file, change))
}

/// The same in memory; `None` if the film is not understood.
#[cfg(any(test, feature = "fuzzing"))]
pub fn cleaned(file: &[u8]) -> Option<Vec<u8>> {
    let mut new = file.to_vec();
    let mut sink = |change| {
        let (at, bytes) = match change {
            Change::Name(at, name) => (at, name.to_vec()),
            Change::Zeros(at, length) => (at, vec![0; length]),
        };
        let place = new
            .get_mut(at..)
            .and_then(|rest| rest.get_mut(..bytes.len()));
        place.ok_or_else(unknown)?.copy_from_slice(&bytes);
        Ok(())
    };
    film(file, file.len(), &mut sink).ok()?;
    Some(new)
}

fn apply(file: &File, change: Change) -> io::Result<()> {
    let (mut at, mut left) = match change {
        Change::Name(at, name) => return file.write_all_at(&name, at as u64),
        Change::Zeros(at, length) => (at, length),
    };
    let zeros = vec![0; left.min(PIECE)];
    while left > 0 {
        let piece = zeros.get(..left.min(PIECE)).unwrap_or_default();
        file.write_all_at(piece, at as u64)?;
        at += piece.len();
        left -= piece.len();
    }
    Ok(())
}

/// Receives the changes. None of them alters what is read later.
type Sink<'a> = dyn FnMut(Change) -> io::Result<()> + 'a;

/// Passes all changes that a film needs to `sink`.
pub fn film<S: Source + ?Sized>(file: &S, length: usize, sink: &mut Sink<'_>) -> io::Result<()> {
    let (mut movie, mut has_fragments, mut data) = (None, false, Vec::new());
    let mut parts = boxes(file, 0..length, MOST);
    while let Some((part, left)) = next_of_film(&mut parts, length) {
        match part {
            Ok(part) => match &part.name {
                // Readers differ in which one they take.
                b"moov" if movie.is_some() => return Err(unknown()),
                b"moov" => movie = Some(part),
                b"moof" => has_fragments = true,
                b"mdat" => data.push(part.content),
                _ => {}
            },
            // The recording was cut off within the last part.
            Err(_) if is_cut_data(file, left.clone()) => data.push(left.start + 8..length),
            // Data that is not a box follows the film.
            Err(error)
                if is_unknown(&error)
                    && !parts.is_full()
                    && movie.is_some()
                    && !data.is_empty() => {}
            Err(error) => return Err(error),
        }
    }
    let found = Found {
        data: &data,
        length,
        has_fragments,
    };
    description(file, &movie.ok_or_else(unknown)?, &found, sink)?;
    let mut parts = boxes(file, 0..length, MOST);
    while let Some((part, left)) = next_of_film(&mut parts, length) {
        match part {
            Ok(part) if FILM.contains(&&part.name) => {}
            Ok(part) => free(&part, sink)?,
            Err(_) if is_cut_data(file, left.clone()) => {}
            Err(_) => trailer(left, sink)?,
        }
    }
    Ok(())
}

/// The next box of a file, and the part of the file from there on.
fn next_of_film<S: Source + ?Sized>(
    parts: &mut Boxes<'_, S>,
    length: usize,
) -> Option<(io::Result<Part>, Range<usize>)> {
    let left = parts.left.start..length;
    Some((parts.next()?, left))
}

/// Whether the rest of a file is an incomplete box with images and sound.
fn is_cut_data<S: Source + ?Sized>(file: &S, left: Range<usize>) -> bool {
    let mut head = [0; 8];
    left.len() >= head.len() && file.read(left.start, &mut head).is_ok() && head.ends_with(b"mdat")
}

/// Turns what follows a film into a box that ends with the file.
fn trailer(left: Range<usize>, sink: &mut Sink<'_>) -> io::Result<()> {
    if left.len() < 8 {
        return sink(Change::Zeros(left.start, left.len()));
    }
    sink(Change::Zeros(left.start, 4))?;
    sink(Change::Name(left.start + 4, *b"free"))?;
    sink(Change::Zeros(left.start + 8, left.len() - 8))
}

/// Passes the changes to the description of a film, and to the data of removed tracks, to `sink`.
pub fn description<S: Source + ?Sized>(
    file: &S,
    movie: &Part,
    found: &Found<'_>,
    sink: &mut Sink<'_>,
) -> io::Result<()> {
    let (mut has_head, mut tracks, mut hidden) = (false, 0, 0);
    for part in boxes(file, movie.content.clone(), FEW) {
        let part = part?;
        match &part.name {
            b"mvhd" => {
                times(file, &part, sink)?;
                has_head = true;
            }
            b"trak" if is_shown(file, &part)? => {
                track(file, &part, sink)?;
                tracks += 1;
            }
            // Where fragments have the data of a track is not looked for, and they need its description.
            b"trak" if found.has_fragments => track(file, &part, sink)?,
            b"trak" => {
                hidden += Samples::of(file, &part)?.blank(found, sink)?;
                // Data that is listed again and again would be overwritten as often.
                if hidden > found.length {
                    return Err(unknown());
                }
                free(&part, sink)?;
            }
            name if MOVIE.contains(&name) => {}
            _ => free(&part, sink)?,
        }
    }
    // Among them descriptions that are compressed.
    if !has_head || tracks == 0 {
        return Err(unknown());
    }
    Ok(())
}

fn track<S: Source + ?Sized>(file: &S, track: &Part, sink: &mut Sink<'_>) -> io::Result<()> {
    for part in boxes(file, track.content.clone(), FEW) {
        let part = part?;
        match &part.name {
            b"tkhd" => times(file, &part, sink)?,
            b"mdia" => {
                for part in boxes(file, part.content, FEW) {
                    let part = part?;
                    match &part.name {
                        b"mdhd" => times(file, &part, sink)?,
                        name if MEDIA.contains(&name) => {}
                        _ => free(&part, sink)?,
                    }
                }
            }
            name if TRACK.contains(&name) => {}
            _ => free(&part, sink)?,
        }
    }
    Ok(())
}

fn free(part: &Part, sink: &mut Sink<'_>) -> io::Result<()> {
    part.freed().into_iter().try_for_each(sink)
}

/// Blanks when something was made and changed.
fn times<S: Source + ?Sized>(file: &S, part: &Part, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut version = [0; 4];
    if part.content.len() < 20 {
        return Err(unknown());
    }
    file.read(part.content.start, &mut version)?;
    let length = if version.starts_with(&[0]) { 8 } else { 16 };
    sink(Change::Zeros(part.content.start + 4, length))
}

/// Whether people see or hear a track.
fn is_shown<S: Source + ?Sized>(file: &S, track: &Part) -> io::Result<bool> {
    let handler = only(file, &only(file, track, b"mdia")?, b"hdlr")?;
    if handler.content.len() < 12 {
        return Err(unknown());
    }
    let mut kind = [0; 4];
    file.read(handler.content.start + 8, &mut kind)?;
    Ok(SHOWN.contains(&&kind))
}
