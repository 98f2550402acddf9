//! The HTTP front end, in the protocol of 2008 to 2010 and its extensions: handlers parse a request, call a service and format the
//! answer.

mod app;
mod assets;
mod auth;
mod batch;
mod blocks;
mod bodies;
mod buddies;
mod channel;
mod chat;
mod cookies;
mod dates;
mod envelope;
mod files;
mod friends;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod groups;
mod guard;
mod home;
mod lists;
mod login;
mod monitoring;
mod multipart;
mod notifications;
mod pages;
mod params;
mod pictures;
mod profile;
mod quick;
mod register;
mod response;
mod same_origin;
mod search;
mod sessions;
mod slots;
mod status;
mod unread;
mod unsent;

pub use app::App;
pub use monitoring::operator_router;
pub use quick::Quick;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use tower::util::MapResponseLayer;

use crate::service::pictures::SIZE;
use guard::{BODY, Purpose};

/// The most bytes of a character in a form: four, each percent-encoded.
const CHARACTER: usize = 12;
/// The largest upload: a picture, and the fields around it.
const UPLOAD: usize = SIZE + (16 << 10);
/// How many seconds clients wait that were told that something is not possible at the moment.
const RETRY_AFTER: &str = "5";
/// Pages may load and run only what comes from this server, and no inline scripts.
const POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// All paths, including those of other front ends.
pub fn router(app: Arc<App>, others: Router<Arc<App>>) -> Router {
    let message = message_limit(&app);
    let guard = |purpose| middleware::from_fn_with_state((app.clone(), purpose), guard::layer);
    Router::new()
        .route("/", get(home::start))
        .route("/index.php", get(home::start))
        .route("/login.php", get(login::form).post(login::log_in))
        .route("/logout.php", get(login::logout_page).post(login::log_out))
        .route(
            "/register.php",
            get(register::form).post(register::register),
        )
        .route("/ajax/fbchat/register.php", post(register::register_ajax))
        .route("/ajax/fbchat/password.php", post(register::password))
        .route(
            "/ajax/fbchat/sessions.php",
            get(sessions::list).post(sessions::end),
        )
        .route("/home.php", get(home::home))
        .route("/presence/popout.php", get(home::home))
        .route(
            "/ajax/presence/reconnect.php",
            get(channel::reconnect).post(channel::reconnect),
        )
        .route(
            "/ajax/presence/update.php",
            get(buddies::update).post(buddies::update),
        )
        .route(
            "/ajax/chat/buddy_list.php",
            get(buddies::list).post(buddies::list),
        )
        .route("/ajax/chat/send.php", post(chat::send).layer(message))
        .route("/ajax/fbchat/send.php", post(batch::send).layer(message))
        .route("/inbox/ajax/ajax.php", post(chat::compose).layer(message))
        .route("/ajax/chat/typ.php", post(chat::typing))
        .route("/ajax/chat/settings.php", post(chat::settings))
        .route(
            "/ajax/chat/history.php",
            get(chat::history).post(chat::history),
        )
        .route("/ajax/intent.php", get(status::intent).post(status::intent))
        .route("/updatestatus.php", post(status::update))
        .route("/ajax/updatestatus.php", post(status::update))
        .route("/profile.php", get(profile::page))
        .route("/ajax/fbchat/profile.php", get(profile::get))
        .route("/ajax/fbchat/name.php", post(profile::rename))
        .route("/ajax/fbchat/username.php", post(profile::change_username))
        .route("/s.php", get(search::page))
        .route("/ajax/fbchat/search.php", get(search::get))
        .route("/ajax/search/results.php", get(search::listing))
        .route("/reqs.php", get(friends::page))
        .route("/ajax/reqs.php", post(friends::answer))
        .route("/ajax/profile/reqs.php", post(friends::answer))
        .route("/addfriend.php", post(friends::add))
        .route("/ajax/addfriend.php", post(friends::add))
        .route("/ajax/profile/connect.php", post(friends::add))
        .route("/ajax/profile/removefriend.php", post(friends::remove))
        .route("/ajax/poke.php", post(friends::poke))
        .route("/ajax/chat/buddy_list_settings.php", post(lists::change))
        .route("/ajax/fbchat/friend_requests.php", get(friends::list))
        .route(
            "/ajax/fbchat/block.php",
            get(blocks::list).post(blocks::change),
        )
        .route(
            "/ajax/fbchat/groups.php",
            get(groups::list).post(groups::change),
        )
        .route("/ajax/home/groups.php", get(groups::links))
        .route(
            "/ajax/groups/chat/update_facepiles.php",
            post(groups::facepile),
        )
        .route("/notifications.php", get(notifications::page))
        .route("/feeds/notifications.php", get(notifications::feed))
        .route(
            "/ajax/fbchat/notifications.php",
            get(notifications::list).post(notifications::mark_seen),
        )
        .route("/pics/q_silhouette.gif", get(pictures::silhouette))
        .route("/pics/q_default.gif", get(pictures::silhouette))
        .route("/pics/n_silhouette.gif", get(pictures::silhouette))
        .route("/pics/{name}", get(pictures::get))
        .route(
            "/pic_upload.php",
            post(pictures::upload).layer(DefaultBodyLimit::max(UPLOAD)),
        )
        .route("/assets/{name}", get(assets::get))
        .route("/healthz", get(monitoring::health))
        .fallback(pages::not_found)
        .method_not_allowed_fallback(pages::not_found)
        .layer(guard(Purpose::Answer))
        .merge(transfers().merge(others).layer(guard(Purpose::Transfer)))
        .route("/x/{*rest}", get(channel::held).post(channel::held))
        .layer(MapResponseLayer::new(add_headers))
        .with_state(app)
}

/// Paths of files.
fn transfers() -> Router<Arc<App>> {
    Router::new()
        .route("/ajax/messaging/upload.php", post(files::upload))
        .route("/files/{id}/{name}", get(files::download).put(slots::put))
        .method_not_allowed_fallback(pages::not_found)
}

/// The longest body with a message.
fn message_limit(app: &App) -> DefaultBodyLimit {
    DefaultBodyLimit::max(app.config.message_limit * CHARACTER + BODY)
}

/// The same paths for clients that came over our own TLS: browsers are told not to come without it for this many seconds, unless 0.
pub fn over_tls(router: Router, hsts_s: u32) -> Router {
    let age = HeaderValue::try_from(format!("max-age={hsts_s}"));
    let Some(age) = age.ok().filter(|_| hsts_s > 0) else {
        return router;
    };
    router.layer(MapResponseLayer::new(move |mut response: Response| {
        let headers = response.headers_mut();
        headers.insert(header::STRICT_TRANSPORT_SECURITY, age.clone());
        response
    }))
}

/// Adds the headers that every answer has, unless it sets them itself.
fn add_headers(mut response: Response) -> Response {
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        let entry = response.headers_mut().entry(header::RETRY_AFTER);
        entry.or_insert(HeaderValue::from_static(RETRY_AFTER));
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ] {
        let entry = response.headers_mut().entry(name);
        entry.or_insert(HeaderValue::from_static(value));
    }
    response
}
