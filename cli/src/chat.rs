//! The running chat: one thread reads lines, one waits for events, one carries out requests in order.

mod perform;
mod transfers;

use crate::buddy_list::BuddyList;
use crate::chat_state::ChatState;
use crate::command::{self, Command};
use crate::files::Files;
use crate::groups::Groups;
use crate::json;
use crate::output::{Output, Severity};
use crate::request_queue::{Place, Request, RequestQueue, Unfinished};
use crate::terminal::Terminal;
use crate::text;
use crate::ui_event::UiEvent;
use fbchat::blocking::Session;
use fbchat::status::{Problem, Status};
use fbchat::types::{Connection, Event, Group, Uid};
use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

/// How long a single request may take when the user quits. The program waits for as long as requests get done, but not
/// for a server that does not answer, nor for a user who interrupts it a second time.
const FINISH_LIMIT: Duration = Duration::from_secs(3);
/// How long the logout may take. It takes milliseconds, unless an unfinished message delays it, for which the library waits 1.5 s.
const LOGOUT_LIMIT: Duration = Duration::from_millis(3_200);

/// How long a terminal or pipe may take to accept what is left to show.
const SHOW_LIMIT: Duration = Duration::from_secs(1);

/// The state that the threads share.
#[derive(Debug)]
pub struct Chat {
    session: Session,
    out: Output,
    terminal: Arc<Terminal>,
    state: Mutex<ChatState>,
    requests: RequestQueue,
    /// Messages before this place fail, too, since one before them failed for a reason that is theirs as well. Otherwise they
    /// would arrive without it.
    failing: Mutex<Option<(Place, Problem)>>,
    partial: Mutex<Option<PathBuf>>,
    /// A request has failed.
    failed: AtomicBool,
    quitting: AtomicBool,
    /// Whether all events that were fetched have been shown, and that this has changed.
    shown: (Mutex<bool>, Condvar),
}

/// Whether to read another line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Line,
    Quit,
}

impl Chat {
    /// Starts nothing yet; [`Chat::open`] does.
    pub fn new(
        session: Session,
        server: String,
        out: Output,
        terminal: Arc<Terminal>,
    ) -> Arc<Self> {
        let state = ChatState {
            buddy_list: BuddyList::new(session.account()),
            files: Files::default(),
            server,
            connection: Connection::Connected,
            chosen: None,
            typing: HashSet::new(),
            trouble: false,
        };
        Arc::new(Chat {
            session,
            out,
            terminal,
            state: Mutex::new(state),
            requests: RequestQueue::default(),
            failing: Mutex::new(None),
            partial: Mutex::new(None),
            failed: AtomicBool::new(false),
            quitting: AtomicBool::new(false),
            shown: (Mutex::new(false), Condvar::new()),
        })
    }

    /// Shows the login and the buddy list and starts the threads. If the system starts none, the session is ended.
    pub fn open(self: &Arc<Self>) -> io::Result<()> {
        self.show(&UiEvent::LoggedIn {
            message_limit: self.session.account().message_limit,
        });
        self.perform(0, Request::Buddies);
        self.first_groups();
        self.out.flush();
        let started = self.start_threads();
        if started.is_err() {
            let _ = self.session.logout(LOGOUT_LIMIT);
        }
        started
    }

    /// The groups, before the first line can name one. People see them only if there are any; a server without groups is no error.
    fn first_groups(&self) {
        let Ok(groups) = self.session.groups() else {
            return;
        };
        self.state().buddy_list.groups.replace(&groups);
        if !groups.is_empty() || matches!(self.out, Output::Json) {
            self.show_groups(&groups);
        }
    }

    fn show_groups(&self, groups: &[Arc<Group>]) {
        let mut list = Groups::default();
        list.replace(groups);
        self.show(&UiEvent::GroupList(&list));
    }

    fn start_threads(self: &Arc<Self>) -> io::Result<()> {
        let chat = Arc::clone(self);
        Builder::new().spawn(move || {
            chat.requests
                .work(|place, request| chat.perform(place, request))
        })?;
        let chat = Arc::clone(self);
        // Last, since it ends the program when the session ends.
        Builder::new().spawn(move || chat.receive())?;
        Ok(())
    }

