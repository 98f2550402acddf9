//! Reading a file, whole or a part of it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::CHUNK;
use super::content::Content;
use super::range::Range;
use crate::attachment::{FileId, PREVIEW, escaped};
use crate::service::files::disk::Part;
use crate::service::files::{FileError, Opened};
use crate::web::app::App;
use crate::web::auth::Session;
use crate::web::bodies::Room;
use crate::web::envelope::AjaxError;
use crate::web::pages::{self, Message};
use crate::web::params::Params;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// GET /files/ID/NAME and /files/ID/preview. Users who may not read a file get the same answer as if it did not exist.
pub async fn download(
    State(app): State<Arc<App>>,
    Path((id, name)): Path<(String, String)>,
    request: Request,
) -> Result<Response, AjaxError> {
    let (method, headers) = (request.method(), request.headers());
    let query = Params::parse(b"", request.uri().query().unwrap_or_default());
    let query = query.ok_or(AjaxError::TooLarge)?;
    let part = if name == PREVIEW {
        Part::Preview
    } else {
        Part::Whole
    };
    let Ok(id) = id.parse::<FileId>() else {
        return Ok(pages::not_found().await);
    };
    let session = Session::find(&app, headers).await?;
    let files = &app.services.files;
    let opened = files.open(session.as_deref(), &id, query.get("key"), part);
    let opened = match opened.await {
        Ok(opened) => opened,
        Err(FileError::Unknown) => return Ok(pages::not_found().await),
        Err(FileError::Gone) => return Ok(gone()),
        Err(error) => return Err(error.into()),
    };
    let mut room = Room::of(&app.answers, &request);
    room.grow(CHUNK)?;
    Ok(answer(method, headers, opened, room))
}

/// The answer for a file whose content was deleted because of its age.
fn gone() -> Response {
    pages::page(
        StatusCode::GONE,
        &Message {
            title: "File not found | fbchat",
            heading: "This file is no longer kept",
            wrong: Some(
                "The server keeps files for a limited time only. Ask for it to be sent again.",
            ),
            link: Some(("/", "Home")),
        },
    )
}

fn answer(method: &Method, headers: &HeaderMap, file: Opened, room: Room) -> Response {
    let etag = match file.part {
        Part::Whole => format!("\"{}\"", file.attachment.id),
        Part::Preview => format!("\"{}-{PREVIEW}\"", file.attachment.id),
    };
    let asked = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let is_known = asked(IF_NONE_MATCH).is_some_and(|known| known == "*" || known.contains(&etag));
    // A range of another version must not be mixed with this one. There are no other versions, but a client cannot know that.
    let ranged = asked(IF_RANGE).is_none_or(|known| known == etag);
    let range = asked(RANGE).filter(|_| ranged);
    let range = range.map_or(Range::Whole, |range| Range::read(range, file.length));
    let (status, start, length) = match range {
        _ if is_known => (StatusCode::NOT_MODIFIED, 0, 0),
        Range::Whole => (StatusCode::OK, 0, file.length),
        Range::Part(start, end) => (StatusCode::PARTIAL_CONTENT, start, end - start),
        Range::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let total = file.length;
    let content_range = match range {
        Range::Part(start, end) => Some(format!("bytes {start}-{}/{total}", end - 1)),
        Range::Unsatisfiable => Some(format!("bytes */{total}")),
        Range::Whole => None,
    };
    let mut response = status.into_response();
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(ETAG, &etag);
    // Access is checked each time.
    set(CACHE_CONTROL, "private, no-cache");
    set(CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    set(RESOURCE_POLICY, "same-origin");
    set(ACCEPT_RANGES, "bytes");
    if let Some(content_range) = content_range.filter(|_| !is_known) {
        set(CONTENT_RANGE, &content_range);
    }
    if is_known {
        return response;
    }
    set(CONTENT_TYPE, file.mime());
    set(CONTENT_DISPOSITION, &disposition(&file));
    set(CONTENT_LENGTH, &length.to_string());
    if length > 0 && method != Method::HEAD {
        *response.body_mut() = Body::new(Content::new(file, start, length, room));
    }
    response
}

/// How a browser treats it (RFC 6266): only pictures are shown.
fn disposition(file: &Opened) -> String {
    let kind = if file.is_picture() {
        "inline"
    } else {
        "attachment"
    };
    let name = &file.attachment.name;
    let plain = |c: char| if c.is_ascii() && c != '%' { c } else { '_' };
    let ascii: String = name.chars().map(plain).collect();
    format!(
        "{kind}; filename=\"{ascii}\"; filename*=UTF-8''{}",
        escaped(name)
    )
}
