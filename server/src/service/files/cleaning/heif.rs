//! HEIF: the photos of phones (HEIC) and AVIF. A file is made of boxes, and may have a film beside the picture, or be an animation.

use std::collections::BTreeSet;
use std::ops::Range;

use image::metadata::Orientation;

use super::boxes::{self, Change, MOST, Part, be32, be64};
use super::edits::Edits;
use super::films;
use super::samples::Found;
use super::{Parts, exif, orientation, take};

/// The boxes that a picture is made of. All others may say anything, among them `uuid`, and a film with sound beside the picture.
const FILE: [&[u8; 4]; 9] = [
    b"ftyp", b"meta", b"mdat", b"imda", b"moov", b"moof", b"mfra", b"sidx", b"styp",
];
/// The same within `meta`: the items, where they are, and how they belong together.
const META: [&[u8; 4]; 10] = [
    b"hdlr", b"pitm", b"iloc", b"iinf", b"iref", b"iprp", b"idat", b"dinf", b"grpl", b"ipro",
];
/// Properties that say something other than how the picture is shown: descriptions and times.
const PROPERTIES: [&[u8; 4]; 5] = [b"udes", b"altt", b"crtt", b"mdft", b"uuid"];
/// The most extents of all items together: an extent can be empty, so the size of the file does not limit them.
const EXTENTS: usize = 50_000;

/// Brands of pictures and of animations.
pub const BRANDS: [&[u8; 4]; 15] = [
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2",
    b"msf1", b"avif", b"avis", b"avci", b"avcs",
];

fn boxes(file: &[u8], within: Range<usize>) -> Option<Vec<Part>> {
    boxes::boxes(file, within, MOST)
        .collect::<Result<_, _>>()
        .ok()
}

fn be16(rest: &mut &[u8]) -> Option<usize> {
    Some(u16::from_be_bytes(*take(rest, 2)?.first_chunk()?).into())
}

/// A number of 0, 4 or 8 bytes.
fn sized(rest: &mut &[u8], size: u8) -> Option<usize> {
    match size {
        0 => Some(0),
        4 => be32(rest),
        8 => be64(rest),
        _ => None,
    }
}

/// The version of a box that has one, and what follows it and its flags.
fn versioned<'a>(file: &'a [u8], part: &Part) -> Option<(u8, &'a [u8])> {
    let mut rest = file.get(part.content.clone())?;
    let version = *take(&mut rest, 4)?.first()?;
    Some((version, rest))
}

/// An item that is no picture.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hidden {
    Exif,
    Other,
}

type Items = BTreeSet<(usize, Hidden)>;

pub fn heif(file: &[u8]) -> Option<Parts<'_>> {
    let mut edits = Edits::of(file);
    let parts = boxes(file, 0..file.len())?;
    let data: Vec<_> = parts
        .iter()
        .filter(|part| matches!(&part.name, b"mdat" | b"imda"))
        .map(|part| part.content.clone())
        .collect();
    let has_fragments = parts.iter().any(|part| part.name == *b"moof");
    let mut has_items = false;
    for part in &parts {
        match &part.name {
            b"meta" if has_items => return None,
            b"meta" => {
                meta(file, part, &data, &mut edits)?;
                has_items = true;
            }
            b"moov" => {
                let found = Found {
                    data: &data,
                    length: file.len(),
                    has_fragments,
                };
                let mut sink = |change| apply(change, &mut edits).ok_or_else(boxes::unknown);
                films::description(file, part, &found, &mut sink).ok()?;
            }
            name if !FILE.contains(&name) => free(part, &mut edits)?,
            _ => {}
        }
    }
    if !has_items {
        return None;
    }
    edits.parts()
}

/// Makes a box one that everybody skips.
fn free(part: &Part, edits: &mut Edits<'_>) -> Option<()> {
    part.freed()
        .into_iter()
        .try_for_each(|change| apply(change, edits))
}

fn apply(change: Change, edits: &mut Edits<'_>) -> Option<()> {
    match change {
        Change::Name(at, name) => edits.replace(at, name.to_vec()),
        Change::Zeros(at, length) => edits.blank(at, length),
    }
}

fn meta(file: &[u8], part: &Part, data: &[Range<usize>], edits: &mut Edits<'_>) -> Option<()> {
    let children = part.content.start.checked_add(4)?..part.content.end;
    let children = boxes(file, children)?;
    let named = |name: &[u8; 4]| {
        let mut named = children.iter().filter(|part| part.name == *name);
        let first = named.next();
        // Readers would differ in which one they take.
        named.next().is_none().then_some(first)
    };
    let inside = named(b"idat")?.map(|part| part.content.clone());
    let items = hidden(file, named(b"iinf")??)?;
    let places = named(b"iloc")??;
    blank_items(file, places, &items, (data, inside.as_ref()), edits)?;
    for part in &children {
        if part.name == *b"iprp" {
            properties(file, part, edits)?;
        } else if !META.contains(&&part.name) {
            free(part, edits)?;
        }
    }
    Some(())
}

