//! JSON as the clients of 2008 expect it: compact, `/` as `\/`, everything beyond ASCII as `\uXXXX`
//! (docs/protocol.md, Conventions).

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

struct Wire;

impl Formatter for Wire {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let is_plain = |byte: u8| byte < 0x7f && byte != b'/';
        if fragment.bytes().all(is_plain) {
            return out.write_all(fragment.as_bytes());
        }
        let mut plain = 0;
        for (at, c) in fragment.char_indices() {
            if c.is_ascii() && c != '/' && c != '\u{7f}' {
                continue;
            }
            out.write_all(fragment.get(plain..at).unwrap_or_default().as_bytes())?;
            plain = at + c.len_utf8();
            if c == '/' {
                out.write_all(br"\/")?;
                continue;
            }
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
        }
        out.write_all(fragment.get(plain..).unwrap_or_default().as_bytes())
    }
}

/// The room that most values need.
const SIZE: usize = 512;

/// Serialises `value` as the wire has it.
pub fn to_string(value: &impl Serialize) -> String {
    let mut out = Vec::with_capacity(SIZE);
    if let Err(error) = value.serialize(&mut Serializer::with_formatter(&mut out, Wire)) {
        // Only a type that fails to serialise itself gets here, and ours do not.
        log::error!("cannot write JSON: {error}");
    }
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::to_string;

    #[test]
    fn text_is_compact_ascii_and_reads_back() {
        let text = "a/b \"q\" \\ \n\t\u{1}\u{7f} ä€ 😀 </script>";
        let json = to_string(&serde_json::json!({"text": text, "n": [1, null]}));
        assert_eq!(
            json,
            r#"{"n":[1,null],"text":"a\/b \"q\" \\ \n\t\u0001\u007f \u00e4\u20ac \ud83d\ude00 <\/script>"}"#
        );
        let back: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(back["text"], text);
    }
}
