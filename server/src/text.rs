//! Unicode text: one form for what is compared, and one rule for what is shown to others on a line.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use icu_properties::props::{
    BinaryProperty, CanonicalCombiningClass, DefaultIgnorableCodePoint, Emoji, EnumeratedProperty,
    GeneralCategory, JoiningType, UnifiedIdeograph,
};

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// The composed form (NFC). Keyboards and systems differ in whether an accent is a character of its own.
pub fn composed(text: &str) -> String {
    ComposingNormalizer::new_nfc().normalize(text).into_owned()
}

/// The decomposed form (NFD).
pub fn decomposed(text: &str) -> String {
    DecomposingNormalizer::new_nfd()
        .normalize(text)
        .into_owned()
}

/// The form in which a search compares text: without differences of case, width or composition (NFKC, case folded), and without
/// characters that nobody sees.
pub fn search_key(text: &str) -> String {
    let compatible = ComposingNormalizer::new_nfkc();
    // Folding may leave something to compose.
    let folded = CaseMapper::new()
        .fold_string(&compatible.normalize(text))
        .into_owned();
    let seen: String = folded
        .chars()
        .filter(|c| !DefaultIgnorableCodePoint::for_char(*c))
        .collect();
    compatible.normalize(&seen).into_owned()
}

/// The text in composed form without control, format and private-use characters and non-characters. Spaces of all kinds become
/// single ASCII spaces, line breaks included. Joiners and variation selectors stay where writing systems and emoji need them. The
/// result is empty if nothing visible is left.
pub fn single_line(text: &str) -> String {
    let shown = shown(text, |c| c.is_whitespace().then_some(' '));
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As [`single_line`], but line breaks and spaces stay as they are.
pub fn lines(text: &str) -> String {
    let kept = |c: char| matches!(c, '\n' | '\t').then_some(c);
    let space = |c: char| (c.is_whitespace() && !c.is_control()).then_some(' ');
    let shown = shown(text, |c| kept(c).or_else(|| space(c)));
    shown.trim().to_owned()
}

/// Whether [`single_line`] would remove a character, not only spaces around and between words.
pub fn has_hidden_characters(text: &str) -> bool {
    let text = composed(text);
    let before = text.chars().filter(|c| !c.is_whitespace()).count();
    let spaces = text.chars().filter(|c| c.is_whitespace());
    let breaks = spaces.filter(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
    let line = single_line(&text);
    breaks.count() > 0 || line.chars().filter(|c| *c != ' ').count() < before
}

/// Whether XML 1.0 and C strings cannot contain the character, line breaks and tabs aside, or Unicode assigns it to no text ever.
pub fn is_forbidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t') || is_noncharacter(c)
}

fn is_noncharacter(c: char) -> bool {
    let c = u32::from(c);
    c & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&c)
}

/// The characters that may be shown, with `space` deciding about white space; empty if none of them is visible.
fn shown(text: &str, space: impl Fn(char) -> Option<char>) -> String {
    let text = composed(text);
    let mut shown = String::new();
    let mut visible = false;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let previous = shown.chars().next_back();
        if let Some(c) = space(c) {
            shown.push(c);
        } else if match c {
            ZERO_WIDTH_JOINER => joins(previous, rest.clone().next()),
            ZERO_WIDTH_NON_JOINER => separates(&shown, rest.as_str()),
            _ if DefaultIgnorableCodePoint::for_char(c) => varies(previous, c),
            _ => is_allowed(c),
        } {
            visible |= is_visible(c);
            shown.push(c);
        }
    }
    if visible {
        // What was removed may have kept characters from being composed.
        composed(&shown)
    } else {
        String::new()
    }
}

fn is_allowed(c: char) -> bool {
    use GeneralCategory as Category;
    !is_noncharacter(c)
        && !matches!(
            Category::for_char(c),
            Category::Control
                | Category::Format
                | Category::PrivateUse
                | Category::Surrogate
                | Category::LineSeparator
                | Category::ParagraphSeparator
        )
}

/// Whether the character alone shows something.
fn is_visible(c: char) -> bool {
    use GeneralCategory as Category;
    const BLANK_BRAILLE: char = '\u{2800}';
    is_allowed(c)
        && c != BLANK_BRAILLE
        && !c.is_whitespace()
        && !DefaultIgnorableCodePoint::for_char(c)
        && !matches!(
            Category::for_char(c),
            Category::NonspacingMark
                | Category::EnclosingMark
                | Category::SpacingMark
                | Category::SpaceSeparator
        )
}

fn is_virama(c: char) -> bool {
    CanonicalCombiningClass::for_char(c) == CanonicalCombiningClass::Virama
}

/// Whether a zero-width joiner belongs between the two: after a virama (RFC 5892, A.2), or within an emoji.
fn joins(previous: Option<char>, next: Option<char>) -> bool {
    let is_emoji = |c: char| Emoji::for_char(c) && !c.is_ascii() || c == '\u{fe0f}';
    previous.is_some_and(is_virama)
        || (previous.is_some_and(is_emoji) && next.is_some_and(is_emoji))
}

