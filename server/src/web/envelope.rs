//! The envelope around every ajax answer (docs/protocol.md, Conventions) and the errors in it (Errors).

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::response::text;
use crate::json;
use crate::service::StoreError;
use crate::service::user_limit::TooOften;

/// Keeps a page of another site from reading the answer as a script.
const PREFIX: &str = "for (;;);";
const MEDIA_TYPE: &str = "application/x-javascript; charset=utf-8";

/// What goes wrong with ajax requests, in the words of 2008 where there were any.
#[derive(Debug, PartialEq, Eq)]
pub enum AjaxError {
    /// There is no session, or it has ended.
    NotLoggedIn,
    /// The page's token is missing or old.
    BadToken,
    /// The sender has switched chat off.
    ChatOff,
    /// The recipient cannot be reached, or is unknown to the sender.
    NotOnline,
    /// The sender is not in the group, or the group does not exist.
    NotInGroup,
    /// A parameter is missing or makes no sense.
    Unexpected,
    /// The text is longer than this.
    TooLong(usize),
    /// Something that the user can correct; the sentence says how.
    Invalid(String),
    /// More than is allowed; the sentence says of what.
    TooMany(String),
    /// Messages come faster than they are taken; the sentence says when the next one is.
    TooFast(String),
    /// There is a list of that name.
    ListExists,
    /// The request is larger than the server reads.
    TooLarge,
    /// The request arrives more slowly than the server waits.
    TooSlow,
    /// Too many bytes are on their way.
    Overloaded,
    /// The server has too much to do.
    Busy,
    /// The store failed.
    NotStored,
}

impl AjaxError {
    fn parts(self) -> (u32, &'static str, String) {
        let (code, summary, description) = match self {
            AjaxError::NotLoggedIn => (
                1_357_001,
                "Not Logged In",
                "You must be logged in to do that.",
            ),
            AjaxError::BadToken => (
                1_357_004,
                "Sorry, something went wrong",
                "Please reload the page and try again.",
            ),
            AjaxError::ChatOff => (
                1_356_002,
                "Chat is off",
                "You are offline in chat. Go online to send messages.",
            ),
            AjaxError::NotOnline => (
                1_356_003,
                "Person not online",
                "This person is no longer online.",
            ),
            AjaxError::NotInGroup => (1_356_003, "Not in the group", "You are not in this group."),
            AjaxError::Unexpected => (
                1_356_004,
                "Unexpected error",
                "An unexpected error occurred. Please try again.",
            ),
            AjaxError::TooLong(limit) => {
                let text = format!(
                    "Your text is too long: the limit is {limit} characters. Shorten it or send it in parts."
                );
                return (1_357_005, "Text too long", text);
            }
            AjaxError::Invalid(why) => return (1_357_005, "Not possible", why),
            AjaxError::TooMany(why) => return (1_395_001, "Too many", why),
            AjaxError::TooFast(why) => return (1_356_008, "Too many messages", why),
            AjaxError::ListExists => (
                1_409_001,
                "List exists",
                "You have a list of that name already. Choose another name.",
            ),
            AjaxError::TooLarge => (
                1_357_005,
                "Request too large",
                "Your request is too large. Send less at once.",
            ),
            AjaxError::TooSlow => (
                1_357_005,
                "Too slow",
                "This arrives too slowly. Try again with a faster connection.",
            ),
            AjaxError::Overloaded => (
                1_356_008,
                "Server busy",
                "Too much is being sent to the server at the moment. Try again in a few seconds.",
            ),
            AjaxError::Busy => (
                1_356_008,
                "Too many messages",
                "The server is busy. Try again in a few seconds.",
            ),
            AjaxError::NotStored => (
                1_356_004,
                "Not stored",
                "The server could not store this. Try again later, or tell its operator.",
            ),
        };
        (code, summary, description.to_owned())
    }

    /// The sentence for the user.
    pub fn sentence(self) -> String {
        self.parts().2
    }
}

impl From<askama::Error> for AjaxError {
    fn from(error: askama::Error) -> Self {
        log::error!("cannot fill in a template: {error}");
        AjaxError::Unexpected
    }
}

impl From<TooOften> for AjaxError {
    fn from(error: TooOften) -> Self {
        AjaxError::TooMany(error.to_string())
    }
}

impl From<StoreError> for AjaxError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => AjaxError::Busy,
            error => {
                log::log!(error.level(), "{error}");
                AjaxError::NotStored
            }
        }
    }
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    error: u32,
    #[serde(rename = "errorSummary")]
    summary: &'a str,
    #[serde(rename = "errorDescription")]
    description: &'a str,
    payload: T,
    bootload: [(); 0],
}

/// The result for one of several things that a request asks for, with the names of the envelope.
#[derive(Serialize)]
pub struct Refusal {
    error: u32,
    #[serde(rename = "errorDescription", skip_serializing_if = "String::is_empty")]
    description: String,
}

impl Refusal {
    pub fn of(error: Option<AjaxError>) -> Self {
        let (error, _, description) = error.map_or((0, "", String::new()), AjaxError::parts);
        Refusal { error, description }
    }
}

fn wrap<T: Serialize>(error: u32, summary: &str, description: &str, payload: T) -> Response {
    script(json::to_string(&Envelope {
        error,
        summary,
        description,
        payload,
        bootload: [],
    }))
}

/// A script: `for (;;);` and JSON.
pub fn script(json: String) -> Response {
    text(StatusCode::OK, MEDIA_TYPE, [PREFIX, &json].concat())
}

/// Success with a payload.
pub fn payload(payload: impl Serialize) -> Response {
    wrap(0, "", "No error.", payload)
}

/// Success without a payload: PHP's empty array.
pub fn done() -> Response {
    payload([(); 0])
}

impl IntoResponse for AjaxError {
    fn into_response(self) -> Response {
        let status = match self {
            AjaxError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            AjaxError::TooSlow => StatusCode::REQUEST_TIMEOUT,
            AjaxError::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        };
        let (code, summary, description) = self.parts();
        let mut response = wrap(code, summary, &description, ());
        *response.status_mut() = status;
        response
    }
}

impl From<AjaxError> for Response {
    fn from(error: AjaxError) -> Self {
        error.into_response()
    }
}
