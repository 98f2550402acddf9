//! One session's task: moves data between a protocol session, the network and the event queue.
//!
//! Provides the clocks and timers that the protocol does not have; makes no decisions about the protocol.

#![forbid(unsafe_code)]

use super::alarm::Alarm;
use super::core::Core;
use super::http::Http;
use super::log::Level;
use super::long_poll::LongPoll;
use super::session_handle::SessionHandle;
use crate::protocol::{
    Exchange, ExchangeId, ExchangeKind, Input, Outcome, Output, Session, SessionConfig, Stream,
    TransportError, TransportFault,
};
use crate::status::{Problem, Status};
use crate::types::{Connection, Event};
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::Instant;

/// Answers longer than this, in bytes, take noticeable time to read.
const LONG_ANSWER: usize = 64 << 10;

type Finished = (ExchangeId, Outcome);

struct Driver {
    core: Arc<Core>,
    handle: Arc<SessionHandle>,
    http: Arc<Http>,
    session: Session,
    /// Each exchange is a task of its own, so that it can be aborted and a panic in it ends nothing else.
    exchanges: JoinSet<Finished>,
    in_flight: Vec<(ExchangeId, ExchangeKind, AbortHandle)>,
    /// The long-poll is part of this task, unless it needs the HTTP library.
    long_poll: LongPoll,
    alarm: Alarm,
    paused: bool,
    /// The host has closed the session; a logout, or the last acknowledgement, may continue until then.
    end: Option<Instant>,
}

/// Runs a session until its protocol ends or the host closes it.
pub(super) fn run(
    core: Arc<Core>,
    handle: Arc<SessionHandle>,
    http: Arc<Http>,
    config: SessionConfig,
) -> impl Future<Output = ()> + Send {
    let guard = CloseGuard {
        core: core.clone(),
        handle: handle.clone(),
        armed: true,
    };
    async move {
        let mut driver = Driver {
            session: Session::new(config),
            exchanges: JoinSet::new(),
            in_flight: Vec::new(),
            long_poll: LongPoll::default(),
            alarm: Alarm::new(),
            paused: false,
            end: None,
            core,
            handle,
            http,
        };
        while driver.step().await.is_continue() {}
        guard.disarm();
    }
}

/// Queues CLOSED if a session's task does not finish: the task panicked, or the worker did, perhaps before the task ran.
/// When the host itself stops the worker, the queue accepts no more events.
struct CloseGuard {
    core: Arc<Core>,
    handle: Arc<SessionHandle>,
    armed: bool,
}

