//! Pictures of users: what is accepted, and who may see it. As in 2008, anyone who knows the hash of a picture may see it.

use std::sync::Arc;

use imagesize::ImageType;

use super::detached::detached;
use super::user_limit::UserLimit;
use crate::store::{Audience, Store, StoreError};
use crate::types::{Session, Uid};
use crate::{item, secrets};

/// The largest picture in bytes.
pub const SIZE: usize = 1 << 20;
/// The largest width and height.
const PIXELS: usize = 2048;

/// Why a picture was refused.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("The picture is too large: the limit is 1 MiB.")]
    TooLarge,
    #[error("The picture must be a PNG, JPEG or GIF.")]
    Format,
    #[error("The picture must have at most 2048 by 2048 points.")]
    Pixels,
    #[error("You change this very often. Try again in ten minutes.")]
    TooOften,
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub struct Pictures {
    store: Arc<Store>,
    changes: UserLimit,
}

impl Pictures {
    /// `changes` limits how often users change what all their friends are told.
    pub fn new(store: Arc<Store>, changes: UserLimit) -> Self {
        Pictures { store, changes }
    }

    /// Sets a picture, or removes it; returns its hash.
    pub async fn set(
        &self,
        session: &Session,
        picture: Option<&[u8]>,
    ) -> Result<Option<String>, PictureError> {
        if let Some(bytes) = picture {
            check(bytes)?;
        }
        let hash = picture.map(secrets::picture_hash);
        if hash == session.user.picture {
            return Ok(hash);
        }
        let uid = session.user.uid;
        if !self.changes.allow(uid) {
            return Err(PictureError::TooOften);
        }
        let with_hash = hash.clone().zip(picture.map(<[u8]>::to_vec));
        let store = self.store.clone();
        detached(async move {
            store.set_picture(uid, with_hash).await?;
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
}

/// The media type of a picture by its content, if it is one of those that are accepted.
pub fn media_type(picture: &[u8]) -> Option<&'static str> {
    match imagesize::image_type(picture).ok()? {
        ImageType::Png => Some("image/png"),
        ImageType::Jpeg => Some("image/jpeg"),
        ImageType::Gif => Some("image/gif"),
        _ => None,
    }
}

/// Judges a picture by its content alone; what the client says about it is ignored.
fn check(picture: &[u8]) -> Result<(), PictureError> {
    if picture.len() > SIZE {
        return Err(PictureError::TooLarge);
    }
    let allowed = 1..=PIXELS;
    match media_type(picture).and_then(|_| imagesize::blob_size(picture).ok()) {
        None => Err(PictureError::Format),
        Some(size) if allowed.contains(&size.width) && allowed.contains(&size.height) => Ok(()),
        Some(_) => Err(PictureError::Pixels),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_within_the_limits_pass() {
        let gif = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xcc\xcc\xcc\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";
        assert!(check(gif).is_ok());
        let png = |width: u32, height: u32| {
            let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
            png.extend(width.to_be_bytes());
            png.extend(height.to_be_bytes());
            png.extend([8, 0, 0, 0, 0]);
            png
        };
        assert!(check(&png(2048, 2048)).is_ok());
        for wrong in [
            png(2049, 1),
            png(1, u32::MAX),
            png(0, 1),
            Vec::new(),
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(),
            b"GIF".to_vec(),
            b"BM\0\0\0\0".to_vec(),
            [&gif[..], &vec![0; SIZE]].concat(),
        ] {
            assert!(check(&wrong).is_err(), "{:?}", wrong.get(..16));
        }
        // Wherever it is cut off, the parser returns.
        for length in 0..24 {
            let _ = check(&png(9, 9)[..length]);
        }
    }
}
