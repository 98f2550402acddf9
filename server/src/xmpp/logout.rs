//! How the login of a client ends: with its connection, or later if the client has a token for it.

use super::session::Client;
use crate::service::presence::Availability;

impl Client {
    /// The login ends with its connection, unless the client has a token for it.
    pub async fn leave(&mut self) {
        let sessions = &self.xmpp.services.sessions;
        let session = match sessions.find(&self.secret).await {
            Ok(Some(session)) => session,
            Ok(None) => return,
            Err(error) => return log::log!(error.level(), "a session was not ended: {error}"),
        };
        if let Some(to) = self.typing_to.take() {
            // Nobody needs to be told if the client has left in the meantime.
            let _ = self
                .xmpp
                .services
                .messages
                .typing(&session, to, false)
                .await;
        }
        if self.outlives {
            // Only the client has gone.
            let presences = &self.xmpp.services.presences;
            presences.show(&self.subscription, Availability::Hidden);
            return;
        }
        if let Err(error) = sessions.end(session, None).await {
            log::log!(error.level(), "a session was not ended: {error}");
        }
    }

    /// Ends the session whose token was replaced.
    pub async fn end_former(&self, secret: &str) {
        let sessions = &self.xmpp.services.sessions;
        let ended = match sessions.find(secret).await {
            Ok(Some(session)) => sessions.end(session, None).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            log::log!(error.level(), "a session was not ended: {error}");
        }
    }
}
