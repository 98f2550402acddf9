//! The style sheet, scripts and icons of the pages, which are part of the binary.

use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::pages;
use crate::secrets;

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! asset {
    ($name:literal, $kind:expr) => {
        ($name, $kind, include_str!(concat!("../../assets/", $name)))
    };
}

/// Name, type and content of each file.
const ASSETS: &[(&str, &str, &str)] = &[
    asset!("style.css", "text/css; charset=utf-8"),
    asset!("icon.svg", "image/svg+xml"),
    asset!("nobody.svg", "image/svg+xml"),
    asset!("group.svg", "image/svg+xml"),
    asset!("main.js", SCRIPT),
    asset!("dom.js", SCRIPT),
    asset!("net.js", SCRIPT),
    asset!("people.js", SCRIPT),
    asset!("account.js", SCRIPT),
    asset!("bar.js", SCRIPT),
    asset!("blocks.js", SCRIPT),
    asset!("chat.js", SCRIPT),
    asset!("groups.js", SCRIPT),
    asset!("group_line.js", SCRIPT),
    asset!("friend_picker.js", SCRIPT),
    asset!("typing.js", SCRIPT),
    asset!("files.js", SCRIPT),
];

/// GET /assets/{name}: browsers cache it and ask each time whether it has changed, so that the page of a new server never runs with an
/// old script.
pub async fn get(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some((_, kind, content)) = ASSETS.iter().find(|(known, ..)| *known == name) else {
        return pages::not_found().await;
    };
    let etag = format!("\"{}\"", secrets::picture_hash(content.as_bytes()));
    let known = headers.get(IF_NONE_MATCH);
    let mut response = if known.is_some_and(|known| known == etag.as_str()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (*content).into_response()
    };
    let fields: [(HeaderName, &str); 4] = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (ETAG, &etag),
    ];
    for (name, value) in fields {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_browser_that_has_a_file_does_not_get_it_again() {
        let ask = |name: &str, headers| get(Path(name.to_owned()), headers);
        let first = ask("main.js", HeaderMap::new()).await;
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[CONTENT_TYPE], SCRIPT);
        let etag = first.headers()[ETAG].clone();
        let headers = HeaderMap::from_iter([(IF_NONE_MATCH, etag)]);
        let again = ask("main.js", headers.clone()).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(
            ask("bar.js", headers.clone()).await.status(),
            StatusCode::OK
        );
        for name in ["", "none.js", "../Cargo.toml", "home.html"] {
            let missing = ask(name, headers.clone()).await;
            assert_eq!(missing.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }

    /// The content security policy of the pages forbids the first two; a script that is not listed would be a 404.
    #[test]
    fn scripts_name_only_what_is_here() {
        for (name, _, content) in ASSETS {
            for place in content.split(" from \"").skip(1) {
                let import = place.split('"').next().unwrap().trim_start_matches("./");
                assert!(
                    ASSETS.iter().any(|(known, ..)| known == &import),
                    "{name}: {import}"
                );
            }
            assert!(
                !content.contains("innerHTML") && !content.contains("://")
                    || name.ends_with(".svg")
            );
            assert!(content.lines().count() <= 400, "{name} is too long");
        }
    }
}
