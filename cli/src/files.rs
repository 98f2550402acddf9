//! Files that people send: their numbers for `/get`, how they are shown, and where they are saved.

use crate::format::shortened;
use crate::sanitize::sanitize;
use fbchat::types::{File, FileKind, Message};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The number of files that can be saved by number.
const MOST_KNOWN: usize = 10_000;
/// Maximum width of a name beside a progress bar, in columns of the terminal.
const MAX_NAME_WIDTH: usize = 30;
/// Maximum length of the name of a saved file, in bytes; file systems allow 255.
const LONGEST_NAME: usize = 200;

/// The files that were shown, each with its number.
#[derive(Debug, Default)]
pub struct Files {
    known: VecDeque<(String, String)>,
    /// The number of files that were dropped.
    forgotten: usize,
}

impl Files {
    /// Numbers the files of a message that have no number yet.
    pub fn note(&mut self, message: &Message) {
        for file in &message.files {
            if self.number(&file.id).is_none() {
                self.known.push_back((file.id.clone(), file.name.clone()));
            }
            if self.known.len() > MOST_KNOWN {
                self.known.pop_front();
                self.forgotten += 1;
            }
        }
    }

    pub fn number(&self, id: &str) -> Option<usize> {
        let place = self.known.iter().position(|(known, _)| known == id)?;
        Some(self.forgotten + place + 1)
    }

    /// The id and the name of the file with this number.
    pub fn get(&self, number: usize) -> Option<(&str, &str)> {
        let place = number.checked_sub(self.forgotten + 1)?;
        let (id, name) = self.known.get(place)?;
        Some((id, name))
    }

    /// `[3: photo beach.jpg 2.4 MB URL]` for each file of a message.
    pub fn shown(&self, message: &Message) -> Vec<String> {
        let files = message.files.iter();
        files
            .map(|file| {
                let number = self.number(&file.id);
                let number = number.map_or_else(String::new, |number| format!("{number}: "));
                let (name, url) = (sanitize(&file.name), sanitize(&file.url));
                format!("[{number}{} {name} {} {url}]", kind(file), size(file.size))
            })
            .collect()
    }
}

/// The kind of a file, in a word.
pub fn kind(file: &File) -> &'static str {
    match file.kind {
        FileKind::Photo => "photo",
        FileKind::Other => "file",
    }
}

/// `2.4 MB`.
pub fn size(bytes: u64) -> String {
    let mut size = bytes as f64;
    let mut unit = "bytes";
    for larger in ["kB", "MB", "GB", "TB"] {
        if size < 999.5 {
            break;
        }
        size /= 1000.0;
        unit = larger;
    }
    match unit {
        "bytes" if bytes == 1 => "1 byte".to_owned(),
        "bytes" => format!("{bytes} bytes"),
        _ => format!("{size:.1} {unit}"),
    }
}

/// The progress of a transfer: `beach.jpg [#####---------------] 25 % of 2.4 MB`.
pub fn bar(name: &str, done: u64, total: Option<u64>) -> String {
    const WIDTH: usize = 20;
    // A bar that does not fit into a row of the terminal could not be replaced by the next one.
    let name = shortened(&sanitize(name), MAX_NAME_WIDTH);
    let Some(total) = total.filter(|&total| total > 0) else {
        return format!("{name} {}", size(done));
    };
    let share = (done as f64 / total as f64).clamp(0.0, 1.0);
    let filled = (share * WIDTH as f64) as usize;
    let (full, empty) = ("#".repeat(filled), "-".repeat(WIDTH - filled));
    format!(
        "{name} [{full}{empty}] {:.0} % of {}",
        share * 100.0,
        size(total)
    )
}

