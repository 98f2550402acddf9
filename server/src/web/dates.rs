//! Dates for pages and feeds, in UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

fn format(ms: i64, format: &str) -> String {
    // Times come from this server's clock, so none is beyond what a timestamp can hold.
    let time = Timestamp::from_millisecond(ms).unwrap_or_default();
    TimeZone::UTC.to_datetime(time).strftime(format).to_string()
}

/// YYYY-MM-DD.
pub fn date(ms: i64) -> String {
    format(ms, "%Y-%m-%d")
}

/// As in mail and feeds: `Tue, 01 Apr 2008 12:00:00 +0000`.
pub fn rfc2822(ms: i64) -> String {
    format(ms, "%a, %d %b %Y %H:%M:%S +0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_clients_expect() {
        const DAY: i64 = 86_400_000;
        for (day, text) in [
            (0, "1970-01-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (13_970, "2008-04-01"),
            (20_088, "2024-12-31"),
            (-1, "1969-12-31"),
        ] {
            assert_eq!(date(day * DAY + 5), text);
        }
        assert_eq!(date(i64::MAX), "1970-01-01");
        assert_eq!(rfc2822(0), "Thu, 01 Jan 1970 00:00:00 +0000");
        assert_eq!(
            rfc2822(1_209_557_234_412),
            "Wed, 30 Apr 2008 12:07:14 +0000"
        );
    }
}
