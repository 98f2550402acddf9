//! Deletes the contents of files that are not needed any more.

use std::io;
use std::sync::atomic::Ordering;

use log::Level;

use super::disk::{Disk, numbers};
use super::{FileError, Files};
use crate::clock::now_ms;
use crate::store::{Store, StoreError};

/// How often files are swept, in seconds.
const EVERY: u64 = 60;

/// Deletes the contents of files that the store has given up, in a command.
pub async fn delete_contents(store: &Store, disk: &Disk) -> Result<(), FileError> {
    loop {
        let ids = store.deleted_files().await?;
        if ids.is_empty() {
            return Ok(());
        }
        for id in &ids {
            disk.delete(id)?;
        }
        store.forget_deleted_files(ids).await?;
    }
}

impl Files {
    /// Does what is to be done before the first upload: finds the secret, and deletes what a server that was killed has left.
    pub async fn start(&self) -> Result<(), FileError> {
        let secret = self.0.store.file_secret(self.0.fresh_secret).await?;
        let _ = self.0.secret.set(secret);
        if self.0.disk.is_none() {
            return Ok(());
        }
        let mut removed = 0;
        for shelf in self.blocking(|disk| disk.shelves()).await? {
            let found = self.blocking(move |_| numbers(&shelf)).await?;
            let unknown = self.0.store.unknown_files(found).await?;
            // Another server may be about to add one.
            let is_shared = self.0.store.is_shared();
            removed += self
                .blocking(move |disk| {
                    let mut removed = 0;
                    for id in &unknown {
                        if !is_shared || disk.is_old(id)? {
                            disk.delete(id)?;
                            removed += 1;
                        }
                    }
                    Ok(removed)
                })
                .await?;
        }
        if removed > 0 {
            log::info!("deleted {removed} files that were not uploaded completely");
        }
        Ok(())
    }

    /// Sweeps in the background, if that is due; called once a second.
    pub fn tick(&self) {
        let seconds = self.0.ticks.fetch_add(1, Ordering::Relaxed);
        if self.0.disk.is_none() || !seconds.is_multiple_of(EVERY) {
            return;
        }
        if let Ok(permit) = self.0.sweeping.clone().try_acquire_owned() {
            let files = self.clone();
            tokio::spawn(async move {
                let _permit = permit;
                if let Err(error) = files.sweep().await {
                    let level = match &error {
                        FileError::Store(StoreError::Closed) => Level::Debug,
                        FileError::Store(error) => error.level(),
                        _ => Level::Error,
                    };
                    log::log!(level, "cannot delete files that are not needed: {error}");
                }
            });
        }
    }

    /// Servers that share the files may do this at the same time; files that another server has already deleted are skipped.
    async fn sweep(&self) -> Result<(), FileError> {
        let expired = self.0.limits.kept.map(|kept| now_ms() - kept);
        self.0.store.sweep_files(expired).await?;
        loop {
            let ids = self.0.store.deleted_files().await?;
            if ids.is_empty() {
                return Ok(());
            }
            let deleted = ids.clone();
            self.blocking(move |disk| deleted.iter().try_for_each(|id| disk.delete(id)))
                .await?;
            self.0.store.forget_deleted_files(ids).await?;
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Disk) -> io::Result<T> + Send + 'static,
    ) -> Result<T, FileError> {
        let disk = self.0.disk()?;
        let done = self.0.workers.run(move |()| work(&disk));
        Ok(done.await.ok_or(StoreError::Closed)??)
    }
}
