//! Names and e-mail addresses as users may have them.

/// The longest e-mail address that mail systems accept.
const EMAIL: usize = 254;
/// The longest name, in characters.
const NAME: usize = 100;

/// Why a name or an address cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("{0:?} is not an e-mail address. Write it like alice@example.org.")]
    Email(String),
    #[error("The name must have 1 to {NAME} characters, all on one line.")]
    Name,
}

/// Accepts the addresses that people have, not all that mail standards allow, and nothing that could confuse a page or a log.
/// Returns the address in lower case.
pub fn valid_email(text: &str) -> Result<String, Invalid> {
    let email = text.trim().to_lowercase();
    let valid = email.split_once('@').is_some_and(|(user, domain)| {
        !user.is_empty()
            && !domain.contains('@')
            && domain.split('.').all(|label| !label.is_empty())
            && email.len() <= EMAIL
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

/// Accepts a name that fits on one line.
pub fn valid_name(text: &str) -> Result<String, Invalid> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
        return Err(Invalid::Name);
    }
    Ok(name.to_owned())
}

/// Removes control characters other than line breaks and tabs.
pub fn strip_control_chars(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\0'))
        .map(|c| if c == '\0' { '\u{fffd}' } else { c })
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
            "", "alice", "@x", "a@", "a@b@c", "a b@c", "a@b..c", "a\n@b", "<a@b>",
        ] {
            assert!(valid_email(wrong).is_err(), "{wrong:?}");
        }
    }
}
