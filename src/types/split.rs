//! Splitting a text that is too long for one message.

#![forbid(unsafe_code)]

use unicode_segmentation::GraphemeCursor;

/// How many characters back the beginning of a word is searched.
const WORD: usize = 200;

/// How many bytes of a text fit into a message of at most `limit` characters. The cut is not inside a word, unless the word is very
/// long, and not inside what people see as one character, unless that alone exceeds the limit.
pub fn message_part(text: &str, limit: usize) -> usize {
    let Some((most, _)) = text.char_indices().nth(limit) else {
        return text.len();
    };
    let is_boundary =
        |at| GraphemeCursor::new(at, text.len(), true).is_boundary(text, 0) == Ok(true);
    let cut = match GraphemeCursor::new(most, text.len(), true).prev_boundary(text, 0) {
        _ if is_boundary(most) => most,
        Ok(Some(before)) if before > 0 => before,
        _ => return most,
    };
    let (head, rest) = text.split_at(cut);
    if rest.starts_with(char::is_whitespace) || head.ends_with(char::is_whitespace) {
        return cut;
    }
    let word = head.rsplit(char::is_whitespace).next().unwrap_or_default();
    let begin = cut.saturating_sub(word.len());
    if begin > 0 && word.chars().count() <= WORD && is_boundary(begin) {
        begin
    } else {
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts; together they are the text.
    fn parts(text: &str, limit: usize) -> Vec<&str> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(message_part(rest, limit));
            assert!(!part.is_empty() && part.chars().count() <= limit, "{rest}");
            parts.push(part);
            rest = behind;
        }
        assert_eq!(parts.concat(), text);
        parts
    }

    #[test]
    fn what_fits_is_one_part() {
        assert_eq!(message_part("", 5), 0);
        assert_eq!(parts("héllo", 5), ["héllo"]);
        assert_eq!(parts("中文🎉", 3), ["中文🎉"]);
    }

    #[test]
    fn words_stay_whole_unless_they_are_very_long() {
        assert_eq!(parts("one two three", 9), ["one two ", "three"]);
        assert_eq!(parts("one two three", 8), ["one two ", "three"]);
        assert_eq!(parts("one two", 3), ["one", " ", "two"]);
        assert_eq!(parts("abcdefgh", 3), ["abc", "def", "gh"]);
        let long = format!("x {}", "y".repeat(300));
        assert_eq!(message_part(&long, 250), 250);
    }

    #[test]
    fn what_is_seen_as_one_character_is_not_cut() {
        let (family, flags, accent, crlf) = ("👨‍👩‍👧‍👦", "🇩🇪🇫🇷", "e\u{301}", "\r\n");
        assert_eq!(parts(&family.repeat(2), 10), [family, family]);
        assert_eq!(parts(flags, 3), ["🇩🇪", "🇫🇷"]);
        assert_eq!(parts(&accent.repeat(2), 3), [accent, accent]);
        assert_eq!(parts(&format!("a{crlf}b"), 2), ["a", crlf, "b"]);
        assert_eq!(parts("각각", 1), ["각", "각"]);
        // An emoji that exceeds the limit is cut.
        assert_eq!(parts(family, 3).len(), 3);
        assert_eq!(parts(&"\u{301}".repeat(9), 4).len(), 3);
    }

    #[test]
    fn a_blank_that_carries_an_accent_does_not_end_a_word() {
        assert_eq!(parts("a \u{301}bcd", 4), ["a \u{301}b", "cd"]);
    }
}
