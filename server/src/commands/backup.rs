//! `fbchatd backup` and `restore`

use std::path::Path;

use super::Failure;
use super::output::print;
use super::store::open_existing;
use crate::cli::Place;
use crate::service::files::disk::Disk;
use crate::store;

/// `fbchatd backup`
pub async fn backup(to: &Path, place: &Place) -> Result<(), Failure> {
    open_existing(place)?.backup(to.to_owned()).await?;
    // After the database, so that everything that it names is there unless it was deleted since.
    let files = place.config()?.files_dir()?.map(|dir| Disk::at(&dir));
    if let Some(Err(error)) = files.map(|disk| Disk::beside(to).add_from(&disk)) {
        std::fs::remove_file(to)?;
        let text = format!(
            "Cannot copy the files to {}: {error}. There is no backup.",
            Disk::beside(to).path().display()
        );
        return Err(text.into());
    }
    print(format!(
        "wrote {file}; to go back to it, stop the server and run: fbchatd restore {file}",
        file = to.display()
    ))?;
    Ok(())
}

/// `fbchatd restore`
pub fn restore(from: &Path, place: &Place) -> Result<(), Failure> {
    let config = place.config()?;
    if config.store.is_some() {
        let text = "Backups of PostgreSQL are restored with pg_restore; `fbchatd backup` says how.";
        return Err(text.into());
    }
    let dir = config.data_dir()?;
    // Before the database that names them. A file never changes, so none is replaced.
    let disk = Disk::at(&config.files_dir()?.unwrap_or_else(|| dir.clone()));
    disk.add_from(&Disk::beside(from)).map_err(|error| {
        let files = Disk::beside(from);
        let files = files.path().display();
        format!("Cannot restore the files in {files}: {error}. Nothing was changed.")
    })?;
    let aside = store::restore(&dir, from)?;
    if let Some(aside) = &aside {
        // The server deletes what the restored database does not name.
        Disk::at(aside).add_from(&disk)?;
    }
    print(format!("restored {} in {}", from.display(), dir.display()))?;
    if let Some(aside) = aside {
        print(format!(
            "what was there before is in {}; delete it when you do not need it any more",
            aside.display()
        ))?;
    }
    Ok(())
}
