//! Character references in HTML.
//!
//! Only those that servers write when they escape text: numbers, the names that XML has too, and the space that does not
//! break. A table of all 2,125 names would be a sixteenth of the shared library.

/// The longest reference behind its `&`: `#x10ffff;`.
const LONGEST: usize = 9;

/// Replaces references by their characters. Anything that is not a reference stays as it is.
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (character, after) = reference(after).unwrap_or(('&', after));
        out.push(character);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The character that is meant, and what follows.
fn reference(text: &str) -> Option<(char, &str)> {
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let (name, after) = text.split_at_checked(end)?;
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(number) => u32::from_str_radix(number, 16),
                None => number.parse(),
            };
            let character = char::from_u32(code.ok()?).filter(|&character| character != '\0');
            character.unwrap_or(char::REPLACEMENT_CHARACTER)
        }
    };
    Some((character, after.strip_prefix(';')?))
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn escaped_text_comes_back() {
        let text = "Tom &amp; J&#233;r&#xF4;me &lt;3 &quot;cheese&quot;, it&#039;s&nbsp;good&apos;";
        assert_eq!(
            unescape(text),
            "Tom & Jérôme <3 \"cheese\", it's\u{a0}good'"
        );
        assert_eq!(unescape("&amp;amp; &amp;lt;"), "&amp; &lt;");
    }

    #[test]
    fn what_is_no_reference_stays() {
        for text in [
            "",
            "&",
            "&&;",
            "?a=1&b=2;",
            "&unknown;",
            "&#;",
            "&#x;",
            "&#xyz;",
            "&ämp;",
            "R&D; 100%",
        ] {
            assert_eq!(unescape(text), text);
        }
    }

    #[test]
    fn number_of_no_character_becomes_the_replacement() {
        for text in ["&#0;", "&#xD800;", "&#x110000;"] {
            assert_eq!(unescape(text), "\u{fffd}", "{text}");
        }
    }
}
