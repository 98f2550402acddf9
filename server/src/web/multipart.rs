//! Forms with files (RFC 7578), as they arrive: no more of them is in memory than what came last, and the head of one part. Content is not
//! copied, except around what may be the beginning of a boundary.

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

/// The most parts of a form.
const PARTS: usize = 32;
/// The longest head of a part.
const HEAD: usize = 16 << 10;

/// What has been found in a form.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// A part begins.
    Part(Head),
    /// More of its content.
    Data(Bytes),
    /// The form is complete. Whatever follows belongs to nothing.
    End,
}

/// What a part says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The name of the field.
    pub name: String,
    /// The name of the file, if it is one.
    pub filename: Option<String>,
}

/// The bytes are not a form of this kind.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Preamble,
    /// After a boundary.
    Boundary,
    Content,
    End,
}

/// Reads a form whose bytes come in pieces.
pub struct Reader {
    delimiter: Finder<'static>,
    rest: Bytes,
    state: State,
    parts: usize,
}

impl Reader {
    /// `None` if it is not a form of this kind.
    pub fn new(content_type: &str) -> Option<Self> {
        let delimiter = format!("\r\n--{}", boundary(content_type)?);
        Some(Reader {
            delimiter: Finder::new(&delimiter).into_owned(),
            // The first boundary may have no line before it.
            rest: Bytes::from_static(b"\r\n"),
            state: State::Preamble,
            parts: 0,
        })
    }

    /// Adds what has arrived.
    pub fn push(&mut self, bytes: Bytes) {
        if self.state == State::End {
            return;
        }
        if self.rest.is_empty() {
            self.rest = bytes;
            return;
        }
        let rest = std::mem::take(&mut self.rest).try_into_mut();
        let mut rest = rest.unwrap_or_else(BytesMut::from);
        rest.extend_from_slice(&bytes);
        self.rest = rest.freeze();
    }

    /// What comes next; `None` until more has arrived.
    pub fn next(&mut self) -> Result<Option<Found>, Malformed> {
        loop {
            match self.state {
                State::End => return Ok(Some(Found::End)),
                State::Preamble => {
                    if self.take_data().1 {
                        self.state = State::Boundary;
                    } else {
                        return Ok(None);
                    }
                }
                State::Content => {
                    let (data, is_last) = self.take_data();
                    if is_last {
                        self.state = State::Boundary;
                    }
                    if !data.is_empty() {
                        return Ok(Some(Found::Data(data)));
                    }
                    if !is_last {
                        return Ok(None);
                    }
                }
                State::Boundary if self.rest.starts_with(b"--") => {
                    self.state = State::End;
                    self.rest = Bytes::new();
                }
                State::Boundary if self.rest.len() < 2 => return Ok(None),
                State::Boundary => return self.take_head(),
            }
        }
    }

    /// The content up to the next boundary, and whether that has come. What may be the beginning of one is left.
    fn take_data(&mut self) -> (Bytes, bool) {
        let delimiter = self.delimiter.needle();
        match self.delimiter.find(&self.rest) {
            Some(at) => {
                let data = self.rest.split_to(at);
                self.rest = self.rest.slice(delimiter.len()..);
                (data, true)
            }
            None => {
                let begins = |length: &usize| {
                    let beginning = delimiter.get(..*length);
                    beginning.is_some_and(|beginning| self.rest.ends_with(beginning))
                };
                let left = (1..delimiter.len()).rev().find(begins).unwrap_or(0);
                (self.rest.split_to(self.rest.len() - left), false)
            }
        }
    }

    fn take_head(&mut self) -> Result<Option<Found>, Malformed> {
        let Some(end) = memchr::memmem::find(&self.rest, b"\r\n\r\n") else {
            return if self.rest.len() > HEAD {
                Err(Malformed)
            } else {
                Ok(None)
            };
        };
        self.parts += 1;
        if self.parts > PARTS || end > HEAD {
            return Err(Malformed);
        }
        let head = self.rest.split_to(end + 4);
        self.state = State::Content;
        Ok(Some(Found::Part(read_head(&String::from_utf8_lossy(
            &head,
        )))))
    }
}

fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.trim().split_once('=')?;
        key.eq_ignore_ascii_case("boundary")
            .then(|| value.trim_matches('"'))
    })?;
    (1..=70).contains(&boundary.len()).then_some(boundary)
}

fn read_head(head: &str) -> Head {
    let line = head.split("\r\n").find(|line| {
        line.get(..20)
            .is_some_and(|key| key.eq_ignore_ascii_case("content-disposition:"))
    });
    let line = line.unwrap_or_default();
    let name = line.split_once(" name=\"");
    let name = name.and_then(|(_, rest)| Some(rest.split_once('"')?.0));
    let filename = line.split_once("filename=\"");
    Head {
        name: name.unwrap_or_default().to_owned(),
        filename: filename.map(|(_, rest)| quoted(rest)),
    }
}

