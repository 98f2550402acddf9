//! The output.

use std::fmt;
use std::time::Duration;

/// A measurement of both servers.
pub fn row(what: &str, ours: impl fmt::Display, theirs: impl fmt::Display, ratio: f64) {
    println!(
        "  {what:30} {ours}\n  {:30} {theirs}  (ratio {ratio:.2})",
        ""
    );
}

/// The distribution of times, in milliseconds.
#[derive(Clone, Copy)]
pub struct Spread {
    pub min: f64,
    pub median: f64,
    pub p99: f64,
}

impl Spread {
    pub fn of(mut spans: Vec<Duration>) -> Spread {
        spans.sort();
        let at = |part: f64| {
            let at = ((spans.len() - 1) as f64 * part).round() as usize;
            spans.get(at).map_or(f64::NAN, Duration::as_secs_f64) * 1e3
        };
        Spread {
            min: at(0.0),
            median: at(0.5),
            p99: at(0.99),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spread { min, median, p99 } = self;
        write!(f, "min {min:.2}, median {median:.2}, p99 {p99:.2} ms")
    }
}
