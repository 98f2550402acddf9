//! Patterns for pages of servers that may mean harm.
//!
//! To try a pattern at every place of a page takes milliseconds for each 10 KiB, on the one thread of all sessions. So each
//! pattern names a text that its matches contain. The page is searched for that, which is fast, and the pattern is tried only
//! around it, a limited number of times.

use crate::protocol::wire::html::unescape;
use regex::Regex;

/// A match begins at most so far before its text, in bytes.
const BEFORE: usize = 256;
/// And ends at most so far behind the beginning of its text, in bytes.
const AFTER: usize = 640;
/// The text is looked at in so many places.
const MOST_PLACES: usize = 32;

/// See the module.
pub struct Pattern {
    text: &'static str,
    regex: Regex,
}

/// Compiles a literal pattern. All are covered by tests.
pub fn literal(source: &str) -> Regex {
    #[allow(clippy::expect_used)]
    Regex::new(source).expect("a literal pattern compiles")
}

impl Pattern {
    pub fn new((text, source): (&'static str, &str)) -> Self {
        let regex = literal(source);
        Pattern { text, regex }
    }

    /// The first group of the first match, HTML-unescaped.
    pub fn first(&self, html: &str) -> Option<String> {
        let places = html.match_indices(self.text).take(MOST_PLACES);
        let mut found = places.filter_map(|(at, _)| self.regex.captures(around(html, at)));
        Some(unescape(found.next()?.get(1)?.as_str()))
    }

    /// The same of the last match.
    pub fn last(&self, html: &str) -> Option<String> {
        let places = html.rmatch_indices(self.text).take(MOST_PLACES);
        let last = |(at, _)| self.regex.captures_iter(around(html, at)).last();
        Some(unescape(places.filter_map(last).next()?.get(1)?.as_str()))
    }
}

/// Where a match around this place can be.
fn around(html: &str, at: usize) -> &str {
    let start = (at.saturating_sub(BEFORE)..=at).find(|&at| html.is_char_boundary(at));
    part(html, start.unwrap_or(at), at.saturating_add(AFTER))
}

/// What is between two places, of which the first is the beginning of a character.
pub fn part(html: &str, start: usize, end: usize) -> &str {
    let end = (start..=end.min(html.len())).rfind(|&at| html.is_char_boundary(at));
    end.and_then(|end| html.get(start..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_found_between_characters_of_any_length() {
        let pattern = Pattern::new(("middle", "a*(middle[0-9])"));
        for filler in ["", "é", "中", "🎉", "x中"] {
            let filler = filler.repeat(1_000);
            let html = format!("{filler}aamiddle{filler}middle1{filler}middle2{filler}");
            let found = [pattern.first(&html), pattern.last(&html)];
            assert_eq!(found, [Some("middle1".into()), Some("middle2".into())]);
        }
    }

    #[test]
    fn a_pattern_is_tried_a_limited_number_of_times() {
        let pattern = Pattern::new(("middle", "a*(middle[0-9])"));
        let before = "middle ".repeat(1_000);
        assert_eq!(pattern.first(&format!("{before}middle1")), None);
        let behind = " middle".repeat(1_000);
        assert_eq!(pattern.last(&format!("middle1{behind}")), None);
        let long = "a".repeat(1_000);
        assert_eq!(pattern.first(&format!("middle{long}1")), None);
    }
}
