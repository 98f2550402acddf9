//! Sessions and the model of the server, on a simulated clock: what passes between them, and what is lost on the way.

use super::model::{Answer, Model};
use crate::protocol::*;
use crate::types::Connection;
use crate::types::{Command, Event, Millis, Query, RequestId, Secret, Uid};

/// What is lost on the way, per mille of the exchanges.
#[derive(Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) lost_requests: u32,
    pub(super) lost_replies: u32,
}

pub(super) type Outcome = Result<Reply, TransportError>;

pub(super) struct Client {
    pub(super) session: Session,
    /// Nothing may go anywhere else.
    pub(super) origin: url::Origin,
    /// Replies on their way: when they arrive, and to which exchange.
    pub(super) arriving: Vec<(Millis, ExchangeId, Outcome)>,
    /// Long-polls that the server holds, and since when.
    pub(super) held: Vec<(Millis, Exchange)>,
    pub(super) events: Vec<Event>,
    /// Everything asked for, as `METHOD path`.
    pub(super) asked: Vec<String>,
    /// When that was.
    pub(super) asked_at: Vec<Millis>,
    pub(super) last_request: u64,
}

/// How a proxy ends a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    Status(u16),
    /// It closes the connection.
    Close,
}

pub(super) struct World {
    pub(super) now: Millis,
    pub(super) rng: fastrand::Rng,
    pub(super) faults: Faults,
    pub(super) server: Model,
    pub(super) clients: Vec<Client>,
    /// Added to the way of each exchange.
    pub(super) delay: Millis,
    /// True while no packet passes.
    pub(super) cut: bool,
    /// True while the hosts take no events.
    pub(super) busy_host: bool,
    /// A proxy that holds a long-poll no longer than this, and what it does then.
    pub(super) proxy: Option<(Millis, Cut)>,
    /// Answers in place of the server.
    pub(super) chaos: Option<fn(&mut fastrand::Rng) -> Outcome>,
}

/// 22 November 2008, in milliseconds since 1970.
pub(super) const EPOCH: i64 = 1_227_312_000_000;

impl World {
    pub(super) fn new(seed: u64, clients: usize) -> Self {
        let server = ServerAddress::parse("http://127.0.0.1:8080", false).unwrap();
        Self::at(&server, seed, clients)
    }

    pub(super) fn at(server: &ServerAddress, seed: u64, clients: usize) -> Self {
        let session = |n: usize| {
            let seed = seed.wrapping_mul(31).wrapping_add(n as u64);
            Session::new(SessionConfig::new(server.clone(), seed))
        };
        let client = |n| Client {
            session: session(n),
            origin: server.origin().origin(),
            arriving: Vec::new(),
            held: Vec::new(),
            events: Vec::new(),
            asked: Vec::new(),
            asked_at: Vec::new(),
            last_request: 0,
        };
        World {
            now: 1_000_000,
            rng: fastrand::Rng::with_seed(seed),
            faults: Faults::default(),
            server: Model::default(),
            clients: (0..clients).map(client).collect(),
            delay: 0,
            cut: false,
            busy_host: false,
            proxy: None,
            chaos: None,
        }
    }

    pub(super) fn clock(&self) -> Now {
        Now {
            monotonic: self.now,
            unix: EPOCH + self.now as i64,
        }
    }

    pub(super) fn command(
        &mut self,
        who: usize,
        make: impl FnOnce(RequestId) -> Command,
    ) -> RequestId {
        let now = self.clock();
        let client = &mut self.clients[who];
        client.last_request += 1;
        let request = RequestId(client.last_request);
        client.session.handle(now, Input::Command(make(request)));
        self.flush(who);
        request
    }

    pub(super) fn login(&mut self, who: usize) -> RequestId {
        let email = format!("user{}@example.org", who + 1);
        let password = Secret::new("right".into());
        self.command(who, |request| Command::Login {
            request,
            email,
            password,
        })
    }

    pub(super) fn resume(&mut self, who: usize, state: &Secret) -> RequestId {
        let state = state.clone();
        self.command(who, |request| Command::Resume { request, state })
    }

    /// The last saved session that a host was given.
    pub(super) fn state(&self, who: usize) -> Secret {
        let state = |event: &Event| match event {
            Event::State(saved) => Some(saved.text.clone()),
            _ => None,
        };
        let found = self.clients[who].events.iter().rev().find_map(state);
        found.expect("a state")
    }

    pub(super) fn ask(&mut self, who: usize, query: Query) -> RequestId {
        self.command(who, |request| Command::Ask { request, query })
    }

    pub(super) fn send(&mut self, who: usize, to: u64, text: &str) -> RequestId {
        let text = text.to_owned();
        self.command(who, |request| Command::Send {
            request,
            to: Uid(to),
            text,
            file: None,
            message_id: None,
        })
    }

    /// Carries out what a client wants done. Its host takes every event at once, unless it is busy.
    pub(super) fn flush(&mut self, who: usize) {
        self.move_outputs(who);
        if !self.busy_host {
            let now = self.clock();
            self.clients[who].session.set_untaken(now, 0);
            self.move_outputs(who);
        }
    }

    pub(super) fn move_outputs(&mut self, who: usize) {
        while let Some(output) = self.clients[who].session.poll_output() {
            match output {
                Output::Event(event) => self.clients[who].events.push(event),
                Output::Cancel(id) => {
                    self.clients[who]
                        .arriving
                        .retain(|(_, other, _)| *other != id);
                    self.clients[who]
                        .held
                        .retain(|(_, exchange)| exchange.id != id);
                }
                Output::Exchange(exchange) => self.exchange(who, exchange),
            }
        }
    }

