//! The running chat: one thread reads lines, one waits for events, one does what was asked for, in order.

use crate::command::{self, Line};
use crate::human::{self, Tone};
use crate::jobs::{Job, Jobs};
use crate::json;
use crate::news::{News, Room};
use crate::out::Out;
use crate::people::People;
use crate::terminal::Terminal;
use fbchat::blocking::Session;
use fbchat::status::{Problem, Status};
use fbchat::types::{Connection, Event, Uid};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long messages on their way may still take when the user leaves.
const LEAVE_LIMIT: Duration = Duration::from_secs(1);
/// How long the logout may take. It is done in milliseconds, unless a message hangs, which the library gives 1.5 s before it.
const LOGOUT_LIMIT: Duration = Duration::from_millis(3_200);

/// All that the threads share.
#[derive(Debug)]
pub struct Chat {
    session: Session,
    out: Out,
    terminal: Arc<Terminal>,
    room: Mutex<Room>,
    jobs: Jobs,
    /// Something that was asked for did not work.
    failed: AtomicBool,
    leaving: AtomicBool,
}

/// Whether to read another line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Line,
    Quit,
}

impl Chat {
    /// Nothing happens before [`Chat::open`].
    pub fn new(session: Session, server: String, out: Out, terminal: Arc<Terminal>) -> Arc<Self> {
        let room = Room {
            people: People::new(session.account()),
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
            room: Mutex::new(room),
            jobs: Jobs::default(),
            failed: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
        })
    }

    /// Greets, shows the buddy list and starts the threads.
    pub fn open(self: &Arc<Self>) {
        self.show(&News::LoggedIn {
            message_limit: self.session.account().message_limit,
        });
        self.perform(Job::Buddies);
        self.out.flush();
        let chat = Arc::clone(self);
        std::thread::spawn(move || chat.receive());
        let chat = Arc::clone(self);
        std::thread::spawn(move || chat.jobs.work(|job| chat.perform(job)));
    }

    /// Locked for a look; never while anything is waited for.
    pub fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands before the line being typed: to whom it goes.
    pub fn prompt(&self) -> String {
        let room = self.room();
        match room.chosen {
            Some(uid) => format!("{}> ", room.people.short_name(uid)),
            None => "> ".to_owned(),
        }
    }

    /// Does what a typed line says.
    pub fn line(&self, line: &str) -> Next {
        if matches!(self.out, Out::Json) && line.trim_start().starts_with('{') {
            match json::order(line) {
                Ok(order) => self.jobs.add(Job::Send {
                    to: Uid(order.to),
                    text: order.text,
                }),
                Err(sentence) => self.error(&sentence),
            }
            return Next::Line;
        }
        let parsed = {
            let mut room = self.room();
            let parsed = command::parse(line, &room.people, room.chosen);
            match &parsed {
                Ok(Line::Choose(to)) => room.chosen = Some(*to),
                // The prompt shows it. A script sees no prompt: there, only choosing chooses.
                Ok(Line::Send { to, .. }) if self.out.is_terminal() => room.chosen = Some(*to),
                Ok(Line::ChooseNobody) => room.chosen = None,
                _ => {}
            }
            parsed
        };
        match parsed {
            Ok(Line::Send { to, text }) => self.jobs.add(Job::Send { to, text }),
            Ok(Line::Buddies) => self.jobs.add(Job::Buddies),
            Ok(Line::History(with)) => self.jobs.add(Job::History(with)),
            Ok(Line::Who) => self.show(&News::Who),
            Ok(Line::Help) => self.show(&News::Help),
            Ok(Line::Quit) => return Next::Quit,
            Ok(Line::Empty | Line::Choose(_) | Line::ChooseNobody) => {}
            Err(sentence) => self.error(&sentence),
        }
        self.out.flush();
        Next::Line
    }

    /// Tells what was wrong with a line.
    pub fn error(&self, sentence: &str) {
        self.failed.store(true, Ordering::Relaxed);
        self.show(&News::Error(sentence));
    }

    /// Waits until everything asked for is done; true if all of it worked.
    pub fn finish(&self) -> bool {
        self.jobs.finish(None);
        !self.failed.load(Ordering::Relaxed)
    }

    /// Ends the program: last messages, terminal as it was, logout. Each has its limit. Callable from any thread.
    pub fn leave(&self, code: i32) -> ! {
        if self.leaving.swap(true, Ordering::SeqCst) {
            // Another thread is at it, and ends this one too.
            loop {
                std::thread::park();
            }
        }
        let left = self.jobs.finish(Some(LEAVE_LIMIT));
        self.out.flush();
        self.terminal.give_back();
        let problem = Problem::new(
            Status::OutcomeUnknown,
            "The program ended before the server confirmed it.",
        );
        for job in &left {
            if let Job::Send { to, text } = job {
                self.last_words(&News::Failed {
                    to: *to,
                    text,
                    problem: &problem,
                });
            }
        }
        let _ = self.session.logout(LOGOUT_LIMIT);
        // A script must be able to tell that not all of it was done; a person has read it.
        let undone = !left.is_empty() || self.failed.load(Ordering::Relaxed);
        let is_script = !matches!(self.out, Out::Terminal { .. });
        std::process::exit(if is_script && undone {
            code.max(1)
        } else {
            code
        })
    }

    fn receive(&self) {
        loop {
            // The limit only makes this loop look up; nothing hangs on it.
            match self.session.wait_for_events(Duration::from_secs(60)) {
                Ok(events) => events.into_iter().for_each(|event| self.take(event)),
                Err(problem) => {
                    if !self.leaving.load(Ordering::SeqCst) {
                        self.show(&News::Closed(&problem));
                    }
                    self.leave(1);
                }
            }
        }
    }

    fn take(&self, event: Event) {
        match event {
            Event::Message(message) => self.show(&News::Message(&message)),
            Event::Typing { from, typing } => self.show(&News::Typing { from, typing }),
            Event::Presence(buddy) => {
                let changed = self.room().people.learn(&buddy);
                // Scripts may also care for a new name or status line.
                if changed || matches!(self.out, Out::Json) {
                    self.show(&News::Presence(&buddy));
                }
            }
            Event::BuddyList { buddies, .. } => {
                let changed = self.room().people.learn_all(&buddies);
                changed
                    .iter()
                    .for_each(|buddy| self.show(&News::Presence(buddy)));
            }
            Event::Connection(connection) => {
                self.room().connection = connection.clone();
                self.show(&News::Connection(&connection));
            }
            _ => {}
        }
    }

    fn perform(&self, job: Job) {
        match job {
            Job::Send { to, text } => match self.session.send(to, &text) {
                Ok(()) => self.show(&News::Sent { to, text: &text }),
                Err(problem) => {
                    self.failed.store(true, Ordering::Relaxed);
                    self.show(&News::Failed {
                        to,
                        text: &text,
                        problem: &problem,
                    });
                }
            },
            Job::Buddies => match self.session.buddy_list() {
                Ok(buddies) => {
                    self.room().people.learn_all(&buddies);
                    self.show(&News::BuddyList);
                }
                Err(problem) => self.error(&format!("No buddy list: {}", human::reason(&problem))),
            },
            Job::History(with) => match self.session.history(with) {
                Ok(messages) => self.show(&News::History {
                    with,
                    messages: &messages,
                }),
                Err(problem) => self.error(&format!("No history: {}", human::reason(&problem))),
            },
        }
    }

    fn show(&self, news: &News) {
        let Some((tone, line)) = self.render(news) else {
            return;
        };
        if self.out.print(tone, &line).is_err() {
            self.leave(1);
        }
    }

    /// Tells something after the terminal was given back.
    fn last_words(&self, news: &News) {
        match (self.render(news), &self.out) {
            (Some((_, line)), Out::Json) => drop(self.out.print(Tone::Plain, &line)),
            (Some((_, line)), _) => eprintln!("{line}"),
            (None, _) => {}
        }
    }

    /// The room is free again before anything is printed: printing may wait for the line editor, which may wait for the room.
    fn render(&self, news: &News) -> Option<(Tone, String)> {
        let mut room = self.room();
        match self.out {
            Out::Json => json::render(news, &room).map(|line| (Tone::Plain, line)),
            _ => human::render(news, &mut room),
        }
    }
}
