//! What hosts ask of the server beside messages and the buddy list: one final event for each, whatever comes back.
//!
//! A question waits for its turn while the session has no valid tokens, and is repeated once with new ones. What the
//! single kinds send and read is in `social`, `past` and `picture`.

use super::call::Call;
use super::calls::Answer;
use super::exchange::{Reply, TransportError};
use super::session::{Now, Session};
use super::wire::AjaxError;
use crate::status::{Problem, Status};
use crate::types::{Event, Feature, Features, Millis, Question, RequestId};
use serde::Deserialize;
use url::Url;

/// Questions and refreshes without an answer, per session.
pub(super) const MOST_QUESTIONS: usize = 16;
/// How long a question waits for its turn, in milliseconds.
const PATIENCE: Millis = 30_000;

/// A question that has no answer yet.
#[derive(Debug)]
pub(super) struct Asked {
    pub question: Question,
    pub stage: Stage,
    under_way: bool,
    /// New tokens were fetched for it.
    cured: bool,
    /// It waits for its turn no longer than this.
    until: Millis,
}

impl Asked {
    /// The problem of a question that gets no reply any more.
    fn ended(&self, why: &Problem) -> Problem {
        match self.under_way && self.question.is_write() {
            true => in_doubt(why.clone()),
            false => why.clone(),
        }
    }
}

/// Which exchange a question is at; most have but one.
#[derive(Debug)]
pub(super) enum Stage {
    /// Whatever the question takes.
    First,
    /// The next page of a history.
    Page(super::past::Pages),
    /// A profile, for the address of the picture in it.
    Address,
    /// The picture behind this address, and whether it is the newest one.
    File(Url, bool),
}

/// What follows from a reply.
pub(super) enum Next {
    Tell(Box<Event>),
    /// Another exchange.
    Again(Stage),
    Fail(Problem),
    Refused(AjaxError),
}

impl From<Event> for Next {
    fn from(event: Event) -> Self {
        Next::Tell(Box::new(event))
    }
}

impl Question {
    /// What the session is doing, for the middle of a sentence.
    pub(super) fn doing(&self) -> &'static str {
        match self {
            Question::History { .. } => "asking for the history",
            Question::Picture(_) => "fetching a picture",
            Question::SetPicture(_) => "setting the picture",
            Question::Profile(_) => "asking for a profile",
            Question::Search(_) => "searching for people",
            Question::Friend { .. } => "changing a friendship",
            Question::SetStatus(_) => "setting the status",
            Question::Notifications => "asking for notifications",
            Question::Poke(_) => "poking",
            Question::SetName(_) => "changing the name",
            Question::SetPassword { .. } => "changing the password",
        }
    }

    /// What a server must be able to do for this, and what that is called.
    fn needs(&self) -> Option<(Feature, &'static str)> {
        match self {
            // Servers of 2008 have both, in their own way.
            Question::History { .. } | Question::Picture(_) => None,
            Question::SetPicture(_) => Some((Feature::Pictures, "pictures")),
            Question::Profile(_) => Some((Feature::Profile, "profiles")),
            Question::Search(_) => Some((Feature::Search, "search")),
            Question::Friend { .. } => Some((Feature::Friends, "friend requests")),
            Question::SetStatus(_) => Some((Feature::Status, "status lines")),
            Question::Notifications => Some((Feature::Notifications, "notifications")),
            Question::Poke(_) => Some((Feature::Poke, "pokes")),
            Question::SetName(_) => Some((Feature::Name, "changing the name")),
            Question::SetPassword { .. } => Some((Feature::Password, "changing the password")),
        }
    }

    /// True if it changes something, so that a lost reply leaves a doubt.
    fn is_write(&self) -> bool {
        matches!(
            self,
            Question::SetPicture(_)
                | Question::Friend { .. }
                | Question::SetStatus(_)
                | Question::Poke(_)
                | Question::SetName(_)
                | Question::SetPassword { .. }
        )
    }
}

impl Session {
    /// What the server can do, as far as its page says.
    pub(super) fn features(&self) -> Features {
        let announced = self.page.extensions.as_ref();
        announced.map_or_else(Features::default, |own| own.features())
    }

