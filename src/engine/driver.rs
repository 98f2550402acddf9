//! One session's task: moves data between a protocol session, the network and the queue.
//!
//! Holds the clocks that the protocol has not; decides nothing about the protocol.

#![forbid(unsafe_code)]

use super::http::Http;
use super::log::Level;
use super::seat::Seat;
use super::worker::Core;
use crate::protocol::{
    ExchangeId, ExchangeKind, Input, Now, Output, Reply, Session, SessionConfig,
};
use crate::protocol::{TransportError, TransportFault};
use crate::status::{Problem, Status};
use crate::types::{Connection, Event};
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::Instant;

type Done = (ExchangeId, Result<Reply, TransportError>);

struct Driver {
    core: Arc<Core>,
    seat: Arc<Seat>,
    http: Arc<Http>,
    session: Session,
    /// Each exchange is a task of its own: it can be aborted, and a panic in it stays in it.
    exchanges: JoinSet<Done>,
    under_way: Vec<(ExchangeId, ExchangeKind, AbortHandle)>,
    paused: bool,
    /// The host has closed the session; a logout, or the word of what was taken last, goes on until then.
    end: Option<Instant>,
}

/// Runs a session until it is over or closed.
pub(super) fn run(
    core: Arc<Core>,
    seat: Arc<Seat>,
    http: Arc<Http>,
    config: SessionConfig,
) -> impl Future<Output = ()> + Send {
    let last_word = LastWord {
        core: core.clone(),
        seat: seat.clone(),
        unneeded: false,
    };
    async move {
        let mut driver = Driver {
            session: Session::new(config),
            exchanges: JoinSet::new(),
            under_way: Vec::new(),
            paused: false,
            end: None,
            core,
            seat,
            http,
        };
        while driver.turn().await.is_continue() {}
        last_word.leave_unsaid();
    }
}

/// Tells the host when a session's task does not come to its end: it panicked, or the worker did, perhaps before the
/// session was opened. When the host itself stops the worker, the queue takes no more events.
struct LastWord {
    core: Arc<Core>,
    seat: Arc<Seat>,
    unneeded: bool,
}

impl LastWord {
    fn leave_unsaid(mut self) {
        self.unneeded = true;
    }
}

impl Drop for LastWord {
    fn drop(&mut self) {
        if self.unneeded {
            return;
        }
        let problem = Problem::new(
            Status::Panic,
            "A bug in fbchat ended this session; please report it",
        );
        let closed = Event::Closed {
            request: None,
            problem: Some(problem),
        };
        emit(&self.core, &self.seat, closed);
    }
}

impl Driver {
    /// Does all that is due, then waits for whatever comes first.
    async fn turn(&mut self) -> ControlFlow<()> {
        self.carry_out();
        if self.session.is_closed() {
            return ControlFlow::Break(());
        }
        let timeout = self
            .session
            .poll_timeout()
            .map(|due| self.core.instant(due));
        let due = [timeout, self.end].into_iter().flatten().min();
        tokio::select! {
            () = self.seat.rung() => return self.look_around(),
            Some(done) = self.exchanges.join_next_with_id(), if !self.exchanges.is_empty() => self.hand_in(done),
            () = sleep_until(due), if due.is_some() => {
                if self.end.is_some_and(|end| end <= Instant::now()) {
                    return ControlFlow::Break(());
                }
                self.session.handle_timeout(self.core.now());
            }
        }
        ControlFlow::Continue(())
    }

    fn carry_out(&mut self) {
        self.drain();
        self.report_untaken();
        let paused = self.core.queue.is_paused(self.seat.id);
        if paused != self.paused {
            self.paused = paused;
            let word = if paused {
                "pauses: its events pile up"
            } else {
                "goes on"
            };
            self.log(Level::Info, word);
            self.session.set_paused(self.core.now(), paused);
            self.drain();
        }
    }