    pub(super) fn exchange(&mut self, who: usize, exchange: Exchange) {
        assert_eq!(exchange.url.origin(), self.clients[who].origin);
        self.clients[who]
            .asked
            .push(format!("{:?} {}", exchange.method, exchange.url.path()));
        self.clients[who].asked_at.push(self.now);
        let broken = |fault| {
            Err(TransportError {
                fault,
                detail: "simulated".into(),
            })
        };
        let arrives = self.now + self.delay + self.rng.u64(1..200);
        let id = exchange.id;
        if let Some(chaos) = self.chaos {
            let result = chaos(&mut self.rng);
            return self.clients[who].arriving.push((arrives, id, result));
        }
        if self.cut {
            return self.clients[who]
                .arriving
                .push((arrives, id, broken(TransportFault::Connect)));
        }
        if self.rng.u32(0..1000) < self.faults.lost_requests {
            return self.clients[who]
                .arriving
                .push((arrives, id, broken(TransportFault::Io)));
        }
        match self
            .server
            .answer(&exchange, EPOCH + self.now as i64, false)
        {
            Answer::Now(_) if self.rng.u32(0..1000) < self.faults.lost_replies => {
                self.clients[who]
                    .arriving
                    .push((arrives, id, broken(TransportFault::Io)));
            }
            Answer::Now(reply) => self.clients[who].arriving.push((arrives, id, Ok(reply))),
            Answer::Hold => self.clients[who].held.push((self.now, exchange)),
        }
    }

    /// Ends held polls for which there are items, or that were held long enough.
    pub(super) fn release_polls(&mut self) {
        for who in 0..self.clients.len() {
            for (since, exchange) in std::mem::take(&mut self.clients[who].held) {
                let over = self.now >= since + 55_000;
                if let Some((patience, cut)) = self.proxy
                    && self.now >= since + patience
                {
                    let result = match cut {
                        Cut::Status(status) => Ok(Reply {
                            status,
                            body: b"<html>proxy</html>".to_vec(),
                            ..Reply::default()
                        }),
                        Cut::Close => Err(TransportError {
                            fault: TransportFault::Io,
                            detail: "simulated".into(),
                        }),
                    };
                    let client = &mut self.clients[who];
                    client.arriving.push((self.now, exchange.id, result));
                    continue;
                }
                let arrives = self.now + self.delay + self.rng.u64(1..50);
                let lost = self.rng.u32(0..1000) < self.faults.lost_replies;
                match self.server.answer(&exchange, EPOCH + self.now as i64, over) {
                    Answer::Hold => self.clients[who].held.push((since, exchange)),
                    Answer::Now(reply) => {
                        let error = TransportError {
                            fault: TransportFault::Io,
                            detail: "simulated".into(),
                        };
                        let result = if lost || self.cut {
                            Err(error)
                        } else {
                            Ok(reply)
                        };
                        self.clients[who]
                            .arriving
                            .push((arrives, exchange.id, result));
                    }
                }
            }
        }
    }

    /// Ends a client's held polls as when the server is killed.
    pub(super) fn break_polls(&mut self, who: usize) {
        let client = &mut self.clients[who];
        for (_, exchange) in client.held.drain(..) {
            let error = TransportError {
                fault: TransportFault::Io,
                detail: "simulated".into(),
            };
            client.arriving.push((self.now, exchange.id, Err(error)));
        }
    }

    /// Advances the clock to the next thing that happens, but not beyond `until`. False when that is reached.
    pub(super) fn step(&mut self, until: Millis) -> bool {
        self.release_polls();
        let patience = self.proxy.map_or(55_000, |(patience, _)| patience);
        let next = |client: &Client| {
            let arriving = client.arriving.iter().map(|(at, ..)| *at).min();
            let held = client.held.iter().map(|(since, _)| since + patience).min();
            [arriving, held, client.session.poll_timeout()]
                .into_iter()
                .flatten()
                .min()
        };
        let at = self
            .clients
            .iter()
            .filter_map(next)
            .min()
            .unwrap_or(until)
            .max(self.now);
        if at >= until {
            self.now = until;
            return false;
        }
        self.now = at;
        let now = self.clock();
        for who in 0..self.clients.len() {
            let client = &mut self.clients[who];
            if let Some(index) = client
                .arriving
                .iter()
                .position(|(at, ..)| *at <= now.monotonic)
            {
                let (_, id, result) = client.arriving.remove(index);
                client.session.handle(now, Input::Reply(id, result));
            }
            if client
                .session
                .poll_timeout()
                .is_some_and(|at| at <= now.monotonic)
            {
                client.session.handle_timeout(now);
            }
            self.flush(who);
        }
        true
    }

    pub(super) fn run(&mut self, span: Millis) {
        let until = self.now + span;
        let mut steps = 0u32;
        while self.step(until) {
            steps += 1;
            assert!(
                steps < 200_000,
                "the session spins: {:?}",
                self.clients[0].asked.last()
            );
        }
    }

    pub(super) fn messages(&self, who: usize) -> Vec<String> {
        let text = |event: &Event| match event {
            Event::Message(message) => Some(message.text.clone()),
            _ => None,
        };
        self.clients[who].events.iter().filter_map(text).collect()
    }

    pub(super) fn asked(&self, who: usize, part: &str) -> usize {
        self.clients[who]
            .asked
            .iter()
            .filter(|asked| asked.contains(part))
            .count()
    }

    /// What a host was told last of its connection.
    pub(super) fn connection(&self, who: usize) -> Option<Connection> {
        let mut events = self.clients[who].events.iter().rev();
        events.find_map(|event| match event {
            Event::Connection(connection) => Some(connection.clone()),
            _ => None,
        })
    }

    pub(super) fn has(&self, who: usize, wanted: impl Fn(&Event) -> bool) -> bool {
        self.clients[who].events.iter().any(wanted)
    }
}
