//! Who is asking. Ajax handlers take [`Ajax`], pages take [`Page`]; each answers for itself if nobody is logged in.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::envelope::AjaxError;
use super::params::Params;
use super::{cookies, pages};
use crate::app::App;
use crate::secrets;
use crate::store::StoreError;
use crate::types::{SessionKey, User};

/// A login.
pub struct Session {
    /// Whose.
    pub user: User,
    /// Under which key it is stored.
    pub key: SessionKey,
    secret: String,
}

impl Session {
    /// The session of these cookies, if there is one.
    pub async fn find(app: &App, headers: &HeaderMap) -> Result<Option<Self>, StoreError> {
        let (Some(secret), Some(uid)) =
            (cookies::get(headers, "xs"), cookies::get(headers, "c_user"))
        else {
            return Ok(None);
        };
        let key = secrets::session_key(secret);
        let user = app
            .store
            .session(key)
            .await?
            .filter(|user| user.uid.to_string() == uid);
        Ok(user.map(|user| Session {
            user,
            key,
            secret: secret.to_owned(),
        }))
    }

    /// The token that pages carry and writes bring back.
    pub fn post_form_id(&self) -> String {
        secrets::token("post_form_id", &self.secret)
    }

    /// The second token of 2009; never asked for.
    pub fn fb_dtsg(&self) -> String {
        secrets::token("fb_dtsg", &self.secret)
    }

    /// What the link to the feed carries.
    pub fn feed_key(&self) -> String {
        secrets::token("feed", &self.secret)
    }

    /// Refuses a write that does not come from one of our pages' readers.
    pub fn check(&self, params: &Params) -> Result<(), AjaxError> {
        let given = params.get("post_form_id").unwrap_or_default();
        if secrets::same(given, &self.post_form_id()) {
            Ok(())
        } else {
            Err(AjaxError::BadToken)
        }
    }

    /// Notes that the client is there to chat; `active` if a person is.
    pub fn seen(&self, app: &App, active: bool) {
        if app.hub.seen(self.user.uid, self.key, active) {
            app.tell_presence(self.user.uid);
        }
    }

    /// Notes a request that shows the user to nobody: until he polls, fetches the list, sends or switches chat on, his
    /// client may still want to say that he is invisible.
    fn glimpsed(&self, app: &App, active: bool) {
        if app.hub.glimpsed(self.user.uid, self.key, active) {
            app.tell_presence(self.user.uid);
        }
    }
}

/// The session of an ajax request.
pub struct Ajax(pub Session);

impl FromRequestParts<Arc<App>> for Ajax {
    type Rejection = AjaxError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, AjaxError> {
        let session = Session::find(app, &parts.headers)
            .await?
            .ok_or(AjaxError::NotLoggedIn)?;
        session.glimpsed(app, false);
        Ok(Ajax(session))
    }
}

/// The session of a page; loading one is a sign of life of somebody who is online.
pub struct Page(pub Session);

impl FromRequestParts<Arc<App>> for Page {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        match Session::find(app, &parts.headers).await {
            Ok(Some(session)) => {
                session.glimpsed(app, true);
                Ok(Page(session))
            }
            Ok(None) => Err(pages::to_login(&app.config, &parts.headers)),
            Err(error) => Err(AjaxError::from(error).into_response()),
        }
    }
}

#[cfg(test)]
impl Session {
    /// A session that no store knows.
    pub fn for_test(uid: crate::types::Uid, name: &str) -> Self {
        let user = User {
            uid,
            email: "t@example.org".into(),
            name: name.into(),
            visible: true,
            picture: None,
            status: None,
            since: None,
        };
        Session {
            user,
            key: secrets::session_key("s"),
            secret: "s".into(),
        }
    }
}
