//! Removes from pictures what is not the picture: where it was taken, the camera, comments, thumbnails, whatever follows the end. The
//! points stay as they are, byte for byte; how the picture is to be turned and its colour profile stay, too. `films` does the same to films.
//!
//! Nothing is decoded here. What does not have the structure of its format is no picture.

mod boxes;
mod edits;
pub mod films;
mod heif;
mod jxl;
mod samples;
mod tiff;

use std::borrow::Cow;

use image::ImageFormat;
use image::metadata::Orientation;

/// Parts of a file, one after the other.
type Parts<'a> = Vec<Cow<'a, [u8]>>;

/// The pictures that are cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Jpeg,
    Png,
    Gif,
    WebP,
    Tiff,
    Heif,
    Jxl,
}

impl Format {
    /// By the beginning of a file.
    pub fn of(head: &[u8]) -> Option<Self> {
        if let Some(brands) = head.get(8..).filter(|_| head.get(4..8) == Some(b"ftyp")) {
            let length = u32::from_be_bytes(*head.first_chunk()?);
            let length = usize::try_from(length).ok()?.saturating_sub(8);
            let brands = brands.get(..length).unwrap_or(brands).chunks_exact(4);
            let mut brands = brands.filter_map(|brand| brand.first_chunk());
            return brands
                .any(|brand| heif::BRANDS.contains(&brand))
                .then_some(Format::Heif);
        }
        if jxl::is_jxl(head) {
            return Some(Format::Jxl);
        }
        match image::guess_format(head).ok()? {
            ImageFormat::Jpeg => Some(Format::Jpeg),
            ImageFormat::Png => Some(Format::Png),
            ImageFormat::Gif => Some(Format::Gif),
            ImageFormat::WebP => Some(Format::WebP),
            ImageFormat::Tiff => Some(Format::Tiff),
            _ => None,
        }
    }
}

/// The parts of a picture that stay. `None` if it is damaged, cut off, or of another format.
pub fn clean(file: &[u8], format: Format) -> Option<Parts<'_>> {
    match format {
        Format::Jpeg => jpeg(file),
        Format::Png => png(file),
        Format::Gif => gif(file),
        Format::WebP => webp(file),
        Format::Tiff => tiff::tiff(file),
        Format::Heif => heif::heif(file),
        Format::Jxl => jxl::jxl(file),
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (part, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(part)
}

/// How an Exif block (TIFF) says that a picture is to be turned, if it is.
fn orientation(exif: &[u8]) -> Option<Orientation> {
    let orientation = Orientation::from_exif_chunk(exif)?;
    (orientation != Orientation::NoTransforms).then_some(orientation)
}

/// An Exif block with nothing else in it.
fn exif(orientation: Orientation) -> Vec<u8> {
    let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    tiff.push(orientation.to_exif());
    tiff.extend([0; 6]);
    tiff
}

const EXIF: &[u8] = b"Exif\0\0";
const JFIF: &[u8] = b"JFIF\0";

fn jpeg(file: &[u8]) -> Option<Parts<'_>> {
    let mut rest = file.strip_prefix(b"\xff\xd8")?;
    let (mut segments, mut turned, mut jfif) = (Parts::new(), None, None);
    loop {
        let start = rest;
        take(&mut rest, 1).filter(|byte| *byte == b"\xff")?;
        let marker = *take(&mut rest, 1)?.first()?;
        match marker {
            // Fills a gap.
            0xff => {
                rest = start.get(1..)?;
                continue;
            }
            0xd9 => break,
            0x01 | 0xd0..=0xd7 => {
                segments.push(start.get(..2)?.into());
                continue;
            }
            0x00 | 0xd8 => return None,
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes(*rest.first_chunk()?));
        let content = take(&mut rest, length)?.get(2..)?;
        match marker {
            // Without the thumbnail that may follow.
            0xe0 if content.starts_with(JFIF) => {
                let head = [b"\xff\xe0\0\x10", content.get(..12)?, b"\0\0"].concat();
                jfif.get_or_insert(head);
            }
            0xe1 if content.starts_with(EXIF) => {
                turned = turned.or_else(|| orientation(content.get(EXIF.len()..)?));
            }
            0xe2 if content.starts_with(b"ICC_PROFILE\0") => {
                segments.push(start.get(..2 + length)?.into());
            }
            0xee if content.starts_with(b"Adobe") => segments.push(start.get(..2 + length)?.into()),
            0xe0..=0xef | 0xfe => {}
            0xda => {
                // Up to the next marker that is not one within a scan.
                let ends = |pair: &[u8]| matches!(pair, [0xff, 0x01..=0xcf | 0xd8..=0xfe]);
                let scan = rest.windows(2).position(ends)?;
                take(&mut rest, scan)?;
                segments.push(start.get(..2 + length + scan)?.into());
            }
            _ => segments.push(start.get(..2 + length)?.into()),
        }
    }
    let mut parts: Parts<'_> = vec![b"\xff\xd8".as_slice().into()];
    parts.extend(jfif.map(Cow::from));
    if let Some(turned) = turned {
        let exif = exif(turned);
        let length = u16::try_from(2 + EXIF.len() + exif.len()).ok()?;
        let segment = [b"\xff\xe1", &length.to_be_bytes()[..], EXIF, &exif].concat();
        parts.push(segment.into());
    }
    parts.append(&mut segments);
    parts.push(b"\xff\xd9".as_slice().into());
    Some(parts)
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The chunks that say something about the points, also those of animations.
const CHUNKS: [&[u8; 4]; 16] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP",
    b"sBIT", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT",
];

