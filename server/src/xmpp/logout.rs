//! What happens to a login when its client leaves.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::Xmpp;
use super::session::Client;
use crate::service::StoreError;
use crate::service::presence::Availability;

/// How many logins are ended at a time after the first attempt has failed. All clients of a server may have left at once.
pub const RETRIES: usize = 16;
/// How long an attempt waits for the next one, at first and at most.
const WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

impl Client {
    /// The login ends with its connection, unless the client has a token for it.
    pub async fn leave(&mut self) {
        if let Some(to) = self.typing_to.take()
            && let Ok(Some(session)) = self.find_session().await
        {
            // Nobody needs to be told if the client has left in the meantime.
            let messages = &self.xmpp.services.messages;
            let _ = messages.typing(&session, to, false).await;
        }
        if self.outlives {
            // Only the client has gone.
            let presences = &self.xmpp.services.presences;
            presences.show(&self.subscription, Availability::Hidden);
        } else {
            self.end_login(self.secret.clone()).await;
        }
    }

    /// Ends a login of the user: this one, or the one whose token was replaced. If the database is away or has too much to do, it is
    /// ended later.
    pub async fn end_login(&self, secret: String) {
        if !tries_again(end(&self.xmpp, &secret).await) {
            return;
        }
        let xmpp = self.xmpp.clone();
        tokio::spawn(end_later(xmpp, secret));
    }
}

async fn end(xmpp: &Xmpp, secret: &str) -> Result<(), StoreError> {
    let sessions = &xmpp.services.sessions;
    match sessions.find(secret).await? {
        Some(session) => sessions.end(session, None).await,
        None => Ok(()),
    }
}

/// Tries until it works, at the latest when the login has ended by itself.
async fn end_later(xmpp: Arc<Xmpp>, secret: String) {
    // It is never closed.
    let _turn = xmpp.logouts.acquire().await;
    let mut wait = WAIT;
    while tries_again(end(&xmpp, &secret).await) {
        sleep(wait).await;
        wait = LONGEST_WAIT.min(wait * 2);
    }
}

/// Whether another attempt may succeed.
fn tries_again(ended: Result<(), StoreError>) -> bool {
    match ended {
        Ok(()) => false,
        Err(StoreError::Away(_) | StoreError::Busy) => true,
        Err(error) => {
            log::log!(error.level(), "a login was not ended: {error}");
            false
        }
    }
}
