//! Exchanges under way: how they start, and their limits.

use super::call::{Call, Flight};
use super::exchange::{Body, Exchange, ExchangeId, ExchangeKind, Method};
use super::link::{Link, Step};
use super::session::{Now, Output, Session};
use crate::status::Problem;
use crate::types::{Event, Millis};
use url::Url;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

/// A long-poll is held for 55 s; silence beyond this means that nobody holds it any more, in milliseconds.
const POLL_TIMEOUT: Millis = 90_000;
/// A driver that has not reported by then has lost the exchange, in milliseconds beyond the timeout.
const DRIVER_GRACE: Millis = 5_000;
/// Greatest reply: ten thousand buddies take about 3 MB.
const BODY_LIMIT: usize = 8 << 20;

impl Session {
    /// Starts a GET.
    pub(super) fn fetch(&mut self, now: Now, call: Call, url: Url) {
        self.start(now, call, Method::Get, url, None);
    }

    /// Starts a POST to a path of the server; the tokens of docs/protocol.md, Conventions are added.
    pub(super) fn post(&mut self, now: Now, call: Call, path: &str, fields: &[(&str, &str)]) {
        let form_id = self.page.post_form_id.clone().unwrap_or_else(|| "0".into());
        let dtsg = self.page.fb_dtsg.clone();
        let mut all = fields.to_vec();
        all.push(("post_form_id", &form_id));
        all.push(("post_form_id_source", "AsyncRequest"));
        if let Some(dtsg) = &dtsg {
            all.push(("fb_dtsg", dtsg));
        }
        all.push(("__a", "1"));
        let url = self.config.server.at(path);
        self.post_form(now, call, url, &all);
    }

    /// Starts a POST of exactly these fields.
    pub(super) fn post_form(&mut self, now: Now, call: Call, url: Url, fields: &[(&str, &str)]) {
        // Sized beforehand: a growing buffer would leave copies of a password behind.
        let size = fields.iter().fold(0usize, |size, (name, value)| {
            let longest = name.len().saturating_add(value.len()).saturating_mul(3);
            size.saturating_add(longest).saturating_add(2)
        });
        let body = Serializer::new(String::with_capacity(size))
            .extend_pairs(fields)
            .finish();
        let body = Body {
            content_type: "application/x-www-form-urlencoded".into(),
            bytes: Zeroizing::new(body.into_bytes()),
        };
        self.start(now, call, Method::Post, url, Some(body));
    }

    /// Starts the upload of a picture (RFC 7578), or its removal.
    pub(super) fn upload(&mut self, now: Now, call: Call, path: &str, picture: Option<&[u8]>) {
        let token = self.page.post_form_id.clone().unwrap_or_else(|| "0".into());
        // Long enough that no picture holds it.
        let boundary = format!("fbchat-{:032x}", self.rng.u128(..));
        let mut bytes = Vec::with_capacity(picture.map_or(0, <[u8]>::len).saturating_add(1_000));
        let mut part = |name: &str, more: &str, content: &[u8]| {
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n"
            );
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(content);
            bytes.extend_from_slice(b"\r\n");
        };
        part("post_form_id", "", token.as_bytes());
        match picture {
            Some(picture) => part("pic", "; filename=\"picture\"", picture),
            None => part("remove", "", b"1"),
        }
        bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        let body = Body {
            content_type: format!("multipart/form-data; boundary={boundary}"),
            bytes: Zeroizing::new(bytes),
        };
        let url = self.config.server.at(path);
        self.start(now, call, Method::Post, url, Some(body));
    }

    fn start(&mut self, now: Now, call: Call, method: Method, url: Url, body: Option<Body>) {
        self.last_exchange = self.last_exchange.saturating_add(1);
        let id = ExchangeId(self.last_exchange);
        let (kind, timeout) = match call {
            Call::Link(Step::Poll) => (ExchangeKind::LongPoll, POLL_TIMEOUT),
            _ => (ExchangeKind::Call, self.config.call_timeout),
        };
        let body_limit = match call {
            Call::Picture(_) => self.picture_limit().min(BODY_LIMIT),
            _ => BODY_LIMIT,
        };
        if let Call::Link(_) = call {
            self.link = Link::Busy(id);
        }
        let deadline = now
            .monotonic
            .saturating_add(timeout)
            .saturating_add(DRIVER_GRACE);
        self.flights.insert(
            id,
            Flight {
                call,
                url: url.clone(),
                started: now.monotonic,
                deadline,
            },
        );
        self.outputs.push_back(Output::Exchange(Exchange {
            id,
            kind,
            method,
            cookie: self.cookies.header(&url),
            url,
            body,
            timeout,
            body_limit,
        }));
    }

    /// Drops all exchanges; questions among them fail.
    pub(super) fn end_flights(&mut self, why: &Problem) {
        self.cancel_send();
        self.end_questions(why);
        for (id, flight) in std::mem::take(&mut self.flights) {
            self.outputs.push_back(Output::Cancel(id));
            if let Some(request) = flight.call.refresh() {
                let problem = why.clone();
                self.emit(Event::Failed { request, problem });
            }
        }
    }

    /// Drops an exchange.
    pub(super) fn cancel(&mut self, id: ExchangeId) {
        if self.flights.remove(&id).is_some() {
            self.outputs.push_back(Output::Cancel(id));
        }
    }
}
