//! Pictures of users: what is accepted, and who may see it. As in 2008, anyone who knows the hash of a picture may see it.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use image::imageops::FilterType;

use super::detached::detached;
use super::rendering::{RenderError, Renderer, Rules, decode, encode, format};
use super::user_limit::{TooOften, UserLimit};
use crate::store::{Audience, Store, StoreError};
use crate::types::{Session, Uid};
use crate::{item, secrets};

/// The largest picture in bytes.
pub const SIZE: usize = 1 << 20;
/// What is decoded: 16 bytes for each point.
const DECODED: Rules = Rules {
    side: 2048,
    points: 2048 * 2048,
    memory: 64 << 20,
};

/// The largest width and height that are stored: as wide as Pidgin's, as high as those of 2008.
const WIDTH: u32 = 256;
const HEIGHT: u32 = 600;
/// Of the JPEG, out of 100.
const QUALITY: u8 = 90;

/// Why a picture was refused.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("The picture is too large: the limit is 1 MiB.")]
    TooLarge,
    #[error("The picture must be a PNG, JPEG or GIF.")]
    Format,
    #[error("The picture must have at most 2048 by 2048 points.")]
    Pixels,
    #[error("The picture is damaged, or was cut off.")]
    Damaged,
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Clone)]
pub struct Pictures {
    store: Arc<Store>,
    changes: UserLimit,
    renderer: Arc<Renderer>,
}

impl Pictures {
    /// `changes` limits how often users change what all their friends are told.
    pub fn new(store: Arc<Store>, changes: UserLimit, renderer: Arc<Renderer>) -> Self {
        Pictures {
            store,
            changes,
            renderer,
        }
    }

    async fn render(&self, file: Vec<u8>) -> Result<Vec<u8>, PictureError> {
        let rendered = self.renderer.run(move || render(&file));
        rendered.await.unwrap_or(Err(PictureError::Damaged))
    }

    /// Sets a picture, or removes it; returns its hash.
    pub async fn set(
        &self,
        session: &Session,
        picture: Option<&[u8]>,
    ) -> Result<Option<String>, PictureError> {
        if picture.is_none() && session.user.picture.is_none() {
            return Ok(None);
        }
        let uid = session.user.uid;
        // Before the work, which costs more than a change.
        self.changes.take(uid)?;
        let picture = match picture {
            Some(file) => Some(with_hash(self.render(file.to_vec()).await?)),
            None => None,
        };
        let hash = picture.as_ref().map(|(hash, _)| hash.clone());
        if hash == session.user.picture {
            return Ok(hash);
        }
        let store = self.store.clone();
        detached(async move {
            store.set_picture(uid, picture).await?;
            let item = item::picture(uid, hash.as_deref());
            store.push(Audience::UserAndFriends(uid), item);
            Ok(hash)
        })
        .await
    }

    /// The bytes of a user's picture, if it is still the one with this hash.
    pub async fn get(&self, uid: Uid, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.picture(uid, hash).await
    }

    /// Renders the pictures that an earlier version stored as they were uploaded, one after the other; until then nobody sees them.
    /// What is no picture by the rules of today is removed.
    pub async fn render_stored(self) {
        if let Err(error) = self.try_render_stored().await {
            log::error!("pictures of an earlier version stay hidden until the next start: {error}");
        }
    }

    async fn try_render_stored(&self) -> Result<(), StoreError> {
        let (mut kept, mut removed) = (0, 0);
        while let Some((uid, old, file)) = self.store.unrendered_picture().await? {
            let picture = self.render(file).await.ok().map(with_hash);
            let count = match picture {
                Some(_) => &mut kept,
                None => &mut removed,
            };
            *count += 1;
            let hash = picture.as_ref().map(|(hash, _)| hash.clone());
            if self.store.replace_picture(uid, old, picture).await? {
                let item = item::picture(uid, hash.as_deref());
                self.store.push(Audience::UserAndFriends(uid), item);
            }
        }
        if kept + removed > 0 {
            log::info!(
                "removed hidden data from {kept} stored pictures, and {removed} that were damaged or too large"
            );
        }
        Ok(())
    }
}

/// The media type of a stored picture.
pub fn media_type(picture: &[u8]) -> Option<&'static str> {
    Some(format(picture)?.to_mime_type())
}

impl From<RenderError> for PictureError {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Pixels => PictureError::Pixels,
            RenderError::Damaged => PictureError::Damaged,
        }
    }
}

/// Makes the picture that is stored out of the file that was uploaded. It is decoded and re-encoded, so that nothing but its points
/// is left: no place where it was taken, no serial number of the camera, no comment, no profile, and one frame of an animation. The
/// same for the same file.
pub fn render(file: &[u8]) -> Result<Vec<u8>, PictureError> {
    if file.len() > SIZE {
        return Err(PictureError::TooLarge);
    }
    let format = format(file).ok_or(PictureError::Format)?;
    let mut picture = decode(file, format, &DECODED)?;
    if picture.width() > WIDTH || picture.height() > HEIGHT {
        picture = picture.resize(WIDTH, HEIGHT, FilterType::CatmullRom);
    }
    encode(&picture, format, QUALITY).map_err(|_| PictureError::Damaged)
}

fn with_hash(picture: Vec<u8>) -> (String, Vec<u8>) {
    (secrets::picture_hash(&picture), picture)
}
