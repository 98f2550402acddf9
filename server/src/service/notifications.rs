//! What a user has not looked at yet: notifications, and conversations with unread messages.

use std::sync::Arc;

use crate::store::{Store, StoreError};
use crate::types::Session;

pub use crate::store::{Conversation, Kind, Notification};

pub struct Notifications {
    store: Arc<Store>,
}

impl Notifications {
    pub fn new(store: Arc<Store>) -> Self {
        Notifications { store }
    }

    /// The notifications, latest first.
    pub async fn all(&self, session: &Session) -> Result<Vec<Notification>, StoreError> {
        self.store.notifications(session.user.uid).await
    }

    /// The conversations with unread messages, latest first.
    pub async fn unread(&self, session: &Session) -> Result<Vec<Conversation>, StoreError> {
        self.store.unread(session.user.uid).await
    }

    /// Marks all notifications as seen.
    pub async fn mark_seen(&self, session: &Session) -> Result<(), StoreError> {
        self.store.mark_seen(session.user.uid).await
    }
}
