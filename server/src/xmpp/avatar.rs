//! Pictures of users: as they are published by personal eventing (XEP-0084), with the hash in presence (XEP-0153), and both from the one
//! picture that a user has (XEP-0398). The server makes a picture of its own out of what a client publishes, so its hash differs.

use std::collections::HashMap;
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::Xmpp;
use super::errors::StanzaError;
use super::pep::{event_item, item};
use super::session::Client;
use super::xml::{Element, ns};
use crate::service::StoreError;
use crate::service::pictures::{PictureError, media_type};
use crate::service::profiles::ProfileError;
use crate::sync::lock;
use crate::types::{Session, Uid};

/// The most pictures whose hashes are remembered.
const REMEMBERED: usize = 10_000;

/// What clients are told of a picture.
#[derive(Clone)]
pub struct About {
    /// Its SHA-1 in hex.
    pub sha1: String,
    media_type: &'static str,
    bytes: usize,
}

/// What was found out about pictures, by the hashes under which they are stored.
#[derive(Default)]
pub struct Known(Mutex<HashMap<String, About>>);

impl From<PictureError> for StanzaError {
    fn from(error: PictureError) -> Self {
        let text = error.to_string();
        match error {
            PictureError::TooOften(_) => Self::new("wait", "resource-constraint", text),
            PictureError::Store(error) => error.into(),
            _ => Self::new("modify", "not-acceptable", text),
        }
    }
}

fn about(picture: &[u8]) -> Option<About> {
    let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, picture);
    let hex = sha1.as_ref().iter().map(|byte| format!("{byte:02x}"));
    Some(About {
        sha1: hex.collect(),
        media_type: media_type(picture)?,
        bytes: picture.len(),
    })
}

/// Base64 as clients write it, in lines.
fn decoded(text: &str) -> Result<Vec<u8>, StanzaError> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD
        .decode(text)
        .map_err(|_| StanzaError::bad_request())
}

impl Xmpp {
    /// What is told of the picture of a user, whose hash is given.
    pub async fn about_picture(
        &self,
        uid: Uid,
        hash: Option<&str>,
    ) -> Result<Option<About>, StoreError> {
        let Some(hash) = hash else {
            return Ok(None);
        };
        if let Some(about) = lock(&self.pictures.0).get(hash) {
            return Ok(Some(about.clone()));
        }
        let picture = self.services.pictures.get(uid, hash).await?;
        let about = picture.as_deref().and_then(about);
        if let Some(about) = &about {
            let mut known = lock(&self.pictures.0);
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(hash.to_owned(), about.clone());
        }
        Ok(about)
    }

    /// What a presence says of the picture of a user; nothing if it cannot be read now.
    pub async fn photo(&self, uid: Uid, hash: Option<&str>) -> Element {
        let x = Element::new("x", ns::VCARD_UPDATE);
        let photo = Element::new("photo", ns::VCARD_UPDATE);
        match self.about_picture(uid, hash).await {
            Ok(Some(about)) => x.child(photo.text(about.sha1)),
            Ok(None) => x.child(photo),
            Err(error) => {
                log::warn!("a picture cannot be read: {error}");
                x
            }
        }
    }
}

fn metadata(about: Option<&About>) -> Element {
    let metadata = Element::new("metadata", ns::AVATAR_METADATA);
    match about {
        Some(about) => metadata.child(
            Element::new("info", ns::AVATAR_METADATA)
                .with("id", about.sha1.as_str())
                .with("bytes", about.bytes.to_string())
                .with("type", about.media_type),
        ),
        None => metadata,
    }
}

impl Client {
    async fn picture_of(
        &self,
        session: &Session,
        uid: Uid,
    ) -> Result<Option<(String, About)>, StoreError> {
        let hash = if uid == self.uid {
            session.user.picture.clone()
        } else {
            match self.xmpp.services.profiles.view(session, uid).await {
                Ok(profile) => profile.picture,
                Err(ProfileError::Unknown) => None,
                Err(ProfileError::Store(error)) => return Err(error),
            }
        };
        let about = self.xmpp.about_picture(uid, hash.as_deref()).await?;
        Ok(hash.zip(about))
    }

