//! Dates for pages and feeds, in UTC.

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// 1970 began on a Thursday.
const WEEK: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const DAY: i64 = 86_400_000;

/// Year, month from 1, and day of a time in ms; the usual arithmetic on eras of 400 years that begin in March.
fn civil(ms: i64) -> (i64, i64, i64) {
    let days = ms.div_euclid(DAY) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, (month + 2) % 12 + 1);
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// YYYY-MM-DD.
pub fn date(ms: i64) -> String {
    let (year, month, day) = civil(ms);
    format!("{year:04}-{month:02}-{day:02}")
}

/// As mail and feeds write it: `Tue, 01 Apr 2008 12:00:00 +0000`.
pub fn rfc2822(ms: i64) -> String {
    let (year, month, day) = civil(ms);
    let name = |names: &[&'static str], at: i64| {
        let at = usize::try_from(at).ok().and_then(|at| names.get(at));
        *at.unwrap_or(&"")
    };
    let (week, month) = (
        name(&WEEK, ms.div_euclid(DAY).rem_euclid(7)),
        name(&MONTHS, month - 1),
    );
    let s = ms.rem_euclid(DAY) / 1000;
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    format!("{week}, {day:02} {month} {year:04} {h:02}:{m:02}:{s:02} +0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_right() {
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
        assert_eq!(rfc2822(0), "Thu, 01 Jan 1970 00:00:00 +0000");
        assert_eq!(
            rfc2822(1_209_557_234_412),
            "Wed, 30 Apr 2008 12:07:14 +0000"
        );
    }
}