    /// Locked only briefly; never while waiting for anything.
    pub fn state(&self) -> MutexGuard<'_, ChatState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The prompt, which shows the recipient of the line.
    pub fn prompt(&self) -> String {
        let state = self.state();
        match state.chosen {
            Some(uid) => format!("{}> ", state.buddy_list.short_name(uid)),
            None => "> ".to_owned(),
        }
    }

    /// Tells that a line was entered on a terminal.
    pub fn entered(&self) {
        self.out.entered();
    }

    /// Processes a line of input.
    pub fn line(&self, line: &str) -> Next {
        if matches!(self.out, Output::Json) && line.trim_start().starts_with('{') {
            match json::parse_message(line) {
                Ok(message) => self.requests.add(Request::Send {
                    to: Uid(message.to),
                    text: message.text,
                }),
                Err(sentence) => self.error(&sentence),
            }
            return Next::Line;
        }
        let parsed = {
            let mut state = self.state();
            let parsed = command::parse(line, &state.buddy_list, state.chosen);
            match &parsed {
                Ok(Command::Choose(to)) => state.chosen = Some(*to),
                // The prompt shows the recipient. A script has no prompt, so there a message does not choose its recipient.
                Ok(Command::Send { to, .. } | Command::SendFile { to, .. })
                    if self.out.is_terminal() =>
                {
                    state.chosen = Some(*to);
                }
                Ok(Command::ChooseNobody) => state.chosen = None,
                _ => {}
            }
            parsed
        };
        match parsed {
            Ok(Command::Send { to, text }) => self.requests.add(Request::Send { to, text }),
            Ok(Command::SendFile { to, path }) => {
                self.requests.add(Request::SendFile { to, path });
            }
            Ok(Command::Get { number, path }) => self.requests.add(Request::Get { number, path }),
            Ok(Command::Buddies) => self.requests.add(Request::Buddies),
            Ok(Command::History(with)) => self.requests.add(Request::History(with)),
            Ok(Command::Block { uid, blocked }) => {
                self.requests.add(Request::Block { uid, blocked });
            }
            Ok(Command::Blocked) => self.requests.add(Request::Blocked),
            Ok(Command::Groups) => self.requests.add(Request::Groups),
            Ok(Command::Members(gid)) => self.show(&UiEvent::Members(gid)),
            Ok(Command::NewGroup { name, members }) => {
                self.requests.add(Request::NewGroup { name, members });
            }
            Ok(Command::ChangeGroup { gid, changes }) => {
                for change in changes {
                    self.requests.add(Request::ChangeGroup { gid, change });
                }
            }
            Ok(Command::Who) => self.show(&UiEvent::Who),
            Ok(Command::Help) => self.show(&UiEvent::Help),
            Ok(Command::Quit) => return Next::Quit,
            Ok(Command::Empty | Command::Choose(_) | Command::ChooseNobody) => {}
            Err(sentence) => self.error(&sentence),
        }
        self.out.flush();
        Next::Line
    }

    /// Shows what is wrong with a line, and remembers that something failed.
    pub fn error(&self, sentence: &str) {
        self.failed.store(true, Ordering::Relaxed);
        self.show(&UiEvent::Error(sentence));
    }

    /// Waits until all requests are done; true if none failed.
    pub fn finish(&self) -> bool {
        self.requests.wait();
        !self.failed.load(Ordering::Relaxed)
    }

    /// Ends the program: finishes requests, restores the terminal, logs out, each within a limit. Callable from any thread.
    pub fn quit(&self, code: i32) -> ! {
        if self.quitting.swap(true, Ordering::SeqCst) {
            // Another thread is ending the program, and is to wait no longer.
            self.requests.hurry();
            loop {
                std::thread::park();
            }
        }
        let unfinished = self.requests.finish(FINISH_LIMIT);
        self.out.flush();
        self.terminal.restore_at_exit();
        self.show_unfinished(&unfinished);
        if let Some(partial) = self.partial().take() {
            let _ = std::fs::remove_file(partial);
        }
        let _ = self.session.logout(LOGOUT_LIMIT);
        self.wait_until_shown();
        self.out.flush();
        // The exit status tells a script that something failed; a person has read it.
        let failed = !unfinished.is_empty() || self.failed.load(Ordering::Relaxed);
        let is_script = !matches!(self.out, Output::Terminal { .. });
        std::process::exit(if is_script && failed {
            code.max(1)
        } else {
            code
        })
    }

