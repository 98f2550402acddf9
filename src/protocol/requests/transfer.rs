//! One upload or download: the requests to the server, and the meaning of its replies (docs/protocol.md, Files).

use crate::protocol::answer::{self, Failure};
use crate::protocol::backoff::Backoff;
use crate::protocol::connect::web_session::WebSession;
use crate::protocol::wire::exchange::{Outcome, Reply, Stream, TransportFault};
use crate::protocol::wire::json::{Int, Text};
use crate::protocol::wire::request::{Request, Upload};
use crate::status::{Problem, Status};
use crate::types::{
    DownloadTarget, Event, File, FileKind, Millis, RequestId, is_file_id, name_line,
};
use serde::Deserialize;

/// The maximum size of a download to the host, unless the server accepts larger files, in bytes.
const LARGEST: u64 = 1 << 30;

/// What is transferred.
#[derive(Debug)]
pub enum Kind {
    Upload {
        name: String,
        upload_id: u64,
    },
    Download {
        file: String,
        target: DownloadTarget,
    },
}

/// An unfinished upload or download.
#[derive(Debug)]
pub struct Transfer {
    pub kind: Kind,
    pub under_way: bool,
    /// New tokens were fetched for it.
    pub cured: bool,
    pub backoff: Backoff,
    /// Attempts that have failed.
    pub attempts: u32,
    /// When it may be tried again.
    pub retry_at: Millis,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct UploadedPayload {
    file_id: Text,
    name: Text,
    size: Int,
    mime: Text,
    url: Text,
    width: Int,
    height: Int,
}

impl Transfer {
    pub fn room<'a>(&self, uploads: &'a mut usize, downloads: &'a mut usize) -> &'a mut usize {
        match self.kind {
            Kind::Upload { .. } => uploads,
            Kind::Download { .. } => downloads,
        }
    }

    fn doing(&self) -> &'static str {
        match self.kind {
            Kind::Upload { .. } => "uploading a file",
            Kind::Download { .. } => "downloading a file",
        }
    }

    pub fn request(
        &self,
        web: &WebSession,
        rng: &mut fastrand::Rng,
        request: RequestId,
    ) -> Request {
        match &self.kind {
            Kind::Upload { name, upload_id } => {
                let url = web.server().at("/ajax/messaging/upload.php");
                let upload = Upload {
                    token: web.form_id(),
                    upload_id: *upload_id,
                    name,
                };
                Request::upload_file(url, upload, request, rng.u128(..))
            }
            Kind::Download { file, target } => {
                let (name, most) = match target {
                    DownloadTarget::Memory { preview, limit } => {
                        let name = if *preview { "preview" } else { "file" };
                        (name, u64::try_from(*limit).unwrap_or(u64::MAX))
                    }
                    DownloadTarget::Host => ("file", web.file_limit().max(LARGEST)),
                };
                let url = web.server().at(&format!("/files/{file}/{name}"));
                Request {
                    stream: Some(Stream::Download { request, most }),
                    ..Request::get(url)
                }
            }
        }
    }

    /// Reads the reply: the event that ends the transfer.
    pub fn read(
        &self,
        web: &WebSession,
        request: RequestId,
        outcome: Outcome,
    ) -> Result<Event, Failure> {
        let (server, doing) = (web.label(), self.doing());
        match &self.kind {
            Kind::Upload { .. } => {
                if outcome.as_ref().is_ok_and(|reply| reply.status == 413) {
                    let text = format!("{server} takes no file of this size");
                    return Err(Failure::Lost(Problem::new(Status::TooLong, text)));
                }
                let payload: Option<UploadedPayload> =
                    answer::read_explicit(&server, outcome, doing)?;
                let file = uploaded(web, payload.unwrap_or_default());
                let file =
                    file.ok_or_else(|| Failure::Lost(answer::not_an_answer(&server, doing)))?;
                Ok(Event::File {
                    request,
                    file: Box::new(file),
                    content: None,
                })
            }
            Kind::Download { file, target } => {
                let reply = outcome.map_err(|error| {
                    let mut problem = answer::transport(&server, &error, doing);
                    if error.fault == TransportFault::TooLarge {
                        problem.status = Status::TooLong;
                    }
                    Failure::Lost(problem)
                })?;
                let fail = |status, text| Err(Failure::Lost(Problem::new(status, text)));
                match (reply.content_type, reply.status, target) {
                    (Some(_), 200 | 206, DownloadTarget::Host) => Ok(Event::Done { request }),
                    (Some(content_type), 200 | 206, DownloadTarget::Memory { .. }) => {
                        let bytes = reply.body;
                        Ok(Event::File {
                            request,
                            file: Box::new(downloaded(web, file, content_type, bytes.len())),
                            content: Some(bytes.into()),
                        })
                    }
                    (_, 404, _) => {
                        let text = format!("{server} has no such file, or it is not for you");
                        fail(Status::Refused, text)
                    }
                    (_, 410, _) => {
                        let text = format!(
                            "{server} does not keep this file any more; ask for it to be sent again"
                        );
                        fail(Status::Gone, text)
                    }
                    (_, status, _) => {
                        let reply = Reply {
                            status,
                            body: reply.body,
                            ..Reply::default()
                        };
                        let said =
                            answer::read_explicit::<answer::Ignored>(&server, Ok(reply), doing);
                        Err(said.err().unwrap_or_else(|| {
                            Failure::Lost(answer::not_an_answer(&server, doing))
                        }))
                    }
                }
            }
        }
    }
}

/// True if another attempt may succeed.
pub fn is_passing(outcome: &Outcome) -> bool {
    match outcome {
        Ok(reply) => matches!(reply.status, 408 | 425 | 429 | 500 | 502..=504),
        Err(error) => matches!(
            error.fault,
            TransportFault::Dns
                | TransportFault::Resources
                | TransportFault::Connect
                | TransportFault::Timeout
                | TransportFault::Io
        ),
    }
}

fn kind(content_type: &str) -> FileKind {
    match content_type.starts_with("image/") {
        true => FileKind::Photo,
        false => FileKind::Other,
    }
}

fn uploaded(web: &WebSession, payload: UploadedPayload) -> Option<File> {
    let id = payload.file_id.0.filter(|id| is_file_id(id))?;
    let name = name_line(&payload.name.or_empty());
    let content_type = payload.mime.or_empty();
    let points = |points: Int| u32::try_from(points.id().unwrap_or(0)).unwrap_or(0);
    let (width, height) = (points(payload.width), points(payload.height));
    Some(File {
        url: web.file_url(&payload.url.or_empty(), &id, &name),
        // Only pictures that the server has decoded have a size and a preview.
        kind: if width > 0 {
            kind(&content_type)
        } else {
            FileKind::Other
        },
        size: payload.size.id().unwrap_or(0),
        content_type,
        width,
        height,
        id,
        name,
    })
}

fn downloaded(web: &WebSession, id: &str, content_type: String, size: usize) -> File {
    File {
        id: id.to_owned(),
        name: String::new(),
        size: u64::try_from(size).unwrap_or(u64::MAX),
        kind: kind(&content_type),
        url: web.file_url("", id, ""),
        content_type,
        width: 0,
        height: 0,
    }
}