    /// The problem of a server that cannot do something.
    pub(super) fn unsupported(&self, what: &str) -> Problem {
        let text = format!("{} does not offer {what}", self.server());
        Problem::new(Status::Unsupported, text)
    }

    /// Takes a question on, or says why not.
    pub(super) fn ask(&mut self, now: Now, request: RequestId, question: Question) {
        let missing = question
            .needs()
            .filter(|(feature, _)| !self.features().has(*feature));
        let refusal = match missing {
            Some((_, what)) => Some(self.unsupported(what)),
            None => self.too_large(&question),
        };
        if let Some(problem) = refusal {
            return self.emit(Event::Failed { request, problem });
        }
        let asked = Asked {
            stage: self.first_stage(&question),
            question,
            under_way: false,
            cured: false,
            until: now.monotonic.saturating_add(PATIENCE),
        };
        self.asked.insert(request, asked);
    }

    /// What is over the server's limits need not be sent.
    fn too_large(&self, question: &Question) -> Option<Problem> {
        let announced = self.page.extensions.as_ref();
        let (what, length, limit, unit) = match question {
            Question::SetStatus(Some(text)) => (
                "status",
                text.chars().count(),
                announced.and_then(|own| own.status_limit.id()),
                "characters",
            ),
            Question::SetPicture(Some(bytes)) => (
                "picture",
                bytes.len(),
                announced.and_then(|own| own.picture_limit.id()),
                "bytes",
            ),
            _ => return None,
        };
        let limit = usize::try_from(limit?).ok()?;
        (length > limit).then(|| {
            let server = self.server();
            let text = format!("The {what} has {length} {unit}; {server} takes at most {limit}");
            Problem::new(Status::TooLong, text)
        })
    }

    fn first_stage(&self, question: &Question) -> Stage {
        match question {
            Question::History { since, .. } => Stage::Page(super::past::Pages::from(*since)),
            Question::Picture(uid) => self.known_picture(*uid),
            _ => Stage::First,
        }
    }

    /// Sends the questions whose turn it is, and fails those that have waited too long. What changes something leaves one by
    /// one: of two status lines the later one stays.
    pub(super) fn pump_questions(&mut self, now: Now) {
        let is_write = |asked: &Asked| asked.question.is_write();
        let mut all = self.asked.values();
        let mut writing = all.any(|asked| asked.under_way && is_write(asked));
        let waiting = self.asked.iter().filter(|(_, asked)| !asked.under_way);
        let waiting: Vec<(RequestId, Millis, bool)> = waiting
            .map(|(request, asked)| (*request, asked.until, is_write(asked)))
            .collect();
        for (request, until, is_write) in waiting {
            if until <= now.monotonic && self.asked.remove(&request).is_some() {
                let text = format!("{} was not reachable in time", self.server());
                let problem = Problem::new(Status::Timeout, text);
                self.emit(Event::Failed { request, problem });
            } else if self.may_write() && !(is_write && writing) {
                writing |= is_write;
                self.start_question(now, request);
            }
        }
    }

    /// When [`Session::pump_questions`] wants to be asked.
    pub(super) fn questions_timeout(&self) -> Option<Millis> {
        let waiting = self.asked.values().filter(|asked| !asked.under_way);
        waiting.map(|asked| asked.until).min()
    }

    fn start_question(&mut self, now: Now, request: RequestId) {
        let Some(mut asked) = self.asked.remove(&request) else {
            return;
        };
        let call = Call::Question(request);
        let started = match (&asked.stage, &asked.question) {
            (Stage::Page(pages), Question::History { with, .. }) => {
                let url = self.history_url(*with, pages);
                self.fetch(now, call, url);
                Ok(())
            }
            (Stage::Address, Question::Picture(uid)) => {
                self.start_picture(now, request, *uid, None)
            }
            (Stage::File(url, _), Question::Picture(uid)) => {
                self.start_picture(now, request, *uid, Some(url))
            }
            (_, question) => {
                self.post_question(now, call, question);
                Ok(())
            }
        };
        match started {
            Ok(()) => {
                asked.under_way = true;
                self.asked.insert(request, asked);
            }
            Err(next) => self.conclude(now, request, asked, next),
        }
    }

