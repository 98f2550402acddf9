//! The XMPP front end: clients of XMPP chat with the same accounts, friends and messages as everybody else. Off unless `xmpp_domain` is
//! set.
//!
//! A connection goes through `negotiation`, a state machine without I/O, and then has a `session`, which calls services for what the
//! client sends, and turns the items of the user's channel into stanzas (`events`).

mod acknowledgements;
mod archive;
mod avatar;
mod binding;
mod blocking;
mod bookmarks;
mod carbons;
mod channel;
mod client_state;
mod connection;
mod disco;
mod errors;
mod events;
mod features;
mod forms;
mod framing;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod interests;
mod iq;
mod items;
mod jid;
mod login;
mod logout;
mod message;
mod muc;
mod negotiation;
mod pep;
mod pipeline;
mod presence;
mod reader;
mod registration;
mod registry;
mod rooms;
mod roster;
mod sasl;
mod sasl2;
mod search;
mod session;
mod stanzas;
mod stream_management;
mod upload;
mod vcard;
pub mod websocket;
mod wire;
mod xml;

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::attachment::FileId;
use crate::metrics;
use crate::net::streams::{Connection, Streams};
use crate::service::Services;
use registry::Registry;

/// What all connections share.
pub struct Xmpp {
    /// The domain of all addresses.
    domain: String,
    services: Arc<Services>,
    registry: Arc<Registry>,
    /// What was found out about pictures.
    pictures: avatar::Known,
    metrics: metrics::Xmpp,
    /// The turns of logins that could not be ended at once.
    logouts: Semaphore,
}

impl Xmpp {
    pub fn new(domain: String, services: Arc<Services>, metrics: metrics::Xmpp) -> Self {
        Xmpp {
            domain,
            services,
            registry: Arc::default(),
            pictures: avatar::Known::default(),
            metrics,
            logouts: Semaphore::new(logout::RETRIES),
        }
    }

    /// The address of a user.
    fn address(&self, username: &str) -> String {
        format!("{username}@{}", self.domain)
    }

    /// The address of the pages. They have the same name as the service, or another server there passes requests on.
    fn origin(&self) -> String {
        format!("https://{}", self.domain)
    }

    /// The address of a file without a login.
    fn link(&self, id: &FileId, path: &str) -> String {
        self.services.files.link(&self.origin(), id, path)
    }
}

impl Streams for Xmpp {
    fn serve(self: Arc<Self>, connection: Connection) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(connection::serve(self, connection))
    }
}
