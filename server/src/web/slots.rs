//! Uploading a file to a slot, as clients of XMPP do (docs/protocol.md, Files).

use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::bodies::Room;
use super::envelope::AjaxError;
use super::files::{Arriving, CHUNK};
use super::params::Params;
use crate::attachment::FileId;
use crate::service::files::FileError;

/// How long an upload waits for others of the same user.
const TURN: Duration = Duration::from_secs(20);

/// Why a file was refused: a status, and a sentence for people.
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

impl From<AjaxError> for Refused {
    fn from(error: AjaxError) -> Self {
        let status = match error {
            AjaxError::TooSlow => StatusCode::REQUEST_TIMEOUT,
            AjaxError::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        Refused(status, error.sentence())
    }
}

impl From<FileError> for Refused {
    fn from(error: FileError) -> Self {
        let status = match error {
            FileError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            FileError::Used => StatusCode::CONFLICT,
            FileError::DayUsedUp(_) | FileError::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            FileError::TotalUsedUp | FileError::Disk => StatusCode::INSUFFICIENT_STORAGE,
            FileError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            FileError::Empty | FileError::Damaged | FileError::UploadId => StatusCode::BAD_REQUEST,
            FileError::Off | FileError::Unknown | FileError::Gone => StatusCode::NOT_FOUND,
        };
        Refused(status, error.to_string())
    }
}

/// PUT /files/ID/NAME?slot=KEY: the file is the body, and as long as was announced.
pub async fn put(
    State(app): State<Arc<App>>,
    Path((id, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    match receive(&app, &id, &name, request).await {
        Ok(()) => StatusCode::CREATED.into_response(),
        Err(refused) => refused.into_response(),
    }
}

async fn receive(app: &App, id: &str, name: &str, request: Request) -> Result<(), Refused> {
    let files = &app.services.files;
    let query = Params::parse(b"", request.uri().query().unwrap_or_default());
    let key = query.as_ref().and_then(|query| query.get("slot"));
    let slot = id.parse::<FileId>().ok().zip(key);
    let slot = slot.and_then(|(id, key)| files.open_slot(id, key));
    let Some(slot) = slot else {
        let text = "This permission to upload a file is not valid any more. Ask for another.";
        return Err(Refused(StatusCode::FORBIDDEN, text.to_owned()));
    };
    let other_size = || {
        let text =
            "The file is not as long as was announced. Ask for another permission to upload it.";
        Refused(StatusCode::BAD_REQUEST, text.to_owned())
    };
    if request
        .body()
        .size_hint()
        .exact()
        .is_some_and(|size| size != slot.size)
    {
        return Err(other_size());
    }
    let waiting = tokio::time::timeout(TURN, app.files_of.acquire(slot.owner));
    let _permit = waiting.await.map_err(|_| AjaxError::Overloaded)?;
    let mut room = Room::of(&app.bodies, &request);
    // What waits to be written, and what is being written.
    room.grow(4 * CHUNK)?;
    let mut arriving = Arriving::new(request.into_body());
    let mut upload = files.begin_slot(&slot, name).await?;
    let mut size = 0;
    while let Some(bytes) = arriving.next().await? {
        size += bytes.len() as u64;
        if size > slot.size {
            return Err(other_size());
        }
        upload.write(bytes).await?;
    }
    if size != slot.size {
        return Err(other_size());
    }
    upload.finish().await?;
    Ok(())
}
