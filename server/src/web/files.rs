//! Files: uploading and reading them (docs/protocol.md, Files).

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::app::App;
use super::auth::{Ajax, Session};
use super::bodies::Room;
use super::envelope::{AjaxError, payload};
use super::multipart::{Found, Reader};
use super::pages::{self, Message};
use super::params::Params;
use crate::attachment::{Attachment, FileId, PREVIEW, escaped};
use crate::service::files::disk::Part;
use crate::service::files::{FileError, Files, Opened, Upload};

/// What one transfer holds in memory, at most.
pub const CHUNK: usize = 128 << 10;
/// How long an upload may take at all, and the bytes per second that it must bring on average after that.
const SLOW: Duration = Duration::from_secs(30);
const SLOWEST: u64 = 1 << 10;
/// How long an upload waits for others of the same user.
const TURN: Duration = Duration::from_secs(20);
/// The longest field before the file.
const FIELD: usize = 1 << 10;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

impl From<FileError> for AjaxError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::TooOften(error) => error.into(),
            FileError::Store(error) => error.into(),
            FileError::DayUsedUp(_) => AjaxError::TooMany(error.to_string()),
            FileError::Disk => AjaxError::NotStored,
            error => AjaxError::Invalid(error.to_string()),
        }
    }
}

#[derive(Serialize)]
struct Uploaded<'a> {
    file_id: &'a FileId,
    name: &'a str,
    size: i64,
    mime: &'a str,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
}

impl<'a> Uploaded<'a> {
    fn new(file: &'a Attachment, files: &Files) -> Self {
        Uploaded {
            file_id: &file.id,
            name: &file.name,
            size: file.size,
            mime: &file.mime,
            url: files.link("", &file.id, &file.path()),
            width: file.shown.map(|size| size.width),
            height: file.shown.map(|size| size.height),
        }
    }
}

fn broken() -> AjaxError {
    AjaxError::Invalid("This is not an upload, or it was cut short.".to_owned())
}

/// A body that arrives, no slower than allowed.
pub struct Arriving {
    body: Body,
    until: Instant,
}

impl Arriving {
    pub fn new(body: Body) -> Self {
        Arriving {
            body,
            until: Instant::now() + SLOW,
        }
    }

    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, AjaxError> {
        loop {
            let frame = poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx));
            let frame = timeout_at(self.until, frame)
                .await
                .map_err(|_| AjaxError::TooSlow)?;
            let Some(frame) = frame.transpose().map_err(|_| broken())? else {
                return Ok(None);
            };
            if let Ok(data) = frame.into_data() {
                let earned = Duration::from_secs(1) * u32::try_from(data.len()).unwrap_or(u32::MAX);
                self.until += earned / u32::try_from(SLOWEST).unwrap_or(u32::MAX);
                return Ok(Some(data));
            }
        }
    }
}

/// A form that arrives.
struct ArrivingForm {
    body: Arriving,
    reader: Reader,
}

impl ArrivingForm {
    async fn next(&mut self) -> Result<Found, AjaxError> {
        loop {
            if let Some(found) = self.reader.next().map_err(|_| broken())? {
                return Ok(found);
            }
            let data = self.body.next().await?.ok_or_else(broken)?;
            self.reader.push(&data);
        }
    }
}

/// POST upload.php: the fields `post_form_id` and `upload_id`, and after them the file in `attachment`.
pub async fn upload(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    request: Request,
) -> Result<Response, AjaxError> {
    let headers = request.headers().clone();
    let waiting = tokio::time::timeout(TURN, app.files_of.acquire(session.user.uid));
    let _permit = waiting.await.map_err(|_| AjaxError::Overloaded)?;
    let mut room = Room::of(&app.bodies, &request);
    // What has come last, and the same as it is written.
    room.grow(2 * CHUNK)?;
    let media_type = headers.get(CONTENT_TYPE);
    let media_type = media_type.and_then(|media_type| media_type.to_str().ok());
    let invalid = |why: &str| AjaxError::Invalid(why.to_owned());
    let reader = Reader::new(media_type.unwrap_or_default());
    let reader = reader.ok_or_else(|| invalid("This is not an upload."))?;
    let announced = request.body().size_hint().lower();
    let limit = app.config.file_limit();
    if limit > 0 && announced > limit + super::BODY as u64 {
        return Err(FileError::TooLarge(app.config.file_limit_mib).into());
    }
    let mut form = ArrivingForm {
        body: Arriving::new(request.into_body()),
        reader,
    };
    let (mut token, mut upload_id) = (None, None);
    let mut found = form.next().await?;
    let file = loop {
        let Found::Part(head) = found else {
            return Err(invalid("There is no file in the upload."));
        };
        if head.name == "attachment" {
            session.check_csrf(&Params::single("post_form_id", token))?;
            let name = head.filename.unwrap_or_default();
            let upload_id: String = upload_id.unwrap_or_default();
            let upload = app
                .services
                .files
                .begin(&session, &upload_id, &name)
                .await?;
            break receive(&mut form, upload).await?;
        }
        let mut text = Vec::new();
        found = loop {
            match form.next().await? {
                Found::Data(data) => text.extend(data),
                other => break other,
            }
            if text.len() > FIELD {
                return Err(AjaxError::TooLarge);
            }
        };
        let text = String::from_utf8_lossy(&text).into_owned();
        match &*head.name {
            "post_form_id" => token = Some(text),
            "upload_id" => upload_id = Some(text),
            _ => {}
        }
    };
    // It may have been ended while the file arrived.
    let session = Session::find(&app, &headers).await?;
    session.ok_or(AjaxError::NotLoggedIn)?;
    let file = file.finish().await?;
    Ok(payload(Uploaded::new(&file, &app.services.files)))
}

