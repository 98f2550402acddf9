//! Group conversations: the calls of this project, and those of 2010 (docs/protocol.md, Groups).

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;

use super::app::App;
use super::auth::{Ajax, Form};
use super::envelope::{AjaxError, done, payload};
use super::pages;
use super::pictures::thumb_src;
use crate::service::groups::{Group, GroupError};
use crate::types::{Uid, User};

impl From<GroupError> for AjaxError {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Unknown
            | GroupError::NotOwner
            | GroupError::NotFriends
            | GroupError::HasLeft
            | GroupError::Name(_) => AjaxError::Invalid(error.to_string()),
            GroupError::TooManyMembers | GroupError::TooManyGroups => {
                AjaxError::TooMany(error.to_string())
            }
            GroupError::TooOften(error) => error.into(),
            GroupError::Nobody | GroupError::CreateId => AjaxError::Unexpected,
            GroupError::Store(error) => error.into(),
        }
    }
}

#[derive(Serialize)]
struct GroupList {
    groups: Vec<GroupInfo>,
}

#[derive(Serialize)]
struct GroupInfo {
    gid: Uid,
    name: String,
    owner: Option<Uid>,
    members: Vec<MemberInfo>,
    muted: bool,
    unread: i64,
    time: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberInfo {
    uid: Uid,
    name: String,
    thumb_src: String,
}

/// GET /ajax/fbchat/groups.php: the user's groups with their members.
pub async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Ajax(session): Ajax,
) -> Result<Response, AjaxError> {
    let origin = pages::origin(&headers);
    let groups = app.services.groups.all(&session).await?.into_iter();
    let groups = groups.map(|(group, members)| GroupInfo {
        gid: group.gid,
        name: group.name,
        owner: members.first().map(|owner| owner.uid),
        members: members
            .into_iter()
            .map(|user| MemberInfo {
                uid: user.uid,
                thumb_src: thumb_src(&origin, &user),
                name: user.name,
            })
            .collect(),
        muted: group.muted,
        unread: group.unread,
        time: group.time,
    });
    Ok(payload(GroupList {
        groups: groups.collect(),
    }))
}

#[derive(Serialize)]
struct Created {
    gid: Uid,
}

/// POST /ajax/fbchat/groups.php: creates a group, or changes one.
pub async fn change(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    let groups = &app.services.groups;
    let uids = |name| params.uids(name).ok_or(AjaxError::Unexpected);
    if let Some(name) = params.get("create") {
        let create_id = params.get("create_id").unwrap_or_default();
        let created = groups.create(&session, name, uids("ids")?, create_id);
        return Ok(payload(Created {
            gid: created.await?,
        }));
    }
    let gid = params.uid("gid").ok_or(AjaxError::Unexpected)?;
    let added = uids("add")?;
    if !added.is_empty() {
        groups.add(&session, gid, added).await?;
    } else if let Some(uid) = params.uid("remove") {
        groups.remove(&session, gid, uid).await?;
    } else if let Some(name) = params.get("name") {
        groups.rename(&session, gid, name).await?;
    } else if let Some(muted) = params.flag("mute") {
        groups.mute(&session, gid, muted).await?;
    } else if params.flag("leave") == Some(true) {
        groups.leave(&session, gid).await?;
    } else {
        return Err(AjaxError::Unexpected);
    }
    Ok(done())
}

#[derive(Template)]
#[template(path = "group_links.html")]
struct Links<'a> {
    groups: &'a [(Group, Vec<User>)],
}

#[derive(Serialize)]
struct Html {
    html: String,
}

/// GET /ajax/home/groups.php: links to the user's groups. Clients of 2010 look for them in the bytes of the answer.
pub async fn links(
    State(app): State<Arc<App>>,
    Ajax(session): Ajax,
) -> Result<Response, AjaxError> {
    let groups = app.services.groups.all(&session).await?;
    let links = Links { groups: &groups };
    Ok(payload(Html {
        html: links.render()?,
    }))
}

#[derive(Serialize)]
struct Facepile {
    facepile_click_info: Vec<Face>,
}

#[derive(Serialize)]
struct Face {
    uid: Uid,
    name: String,
}

/// POST update_facepiles.php: the other members of a group, as clients of 2010 ask for them. They add their own user themselves.
pub async fn facepile(
    State(app): State<Arc<App>>,
    Form(Ajax(session), params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    let gid = params.uid("gid").ok_or(AjaxError::Unexpected)?;
    let members = app.services.groups.members(&session, gid).await?;
    let others = members
        .into_iter()
        .filter(|user| user.uid != session.user.uid);
    Ok(payload(Facepile {
        facepile_click_info: others
            .map(|user| Face {
                uid: user.uid,
                name: user.name,
            })
            .collect(),
    }))
}
