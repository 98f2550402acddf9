//! Who is online, and telling their friends.

use std::sync::{Arc, Mutex};

use super::detached::detached;
use super::user_limit::{TooOften, UserLimit};
use crate::hub::{Changed, Hub, Subscription, Swept};
use crate::item;
use crate::store::{BlockChanged, Reply, Store, StoreError};
use crate::sync::lock;
use crate::types::{Presence, Session, SessionKey, Uid};

pub use crate::hub::Availability;

/// Why chat was not switched on or off.
#[derive(Debug, thiserror::Error)]
pub enum VisibilityError {
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Presence, shared by all clones.
#[derive(Clone)]
pub struct Presences {
    store: Arc<Store>,
    hub: Arc<Hub>,
    actions: UserLimit,
    /// Held while a presence is announced, so that the last one announced is the current one.
    telling: Arc<Mutex<()>>,
}

impl Presences {
    /// `actions` limits how often users switch chat on and off, which all their friends are told.
    pub fn new(store: Arc<Store>, hub: Arc<Hub>, actions: UserLimit) -> Self {
        Presences {
            store,
            hub,
            actions,
            telling: Arc::default(),
        }
    }

    /// The client of a session is ready to chat; `active` if there is user activity.
    pub fn mark_online(&self, session: &Session, active: bool) {
        let changed = self.hub.mark_online(session.user.uid, session.key, active);
        self.tell(session.user.uid, changed);
    }

    /// Waits until other servers know who is connected here. From then on these users miss nothing that other servers publish.
    pub async fn settled(&self) -> Result<(), StoreError> {
        self.store.catch_up().await
    }

    /// Whether [`Presences::mark_online`] with user activity would change nothing for others.
    pub fn is_active(&self, session: &Session) -> bool {
        self.hub.is_active(session.user.uid, session.key)
    }

    /// The client of a session made a request that does not show the user as online. Until they poll, fetch the buddy list, send a
    /// message or switch chat on, their client may still want to say that they are invisible.
    pub fn touch(&self, session: &Session, active: bool) {
        let changed = self.hub.touch(session.user.uid, session.key, active);
        self.tell(session.user.uid, changed);
    }

    /// A client that stays connected says whether its user is there.
    pub fn show(&self, subscription: &Subscription, availability: Availability) {
        self.tell(subscription.session().0, subscription.show(availability));
    }

    /// Switches chat on or off.
    pub async fn set_visible(
        &self,
        session: &Session,
        visible: bool,
    ) -> Result<(), VisibilityError> {
        self.actions.take(session.user.uid)?;
        let (presences, uid, key) = (self.clone(), session.user.uid, session.key);
        detached(async move {
            presences.store.set_visible(uid, visible).await?;
            presences.tell(uid, presences.hub.set_visible(uid, key, visible));
            Ok(())
        })
        .await
    }

    /// Takes sessions of a user offline that have ended in the store.
    pub fn end_sessions(&self, uid: Uid, keys: &[SessionKey]) {
        for key in keys {
            self.tell(uid, self.hub.end_session(uid, *key));
        }
    }

    /// Updates what changes with time: called once a second.
    pub fn sweep(&self) {
        let Swept { changed, acked } = self.hub.sweep();
        for (uid, changed) in changed {
            self.tell(uid, changed);
        }
        if !acked.is_empty() {
            // Nobody waits for this: after a crash some events are fetched again, and clients drop what they know.
            drop(self.store.acknowledge(acked));
        }
    }

    /// Blocks or unblocks `other` for a user, who is offline to them from now on or seen again.
    pub fn set_blocked(&self, own: Uid, other: Uid, blocked: bool) -> Reply<BlockChanged> {
        let _telling = lock(&self.telling);
        let presence = if blocked {
            Presence::Offline
        } else {
            self.hub.presence(own)
        };
        let item = item::presence(own, presence);
        self.store.set_blocked(own, other, blocked, item)
    }

    /// Tells the friends of a user their new presence, and other servers how the user is connected.
    fn tell(&self, uid: Uid, changed: Changed) {
        if changed == Changed::Nothing {
            return;
        }
        let _telling = lock(&self.telling);
        let (here, presence) = self.hub.here(uid);
        let is_new = changed == Changed::Presence;
        if !self.store.announce(uid, here, presence, is_new) {
            self.hub.must_tell(uid);
        }
    }
}
