//! Names and pictures of users as vCards (XEP-0054). A client can change only the picture, see `avatar`; users change the rest on the
//! page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::errors::StanzaError;
use super::session::Client;
use super::xml::{Element, ns};
use crate::service::pictures::media_type;
use crate::service::profiles::ProfileError;
use crate::types::{Session, Uid};

impl Client {
    /// The vCard of any user, with what everybody may see of them.
    pub async fn vcard(&self, session: &Session, uid: Uid) -> Result<Element, StanzaError> {
        let services = &self.xmpp.services;
        let profile = services.profiles.view(session, uid).await;
        let profile = profile.map_err(|error| match error {
            ProfileError::Unknown => StanzaError::service_unavailable(),
            ProfileError::Store(error) => error.into(),
        })?;
        let part = |name: &'static str, text: String| Element::new(name, ns::VCARD).text(text);
        let address = self.xmpp.address(&profile.username);
        let mut card = Element::new("vCard", ns::VCARD)
            .child(part("FN", profile.name))
            .child(part("NICKNAME", profile.username))
            .child(part("JABBERID", address));
        if let Some(hash) = profile.picture
            && let Some(picture) = services.pictures.get(uid, &hash).await?
            && let Some(kind) = media_type(&picture)
        {
            card.push(
                Element::new("PHOTO", ns::VCARD)
                    .child(part("TYPE", kind.to_owned()))
                    .child(part("BINVAL", STANDARD.encode(picture))),
            );
        }
        Ok(card)
    }
}
