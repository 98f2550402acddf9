//! What users do, with all its rules. A front end parses a request, calls a service and formats the answer; it contains no rule.
//!
//! Every service owns the state that its rules need. Nothing in here knows which protocol a front end speaks.

pub mod accounts;
pub mod archive;
pub mod blocks;
pub mod channel;
mod detached;
pub mod echo;
pub mod files;
pub mod friends;
pub mod groups;
pub mod lists;
pub mod login_attempts;
mod login_throttle;
mod message_part;
pub mod messages;
pub mod notifications;
pub mod passwords;
pub mod pictures;
pub mod presence;
pub mod profiles;
mod rendering;
pub mod search;
pub mod sessions;
mod subscribers;
pub mod user_limit;
pub mod usernames;
pub mod validate;
mod workers;

use std::io;
use std::sync::Arc;

use crate::config::Config;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::store::Store;

pub use crate::store::StoreError;

use accounts::Accounts;
use archive::Archives;
use blocks::Blocks;
use channel::Channels;
use echo::Echo;
use files::FileError;
use files::Files;
use files::disk::Disk;
use friends::Friends;
use groups::Groups;
use lists::Lists;
use login_attempts::LoginAttempts;
use messages::Messages;
use notifications::Notifications;
use passwords::Passwords;
use pictures::Pictures;
use presence::Presences;
use profiles::Profiles;
use rendering::Renderer;
use search::Search;
use sessions::Sessions;
use user_limit::UserLimit;
use usernames::Usernames;

/// The most changes of name, status and picture of one user in ten minutes.
const CHANGES: u32 = 60;
/// The most of everything else that a user writes or pushes to others, except for messages: requests, pokes, lists, typing, chat on and
/// off. No person gets near it.
const ACTIONS: u32 = 1200;

/// All services.
pub struct Services {
    pub accounts: Accounts,
    pub archives: Archives,
    pub blocks: Blocks,
    pub channels: Channels,
    pub files: Files,
    pub friends: Friends,
    pub groups: Groups,
    pub lists: Lists,
    pub login_attempts: Arc<LoginAttempts>,
    pub messages: Messages,
    pub notifications: Notifications,
    pub pictures: Pictures,
    pub presences: Presences,
    pub profiles: Profiles,
    pub search: Search,
    pub sessions: Sessions,
    pub usernames: Usernames,
    passwords: Arc<Passwords>,
    store: Arc<Store>,
    hub: Arc<Hub>,
}

impl Services {
    pub fn new(
        config: &Config,
        store: Arc<Store>,
        disk: Option<Disk>,
        hub: Arc<Hub>,
        passwords: Passwords,
        metrics: &Metrics,
        echo: Option<Echo>,
    ) -> io::Result<Self> {
        let passwords = Arc::new(passwords);
        let renderer = Arc::new(Renderer::start()?);
        let changes = UserLimit::new(CHANGES);
        let actions = UserLimit::new(ACTIONS);
        let presences = Presences::new(store.clone(), hub.clone(), actions.clone());
        let login_attempts = Arc::new(LoginAttempts::new(
            store.clone(),
            hub.clone(),
            passwords.clone(),
            metrics.failed_logins.clone(),
        ));
        Ok(Services {
            accounts: Accounts::new(
                store.clone(),
                hub.clone(),
                passwords.clone(),
                login_attempts.clone(),
                config.registration,
            ),
            archives: Archives::new(store.clone()),
            blocks: Blocks::new(store.clone(), presences.clone()),
            channels: Channels::new(store.clone(), hub.clone()),
            files: Files::new(store.clone(), disk, renderer.clone(), config)?,
            friends: Friends::new(store.clone(), hub.clone(), actions.clone()),
            groups: Groups::new(store.clone()),
            lists: Lists::new(store.clone(), actions.clone()),
            login_attempts,
            messages: Messages::new(
                store.clone(),
                hub.clone(),
                presences.clone(),
                actions,
                config,
                metrics.messages.clone(),
                echo,
            ),
            notifications: Notifications::new(store.clone()),
            pictures: Pictures::new(store.clone(), changes.clone(), renderer),
            profiles: Profiles::new(store.clone(), changes),
            search: Search::new(store.clone()),
            sessions: Sessions::new(
                store.clone(),
                hub.clone(),
                presences.clone(),
                config.session_days,
            ),
            usernames: Usernames::new(store.clone()),
            presences,
            passwords,
            store,
            hub,
        })
    }

    /// Does what is due before anybody uses the services, and begins the work for which they do not wait.
    pub async fn begin(&self) -> Result<(), FileError> {
        tokio::spawn(self.pictures.clone().render_stored());
        self.files.start().await
    }

    /// Does what is due once a second.
    pub async fn tick(&self) {
        if let Err(error) = self.sessions.end_revoked().await {
            log::log!(
                error.level(),
                "cannot look for sessions that were ended elsewhere: {error}"
            );
        }
        if let Err(error) = self.sessions.delete_ended().await {
            log::log!(
                error.level(),
                "cannot delete sessions that have ended: {error}"
            );
        }
        self.presences.sweep();
        self.files.tick();
    }

    /// Whether the server can do its work; if not, what it cannot do.
    pub async fn healthy(&self) -> Result<(), &'static str> {
        if let Err(error) = self.store.healthy().await {
            log::log!(error.level(), "not healthy: {error}");
            return Err("The store does not answer.");
        }
        if !self.passwords.healthy() {
            return Err("Passwords cannot be checked.");
        }
        Ok(())
    }

    /// The number of held polls, and of users that others see online.
    pub fn count(&self) -> (usize, usize) {
        self.hub.count()
    }

    /// Releases every held poll, and holds no more.
    pub fn stop(&self) {
        self.hub.stop();
    }

    /// Writes everything that was queued.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.store.close().await
    }
}

#[cfg(test)]
mod tests;