fn properties(file: &[u8], part: &Part, edits: &mut Edits<'_>) -> Option<()> {
    for part in boxes(file, part.content.clone())? {
        if part.name != *b"ipco" {
            continue;
        }
        for property in boxes(file, part.content)? {
            // They are counted, so each stays one. Empty texts and times are zeros.
            if PROPERTIES.contains(&&property.name) {
                edits.blank(property.content.start, property.content.len())?;
            }
        }
    }
    Some(())
}

/// The items that are no pictures, by the box that lists all items.
fn hidden(file: &[u8], list: &Part) -> Option<Items> {
    let (version, _) = versioned(file, list)?;
    let count = if version == 0 { 2 } else { 4 };
    let entries = list.content.start.checked_add(4 + count)?..list.content.end;
    let mut items = Items::new();
    for part in boxes(file, entries)? {
        let (version, mut rest) = versioned(file, &part)?;
        let id = match version {
            0..=2 => be16(&mut rest)?,
            _ => be32(&mut rest)?,
        };
        // Whether it is encrypted.
        take(&mut rest, 2)?;
        let kind = match (version, rest.get(..4)?) {
            (2.., b"Exif") => Hidden::Exif,
            // Old versions have a media type only.
            (0 | 1, _) | (_, b"mime" | b"uri ") => Hidden::Other,
            _ => continue,
        };
        items.insert((id, kind));
    }
    Some(items)
}

/// Blanks items, by the box that says where each item is.
fn blank_items(
    file: &[u8],
    places: &Part,
    items: &Items,
    (data, inside): (&[Range<usize>], Option<&Range<usize>>),
    edits: &mut Edits<'_>,
) -> Option<()> {
    let (version, mut rest) = versioned(file, places)?;
    let [sizes, more] = *take(&mut rest, 2)?.first_chunk()?;
    let (offset_size, length_size, base_size) = (sizes >> 4, sizes & 15, more >> 4);
    let index_size = if version == 0 { 0 } else { more & 15 };
    let wide = version >= 2;
    let number = |rest: &mut &[u8]| if wide { be32(rest) } else { be16(rest) };
    let mut left = EXTENTS;
    for _ in 0..number(&mut rest)? {
        let id = number(&mut rest)?;
        let method = if version == 0 {
            0
        } else {
            be16(&mut rest)? & 15
        };
        let other_file = be16(&mut rest)? != 0;
        let base = sized(&mut rest, base_size)?;
        let exif = items.contains(&(id, Hidden::Exif));
        let is_hidden = exif || items.contains(&(id, Hidden::Other));
        if is_hidden && (other_file || method > 1) {
            return None;
        }
        let extents = be16(&mut rest)?;
        left = left.checked_sub(extents)?;
        for n in 0..extents {
            sized(&mut rest, index_size)?;
            let offset = base.checked_add(sized(&mut rest, offset_size)?)?;
            let length = sized(&mut rest, length_size)?;
            if !is_hidden {
                continue;
            }
            // This means up to the end of the file or of `idat`, so more than the item would be blanked.
            if length == 0 {
                return None;
            }
            let start = match method {
                0 => offset,
                _ => inside?.start.checked_add(offset)?,
            };
            let place = start..start.checked_add(length)?;
            // Anywhere else it would be a part of the structure.
            let holds = |part: &Range<usize>| part.start <= place.start && place.end <= part.end;
            if !data.iter().chain(inside).any(holds) {
                return None;
            }
            let new = blanked(file.get(place)?, exif && n == 0);
            edits.replace(start, new)?;
        }
    }
    Some(())
}

/// What is left of an item: nothing, or how the picture is turned.
fn blanked(item: &[u8], is_exif: bool) -> Vec<u8> {
    let mut new = vec![0; item.len()];
    if is_exif {
        let turned = tiff(item).and_then(orientation);
        let exif = exif(turned.unwrap_or(Orientation::NoTransforms));
        // After the offset of the TIFF header.
        if let Some(place) = new.get_mut(4..4 + exif.len()) {
            place.copy_from_slice(&exif);
        }
    }
    new
}

/// The TIFF in an Exif item.
fn tiff(item: &[u8]) -> Option<&[u8]> {
    let mut rest = item;
    let offset = be32(&mut rest)?;
    rest.get(offset..)
}
