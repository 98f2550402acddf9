//! The part of a file that a request asks for (RFC 9110, section 14).

/// The requested bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    Whole,
    /// From, and to before.
    Part(u64, u64),
    Unsatisfiable,
}

impl Range {
    /// Reads a header. Several ranges at once, and what cannot be read, are answered with the whole, as the standard allows.
    pub fn read(header: &str, length: u64) -> Self {
        let Some((first, last)) = header
            .strip_prefix("bytes=")
            .and_then(|range| range.trim().split_once('-'))
        else {
            return Range::Whole;
        };
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse().unwrap_or(u64::MAX))
        };
        let (start, end) = match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1)),
            (Some(first), None) if last.is_empty() => (first, length),
            (None, Some(last)) if first.is_empty() => (length.saturating_sub(last), length),
            _ => return Range::Whole,
        };
        let end = end.min(length);
        if start < end {
            Range::Part(start, end)
        } else {
            Range::Unsatisfiable
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        for (header, expected) in [
            ("bytes=0-0", Range::Part(0, 1)),
            ("bytes=2-", Range::Part(2, 10)),
            ("bytes=2-4", Range::Part(2, 5)),
            ("bytes=2-99", Range::Part(2, 10)),
            ("bytes=-3", Range::Part(7, 10)),
            ("bytes=-99", Range::Part(0, 10)),
            ("bytes=0-99999999999999999999999", Range::Part(0, 10)),
            ("bytes=10-", Range::Unsatisfiable),
            ("bytes=-0", Range::Unsatisfiable),
            ("bytes=99999999999999999999999-", Range::Unsatisfiable),
            ("bytes=4-2", Range::Whole),
            ("bytes=-", Range::Whole),
            ("bytes=0-1,4-5", Range::Whole),
            ("bytes=+1-2", Range::Whole),
            ("items=0-1", Range::Whole),
        ] {
            assert_eq!(Range::read(header, 10), expected, "{header}");
        }
        assert_eq!(Range::read("bytes=0-", 0), Range::Unsatisfiable);
    }
}
