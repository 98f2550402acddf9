//! Pictures of users (docs/protocol.md, Pictures). Their URLs contain a hash of the content, so they cannot be guessed, change with the
//! picture, and may be cached without limit.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::app::App;
use super::auth::{Ajax, Session};
use super::bodies::{self, Room};
use super::envelope::{AjaxError, payload};
use super::params::Params;
use super::{multipart, pages};
use crate::item::picture_path;
use crate::service::pictures::{PictureError, media_type};
use crate::types::{Uid, User};

/// A grey picture of one pixel.
const SILHOUETTE: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xcc\xcc\xcc\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";

impl From<PictureError> for AjaxError {
    fn from(error: PictureError) -> Self {
        match error {
            PictureError::TooLarge
            | PictureError::Format
            | PictureError::Pixels
            | PictureError::Damaged => AjaxError::Invalid(error.to_string()),
            PictureError::TooOften(error) => error.into(),
            PictureError::Store(error) => error.into(),
        }
    }
}

/// The URL of a user's small picture.
pub fn thumb_src(origin: &str, user: &User) -> String {
    picture_url(origin, user.uid, user.picture.as_deref())
}

/// The URL of a user's small picture by its hash.
pub fn picture_url(origin: &str, uid: Uid, hash: Option<&str>) -> String {
    format!("{origin}{}", picture_path(uid, hash))
}

/// The picture of users who have none; clients know its name.
pub async fn silhouette() -> ([(HeaderName, &'static str); 1], &'static [u8]) {
    ([(CONTENT_TYPE, "image/gif")], SILHOUETTE)
}

#[derive(Serialize)]
struct Uploaded {
    #[serde(rename = "thumbSrc")]
    thumb_src: String,
}

/// POST pic_upload.php: a new picture in `pic`, or none with `remove=1`.
pub async fn upload(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    request: Request,
) -> Result<Response, AjaxError> {
    let _own_permit = app.uploads_of.acquire(session.user.uid).await;
    let _permit = app.uploads.acquire().await.map_err(|_| AjaxError::Busy)?;
    let headers = request.headers().clone();
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|media_type| media_type.to_str().ok())
        .unwrap_or_default();
    let mut room = Room::of(&app.bodies, &request);
    let body = bodies::read(request, &mut room, 1).await?;
    // It may have been ended while the upload arrived.
    let session = Session::find(&app, &headers).await?;
    let session = session.ok_or(AjaxError::NotLoggedIn)?;
    let invalid = |why: &str| AjaxError::Invalid(why.to_owned());
    let parts = multipart::parse(media_type, &body)
        .ok_or_else(|| invalid("This is not an upload, or it was cut short."))?;
    let field = |name| parts.iter().find(|part| part.name == name);
    let text = |name| field(name).map(|part| String::from_utf8_lossy(&part.data));
    session.check_csrf(&Params::single("post_form_id", text("post_form_id")))?;
    let picture = match field("pic").map(|part| &*part.data) {
        _ if text("remove").as_deref() == Some("1") => None,
        None => return Err(invalid("There is no picture in the upload.")),
        picture => picture,
    };
    let hash = app.services.pictures.set(&session, picture).await?;
    let origin = pages::origin(&headers);
    Ok(payload(Uploaded {
        thumb_src: picture_url(&origin, session.user.uid, hash.as_deref()),
    }))
}

/// GET /pics/qUID_HASH.jpg or /pics/nUID_HASH.jpg.
pub async fn get(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some((uid, hash)) = parse(&name) else {
        return pages::not_found().await;
    };
    let picture = match app.services.pictures.get(uid, hash).await {
        Ok(Some(picture)) => picture,
        Ok(None) => return pages::not_found().await,
        Err(error) => return AjaxError::from(error).into_response(),
    };
    let etag = format!("\"{hash}\"");
    let known = headers
        .get(IF_NONE_MATCH)
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| known.contains(&etag));
    let media_type = media_type(&picture).unwrap_or("application/octet-stream");
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(picture).into_response()
    };
    let answer = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ] {
        answer.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        answer.insert(ETAG, etag);
    }
    response
}

pub(super) fn parse(name: &str) -> Option<(Uid, &str)> {
    let (uid, hash) = name
        .strip_prefix(['q', 'n'])?
        .strip_suffix(".jpg")?
        .split_once('_')?;
    let right = hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    Some((uid.parse().ok()?, hash)).filter(|_| right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_strictly() {
        let hash = "0123456789abcdef0123456789abcdef";
        assert_eq!(parse(&format!("q7_{hash}.jpg")), Some((Uid(7), hash)));
        assert_eq!(parse(&format!("n7_{hash}.jpg")), Some((Uid(7), hash)));
        for name in [
            "q_default.gif",
            "q7_.jpg",
            "q7_xyz.jpg",
            &format!("x7_{hash}.jpg"),
            &format!("q_{hash}.jpg"),
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}
