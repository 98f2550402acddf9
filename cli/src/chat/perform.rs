//! Carries out requests, and shows what came of them.

use super::Chat;
use crate::request_queue::{Place, Request};
use crate::text;
use crate::ui_event::UiEvent;
use fbchat::status::{Problem, Status};
use fbchat::types::Uid;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

impl Chat {
    /// Sends a message, unless it waited behind one that failed for a reason of the session.
    fn send(&self, place: Place, to: Uid, text: &str) -> Result<(), Problem> {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match &*failing {
            Some((end, problem)) if place < *end => return Err(problem.clone()),
            _ => {}
        }
        let sent = self.session.send(to, text);
        *failing = match &sent {
            Err(problem) if is_about_session(problem.status) => {
                let reason = "An earlier message could not be sent:";
                let text = format!("{reason} {}", problem.text);
                let problem = Problem::new(Status::Cancelled, text);
                Some((self.requests.next_place(), problem))
            }
            _ => None,
        };
        sent
    }

    pub(super) fn perform(&self, place: Place, request: Request) {
        match request {
            Request::Send { to, text } => match self.send(place, to, &text) {
                Ok(()) => self.show(&UiEvent::Sent { to, text: &text }),
                Err(problem) => {
                    self.failed.store(true, Ordering::Relaxed);
                    self.show(&UiEvent::Failed {
                        to,
                        text: &text,
                        problem: &problem,
                    });
                }
            },
            Request::SendFile { to, path } => self.send_file(to, &path),
            Request::Get { number, path } => self.save(number, path.as_deref()),
            Request::Buddies => match self.session.buddy_list() {
                Ok(buddies) => {
                    self.state().buddy_list.replace(&buddies);
                    self.show(&UiEvent::BuddyList);
                }
                Err(problem) => self.error(&format!("No buddy list: {}", text::reason(&problem))),
            },
            Request::History(with) => match self.session.history(with) {
                Ok(messages) => {
                    messages.iter().for_each(|it| self.state().files.note(it));
                    self.show(&UiEvent::History {
                        with,
                        messages: &messages,
                    });
                }
                Err(problem) => self.error(&format!("No history: {}", text::reason(&problem))),
            },
            Request::Block { uid, blocked } => match self.session.block(uid, blocked) {
                Ok(()) => self.show(&UiEvent::Block { uid, blocked }),
                Err(problem) => self.error(&format!("Not done: {}", text::reason(&problem))),
            },
            // What the state knows of groups comes as events, in order.
            Request::Groups => match self.session.groups() {
                Ok(groups) => self.show_groups(&groups),
                Err(problem) => self.error(&format!("No groups: {}", text::reason(&problem))),
            },
            Request::NewGroup { name, members } => {
                match self.session.create_group(&name, members) {
                    Ok(group) => {
                        self.state().buddy_list.groups.add(&group);
                        self.show(&UiEvent::GroupCreated(&group));
                    }
                    Err(problem) => self.error(&format!("Not done: {}", text::reason(&problem))),
                }
            }
            Request::ChangeGroup { gid, change } => {
                match self.session.change_group(gid, change.clone()) {
                    Ok(()) => self.show(&UiEvent::GroupChanged {
                        gid,
                        change: &change,
                    }),
                    Err(problem) => self.error(&format!("Not done: {}", text::reason(&problem))),
                }
            }
            Request::Blocked => match self.session.blocked() {
                Ok(people) => self.show(&UiEvent::Blocked(&people)),
                Err(problem) => self.error(&format!("No list: {}", text::reason(&problem))),
            },
        }
    }
}

/// True if a message failed for a reason that later ones have, too.
fn is_about_session(status: Status) -> bool {
    !matches!(
        status,
        Status::Argument | Status::TooLong | Status::RecipientOffline | Status::Refused
    )
}
