//! Accounts that people make for themselves, if the operator lets them, and passwords that they change.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use zeroize::Zeroizing;

use super::auth::Ajax;
use super::envelope::{AjaxError, done, payload};
use super::guesses::{forgive, origin, shown};
use super::login::open_session;
use super::pages::{self, escape};
use super::params::Params;
use super::to_the_end::to_the_end;
use crate::accounts::{valid_email, valid_name};
use crate::app::App;
use crate::config::Registration;
use crate::edge::Peer;
use crate::password::HashError;
use crate::store::{Invitation, Registered};
use crate::throttle::{Source, Throttle};
use crate::types::{Uid, User};
use crate::{item, lock, secrets};

/// The shortest password in characters.
const SHORTEST: usize = 8;
/// The longest in bytes.
const LONGEST: usize = 1000;

const CLOSED: AjaxError =
    AjaxError::Invalid("Nobody can sign up here. Ask the operator for an account.");
const NOT_INVITED: AjaxError = AjaxError::Invalid(
    "This invitation is unknown, too old, or was used already. Ask for another.",
);

impl From<HashError> for AjaxError {
    fn from(error: HashError) -> Self {
        log::error!("{error}");
        AjaxError::NotStored
    }
}

/// GET register.php: the form, or why there is none.
pub async fn form(State(app): State<Arc<App>>, params: Params) -> Response {
    let error = may_register(&app, &params).await.err();
    let status = match error {
        None => StatusCode::OK,
        Some(_) => StatusCode::FORBIDDEN,
    };
    page(status, &params, error)
}

async fn may_register(app: &App, params: &Params) -> Result<Invitation, AjaxError> {
    let key = params
        .get("invite")
        .filter(|secret| !secret.is_empty())
        .map(secrets::invite_key);
    match (app.config.registration, key) {
        (Registration::Closed, _) => Err(CLOSED),
        (Registration::Open, None) => Ok(Invitation::NotNeeded),
        (_, Some(key)) if app.store.is_invited(key).await? => Ok(Invitation::Key(key)),
        (Registration::Invite | Registration::Open, _) => Err(NOT_INVITED),
    }
}

fn page(status: StatusCode, params: &Params, error: Option<AjaxError>) -> Response {
    let form = if status == StatusCode::FORBIDDEN {
        String::new()
    } else {
        let value = |name| escape(params.get(name).unwrap_or_default());
        format!(
            "<form method=\"post\" action=\"/register.php\" id=\"register_form\">\n\
             <input type=\"hidden\" name=\"invite\" value=\"{}\" />\n\
             <label>Your name, as others see it <input type=\"text\" name=\"name\" value=\"{}\" autocomplete=\"name\" required=\"required\" /></label>\n\
             <label>E-mail <input type=\"email\" name=\"email\" value=\"{}\" autocomplete=\"username\" required=\"required\" /></label>\n\
             <label>Password, 8 characters or more <input type=\"password\" name=\"pass\" value=\"\" autocomplete=\"new-password\" minlength=\"{SHORTEST}\" required=\"required\" /></label>\n\
             <input type=\"submit\" value=\"Sign up\" />\n</form>\n",
            value("invite"),
            value("name"),
            value("email")
        )
    };
    let body = format!("{form}<p><a href=\"/login.php\">Log in</a> if you have an account.</p>\n");
    let wrong = error.map(|error| error.sentence());
    pages::sheet(
        status,
        "Sign up | fbchat",
        "Sign up to chat",
        wrong.as_deref(),
        &body,
    )
}

