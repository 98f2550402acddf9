//! A stanza that needs the database while it is away waits for it: the client need not do anything about it, and its user need not send a
//! message again. Nothing more is read from the client meanwhile. When that takes long, the stanza is refused, and those after it at once.

use std::time::Duration;

use tokio::time::Instant;

use super::xml::Element;

/// How long stanzas wait, from the first one on. Databases restart in less.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a stanza is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// The database is or was away.
#[derive(Default)]
pub struct Outage {
    /// When a stanza had to wait first, and last.
    times: Option<(Instant, Instant)>,
    held: Option<Held>,
}

struct Held {
    stanza: Element,
    again: Instant,
}

impl Outage {
    /// Lets a stanza wait; back if it has waited long enough.
    pub fn hold(&mut self, stanza: Element, now: Instant) -> Option<Element> {
        let passed = |time| now.saturating_duration_since(time);
        let since = match self.times {
            Some((first, last)) if passed(last) < PATIENCE => first,
            _ => now,
        };
        self.times = Some((since, now));
        if passed(since) >= PATIENCE {
            return Some(stanza);
        }
        let again = now + RETRY;
        self.held = Some(Held { stanza, again });
        None
    }

    /// When the stanza that waits is tried again.
    pub fn again(&self) -> Option<Instant> {
        self.held.as_ref().map(|held| held.again)
    }

    /// The stanza to try again now.
    pub fn due(&mut self, now: Instant) -> Option<Element> {
        let held = self.held.take_if(|held| held.again <= now);
        held.map(|held| held.stanza)
    }

    /// Nothing waits any more; what has waited.
    pub fn forget(&mut self) -> Option<Element> {
        self.held.take().map(|held| held.stanza)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xmpp::xml::ns;

    #[test]
    fn stanzas_wait_together_and_not_for_ever() {
        let (mut outage, start) = (Outage::default(), Instant::now());
        let stanza = || Element::new("presence", ns::CLIENT);
        assert!(outage.hold(stanza(), start).is_none());
        assert_eq!(outage.due(start), None);
        assert!(outage.due(start + RETRY).is_some() && outage.again().is_none());
        assert!(outage.hold(stanza(), start + RETRY).is_none());
        // Those that follow have waited as long as the first.
        for time in [start + PATIENCE, start + PATIENCE * 3 / 2] {
            outage.forget();
            assert!(outage.hold(stanza(), time).is_some() && outage.again().is_none());
        }
        // That is another outage.
        assert!(outage.hold(stanza(), start + PATIENCE * 3).is_none());
        assert!(outage.forget().is_some() && outage.again().is_none());
    }
}
