//! Somebody's picture: where it is, and the file itself (docs/protocol.md, Pictures).

use super::call::Call;
use super::exchange::{Reply, TransportError};
use super::questions::{Next, Stage};
use super::session::{Now, Session};
use super::social::ProfilePayload;
use crate::status::{Problem, Status};
use crate::types::{Event, Feature, Image, Picture, Question, RequestId, Uid};
use url::Url;

/// Largest picture where the server announces none, in bytes.
const PICTURE_LIMIT: u64 = 1 << 20;

/// The type of a picture by its first bytes: what a server says about it counts nothing.
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

/// True for the picture of everybody who has none.
fn is_nobodys(url: &Url) -> bool {
    url.path_segments()
        .and_then(|mut path| path.next_back())
        .is_some_and(|name| name.contains("silhouette"))
}

impl Session {
    /// An address of a picture as lists and items have it, whole.
    pub(super) fn picture_url(&self, reference: &str) -> Option<String> {
        let url = self.config.server.origin().join(reference).ok()?;
        (!reference.is_empty()).then(|| url.into())
    }

    /// Where to look for a picture first.
    pub(super) fn known_picture(&self, uid: Uid) -> Stage {
        let known = self.buddies.picture_url(uid);
        match known.and_then(|url| Url::parse(url).ok()) {
            Some(url) => Stage::File(url, false),
            None => Stage::Address,
        }
    }

    /// Starts the exchange for a picture's address, or for the picture itself.
    pub(super) fn start_picture(
        &mut self,
        now: Now,
        request: RequestId,
        uid: Uid,
        file: Option<&Url>,
    ) -> Result<(), Next> {
        let Some(file) = file else {
            if !self.features().has(Feature::Profile) {
                return Err(Next::Fail(self.unsupported("this person's picture")));
            }
            self.post_question(now, Call::Question(request), &Question::Profile(uid));
            return Ok(());
        };
        if is_nobodys(file) {
            return Err(told(request, uid, file, None));
        }
        let server = &self.config.server;
        // The same host under another scheme or port is what a proxy makes of it.
        let place = match file.host() == server.origin().host() {
            true => server.at(file.path()),
            false => file.clone(),
        };
        if !server.trusts(&place) {
            let host = file.host_str().unwrap_or("another server");
            let text = format!(
                "{} keeps this picture at {host}, which is not asked",
                self.server()
            );
            return Err(Next::Fail(Problem::new(Status::Refused, text)));
        }
        self.fetch(now, Call::Picture(request), place);
        Ok(())
    }

    pub(super) fn picture_address(
        &self,
        question: &Question,
        result: Result<Reply, TransportError>,
    ) -> Next {
        let payload = match self.read::<ProfilePayload>(question, result) {
            Ok(payload) => payload,
            Err(next) => return next,
        };
        let url = payload
            .picture_url(self)
            .and_then(|url| Url::parse(&url).ok());
        match url {
            Some(url) => Next::Again(Stage::File(url, true)),
            None => Next::Fail(self.senseless(question)),
        }
    }

    /// `newest` says that the address was asked for just now.
    pub(super) fn picture_file(
        &self,
        question: &Question,
        (url, newest): (&Url, bool),
        request: RequestId,
        result: Result<Reply, TransportError>,
    ) -> Next {
        let reply = match result {
            Ok(reply) => reply,
            Err(error) => return Next::Fail(self.problem(&error, question.doing())),
        };
        // The picture was replaced since its address was heard of.
        if reply.status == 404 && !newest && self.features().has(Feature::Profile) {
            return Next::Again(Stage::Address);
        }
        if reply.status != 200 {
            let (server, status, doing) = (self.server(), reply.status, question.doing());
            let text = format!("{server} answered with HTTP status {status} while {doing}");
            return Next::Fail(Problem::new(Status::Http, text));
        }
        match (question, content_type(&reply.body)) {
            (Question::Picture(uid), Some(content_type)) => {
                let bytes = reply.body.into();
                told(
                    request,
                    *uid,
                    url,
                    Some(Image {
                        content_type,
                        bytes,
                    }),
                )
            }
            _ => Next::Fail(self.senseless(question)),
        }
    }

    /// The largest picture that is taken, in bytes.
    pub(super) fn picture_limit(&self) -> usize {
        let announced = self.page.extensions.as_ref();
        let limit = announced.and_then(|own| own.picture_limit.id());
        usize::try_from(limit.unwrap_or(PICTURE_LIMIT)).unwrap_or(usize::MAX)
    }
}

fn told(request: RequestId, uid: Uid, url: &Url, image: Option<Image>) -> Next {
    let url = Some(url.as_str().to_owned());
    let picture = Picture { uid, url, image };
    Next::from(Event::Picture { request, picture })
}
