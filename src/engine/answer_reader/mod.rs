//! Reads the answer to a GET from the bytes of a connection (RFC 9112), without I/O.
//!
//! The head is parsed by httparse, which the HTTP library uses as well. What is refused there is refused here.

#![forbid(unsafe_code)]

use crate::protocol::{Reply, TransportError, TransportFault};
use hyper::http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HeaderName, LOCATION, RETRY_AFTER, SET_COOKIE,
    TRANSFER_ENCODING,
};
use std::mem::MaybeUninit;

/// Greatest size of a head, of a line between two chunks, or of a trailer, in bytes.
const LONGEST_HEAD: usize = 64 << 10;
/// Greatest number of fields in a head.
const MOST_FIELDS: usize = 100;

/// How the end of the body is found.
#[derive(Debug)]
enum Framing {
    /// The body has this many bytes.
    Length(usize),
    /// Chunks. This many bytes of the current one are still missing, including the line break after it.
    Chunks(usize),
    /// Only the trailer is missing.
    Trailer,
    /// It ends with the connection.
    Close,
}

/// What a head says.
#[derive(Debug)]
struct Head {
    reply: Reply,
    framing: Framing,
    /// The server will close the connection.
    closes: bool,
}

/// An answer that has arrived.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) reply: Reply,
    /// The connection can be used again.
    pub(super) keeps_connection: bool,
}

/// The part of an answer that has arrived.
#[derive(Debug)]
pub(super) struct AnswerReader {
    /// Greatest size of the body.
    limit: usize,
    /// Received bytes that are not parsed yet.
    buffer: Vec<u8>,
    /// The end of the head is not in this part of the buffer.
    searched: usize,
    head: Option<Head>,
}

impl AnswerReader {
    pub(super) fn new(limit: usize) -> Self {
        AnswerReader {
            limit,
            buffer: Vec::new(),
            searched: 0,
            head: None,
        }
    }

    /// Where the next bytes of the connection are to be appended.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// True once the head is complete.
    pub(super) fn has_head(&self) -> bool {
        self.head.is_some()
    }

    /// Takes in what was appended to the buffer; gives the answer when it is complete.
    pub(super) fn advance(&mut self) -> Result<Option<Answer>, TransportError> {
        while self.head.is_none() {
            let Some(end) = self.end_of_head() else {
                return match self.buffer.len() > LONGEST_HEAD {
                    true => Err(not_http()),
                    false => Ok(None),
                };
            };
            self.head = read_head(self.buffer.get(..end).unwrap_or_default())?;
            self.buffer.drain(..end);
            self.searched = 0;
        }
        let Some(head) = &mut self.head else {
            return Ok(None);
        };
        let is_complete = match &mut head.framing {
            Framing::Length(length) if *length > self.limit => return Err(too_large(self.limit)),
            Framing::Length(length) => self.buffer.len() >= *length,
            Framing::Close => match self.buffer.len() > self.limit {
                true => return Err(too_large(self.limit)),
                false => false,
            },
            Framing::Chunks(_) | Framing::Trailer => {
                head.read_chunks(&mut self.buffer, self.limit)?
            }
        };
        Ok(if is_complete { self.finish() } else { None })
    }

    /// The connection has ended; gives the answer if it ends with the connection.
    pub(super) fn end(&mut self) -> Option<Answer> {
        match self.head.as_ref()?.framing {
            Framing::Close => self.finish(),
            _ => None,
        }
    }

    fn finish(&mut self) -> Option<Answer> {
        let Head {
            mut reply,
            framing,
            closes,
        } = self.head.take()?;
        let mut rest = std::mem::take(&mut self.buffer);
        let is_rest_empty = match framing {
            Framing::Length(length) => {
                let is_exact = rest.len() == length;
                rest.truncate(length);
                reply.body = rest;
                is_exact
            }
            Framing::Close => {
                reply.body = rest;
                false
            }
            Framing::Chunks(_) | Framing::Trailer => rest.is_empty(),
        };
        Some(Answer {
            reply,
            keeps_connection: is_rest_empty && !closes,
        })
    }

    /// The position after the empty line.
    fn end_of_head(&mut self) -> Option<usize> {
        let start = self.searched.saturating_sub(3);
        self.searched = self.buffer.len();
        let part = self.buffer.get(start..)?;
        let breaks = part.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let mut ends = breaks.filter_map(|(at, _)| match part.get(at.checked_add(1)?..)? {
            [b'\n', ..] => at.checked_add(2),
            [b'\r', b'\n', ..] => at.checked_add(3),
            _ => None,
        });
        start.checked_add(ends.next()?)
    }
}

