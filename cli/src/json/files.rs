//! Files as JSON.

use crate::files;
use fbchat::types;
use serde::Serialize;

/// A file that was sent with a message.
#[derive(Serialize)]
pub struct File<'a> {
    /// For `/get`.
    number: Option<usize>,
    id: &'a str,
    kind: &'static str,
    name: &'a str,
    size: u64,
    mime: Option<&'a str>,
    url: &'a str,
    width: Option<u32>,
    height: Option<u32>,
}

pub fn file(file: &types::File, number: Option<usize>) -> File<'_> {
    let points = |points: u32| Some(points).filter(|&points| points > 0);
    File {
        number,
        id: &file.id,
        kind: files::kind(file),
        name: &file.name,
        size: file.size,
        mime: super::known(&file.content_type),
        url: &file.url,
        width: points(file.width),
        height: points(file.height),
    }
}
