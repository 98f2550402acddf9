//! Finding users by name or exact address (docs/protocol.md, Profiles and search).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::app::App;
use super::auth::{Ajax, Page, Session};
use super::envelope::{AjaxError, payload};
use super::pages::{self, escape};
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
            SearchError::TooOften => AjaxError::TooMany(error.to_string()),
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
    Ajax(session): Ajax,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, AjaxError> {
    let origin = pages::origin(&headers);
    let found = find(&app, &session, &params).await?;
    let entry = |(user, relation): (User, Relation)| Found {
        uid: user.uid,
        thumb_src: thumb_src(&origin, &user),
        name: user.name,
        relation: relation.name(),
    };
    Ok(payload(Results {
        results: found.into_iter().map(entry).collect(),
    }))
}

/// GET /s.php?q=TEXT: the page that clients scrape.
pub async fn page(
    State(app): State<Arc<App>>,
    Page(session): Page,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, AjaxError> {
    let text = escape(params.get("q").unwrap_or_default());
    let found = match find(&app, &session, &params).await {
        Err(SearchError::Length) => Vec::new(),
        found => found?,
    };
    let origin = pages::origin(&headers);
    let entries: String = found.iter().map(|found| entry(found, &origin)).collect();
    let entries = if entries.is_empty() {
        "<p>No results found.</p>\n".to_owned()
    } else {
        entries
    };
    // Old clients need an ampersand somewhere behind the last result.
    let body = format!(
        "<form method=\"get\" action=\"/s.php\"><input type=\"text\" name=\"q\" value=\"{text}\" /></form>\n\
         {entries}<p>&nbsp;</p>\n"
    );
    Ok(pages::html(StatusCode::OK, "Facebook | Search", &body))
}

/// GET /ajax/search/results.php?q=TEXT&s=START: a part of a page in a script, which clients of 2010 scrape.
pub async fn listing(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, AjaxError> {
    let start = params.get("s").and_then(|start| start.parse().ok());
    let start: usize = start.unwrap_or(0);
    let found = find(&app, &session, &params).await?;
    let origin = pages::origin(&headers);
    let rest = found.get(start..).unwrap_or_default();
    let mut html: String = rest
        .iter()
        .take(PAGE)
        .map(|found| listed(found, &origin))
        .collect();
    for (exists, way) in [(start > 0, "Back"), (rest.len() > PAGE, "Forward")] {
        if exists {
            html +=
                &format!("<a class=\"UIPager_Button UIPager_Button{way}\" href=\"#\">{way}</a>");
        }
    }
    Ok(payload(Listing { html }))
}

/// Clients look for the picture and the name, each in the next link, then for a link that asks to be friends or another one, then for
/// the number.
fn listed((user, relation): &(User, Relation), origin: &str) -> String {
    let (uid, name, thumb) = (user.uid, escape(&user.name), thumb_src(origin, user));
    let profile = format!("{origin}/profile.php?id={uid}");
    let (action, word) = match relation {
        Relation::None | Relation::Received => {
            (format!("{origin}/addfriend.php?id={uid}"), "Add as Friend")
        }
        Relation::Own | Relation::Friend | Relation::Sent => (profile.clone(), "View Profile"),
    };
    format!(
        "<div class=\"UIFullListing\"><a href=\"{profile}\"><img src=\"{thumb}\" /></a> <a href=\"{profile}\">{name}</a>\
         <ul><li class=\"actionspro_li\"><a href=\"{action}\">{word}</a></li>\
         <li><a href=\"{origin}/inbox/?compose&amp;id={uid}\">Send a Message</a></li></ul></div>"
    )
}

/// Old clients look for the link to the inbox at its host of that time, and from there backwards for name and network.
fn entry((user, relation): &(User, Relation), origin: &str) -> String {
    let (uid, name) = (user.uid, escape(&user.name));
    let network = match relation {
        Relation::Own => "You",
        Relation::Friend => "Friend",
        Relation::Sent | Relation::Received => "Friend request",
        Relation::None => "",
    };
    format!(
        "<div class=\"result\"><a href=\"{origin}/profile.php?id={uid}\" class=\"url fn\">{name}</a>\n\
         <span class=\"result_network\">{network}</span>\n\
         <span data-compose=\"http://www.facebook.com/inbox/?compose&amp;id={uid}\"></span></div>\n"
    )
}
