//! Entry points for `fuzz/`. Not an interface.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, header};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::config::{Config, Registration};
use crate::hub::{Hub, Limits};
use crate::metrics::Metrics;
use crate::net::connection_limits::ConnectionLimits;
use crate::net::http;
use crate::secrets;
use crate::service::Services;
use crate::service::files::{self, disk::Disk};
use crate::service::passwords::{Cost, Passwords};
use crate::service::pictures;
use crate::service::sessions::Keeper;
use crate::store;
use crate::types::Uid;
use crate::web::{self, App};
use crate::xmpp;

/// Reads a form, a query and cookies, and looks at them in every way that handlers do.
pub fn params(body: &[u8], query: &str, cookie: &[u8], name: &str) -> Option<String> {
    let mut params = web::fuzzing::Params::parse(body, query)?;
    let _ = (params.number(name), params.uids(name), params.flag(name));
    let found = params.get(name).map(str::to_owned);
    assert_eq!(*params.take_secret(name), found.clone().unwrap_or_default());
    if let Ok(value) = HeaderValue::from_bytes(cookie) {
        let headers = HeaderMap::from_iter([(header::COOKIE, value)]);
        let _ = web::fuzzing::cookie(&headers, name);
    }
    web::fuzzing::paths(query);
    found
}

/// What a client of XMPP is sent that sends these bytes, in pieces of this size.
pub fn xmpp_stream(bytes: &[u8], chunk: usize) -> String {
    xmpp::fuzzing::stream(bytes, chunk)
}

/// What is stored of a picture that was uploaded.
pub fn picture(file: &[u8]) -> Option<Vec<u8>> {
    pictures::render(file).ok()
}

/// A picture or a film that was sent, without what is hidden in it.
pub fn cleaned_picture(file: &[u8]) -> Option<Vec<u8>> {
    files::cleaned(file)
}

/// The fields of a form with files: names and contents.
pub fn multipart(content_type: &str, body: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let parts = web::fuzzing::multipart(content_type, body)?;
    let parts = parts.into_iter().map(|part| (part.name, part.data));
    Some(parts.collect())
}

/// A server in memory with two friends.
pub struct Server {
    app: Arc<App>,
    limits: Arc<ConnectionLimits>,
    _dir: tempfile::TempDir,
    alice: Uid,
}

/// What the requests of a user who is logged in contain.
pub struct Login {
    pub cookie: String,
    /// The token of the user's pages.
    pub token: String,
}

impl Server {
    /// Starts a server.
    pub async fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let config = Config {
            hold_s: 1,
            registration: Registration::Open,
            ..Config::default()
        };
        let hub = Arc::new(Hub::new(Limits {
            offline_after: std::time::Duration::from_secs(config.offline_after_s),
            idle_after: std::time::Duration::from_secs(config.idle_after_s),
            is_shared: false,
        }));
        let store = store::in_memory(hub.clone())?;
        let mut uids = Vec::new();
        for (email, name) in [("alice@example.org", "Alice"), ("bob@example.org", "Bob")] {
            // No password fits: a login costs the full time all the same.
            let added = store
                .add_user(email.into(), name.into(), "!".into())
                .await?;
            uids.extend(added);
        }
        if let [alice, bob] = uids[..] {
            store.befriend(alice, bob).await?;
        }
        hub.load(store.channel_states().await?);
        let passwords = Passwords::new(Cost::Cheap)?;
        let metrics = Metrics::new(store.commit_times(), passwords.times());
        let dir = tempfile::tempdir()?;
        let disk = Some(Disk::at(dir.path()));
        let services = Services::new(&config, store, disk, hub, passwords, &metrics, None)?;
        let limits = ConnectionLimits::new(Vec::new(), config.connections_per_address);
        Ok(Server {
            app: Arc::new(App::new(config, Arc::new(services), metrics)),
            limits,
            _dir: dir,
            alice: uids.first().copied().unwrap_or(Uid(0)),
        })
    }

    /// A new session of the first user.
    pub async fn log_in(&self) -> Result<Login, Box<dyn std::error::Error>> {
        let alice = self.alice;
        let sessions = &self.app.services.sessions;
        let (secret, _) = sessions
            .open(alice, None, "fuzz", Keeper::Browser, None)
            .await?;
        Ok(Login {
            cookie: format!("c_user={alice}; xs={secret}"),
            token: secrets::token("post_form_id", &secret),
        })
    }

    /// Serves one connection until it ends. `wrap` gets the router.
    pub async fn serve(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        wrap: impl FnOnce(axum::Router) -> axum::Router,
    ) {
        let peer = SocketAddr::from(([192, 0, 2, 1], 4000));
        let router = wrap(web::router(self.app.clone(), Router::new()));
        http::serve_stream(stream, peer, router, self.limits.clone()).await;
    }

    /// Whether the server can still do its work.
    pub async fn is_healthy(&self) -> bool {
        self.app.services.healthy().await.is_ok()
    }
}
