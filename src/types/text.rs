//! Text from the network, as hosts can store it.

#![forbid(unsafe_code)]

use std::borrow::Cow;

/// Text that an XML 1.0 file can hold. Every other character (U+FFFE, U+FFFF, and controls other than tab and line breaks)
/// becomes U+FFFD: hosts keep names and messages in such files, and a file with one of them cannot be read again.
pub fn clean_text(text: &str) -> Cow<'_, str> {
    let is_allowed = |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}');
    // Enough for nearly all text, and quick, since no byte depends on the one before. U+FFFE and U+FFFF begin with 0xEF.
    let is_simple = |simple, byte| simple & (byte >= b' ') & (byte != 0xEF);
    let cleaned = |character| match is_allowed(character) {
        true => character,
        false => '\u{FFFD}',
    };
    match text.bytes().fold(true, is_simple) || text.chars().all(is_allowed) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().map(cleaned).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_xml_cannot_hold_is_replaced() {
        let fine =
            "a\t\r\n b\u{7f}\u{85}\u{d7ff}\u{e000}\u{fffd}\u{10000}\u{1fffe}\u{10ffff} é 中 🎉";
        assert!(matches!(clean_text(fine), Cow::Borrowed(same) if same == fine));
        for odd in ('\0'..' ').chain(['\u{FFFE}', '\u{FFFF}']) {
            let text = format!("a{odd}b");
            let cleaned = clean_text(&text);
            match odd {
                '\t' | '\n' | '\r' => assert_eq!(cleaned, text),
                _ => assert_eq!(cleaned, "a\u{FFFD}b"),
            }
        }
    }
}
