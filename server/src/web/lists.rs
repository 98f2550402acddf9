//! Friend lists (docs/protocol.md, Pokes and lists), which old clients show as groups.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::app::App;
use super::auth::{Ajax, Form};
use super::envelope::{AjaxError, payload};
use super::params::Params;
use crate::service::lists::{List, ListError};
use crate::types::Uid;

impl From<ListError> for AjaxError {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Empty => AjaxError::Unexpected,
            ListError::TooLong(limit) => AjaxError::TooLong(limit),
            ListError::Exists => AjaxError::ListExists,
            ListError::TooMany => AjaxError::TooMany(error.to_string()),
            ListError::Unknown => AjaxError::Invalid(error.to_string()),
            ListError::TooOften(error) => error.into(),
            ListError::Store(error) => error.into(),
        }
    }
}

/// A list as clients know it: name, hidden, online.
#[derive(Serialize)]
pub struct ListInfo {
    n: String,
    h: u8,
    o: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    fl_data: BTreeMap<String, ListInfo>,
}

/// Lists by number, as `flData`.
pub fn list_data(lists: &[List]) -> BTreeMap<String, ListInfo> {
    let info = |list: &List| ListInfo {
        n: list.name.clone(),
        h: 0,
        o: 1,
    };
    lists
        .iter()
        .map(|list| (list.id.to_string(), info(list)))
        .collect()
}

/// The numbers of the lists that contain a user.
pub fn containing(lists: &[List], uid: Uid) -> Vec<String> {
    let with = lists.iter().filter(|list| list.members.contains(&uid));
    with.map(|list| list.id.to_string()).collect()
}

/// POST buddy_list_settings.php: adds or deletes a list, or moves a friend from one to another.
pub async fn change(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    let lists = &app.services.lists;
    if let Some(name) = params.get("create") {
        lists.create(&session, name).await?;
    } else if let Some(id) = list(&params, "delete")? {
        lists.delete(&session, id).await?;
    } else {
        let (from, to) = (list(&params, "old_flid")?, list(&params, "new_flid")?);
        let flag = |name| params.flag(name) == Some(true);
        let (from, to) = if flag("add_fl") {
            (None, to)
        } else if flag("remove_fl") {
            (from, None)
        } else if flag("move_fl") {
            (from, to)
        } else {
            return Err(AjaxError::Unexpected);
        };
        let friend = params.uid("drag_uid").ok_or(AjaxError::Unexpected)?;
        lists.move_friend(&session, friend, from, to).await?;
    }
    Ok(payload(Changed {
        fl_data: list_data(&lists.all(&session).await?),
    }))
}

/// The number of a list. "-1" stands for the friends in no list.
fn list(params: &Params, name: &str) -> Result<Option<i64>, AjaxError> {
    match params.get(name).map(str::trim) {
        None | Some("" | "-1") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| AjaxError::Unexpected),
    }
}
