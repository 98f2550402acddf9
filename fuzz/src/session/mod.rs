//! A protocol session under arbitrary commands, replies and times.
//!
//! The input is a program: one byte for what happens next, then its arguments. See [`World::step`].

mod arguments;
mod replies;

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::{Result, Unstructured};
use arguments::{arbitrary_reply, fault, query, text};
use fbchat::protocol::{
    Exchange, ExchangeId, Input, Now, Output, Reply, Session, SessionConfig, TransportError,
};
use fbchat::types::{Command, DownloadTarget, Event, OwnPresence, RequestId, Secret, Uid};

/// The most outputs of one call: every item of the largest reply gives a few.
const MOST_OUTPUTS: usize = 20_000;
/// The most exchanges under way.
const MOST_EXCHANGES: usize = 100;
/// How often in a row a session may ask for its timeout at the same time.
const MOST_REPEATS: usize = 16;
/// How many timeouts the end of a session may take.
const MOST_TIMEOUTS: usize = 200;
/// 22 November 2008, in milliseconds since 1970.
const EPOCH: i64 = 1_227_312_000_000;

pub fn run(data: &[u8]) {
    let mut world = World::new();
    let mut input = Unstructured::new(data);
    while !input.is_empty() && !world.session.is_closed() {
        // An argument may be missing at the end.
        if world.step(&mut input).is_err() {
            break;
        }
    }
    world.end();
}

struct World {
    session: Session,
    monotonic: u64,
    /// Wall clock minus monotonic clock.
    skew: i64,
    exchanges: BTreeMap<ExchangeId, Exchange>,
    last_request: u64,
    /// Requests without an answer.
    open: BTreeSet<RequestId>,
    /// The last saved session.
    state: Secret,
    closed: bool,
}

impl World {
    fn new() -> Self {
        World {
            session: Session::new(SessionConfig::new(crate::server(), 1)),
            monotonic: 1_000_000,
            skew: EPOCH,
            exchanges: BTreeMap::new(),
            last_request: 0,
            open: BTreeSet::new(),
            state: Secret::new(String::new()),
            closed: false,
        }
    }

    fn now(&self) -> Now {
        Now {
            monotonic: self.monotonic,
            unix: self.skew.saturating_add_unsigned(self.monotonic),
        }
    }

    fn step(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        match input.arbitrary::<u8>()? {
            // The reply that a good server gives.
            b'+' => {
                if let Some(exchange) = self.choose(input)? {
                    let reply = replies::good(&exchange, self.now().unix);
                    self.reply(exchange.id, Ok(reply));
                }
            }
            // The same with another body.
            b'b' => {
                if let Some(exchange) = self.choose(input)? {
                    let mut reply = replies::good(&exchange, self.now().unix);
                    reply.body = text(input)?.into_bytes();
                    self.reply(exchange.id, Ok(reply));
                }
            }
            // A reply that a server gives at times.
            b'o' => {
                if let Some(exchange) = self.choose(input)? {
                    let reply = replies::odd(input.arbitrary()?);
                    self.reply(exchange.id, Ok(reply));
                }
            }
            // Any reply.
            b'r' => {
                if let Some(exchange) = self.choose(input)? {
                    let reply = arbitrary_reply(input)?;
                    self.reply(exchange.id, Ok(reply));
                }
            }
            // No reply.
            b'-' => {
                if let Some(exchange) = self.choose(input)? {
                    let fault = fault(input.arbitrary()?);
                    let detail = "simulated".to_owned();
                    self.reply(exchange.id, Err(TransportError { fault, detail }));
                }
            }
            // A reply that nobody waits for.
            b'?' => {
                let id = ExchangeId(u64::from(input.arbitrary::<u8>()?));
                if !self.exchanges.contains_key(&id) {
                    self.reply(id, Ok(replies::odd(0)));
                }
            }
            // Time passes, in seconds or until the session wants to be called.
            b't' => {
                let seconds = u64::from(input.arbitrary::<u8>()?);
                self.pass(seconds * 1000);
            }
            b'T' => {
                if let Some(at) = self.session.poll_timeout() {
                    self.pass(at.saturating_sub(self.monotonic));
                }
            }
            // The machine sleeps, or its clock is set.
            b's' => {
                let hours = i64::from(input.arbitrary::<i8>()?);
                self.skew += hours * 3_600_000;
                self.session.handle_timeout(self.now());
                self.outputs();
            }
            b'p' => {
                self.session.set_paused(self.now(), input.arbitrary()?);
                self.outputs();
            }
            b'u' => {
                let count = usize::from(input.arbitrary::<u8>()?);
                self.session.set_untaken(self.now(), count);
                self.outputs();
            }
            b'f' => {
                self.session.farewell(self.now());
                self.outputs();
            }
            _ => self.command(input)?,
        }
        Ok(())
    }

    /// One of the exchanges under way.
    fn choose(&self, input: &mut Unstructured<'_>) -> Result<Option<Exchange>> {
        let which = usize::from(input.arbitrary::<u8>()?);
        let count = self.exchanges.len().max(1);
        Ok(self.exchanges.values().nth(which % count).cloned())
    }

