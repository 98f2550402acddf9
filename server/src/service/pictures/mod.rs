//! Pictures of users: what is accepted, and who may see it. As in 2008, anyone who knows the hash of a picture may see it.

mod rendering;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::detached::detached;
use super::user_limit::{TooOften, UserLimit};
use super::workers::Workers;
use crate::store::{Audience, Store, StoreError};
use crate::types::{Session, Uid};
use crate::{item, secrets};

#[cfg(feature = "fuzzing")]
pub use rendering::render;
pub use rendering::{SIZE, media_type};

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

/// Renders one picture at a time, because each may need a hundred megabytes.
struct Renderer {
    turn: Arc<Semaphore>,
    workers: Workers,
}

impl Renderer {
    async fn render(&self, file: Vec<u8>) -> Result<Vec<u8>, PictureError> {
        let turn = self.turn.clone().acquire_owned().await;
        let rendered = self.workers.run(move |()| {
            // Until it is done, also for a client that has left.
            let _turn = turn;
            rendering::render(&file)
        });
        rendered.await.unwrap_or(Err(PictureError::Damaged))
    }
}

impl Pictures {
    /// `changes` limits how often users change what all their friends are told.
    pub fn new(store: Arc<Store>, changes: UserLimit) -> io::Result<Self> {
        let workers = Workers::start("pictures", 1).map_err(|error| {
            io::Error::new(error.kind(), format!("Cannot read pictures: {error}."))
        })?;
        Ok(Pictures {
            store,
            changes,
            renderer: Arc::new(Renderer {
                turn: Arc::new(Semaphore::new(1)),
                workers,
            }),
        })
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
            Some(file) => Some(with_hash(self.renderer.render(file.to_vec()).await?)),
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
            let picture = self.renderer.render(file).await.ok().map(with_hash);
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

fn with_hash(picture: Vec<u8>) -> (String, Vec<u8>) {
    (secrets::picture_hash(&picture), picture)
}
