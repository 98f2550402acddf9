//! Cuts the bytes of a stream into its parts: the header, stanzas, and the end. Everything is bounded, and nothing is read from anywhere:
//! the caller brings the bytes.

use rxml::error::EndOrError;
use rxml::{Error, Event, Options, Parse, Parser, WithOptions};

use super::errors::StreamError;
use super::xml::{Element, ns};

/// The largest stanza before the login, and afterwards, in bytes as they arrive.
pub const BEFORE_LOGIN: usize = 10 << 10;
pub const AFTER_LOGIN: usize = 256 << 10;
/// How deep elements may be nested in a stream.
const DEPTH: usize = 32;
/// The most attributes of an element, and the most elements of a stanza.
const ATTRIBUTES: usize = 64;
const ELEMENTS: usize = 4096;

/// What a client says when it opens a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The domain that it wants to speak to.
    pub to: Option<String>,
    pub version: Option<String>,
}

/// A part of a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    Open(Header),
    Stanza(Element),
    Close,
}

/// Reads one stream, which starts again after TLS and after the login.
pub struct Reader {
    parser: Parser,
    /// Whether the header was read.
    is_open: bool,
    /// The elements of the stanza that is being read, from the outside.
    path: Vec<Element>,
    /// How many elements and bytes it has had so far.
    elements: usize,
    bytes: usize,
    limit: usize,
}

impl Reader {
    /// Waits for a header. Stanzas may have up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        let options = Options::default();
        let mut parser = Parser::with_options(options);
        // White space between stanzas keeps a connection alive; it must not wait for the next stanza.
        parser.set_text_buffering(false);
        Reader {
            parser,
            is_open: false,
            path: Vec::new(),
            elements: 0,
            bytes: 0,
            limit,
        }
    }

    /// Stanzas may have up to `limit` bytes from now on, which is no less than before.
    pub fn limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Takes bytes from the front until a part is complete; `None` once all are taken.
    pub fn read(&mut self, bytes: &mut &[u8]) -> Result<Option<Frame>, StreamError> {
        if !self.is_open && self.bytes == 0 {
            // White space that follows the last element of the stream before, after which the declaration of this one begins.
            *bytes = bytes.trim_ascii_start();
        }
        // An element that ends where it begins is two events, of which the second takes no bytes.
        loop {
            // One more than the limit shows that it is exceeded.
            let room = (self.limit - self.bytes).saturating_add(1);
            let (mut part, rest) = bytes.split_at(room.min(bytes.len()));
            let before = part.len();
            let event = self.parser.parse(&mut part, false);
            let taken = before - part.len();
            *bytes = bytes.get(taken..).unwrap_or(rest);
            self.bytes += taken;
            if self.bytes > self.limit {
                return Err(StreamError::TOO_LARGE);
            }
            match event {
                Ok(Some(event)) => {
                    if let Some(frame) = self.event(event)? {
                        if bytes.is_empty() {
                            self.rest();
                        }
                        return Ok(Some(frame));
                    }
                }
                Ok(None) => return Ok(Some(Frame::Close)),
                Err(EndOrError::NeedMoreData) if taken > 0 && !bytes.is_empty() => {}
                Err(EndOrError::NeedMoreData) => break,
                Err(EndOrError::Error(error)) => return Err(stream_error(error)),
            }
        }
        self.rest();
        Ok(None)
    }

    /// An idle stream keeps no buffer.
    fn rest(&mut self) {
        if self.path.is_empty() {
            self.parser.release_temporaries();
        }
    }

    fn event(&mut self, event: Event) -> Result<Option<Frame>, StreamError> {
        match event {
            Event::XmlDeclaration(..) => Ok(None),
            Event::StartElement(_, (space, name), attributes) => {
                if attributes.len() > ATTRIBUTES || self.path.len() + 1 >= DEPTH {
                    return Err(StreamError::TOO_LARGE);
                }
                let get = |name: &str| attributes.get("", name).cloned();
                if !self.is_open {
                    if space != ns::STREAM {
                        return Err(StreamError::INVALID_NAMESPACE);
                    }
                    if name.as_str() != "stream" {
                        return Err(StreamError::BAD_FORMAT);
                    }
                    self.is_open = true;
                    self.bytes = 0;
                    return Ok(Some(Frame::Open(Header {
                        to: get("to"),
                        version: get("version"),
                    })));
                }
                self.elements += 1;
                if self.elements > ELEMENTS {
                    return Err(StreamError::TOO_LARGE);
                }
                let mut element = Element::new(name.to_string(), space.to_string());
                for ((space, name), value) in attributes {
                    if space.is_none() {
                        element = element.with(name.to_string(), value);
                    } else if space == rxml::XMLNS_XML && name.as_str() == "lang" {
                        element = element.with("xml:lang", value);
                    }
                }
                self.path.push(element);
                Ok(None)
            }
            Event::Text(_, text) => match self.path.last_mut() {
                Some(element) => {
                    element.push_text(text);
                    Ok(None)
                }
                None if text.bytes().all(|b| b.is_ascii_whitespace()) => {
                    self.bytes = 0;
                    Ok(None)
                }
                None => Err(StreamError::BAD_FORMAT),
            },
            Event::EndElement(_) => {
                let Some(element) = self.path.pop() else {
                    return Ok(Some(Frame::Close));
                };
                match self.path.last_mut() {
                    Some(outer) => {
                        outer.push(element);
                        Ok(None)
                    }
                    None => {
                        (self.bytes, self.elements) = (0, 0);
                        Ok(Some(Frame::Stanza(element)))
                    }
                }
            }
        }
    }
}