impl CloseGuard {
    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for CloseGuard {
    fn drop(&mut self) {
        if !self.armed {
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
        self.core.emit(&self.handle, closed);
    }
}

impl Driver {
    /// Does everything that is due, then waits for whatever comes first.
    async fn step(&mut self) -> ControlFlow<()> {
        self.process_outputs();
        self.report_untaken();
        self.apply_backpressure();
        if self.session.is_closed() {
            return ControlFlow::Break(());
        }
        let timeout = self
            .session
            .poll_timeout()
            .map(|due| self.core.instant(due));
        let due = [timeout, self.end, self.long_poll.due()];
        self.alarm.set(due.into_iter().flatten().min());
        tokio::select! {
            () = self.handle.notified() => return self.process_commands(),
            Some(finished) = self.exchanges.join_next_with_id(), if !self.exchanges.is_empty() => {
                self.process_reply(finished);
            }
            (id, outcome) = self.long_poll.finished(), if self.long_poll.is_under_way() => {
                self.process_outcome(id, ExchangeKind::LongPoll, outcome);
            }
            () = self.alarm.rings() => {
                let now = Instant::now();
                if self.end.is_some_and(|end| end <= now) {
                    return ControlFlow::Break(());
                }
                if let Some((id, outcome)) = self.long_poll.expire(now) {
                    self.process_outcome(id, ExchangeKind::LongPoll, outcome);
                }
                self.session.handle_timeout(self.core.now());
            }
        }
        ControlFlow::Continue(())
    }

    /// Tells the protocol to stop or to continue fetching, as the event queue demands.
    fn apply_backpressure(&mut self) {
        let paused = self.handle.pace.is_paused();
        if paused != self.paused {
            self.paused = paused;
            let text = if paused {
                "paused: too many of its events are waiting"
            } else {
                "continues"
            };
            self.log(Level::Info, text);
            self.session.set_paused(self.core.now(), paused);
            self.process_outputs();
        }
    }

    /// Tells the protocol how many messages the host has not taken.
    fn report_untaken(&mut self) {
        self.session
            .set_untaken(self.core.now(), self.handle.pace.untaken());
        self.process_outputs();
    }

    fn process_outputs(&mut self) {
        let mut messages = Vec::new();
        while let Some(output) = self.session.poll_output() {
            if !matches!(output, Output::Event(Event::Message(_))) {
                self.emit_messages(&mut messages);
            }
            match output {
                Output::Event(message @ Event::Message(_)) => messages.push(message),
                Output::Event(event) => {
                    self.log_event(&event);
                    self.core.emit(&self.handle, event);
                }
                Output::Exchange(exchange) if exchange.stream.is_some() => self.transfer(exchange),
                Output::Exchange(exchange) => {
                    if let Some(exchange) = self.long_poll.start(&self.http, exchange) {
                        self.spawn(exchange);
                    }
                    // The host has closed the session: no long-poll is to be held for it.
                    if self.end.is_some() {
                        self.abort_long_polls();
                    }
                }
                Output::Cancel(unwanted) => self.abort(|id, _| id == unwanted),
            }
        }
        self.emit_messages(&mut messages);
    }

    fn emit_messages(&self, messages: &mut Vec<Event>) {
        if !messages.is_empty() {
            self.core
                .emit_messages(&self.handle, std::mem::take(messages));
        }
    }

    fn spawn(&mut self, exchange: Exchange) {
        let (id, kind) = (exchange.id, exchange.kind);
        let http = self.http.clone();
        let task = self.exchanges.spawn(async move {
            #[cfg(feature = "fault-injection")]
            crate::injection::pass(crate::injection::Place::Exchange);
            (id, http.execute(exchange).await)
        });
        self.in_flight.push((id, kind, task));
    }

    /// Starts an exchange with the content of a file.
    fn transfer(&mut self, exchange: Exchange) {
        let request = match exchange.stream {
            Some(Stream::Upload { request, .. } | Stream::Download { request, .. }) => request,
            None => return,
        };
        let (id, kind) = (exchange.id, exchange.kind);
        let Some(transfer) = self.handle.transfer(request) else {
            let over = TransportError {
                fault: TransportFault::Host,
                detail: "it is over".to_owned(),
            };
            return self.process_outcome(id, kind, Err(over));
        };
        let (http, handle) = (self.http.clone(), self.handle.clone());
        let task = self.exchanges.spawn(async move {
            let progress = move || handle.notify();
            (id, http.transfer(exchange, transfer, progress).await)
        });
        self.in_flight.push((id, kind, task));
    }

    /// Tells the host how far its transfers are.
    fn report_progress(&self) {
        for transfer in self.handle.transfers() {
            if let Some(progress) = transfer.progress() {
                self.core.emit(&self.handle, progress);
            }
        }
    }

    /// The task was notified: there are commands, the host closed the session, transfers go on, or the queue has room again.
    fn process_commands(&mut self) -> ControlFlow<()> {
        #[cfg(feature = "fault-injection")]
        crate::injection::pass(crate::injection::Place::Session);
        self.report_untaken();
        self.report_progress();
        let work = self.handle.take_work();
        for command in work.commands {
            self.session
                .handle(self.core.now(), Input::Command(command));
        }
        if let Some(grace) = work.close {
            let busy = self.end.is_some() || self.session.farewell(self.core.now());
            if !busy && !self.handle.is_logging_out() {
                return ControlFlow::Break(());
            }
            let end = Instant::now().checked_add(grace);
            self.end = [self.end, end].into_iter().flatten().min();
            self.abort_long_polls();
        }
        ControlFlow::Continue(())
    }

    fn process_reply(&mut self, finished: Result<(tokio::task::Id, Finished), JoinError>) {
        let task_id = finished
            .as_ref()
            .map_or_else(JoinError::id, |(task, _)| *task);
        let Some(position) = self
            .in_flight
            .iter()
            .position(|(_, _, task)| task.id() == task_id)
        else {
            return;
        };
        let (id, kind, _) = self.in_flight.swap_remove(position);
        self.report_progress();
        let outcome = match finished {
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
        self.process_outcome(id, kind, outcome);
    }

    fn process_outcome(&mut self, id: ExchangeId, kind: ExchangeKind, outcome: Outcome) {
        if self.core.logs(Level::Debug) {
            let text = match &outcome {
                Ok(reply) => format!(
                    "{kind:?} {}: {}, {} bytes",
                    id.0,
                    reply.status,
                    reply.body.len()
                ),
                Err(error) => format!("{kind:?} {}: {error}", id.0),
            };
            self.log(Level::Debug, &text);
        }
        // Messages of other sessions must not wait for it.
        if matches!(&outcome, Ok(reply) if reply.body.len() > LONG_ANSWER) {
            self.core.flush();
        }
        self.session
            .handle(self.core.now(), Input::Reply(id, outcome));
    }

    fn abort_long_polls(&mut self) {
        self.abort(|_, kind| kind == ExchangeKind::LongPoll);
    }

    fn abort(&mut self, unwanted: impl Fn(ExchangeId, ExchangeKind) -> bool) {
        self.long_poll.abort(&unwanted);
        self.in_flight.retain(|(id, kind, task)| {
            let unwanted = unwanted(*id, *kind);
            if unwanted {
                task.abort();
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

    fn log(&self, level: Level, text: &str) {
        if self.core.logs(level) {
            self.core
                .queue
                .log(level, format!("session {}: {text}", self.handle.id.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::event_queue::EventQueue;
    use super::super::polled::Polled;
    use super::*;
    use crate::types::Secret;
    use std::time::Duration;

    #[test]
    fn panic_in_a_session_is_reported_after_its_requests_are_answered() {
        let core = Arc::new(Core::new(EventQueue::new(100).unwrap(), None));
        let handle = Arc::new(SessionHandle::new(0, 1));
        core.queue.add_session(handle.clone()).unwrap();
        let request = handle.login("a".into(), Secret::new("b".into())).unwrap();
        let guard = CloseGuard {
            core: core.clone(),
            handle,
            armed: true,
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
