//! What becomes of an upload: pictures are recognised by their content, cleaned, and get a preview. Films are cleaned.
//! Everything else stays as it is.

use std::io;

use image::ImageFormat;

use super::cleaning::{Format, clean, films};
use super::disk::{Disk, Draft};
use super::{FileError, names};
use crate::attachment::Size;
use crate::service::rendering::{Rules, decode, encode, format};

/// What is decoded for a preview. Cameras of today make larger pictures, which then have none.
const DECODED: Rules = Rules {
    side: 8192,
    points: 25_000_000,
    memory: 128 << 20,
};
/// The largest width and height of a preview.
const PREVIEW: u32 = 320;
/// Of a preview that is a JPEG, out of 100.
const QUALITY: u8 = 80;
/// The media type of everything except pictures that browsers show, so that no browser runs it.
const UNKNOWN: &str = "application/octet-stream";

/// Content that is ready to be kept.
pub struct Content {
    pub whole: Draft,
    pub name: String,
    pub size: u64,
    pub mime: &'static str,
    pub shown: Option<Size>,
    pub preview: Option<Preview>,
}

pub struct Preview {
    pub draft: Draft,
    pub size: Size,
    pub bytes: usize,
}

/// The media type of a preview of something of this type.
pub fn preview_type(mime: &str) -> &'static str {
    let jpeg = ImageFormat::Jpeg.to_mime_type();
    if mime == jpeg {
        jpeg
    } else {
        ImageFormat::Png.to_mime_type()
    }
}

/// The media type of a picture, and the endings of its name. Those that few browsers show are saved as they are named.
fn shown(format: Format) -> (&'static str, &'static [&'static str]) {
    let (format, endings): (_, &[_]) = match format {
        Format::Png => (ImageFormat::Png, &["png", "apng"]),
        Format::Jpeg => (ImageFormat::Jpeg, &["jpg", "jpeg", "jpe", "jfif"]),
        Format::Gif => (ImageFormat::Gif, &["gif"]),
        Format::WebP => (ImageFormat::WebP, &["webp"]),
        Format::Tiff | Format::Heif | Format::Jxl => return (UNKNOWN, &[]),
    };
    (format.to_mime_type(), endings)
}

/// Something that is no picture.
pub fn unchanged(whole: Draft, name: &str, size: u64) -> Content {
    Content {
        whole,
        name: named(name, &[]),
        size,
        mime: UNKNOWN,
        shown: None,
        preview: None,
    }
}

/// A film without what is hidden in it.
pub fn film(whole: Draft, name: &str, size: u64) -> io::Result<Content> {
    films::clean(whole.file())?;
    Ok(unchanged(whole, name, size))
}

/// A picture without what is hidden in it, and with a preview if it can be decoded.
pub fn cleaned(
    disk: &Disk,
    draft: &Draft,
    format: Format,
    name: &str,
) -> Result<Content, FileError> {
    let file = draft.read()?;
    let parts = clean(&file, format).ok_or(FileError::Damaged)?;
    let (mut whole, mut size) = (disk.create()?, 0);
    for part in parts {
        whole.write(&part)?;
        size += part.len() as u64;
    }
    let (mime, endings) = shown(format);
    let (mime, preview) = match preview(disk, &file)? {
        Decoded::Picture(shown, preview) => (mime, Some((shown, preview))),
        // There is no decoder for it here.
        Decoded::Unknown => (mime, None),
        // Nobody else needs to try whether it harms their decoder.
        Decoded::Damaged => (UNKNOWN, None),
    };
    let (shown, preview) = preview.unzip();
    Ok(Content {
        whole,
        name: named(name, endings),
        size,
        mime,
        shown,
        preview,
    })
}

enum Decoded {
    Picture(Size, Preview),
    Unknown,
    Damaged,
}

fn preview(disk: &Disk, file: &[u8]) -> io::Result<Decoded> {
    let Some(format) = format(file) else {
        return Ok(Decoded::Unknown);
    };
    let Ok(mut picture) = decode(file, format, &DECODED) else {
        return Ok(Decoded::Damaged);
    };
    let size = |picture: &image::DynamicImage| Size {
        width: picture.width(),
        height: picture.height(),
    };
    let shown = size(&picture);
    if shown.width > PREVIEW || shown.height > PREVIEW {
        picture = picture.thumbnail(PREVIEW, PREVIEW);
    }
    let Ok(bytes) = encode(&picture, format, QUALITY) else {
        return Ok(Decoded::Damaged);
    };
    let mut draft = disk.create()?;
    draft.write(&bytes)?;
    Ok(Decoded::Picture(
        shown,
        Preview {
            draft,
            size: size(&picture),
            bytes: bytes.len(),
        },
    ))
}

/// The name that a file is saved under.
fn named(name: &str, endings: &[&str]) -> String {
    names::with_ending(names::valid(name), endings)
}
