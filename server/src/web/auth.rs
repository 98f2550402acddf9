//! The session of a request. Ajax handlers take [`Ajax`], pages take [`Page`], and [`Form`] around them if they need parameters. All
//! answer by themselves if nobody is logged in.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::envelope::AjaxError;
use super::params::Params;
use super::{cookies, pages};
use crate::config::Config;
use crate::secrets;
use crate::service::StoreError;
use crate::types;

/// A session with the secret of its cookie, from which the tokens in pages are derived.
pub struct Session {
    session: types::Session,
    secret: String,
}

impl Deref for Session {
    type Target = types::Session;

    fn deref(&self) -> &types::Session {
        &self.session
    }
}

impl Session {
    /// The session of these cookies, if there is one.
    pub async fn find(app: &App, headers: &HeaderMap) -> Result<Option<Self>, StoreError> {
        let (Some(secret), Some(uid)) =
            (cookies::get(headers, "xs"), cookies::get(headers, "c_user"))
        else {
            return Ok(None);
        };
        let session = app.services.sessions.find(secret).await?;
        let session = session.filter(|session| session.user.uid.to_string() == uid);
        Ok(session.map(|session| Session {
            session,
            secret: secret.to_owned(),
        }))
    }

    /// Lets the browser keep the cookies of a kept session for longer.
    pub fn renew_cookies(&self, config: &Config, headers: &HeaderMap, response: &mut Response) {
        if self.kept.is_some() {
            let scope = cookies::Scope::new(config, headers);
            scope.log_in(response, self.user.uid, &self.secret, self.kept);
        }
    }

    /// The session without its secret.
    pub fn into_inner(self) -> types::Session {
        self.session
    }

    /// The token that pages carry and writes bring back.
    pub fn post_form_id(&self) -> String {
        secrets::token("post_form_id", &self.secret)
    }

    /// The second token of 2009; it is never checked.
    pub fn fb_dtsg(&self) -> String {
        secrets::token("fb_dtsg", &self.secret)
    }

    /// The token in the link to the feed.
    pub fn feed_key(&self) -> String {
        secrets::token("feed", &self.secret)
    }

    /// Refuses a write that does not come from one of this session's pages.
    pub fn check_csrf(&self, params: &Params) -> Result<(), AjaxError> {
        let given = params.get("post_form_id").unwrap_or_default();
        if secrets::same(given, &self.post_form_id()) {
            Ok(())
        } else {
            Err(AjaxError::BadToken)
        }
    }
}

/// The session of an ajax request.
pub struct Ajax(pub Session);

impl FromRequestParts<Arc<App>> for Ajax {
    type Rejection = AjaxError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, AjaxError> {
        let session = Session::find(app, &parts.headers).await?;
        let session = session.ok_or(AjaxError::NotLoggedIn)?;
        app.services.presences.touch(&session, false);
        Ok(Ajax(session))
    }
}

/// The session of a page. Loading a page counts as activity of a user who is online.
pub struct Page(pub Session);

impl FromRequestParts<Arc<App>> for Page {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        match Session::find(app, &parts.headers).await {
            Ok(Some(session)) => {
                app.services.presences.touch(&session, true);
                Ok(Page(session))
            }
            Ok(None) => Err(pages::to_login(&app.config, &parts.headers)),
            Err(error) => Err(AjaxError::from(error).into_response()),
        }
    }
}

/// The parameters of a request and the session that sends it, which is looked up when all of the body has arrived: until then it may have
/// been ended.
pub struct Form<S>(pub S, pub Params);

impl<S: FromRequestParts<Arc<App>>> FromRequest<Arc<App>> for Form<S> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let (mut rest, ()) = axum::http::Request::new(()).into_parts();
        // The session is in the headers, the parameters are in the rest.
        std::mem::swap(&mut parts.headers, &mut rest.headers);
        let request = Request::from_parts(parts, body);
        let params = Params::from_request(request, app).await?;
        let mut parts = rest;
        let session = S::from_request_parts(&mut parts, app).await;
        let session = session.map_err(IntoResponse::into_response)?;
        Ok(Form(session, params))
    }
}

#[cfg(test)]
impl Session {
    /// A session that no store knows.
    pub fn for_test(uid: crate::types::Uid, name: &str) -> Self {
        let user = crate::types::User {
            uid,
            email: "t@example.org".into(),
            name: name.into(),
            visible: true,
            picture: None,
            status: None,
            since: None,
            username: String::new(),
        };
        let key = secrets::session_key("s");
        Session {
            session: types::Session {
                user,
                key,
                kept: None,
            },
            secret: "s".into(),
        }
    }
}