/// POST register.php: a new account, and its owner is logged in.
pub async fn register(
    State(app): State<Arc<App>>,
    Extension(Peer(address)): Extension<Peer>,
    headers: HeaderMap,
    mut params: Params,
) -> Response {
    match add(&app, address, &mut params).await {
        Ok(user) => open_session(&app, &headers, address, &user).await,
        Err(error @ AjaxError::NotStored) => error.into_response(),
        Err(error) if error == CLOSED || error == NOT_INVITED => {
            page(StatusCode::FORBIDDEN, &params, Some(error))
        }
        Err(error) => page(StatusCode::OK, &params, Some(error)),
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
    let user = add(&app, address, &mut params).await?;
    let session = open_session(&app, &headers, address, &user).await;
    let mut response = payload(Added { uid: user.uid });
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
    app: &Arc<App>,
    address: Option<IpAddr>,
    params: &mut Params,
) -> Result<User, AjaxError> {
    let invitation = may_register(app, params).await?;
    let password = new_password(params.take_secret("pass"))?;
    let field = |name| params.get(name).unwrap_or_default();
    let wrong = |error: Box<dyn std::error::Error>| AjaxError::Wrong(error.to_string());
    let email = valid_email(field("email")).map_err(wrong)?;
    let name = valid_name(field("name")).map_err(wrong)?;
    // Each attempt counts, as each tells whether an address is taken. Behind a proxy that names nobody all share this:
    // better that nobody can sign up for a minute than that anybody can without end.
    let who = format!("sign up from {}", shown(address));
    let turn = app.passwords.turn().await;
    let from = Source {
        address,
        own: false,
    };
    allowed(&app.sign_ups, &who, from)?;
    lock(&app.sign_ups).failed(&who, from, Instant::now());
    let hash = turn.hash(password).await?;
    drop(turn);
    let app = app.clone();
    to_the_end(async move {
        let added = app.store.register(email, name, hash, invitation).await?;
        let (uid, friend) = match added {
            Registered::Added(uid, friend) => (uid, friend),
            Registered::Taken => {
                return Err(AjaxError::Invalid(
                    "There is an account with this e-mail address already.",
                ));
            }
            Registered::NotInvited => return Err(NOT_INVITED),
        };
        log::info!(uid:%, address:% = shown(address); "signed up");
        let user = app.store.user(uid).await?.ok_or(AjaxError::NotStored)?;
        app.tell(friend, item::friend(&user, true));
        Ok(user)
    })
    .await
}

fn allowed(throttle: &Mutex<Throttle>, who: &str, from: Source) -> Result<(), AjaxError> {
    let allowed = lock(throttle).check(who, from, Instant::now());
    allowed.map_err(|wait| {
        let seconds = wait.as_secs() + 1;
        AjaxError::Wrong(format!(
            "Too many attempts. Try again in {seconds} seconds."
        ))
    })
}

fn new_password(password: Zeroizing<String>) -> Result<Zeroizing<String>, AjaxError> {
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        return Err(AjaxError::Invalid(
            "The password must have 8 characters or more.",
        ));
    }
    Ok(password)
}

/// POST /ajax/fbchat/password.php old, new: changes one's own password and ends all other logins.
pub async fn password(
    State(app): State<Arc<App>>,
    Extension(Peer(address)): Extension<Peer>,
    Ajax(session): Ajax,
    mut params: Params,
) -> Result<Response, AjaxError> {
    session.check(&params)?;
    let (old, new) = (params.take_secret("old"), params.take_secret("new"));
    let new = new_password(new)?;
    let (uid, email) = (session.user.uid, &session.user.email);
    let account = app.store.account(email).await?;
    let from = origin(&app, Some(&session.user), address).await?;
    let turn = app.passwords.turn().await;
    allowed(&app.throttle, email, from)?;
    let hash = account.as_ref().map(|account| account.password.clone());
    let right = turn.verify(old, hash).await;
    let Some(account) = account.filter(|_| right) else {
        lock(&app.throttle).failed(email, from, Instant::now());
        return Err(AjaxError::Invalid("The old password is not right."));
    };
    forgive(&app, &account, from);
    let hash = turn.hash(new).await?;
    drop(turn);
    to_the_end(async move {
        app.store.set_password(uid, hash, Some(session.key)).await?;
        app.hub.end_others(uid, session.key);
        log::info!(uid:%; "changed his password");
        Ok(done())
    })
    .await
}
