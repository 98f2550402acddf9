//! Registering accounts, if the operator allows it, and changing passwords.

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::app::App;
use super::auth::{Ajax, Form};
use super::envelope::{AjaxError, done, payload};
use super::login::{OLD_FORM, no_randomness, open_session};
use super::params::Params;
use super::{cookies, pages, same_origin};
use crate::net::connection_limits::Peer;
use crate::service::accounts::{PasswordError, RegisterError, Registrant, SHORTEST_PASSWORD};
use crate::service::passwords::HashError;
use crate::types::Uid;

impl From<HashError> for AjaxError {
    fn from(error: HashError) -> Self {
        log::error!("{error}");
        AjaxError::NotStored
    }
}

impl From<RegisterError> for AjaxError {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Hash(error) => error.into(),
            RegisterError::Store(error) => error.into(),
            error => AjaxError::Invalid(error.to_string()),
        }
    }
}

impl From<PasswordError> for AjaxError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Hash(error) => error.into(),
            PasswordError::Store(error) => error.into(),
            error => AjaxError::Invalid(error.to_string()),
        }
    }
}

/// GET register.php: the form, or why there is none.
pub async fn form(State(app): State<Arc<App>>, headers: HeaderMap, params: Params) -> Response {
    let invite = params.get("invite").unwrap_or_default();
    match app.services.accounts.may_register(invite).await {
        Ok(()) => page(&app, &headers, StatusCode::OK, &params, None),
        Err(error) => page(
            &app,
            &headers,
            StatusCode::FORBIDDEN,
            &params,
            Some(error.into()),
        ),
    }
}

#[derive(Template)]
#[template(path = "register.html")]
struct Register<'a> {
    wrong: Option<&'a str>,
    possible: bool,
    lsd: &'a str,
    invite: &'a str,
    name: &'a str,
    email: &'a str,
}

/// The form, with what went wrong.
fn page(
    app: &App,
    headers: &HeaderMap,
    status: StatusCode,
    params: &Params,
    error: Option<AjaxError>,
) -> Response {
    let lsd = match same_origin::form_token(headers) {
        Ok(lsd) => lsd,
        Err(error) => return no_randomness(error),
    };
    let wrong = error.map(AjaxError::sentence);
    let value = |name| params.get(name).unwrap_or_default();
    let page = Register {
        wrong: wrong.as_deref(),
        possible: status != StatusCode::FORBIDDEN,
        lsd: &lsd,
        invite: value("invite"),
        name: value("name"),
        email: value("email"),
    };
    let mut response = pages::page(status, &page);
    cookies::Scope::new(&app.config, headers).set(&mut response, "lsd", &lsd);
    response
}

/// POST register.php: registers an account and logs its user in.
pub async fn register(
    State(app): State<Arc<App>>,
    Extension(Peer(address)): Extension<Peer>,
    headers: HeaderMap,
    mut params: Params,
) -> Response {
    if !same_origin::has_form_token(&headers, &params) {
        let old = AjaxError::Invalid(OLD_FORM.to_owned());
        return page(&app, &headers, StatusCode::OK, &params, Some(old));
    }
    let error = match add(&app, address, &mut params).await {
        Ok(uid) => return open_session(&app, &headers, address, uid, false, None).await,
        Err(error) => error,
    };
    let status = match error {
        RegisterError::Closed | RegisterError::NotInvited => StatusCode::FORBIDDEN,
        _ => StatusCode::OK,
    };
    match AjaxError::from(error) {
        error @ AjaxError::NotStored => error.into_response(),
        error => page(&app, &headers, status, &params, Some(error)),
    }
}

#[derive(Serialize)]
struct Added {
    uid: Uid,
}

/// POST /ajax/fbchat/register.php: the same for programs.
pub async fn register_ajax(
    State(app): State<Arc<App>>,
    Extension(Peer(address)): Extension<Peer>,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, AjaxError> {
    if !same_origin::has_form_token(&headers, &params) {
        return Err(AjaxError::BadToken);
    }
    let uid = add(&app, address, &mut params).await?;
    let session = open_session(&app, &headers, address, uid, false, None).await;
    let mut response = payload(Added { uid });
    let cookies: Vec<HeaderValue> = session
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .cloned()
        .collect();
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

async fn add(
    app: &App,
    address: Option<IpAddr>,
    params: &mut Params,
) -> Result<Uid, RegisterError> {
    let password = params.take_secret("pass");
    let field = |name| params.get(name).unwrap_or_default();
    let registrant = Registrant {
        invite: field("invite"),
        email: field("email"),
        name: field("name"),
        username: None,
        password,
    };
    app.services.accounts.register(registrant, address).await
}

/// POST /ajax/fbchat/password.php `old`, `new`
pub async fn password(
    State(app): State<Arc<App>>,
    Extension(Peer(address)): Extension<Peer>,
    Form(Ajax(session), mut params): Form<Ajax>,
) -> Result<Response, AjaxError> {
    session.check_csrf(&params)?;
    let (old, new) = (params.take_secret("old"), params.take_secret("new"));
    app.services
        .accounts
        .change_password(&session, old, new, address)
        .await?;
    Ok(done())
}