    /// Lets the protocol know how far the host has come with its messages.
    fn report_untaken(&mut self) {
        self.session
            .set_untaken(self.core.now(), self.seat.untaken());
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Event(event) => {
                    self.log_event(&event);
                    emit(&self.core, &self.seat, event);
                }
                Output::Exchange(exchange) => {
                    let (id, kind) = (exchange.id, exchange.kind);
                    let http = self.http.clone();
                    let task = async move {
                        #[cfg(feature = "fault-injection")]
                        crate::injection::pass(crate::injection::Place::Exchange);
                        (id, http.carry_out(exchange).await)
                    };
                    let handle = self.exchanges.spawn(task);
                    self.under_way.push((id, kind, handle));
                    // The host is gone: nothing is to be held for it.
                    if self.end.is_some() {
                        self.drop_long_polls();
                    }
                }
                Output::Cancel(unwanted) => self.abort(|id, _| id == unwanted),
            }
        }
    }

    /// Somebody rang: commands, a close, or room in the queue.
    fn look_around(&mut self) -> ControlFlow<()> {
        #[cfg(feature = "fault-injection")]
        crate::injection::pass(crate::injection::Place::Session);
        self.report_untaken();
        let work = self.seat.take_work();
        for command in work.commands {
            self.session
                .handle(self.core.now(), Input::Command(command));
        }
        if let Some(grace) = work.end {
            let busy = self.end.is_some() || self.session.farewell(self.core.now());
            if !busy && !self.seat.is_logging_out() {
                return ControlFlow::Break(());
            }
            let end = Instant::now().checked_add(grace);
            self.end = [self.end, end].into_iter().flatten().min();
            self.drop_long_polls();
        }
        ControlFlow::Continue(())
    }

    fn hand_in(&mut self, done: Result<(tokio::task::Id, Done), JoinError>) {
        let task = done.as_ref().map_or_else(JoinError::id, |(task, _)| *task);
        let Some(place) = self
            .under_way
            .iter()
            .position(|(_, _, handle)| handle.id() == task)
        else {
            return;
        };
        let (id, kind, _) = self.under_way.swap_remove(place);
        let outcome = match done {
            Ok((_, (_, outcome))) => outcome,
            Err(error) => Err(TransportError {
                fault: TransportFault::Io,
                detail: if error.is_panic() {
                    "a bug in fbchat"
                } else {
                    "cancelled"
                }
                .to_owned(),
            }),
        };
        if self.core.wants(Level::Debug) {
            let word = match &outcome {
                Ok(reply) => format!(
                    "{kind:?} {}: {}, {} bytes",
                    id.0,
                    reply.status,
                    reply.body.len()
                ),
                Err(error) => format!("{kind:?} {}: {error}", id.0),
            };
            self.log(Level::Debug, &word);
        }
        self.session
            .handle(self.core.now(), Input::Reply(id, outcome));
    }

    fn drop_long_polls(&mut self) {
        self.abort(|_, kind| kind == ExchangeKind::LongPoll);
    }

    fn abort(&mut self, unwanted: impl Fn(ExchangeId, ExchangeKind) -> bool) {
        self.under_way.retain(|(id, kind, handle)| {
            let unwanted = unwanted(*id, *kind);
            if unwanted {
                handle.abort();
            }
            !unwanted
        });
    }

    fn log_event(&self, event: &Event) {
        match event {
            Event::LoggedIn { .. } => self.log(Level::Info, "logged in"),
            Event::Connection(Connection::Connected) => self.log(Level::Info, "connected"),
            Event::Connection(Connection::Waiting { wait_ms, problem }) => {
                let name = problem.status.c_name().to_string_lossy();
                self.log(
                    Level::Warn,
                    &format!("{name}, next attempt in {wait_ms} ms"),
                );
            }
            Event::LoginFailed { problem, .. }
            | Event::Challenge { problem, .. }
            | Event::Failed { problem, .. } => {
                let name = problem.status.c_name().to_string_lossy();
                self.log(Level::Warn, &format!("a request failed: {name}"));
            }
            Event::Closed { .. } => self.log(Level::Info, "closed"),
            _ => {}
        }
    }

    fn log(&self, level: Level, word: &str) {
        if self.core.wants(level) {
            self.core
                .queue
                .log(level, format!("session {}: {word}", self.seat.id.0));
        }
    }
}

/// Sleeps until a moment, or for ever.
async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Queues an event. Every request gets exactly one answer: a second is dropped, a missing one made up at the end.
pub(super) fn emit(core: &Core, seat: &Seat, event: Event) {
    seat.note(event, |event, noted| {
        for request in noted.unanswered {
            let problem = Problem::new(
                Status::Cancelled,
                "The session ended before this was answered",
            );
            core.queue.push(seat.id, Event::Failed { request, problem });
        }
        if noted.wanted {
            if matches!(event, Event::Message(_)) {
                seat.message_given();
            }
            core.queue.push(seat.id, event);
        }
    });
}

impl Core {
    /// Both clocks, read once.
    pub(super) fn now(&self) -> Now {
        let since_start = self.start.elapsed().as_millis();
        let since_1970 = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default();
        Now {
            monotonic: u64::try_from(since_start).unwrap_or(u64::MAX),
            unix: i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX),
        }
    }

    /// The protocol's monotonic time as the runtime has it; far-off times become a day.
    fn instant(&self, due: crate::types::Millis) -> Instant {
        let day = std::time::Duration::from_secs(86_400);
        let due = std::time::Duration::from_millis(due);
        let left = due.saturating_sub(self.start.elapsed()).min(day);
        Instant::now()
            .checked_add(left)
            .unwrap_or_else(Instant::now)
    }

    fn wants(&self, level: Level) -> bool {
        self.log_level.is_some_and(|most| level <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::super::http::Pools;
    use super::super::queue::{Polled, Queue};
    use super::*;
    use crate::types::Secret;
    use std::time::Duration;

    #[test]
    fn panic_in_a_session_is_told_after_its_requests_are_answered() {
        let core = Arc::new(Core {
            queue: Queue::new(100).unwrap(),
            pools: Pools::default(),
            start: std::time::Instant::now(),
            log_level: None,
        });
        let seat = Arc::new(Seat::new(0));
        core.queue.admit(seat.clone()).unwrap();
        let request = seat.login("a".into(), Secret::new("b".into())).unwrap();
        let guard = LastWord {
            core: core.clone(),
            seat,
            unneeded: false,
        };
        let task = std::thread::spawn(move || {
            let _guard = guard;
            panic!("injected");
        });
        assert!(task.join().is_err());
        let next = || match core.queue.poll(Some(Duration::ZERO), None) {
            Ok(Polled::Event(event)) => event.event,
            other => panic!("{other:?}"),
        };
        assert!(matches!(next(), Event::Failed { request: answered, .. } if answered == request));
        let Event::Closed { problem, .. } = next() else {
            panic!("not closed");
        };
        assert_eq!(problem.unwrap().status, Status::Panic);
    }
}
