//! Makes text from others safe to print on a terminal.

/// Replaces line breaks, control characters and text direction overrides: the result is one line that can neither control
/// the terminal nor reverse the order of what follows.
pub fn sanitize(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            // Unicode's symbols for them, so that they stay visible.
            '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => '\u{fffd}',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c => c,
        })
        .collect()
}
