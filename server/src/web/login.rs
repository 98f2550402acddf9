//! Logging in and out (docs/protocol.md, Logging in).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::auth::Session;
use super::envelope::AjaxError;
use super::guesses::{forgive, origin, shown};
use super::pages::{escape, redirect, redirect_to, sheet};
use super::params::Params;
use super::to_the_end::to_the_end;
use super::{cookies, pages};
use crate::app::App;
use crate::config::Registration;
use crate::edge::Peer;
use crate::lock;
use crate::secrets;
use crate::store::{Origin, StoreError};
use crate::types::{Seq, User};

/// How much is remembered of what a client calls itself, in characters.
const CLIENT: usize = 200;
const WRONG: &str = "Incorrect e-mail address or password.";

/// GET login.php: the form, and the cookies that a login needs.
pub async fn form(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    login_page(&app, &headers, None, "")
}

fn login_page(app: &App, headers: &HeaderMap, error: Option<&str>, email: &str) -> Response {
    let known = |name| {
        cookies::get(headers, name).filter(|value| value.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    let scope = cookies::Scope::new(&app.config, headers);
    let (Ok(new_lsd), Ok(new_datr)) = (secrets::random_hex(8), secrets::random_hex(12)) else {
        return no_randomness();
    };
    let lsd = known("lsd").unwrap_or(&new_lsd);
    let register = match app.config.registration {
        Registration::Open => "<p>No account yet? <a href=\"/register.php\">Sign up</a></p>\n",
        Registration::Invite => {
            "<p>No account yet? You can sign up with a link that invites you.</p>\n"
        }
        Registration::Closed => "",
    };
    let help = match error {
        Some(WRONG) => {
            "<p>Was a capital letter wrong, or an old password? Try again. Whoever runs this server can give you a new one.</p>\n"
        }
        _ => "",
    };
    // The cursor waits where there is something to type.
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

/// The answer when there can be no secret.
pub fn no_randomness() -> Response {
    log::error!("the system gives no random numbers");
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
    let again = |error: &str| login_page(&app, &headers, Some(error), &email);
    if !headers.contains_key(header::COOKIE) {
        return again(
            "Cookies are not enabled. Please enable cookies in your client and try again.",
        );
    }
    if let (Some(cookie), Some(field)) = (cookies::get(&headers, "lsd"), params.get("lsd"))
        && !secrets::same(cookie, field)
    {
        return again("Your login form was out of date. Please try again.");
    }
    let account = match app.store.account(&email).await {
        Ok(account) => account,
        Err(error) => return unavailable(&error),
    };
    let from = origin(&app, account.as_ref().map(|account| &account.user), address);
    let from = match from.await {
        Ok(from) => from,
        Err(error) => return unavailable(&error),
    };
    // Few passwords are checked at a time, and nobody is refused for logins that are merely waiting beside his own.
    let turn = app.passwords.turn().await;
    if let Err(wait) = lock(&app.throttle).check(&email, from, Instant::now()) {
        let seconds = wait.as_secs() + 1;
        log::warn!(address:% = shown(address), seconds; "login put off after too many failures");
        let mut response = again(&format!(
            "Too many attempts. Try again in {seconds} seconds."
        ));
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
        return response;
    }
    let hash = account.as_ref().map(|account| account.password.clone());
    let right = turn.verify(password, hash).await;
    let Some(account) = account.filter(|_| right) else {
        lock(&app.throttle).failed(&email, from, Instant::now());
        app.metrics.failed_logins.inc();
        log::info!(address:% = shown(address); "failed login");
        return again(WRONG);
    };
    drop(turn);
    forgive(&app, &account, from);
    open_session(&app, &headers, address, &account.user).await
}

/// Logs a user in: the cookies, and the way home.
pub async fn open_session(
    app: &App,
    headers: &HeaderMap,
    address: Option<IpAddr>,
    user: &User,
) -> Response {
    let Ok(secret) = secrets::random_hex(20) else {
        return no_randomness();
    };
    let key = secrets::session_key(&secret);
    let client = headers.get(header::USER_AGENT);
    let client = client.and_then(|client| client.to_str().ok());
    let origin = Origin {
        address: address.map(|address| address.to_string()),
        client: client.unwrap_or_default().chars().take(CLIENT).collect(),
    };
    if let Err(error) = app.store.open_session(key, user.uid, origin).await {
        return unavailable(&error);
    }
    // Nobody is told yet: a client that wants to be invisible must have the time to say so.
    log::info!(uid:% = user.uid; "logged in");
    let scope = cookies::Scope::new(&app.config, headers);
    let mut response = match cookies::at_old_login(&app.config, headers) {
        Some(base) => redirect_to(&format!("http://www.{base}/home.php")),
        None => redirect(headers, "/home.php"),
    };
    scope.set(&mut response, "c_user", &user.uid.to_string());
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

/// GET logout.php: nothing special.
pub async fn logout_page(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    pages::start(State(app), headers).await
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
        if !confirmed && let Err(error) = session.check(&params) {
            return error.into_response();
        }
        // Our own client says up to where its user has seen everything, so that the next session begins there.
        if let Some(seq) = params.get("seq").and_then(|seq| seq.parse().ok()) {
            app.hub.acknowledge(session.user.uid, Seq(seq));
        }
        let (app, uid) = (app.clone(), session.user.uid);
        let ended = to_the_end(async move {
            app.store.end_session(session.key).await?;
            log::info!(uid:%; "logged out");
            if app.hub.end_session(uid, session.key) {
                app.tell_presence(uid);
            }
            Ok(())
        });
        if let Err(error) = ended.await {
            return error.into_response();
        }
    }
    let scope = cookies::Scope::new(&app.config, &headers);
    let mut response = redirect(&headers, "/login.php");
    scope.delete(&mut response, "c_user");
    scope.delete(&mut response, "xs");
    response
}