/// Whether a zero-width non-joiner belongs between the two: after a virama, or between letters that would be joined (RFC 5892, A.1).
fn separates(before: &str, after: &str) -> bool {
    let joining = |c: &char| JoiningType::for_char(*c);
    let previous = before
        .chars()
        .rev()
        .find(|c| joining(c) != JoiningType::Transparent);
    let next = after
        .chars()
        .find(|c| joining(c) != JoiningType::Transparent);
    let to_next = [JoiningType::LeftJoining, JoiningType::DualJoining];
    let to_previous = [JoiningType::RightJoining, JoiningType::DualJoining];
    before.chars().next_back().is_some_and(is_virama)
        || (previous.is_some_and(|c| to_next.contains(&joining(&c)))
            && next.is_some_and(|c| to_previous.contains(&joining(&c))))
}

/// Whether `c` selects a variant of the character before it.
fn varies(previous: Option<char>, c: char) -> bool {
    previous.is_some_and(|previous| match c {
        '\u{fe00}'..='\u{fe0f}' => {
            Emoji::for_char(previous) || UnifiedIdeograph::for_char(previous)
        }
        '\u{e0100}'..='\u{e01ef}' => UnifiedIdeograph::for_char(previous),
        '\u{180b}'..='\u{180d}' | '\u{180f}' => ('\u{1800}'..='\u{18af}').contains(&previous),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_what_writing_systems_and_emoji_need() {
        for text in [
            "Anna B",
            "Änn <B> Cé",
            "Анна",
            "李雷",
            "محمد",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "👩\u{200d}👩\u{200d}👧",
            "❤\u{fe0f}\u{200d}🔥",
            "1\u{fe0f}\u{20e3}",
            "葛\u{e0100}城",
            "👋🏽",
        ] {
            assert_eq!(single_line(text), text);
            assert_eq!(lines(text), text);
            assert!(!has_hidden_characters(text), "{text}");
        }
    }

    #[test]
    fn a_line_loses_what_nobody_sees_or_what_changes_its_surroundings() {
        for hidden in [
            '\0',
            '\u{1}',
            '\u{7f}',
            '\u{85}',
            '\u{9f}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{180e}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{206f}',
            '\u{3164}',
            '\u{e000}',
            '\u{fdd0}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{fffe}',
            '\u{ffff}',
            '\u{1fffe}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{f0000}',
            '\u{10ffff}',
        ] {
            let text = format!("a{hidden}b");
            let line = single_line(&text);
            assert!(matches!(line.as_str(), "ab" | "a b"), "{hidden:?} {line:?}");
            assert!(has_hidden_characters(&text), "{hidden:?}");
            assert_eq!(single_line(&hidden.to_string()), "", "{hidden:?}");
            assert_eq!(lines(&format!(" {hidden} \n")), "", "{hidden:?}");
        }
        for blank in [
            "", " ", "\u{a0}", "\u{3000}", "\u{2800}", "\u{301}", "\u{2028}",
        ] {
            assert_eq!(single_line(blank), "", "{blank:?}");
        }
        assert_eq!(single_line(" a\u{a0}\u{3000} b\u{2028}c\td "), "a b c d");
        assert_eq!(lines(" a  b\r\n\tc\u{2066} "), "a  b\n\tc");
    }

    /// Every character of the blocks with marks, formats and emoji, alone and between others.
    #[test]
    fn cleaning_twice_changes_nothing_and_leaves_only_text() {
        let blocks = [
            '\0'..='\u{33ff}',
            '\u{f8f0}'..='\u{10100}',
            '\u{1f300}'..='\u{1f6ff}',
            '\u{1fff0}'..='\u{20000}',
            '\u{e0000}'..='\u{e01ff}',
            '\u{10fff0}'..='\u{10ffff}',
        ];
        for c in blocks.into_iter().flatten() {
            for text in [c.to_string(), format!("❤{c}🔥क्{c}ب")] {
                let line = single_line(&text);
                assert_eq!(single_line(&line), line, "{c:?}");
                assert!(!line.chars().any(is_forbidden), "{c:?}");
            }
        }
    }

    #[test]
    fn forms_that_look_alike_compare_equal() {
        assert_eq!(composed("e\u{301}"), "é");
        assert_eq!(decomposed("é"), "e\u{301}");
        for (text, key) in [
            ("ÉLAN", "élan"),
            ("E\u{301}lan", "élan"),
            ("Ｅｌａｎ", "elan"),
            ("Straße", "strasse"),
            ("ﬁn", "fin"),
            ("Σίσυφος", "σίσυφοσ"),
            ("a\u{ad}b", "ab"),
        ] {
            assert_eq!(search_key(text), key);
        }
    }
}
