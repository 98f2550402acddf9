//! Uploading a file with a form.

use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use serde::Serialize;

use super::CHUNK;
use super::arriving::ArrivingForm;
use crate::attachment::{Attachment, FileId};
use crate::service::files::{FileError, Files, Upload};
use crate::web::app::App;
use crate::web::auth::{Ajax, Session};
use crate::web::bodies::Room;
use crate::web::envelope::{AjaxError, payload};
use crate::web::guard::BODY;
use crate::web::multipart::{Found, Reader};
use crate::web::params::Params;

/// How long an upload waits for others of the same user.
const TURN: Duration = Duration::from_secs(20);
/// The longest field before the file.
const FIELD: usize = 1 << 10;

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
    // What waits to be written, and what is being written.
    room.grow(4 * CHUNK)?;
    let media_type = headers.get(CONTENT_TYPE);
    let media_type = media_type.and_then(|media_type| media_type.to_str().ok());
    let invalid = |why: &str| AjaxError::Invalid(why.to_owned());
    let reader = Reader::new(media_type.unwrap_or_default());
    let reader = reader.ok_or_else(|| invalid("This is not an upload."))?;
    let announced = request.body().size_hint().lower();
    let limit = app.config.file_limit();
    if limit > 0 && announced > limit + BODY as u64 {
        return Err(FileError::TooLarge(app.config.file_limit_mib).into());
    }
    let mut form = ArrivingForm::new(request.into_body(), reader);
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
