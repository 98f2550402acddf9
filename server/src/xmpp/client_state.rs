//! Clients that nobody looks at (XEP-0352): presence and typing can wait.

use super::session::Client;
use super::xml::Element;

impl Client {
    /// A client says whether anybody looks at it.
    pub async fn client_state(&mut self, element: &Element) {
        match &*element.name {
            "inactive" => self.withheld = Some(self.withheld.take().unwrap_or_default()),
            "active" => {
                for uid in self.withheld.take().into_iter().flatten() {
                    if let Err(error) = self.tell_presence(uid).await {
                        log::log!(error.level(), "a presence was not told: {error}");
                    }
                }
            }
            _ => {}
        }
    }
}
