//! Logging in and out (docs/protocol.md, Logging in).

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::auth::Session;
use super::envelope::AjaxError;
use super::pages::{self, Message, redirect, redirect_to};
use super::params::Params;
use super::{cookies, home, same_origin};
use crate::config::Registration;
use crate::net::connection_limits::Peer;
use crate::secrets;
use crate::service::login_attempts::AttemptError;
use crate::service::sessions::{Keeper, OpenError};
use crate::types::{Seq, Uid};

/// What is wrong with a form without the token of its cookie.
pub const OLD_FORM: &str = "Your form was out of date. Please try again.";

/// GET login.php: the form, and the cookies that a login needs.
pub async fn form(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if let Some(refusal) = pages::below_a_path(&headers) {
        return refusal;
    }
    login_page(&app, &headers, None, &Typed::default())
}

/// What the user has typed into the form, which it contains when it comes back.
#[derive(Default)]
struct Typed {
    email: String,
    /// Whether the session is to survive the end of the browser.
    keep: bool,
    /// Whether the password was wrong.
    wrong_password: bool,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'a> {
    wrong: Option<&'a str>,
    lsd: &'a str,
    typed: &'a Typed,
    registration: Registration,
}

/// The login form, with what went wrong.
fn login_page(app: &App, headers: &HeaderMap, wrong: Option<&str>, typed: &Typed) -> Response {
    let scope = cookies::Scope::new(&app.config, headers);
    let new = same_origin::form_token(headers).and_then(|lsd| Ok((lsd, secrets::random_hex(12)?)));
    let (lsd, new_datr) = match new {
        Ok(new) => new,
        Err(error) => return no_randomness(error),
    };
    let page = Login {
        wrong,
        lsd: &lsd,
        typed,
        registration: app.config.registration,
    };
    let mut response = pages::page(StatusCode::OK, &page);
    scope.set(&mut response, "test_cookie", "1");
    scope.set(&mut response, "lsd", &lsd);
    if cookies::get(headers, "datr").is_none() {
        scope.set(&mut response, "datr", &new_datr);
    }
    response
}

/// The answer when no secret can be made.
pub fn no_randomness(error: getrandom::Error) -> Response {
    log::error!("the system gives no random numbers: {error}");
    pages::page(
        StatusCode::SERVICE_UNAVAILABLE,
        &Message {
            title: "fbchat",
            heading: "Please try again later",
            wrong: None,
            link: None,
        },
    )
}

/// POST login.php: success is the cookie `c_user` and a redirect to home.
pub async fn log_in(
    State(app): State<Arc<App>>,
    Extension(Peer(address)): Extension<Peer>,
    headers: HeaderMap,
    mut params: Params,
) -> Response {
    let password = params.take_secret("pass");
    let mut typed = Typed {
        email: params.take("email"),
        keep: params.flag("keep") == Some(true),
        wrong_password: false,
    };
    let refuse = |error: &str| login_page(&app, &headers, Some(error), &typed);
    if !headers.contains_key(header::COOKIE) {
        return refuse(
            "Cookies are not enabled. Please enable cookies in your client and try again.",
        );
    }
    if !same_origin::has_form_token(&headers, &params) {
        return refuse(OLD_FORM);
    }
    // Only what was taken is kept while the password waits for its turn.
    let _room = params.into_room();
    let attempts = &app.services.login_attempts;
    let error = match attempts.log_in(&typed.email, password, address).await {
        Ok(known) => {
            let (uid, hash) = (known.user.uid, Some(known.hash));
            return open_session(&app, &headers, address, uid, typed.keep, hash).await;
        }
        Err(error) => error,
    };
    let sentence = error.to_string();
    match error {
        AttemptError::Wrong => {
            typed.wrong_password = true;
            login_page(&app, &headers, Some(&sentence), &typed)
        }
        AttemptError::TooMany(seconds) => {
            let mut response = refuse(&sentence);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
            response
        }
        AttemptError::Hash(error) => unavailable(&error),
        AttemptError::Store(error) => unavailable(&error),
    }
}

/// Logs a user in whose password has this hash, or who needs none: sets the cookies and redirects to home. `keep` lets the session
/// survive the end of a browser.
pub async fn open_session(
    app: &App,
    headers: &HeaderMap,
    address: Option<IpAddr>,
    uid: Uid,
    keep: bool,
    hash: Option<String>,
) -> Response {
    let client = headers.get(header::USER_AGENT);
    let client = client.and_then(|client| client.to_str().ok());
    let client = client.unwrap_or_default();
    let keeper = match (keep, pages::is_browser(headers)) {
        (true, _) => Keeper::LastingBrowser,
        (false, true) => Keeper::Browser,
        (false, false) => Keeper::Program,
    };
    let sessions = &app.services.sessions;
    let opened = sessions.open(uid, address, client, keeper, hash);
    let (secret, kept) = match opened.await {
        Ok(opened) => opened,
        Err(OpenError::Random(error)) => return no_randomness(error),
        Err(error @ OpenError::Changed) => {
            let typed = Typed {
                email: String::new(),
                keep,
                wrong_password: false,
            };
            return login_page(app, headers, Some(&error.to_string()), &typed);
        }
        Err(OpenError::Store(error)) => return unavailable(&error),
    };
    let scope = cookies::Scope::new(&app.config, headers);
    let mut response = match cookies::at_old_login(&app.config, headers) {
        Some(base) => redirect_to(&format!("http://www.{base}/home.php")),
        None => redirect(headers, "/home.php"),
    };
    scope.log_in(&mut response, uid, &secret, kept);
    response
}

fn unavailable(error: &dyn std::error::Error) -> Response {
    log::error!("{error}");
    pages::page(
        StatusCode::SERVICE_UNAVAILABLE,
        &Message {
            title: "Log in | fbchat",
            heading: "Log in to chat",
            wrong: Some("Logging in is not possible at the moment. Please try again later."),
            link: Some(("/login.php", "Try again")),
        },
    )
}

/// GET logout.php: the same as the start page.
pub async fn logout_page(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    home::start(State(app), headers).await
}

/// POST logout.php: ends this session only.
pub async fn log_out(State(app): State<Arc<App>>, headers: HeaderMap, params: Params) -> Response {
    let session = match Session::find(&app, &headers).await {
        Ok(session) => session,
        Err(error) => return AjaxError::from(error).into_response(),
    };
    if let Some(session) = session {
        // Old clients post no token, but `confirm`.
        let confirmed = !pages::is_browser(&headers)
            && params.get("post_form_id").is_none()
            && params.flag("confirm") == Some(true);
        if !confirmed && let Err(error) = session.check_csrf(&params) {
            return error.into_response();
        }
        // Our own client says up to where its user has seen everything.
        let seq = params.get("seq").and_then(|seq| seq.parse().ok()).map(Seq);
        let ended = app.services.sessions.end(session.into_inner(), seq).await;
        if let Err(error) = ended {
            return AjaxError::from(error).into_response();
        }
    }
    let scope = cookies::Scope::new(&app.config, &headers);
    let mut response = redirect(&headers, "/login.php");
    scope.delete(&mut response, "c_user");
    scope.delete(&mut response, "xs");
    response
}
