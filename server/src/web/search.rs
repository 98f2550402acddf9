//! Finding users by name or exact address (docs/protocol.md, Profiles and search).

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::app::App;
use super::auth::{Ajax, Form, Page, Session};
use super::envelope::{AjaxError, payload};
use super::pages;
use super::params::Params;
use super::pictures::thumb_src;
use crate::service::profiles::Relation;
use crate::service::search::SearchError;
use crate::types::{Uid, User};

/// How many users clients of 2010 take from one answer.
const PAGE: usize = 20;

impl From<SearchError> for AjaxError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Length => AjaxError::Invalid(error.to_string()),
            SearchError::TooOften(error) => error.into(),
            SearchError::Store(error) => error.into(),
        }
    }
}

#[derive(Serialize)]
struct Results {
    results: Vec<Found>,
}

#[derive(Serialize)]
struct Listing {
    html: String,
}

#[derive(Serialize)]
struct Found {
    uid: Uid,
    name: String,
    username: String,
    #[serde(rename = "thumbSrc")]
    thumb_src: String,
    relation: &'static str,
}

async fn find(
    app: &App,
    session: &Session,
    params: &Params,
) -> Result<Vec<(User, Relation)>, SearchError> {
    let text = params.get("q").unwrap_or_default();
    app.services.search.find(session, text).await
}

/// GET /ajax/fbchat/search.php?q=TEXT
pub async fn get(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    let origin = pages::origin(&headers);
    let found = find(&app, &session, &params).await?;
    let entry = |(user, relation): (User, Relation)| Found {
        uid: user.uid,
        thumb_src: thumb_src(&origin, &user),
        name: user.name,
        username: user.username,
        relation: relation.name(),
    };
    Ok(payload(Results {
        results: found.into_iter().map(entry).collect(),
    }))
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage<'a> {
    text: &'a str,
    found: &'a [(User, Relation)],
    origin: &'a str,
}

/// GET /s.php?q=TEXT: the page that clients scrape.
pub async fn page(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Page(session), params): Form<Page>,
) -> Result<Response, AjaxError> {
    let found = match find(&app, &session, &params).await {
        Err(SearchError::Length) => Vec::new(),
        found => found?,
    };
    let page = SearchPage {
        text: params.get("q").unwrap_or_default(),
        found: &found,
        origin: &pages::origin(&headers),
    };
    Ok(pages::page(StatusCode::OK, &page))
}

#[derive(Template)]
#[template(path = "search_listing.html")]
struct ListingPart<'a> {
    found: &'a [(User, Relation)],
    origin: &'a str,
    /// Whether there are results before and behind these.
    back: bool,
    forward: bool,
}

/// GET /ajax/search/results.php?q=TEXT&s=START: a part of a page in a script, which clients of 2010 scrape.
pub async fn listing(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    let start = params.get("s").and_then(|start| start.parse().ok());
    let start: usize = start.unwrap_or(0);
    let found = find(&app, &session, &params).await?;
    let rest = found.get(start..).unwrap_or_default();
    let part = ListingPart {
        found: rest.get(..PAGE).unwrap_or(rest),
        origin: &pages::origin(&headers),
        back: start > 0,
        forward: rest.len() > PAGE,
    };
    let html = part.render()?;
    Ok(payload(Listing { html }))
}
