//! What queries demand of a server, and which of them change something.

use crate::protocol::connect::web_session::WebSession;
use crate::status::{Problem, Status};
use crate::types::{Feature, Query};

/// The feature that a server must have for a query, and how sentences name it.
pub fn needs(query: &Query) -> Option<(Feature, &'static str)> {
    match query {
        // Servers of 2008 have both, in their own way.
        Query::History { .. } | Query::Picture(_) => None,
        Query::SetPicture(_) => Some((Feature::Pictures, "pictures")),
        Query::Profile(_) => Some((Feature::Profile, "profiles")),
        Query::Search(_) => Some((Feature::Search, "search")),
        Query::Friend { .. } => Some((Feature::Friends, "friend requests")),
        Query::SetStatus(_) => Some((Feature::Status, "status lines")),
        Query::Notifications => Some((Feature::Notifications, "notifications")),
        Query::Poke(_) => Some((Feature::Poke, "pokes")),
        Query::Block { .. } | Query::Blocked => Some((Feature::Block, "blocking")),
        Query::CreateGroup { .. } | Query::ChangeGroup { .. } => Some((Feature::Groups, "groups")),
        Query::SetName(_) => Some((Feature::Name, "changing the name")),
        Query::SetPassword { .. } => Some((Feature::Password, "changing the password")),
    }
}

/// True if a query changes something, so that a lost reply leaves a doubt.
pub fn is_write(query: &Query) -> bool {
    match query {
        Query::SetPicture(_)
        | Query::Friend { .. }
        | Query::SetStatus(_)
        | Query::Poke(_)
        | Query::Block { .. }
        | Query::CreateGroup { .. }
        | Query::ChangeGroup { .. }
        | Query::SetName(_)
        | Query::SetPassword { .. } => true,
        Query::History { .. }
        | Query::Picture(_)
        | Query::Profile(_)
        | Query::Search(_)
        | Query::Blocked
        | Query::Notifications => false,
    }
}

/// The problem of a query that is over the server's limits, and so need not be sent.
pub fn too_large(web: &WebSession, query: &Query) -> Option<Problem> {
    let (what, length, limit, unit) = match query {
        Query::SetStatus(Some(text)) => {
            let length = text.chars().count();
            ("status", length, web.status_limit(), "characters")
        }
        Query::SetPicture(Some(bytes)) => ("picture", bytes.len(), web.upload_limit(), "bytes"),
        _ => return None,
    };
    let limit = usize::try_from(limit?).ok()?;
    (length > limit).then(|| {
        let server = web.label();
        let text = format!("The {what} has {length} {unit}; {server} takes at most {limit}");
        Problem::new(Status::TooLong, text)
    })
}
