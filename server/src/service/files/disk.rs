//! The contents of files in a directory: `ab/NUMBER` and `ab/NUMBER.preview`, and `new/` for what is not complete yet.
//!
//! The server's user may write there, and operators are often root, so nothing is opened through a symbolic link. All of this waits for
//! the disk. What is kept never changes, so a copy may share it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::num::NonZeroU64;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, lchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Advice, OFlags, fadvise};

use crate::attachment::FileId;
use crate::secrets;

const NEW: &str = "new";
/// After this long without a byte, an upload has failed.
const FORGOTTEN: Duration = Duration::from_secs(60 * 60);
/// Each time this many bytes have been written, the system is told to begin writing them to the disk, so that little is left to wait for in the end.
const BEGIN: u64 = 4 << 20;
/// The digits of a number that name the directory of a file.
const PREFIX: usize = 2;

/// Which content of a file is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    Preview,
}

/// A directory with files.
#[derive(Clone, Debug)]
pub struct Disk {
    dir: PathBuf,
}

/// Content that is not complete yet. It is removed unless it is kept.
#[derive(Debug)]
pub struct Draft {
    file: File,
    path: PathBuf,
    /// The bytes that were written, and those of them that the system was told to write to the disk.
    size: u64,
    begun: u64,
}

impl Draft {
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        if let Some(length) =
            NonZeroU64::new(self.size - self.begun).filter(|length| length.get() >= BEGIN)
        {
            // Linux begins to write what is to leave its cache, and keeps it there until it is written. Without that, only `keep` takes
            // longer.
            let _ = fadvise(&self.file, self.begun, Some(length), Advice::DontNeed);
            self.begun = self.size;
        }
        Ok(())
    }

    /// For those who look at parts of it, or change them.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Everything that was written.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let length = self.file.metadata()?.len();
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What stays behind is removed with the next start.
        let _ = fs::remove_file(&self.path);
    }
}

fn no_link(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits().cast_signed())
}

fn make_dir(dir: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether a file is so old that no server can still be writing it, or is already deleted.
fn is_old(file: &Path) -> io::Result<bool> {
    match file.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        found => Ok(found?
            .modified()?
            .elapsed()
            .is_ok_and(|age| age > FORGOTTEN)),
    }
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

impl Disk {
    /// The files of a data directory, whether or not there are any.
    pub fn at(data: &Path) -> Self {
        Disk {
            dir: data.join("files"),
        }
    }

    /// The files of a backup.
    pub fn beside(backup: &Path) -> Self {
        let mut dir = backup.as_os_str().to_owned();
        dir.push(".files");
        Disk { dir: dir.into() }
    }

    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Creates the directories, and removes files that a killed server has not completed; if other servers use them as well, only files that
    /// none of them can still be writing.
    pub fn prepare(&self, is_shared: bool) -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)?;
        let new = self.dir.join(NEW);
        make_dir(&new)?;
        for entry in fs::read_dir(&new)? {
            let path = entry?.path();
            if !is_shared || is_old(&path)? {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Whether all content of a file was written so long ago that no upload of it can be under way.
    pub fn is_old(&self, id: &FileId) -> io::Result<bool> {
        Ok(is_old(&self.place(id, Part::Preview))? && is_old(&self.place(id, Part::Whole))?)
    }

    /// Begins new content.
    pub fn create(&self) -> io::Result<Draft> {
        let name = secrets::random_hex(16).map_err(io::Error::other)?;
        let path = self.dir.join(NEW).join(name);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create_new(true).mode(0o600);
        Ok(Draft {
            file: no_link(options).open(&path)?,
            path,
            size: 0,
            begun: 0,
        })
    }

    /// Keeps content under a number. It is durable after that.
    pub fn keep(&self, draft: Draft, id: &FileId, part: Part) -> io::Result<()> {
        draft.file.sync_all()?;
        let place = self.place(id, part);
        let dir = self.dir_of(id);
        if !dir.try_exists()? {
            make_dir(&dir)?;
            sync(&self.dir)?;
        }
        fs::rename(&draft.path, place)?;
        sync(&dir)
    }

    fn dir_of(&self, id: &FileId) -> PathBuf {
        let name = id.as_str().get(..PREFIX).unwrap_or_default();
        self.dir.join(name)
    }

    fn place(&self, id: &FileId, part: Part) -> PathBuf {
        let name = match part {
            Part::Whole => id.to_string(),
            Part::Preview => format!("{id}.preview"),
        };
        self.dir_of(id).join(name)
    }

    /// Opens content.
    pub fn open(&self, id: &FileId, part: Part) -> io::Result<File> {
        no_link(OpenOptions::new().read(true)).open(self.place(id, part))
    }

    /// Deletes all content of a file, if there is any.
    pub fn delete(&self, id: &FileId) -> io::Result<()> {
        remove(&self.place(id, Part::Preview))?;
        remove(&self.place(id, Part::Whole))
    }

    /// The directories that hold files.
    pub fn shelves(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut shelves = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            if name.len() == PREFIX && entry.file_type()?.is_dir() {
                shelves.push(entry.path());
            }
        }
        Ok(shelves)
    }

    /// Adds everything of another directory that is not there yet.
    pub fn add_from(&self, from: &Disk) -> io::Result<()> {
        let shelves = from.shelves()?;
        if shelves.is_empty() {
            return Ok(());
        }
        let parent = self.dir.parent().filter(|dir| *dir != Path::new(""));
        let parent = parent.unwrap_or(Path::new("."));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)?;
        let owner = parent.metadata()?;
        // Operators often are root, and the server is not.
        let give = |path: &Path| -> io::Result<()> {
            if path.symlink_metadata()?.uid() == owner.uid() {
                return Ok(());
            }
            lchown(path, Some(owner.uid()), Some(owner.gid()))
        };
        make_dir(&self.dir)?;
        give(&self.dir)?;
        for shelf in shelves {
            let Some(name) = shelf.file_name() else {
                continue;
            };
            let target = self.dir.join(name);
            make_dir(&target)?;
            give(&target)?;
            for entry in fs::read_dir(&shelf)? {
                let (entry, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
                let file = target.join(name);
                if file.symlink_metadata().is_ok() {
                    continue;
                }
                if fs::hard_link(&entry, &file).is_err() {
                    copy(&entry, &file)?;
                    give(&file)?;
                }
            }
            sync(&target)?;
        }
        sync(&self.dir)
    }
}

/// The numbers of the files in one of the directories.
pub fn numbers(shelf: &Path) -> io::Result<Vec<FileId>> {
    let mut ids = Vec::new();
    for entry in fs::read_dir(shelf)? {
        let name = entry?.file_name();
        let name = name.to_str().and_then(|name| name.split('.').next());
        ids.extend(name.and_then(|name| name.parse::<FileId>().ok()));
    }
    ids.dedup();
    Ok(ids)
}

/// Copies a file. Under another name until it is complete, so that nobody takes a part for the whole.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = no_link(OpenOptions::new().read(true)).open(from)?;
    let part = to.with_extension("part");
    remove(&part)?;
    let mut options = OpenOptions::new();
    let mut target = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)?;
    io::copy(&mut source, &mut target)?;
    target.sync_all()?;
    fs::rename(part, to)
}
