//! The files of a message: as they are stored with it, as items name them, and as text for clients that do not know them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::json;

/// The most files of one message.
pub const MOST: usize = 10;
/// The digits of a file's number.
const DIGITS: usize = 32;
/// What is escaped in a URL and in the name of a header: everything that is not unreserved (RFC 3986).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// What begins the attachments in an item. They are its last member, and quotes within texts are escaped, so it is found nowhere else.
const BEGIN: &str = ",\"attachments\":[";
/// What follows the text in an item.
const AFTER_TEXT: &str = "\",\"time\":";

/// The random number of a file, in hex. It cannot be guessed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(String);

impl FileId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text is no number of a file.
#[derive(Debug, thiserror::Error)]
#[error("not the number of a file")]
pub struct NoFileId;

impl FromStr for FileId {
    type Err = NoFileId;

    fn from_str(text: &str) -> Result<Self, NoFileId> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == DIGITS && text.bytes().all(digit) {
            Ok(FileId(text.to_owned()))
        } else {
            Err(NoFileId)
        }
    }
}

impl Serialize for FileId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for FileId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Width and height in points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

/// A file of a message. It never changes, also when the content is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub id: FileId,
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// The media type, by the content.
    pub mime: String,
    /// The size of a picture, as it is to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<Size>,
    /// The size of its preview, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<Size>,
}

impl Attachment {
    /// The path of the file. Only the number in it counts.
    pub fn path(&self) -> String {
        // The path of the preview is another one.
        let safe = if self.name == PREVIEW { "_" } else { "" };
        format!("/files/{}/{safe}{}", self.id, in_address(&self.name))
    }
}

/// The last part of the path of a preview.
pub const PREVIEW: &str = "preview";

/// The maximum length of a name in an address, in bytes. A line of IRC has about 400 bytes, and a Chinese character takes nine of them.
const IN_ADDRESS: usize = 64;
/// The longest ending, with its dot, that stays when the rest of a name is cut.
const ENDING: usize = 8;

/// The name of a file for its address, with the end of a long one left out.
fn in_address(name: &str) -> String {
    let whole = escaped(name);
    if whole.len() <= IN_ADDRESS {
        return whole;
    }
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| format!(".{}", escaped(ending)))
        .filter(|ending| ending.len() <= ENDING)
        .unwrap_or_default();
    let mut cut = String::new();
    for character in name.chars() {
        let next = escaped(character.encode_utf8(&mut [0; 4]));
        if cut.len() + next.len() + ending.len() > IN_ADDRESS {
            break;
        }
        cut.push_str(&next);
    }
    cut + &ending
}

/// Text as it may stand in URLs and headers.
pub fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// A number of bytes for people.
fn readable(bytes: i64) -> String {
    const UNITS: [(i64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "KB")];
    match UNITS.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => {
            let tenths = bytes / (unit / 10);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} bytes"),
    }
}

/// An attachment in an item.
#[derive(Serialize)]
pub struct InItem<'a> {
    id: &'a FileId,
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    size: i64,
    mime: &'a str,
    url: String,
    #[serde(flatten)]
    shown: Option<Size>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<Preview>,
}

#[derive(Serialize)]
struct Preview {
    url: String,
    #[serde(flatten)]
    size: Size,
}

impl<'a> From<&'a Attachment> for InItem<'a> {
    fn from(file: &'a Attachment) -> Self {
        InItem {
            id: &file.id,
            kind: if file.preview.is_some() {
                "photo"
            } else {
                "file"
            },
            name: &file.name,
            size: file.size,
            mime: &file.mime,
            url: file.path(),
            shown: file.shown,
            preview: file.preview.map(|size| Preview {
                url: format!("/files/{}/{PREVIEW}", file.id),
                size,
            }),
        }
    }
}

/// The text of a message for clients that do not know attachments: a line for each. `link` makes an address out of a path.
pub fn text_with_links(
    text: &str,
    files: &[Attachment],
    link: impl Fn(&FileId, &str) -> String,
) -> String {
    match (text, lines(files, link)) {
        ("", lines) => lines,
        (text, lines) if lines.is_empty() => text.to_owned(),
        (text, lines) => format!("{text}\n{lines}"),
    }
}

