//! Exchanges under way: their ids, their limits, and what each is for.

use crate::protocol::connect::step::Step;
use crate::protocol::purpose::Purpose;
use crate::protocol::wire::exchange::{Exchange, ExchangeId, ExchangeKind, Stream};
use crate::protocol::wire::reading_cost;
use crate::protocol::wire::request::Request;
use crate::types::Millis;
use std::collections::BTreeMap;
use url::Url;

/// A long-poll is held for 55 s. After a longer silence nobody holds it any more, in milliseconds.
const POLL_TIMEOUT: Millis = 90_000;
/// A driver that has not reported by then has lost the exchange, in milliseconds beyond the timeout.
const DRIVER_GRACE: Millis = 5_000;
/// How long a transfer may go without progress, in milliseconds.
const STREAM_TIMEOUT: Millis = 60_000;
/// How large a reply may be.
#[derive(Clone, Copy, Debug)]
struct Size {
    bytes: usize,
    cost: usize,
}

/// A history of half a megabyte of text, all of it escapes.
const CALL: Size = Size {
    bytes: 3 << 19,
    cost: reading_cost::CALL,
};
/// Five thousand buddies, all of whose names and statuses are escapes, or ten thousand others; a hundred full groups.
const LIST: Size = Size {
    bytes: 3 << 20,
    cost: reading_cost::LIST,
};
/// To search a page takes much longer than to read JSON. Those of 2010 had less than 200 KiB.
const PAGE: Size = Size {
    bytes: 256 << 10,
    cost: usize::MAX,
};
/// Maximum size of an answer to a download that is not content, in bytes.
const REFUSAL: usize = 64 << 10;
/// Greatest picture in bytes, whatever the server announces.
const PICTURE_LIMIT: usize = 8 << 20;

/// An exchange under way.
#[derive(Debug)]
pub struct InFlight {
    pub id: ExchangeId,
    pub purpose: Purpose,
    pub url: Url,
    pub started: Millis,
    /// What reading the reply may cost.
    pub most_cost: usize,
    /// A driver reports by then. One with a stream watches that itself.
    deadline: Option<Millis>,
}

/// The limits of ordinary exchanges.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time for the whole reply.
    pub timeout: Millis,
    /// Greatest size of a picture, in bytes.
    pub picture: usize,
}

/// All exchanges under way.
#[derive(Debug, Default)]
pub struct Exchanges {
    under_way: BTreeMap<ExchangeId, InFlight>,
    last: u64,
}

impl Exchanges {
    /// The last exchange that was started.
    pub fn last(&self) -> ExchangeId {
        ExchangeId(self.last)
    }

    /// Starts an exchange.
    pub fn start(
        &mut self,
        now: Millis,
        purpose: Purpose,
        request: Request,
        cookie: Option<String>,
        limits: Limits,
    ) -> Exchange {
        self.last = self.last.saturating_add(1);
        let id = self.last();
        let (kind, timeout) = match purpose {
            Purpose::Connect(Step::Poll) => (ExchangeKind::LongPoll, POLL_TIMEOUT),
            Purpose::Transfer(_) => (ExchangeKind::Call, limits.timeout.max(STREAM_TIMEOUT)),
            _ => (ExchangeKind::Call, limits.timeout),
        };
        let size = match purpose {
            // The content itself has a limit of its own.
            Purpose::Transfer(_) if matches!(request.stream, Some(Stream::Download { .. })) => {
                Size {
                    bytes: REFUSAL,
                    cost: usize::MAX,
                }
            }
            Purpose::Picture(_) => Size {
                bytes: limits.picture.min(PICTURE_LIMIT),
                cost: usize::MAX,
            },
            Purpose::BuddyList(_) | Purpose::Connect(Step::BuddyList) | Purpose::Groups(_) => LIST,
            Purpose::Connect(step) if step.is_groups() => LIST,
            Purpose::Tokens => PAGE,
            Purpose::Connect(step) if step.is_page() || step.is_login() => PAGE,
            _ => CALL,
        };
        let in_flight = InFlight {
            id,
            purpose,
            url: request.url.clone(),
            started: now,
            most_cost: size.cost,
            deadline: match request.stream {
                Some(_) => None,
                None => Some(now.saturating_add(timeout).saturating_add(DRIVER_GRACE)),
            },
        };
        self.under_way.insert(id, in_flight);
        Exchange {
            id,
            kind,
            method: request.method,
            url: request.url,
            cookie,
            body: request.body,
            timeout,
            stream: request.stream,
            body_limit: size.bytes,
        }
    }

    /// The exchange has ended. `None` if nobody waits for it.
    pub fn take(&mut self, id: ExchangeId) -> Option<InFlight> {
        self.under_way.remove(&id)
    }

    /// Drops an exchange for which `is` is true, if there is one.
    pub fn drop_one(&mut self, is: impl Fn(Purpose) -> bool) -> Option<ExchangeId> {
        let mut all = self.under_way.iter();
        let found = all.find(|(_, exchange)| is(exchange.purpose));
        let id = found.map(|(id, _)| *id)?;
        self.under_way.remove(&id);
        Some(id)
    }

    /// Drops all exchanges.
    pub fn drop_all(&mut self) -> Vec<(ExchangeId, Purpose)> {
        let all = std::mem::take(&mut self.under_way).into_iter();
        all.map(|(id, exchange)| (id, exchange.purpose)).collect()
    }

    /// Takes an exchange whose reply the driver owes.
    pub fn take_late(&mut self, now: Millis) -> Option<(ExchangeId, InFlight)> {
        let mut all = self.under_way.iter();
        let late = all.find(|(_, exchange)| exchange.deadline.is_some_and(|at| at <= now));
        let id = late.map(|(id, _)| *id)?;
        Some((id, self.under_way.remove(&id)?))
    }

    /// When the first exchange is late.
    pub fn timeout(&self) -> Option<Millis> {
        let all = self.under_way.values();
        all.filter_map(|exchange| exchange.deadline).min()
    }

    /// How many exchanges there are for which `is` is true.
    pub fn count(&self, is: impl Fn(Purpose) -> bool) -> usize {
        let all = self.under_way.values();
        all.filter(|exchange| is(exchange.purpose)).count()
    }

    pub fn has(&self, is: impl Fn(Purpose) -> bool) -> bool {
        let mut all = self.under_way.values();
        all.any(|exchange| is(exchange.purpose))
    }

    /// The messages under way are settled, whatever the reply says. The exchange continues, since dropping it would close a good
    /// connection.
    pub fn message_settled(&mut self) {
        for exchange in self.under_way.values_mut() {
            if exchange.purpose == Purpose::Message {
                exchange.purpose = Purpose::SettledMessage;
            }
        }
    }
}