    /// Nothing more will be shown of what arrives.
    fn end_of_events(&self) {
        let (ended, changed) = &self.shown;
        *ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }

    /// Waits until what was fetched before the logout is shown: the server will not send it again.
    fn wait_until_shown(&self) {
        let (ended, changed) = &self.shown;
        let ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
        // If the output takes no more, nothing can be done about it.
        let _ = changed.wait_timeout_while(ended, SHOW_LIMIT, |ended| !*ended);
    }

    /// Says of each message that is left what became of it.
    fn show_unfinished(&self, unfinished: &Unfinished) {
        let begun = Problem::new(
            Status::OutcomeUnknown,
            "The program ended before the server confirmed it.",
        );
        let waiting = Problem::new(Status::Cancelled, "The program ended before its turn came.");
        let begun = unfinished.current.iter().map(|it| (it, &begun));
        let all = begun.chain(unfinished.waiting.iter().map(|it| (it, &waiting)));
        for (request, problem) in all {
            match request {
                Request::Send { to, text } => {
                    let to = *to;
                    self.show_after_restore(&UiEvent::Failed { to, text, problem });
                }
                Request::SendFile { to, path } => {
                    let to = *to;
                    self.show_after_restore(&UiEvent::FileFailed { to, path, problem });
                }
                _ => {}
            }
        }
    }

    fn receive(&self) {
        loop {
            // Any limit will do: an empty list only repeats the loop.
            match self.session.wait_for_events(Duration::from_secs(60)) {
                Ok(events) => events.into_iter().for_each(|event| self.take(event)),
                Err(problem) => {
                    if !self.quitting.load(Ordering::SeqCst) {
                        self.show(&UiEvent::Closed(&problem));
                    }
                    self.end_of_events();
                    self.quit(1);
                }
            }
        }
    }

    fn take(&self, event: Event) {
        match event {
            Event::Message(message) => {
                self.state().files.note(&message);
                self.show(&UiEvent::Message(&message));
            }
            Event::Typing {
                from,
                group,
                typing,
            } => self.show(&UiEvent::Typing {
                from,
                group,
                typing,
            }),
            Event::GroupList { groups, .. } => {
                let changed = self.state().buddy_list.groups.replace(&groups);
                // Scripts are told what an absence has changed.
                if changed && matches!(self.out, Output::Json) {
                    self.show_groups(&groups);
                }
            }
            Event::Group { group, gone, .. } => {
                let mut state = self.state();
                let was_known = state.buddy_list.groups.get(group.gid).is_some();
                state.buddy_list.groups.update(&group, gone);
                if gone && state.chosen == Some(group.gid) {
                    state.chosen = None;
                }
                drop(state);
                if was_known || !gone {
                    self.show(&UiEvent::Group {
                        group: &group,
                        gone,
                    });
                }
            }
            Event::Presence(buddy) => {
                let changed = self.state().buddy_list.update(&buddy);
                // Scripts are also told a new name or status line.
                if changed || matches!(self.out, Output::Json) {
                    self.show(&UiEvent::Presence(&buddy));
                }
            }
            Event::BuddyList { buddies, .. } => {
                let changed = self.state().buddy_list.replace(&buddies);
                changed
                    .iter()
                    .for_each(|buddy| self.show(&UiEvent::Presence(buddy)));
            }
            Event::Connection(connection) => {
                self.state().connection = connection.clone();
                self.show(&UiEvent::Connection(&connection));
            }
            _ => {}
        }
    }

    fn show(&self, event: &UiEvent) {
        let Some((severity, line)) = self.render(event) else {
            return;
        };
        if self.out.print(severity, &line).is_err() {
            self.end_of_events();
            self.quit(1);
        }
    }

    /// Shows an event after the terminal was restored.
    fn show_after_restore(&self, event: &UiEvent) {
        match (self.render(event), &self.out) {
            (Some((_, line)), Output::Json) => drop(self.out.print(Severity::Content, &line)),
            (Some((_, line)), _) => eprintln!("{line}"),
            (None, _) => {}
        }
    }

    /// Releases the state before anything is printed: printing may wait for the line editor, which may wait for the state.
    fn render(&self, event: &UiEvent) -> Option<(Severity, String)> {
        let mut state = self.state();
        match self.out {
            Output::Json => json::render(event, &state).map(|line| (Severity::Content, line)),
            _ => text::render(event, &mut state),
        }
    }
}