fn lines(files: &[Attachment], link: impl Fn(&FileId, &str) -> String) -> String {
    let lines = files.iter().map(|file| {
        let address = link(&file.id, &file.path());
        format!("{} ({}) {address}", file.name, readable(file.size))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// How an attachment is described to clients that do not show pictures.
#[derive(Clone, Debug, Deserialize)]
pub struct Listed {
    id: FileId,
    name: String,
    size: i64,
    mime: String,
}

impl From<&Attachment> for Listed {
    fn from(file: &Attachment) -> Self {
        Listed {
            id: file.id.clone(),
            name: file.name.clone(),
            size: file.size,
            mime: file.mime.clone(),
        }
    }
}

impl From<Listed> for Attachment {
    fn from(file: Listed) -> Self {
        Attachment {
            id: file.id,
            name: file.name,
            size: file.size,
            mime: file.mime,
            shown: None,
            preview: None,
        }
    }
}

/// Splits an item before its attachments, and returns the attachments, too; `None` if it has none.
fn split(item: &str) -> Option<(&str, &str, Vec<Attachment>)> {
    let (head, rest) = item.split_once(BEGIN)?;
    let list = rest.strip_suffix('}')?;
    let files = serde_json::from_str::<Vec<Listed>>(&format!("[{list}")).ok()?;
    Some((
        head,
        rest,
        files.into_iter().map(Attachment::from).collect(),
    ))
}

/// An item for clients that support attachments, if it has any: with addresses that work without a login, because people open them with
/// other programs. `link` makes such an address from a path.
pub fn opened(item: &str, link: impl Fn(&FileId, &str) -> String) -> Option<String> {
    let (head, rest, files) = split(item)?;
    let member = |address: &str| format!("\"url\":{}", json::to_string(&address));
    let rest = files.iter().fold(rest.to_owned(), |rest, file| {
        let path = file.path();
        rest.replace(&member(&path), &member(&link(&file.id, &path)))
    });
    Some(format!("{head}{BEGIN}{rest}"))
}

/// An item for clients that do not support attachments, if it has any: with lines in the text instead.
pub fn without(item: &str, link: impl Fn(&FileId, &str) -> String) -> Option<String> {
    let (head, _, files) = split(item)?;
    let (before, after) = head.split_once(AFTER_TEXT)?;
    let mut lines = lines(&files, link);
    if !before.ends_with("\"text\":\"") {
        lines.insert(0, '\n');
    }
    let lines = json::to_string(&lines);
    let lines = lines.trim_matches('"');
    Some(format!("{before}{lines}{AFTER_TEXT}{after}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo() -> Attachment {
        Attachment {
            id: "0123456789abcdef0123456789abcdef".parse().unwrap(),
            name: "a \"b\" ü/.png".into(),
            size: 1_234_567,
            mime: "image/png".into(),
            shown: Some(Size {
                width: 640,
                height: 480,
            }),
            preview: Some(Size {
                width: 320,
                height: 240,
            }),
        }
    }

    #[test]
    fn sizes_are_readable() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 KB"),
            (1_999, "1.9 KB"),
            (26_214_400, "26.2 MB"),
            (i64::MAX, "9223372036.8 GB"),
        ] {
            assert_eq!(readable(bytes), text);
        }
    }

    #[test]
    fn a_preview_is_no_file_of_that_name() {
        let file = Attachment {
            name: "preview".into(),
            ..photo()
        };
        assert!(file.path().ends_with("/_preview"), "{}", file.path());
    }

    #[test]
    fn long_names_are_cut_in_addresses_between_characters() {
        let named = |name: String| Attachment { name, ..photo() }.path();
        let start = "/files/0123456789abcdef0123456789abcdef/";
        let six = "%E5%AE%B6".repeat(6);
        assert_eq!(named("家".repeat(60) + ".jpg"), format!("{start}{six}.jpg"));
        assert_eq!(
            named("a".repeat(64) + ".photograph"),
            format!("{start}{}", "a".repeat(64))
        );
        assert_eq!(
            named("a".repeat(60) + ".jpg"),
            format!("{start}{}.jpg", "a".repeat(60))
        );
    }

    #[test]
    fn numbers_are_read_strictly() {
        let right = "0123456789abcdef0123456789abcdef";
        assert_eq!(right.parse::<FileId>().unwrap().as_str(), right);
        let long = format!("{right}0");
        let upper = right.to_uppercase();
        for wrong in ["", "..", &long, &upper, &right[1..]] {
            assert!(wrong.parse::<FileId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_of_files_get_keys_and_nothing_else_changes() {
        let link = |id: &FileId, path: &str| format!("{path}?key={}", &id.as_str()[..2]);
        // Its name is the address of the other one.
        let other = Attachment {
            name: photo().path(),
            preview: None,
            ..photo()
        };
        let list = json::to_string(&[&photo(), &other, &photo()].map(InItem::from));
        let item = format!(r#"{{"msg":{{"text":"x","time":1}},"to":2,"attachments":{list}}}"#);
        let mut expected: serde_json::Value = serde_json::from_str(&item).unwrap();
        for file in expected["attachments"].as_array_mut().unwrap() {
            let address = format!("{}?key=01", file["url"].as_str().unwrap());
            file["url"] = address.into();
        }
        let opened = opened(&item, link).unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&opened).unwrap(),
            expected
        );
        assert!(super::opened(r#"{"msg":{"text":"x","time":1},"to":2}"#, link).is_none());
    }

    /// Text that looks like the parts at which an item is cut.
    #[test]
    fn an_item_without_attachments_has_lines_in_its_text() {
        let link = |id: &FileId, path: &str| format!("http://h{path}?{}", &id.as_str()[..2]);
        let line = "a \\\"b\\\" \\u00fc\\/.png (1.2 MB) http:\\/\\/h\\/files\\/0123456789abcdef0123456789abcdef\\/a%20%22b%22%20%C3%BC%2F.png?01";
        for (text, begin) in [
            (String::new(), String::new()),
            (
                format!("x{AFTER_TEXT}{BEGIN}"),
                "x\\\",\\\"time\\\":,\\\"attachments\\\":[\\n".to_owned(),
            ),
        ] {
            let files = [photo()];
            let list: Vec<_> = files.iter().map(InItem::from).collect();
            let (text, list) = (json::to_string(&text), json::to_string(&list));
            let item =
                format!(r#"{{"msg":{{"text":{text},"time":1}},"to":2,"attachments":{list}}}"#);
            assert_eq!(
                without(&item, link).unwrap(),
                format!(r#"{{"msg":{{"text":"{begin}{line}","time":1}},"to":2}}"#)
            );
        }
        assert!(without(r#"{"msg":{"text":"x","time":1},"to":2}"#, link).is_none());
    }
}
