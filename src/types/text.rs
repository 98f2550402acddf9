//! Text from the network, as hosts can store it.

#![forbid(unsafe_code)]

use std::borrow::Cow;

/// Longer names are cut, in characters; servers allow 100.
const LONGEST_NAME: usize = 256;

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

/// A name as hosts can show it on one line: without control characters, without characters that nobody sees or that turn the text
/// around them, and not too long.
pub fn name_line(name: &str) -> String {
    let is_hidden = |character| {
        matches!(character,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
    };
    let spaced = name.chars().map(|character| match character {
        '\t' | '\n' | '\r' => ' ',
        other => other,
    });
    let shown = spaced.filter(|&character| !character.is_control() && !is_hidden(character));
    shown
        .take(LONGEST_NAME)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_that_shows_what_it_is() {
        assert_eq!(name_line(" Our \t<G>\n"), "Our  <G>");
        let turned = "a\u{202e}b\u{200b}c\u{7f}d\u{2066}e\u{feff}";
        assert_eq!(name_line(turned), "abcde");
        let joined = "\u{1f468}\u{200d}\u{1f469}";
        assert_eq!(name_line(joined), joined, "emoji stay whole");
        assert_eq!(name_line(&"x".repeat(1_000)).len(), LONGEST_NAME);
    }

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