    /// The picture of a user as the item of its node.
    pub async fn picture_data(
        &self,
        session: &Session,
        uid: Uid,
    ) -> Result<Vec<Element>, StanzaError> {
        let Some((hash, about)) = self.picture_of(session, uid).await? else {
            return Ok(Vec::new());
        };
        let picture = self.xmpp.services.pictures.get(uid, &hash).await?;
        let data = picture.map(|picture| {
            let data = Element::new("data", ns::AVATAR_DATA).text(STANDARD.encode(picture));
            item(about.sha1, data)
        });
        Ok(data.into_iter().collect())
    }

    /// What is told of the picture of a user as the item of its node.
    pub async fn picture_metadata(
        &self,
        session: &Session,
        uid: Uid,
    ) -> Result<Vec<Element>, StanzaError> {
        let picture = self.picture_of(session, uid).await?;
        let picture = picture.map(|(_, about)| item(about.sha1.as_str(), metadata(Some(&about))));
        Ok(picture.into_iter().collect())
    }

    /// The client publishes a picture.
    pub async fn publish_picture(
        &mut self,
        session: &Session,
        item: &Element,
    ) -> Result<(), StanzaError> {
        let data = item.find("data", ns::AVATAR_DATA);
        let data = data.ok_or_else(StanzaError::bad_request)?;
        let picture = decoded(&data.content())?;
        let pictures = &self.xmpp.services.pictures;
        pictures.set(session, Some(&picture)).await?;
        Ok(())
    }

    /// The client says which picture is the current one, which it has published before, or that there is none.
    pub async fn publish_metadata(
        &mut self,
        session: &Session,
        item: &Element,
    ) -> Result<(), StanzaError> {
        let metadata = item.find("metadata", ns::AVATAR_METADATA);
        let metadata = metadata.ok_or_else(StanzaError::bad_request)?;
        if metadata.children().next().is_none() {
            self.xmpp.services.pictures.set(session, None).await?;
        }
        Ok(())
    }

    /// The client sets its card, of which the picture counts. A card without one changes nothing: some clients send such a card when they
    /// log in.
    pub async fn set_vcard(
        &mut self,
        session: &Session,
        card: &Element,
    ) -> Result<(), StanzaError> {
        let photo = card.find("PHOTO", ns::VCARD);
        let Some(picture) = photo.and_then(|photo| photo.find("BINVAL", ns::VCARD)) else {
            return Ok(());
        };
        let picture = decoded(&picture.content())?;
        let pictures = &self.xmpp.services.pictures;
        pictures.set(session, Some(&picture)).await?;
        Ok(())
    }

    /// Tells the client of the pictures of the user and their friends.
    pub async fn tell_pictures(&mut self) -> Result<(), StoreError> {
        let Some(session) = self.find_session().await? else {
            return Ok(());
        };
        let friends = self.xmpp.services.friends.list(&session).await?;
        let users = friends
            .iter()
            .map(|(friend, _)| friend)
            .chain([&session.user]);
        for user in users.filter(|user| user.picture.is_some()) {
            let hash = user.picture.as_deref();
            if let Some(about) = self.xmpp.about_picture(user.uid, hash).await? {
                let address = self.xmpp.address(&user.username);
                self.tell_metadata(&address, Some(&about));
            }
        }
        Ok(())
    }

    fn tell_metadata(&mut self, address: &str, about: Option<&About>) {
        let id = about.map_or("none", |about| about.sha1.as_str());
        let item = event_item(id, metadata(about));
        self.send_event(address, ns::AVATAR_METADATA, vec![item]);
    }

    /// Tells the client that the user or a friend has another picture, or none.
    pub async fn tell_picture(&mut self, uid: Uid) -> Result<(), StoreError> {
        self.sync_rooms_with(uid).await?;
        if uid != self.uid {
            self.tell_presence(uid).await?;
        }
        if !self.interests.pictures {
            return Ok(());
        }
        let (Some(session), Some(address)) =
            (self.find_session().await?, self.address_of(uid).await?)
        else {
            return Ok(());
        };
        let picture = self.picture_of(&session, uid).await?;
        let about = picture.as_ref().map(|(_, about)| about);
        self.tell_metadata(&address, about);
        Ok(())
    }
}
