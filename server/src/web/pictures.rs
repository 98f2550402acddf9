//! Pictures of people (docs/protocol.md, Pictures): uploaded by their owner, seen by whoever knows the URL, as in 2008.
//! The URL holds a hash of the content, so it cannot be guessed, changes with the picture, and may be cached for ever.

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use imagesize::ImageType;
use serde::Serialize;

use super::auth::Ajax;
use super::envelope::{AjaxError, TOO_OFTEN, payload};
use super::params::Params;
use super::to_the_end::to_the_end;
use super::{multipart, pages};
use crate::app::App;
use crate::types::{Uid, User};
use crate::{item, lock, secrets};

/// The largest picture in bytes.
pub const LIMIT: usize = 1 << 20;
/// The largest width and height.
const PIXELS: usize = 2048;

/// A grey picture of one point.
const SILHOUETTE: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xcc\xcc\xcc\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";

/// Where a user's small picture is. With `n` for the `q` it is the large one; here both are the same.
pub fn thumb_src(origin: &str, user: &User) -> String {
    src(origin, user.uid, user.picture.as_deref())
}

fn src(origin: &str, uid: Uid, hash: Option<&str>) -> String {
    match hash {
        Some(hash) => format!("{origin}/pics/q{uid}_{hash}.jpg"),
        None => format!("{origin}/pics/q_silhouette.gif"),
    }
}

/// The picture of everybody; clients know its name as "no picture".
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
    let _turn = app.uploads.acquire().await.map_err(|_| AjaxError::Busy)?;
    let headers = request.headers().clone();
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let Ok(body) = Bytes::from_request(request, &()).await else {
        return Err(AjaxError::TooLarge);
    };
    let parts = multipart::parse(kind, &body).ok_or(AjaxError::Invalid(
        "This is not an upload, or it was cut short.",
    ))?;
    let field = |name| parts.iter().find(|part| part.name == name);
    let text = |name| field(name).map(|part| String::from_utf8_lossy(part.data));
    session.check(&Params::single("post_form_id", text("post_form_id")))?;
    let uid = session.user.uid;
    let picture = match field("pic").map(|part| part.data) {
        _ if text("remove").as_deref() == Some("1") => None,
        Some(picture) => {
            check(picture)?;
            Some((secrets::picture_hash(picture), picture.to_vec()))
        }
        None => return Err(AjaxError::Invalid("There is no picture in the upload.")),
    };
    let hash = picture.as_ref().map(|(hash, _)| hash.clone());
    if hash != session.user.picture {
        if !lock(&app.changes).allow(uid, Instant::now()) {
            return Err(TOO_OFTEN);
        }
        let (app, src) = (app.clone(), src("", uid, hash.as_deref()));
        to_the_end(async move {
            app.store.set_picture(uid, picture).await?;
            app.tell_circle(uid, item::picture(uid, &src));
            Ok(())
        })
        .await?;
    }
    let origin = pages::origin(&headers);
    Ok(payload(Uploaded {
        thumb_src: src(&origin, uid, hash.as_deref()),
    }))
}

/// Refuses what is no picture, by its content: what the client says about it counts nothing.
fn check(picture: &[u8]) -> Result<(), AjaxError> {
    if picture.len() > LIMIT {
        return Err(AjaxError::Invalid(
            "The picture is too large: the limit is 1 MiB.",
        ));
    }
    let size = content_type(picture).and_then(|_| imagesize::blob_size(picture).ok());
    match size {
        None => Err(AjaxError::Invalid(
            "The picture must be a PNG, JPEG or GIF.",
        )),
        Some(size) if (1..=PIXELS).contains(&size.width) && (1..=PIXELS).contains(&size.height) => {
            Ok(())
        }
        Some(_) => Err(AjaxError::Invalid(
            "The picture must have at most 2048 by 2048 points.",
        )),
    }
}

fn content_type(picture: &[u8]) -> Option<&'static str> {
    match imagesize::image_type(picture).ok()? {
        ImageType::Png => Some("image/png"),
        ImageType::Jpeg => Some("image/jpeg"),
        ImageType::Gif => Some("image/gif"),
        _ => None,
    }
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
    let picture = match app.store.picture(uid, hash).await {
        Ok(Some(picture)) => picture,
        Ok(None) => return pages::not_found().await,
        Err(error) => return AjaxError::from(error).into_response(),
    };
    let etag = format!("\"{hash}\"");
    let known = headers
        .get(IF_NONE_MATCH)
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| known.contains(&etag));
    let kind = content_type(&picture).unwrap_or("application/octet-stream");
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(picture).into_response()
    };
    let answer = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
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

fn parse(name: &str) -> Option<(Uid, &str)> {
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
    fn only_pictures_within_the_limits_pass() {
        assert_eq!(check(SILHOUETTE), Ok(()));
        let png = |width: u32, height: u32| {
            let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
            png.extend(width.to_be_bytes());
            png.extend(height.to_be_bytes());
            png.extend([8, 0, 0, 0, 0]);
            png
        };
        assert_eq!(check(&png(2048, 2048)), Ok(()));
        for wrong in [
            png(2049, 1),
            png(1, u32::MAX),
            png(0, 1),
            Vec::new(),
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(),
            b"GIF".to_vec(),
            b"BM\0\0\0\0".to_vec(),
            [SILHOUETTE, &vec![0; LIMIT]].concat(),
        ] {
            assert!(check(&wrong).is_err(), "{:?}", wrong.get(..16));
        }
        // Whatever is cut off, the parser answers.
        for length in 0..24 {
            let _ = check(&png(9, 9)[..length]);
        }
    }

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