fn png(file: &[u8]) -> Option<Parts<'_>> {
    let mut rest = file.strip_prefix(PNG)?;
    let (mut chunks, mut turned, mut is_first) = (Parts::new(), None, true);
    loop {
        let start = rest;
        let length = u32::from_be_bytes(*take(&mut rest, 4)?.first_chunk()?);
        let length = usize::try_from(length).ok()?;
        let name = take(&mut rest, 4)?;
        let content = take(&mut rest, length)?;
        take(&mut rest, 4)?;
        if is_first && name != b"IHDR" {
            return None;
        }
        is_first = false;
        if name == b"eXIf" {
            turned = turned.or_else(|| orientation(content));
        } else if CHUNKS.iter().any(|known| name == *known) {
            chunks.push(start.get(..12 + length)?.into());
        }
        if name == b"IEND" {
            break;
        }
    }
    let mut parts: Parts<'_> = vec![PNG.into()];
    if let Some(turned) = turned {
        let body = [b"eXIf", &*exif(turned)].concat();
        let length = u32::try_from(body.len() - 4).ok()?.to_be_bytes();
        let sum = crc32fast::hash(&body).to_be_bytes();
        chunks.insert(1, [&length[..], &body, &sum].concat().into());
    }
    parts.append(&mut chunks);
    Some(parts)
}

fn gif(file: &[u8]) -> Option<Parts<'_>> {
    let mut rest = file;
    let head = take(&mut rest, 13)?;
    if !matches!(head.get(..6)?, b"GIF87a" | b"GIF89a") {
        return None;
    }
    let mut parts: Parts<'_> = vec![head.into(), colours(&mut rest, *head.get(10)?)?.into()];
    let mut has_image = false;
    loop {
        let start = rest;
        match take(&mut rest, 1)?.first()? {
            0x3b if has_image => break,
            0x2c => {
                let frame = take(&mut rest, 9)?;
                colours(&mut rest, *frame.get(8)?)?;
                take(&mut rest, 1)?;
                sub_blocks(&mut rest)?;
                has_image = true;
            }
            0x21 => {
                let label = *take(&mut rest, 1)?.first()?;
                let content = sub_blocks(&mut rest)?;
                // How long a frame is shown, and how often all of them.
                let repeats = content.len() == 17
                    && (content.starts_with(b"\x0bNETSCAPE2.0\x03")
                        || content.starts_with(b"\x0bANIMEXTS1.0\x03"));
                if !(label == 0xf9 && content.len() == 6 || label == 0xff && repeats) {
                    continue;
                }
            }
            _ => return None,
        }
        parts.push(start.get(..start.len() - rest.len())?.into());
    }
    parts.push(b"\x3b".as_slice().into());
    Some(parts)
}

