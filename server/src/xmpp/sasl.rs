//! Logins by SASL: the messages of the mechanism PLAIN, and failures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::jid::Jid;
use super::xml::{Element, ns};

/// A login as the client gives it.
#[derive(PartialEq, Eq)]
pub struct Login {
    pub name: String,
    pub password: Zeroizing<String>,
    /// The user whose address the client asks for, if it does.
    pub wanted: Option<String>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login")
    }
}

/// Why a login failed.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    pub condition: &'static str,
    /// A sentence for the user; may be empty.
    pub text: String,
}

impl Failure {
    pub fn new(condition: &'static str, text: impl Into<String>) -> Self {
        Failure {
            condition,
            text: text.into(),
        }
    }

    /// As SASL tells it, in the namespace of its version. The condition has the namespace of the first version.
    pub fn element(&self, version: &'static str) -> Element {
        let mut element = Element::new("failure", version).empty(self.condition, ns::SASL);
        if !self.text.is_empty() {
            element.push(
                Element::new("text", version)
                    .with("xml:lang", "en")
                    .text(self.text.as_str()),
            );
        }
        element
    }
}

/// Reads the message of PLAIN (RFC 4616) in base64; the condition of the failure if it is none.
pub fn plain(text: &str, domain: &str) -> Result<Login, &'static str> {
    let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| "incorrect-encoding")?;
    let text = std::str::from_utf8(&bytes).ok();
    let parts = text.and_then(|text| {
        let mut parts = text.split('\0');
        let (wanted, name, password) = (parts.next()?, parts.next()?, parts.next()?);
        let complete = parts.next().is_none() && !name.is_empty() && !password.is_empty();
        complete.then_some((wanted, name, password))
    });
    let (wanted, name, password) = parts.ok_or("malformed-request")?;
    let wanted = match wanted {
        "" => None,
        wanted => match Jid::parse(wanted) {
            Some(jid) if jid.domain == domain && jid.local.is_some() => jid.local,
            // A bare user name.
            Some(jid) if jid.local.is_none() && jid.resource.is_none() => Some(jid.domain),
            _ => return Err("invalid-authzid"),
        },
    };
    Ok(Login {
        // The @ of an e-mail address cannot be in a user name; clients escape it (XEP-0106).
        name: name.replace("\\40", "@"),
        password: Zeroizing::new(password.to_owned()),
        wanted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_needs_a_name_and_a_password_of_the_right_form() {
        let check = |text: &str| {
            let login = plain(&STANDARD.encode(text), "x")?;
            Ok((login.name, login.wanted.unwrap_or_default()))
        };
        assert_eq!(check("\0bob\0x"), Ok(("bob".into(), String::new())));
        assert_eq!(check("BOB@x\0bob\0x"), Ok(("bob".into(), "bob".into())));
        assert_eq!(check("\0b\\40e.org\0x").unwrap().0, "b@e.org");
        assert_eq!(check("bob@y\0bob\0x"), Err("invalid-authzid"));
        assert_eq!(plain("%%%", "x"), Err("incorrect-encoding"));
        for wrong in ["bob", "\0bob", "\0bob\0", "\0\0x", "a\0b\0c\0d"] {
            assert_eq!(check(wrong), Err("malformed-request"), "{wrong:?}");
        }
    }
}
