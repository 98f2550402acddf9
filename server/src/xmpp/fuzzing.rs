//! Entry points for `fuzz/`. Not an interface.

use super::features::Security;
use super::negotiation::{Negotiation, Step, not_resumed};
use super::reader::{AFTER_LOGIN, BEFORE_LOGIN, Frame, Header, Reader};
use super::sasl::Failure;
use super::xml::{Element, ns, write_attribute};

/// Goes through a stream as a connection does, with passwords that are right every other time. Every stanza can be
/// written and read again. Returns what the client is sent.
pub fn stream(bytes: &[u8], chunk: usize) -> String {
    let mut negotiation = Negotiation::new("x", Security::Encrypted);
    let mut reader = Reader::new(BEFORE_LOGIN);
    let (mut out, mut attempts, mut is_bound) = (String::new(), 0, false);
    for mut part in bytes.chunks(chunk.max(1)) {
        loop {
            let frame = match reader.read(&mut part) {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(error) => {
                    negotiation.end(Some(&error), &mut out);
                    return out;
                }
            };
            if let Frame::Stanza(stanza) = &frame {
                // The first time it loses characters that nobody can show.
                let again = read_again(stanza);
                assert_eq!(again.as_ref().and_then(read_again), again);
                assert!(again.is_some(), "not readable any more: {stanza:?}");
            }
            if is_bound {
                continue;
            }
            let step = negotiation.take(frame, &mut out);
            let step = match step {
                Ok(Step::Check(_)) => {
                    attempts += 1;
                    let result = match attempts % 2 {
                        0 => Ok(()),
                        _ => Err(Failure::new("not-authorized", "<No>")),
                    };
                    if result.is_ok() {
                        reader = Reader::new(AFTER_LOGIN);
                    }
                    negotiation.checked(result, &mut out)
                }
                Ok(Step::Bind(request)) => {
                    negotiation.bound(&request, "a@x/b", &mut out);
                    is_bound = true;
                    Ok(Step::Continue)
                }
                Ok(Step::Resume(_)) => {
                    not_resumed().write(&mut out, ns::CLIENT);
                    Ok(Step::Continue)
                }
                Ok(Step::Authenticate(request)) => {
                    attempts += 1;
                    if attempts % 2 > 0 {
                        negotiation.refuse(&Failure::new("not-authorized", "<No>"), &mut out)
                    } else {
                        reader.limit(AFTER_LOGIN);
                        is_bound = request.bind.is_some();
                        negotiation.authenticated(&Element::new("success", ns::SASL2), &mut out);
                        Ok(Step::Continue)
                    }
                }
                step => step,
            };
            match step {
                Ok(Step::Close) => {
                    negotiation.end(None, &mut out);
                    return out;
                }
                Ok(_) => {}
                Err(error) => {
                    negotiation.end(Some(&error), &mut out);
                    return out;
                }
            }
        }
    }
    out
}

/// A stanza as a client would read it.
fn read_again(stanza: &Element) -> Option<Element> {
    let mut text = "<stream:stream".to_owned();
    write_attribute(&mut text, "xmlns", ns::CLIENT);
    write_attribute(&mut text, "xmlns:stream", ns::STREAM);
    text.push('>');
    stanza.write(&mut text, ns::CLIENT);
    // What is escaped takes more room.
    let mut reader = Reader::new(AFTER_LOGIN * 8);
    let mut bytes = text.as_bytes();
    let opened = reader.read(&mut bytes);
    assert_eq!(opened, Ok(Some(Frame::Open(Header::default()))));
    match reader.read(&mut bytes) {
        Ok(Some(Frame::Stanza(stanza))) => Some(stanza),
        _ => None,
    }
}