    fn command(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let request = RequestId(self.last_request + 1);
        let uid = |input: &mut Unstructured<'_>| Ok(Uid(u64::from(input.arbitrary::<u8>()?)));
        let command = match input.arbitrary::<u8>()? {
            b'l' => Command::Login {
                request,
                email: "user2@example.org".to_owned(),
                password: Secret::new("right".to_owned()),
            },
            b'r' => Command::Register {
                request,
                email: text(input)?,
                password: Secret::new(text(input)?),
                name: text(input)?,
                invite: Some(Secret::new(text(input)?)),
            },
            b'z' => Command::Resume {
                request,
                state: self.state.clone(),
            },
            b'Z' => Command::Resume {
                request,
                state: Secret::new(text(input)?),
            },
            b'm' => Command::Send {
                request,
                to: uid(input)?,
                text: text(input)?,
                file: None,
                message_id: None,
            },
            // With an id of the host's.
            b'M' => Command::Send {
                request,
                to: uid(input)?,
                text: text(input)?,
                file: None,
                message_id: Some(text(input)?),
            },
            b'u' => Command::Upload {
                request,
                name: text(input)?,
                size: input.arbitrary()?,
            },
            b'e' => Command::Download {
                request,
                file: text(input)?,
                target: DownloadTarget::Memory {
                    preview: input.arbitrary()?,
                    limit: input.arbitrary()?,
                },
            },
            b't' => Command::SetTyping {
                to: uid(input)?,
                typing: input.arbitrary()?,
            },
            b'p' => Command::SetPresence(match input.arbitrary::<u8>()? % 3 {
                0 => OwnPresence::Active,
                1 => OwnPresence::Idle,
                _ => OwnPresence::Invisible,
            }),
            b'b' => Command::Refresh { request },
            b'R' => Command::MarkRead(Some(uid(input)?).filter(|uid| uid.0 > 0)),
            b'n' => Command::NetworkChanged,
            b'c' => Command::Cancel(RequestId(u64::from(input.arbitrary::<u8>()?))),
            b'x' => Command::Logout { request },
            _ => Command::Ask {
                query: query(input)?,
                request,
            },
        };
        self.ask(command);
        Ok(())
    }

    fn ask(&mut self, command: Command) {
        let is_answered = !matches!(
            command,
            Command::SetTyping { .. }
                | Command::SetPresence(_)
                | Command::MarkRead(_)
                | Command::NetworkChanged
                | Command::Cancel(_)
        );
        if is_answered {
            self.last_request += 1;
            self.open.insert(RequestId(self.last_request));
        }
        self.handle(Input::Command(command));
    }

    fn reply(&mut self, id: ExchangeId, outcome: std::result::Result<Reply, TransportError>) {
        self.exchanges.remove(&id);
        self.handle(Input::Reply(id, outcome));
    }

    fn handle(&mut self, input: Input) {
        self.session.handle(self.now(), input);
        self.outputs();
    }

    /// Lets time pass, as a driver does: the session is called whenever it wants to be.
    fn pass(&mut self, span: u64) {
        let until = self.monotonic.saturating_add(span);
        let mut repeats = 0;
        for _ in 0..MOST_TIMEOUTS {
            let Some(at) = self.session.poll_timeout().filter(|at| *at <= until) else {
                break;
            };
            repeats = if at > self.monotonic { 0 } else { repeats + 1 };
            assert!(repeats < MOST_REPEATS, "the session spins");
            self.monotonic = at.max(self.monotonic);
            self.session.handle_timeout(self.now());
            self.outputs();
        }
        self.monotonic = until.max(self.monotonic);
    }

    /// Takes what the session wants done, and checks it.
    fn outputs(&mut self) {
        let mut count = 0;
        while let Some(output) = self.session.poll_output() {
            count += 1;
            assert!(count < MOST_OUTPUTS, "too many outputs");
            assert!(!self.closed, "after the end: {output:?}");
            match output {
                Output::Exchange(exchange) => self.exchange(exchange),
                Output::Cancel(id) => {
                    assert!(self.exchanges.remove(&id).is_some(), "cancels {id:?}");
                }
                Output::Event(event) => self.event(event),
            }
        }
        assert_eq!(self.closed, self.session.is_closed());
        if self.closed {
            assert!(self.open.is_empty(), "not answered: {:?}", self.open);
            assert!(
                self.exchanges.is_empty(),
                "not cancelled: {:?}",
                self.exchanges
            );
            assert_eq!(self.session.poll_timeout(), None);
        } else if self.session.poll_timeout().is_none() {
            let waits = !self.exchanges.is_empty() || self.open.is_empty();
            assert!(waits, "nothing will ever answer {:?}", self.open);
        }
    }

    fn exchange(&mut self, exchange: Exchange) {
        let host = exchange.url.host_str().unwrap_or_default();
        let own = host == "example.org" || host.ends_with(".example.org");
        assert!(own && exchange.url.scheme() == "https", "{}", exchange.url);
        assert!(exchange.timeout > 0);
        let known = self.exchanges.insert(exchange.id, exchange);
        assert!(known.is_none(), "an id is used twice");
        assert!(self.exchanges.len() < MOST_EXCHANGES, "too many exchanges");
    }

    fn event(&mut self, event: Event) {
        if let Some(request) = event.answers().filter(|&it| it != RequestId::NONE) {
            assert!(self.open.remove(&request), "{event:?} answers nothing");
        }
        match event {
            Event::State(saved) => self.state = saved.text,
            Event::Closed { .. } => self.closed = true,
            _ => {}
        }
    }

    /// Logs out, and waits for the end, which comes even if nobody answers any more.
    fn end(&mut self) {
        if !self.closed {
            let request = RequestId(self.last_request + 1);
            self.ask(Command::Logout { request });
        }
        for _ in 0..MOST_TIMEOUTS {
            if self.closed {
                return;
            }
            let at = self
                .session
                .poll_timeout()
                .expect("a logout ends by itself");
            self.pass(at.saturating_sub(self.monotonic));
        }
        panic!("the session does not end");
    }
}
