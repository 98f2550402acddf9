//! The framing of a stream in the messages of a WebSocket (RFC 7395): each message has one element, which declares its own namespaces, and the
//! header and the end of the stream are elements, too. They are converted to and from a stream as over TCP, so that the rest of
//! this front end handles only such streams.

use super::reader::{Frame, Reader};
use super::xml::{Element, ns, write_attribute};

/// A message of a client as a part of a stream; `None` if the stream is not to go on.
pub fn unframe(text: &str) -> Option<String> {
    let text = text.trim_start();
    let is = |name: &str| {
        let rest = text
            .strip_prefix('<')
            .and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_ascii_whitespace() || "/>".contains(c))
        })
    };
    if !is("open") && !is("close") {
        return Some(text.to_owned());
    }
    match element(text)? {
        open if open.is("open", ns::FRAMING) => {
            let mut header = "<stream:stream".to_owned();
            write_attribute(&mut header, "xmlns", ns::CLIENT);
            write_attribute(&mut header, "xmlns:stream", ns::STREAM);
            for name in ["to", "version"] {
                if let Some(value) = open.attribute(name) {
                    write_attribute(&mut header, name, value);
                }
            }
            header.push('>');
            Some(header)
        }
        close if close.is("close", ns::FRAMING) => Some("</stream:stream>".to_owned()),
        _ => Some(text.to_owned()),
    }
}

/// The only element of a message that is a frame.
fn element(text: &str) -> Option<Element> {
    let header = format!("<s:stream xmlns:s='{}'>", ns::STREAM);
    let mut reader = Reader::new(header.len() + text.len());
    reader.read(&mut header.as_bytes()).ok()?;
    match reader.read(&mut text.as_bytes()).ok()? {
        Some(Frame::Stanza(element)) => Some(element),
        _ => None,
    }
}

/// Cuts the output of the server into messages. It relies on `xml`, which writes `<` and `>` only in tags.
#[derive(Default)]
pub struct Framer {
    pending: Vec<u8>,
    /// How much of it has been scanned, and how many elements are open at that point.
    scanned: usize,
    depth: usize,
}

impl Framer {
    /// Takes bytes as they come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// The next message, if one is complete.
    pub fn next(&mut self) -> Option<String> {
        loop {
            let rest = self.pending.get(self.scanned..)?;
            let length = rest.iter().position(|byte| *byte == b'>')? + 1;
            let tag = rest.get(..length)?;
            let tag = match tag.iter().position(|byte| *byte == b'<') {
                Some(start) => tag.get(start..)?,
                None => tag,
            };
            let is_header = tag.starts_with(b"<stream:stream");
            let is_end = tag == b"</stream:stream>";
            let depth = match (tag, tag.strip_suffix(b"/>")) {
                _ if is_header || is_end => 0,
                ([b'<', b'?', ..], _) | (_, Some(_)) => self.depth,
                ([b'<', b'/', ..], _) => self.depth.saturating_sub(1),
                _ => self.depth + 1,
            };
            let is_declaration = tag.starts_with(b"<?");
            self.scanned += length;
            self.depth = depth;
            if depth > 0 {
                continue;
            }
            let rest = self.pending.split_off(self.scanned);
            let part = std::mem::replace(&mut self.pending, rest);
            self.scanned = 0;
            if is_declaration {
                continue;
            }
            // It consists of what was text before.
            let part = String::from_utf8(part).ok()?;
            return Some(match (is_header, is_end) {
                (true, _) => open(&part),
                (_, true) => format!("<close xmlns='{}'/>", ns::FRAMING),
                _ => with_namespace(&part),
            });
        }
    }
}

/// The header of a stream as an element. It has the same attributes, without the namespaces.
fn open(header: &str) -> String {
    let mut open = "<open".to_owned();
    write_attribute(&mut open, "xmlns", ns::FRAMING);
    if let Some(start) = header.find(" from=") {
        let attributes = header.get(start..).unwrap_or_default();
        open.push_str(attributes.trim_end_matches('>'));
    }
    open.push_str("/>");
    open
}

/// An element of a stream with the namespace that it had in the stream.
fn with_namespace(element: &str) -> String {
    let end = element.find(|c: char| c.is_ascii_whitespace() || "/>".contains(c));
    let (name, rest) = element.split_at(end.unwrap_or(element.len()));
    let mut framed = name.to_owned();
    if name.starts_with("<stream:") {
        write_attribute(&mut framed, "xmlns:stream", ns::STREAM);
    } else if !rest.starts_with(" xmlns=") {
        write_attribute(&mut framed, "xmlns", ns::CLIENT);
    }
    framed.push_str(rest);
    framed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_the_same_in_one_piece_and_byte_by_byte() {
        let written = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams' from='x' id='1' version='1.0'>\
             <stream:features><bind xmlns='b'/></stream:features><r xmlns='sm'/>\
             <message to='a'><body>1 &gt; 0 \u{1f600}</body></message><presence/>\
             <?xml version='1.0'?><stream:stream xmlns='jabber:client' from='x'></stream:stream>";
        let expected = [
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='x' id='1' version='1.0'/>",
            "<stream:features xmlns:stream='http://etherx.jabber.org/streams'><bind xmlns='b'/></stream:features>",
            "<r xmlns='sm'/>",
            "<message xmlns='jabber:client' to='a'><body>1 &gt; 0 \u{1f600}</body></message>",
            "<presence xmlns='jabber:client'/>",
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='x'/>",
            "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
        ];
        for chunk in [1, 3, 10_000] {
            let mut framer = Framer::default();
            let mut found = Vec::new();
            for bytes in written.as_bytes().chunks(chunk) {
                framer.push(bytes);
                while let Some(message) = framer.next() {
                    found.push(message);
                }
            }
            assert_eq!(found, expected, "{chunk}");
            assert!(framer.pending.is_empty());
        }
    }

    #[test]
    fn frames_become_the_header_and_the_end_of_a_stream() {
        let open =
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to=\"x&apos;y\" version='1.0' />";
        assert_eq!(
            unframe(open).unwrap(),
            "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
             to='x&apos;y' version='1.0'>"
        );
        let close = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
        assert_eq!(unframe(close).unwrap(), "</stream:stream>");
        for other in ["<message/>", "<opens/>", "<open xmlns='x'/>"] {
            assert_eq!(unframe(other).unwrap(), other);
        }
        assert_eq!(unframe("<open to='"), None);
    }
}