    /// Takes the reply to a question: tells the host, goes on, or repeats it once with new tokens.
    pub(super) fn question_reply(
        &mut self,
        now: Now,
        request: RequestId,
        result: Result<Reply, TransportError>,
    ) {
        let Some(mut asked) = self.asked.remove(&request) else {
            return;
        };
        let question = &asked.question;
        let next = match &mut asked.stage {
            Stage::Page(pages) => self.history_page(question, pages, request, result),
            Stage::Address => self.picture_address(question, result),
            Stage::File(url, newest) => {
                self.picture_file(question, (url, *newest), request, result)
            }
            Stage::First => self.first_reply(question, request, result),
        };
        asked.under_way = false;
        asked.until = now.monotonic.saturating_add(PATIENCE);
        self.conclude(now, request, asked, next);
    }

    fn conclude(&mut self, now: Now, request: RequestId, mut asked: Asked, next: Next) {
        match next {
            Next::Tell(event) => self.emit(*event),
            Next::Again(stage) => {
                asked.stage = stage;
                self.asked.insert(request, asked);
            }
            Next::Fail(problem) => self.emit(Event::Failed { request, problem }),
            Next::Refused(error) => {
                if error.is_stale_token() && !asked.cured {
                    asked.cured = true;
                    self.asked.insert(request, asked);
                } else {
                    let problem = self.refused(error.clone());
                    self.emit(Event::Failed { request, problem });
                }
                self.cure(now, &error);
            }
        }
    }

    fn first_reply(
        &mut self,
        question: &Question,
        request: RequestId,
        result: Result<Reply, TransportError>,
    ) -> Next {
        let doubtful = question.is_write()
            && match &result {
                Ok(reply) => reply.status >= 500,
                Err(error) => !error.fault.never_sent(),
            };
        match self.judge_question(question, request, result) {
            Next::Fail(problem) if doubtful => Next::Fail(in_doubt(problem)),
            next => next,
        }
    }

    /// Reads a reply that must say outright how it went.
    pub(super) fn read<T: for<'b> Deserialize<'b> + Default>(
        &self,
        question: &Question,
        result: Result<Reply, TransportError>,
    ) -> Result<T, Next> {
        match self.written(result, question.doing()) {
            Answer::Ok(payload) => Ok(payload.unwrap_or_default()),
            Answer::Refused(error) => Err(Next::Refused(error)),
            Answer::Lost(problem) => Err(Next::Fail(problem)),
        }
    }

    /// The problem of a reply that does not hold what was asked for.
    pub(super) fn senseless(&self, question: &Question) -> Problem {
        let (server, doing) = (self.server(), question.doing());
        let text = format!("{server} sent something that is no answer while {doing}");
        Problem::new(Status::BadReply, text)
    }

    /// Gives a question up, if there is one of this number.
    pub(super) fn drop_question(&mut self, request: RequestId, why: &Problem) -> bool {
        let Some(asked) = self.asked.remove(&request) else {
            return false;
        };
        let calls = [Call::Question(request), Call::Picture(request)];
        let flight = self
            .flights
            .iter()
            .find(|(_, flight)| calls.contains(&flight.call));
        if let Some(id) = flight.map(|(id, _)| *id) {
            self.cancel(id);
        }
        let problem = asked.ended(why);
        self.emit(Event::Failed { request, problem });
        true
    }

    /// Fails all questions.
    pub(super) fn end_questions(&mut self, why: &Problem) {
        for (request, asked) in std::mem::take(&mut self.asked) {
            let problem = asked.ended(why);
            self.emit(Event::Failed { request, problem });
        }
    }
}

/// The server may have done what was asked before the connection broke.
pub(super) fn in_doubt(problem: Problem) -> Problem {
    let text = format!("{}; it may or may not have been done", problem.text);
    Problem::new(Status::OutcomeUnknown, text)
}
