//! Replies of the channel as nearly all are: messages and typing notices without anything unusual, read in one pass.
//!
//! Messages are what most answers consist of, and a general reader spends most of its time on what they do not have. Spaces,
//! members that are not listed here, and values of another type are left to the general reader, which gives the same for what is
//! read here.

use crate::protocol::wire::item::{Item, ItemText, Kind};
use crate::protocol::wire::json::{Int, Object, Text};
use crate::types::clean_text;

/// Longer numbers may not fit into 64 bits.
const MOST_DIGITS: usize = 18;

/// Reads the items of a reply; `None` if it is another reply, or has more items.
pub fn read(text: &str, most: usize) -> Option<Vec<Option<Item>>> {
    let mut scanner = Scanner {
        text,
        at: text.find('{')?,
    };
    let (mut is_items, mut found) = (false, None);
    scanner.object(|it, name| match name {
        "t" if !is_items => {
            it.expect(b'"')?;
            is_items = it.string()?.0 == "msg";
            is_items.then_some(())
        }
        "c" => it.skip_text(),
        "ms" if found.is_none() => {
            found = Some(it.items(most)?);
            Some(())
        }
        _ => None,
    })?;
    found.filter(|_| is_items)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn next(&mut self) -> Option<u8> {
        let byte = *self.text.as_bytes().get(self.at)?;
        self.at = self.at.saturating_add(1);
        Some(byte)
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }

    /// Calls `read` for the value of each member.
    fn object(&mut self, mut read: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        loop {
            self.expect(b'"')?;
            // One that is written with escapes is not listed.
            let (name, _) = self.string()?;
            self.expect(b':')?;
            read(self, name)?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// The rest of a string as it is written, and whether it has escapes.
    fn string(&mut self) -> Option<(&'a str, bool)> {
        let rest = self.text.get(self.at..)?;
        let (mut length, mut has_escapes) = (0usize, false);
        loop {
            length = length.saturating_add(special(rest.as_bytes().get(length..)?)?);
            match rest.as_bytes().get(length)? {
                b'"' => break,
                b'\\' => (length, has_escapes) = (length.saturating_add(2), true),
                _ => return None,
            }
        }
        self.at = self.at.saturating_add(length).saturating_add(1);
        Some((rest.get(..length)?, has_escapes))
    }

    fn text(&mut self) -> Option<Text> {
        let start = self.at;
        self.expect(b'"')?;
        let text = match self.string()? {
            (plain, false) => clean_text(plain).into_owned(),
            (_, true) => {
                let quoted = self.text.get(start..self.at)?;
                let text: String = serde_json::from_str(quoted).ok()?;
                clean_text(&text).into_owned()
            }
        };
        Some(Text(Some(text)))
    }

    /// A text that nobody wants. The general reader has to see one with escapes, which may be wrong.
    fn skip_text(&mut self) -> Option<()> {
        self.expect(b'"')?;
        let (_, has_escapes) = self.string()?;
        (!has_escapes).then_some(())
    }

    fn int(&mut self) -> Option<Int> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
        let (number, length) = digits.fold((0i64, 0usize), |(number, length), digit| {
            let value = i64::from(digit.wrapping_sub(b'0'));
            (
                number.wrapping_mul(10).wrapping_add(value),
                length.wrapping_add(1),
            )
        });
        let has_zeros = length > 1 && rest.first() == Some(&b'0');
        self.at = self.at.saturating_add(length);
        ((1..=MOST_DIGITS).contains(&length) && !has_zeros).then_some(Int(Some(number)))
    }

    fn items(&mut self, most: usize) -> Option<Vec<Option<Item>>> {
        let mut items = Vec::new();
        self.expect(b'[')?;
        loop {
            if items.len() >= most {
                return None;
            }
            items.push(Some(self.item()?));
            match self.next()? {
                b',' => {}
                b']' => return Some(items),
                _ => return None,
            }
        }
    }

    fn item(&mut self) -> Option<Item> {
        let mut item = Item::default();
        self.object(|it, name| match name {
            "type" => put(&mut item.kind, it.kind()?),
            "msg" => put(&mut item.msg, Object(Some(it.item_text()?))),
            "from" => put(&mut item.from, it.int()?),
            "to" => put(&mut item.to, it.int()?),
            "from_name" => put(&mut item.from_name, it.text()?),
            "to_name" => put(&mut item.to_name, it.text()?),
            "st" => put(&mut item.st, it.int()?),
            "from_first_name" | "to_first_name" => it.skip_text(),
            _ => None,
        })?;
        Some(item)
    }

    fn kind(&mut self) -> Option<Kind> {
        self.expect(b'"')?;
        let (name, has_escapes) = self.string()?;
        (!has_escapes).then(|| Kind::of(name))
    }

    fn item_text(&mut self) -> Option<ItemText> {
        let mut found = ItemText::default();
        self.object(|it, name| match name {
            "text" => put(&mut found.text, it.text()?),
            "time" => put(&mut found.time, it.int()?),
            "clientTime" => it.int().map(|_| ()),
            "msgID" => put(&mut found.message_id, it.text()?),
            _ => None,
        })?;
        Some(found)
    }
}

/// Where the first quote, backslash or control character is.
fn special(bytes: &[u8]) -> Option<usize> {
    // Eight bytes at once. The lowest mark is right, those above it need not be.
    let all = |byte: u8| u64::from_ne_bytes([byte; 8]);
    let less = |word: u64, than: u8| word.wrapping_sub(all(than)) & !word & all(0x80);
    let (words, rest) = bytes.as_chunks::<8>();
    let marks = words.iter().map(|word| {
        let word = u64::from_le_bytes(*word);
        less(word, b' ') | less(word ^ all(b'"'), 1) | less(word ^ all(b'\\'), 1)
    });
    if let Some((place, marks)) = marks.enumerate().find(|(_, marks)| *marks != 0) {
        let byte = marks.trailing_zeros().wrapping_div(8) as usize;
        return Some(place.saturating_mul(8).saturating_add(byte));
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1F);
    let place = rest.iter().position(is_special)?;
    Some(words.as_flattened().len().saturating_add(place))
}

/// Sets a member that is not there yet.
fn put<T: Default + PartialEq>(place: &mut T, value: T) -> Option<()> {
    let is_first = *place == T::default();
    *place = value;
    is_first.then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = r#"{"type":"msg","msg":{"text":"yo","time":1209557234412,"clientTime":0,"msgID":"4177168544"},"from":1,"to":2,"from_name":"A \"B\" \u00e9","to_name":"C/D ü","from_first_name":"A","to_first_name":"C"}"#;
    const TYPING: &str = r#"{"type":"typ","from":1,"to":2,"st":1}"#;

    fn reply(items: &str) -> String {
        format!(r#"for (;;);{{"t":"msg","c":"p_2","ms":[{items}]}}"#)
    }

    /// What the general reader says of an item.
    fn general(item: &str) -> Option<Item> {
        serde_json::from_str::<Object<Item>>(item).ok()?.0
    }

    #[test]
    fn says_the_same_as_the_general_reader() {
        let both = reply(&format!("{MESSAGE},{TYPING}"));
        assert_eq!(
            read(&both, 2),
            Some(vec![general(MESSAGE), general(TYPING)])
        );
        assert_eq!(read(&both, 1), None, "too many items");
        // Whatever one byte of a message is, it is read alike or not at all.
        for at in 0..MESSAGE.len() {
            for with in [
                &b" "[..],
                b"\"",
                b"\\",
                b"0",
                b"-",
                b"x",
                b"{",
                b"}",
                b",",
                b"\x01",
                b"",
            ] {
                let mut bytes = MESSAGE.as_bytes().to_vec();
                bytes.splice(at..=at, with.iter().copied());
                let text = String::from_utf8_lossy(&bytes);
                if let Some(items) = read(&reply(&text), 1) {
                    assert_eq!(items, [general(&text)], "{text}");
                }
            }
        }
    }

    #[test]
    fn special_bytes_are_found_at_every_place() {
        for length in 0..20 {
            let plain = vec![0xC3; length];
            assert_eq!(special(&plain), None);
            for found in [b'"', b'\\', 0, 0x1F] {
                let bytes = [plain.as_slice(), &[found], b"!#\"\\ \x7f\x80\xff\x01"].concat();
                assert_eq!(special(&bytes), Some(length));
            }
        }
    }

    #[test]
    fn everything_unusual_is_left_to_the_general_reader() {
        for odd in [
            r#"{"type":"typ","type":"msg"}"#,
            r#"{"type":"typ","from":"1"}"#,
            r#"{"type":"typ","from":01}"#,
            r#"{"type":"typ","from":1e3}"#,
            r#"{"type":"typ","from":12345678901234567890}"#,
            r#"{"type":"typ","uid":1}"#,
            r#"{"type":"msg","msg":[]}"#,
            r#"{"type":"msg","msg":{"text":"\ud83d"}}"#,
            "null",
            "{}",
            "",
        ] {
            assert_eq!(read(&reply(odd), 10), None, "{odd}");
        }
        for body in [
            "",
            "{}",
            r#"{"t":"continue"}"#,
            r#"{"t":"refresh","seq":5}"#,
            r#"{"ms":[{"type":"typ"}]}"#,
            r#"{"t":"msg","error":0,"ms":[{"type":"typ"}]}"#,
            r#"{"t":"msg","ms":[{"type":"typ"}"#,
        ] {
            assert_eq!(read(body, 10), None, "{body}");
        }
    }
}
