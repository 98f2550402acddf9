//! What came of an ajax request, and the sentences that tell a host what went wrong.

use crate::protocol::action::Action;
use crate::protocol::error_code::ErrorCode;
use crate::protocol::wire::exchange::{Outcome, Reply, TransportError, TransportFault};
use crate::protocol::wire::reply::{self, AjaxError, NotJson};
use crate::status::{Problem, Status};
use serde::Deserialize;

/// Why a request brought nothing.
#[derive(Debug)]
pub enum Failure {
    /// The server said no.
    Refused(AjaxError),
    /// No usable reply came.
    Lost(Problem),
}

/// A payload that does not matter.
#[derive(Debug, Deserialize)]
pub struct Ignored {}

/// Reads the payload of a reply. `doing` is what the session was doing, for the middle of a sentence.
pub fn read<T: for<'b> Deserialize<'b>>(
    server: &str,
    outcome: Outcome,
    doing: &str,
) -> Result<Option<T>, Failure> {
    let works = |status| status < 300;
    payload(server, outcome, doing, works, reply::ajax)
}

/// Reads the reply to a write or a query. Only a reply that says outright that it worked counts: the page of a proxy may
/// contain an object, too.
pub fn read_explicit<T: for<'b> Deserialize<'b>>(
    server: &str,
    outcome: Outcome,
    doing: &str,
) -> Result<Option<T>, Failure> {
    let works = |status| status == 200;
    payload(server, outcome, doing, works, reply::explicit)
}

fn payload<T>(
    server: &str,
    outcome: Outcome,
    doing: &str,
    works: fn(u16) -> bool,
    read: fn(&[u8]) -> Result<reply::Answer<T>, NotJson>,
) -> Result<Option<T>, Failure> {
    let reply = match outcome {
        Ok(reply) => reply,
        Err(error) => return Err(Failure::Lost(transport(server, &error, doing))),
    };
    match read(&reply.body) {
        Ok(Ok(payload)) if works(reply.status) => Ok(payload),
        Ok(Err(error)) => Err(Failure::Refused(error)),
        _ if reply.status >= 300 => Err(Failure::Lost(http(server, reply.status, doing))),
        _ => Err(Failure::Lost(not_a_chat_reply(server, doing))),
    }
}

/// Reads the reply to a step that is not essential. A refusal is ignored unless it is about the session itself.
pub fn read_step<T: for<'b> Deserialize<'b>>(reply: &Reply) -> Result<Option<T>, Box<Action>> {
    match reply::ajax::<T>(&reply.body) {
        Ok(Err(error)) if error.is_logged_out() => Err(Box::new(Action::LoggedOut)),
        Ok(Err(error)) if error.is_stale_token() => Err(Box::new(Action::StaleToken)),
        Ok(Ok(payload)) => Ok(payload),
        Ok(Err(_)) | Err(NotJson) => Ok(None),
    }
}

/// The problem of an exchange that ended without a reply.
pub fn transport(server: &str, error: &TransportError, doing: &str) -> Problem {
    let detail = &error.detail;
    let text = match error.fault.status() {
        Status::Dns => format!("Could not find {server}: {detail}"),
        Status::Resources => format!("Could not reach {server}: {detail}"),
        Status::Connect => format!("Could not connect to {server}: {detail}"),
        Status::Tls => format!("No secure connection to {server}: {detail}"),
        Status::Timeout => format!("{server} took too long to answer while {doing}"),
        Status::Io => format!("Lost the connection to {server} while {doing}: {detail}"),
        _ if error.fault == TransportFault::Encoded => {
            format!(
                "{server}, or a proxy before it, sent an answer that cannot be read while {doing}: {detail}"
            )
        }
        Status::Descriptor => format!("Failed while {doing}: {detail}"),
        _ if error.fault == TransportFault::Unusable => {
            format!("{server} sent what cannot be used while {doing}: {detail}")
        }
        _ => format!("{server} sent too much while {doing}: {detail}"),
    };
    let mut problem = Problem::new(error.fault.status(), text);
    if let TransportFault::Tls(untrusted) = error.fault {
        problem.untrusted = untrusted;
    }
    problem
}

/// The problem of a reply with an HTTP status that is not a success.
pub fn http(server: &str, status: u16, doing: &str) -> Problem {
    let kind = match status {
        429 => Status::RateLimited,
        _ => Status::Http,
    };
    let text = format!("{server} answered with HTTP status {status} while {doing}");
    Problem::new(kind, text)
}

/// The problem of a reply that is something else, as from a proxy.
pub fn not_a_chat_reply(server: &str, doing: &str) -> Problem {
    let text = format!("{server} sent something that is not a chat reply while {doing}");
    Problem::new(Status::BadReply, text)
}

/// The problem of a reply that does not contain what was asked for.
pub fn not_an_answer(server: &str, doing: &str) -> Problem {
    let text = format!("{server} sent something that is not an answer while {doing}");
    Problem::new(Status::BadReply, text)
}

/// The problem of a server that says no.
pub fn refused(server: &str, error: AjaxError) -> Problem {
    let text = match error.description.is_empty() {
        true => format!("{server} refused the request (error {})", error.code),
        false => error.description,
    };
    let status = match error.code {
        ErrorCode::NOT_LOGGED_IN => Status::LoggedOut,
        ErrorCode::SERVER_BUSY | ErrorCode::LIMIT_REACHED => Status::RateLimited,
        _ => Status::Refused,
    };
    Problem::new(status, text)
}

/// The problem of a server that lacks a feature.
pub fn unsupported(server: &str, what: &str) -> Problem {
    let text = format!("{server} does not offer {what}");
    Problem::new(Status::Unsupported, text)
}

/// The problem of a write that the server may have carried out before the connection broke.
pub fn in_doubt(problem: Problem) -> Problem {
    let text = format!("{}; it may or may not have been done", problem.text);
    Problem::new(Status::OutcomeUnknown, text)
}

/// The problem of an address that leads to something else.
pub fn not_a_chat_server(server: &str, why: &str) -> Problem {
    let text =
        format!("{server} does not look like an fbchat server ({why}). Check the server address");
    Problem::new(Status::ServerChanged, text)
}
