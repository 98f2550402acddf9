//! What `fuzz/` reaches without a request.

use axum::http::HeaderMap;

pub use super::multipart::parse as multipart;
pub use super::params::Params;

pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    super::cookies::get(headers, name)
}

pub fn paths(path: &str) {
    super::channel::parse(path);
    super::pictures::parse(path);
}