/// A safe name for a new file, made from the one that the sender chose: no directories, not hidden, no invisible characters.
fn safe_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = fbchat::types::name_line(name)
        .chars()
        .map(|c| if c == ':' { '_' } else { c })
        .collect();
    let mut name = name.trim().trim_start_matches('.').to_owned();
    while name.len() > LONGEST_NAME {
        name.pop();
    }
    match name.is_empty() {
        true => "file".to_owned(),
        false => name,
    }
}

/// Creates a new file for a download and returns its path; nothing is overwritten. Without a path it is in the current directory,
/// and gets another name if the name is taken.
pub fn create(path: Option<&str>, name: &str) -> io::Result<(std::fs::File, PathBuf)> {
    let name = safe_name(name);
    let folder = match path.map(expanded) {
        Some(path) if path.is_dir() => path,
        Some(path) => {
            let file = std::fs::File::create_new(&path)?;
            return Ok((file, path));
        }
        None => PathBuf::from("."),
    };
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
        _ => (name.as_str(), String::new()),
    };
    for copy in 0..1000 {
        let name = match copy {
            0 => name.clone(),
            copy => format!("{stem} ({copy}){ending}"),
        };
        let path = folder.join(name);
        match std::fs::File::create_new(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            file => return Ok((file?, path)),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Why something could not be done, for people: without the number of the error.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match (error.raw_os_error(), text.rsplit_once(" (os error ")) {
        (Some(_), Some((reason, _))) => reason.to_owned(),
        _ => text,
    }
}

/// The path with `~` replaced by the home directory.
pub fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// The paths that start with this text, for completion; directories end in a slash.
pub fn paths(typed: &str) -> Vec<String> {
    let (folder, start) = match typed.rsplit_once('/') {
        Some((folder, start)) => (format!("{folder}/"), start),
        None => (String::new(), typed),
    };
    let place = if folder.is_empty() { "./" } else { &folder };
    let Ok(entries) = std::fs::read_dir(expanded(place)) else {
        return Vec::new();
    };
    let mut paths: Vec<String> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let is_hidden = name.starts_with('.') && !start.starts_with('.');
            let slash = if entry.path().is_dir() { "/" } else { "" };
            (name.starts_with(start) && !is_hidden).then(|| format!("{folder}{name}{slash}"))
        })
        .take(1000)
        .collect();
    paths.sort_unstable();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_senders_are_made_safe() {
        for (name, safe) in [
            ("beach.jpg", "beach.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\x\\y.txt", "y.txt"),
            (".bashrc", "bashrc"),
            ("...", "file"),
            ("", "file"),
            ("a\u{202e}gpj.exe\n", "agpj.exe"),
            ("a\x1b[2Jb", "a[2Jb"),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
        assert!(safe_name(&"é".repeat(300)).len() <= LONGEST_NAME);
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        for expected in ["x.tar", "x (1).tar", "x (2).tar"] {
            let (_, created) = create(Some(path), "../x.tar").unwrap();
            assert_eq!(created, folder.path().join(expected));
        }
        let taken = format!("{path}/x.tar");
        let error = create(Some(&taken), "y").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(paths(&format!("{path}/x ")).len(), 2);
    }

    #[test]
    fn sizes_and_bars_are_for_people() {
        for (bytes, shown) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (2_481_152, "2.5 MB"),
            (999_999, "1.0 MB"),
            (u64::MAX, "18446744.1 TB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
        assert_eq!(
            bar("a", 1, Some(4)),
            "a [#####---------------] 25 % of 4 bytes"
        );
        assert_eq!(
            bar("a", 9, Some(4)),
            "a [####################] 100 % of 4 bytes"
        );
        assert_eq!(bar("a", 9, None), "a 9 bytes");
        let wide = bar(&"家".repeat(50), 1, Some(2));
        assert!(wide.starts_with(&("家".repeat(14) + "… [")), "{wide}");
        let missing = std::fs::File::open("/does/not/exist").unwrap_err();
        assert_eq!(reason(&missing), "No such file or directory");
        assert_eq!(reason(&io::Error::other("full")), "full");
    }
}
