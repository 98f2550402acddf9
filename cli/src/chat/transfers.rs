//! Sends and saves files.

use super::Chat;
use crate::files;
use crate::text;
use crate::ui_event::UiEvent;
use fbchat::status::{Problem, Status};
use fbchat::types::Uid;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The shortest time between two updates of a progress bar.
const DRAWN_EVERY: Duration = Duration::from_millis(200);

impl Chat {
    /// Uploads a file and sends it.
    pub(super) fn send_file(&self, to: Uid, path: &str) {
        let sent = self.upload_and_send(to, path);
        if let Err(problem) = sent {
            self.failed.store(true, Ordering::Relaxed);
            self.show(&UiEvent::FileFailed {
                to,
                path,
                problem: &problem,
            });
        }
    }

    fn upload_and_send(&self, to: Uid, path: &str) -> Result<(), Problem> {
        let unreadable = |error: std::io::Error| {
            let text = format!("The file cannot be read: {}", files::reason(&error));
            Problem::new(Status::Argument, text)
        };
        let place = files::expanded(path);
        let name = place.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let opened = std::fs::File::open(&place).map_err(unreadable)?;
        let file = self.session.upload(opened, &name, self.bar(name.clone()))?;
        self.session.send_file(to, &file.id, "")?;
        self.show(&UiEvent::FileSent { to, file: &file });
        Ok(())
    }

    /// Saves a file that was shown with this number.
    pub(super) fn save(&self, number: usize, path: Option<&str>) {
        let known = {
            let state = self.state();
            let known = state.files.get(number);
            known.map(|(id, name)| (id.to_owned(), name.to_owned()))
        };
        let Some((id, name)) = known else {
            return self.error(&format!("There is no file {number}. Nothing was saved."));
        };
        let (file, place) = match files::create(path, &name) {
            Ok(created) => created,
            Err(error) => {
                let reason = files::reason(&error);
                return self.error(&format!("The file cannot be saved: {reason}."));
            }
        };
        *self.partial() = Some(place.clone());
        let saved = self.session.download(&id, file, self.bar(name));
        let partial = self.partial().take();
        match saved {
            Ok(()) => {
                let size = place.metadata().map_or(0, |data| data.len());
                let path = &place;
                self.show(&UiEvent::Saved { number, path, size });
            }
            Err(problem) => {
                if let Some(partial) = partial {
                    let _ = std::fs::remove_file(partial);
                }
                self.error(&format!("Not saved: {}", text::reason(&problem)));
            }
        }
    }

    /// The file that is being saved and is not complete yet.
    pub(super) fn partial(&self) -> std::sync::MutexGuard<'_, Option<std::path::PathBuf>> {
        self.partial.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws the progress of a transfer, on a terminal.
    fn bar(&self, name: String) -> impl Fn(u64, Option<u64>) -> bool + Send + Sync + 'static {
        let bars = self.out.bars();
        let last: Arc<Mutex<Option<Instant>>> = Arc::default();
        move |done, total| {
            let Some(bars) = &bars else {
                return true;
            };
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            let is_due = last.is_none_or(|last| last.elapsed() >= DRAWN_EVERY);
            if is_due || Some(done) == total {
                *last = Some(Instant::now());
                bars.draw(files::bar(&name, done, total));
            }
            true
        }
    }
}
