//! Clients that nobody looks at (XEP-0352): presence and typing can wait.

use super::session::Client;
use super::xml::Element;
use crate::service::StoreError;

impl Client {
    /// A client says whether anybody looks at it.
    pub fn client_state(&mut self, element: &Element) {
        match &*element.name {
            "inactive" => self.is_inactive = true,
            // What was withheld is told before anything else.
            "active" => self.is_inactive = false,
            _ => {}
        }
    }

    /// Tells a client that somebody looks at again how the friends are who have changed.
    pub async fn tell_withheld(&mut self) -> Result<(), StoreError> {
        while let Some(uid) = self.withheld.first().copied().filter(|_| !self.is_inactive) {
            self.tell_presence(uid).await?;
            self.withheld.remove(&uid);
        }
        Ok(())
    }
}
