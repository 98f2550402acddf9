//! What hosts ask of the server beside messages and the buddy list: one final event for each, whatever the reply is.
//!
//! A query waits while the session cannot send, and is repeated once with new tokens. What the single kinds send and read is in
//! `simple_queries`, `history_request` and `picture`.

use crate::protocol::action::Action;
use crate::protocol::answer::{self, Failure};
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::purpose::Purpose;
use crate::protocol::requests::history_request::{HistoryRequest, Progress};
use crate::protocol::requests::picture::{self, File, Source};
use crate::protocol::requests::rate_limit::Gate;
use crate::protocol::requests::simple_queries;
use crate::protocol::wire::exchange::Outcome;
use crate::protocol::wire::reply::AjaxError;
use crate::protocol::wire::request::Request;
use crate::status::{Problem, Status};
use crate::types::{Event, Feature, Millis, Question, RequestId};
use std::collections::BTreeMap;
use url::Url;

/// How long a query waits until it can be sent, in milliseconds.
const PATIENCE: Millis = 30_000;

/// A query that has no answer yet.
#[derive(Debug)]
struct PendingQuery {
    question: Question,
    stage: Stage,
    under_way: bool,
    /// New tokens were fetched for it.
    cured: bool,
    /// It waits no longer than this.
    until: Millis,
}

impl PendingQuery {
    /// The answer to a query that gets no reply any more.
    fn end(self, request: RequestId, why: &Problem) -> Action {
        let problem = match self.under_way && is_write(&self.question) {
            true => answer::in_doubt(why.clone()),
            false => why.clone(),
        };
        Action::Tell(Event::Failed { request, problem })
    }
}

/// Which exchange a query is at; most have only one.
#[derive(Debug)]
enum Stage {
    Only,
    /// The next page of a history.
    Page(HistoryRequest),
    /// A profile, for the address of the picture in it.
    Address,
    /// The picture at this address, and whether it is the newest one.
    File(Url, bool),
}

/// What follows from a reply.
enum Next {
    Tell(Box<Event>),
    /// Another exchange.
    Continue(Stage),
    Fail(Problem),
    Refused(AjaxError),
}

impl From<Event> for Next {
    fn from(event: Event) -> Self {
        Next::Tell(Box::new(event))
    }
}

impl From<Failure> for Next {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => Next::Refused(error),
            Failure::Lost(problem) => Next::Fail(problem),
        }
    }
}

