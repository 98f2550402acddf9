//! What a host is told of a message that the server refuses.

use crate::protocol::error_code::ErrorCode;
use crate::protocol::wire::reply::AjaxError;
use crate::status::{Problem, Status};

/// The problem of a message that the server refuses.
pub fn refusal(error: AjaxError) -> Problem {
    let code = error.code;
    let said = |otherwise: &str| match error.description.is_empty() {
        true => format!("{otherwise} (error {code})"),
        false => error.description.clone(),
    };
    match code {
        ErrorCode::RECIPIENT_OFFLINE => {
            Problem::new(Status::RecipientOffline, said("This person is not online"))
        }
        ErrorCode::CAPTCHA => Problem::new(
            Status::Challenge,
            said("The server wants a captcha solved in a web browser"),
        ),
        ErrorCode::CHAT_IS_OFF => Problem::new(
            Status::Refused,
            "Your chat is switched off (invisible), so the server takes no messages from you",
        ),
        _ => Problem::new(Status::Refused, said("The server refused the message")),
    }
}