impl Head {
    /// Moves the content of complete and begun chunks to the body; true at the end of the last one.
    fn read_chunks(&mut self, buffer: &mut Vec<u8>, limit: usize) -> Result<bool, TransportError> {
        let mut at = 0;
        let is_complete = loop {
            let rest = buffer.get(at..).unwrap_or_default();
            let taken = match &mut self.framing {
                Framing::Trailer => {
                    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
                    match httparse::parse_headers(rest, &mut fields).map_err(|_| not_http())? {
                        httparse::Status::Complete((length, _)) => {
                            at = at.saturating_add(length);
                            break true;
                        }
                        httparse::Status::Partial => None,
                    }
                }
                Framing::Chunks(0) => {
                    match httparse::parse_chunk_size(rest).map_err(|_| not_http())? {
                        httparse::Status::Complete((length, size)) => {
                            self.framing = match usize::try_from(size) {
                                Ok(0) => Framing::Trailer,
                                Ok(size) if size <= limit => {
                                    Framing::Chunks(size.saturating_add(2))
                                }
                                _ => return Err(too_large(limit)),
                            };
                            Some(length)
                        }
                        httparse::Status::Partial => None,
                    }
                }
                // The line break after the content is not part of it.
                Framing::Chunks(missing) if *missing <= 2 => {
                    let wanted: &[u8] = if *missing == 2 { b"\r\n" } else { b"\n" };
                    let there = rest.get(..*missing).unwrap_or(rest);
                    if there.is_empty() {
                        break false;
                    }
                    if !wanted.starts_with(there) {
                        return Err(not_http());
                    }
                    *missing = missing.saturating_sub(there.len());
                    Some(there.len())
                }
                Framing::Chunks(missing) => {
                    let content = rest.get(..missing.saturating_sub(2)).unwrap_or(rest);
                    if content.is_empty() {
                        break false;
                    }
                    if content.len() > limit.saturating_sub(self.reply.body.len()) {
                        return Err(too_large(limit));
                    }
                    self.reply.body.extend_from_slice(content);
                    *missing = missing.saturating_sub(content.len());
                    Some(content.len())
                }
                Framing::Length(_) | Framing::Close => break false,
            };
            match taken {
                Some(length) => at = at.saturating_add(length),
                None if rest.len() > LONGEST_HEAD => return Err(not_http()),
                None => break false,
            }
        };
        buffer.drain(..at);
        Ok(is_complete)
    }
}

/// Reads a complete head; `None` for one that only announces another.
fn read_head(bytes: &[u8]) -> Result<Option<Head>, TransportError> {
    let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let mut head = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut head,
        bytes,
        &mut fields,
    );
    let (Ok(httparse::Status::Complete(_)), Some(status), Some(version)) =
        (parsed, head.code, head.version)
    else {
        return Err(not_http());
    };
    // The request did not ask to switch protocols.
    match status {
        101 => return Err(not_http()),
        100..200 => return Ok(None),
        _ => {}
    }
    let all = |name: &HeaderName| {
        let fields = head.headers.iter();
        let named = fields.filter(|field| field.name.eq_ignore_ascii_case(name.as_str()));
        named.map(|field| field.value).collect::<Vec<_>>()
    };
    let texts = |name: &HeaderName| {
        all(name)
            .into_iter()
            .map(|value| String::from_utf8_lossy(value).into_owned())
    };
    crate::http::check_encoding(all(&CONTENT_ENCODING))?;
    let is_last = |value: &&[u8], word: &[u8]| {
        let mut words = value.rsplit(|byte| *byte == b',');
        let last = words.next().unwrap_or_default();
        last.trim_ascii().eq_ignore_ascii_case(word)
    };
    let transfer = all(&TRANSFER_ENCODING);
    let framing = if matches!(status, 204 | 304) {
        Framing::Length(0)
    } else if !transfer.is_empty() && version == 1 {
        match transfer
            .last()
            .is_some_and(|value| is_last(value, b"chunked"))
        {
            true => Framing::Chunks(0),
            false => Framing::Close,
        }
    } else {
        length(&all(&CONTENT_LENGTH))?.map_or(Framing::Close, Framing::Length)
    };
    let says_close = |value: &&[u8]| {
        let mut words = value.split(|byte| *byte == b',');
        words.any(|word| word.trim_ascii().eq_ignore_ascii_case(b"close"))
    };
    Ok(Some(Head {
        closes: version == 0 || all(&CONNECTION).iter().any(says_close),
        framing,
        reply: Reply {
            content_type: None,
            status,
            set_cookie: texts(&SET_COOKIE).collect(),
            location: texts(&LOCATION).next(),
            retry_after: texts(&RETRY_AFTER).next(),
            body: Vec::new(),
        },
    }))
}

/// The length that the fields name. One may be repeated, but must not contradict itself.
fn length(values: &[&[u8]]) -> Result<Option<usize>, TransportError> {
    let mut found = None;
    for value in values
        .iter()
        .flat_map(|value| value.split(|byte| *byte == b','))
    {
        let digits = value.trim_ascii();
        let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(digits)
            .ok()
            .and_then(|text| text.parse().ok());
        let number: usize = number.filter(|_| is_number).ok_or_else(not_http)?;
        if found.replace(number).is_some_and(|before| before != number) {
            return Err(not_http());
        }
    }
    Ok(found)
}

fn not_http() -> TransportError {
    TransportError {
        fault: TransportFault::Io,
        detail: "the answer is not HTTP".to_owned(),
    }
}

fn too_large(limit: usize) -> TransportError {
    TransportError {
        fault: TransportFault::TooLarge,
        detail: format!("more than {limit} bytes"),
    }
}

#[cfg(test)]
mod tests;