/// The feature that a server must have for a query, and how sentences name it.
fn needs(question: &Question) -> Option<(Feature, &'static str)> {
    match question {
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

/// True if a query changes something, so that a lost reply leaves a doubt.
fn is_write(question: &Question) -> bool {
    match question {
        Question::SetPicture(_)
        | Question::Friend { .. }
        | Question::SetStatus(_)
        | Question::Poke(_)
        | Question::SetName(_)
        | Question::SetPassword { .. } => true,
        Question::History { .. }
        | Question::Picture(_)
        | Question::Profile(_)
        | Question::Search(_)
        | Question::Notifications => false,
    }
}

/// The problem of a query that is over the server's limits, and so need not be sent.
fn too_large(web: &WebSession, question: &Question) -> Option<Problem> {
    let (what, length, limit, unit) = match question {
        Question::SetStatus(Some(text)) => {
            let length = text.chars().count();
            ("status", length, web.status_limit(), "characters")
        }
        Question::SetPicture(Some(bytes)) => ("picture", bytes.len(), web.upload_limit(), "bytes"),
        _ => return None,
    };
    let limit = usize::try_from(limit?).ok()?;
    (length > limit).then(|| {
        let server = web.label();
        let text = format!("The {what} has {length} {unit}; {server} takes at most {limit}");
        Problem::new(Status::TooLong, text)
    })
}

/// All queries without an answer.
#[derive(Debug, Default)]
pub struct Queries {
    pending: BTreeMap<RequestId, PendingQuery>,
}

impl Queries {
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Takes a query on, or says why not. `picture_url` is the address of the picture that the query asks for, if a buddy list
    /// has told it.
    pub fn push(
        &mut self,
        now: Millis,
        web: &WebSession,
        request: RequestId,
        question: Question,
        picture_url: Option<Url>,
    ) -> Result<(), Problem> {
        if let Some((feature, what)) = needs(&question)
            && !web.features().has(feature)
        {
            return Err(answer::unsupported(&web.label(), what));
        }
        if let Some(problem) = too_large(web, &question) {
            return Err(problem);
        }
        let stage = match (&question, picture_url) {
            (Question::History { with, since }, _) => {
                Stage::Page(HistoryRequest::new(*with, *since))
            }
            (Question::Picture(_), Some(url)) => Stage::File(url, false),
            (Question::Picture(_), None) => Stage::Address,
            _ => Stage::Only,
        };
        let query = PendingQuery {
            question,
            stage,
            under_way: false,
            cured: false,
            until: now.saturating_add(PATIENCE),
        };
        self.pending.insert(request, query);
        Ok(())
    }

    /// Sends the queries that can be sent, and fails those that have waited too long. Writes leave one by one: of two status
    /// lines the later one must stay.
    pub fn pump(
        &mut self,
        now: Millis,
        web: &WebSession,
        rng: &mut fastrand::Rng,
        gate: Gate,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut all = self.pending.values();
        let mut writing = all.any(|query| query.under_way && is_write(&query.question));
        let waiting = self.pending.iter().filter(|(_, query)| !query.under_way);
        let waiting: Vec<RequestId> = waiting.map(|(request, _)| *request).collect();
        for request in waiting {
            let Some(mut query) = self.pending.remove(&request) else {
                continue;
            };
            let is_write = is_write(&query.question);
            if query.until <= now {
                let server = web.label();
                let problem = match gate {
                    Gate::Paused => {
                        let text = format!("{server} is busy and asked to wait");
                        Problem::new(Status::RateLimited, text)
                    }
                    _ => {
                        let text = format!("{server} was not reachable in time");
                        Problem::new(Status::Timeout, text)
                    }
                };
                actions.push(query.end(request, &problem));
            } else if gate != Gate::Open || is_write && writing {
                self.pending.insert(request, query);
            } else {
                match next_request(web, rng, request, &query) {
                    Ok((purpose, next)) => {
                        writing |= is_write;
                        query.under_way = true;
                        self.pending.insert(request, query);
                        actions.push(Action::Send(purpose, next));
                    }
                    Err(next) => actions.extend(self.conclude(web, request, query, next)),
                }
            }
        }
        actions
    }

    /// True if one of them changes something on the server.
    pub fn has_writes(&self) -> bool {
        let mut all = self.pending.values();
        all.any(|query| is_write(&query.question))
    }

    /// When the first query has waited long enough.
    pub fn timeout(&self) -> Option<Millis> {
        let waiting = self.pending.values().filter(|query| !query.under_way);
        waiting.map(|query| query.until).min()
    }

    /// Takes the reply to a query: tells the host, goes on, or repeats it once with new tokens.
    pub fn reply(
        &mut self,
        now: Millis,
        web: &WebSession,
        request: RequestId,
        outcome: Outcome,
    ) -> Vec<Action> {
        let Some(mut query) = self.pending.remove(&request) else {
            return Vec::new();
        };
        let next = read(web, request, &mut query, outcome);
        query.under_way = false;
        query.until = now.saturating_add(PATIENCE);
        self.conclude(web, request, query, next)
    }

    fn conclude(
        &mut self,
        web: &WebSession,
        request: RequestId,
        mut query: PendingQuery,
        next: Next,
    ) -> Vec<Action> {
        let failed = |problem| Action::Tell(Event::Failed { request, problem });
        match next {
            Next::Tell(event) => {
                let changed = match (query.question, &*event) {
                    (Question::SetPassword { new, .. }, Event::Done { .. }) => {
                        Some(Action::NewPassword(new))
                    }
                    _ => None,
                };
                changed.into_iter().chain([Action::Tell(*event)]).collect()
            }
            Next::Continue(stage) => {
                query.stage = stage;
                self.pending.insert(request, query);
                Vec::new()
            }
            Next::Fail(problem) => vec![failed(problem)],
            Next::Refused(error) if error.is_stale_token() && !query.cured => {
                query.cured = true;
                self.pending.insert(request, query);
                vec![Action::Cure(error)]
            }
            Next::Refused(error) => {
                let problem = answer::refused(&web.label(), error.clone());
                vec![failed(problem), Action::Cure(error)]
            }
        }
    }

    /// The host gives a query up; `None` if there is no such query.
    pub fn cancel(&mut self, request: RequestId, why: &Problem) -> Option<Action> {
        let query = self.pending.remove(&request)?;
        Some(query.end(request, why))
    }

    /// Fails all queries.
    pub fn end(&mut self, why: &Problem) -> Vec<Action> {
        let all = std::mem::take(&mut self.pending).into_iter();
        all.map(|(request, query)| query.end(request, why))
            .collect()
    }
}

/// The exchange that a query needs next, or what follows without one.
fn next_request(
    web: &WebSession,
    rng: &mut fastrand::Rng,
    request: RequestId,
    query: &PendingQuery,
) -> Result<(Purpose, Request), Next> {
    let purpose = Purpose::Query(request);
    match (&query.stage, &query.question) {
        (Stage::Page(history), _) => Ok((purpose, history.request(web))),
        (Stage::Address, Question::Picture(uid)) => match web.features().has(Feature::Profile) {
            true => Ok((purpose, simple_queries::profile_request(web, *uid))),
            false => {
                let problem = answer::unsupported(&web.label(), "this person's picture");
                Err(Next::Fail(problem))
            }
        },
        (Stage::File(url, _), Question::Picture(uid)) => match picture::source(web, url) {
            Ok(Source::Download(download)) => Ok((Purpose::Picture(request), download)),
            Ok(Source::Placeholder) => {
                let picture = picture::picture(*uid, url, None);
                Err(Next::from(Event::Picture { request, picture }))
            }
            Err(problem) => Err(Next::Fail(problem)),
        },
        (_, question) => {
            let next = simple_queries::request(web, rng, question);
            // The other kinds have a stage of their own.
            next.map(|next| (purpose, next)).ok_or_else(|| {
                let doing = simple_queries::doing(question);
                Next::Fail(answer::not_an_answer(&web.label(), doing))
            })
        }
    }
}

/// Reads the reply to the exchange that a query is at.
fn read(web: &WebSession, request: RequestId, query: &mut PendingQuery, outcome: Outcome) -> Next {
    let question = &query.question;
    let doing = simple_queries::doing(question);
    match (&mut query.stage, question) {
        (Stage::Page(history), Question::History { with, .. }) => {
            let Some(own) = web.uid() else {
                return Next::Fail(Problem::new(Status::State, "Not logged in"));
            };
            match history.take_page(web, own, outcome, doing) {
                Ok(Progress::NextPage) => {
                    let history = std::mem::replace(history, HistoryRequest::new(*with, 0));
                    Next::Continue(Stage::Page(history))
                }
                Ok(Progress::Done { messages, more }) => Next::from(Event::History {
                    request,
                    with: *with,
                    messages,
                    more,
                }),
                Err(failure) => Next::from(failure),
            }
        }
        (Stage::Address, _) => match simple_queries::read_picture_url(web, question, outcome) {
            Ok(url) => Next::Continue(Stage::File(url, true)),
            Err(failure) => Next::from(failure),
        },
        (Stage::File(url, newest), Question::Picture(uid)) => {
            match picture::file(web, *newest, outcome, doing) {
                Ok(File::Image(image)) => {
                    let picture = picture::picture(*uid, url, Some(image));
                    Next::from(Event::Picture { request, picture })
                }
                Ok(File::Replaced) => Next::Continue(Stage::Address),
                Err(problem) => Next::Fail(problem),
            }
        }
        _ => {
            let doubtful = is_write(question)
                && match &outcome {
                    Ok(reply) => reply.status >= 500,
                    Err(error) => !error.fault.never_sent(),
                };
            match simple_queries::read(web, question, request, outcome) {
                Ok(event) => Next::from(event),
                Err(Failure::Lost(problem)) if doubtful => Next::Fail(answer::in_doubt(problem)),
                Err(failure) => Next::from(failure),
            }
        }
    }
}