fn stream_error(error: Error) -> StreamError {
    match error {
        Error::RestrictedXml(_) | Error::UndeclaredEntity => StreamError::RESTRICTED_XML,
        _ => StreamError::NOT_WELL_FORMED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = "<?xml version='1.0'?><stream:stream to='x' version='1.0' xmlns='jabber:client' \
                        xmlns:stream='http://etherx.jabber.org/streams'>";

    fn read(text: &str, chunk: usize) -> (Vec<Frame>, Option<&'static str>) {
        let mut reader = Reader::new(BEFORE_LOGIN);
        let mut frames = Vec::new();
        for mut bytes in text.as_bytes().chunks(chunk) {
            loop {
                match reader.read(&mut bytes) {
                    Ok(Some(Frame::Close)) => {
                        frames.push(Frame::Close);
                        return (frames, None);
                    }
                    Ok(Some(frame)) => frames.push(frame),
                    Ok(None) => break,
                    Err(error) => return (frames, Some(error.condition)),
                }
            }
        }
        (frames, None)
    }

    #[test]
    fn a_stream_is_the_same_in_one_piece_and_byte_by_byte() {
        // The white space at the beginning is what some clients send after the login.
        let text = format!(
            "\r\n {OPEN} \n<message to='a'><body>h&amp;i<![CDATA[<>]]></body></message> <presence xml:lang='de'/></stream:stream>"
        );
        let body = Element::new("body", ns::CLIENT).text("h&i<>");
        let message = Element::new("message", ns::CLIENT)
            .with("to", "a")
            .child(body);
        let presence = Element::new("presence", ns::CLIENT).with("xml:lang", "de");
        let header = Header {
            to: Some("x".into()),
            version: Some("1.0".into()),
        };
        let expected = [
            Frame::Open(header),
            Frame::Stanza(message),
            Frame::Stanza(presence),
            Frame::Close,
        ];
        for chunk in [1, 2, 7, 10_000] {
            let (frames, error) = read(&text, chunk);
            assert_eq!((&frames[..], error), (&expected[..], None), "{chunk}");
        }
    }

    #[test]
    fn what_is_no_stream_is_named_and_bounded() {
        let long = "x".repeat(BEFORE_LOGIN);
        let deep = "<a>".repeat(DEPTH);
        let wide: String = (0..=ATTRIBUTES).map(|n| format!(" a{n}=''")).collect();
        for (text, condition) in [
            (
                "GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
                "not-well-formed",
            ),
            (
                "<!DOCTYPE x [<!ENTITY a 'b'>]>".to_owned(),
                "not-well-formed",
            ),
            (format!("{OPEN}<a>&lol;</a>"), "restricted-xml"),
            (format!("{OPEN}<!-- x -->"), "restricted-xml"),
            (format!("{OPEN}<?x y?>"), "restricted-xml"),
            (format!("{OPEN}</b>"), "not-well-formed"),
            (format!("{OPEN}text"), "bad-format"),
            (
                "<stream xmlns='jabber:client'>".to_owned(),
                "invalid-namespace",
            ),
            (
                "<x xmlns='http://etherx.jabber.org/streams'>".to_owned(),
                "bad-format",
            ),
            (format!("{OPEN}<a>{long}</a>"), "policy-violation"),
            (format!("{OPEN}{deep}"), "policy-violation"),
            (format!("{OPEN}<a{wide}>"), "policy-violation"),
        ] {
            for chunk in [1, 10_000_000] {
                let (_, error) = read(&text, chunk);
                assert_eq!(error, Some(condition), "{chunk} {text:.80}");
            }
        }
        let mut reader = Reader::new(BEFORE_LOGIN);
        let bytes = [OPEN.as_bytes(), b"<a>\xc3\x28</a>"].concat();
        let mut bytes = &bytes[..];
        assert!(matches!(reader.read(&mut bytes), Ok(Some(Frame::Open(_)))));
        let error = reader.read(&mut bytes).unwrap_err();
        assert_eq!(error.condition, "not-well-formed");
    }
}