/// Takes the content of the file, up to the end of the form.
async fn receive(form: &mut ArrivingForm, mut upload: Upload) -> Result<Upload, AjaxError> {
    let mut is_file = true;
    loop {
        match form.next().await? {
            Found::Data(data) if is_file => upload.write(data).await?,
            Found::Data(_) => {}
            Found::Part(_) => is_file = false,
            Found::End => return Ok(upload),
        }
    }
}

/// GET /files/ID/NAME and /files/ID/preview. Who may not read a file gets the same answer as if there were none.
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
    // A part of another version is no part of this one. There are no other versions, but a client cannot know.
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
    // Who may read it is asked each time.
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
        *response.body_mut() = Body::new(Content {
            file: Arc::new(file),
            at: start,
            left: length,
            reading: None,
            _room: room,
        });
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

/// Which bytes are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    Whole,
    /// From, and to before.
    Part(u64, u64),
    Unsatisfiable,
}

impl Range {
    /// Reads a header. Several ranges at once, and what cannot be read, are answered with the whole, as the standard allows.
    fn read(header: &str, length: u64) -> Self {
        let Some((first, last)) = header
            .strip_prefix("bytes=")
            .and_then(|range| range.trim().split_once('-'))
        else {
            return Range::Whole;
        };
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse().unwrap_or(u64::MAX))
        };
        let (start, end) = match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1)),
            (Some(first), None) if last.is_empty() => (first, length),
            (None, Some(last)) if first.is_empty() => (length.saturating_sub(last), length),
            _ => return Range::Whole,
        };
        let end = end.min(length);
        if start < end {
            Range::Part(start, end)
        } else {
            Range::Unsatisfiable
        }
    }
}

type Reading = Pin<Box<dyn Future<Output = std::io::Result<Vec<u8>>> + Send>>;

/// The bytes of a file, read as they are sent.
struct Content {
    file: Arc<Opened>,
    at: u64,
    left: u64,
    reading: Option<Reading>,
    _room: Room,
}

impl HttpBody for Content {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let length = usize::try_from(self.left).unwrap_or(CHUNK).min(CHUNK);
        let (file, at) = (self.file.clone(), self.at);
        let reading = self
            .reading
            .get_or_insert_with(|| Box::pin(async move { file.read(at, length).await }));
        let read = match reading.as_mut().poll(cx) {
            Poll::Ready(read) => read,
            Poll::Pending => return Poll::Pending,
        };
        self.reading = None;
        Poll::Ready(Some(read.map(|bytes| {
            self.at += bytes.len() as u64;
            self.left -= bytes.len() as u64;
            Frame::data(bytes.into())
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        for (header, expected) in [
            ("bytes=0-0", Range::Part(0, 1)),
            ("bytes=2-", Range::Part(2, 10)),
            ("bytes=2-4", Range::Part(2, 5)),
            ("bytes=2-99", Range::Part(2, 10)),
            ("bytes=-3", Range::Part(7, 10)),
            ("bytes=-99", Range::Part(0, 10)),
            ("bytes=0-99999999999999999999999", Range::Part(0, 10)),
            ("bytes=10-", Range::Unsatisfiable),
            ("bytes=-0", Range::Unsatisfiable),
            ("bytes=99999999999999999999999-", Range::Unsatisfiable),
            ("bytes=4-2", Range::Whole),
            ("bytes=-", Range::Whole),
            ("bytes=0-1,4-5", Range::Whole),
            ("bytes=+1-2", Range::Whole),
            ("items=0-1", Range::Whole),
        ] {
            assert_eq!(Range::read(header, 10), expected, "{header}");
        }
        assert_eq!(Range::read("bytes=0-", 0), Range::Unsatisfiable);
    }
}
