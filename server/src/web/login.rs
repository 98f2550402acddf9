//! Logging in and out (docs/protocol.md, Logging in).

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::auth::Session;
use super::envelope::AjaxError;
use super::pages::{escape, redirect, redirect_to, sheet};
use super::params::Params;
use super::{cookies, home};
use crate::config::Registration;
use crate::net::connection_limits::Peer;
use crate::secrets;
use crate::service::StoreError;
use crate::service::login_attempts::AttemptError;
use crate::service::sessions::OpenError;
use crate::types::{Seq, Uid};

/// What may help after a wrong password.
const HELP: &str = "<p>Was a capital letter wrong, or an old password? Try again. Whoever runs this server can give you a new one.</p>\n";

/// GET login.php: the form, and the cookies that a login needs.
pub async fn form(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    login_page(&app, &headers, None, "", "")
}

/// The login form, with what went wrong, more help with it in HTML, and the address that was typed.
fn login_page(
    app: &App,
    headers: &HeaderMap,
    error: Option<&str>,
    help: &str,
    email: &str,
) -> Response {
    let known = |name| {
        cookies::get(headers, name).filter(|value| value.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    let scope = cookies::Scope::new(&app.config, headers);
    let new = secrets::random_hex(8).and_then(|lsd| Ok((lsd, secrets::random_hex(12)?)));
    let (new_lsd, new_datr) = match new {
        Ok(new) => new,
        Err(error) => return no_randomness(error),
    };
    let lsd = known("lsd").unwrap_or(&new_lsd);
    let register = match app.config.registration {
        Registration::Open => "<p>No account yet? <a href=\"/register.php\">Sign up</a></p>\n",
        Registration::Invite => {
            "<p>No account yet? You can sign up with a link that invites you.</p>\n"
        }
        Registration::Closed => "",
    };
    // The cursor is where the user has to type next.
    let (in_email, in_password) = match email {
        "" => (" autofocus=\"autofocus\"", ""),
        _ => ("", " autofocus=\"autofocus\""),
    };
    let body = format!(
        "{help}<form method=\"post\" action=\"/login.php\" id=\"login_form\">\n\
         <input type=\"hidden\" name=\"lsd\" value=\"{lsd}\" />\n\
         <label>E-mail <input type=\"text\" id=\"email\" name=\"email\" value=\"{}\" inputmode=\"email\" autocapitalize=\"none\" autocomplete=\"username\"{in_email} /></label>\n\
         <label>Password <input type=\"password\" id=\"pass\" name=\"pass\" value=\"\" autocomplete=\"current-password\"{in_password} /></label>\n\
         <input type=\"submit\" name=\"login\" value=\"Log in\" />\n</form>\n{register}",
        escape(email)
    );
    let mut response = sheet(
        StatusCode::OK,
        "Log in | fbchat",
        "Log in to chat",
        error,
        &body,
    );
    scope.set(&mut response, "test_cookie", "1");
    scope.set(&mut response, "lsd", lsd);
    if known("datr").is_none() {
        scope.set(&mut response, "datr", &new_datr);
    }
    response
}

/// The answer when no secret can be made.
fn no_randomness(error: getrandom::Error) -> Response {
    log::error!("the system gives no random numbers: {error}");
    sheet(
        StatusCode::SERVICE_UNAVAILABLE,
        "fbchat",
        "Please try again later",
        None,
        "",
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
    let email = params.get("email").unwrap_or_default().to_owned();
    let refuse = |error: &str| login_page(&app, &headers, Some(error), "", &email);
    if !headers.contains_key(header::COOKIE) {
        return refuse(
            "Cookies are not enabled. Please enable cookies in your client and try again.",
        );
    }
    if let (Some(cookie), Some(field)) = (cookies::get(&headers, "lsd"), params.get("lsd"))
        && !secrets::same(cookie, field)
    {
        return refuse("Your login form was out of date. Please try again.");
    }
    let attempts = &app.services.login_attempts;
    let error = match attempts.log_in(&email, password, address).await {
        Ok(known) => {
            let (uid, hash) = (known.user.uid, Some(known.hash));
            return open_session(&app, &headers, address, uid, hash).await;
        }
        Err(error) => error,
    };
    let sentence = error.to_string();
    match error {
        AttemptError::Wrong => login_page(&app, &headers, Some(&sentence), HELP, &email),
        AttemptError::TooMany(seconds) => {
            let mut response = refuse(&sentence);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
            response
        }
        AttemptError::Store(error) => unavailable(&error),
    }
}

/// Logs a user in whose password has this hash, or who needs none: sets the cookies and redirects to home.
pub async fn open_session(
    app: &App,
    headers: &HeaderMap,
    address: Option<IpAddr>,
    uid: Uid,
    hash: Option<String>,
) -> Response {
    let client = headers.get(header::USER_AGENT);
    let client = client.and_then(|client| client.to_str().ok());
    let client = client.unwrap_or_default();
    let secret = match app.services.sessions.open(uid, address, client, hash).await {
        Ok(secret) => secret,
        Err(OpenError::Random(error)) => return no_randomness(error),
        Err(error @ OpenError::Changed) => {
            return login_page(app, headers, Some(&error.to_string()), HELP, "");
        }
        Err(OpenError::Store(error)) => return unavailable(&error),
    };
    let scope = cookies::Scope::new(&app.config, headers);
    let mut response = match cookies::at_old_login(&app.config, headers) {
        Some(base) => redirect_to(&format!("http://www.{base}/home.php")),
        None => redirect(headers, "/home.php"),
    };
    scope.set(&mut response, "c_user", &uid.to_string());
    scope.set(&mut response, "xs", &secret);
    response
}

fn unavailable(error: &StoreError) -> Response {
    log::error!("{error}");
    sheet(
        StatusCode::SERVICE_UNAVAILABLE,
        "Log in | fbchat",
        "Log in to chat",
        Some("Logging in is not possible at the moment. Please try again later."),
        "<p><a href=\"/login.php\">Try again</a></p>\n",
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
        // Old clients post no token, but `confirm`; SameSite keeps other sites from doing that.
        let confirmed =
            params.get("post_form_id").is_none() && params.flag("confirm") == Some(true);
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
