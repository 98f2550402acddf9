//! User names: which ones there can be, and how one is made from the name that others see.
//!
//! A user name has only letters a to z, digits, dots and hyphens, so that nothing in it can look like a letter of another script. It
//! begins with a letter, so that it is never taken for a number of a user, and has no @, so that it is no e-mail address.

use crate::text::{decomposed, search_key};
use crate::types::Uid;

/// The fewest and the most characters.
pub const SHORTEST: usize = 3;
pub const LONGEST: usize = 32;

/// The most characters of a name that a number is added to.
const STEM: usize = 24;

/// What a name is made of if the name that others see has no Latin letters.
const NO_LETTERS: &str = "user";

/// Names of the service and of those who run it. Only the operator gives them to somebody.
const RESERVED: &[&str] = &[
    "abuse",
    "admin",
    "administrator",
    "all",
    "anonymous",
    "everybody",
    "everyone",
    "facebook",
    "fbchat",
    "fbchatd",
    "help",
    "host",
    "hostmaster",
    "info",
    "login",
    "logout",
    "mail",
    "mailerdaemon",
    "moderator",
    "nobody",
    "noreply",
    "null",
    "official",
    "operator",
    "password",
    "postmaster",
    "register",
    "root",
    "security",
    "server",
    "service",
    "settings",
    "staff",
    "support",
    "sysadmin",
    "system",
    "team",
    "undefined",
    "user",
    "webmaster",
    "www",
];

/// What two names have in common that people would confuse: they differ only in dots and hyphens, or in 0 and o, or in 1 and l.
pub fn key(username: &str) -> String {
    let letters = username.chars().filter(|c| !matches!(c, '.' | '-'));
    letters
        .map(|c| match c {
            '0' => 'o',
            '1' => 'l',
            c => c,
        })
        .collect()
}

/// Whether this can be a user name.
pub fn is_valid(username: &str) -> bool {
    let separates = |c: char| matches!(c, '.' | '-');
    (SHORTEST..=LONGEST).contains(&username.len())
        && username.starts_with(|c: char| c.is_ascii_lowercase())
        && username
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || separates(c))
        && username.split(separates).all(|part| !part.is_empty())
}

/// Whether only the operator gives this name to somebody.
pub fn is_reserved(username: &str) -> bool {
    let key = key(username);
    RESERVED.iter().any(|reserved| self::key(reserved) == key)
}

/// The user names for somebody whom others see under `name`, best first, without end. They are valid and not reserved, but may be
/// taken; the one with the number of the user hardly ever is.
pub fn candidates(name: &str, uid: Uid) -> impl Iterator<Item = String> {
    let stem = stem(name);
    let with = move |end: String| format!("{stem}{end}");
    let numbered = |range: std::ops::RangeFrom<u32>| range.map(|number| number.to_string());
    std::iter::once(String::new())
        .chain(numbered(2..).take(98))
        .chain(std::iter::once(format!(".{uid}")))
        .chain(numbered(100..))
        .map(with)
        .filter(|username| is_valid(username) && !is_reserved(username))
}

/// A name in letters a to z, digits and dots.
fn stem(name: &str) -> String {
    let mut words = vec![String::new()];
    for c in decomposed(&search_key(name)).chars() {
        let letters = match c {
            'æ' => "ae",
            'œ' => "oe",
            'ø' => "o",
            'ł' => "l",
            'đ' | 'ð' => "d",
            'þ' => "th",
            'ı' => "i",
            ' ' | '.' | '-' | '_' | ',' | '@' | '/' => {
                words.push(String::new());
                ""
            }
            _ => "",
        };
        if let Some(word) = words.last_mut() {
            word.push_str(letters);
            word.extend(Some(c).filter(char::is_ascii_alphanumeric));
        }
    }
    words.retain(|word| !word.is_empty());
    let all = words.join(".");
    let all = all.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let stem: String = all.chars().take(STEM).collect();
    match stem.trim_end_matches('.') {
        "" => NO_LETTERS.to_owned(),
        stem => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_plain_and_begin_with_a_letter() {
        let long = "x".repeat(LONGEST);
        for valid in ["bob", "alice.example", "a-b.c-1", "b0b", &long] {
            assert!(is_valid(valid), "{valid}");
        }
        let longer = "x".repeat(LONGEST + 1);
        for wrong in [
            "",
            "ab",
            "Bob",
            "1bob",
            "100001",
            ".bob",
            "bob.",
            "-bob",
            "bob-",
            "b..b",
            "b.-b",
            "b_b",
            "b b",
            "bob@x",
            "b\u{f6}b",
            "\u{441}lara",
            "bob\n",
            &longer,
        ] {
            assert!(!is_valid(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn names_that_people_confuse_have_one_key() {
        for (a, b) in [("b.o-b", "bob"), ("b0b", "bob"), ("bill", "bi11")] {
            assert_eq!(key(a), key(b));
        }
        assert_ne!(key("bob2"), key("bob"));
        for reserved in ["admin", "ad.min", "r00t", "he1p", "fbchat"] {
            assert!(is_reserved(reserved), "{reserved}");
        }
        assert!(!is_reserved("admiral"));
    }

    #[test]
    fn names_are_made_from_what_others_see() {
        let first = |name: &str, many: usize| {
            let found = candidates(name, Uid(100_007)).take(many);
            found.collect::<Vec<_>>()
        };
        for (name, username) in [
            ("Alice Example", "alice.example"),
            ("  Änne-Marie  O'Brien ", "anne.marie.obrien"),
            ("Søren Łukasz Æbel", "soren.lukasz.aebel"),
            ("Straße", "strasse"),
            ("Ｂｏｂ", "bob"),
            ("bob@example.org", "bob.example.org"),
            ("<b>Bob</b>", "bbob.b"),
            ("3 Bob", "bob"),
            ("Bob 李", "bob"),
            ("Al", "al2"),
            ("A", "a10"),
            ("Admin", "admin2"),
            ("李雷", "user2"),
            ("1234", "user2"),
            ("🎉", "user2"),
            (&"Long ".repeat(20), "long.long.long.long.long"),
        ] {
            assert_eq!(first(name, 1), [username], "{name}");
        }
        let many = first("Bob", 102);
        assert_eq!(many[..3], ["bob", "bob2", "bob3"]);
        assert_eq!(many[98..], ["bob99", "bob.100007", "bob100", "bob101"]);
        for name in ["Bob", "A", "\u{202e}", &"x".repeat(100)] {
            for username in first(name, 200) {
                assert!(is_valid(&username), "{username}");
            }
        }
    }
}
