//! Friend lists (docs/protocol.md, Pokes and lists), which old clients show as groups.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::auth::Ajax;
use super::envelope::{AjaxError, payload};
use super::params::{Params, plain};
use crate::app::App;
use crate::store::{List, ListChange, ListChanged};
use crate::types::Uid;

/// The longest name of a list, in characters.
const NAME: usize = 100;

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

/// The numbers of the lists that somebody is in.
pub fn containing(lists: &[List], uid: Uid) -> Vec<String> {
    let with = lists.iter().filter(|list| list.members.contains(&uid));
    with.map(|list| list.id.to_string()).collect()
}

/// POST buddy_list_settings.php: a new list, one less, or a friend from one to another.
pub async fn change(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
    params: Params,
) -> Result<Response, AjaxError> {
    session.check(&params)?;
    let owner = session.user.uid;
    let changed = app.store.change_lists(owner, wanted(&params)?).await?;
    match changed {
        ListChanged::Done => Ok(payload(Changed {
            fl_data: list_data(&app.store.lists(owner).await?),
        })),
        ListChanged::Exists => Err(AjaxError::ListExists),
        ListChanged::TooMany => Err(AjaxError::TooMany("You can have 100 lists.")),
        ListChanged::Unknown => Err(AjaxError::Invalid("There is no such list or friend.")),
    }
}

fn wanted(params: &Params) -> Result<ListChange, AjaxError> {
    if let Some(name) = params.get("create") {
        let name = plain(name);
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        return match name.chars().count() {
            0 => Err(AjaxError::Unexpected),
            1..=NAME => Ok(ListChange::Create(name)),
            _ => Err(AjaxError::TooLong(NAME)),
        };
    }
    let list = |name| match params.get(name).map(str::trim) {
        // "-1" is everybody else, which is no list.
        None | Some("" | "-1") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| AjaxError::Unexpected),
    };
    if let Some(id) = list("delete")? {
        return Ok(ListChange::Delete(id));
    }
    let flag = |name| params.flag(name) == Some(true);
    let (from, to) = (list("old_flid")?, list("new_flid")?);
    let (from, to) = if flag("add_fl") {
        (None, to)
    } else if flag("remove_fl") {
        (from, None)
    } else if flag("move_fl") {
        (from, to)
    } else {
        return Err(AjaxError::Unexpected);
    };
    Ok(ListChange::Move {
        friend: params.uid("drag_uid").ok_or(AjaxError::Unexpected)?,
        from,
        to,
    })
}
