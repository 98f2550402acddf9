//! Names and e-mail addresses as users may have them, and the rule for every short text that others see.

use crate::text;
use crate::username::{self, LONGEST, SHORTEST};

pub use crate::text::{lines, single_line};

/// The longest e-mail address that mail systems accept.
const EMAIL: usize = 254;
/// The longest name, in characters.
const NAME: usize = 100;

/// Why a name or an address cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("{0:?} is not an e-mail address. Write it like alice@example.org.")]
    Email(String),
    #[error(
        "A user name has {SHORTEST} to {LONGEST} letters a to z, digits, dots and hyphens. It begins with a letter, and a letter or digit \
         follows each dot or hyphen."
    )]
    Username,
    #[error("The name must have 1 to {NAME} characters, all on one line, and no invisible ones.")]
    Name,
}

/// Accepts the addresses that people have, not all that mail standards allow, and nothing that could confuse a page or a log.
/// Returns the address in lower case.
pub fn valid_email(text: &str) -> Result<String, Invalid> {
    let email = text::composed(&text.trim().to_lowercase());
    let valid = email.split_once('@').is_some_and(|(user, domain)| {
        !user.is_empty()
            && !domain.contains('@')
            && domain.split('.').all(|label| !label.is_empty())
            && email.len() <= EMAIL
            && !text::has_hidden_characters(&email)
            && !email
                .chars()
                .any(|c| c.is_control() || c.is_whitespace() || "<>\"'(),;:\\".contains(c))
    });
    if valid {
        Ok(email)
    } else {
        Err(Invalid::Email(text.to_owned()))
    }
}

/// Accepts what can be a user name; returns it in lower case.
pub fn valid_username(text: &str) -> Result<String, Invalid> {
    let username = text.trim().to_ascii_lowercase();
    if username::is_valid(&username) {
        Ok(username)
    } else {
        Err(Invalid::Username)
    }
}

/// Accepts a name that fits on one line and shows something; returns it in composed form, with single spaces. Hidden characters are
/// refused rather than removed, because with them two names could look the same.
pub fn valid_name(text: &str) -> Result<String, Invalid> {
    let name = text::single_line(text);
    if name.is_empty() || name.chars().count() > NAME || text::has_hidden_characters(text.trim()) {
        return Err(Invalid::Name);
    }
    Ok(name)
}

/// The text of a message without characters that cannot be part of any text: control characters other than line breaks and tabs,
/// and non-characters. Everything else stays as it was written.
pub fn message_text(text: &str) -> String {
    text.chars()
        .map(|c| if c == '\0' { '\u{fffd}' } else { c })
        .filter(|c| !text::is_forbidden(*c))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_lightly() {
        assert_eq!(
            valid_email(" Älice+x@Example.ORG ").unwrap(),
            "älice+x@example.org"
        );
        assert!(valid_email("me@localhost").is_ok());
        for wrong in [
            "",
            "alice",
            "@x",
            "a@",
            "a@b@c",
            "a b@c",
            "a@b..c",
            "a\n@b",
            "<a@b>",
            "a\u{200b}@b",
            "a\u{202e}@b",
            "a@b\u{ffff}",
        ] {
            assert!(valid_email(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn names_show_something_and_hide_nothing() {
        for (posted, name) in [
            (" Änn <B>  Cé ", "Änn <B> Cé"),
            ("E\u{301}lan", "Élan"),
            ("Bo\u{a0}Diddley", "Bo Diddley"),
        ] {
            assert_eq!(valid_name(posted).unwrap(), name);
        }
        let long = "x".repeat(101);
        for wrong in [
            "",
            " ",
            "a\nb",
            "a\tb",
            "\u{200b}",
            "\u{202e}",
            "A\u{ffff}",
            "A\u{fffe}",
            "A\u{1}",
            "A\u{2028}B",
            "A\u{202e}B",
            "\u{3164}",
            "\u{2800}",
            "\u{301}",
            "A\u{e000}",
            &long,
        ] {
            assert_eq!(valid_name(wrong), Err(Invalid::Name), "{wrong:?}");
        }
    }

    #[test]
    fn a_message_loses_only_what_is_no_text() {
        assert_eq!(
            message_text("a\r\n\tb\u{7}\u{85}\0 😀\u{fffe}\u{ffff}\u{202e}e\u{301}"),
            "a\n\tb\u{fffd} 😀\u{202e}e\u{301}"
        );
    }
}
