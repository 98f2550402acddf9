//! Carries out what the parts want done.

use crate::protocol::action::Action;
use crate::protocol::session::{Now, Session};
use crate::protocol::wire::reply::AjaxError;
use std::sync::Arc;

impl Session {
    pub(super) fn act_all(&mut self, now: Now, actions: impl IntoIterator<Item = Action>) {
        for action in actions {
            self.act(now, action);
        }
    }

    pub(super) fn act(&mut self, now: Now, action: Action) {
        if self.is_closed() {
            return;
        }
        let at = now.monotonic;
        match action {
            Action::Tell(event) => self.emit(event),
            Action::Send(purpose, request) => self.send(now, purpose, request),
            Action::Begin(step) => self.begin(now, step),
            Action::Pause { step, wait } => self.connector.wait(at, step, wait),
            Action::Failed {
                step,
                problem,
                hopeless,
            } => {
                let pause = self.rate_limit.left(at);
                let failed = (step, problem);
                let next = self
                    .connector
                    .failed(at, &mut self.rng, failed, hopeless, pause);
                self.act_all(now, next);
            }
            Action::StaleChannel => {
                let next = self.connector.stale_channel(at, &mut self.rng);
                self.act_all(now, next);
            }
            Action::StaleToken => {
                let next = self.connector.stale_token(at, &mut self.rng);
                self.act_all(now, next);
            }
            Action::LoggedOut => self.logged_out(now),
            Action::LoginEnded(problem) => self.login_ended(now, problem, false),
            Action::Challenge(problem) => self.login_ended(now, problem, true),
            Action::Close(problem) => self.close(now, Some(problem), None),
            Action::Cure(error) => self.cure(now, &error),
            Action::ChannelWorks => self.connector.works(),
            Action::Items { items, held } => self.take_items(now, items, held),
            Action::RefreshBuddies => self.buddies.refresh_soon(at, 0),
            Action::RepeatVisibility => self.visibility.repeat(),
            Action::GroupCreated(request, mut group) => {
                let own = self.web.uid();
                for member in &mut group.members {
                    let name = match Some(member.uid) == own {
                        true => self.buddies.own_name(),
                        false => self.buddies.name(member.uid),
                    };
                    Arc::make_mut(member).name = name.unwrap_or_default().to_owned();
                }
                let event = self.groups.created(at, request, *group);
                self.emit(event);
            }
            Action::NewPassword(password) => self.connector.set_password(password),
        }
    }

    /// Does something about a refusal that is about the session itself; others are reported by the part that was refused.
    pub(super) fn cure(&mut self, now: Now, error: &AjaxError) {
        if error.is_logged_out() {
            // The login that cures it may be under way already.
            if !self.connector.is_logging_in() {
                self.logged_out(now);
            }
        } else if error.is_stale_token() {
            self.web.tokens_refused();
        }
    }
}
