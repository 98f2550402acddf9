//! The names of files: what others may see, and save under without surprises on any system.

use crate::text::single_line;

/// The most bytes of a name, and of what follows its last dot. Systems allow 255, and programs add to names.
const NAME: usize = 200;
const ENDING: usize = 20;
/// Names that Windows keeps for devices, with anything after a dot.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
/// The same, with a digit at the end.
const NUMBERED: [&str; 2] = ["COM", "LPT"];
/// What a file without a name is called.
const UNNAMED: &str = "file";

/// A name without directories, on one line, without anything invisible, and not too long.
pub fn valid(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let forbidden = |c: char| "<>:\"|?*".contains(c);
    let name = single_line(last).replace(forbidden, "_");
    // Hidden on Unix, and cut off by Windows.
    let name = name.trim_start_matches(['.', ' ']);
    let name = shortened(name.trim_end_matches(['.', ' ']));
    if name.is_empty() {
        return UNNAMED.to_owned();
    }
    if is_device(&name) {
        return format!("_{name}");
    }
    name
}

/// The name with another ending, unless it has one of these.
pub fn with_ending(name: String, endings: &[&str]) -> String {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let fits = |ending: &str| endings.iter().any(|one| ending.eq_ignore_ascii_case(one));
    match endings.first() {
        Some(first) if !ending.is_some_and(fits) => format!("{name}.{first}"),
        _ => name,
    }
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end().to_uppercase();
    let is_numbered = |device: &str| {
        let rest = stem.strip_prefix(device).unwrap_or_default();
        let mut rest = rest.chars();
        let digit = rest
            .next()
            .is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c));
        digit && rest.next().is_none()
    };
    DEVICES.contains(&&*stem) || NUMBERED.iter().any(|device| is_numbered(device))
}

/// Cuts the middle, so that the ending stays.
fn shortened(name: &str) -> String {
    if name.len() <= NAME {
        return name.to_owned();
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= ENDING => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let mut ends = (0..=NAME - ending.len()).rev();
    let end = ends.find(|at| stem.is_char_boundary(*at)).unwrap_or(0);
    let stem = stem.get(..end).unwrap_or_default().trim_end();
    format!("{stem}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_on_every_system() {
        for (given, expected) in [
            ("holiday.jpg", "holiday.jpg"),
            ("Übersicht (2).pdf", "Übersicht (2).pdf"),
            ("", "file"),
            ("..", "file"),
            ("/", "file"),
            (" . ", "file"),
            ("\u{200b}", "file"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\me\\x.txt", "x.txt"),
            (".profile", "profile"),
            ("a\0b\r\nc\u{7f}.txt", "ab c.txt"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("<img src=x>:\"|?*.png", "_img src=x______.png"),
            ("CON", "_CON"),
            ("nul.tar.gz", "_nul.tar.gz"),
            ("com1.txt", "_com1.txt"),
            ("LPT².x", "_LPT².x"),
            ("COM10", "COM10"),
            ("console.log", "console.log"),
            ("x.txt. .", "x.txt"),
        ] {
            assert_eq!(valid(given), expected, "{given:?}");
        }
    }

    #[test]
    fn long_names_keep_their_ending() {
        let long = format!("{}.jpeg", "ä".repeat(10_000));
        let name = valid(&long);
        assert!(name.len() <= NAME && name.ends_with("ä.jpeg"), "{name}");
        let name = valid(&format!("x.{}", "y".repeat(10_000)));
        assert!(name.len() <= NAME && name.starts_with("x.y"), "{name}");
    }

    #[test]
    fn an_ending_says_what_a_picture_is() {
        let jpeg = &["jpg", "jpeg"];
        assert_eq!(with_ending("a.JPEG".into(), jpeg), "a.JPEG");
        assert_eq!(with_ending("a.html".into(), jpeg), "a.html.jpg");
        assert_eq!(with_ending("a".into(), jpeg), "a.jpg");
    }
}