/// A table of colours, if the flags say that there is one.
fn colours<'a>(rest: &mut &'a [u8], flags: u8) -> Option<&'a [u8]> {
    let entries = if flags & 0x80 == 0 {
        0
    } else {
        2_usize << (flags & 7)
    };
    take(rest, 3 * entries)
}

/// Blocks up to an empty one, with the bytes that tell their lengths.
fn sub_blocks<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let start = *rest;
    loop {
        let length = usize::from(*take(rest, 1)?.first()?);
        take(rest, length)?;
        if length == 0 {
            return start.get(..start.len() - rest.len());
        }
    }
}

const WEBP_CHUNKS: [&[u8; 4]; 5] = [b"VP8 ", b"VP8L", b"ICCP", b"ANIM", b"ALPH"];
const FRAME_CHUNKS: [&[u8; 4]; 3] = [b"VP8 ", b"VP8L", b"ALPH"];
/// What a frame begins with: its place, size and time.
const FRAME_HEAD: usize = 16;
/// The flags of the chunk VP8X that announce Exif and XMP.
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

fn webp(file: &[u8]) -> Option<Parts<'_>> {
    let mut rest = file.strip_prefix(b"RIFF")?;
    let length = u32::from_le_bytes(*take(&mut rest, 4)?.first_chunk()?);
    let mut rest = take(&mut rest, usize::try_from(length).ok()?)?;
    rest = rest.strip_prefix(b"WEBP")?;
    let (mut chunks, mut turned, mut extended) = (Parts::new(), None, None);
    while !rest.is_empty() {
        let (name, content) = next_chunk(&mut rest)?;
        if name == b"VP8X" {
            extended = Some(content.to_vec());
        } else if name == b"EXIF" {
            let tiff = content.strip_prefix(EXIF).unwrap_or(content);
            turned = turned.or_else(|| orientation(tiff));
        } else if name == b"ANMF" {
            chunks.push(riff_chunk(name, &frame(content)?)?.into());
        } else if WEBP_CHUNKS.contains(&name) {
            chunks.push(riff_chunk(name, content)?.into());
        }
    }
    if chunks.is_empty() {
        return None;
    }
    if let Some(mut head) = extended {
        let flags = head.first_mut()?;
        *flags &= !(HAS_EXIF | HAS_XMP);
        if let Some(turned) = turned {
            *flags |= HAS_EXIF;
            chunks.push(riff_chunk(b"EXIF", &exif(turned))?.into());
        }
        chunks.insert(0, riff_chunk(b"VP8X", &head)?.into());
    }
    let length = 4 + chunks.iter().map(|chunk| chunk.len()).sum::<usize>();
    let length = u32::try_from(length).ok()?.to_le_bytes();
    chunks.insert(0, [b"RIFF", &length[..], b"WEBP"].concat().into());
    Some(chunks)
}

/// A frame of an animation, which consists of chunks, too.
fn frame(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut frame = take(&mut rest, FRAME_HEAD)?.to_vec();
    while !rest.is_empty() {
        let (name, content) = next_chunk(&mut rest)?;
        if FRAME_CHUNKS.contains(&name) {
            frame.append(&mut riff_chunk(name, content)?);
        }
    }
    Some(frame)
}

/// The name of a chunk, and what is in it.
fn next_chunk<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8; 4], &'a [u8])> {
    let name = take(rest, 4)?.first_chunk()?;
    let length = u32::from_le_bytes(*take(rest, 4)?.first_chunk()?);
    let length = usize::try_from(length).ok()?;
    let content = take(rest, length)?;
    // Some programs leave out the last byte of an odd length.
    take(rest, (length % 2).min(rest.len()))?;
    Some((name, content))
}

/// A chunk of an even length.
fn riff_chunk(name: &[u8; 4], content: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(content.len()).ok()?.to_le_bytes();
    let padding = vec![0; content.len() % 2];
    Some([name, &length[..], content, &padding].concat())
}
