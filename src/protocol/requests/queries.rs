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
use crate::protocol::requests::query_rule::{is_write, needs, too_large};
use crate::protocol::requests::rate_limit::Gate;
use crate::protocol::requests::simple_queries;
use crate::protocol::wire::exchange::Outcome;
use crate::protocol::wire::reply::AjaxError;
use crate::protocol::wire::request::Request;
use crate::status::{Problem, Status};
use crate::types::{Event, Feature, Group, Millis, Query, RequestId};
use std::collections::BTreeMap;
use url::Url;

/// How long a query waits until it can be sent, in milliseconds.
const PATIENCE: Millis = 30_000;

/// A query that has no answer yet.
#[derive(Debug)]
struct PendingQuery {
    query: Query,
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
        let problem = match self.under_way && is_write(&self.query) {
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
        query: Query,
        picture_url: Option<Url>,
    ) -> Result<(), Problem> {
        if let Some((feature, what)) = needs(&query)
            && !web.features().has(feature)
        {
            return Err(answer::unsupported(&web.label(), what));
        }
        if let Some(problem) = too_large(web, &query) {
            return Err(problem);
        }
        let stage = match (&query, picture_url) {
            (Query::History { with, since }, _) => Stage::Page(HistoryRequest::new(*with, *since)),
            (Query::Picture(_), Some(url)) => Stage::File(url, false),
            (Query::Picture(_), None) => Stage::Address,
            _ => Stage::Only,
        };
        let pending = PendingQuery {
            query,
            stage,
            under_way: false,
            cured: false,
            until: now.saturating_add(PATIENCE),
        };
        self.pending.insert(request, pending);
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
        let mut writing = all.any(|pending| pending.under_way && is_write(&pending.query));
        let waiting = self
            .pending
            .iter()
            .filter(|(_, pending)| !pending.under_way);
        let waiting: Vec<RequestId> = waiting.map(|(request, _)| *request).collect();
        for request in waiting {
            let Some(mut pending) = self.pending.remove(&request) else {
                continue;
            };
            let is_write = is_write(&pending.query);
            if pending.until <= now {
                let problem = gate.problem(&web.label());
                actions.push(pending.end(request, &problem));
            } else if gate != Gate::Open || is_write && writing {
                self.pending.insert(request, pending);
            } else {
                match next_request(web, rng, request, &pending) {
                    Ok((purpose, next)) => {
                        writing |= is_write;
                        pending.under_way = true;
                        self.pending.insert(request, pending);
                        actions.push(Action::Send(purpose, next));
                    }
                    Err(next) => actions.extend(self.conclude(web, request, pending, next)),
                }
            }
        }
        actions
    }

    /// True if one of them changes something on the server.
    pub fn has_writes(&self) -> bool {
        let mut all = self.pending.values();
        all.any(|query| is_write(&query.query))
    }

    /// When the first query has waited long enough.
    pub fn timeout(&self) -> Option<Millis> {
        let waiting = self.pending.values().filter(|pending| !pending.under_way);
        waiting.map(|pending| pending.until).min()
    }

    /// Takes the reply to a query: tells the host, goes on, or repeats it once with new tokens.
    pub fn reply(
        &mut self,
        now: Millis,
        web: &WebSession,
        request: RequestId,
        outcome: Outcome,
    ) -> Vec<Action> {
        let Some(mut pending) = self.pending.remove(&request) else {
            return Vec::new();
        };
        let next = read(web, request, &mut pending, outcome);
        pending.under_way = false;
        pending.until = now.saturating_add(PATIENCE);
        self.conclude(web, request, pending, next)
    }

    fn conclude(
        &mut self,
        web: &WebSession,
        request: RequestId,
        mut pending: PendingQuery,
        next: Next,
    ) -> Vec<Action> {
        let failed = |problem| Action::Tell(Event::Failed { request, problem });
        match next {
            Next::Tell(event) => {
                if let (Query::CreateGroup { .. }, Event::Group { group, .. }) =
                    (&pending.query, &*event)
                {
                    let group = Box::new(Group::clone(group));
                    return vec![Action::GroupCreated(request, group)];
                }
                let changed = match (pending.query, &*event) {
                    (Query::SetPassword { new, .. }, Event::Done { .. }) => {
                        Some(Action::NewPassword(new))
                    }
                    _ => None,
                };
                changed.into_iter().chain([Action::Tell(*event)]).collect()
            }
            Next::Continue(stage) => {
                pending.stage = stage;
                self.pending.insert(request, pending);
                Vec::new()
            }
            Next::Fail(problem) => vec![failed(problem)],
            Next::Refused(error) if error.is_stale_token() && !pending.cured => {
                pending.cured = true;
                self.pending.insert(request, pending);
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
        let pending = self.pending.remove(&request)?;
        Some(pending.end(request, why))
    }

    /// Fails all queries.
    pub fn end(&mut self, why: &Problem) -> Vec<Action> {
        let all = std::mem::take(&mut self.pending).into_iter();
        all.map(|(request, pending)| pending.end(request, why))
            .collect()
    }
}

/// The exchange that a query needs next, or what follows without one.
fn next_request(
    web: &WebSession,
    rng: &mut fastrand::Rng,
    request: RequestId,
    pending: &PendingQuery,
) -> Result<(Purpose, Request), Next> {
    let purpose = Purpose::Query(request);
    match (&pending.stage, &pending.query) {
        (Stage::Page(history), _) => Ok((purpose, history.request(web))),
        (Stage::Address, Query::Picture(uid)) => match web.features().has(Feature::Profile) {
            true => Ok((purpose, simple_queries::profile_request(web, *uid))),
            false => {
                let problem = answer::unsupported(&web.label(), "this person's picture");
                Err(Next::Fail(problem))
            }
        },
        (Stage::File(url, _), Query::Picture(uid)) => match picture::source(web, url) {
            Ok(Source::Download(download)) => Ok((Purpose::Picture(request), download)),
            Ok(Source::Placeholder) => {
                let picture = picture::picture(*uid, url, None);
                Err(Next::from(Event::Picture { request, picture }))
            }
            Err(problem) => Err(Next::Fail(problem)),
        },
        (_, query) => {
            let next = simple_queries::request(web, rng, query);
            // The other kinds have a stage of their own.
            next.map(|next| (purpose, next)).ok_or_else(|| {
                let doing = simple_queries::doing(query);
                Next::Fail(answer::not_an_answer(&web.label(), doing))
            })
        }
    }
}

/// Reads the reply to the exchange that a query is at.
fn read(
    web: &WebSession,
    request: RequestId,
    pending: &mut PendingQuery,
    outcome: Outcome,
) -> Next {
    let query = &pending.query;
    let doing = simple_queries::doing(query);
    match (&mut pending.stage, query) {
        (Stage::Page(history), Query::History { with, .. }) => {
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
        (Stage::Address, _) => match simple_queries::read_picture_url(web, query, outcome) {
            Ok(url) => Next::Continue(Stage::File(url, true)),
            Err(failure) => Next::from(failure),
        },
        (Stage::File(url, newest), Query::Picture(uid)) => {
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
            let doubtful = is_write(query)
                && match &outcome {
                    Ok(reply) => reply.status >= 500,
                    Err(error) => !error.fault.never_sent(),
                };
            match simple_queries::read(web, query, request, outcome) {
                Ok(event) => Next::from(event),
                Err(Failure::Lost(problem)) if doubtful => Next::Fail(answer::in_doubt(problem)),
                Err(failure) => Next::from(failure),
            }
        }
    }
}
