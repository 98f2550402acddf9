//! JPEG XL: a bare codestream, which has only the picture in it, or boxes, which do not refer to each other by position.

use super::Parts;
use super::boxes::{MOST, boxes};

const BARE: &[u8] = b"\xff\x0a";
const BOXED: &[u8] = b"\0\0\0\x0cJXL \r\n\x87\n";
/// The boxes of the picture. Its orientation is in the codestream.
const PICTURE: [&[u8; 4]; 6] = [b"JXL ", b"ftyp", b"jxll", b"jxli", b"jxlc", b"jxlp"];

pub fn is_jxl(head: &[u8]) -> bool {
    head.starts_with(BARE) || head.starts_with(BOXED)
}

pub fn jxl(file: &[u8]) -> Option<Parts<'_>> {
    if file.starts_with(BARE) {
        return Some(vec![file.into()]);
    }
    let (mut parts, mut has_picture) = (Parts::new(), false);
    for part in boxes(file, 0..file.len(), MOST) {
        let part = part.ok()?;
        if PICTURE.contains(&&part.name) {
            has_picture |= matches!(&part.name, b"jxlc" | b"jxlp");
            parts.push(file.get(part.start..part.content.end)?.into());
        }
    }
    has_picture.then_some(parts)
}
