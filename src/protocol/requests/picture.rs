//! Somebody's picture: where it is, and the file itself (docs/protocol.md, Pictures).

use crate::protocol::answer;
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::wire::exchange::Outcome;
use crate::protocol::wire::request::Request;
use crate::status::{Problem, Status};
use crate::types::{Feature, Image, Picture, Uid};
use url::Url;

/// How to get a picture whose address is known.
#[derive(Debug)]
pub enum Source {
    Download(Request),
    /// It is the picture of everybody who has none.
    Placeholder,
}

/// What the reply to a download leads to.
#[derive(Debug)]
pub enum File {
    Image(Image),
    /// The picture was replaced since its address was heard of; the profile has the new one.
    Replaced,
}

/// The type of a picture by its first bytes. The header of the reply does not count.
fn content_type(bytes: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 4] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
    ];
    let found = known.iter().find(|(start, _)| bytes.starts_with(start));
    found.map(|(_, name)| *name)
}

fn is_placeholder(url: &Url) -> bool {
    url.path_segments()
        .and_then(|mut path| path.next_back())
        .is_some_and(|name| name.contains("silhouette"))
}

/// How to get the picture at this address.
pub fn source(web: &WebSession, url: &Url) -> Result<Source, Problem> {
    if is_placeholder(url) {
        return Ok(Source::Placeholder);
    }
    let server = web.server();
    // A proxy may be why the same host has another scheme or port here.
    let place = match url.host() == server.origin().host() {
        true => server.at(url.path()),
        false => url.clone(),
    };
    if !server.trusts(&place) {
        let host = url.host_str().unwrap_or("another server");
        let text = format!(
            "{} keeps this picture at {host}, which is not asked",
            web.label()
        );
        return Err(Problem::new(Status::Refused, text));
    }
    Ok(Source::Download(Request::get(place)))
}

/// Reads the reply to a download. `newest` says that the address was asked for just now.
pub fn file(
    web: &WebSession,
    newest: bool,
    outcome: Outcome,
    doing: &str,
) -> Result<File, Problem> {
    let server = web.label();
    let reply = outcome.map_err(|error| answer::transport(&server, &error, doing))?;
    if reply.status == 404 && !newest && web.features().has(Feature::Profile) {
        return Ok(File::Replaced);
    }
    if reply.status != 200 {
        return Err(answer::http(&server, reply.status, doing));
    }
    let content_type =
        content_type(&reply.body).ok_or_else(|| answer::not_an_answer(&server, doing))?;
    let bytes = reply.body.into();
    Ok(File::Image(Image {
        content_type,
        bytes,
    }))
}

/// What the host gets.
pub fn picture(uid: Uid, url: &Url, image: Option<Image>) -> Picture {
    let url = Some(url.as_str().to_owned());
    Picture { uid, url, image }
}