/// The text up to the next quote. Browsers write a quote in it as `%22`, others as `\"`. Backslashes stay: some give a whole path.
fn quoted(text: &str) -> String {
    let mut read = String::new();
    for c in text.chars() {
        match c {
            '"' if read.ends_with('\\') => {
                read.pop();
                read.push('"');
            }
            '"' => break,
            c => read.push(c),
        }
    }
    read.replace("%22", "\"")
}

/// One field of a form.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its content.
    pub data: Vec<u8>,
}

/// The fields of a body that is in memory already; `None` if it is not a form of this kind, or cut short.
pub fn parse(content_type: &str, body: &[u8]) -> Option<Vec<Part>> {
    let mut reader = Reader::new(content_type)?;
    reader.push(Bytes::copy_from_slice(body));
    let mut parts: Vec<Part> = Vec::new();
    loop {
        match reader.next().ok()?? {
            Found::Part(head) => parts.push(Part {
                name: head.name,
                data: Vec::new(),
            }),
            Found::Data(data) => parts.last_mut()?.data.extend(data),
            Found::End => return Some(parts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=\"x-y\"";
    const BODY: &[u8] = b"preamble\r\n--x-y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x-y\r\n\
        content-disposition: form-data; filename=\"--x-y\"; name=\"pic\"\r\nContent-Type: image/gif\r\n\r\n\xff\r\n\r\n-\r\n--x-y--\r\n";

    #[test]
    fn fields_are_complete() {
        let parts = parse(KIND, BODY).unwrap();
        let part = |name: &str, data: &[u8]| Part {
            name: name.into(),
            data: data.into(),
        };
        assert_eq!(parts, [part("a", b"1"), part("pic", b"\xff\r\n\r\n-")]);
    }

    #[test]
    fn a_form_may_arrive_in_pieces_of_any_size() {
        let whole = parse(KIND, BODY).unwrap();
        for size in 1..BODY.len() {
            let mut reader = Reader::new(KIND).unwrap();
            let mut parts: Vec<Part> = Vec::new();
            let mut ended = false;
            for piece in BODY.chunks(size) {
                reader.push(Bytes::copy_from_slice(piece));
                while let Some(found) = reader.next().unwrap() {
                    match found {
                        Found::Part(Head { name, .. }) => parts.push(Part {
                            name,
                            data: Vec::new(),
                        }),
                        Found::Data(data) => parts.last_mut().unwrap().data.extend(data),
                        Found::End => {
                            ended = true;
                            break;
                        }
                    }
                }
                assert!(reader.rest.len() <= BODY.len());
            }
            assert!(ended && parts == whole, "{size}");
        }
    }

    #[test]
    fn content_is_not_copied() {
        let mut reader = Reader::new(KIND).unwrap();
        reader.push(Bytes::from_static(&BODY[..62]));
        while reader.next().unwrap().is_some() {}
        let piece = Bytes::from(vec![b'-'; 1000]);
        reader.push(piece.clone());
        let Ok(Some(Found::Data(data))) = reader.next() else {
            panic!("no data");
        };
        assert_eq!((data.as_ptr(), data.len()), (piece.as_ptr(), 1000));
    }

    #[test]
    fn names_of_files_are_read_as_programs_write_them() {
        for (head, expected) in [
            ("; name=\"a\"", None),
            ("; name=\"a\"; filename=\"x y.png\"", Some("x y.png")),
            ("; filename=\"ü%22.png\"; name=\"a\"", Some("ü\".png")),
            ("; name=\"a\"; filename=\"a\\\"b\"", Some("a\"b")),
            (
                "; name=\"a\"; filename=\"C:\\x\\y.txt\"",
                Some("C:\\x\\y.txt"),
            ),
            ("; name=\"a\"; filename=\"cut", Some("cut")),
        ] {
            let head = read_head(&format!("Content-Disposition: form-data{head}\r\n"));
            assert_eq!(head.filename.as_deref(), expected);
            assert_eq!(head.name, "a");
        }
    }

    #[test]
    fn a_head_has_a_limit() {
        let mut reader = Reader::new(KIND).unwrap();
        reader.push(Bytes::from_static(b"--x-y\r\nContent-Disposition: "));
        assert_eq!(reader.next(), Ok(None));
        reader.push(vec![b'x'; HEAD].into());
        assert_eq!(reader.next(), Err(Malformed));
        // What comes before the first boundary is not kept.
        let mut reader = Reader::new(KIND).unwrap();
        for _ in 0..100 {
            reader.push(vec![b'-'; 1000].into());
            assert_eq!(reader.next(), Ok(None));
        }
        assert!(reader.rest.len() < 100);
    }

    #[test]
    fn what_is_cut_short_or_no_form_is_refused() {
        let end = BODY.len() - 4;
        for length in 0..end {
            assert_eq!(parse(KIND, &BODY[..length]), None, "{length}");
        }
        for kind in [
            "",
            "text/plain",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=z",
        ] {
            assert_eq!(parse(kind, BODY), None, "{kind}");
        }
        let many = "--x-y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n".repeat(33)
            + "--x-y--";
        assert_eq!(parse(KIND, many.as_bytes()), None);
    }
}
