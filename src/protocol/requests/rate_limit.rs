//! Pauses that the server asks for (`Retry-After`, RFC 9110 §10.2.3). Until one is over, the session sends nothing.

use crate::protocol::wire::exchange::Reply;
use crate::status::{Problem, Status};
use crate::types::{Millis, UnixMillis};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// No pause is longer, whatever the server says, in milliseconds.
const LONGEST: Millis = 600_000;

/// Whether requests can go out at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    Open,
    /// Nobody is logged in, or there are no valid tokens.
    Closed,
    /// The server has asked for a pause.
    Paused,
}

impl Gate {
    /// Why something could not be sent in the time that it can wait.
    pub fn problem(self, server: &str) -> Problem {
        match self {
            Gate::Paused => Problem::new(
                Status::RateLimited,
                format!("{server} is busy and asked to wait"),
            ),
            Gate::Open | Gate::Closed => Problem::new(
                Status::Timeout,
                format!("{server} was not reachable in time"),
            ),
        }
    }
}

/// The pause that the server has asked for.
#[derive(Debug, Default)]
pub struct RateLimit {
    until: Option<Millis>,
}

impl RateLimit {
    /// Takes over the pause that a reply asks for. A shorter one does not end a longer one.
    pub fn take(&mut self, now: Millis, unix: UnixMillis, reply: &Reply) {
        let wait = reply
            .retry_after
            .as_deref()
            .and_then(|text| pause(text, unix));
        if let Some(wait) = wait.filter(|&wait| wait > 0) {
            let until = now.saturating_add(wait.min(LONGEST));
            self.until = self.until.max(Some(until));
        }
    }

    /// How much of the pause is left; 0 without one.
    pub fn left(&self, now: Millis) -> Millis {
        self.until.map_or(0, |until| until.saturating_sub(now))
    }

    pub fn is_active(&self, now: Millis) -> bool {
        self.left(now) > 0
    }

    /// When the pause is over.
    pub fn timeout(&self, now: Millis) -> Option<Millis> {
        self.until.filter(|&until| until > now)
    }

    /// The problem of what cannot be sent now.
    pub fn problem(&self, now: Millis, server: &str) -> Problem {
        let seconds = self.left(now).div_ceil(1_000);
        let text = format!("{server} is busy and asks to try again in {seconds} s");
        Problem::new(Status::RateLimited, text)
    }
}

/// The value of the header: seconds, or a date.
fn pause(text: &str, unix: UnixMillis) -> Option<Millis> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = text.parse::<Millis>().unwrap_or(Millis::MAX);
        return Some(seconds.saturating_mul(1_000));
    }
    let date = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    let at = date.unix_timestamp().saturating_mul(1_000);
    u64::try_from(at.saturating_sub(unix)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 6 November 1994, 08:49:30 UTC, in milliseconds since 1970.
    const UNIX: UnixMillis = 784_111_770_000;

    #[test]
    fn header_is_seconds_or_a_date() {
        for (text, wait) in [
            ("7", Some(7_000)),
            (" 0 ", Some(0)),
            ("99999999999999999999999", Some(Millis::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7_000)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", None),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
            ("", None),
        ] {
            assert_eq!(pause(text, UNIX), wait, "{text}");
        }
    }

    #[test]
    fn pauses_are_bounded_and_the_longest_counts() {
        let mut limit = RateLimit::default();
        let mut take = |now, text: &str| {
            let retry_after = Some(text.to_owned());
            let reply = Reply {
                retry_after,
                ..Reply::default()
            };
            limit.take(now, UNIX, &reply);
            (limit.left(now), limit.timeout(now))
        };
        assert_eq!(take(0, "0"), (0, None));
        assert_eq!(take(1_000, "20"), (20_000, Some(21_000)));
        assert_eq!(take(2_000, "5"), (19_000, Some(21_000)));
        assert_eq!(take(21_000, "soon"), (0, None));
        let (left, _) = take(30_000, "4000000");
        assert_eq!(left, LONGEST);
    }
}
