//! Logging in, getting a resource and coming back in one step (XEP-0388, XEP-0386, XEP-0198), also with a token in place of the password
//! (XEP-0484): what a client asks for, and what it is offered.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2s256, Digest};

use super::binding::{Resumption, resumption};
use super::sasl::{self, Login};
use super::xml::{Element, ns};
use crate::secrets;

/// The mechanism of tokens. Without channel binding, for clients that cannot bind and behind proxies.
const TOKEN: &str = "HT-SHA-256-NONE";
/// How many bytes a client shows to prove that it has a token.
const SHOWN: usize = 32;
/// The maximum length of the part of a client's name that becomes part of its resource, in characters.
const TAG: usize = 64;

/// How a client says who it is.
#[derive(Debug, PartialEq, Eq)]
pub enum Credentials {
    Password(Login),
    Token {
        name: String,
        shown: Vec<u8>,
        /// Whether the token is of no use afterwards.
        is_last: bool,
    },
}

/// What a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Authenticate {
    pub credentials: Credentials,
    /// The name of the client; may be empty.
    pub software: String,
    pub resume: Option<Resumption>,
    pub bind: Option<Bind>,
    pub wants_token: bool,
}

/// A resource, and what goes with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Bind {
    pub resource: String,
    pub has_carbons: bool,
    pub is_inactive: bool,
    /// The request for stream management.
    pub enable: Option<Element>,
}

/// What is offered.
pub fn feature() -> Element {
    let mechanism = |name: &str, ns| Element::new("mechanism", ns).text(name);
    let with_bind = [ns::CARBONS, ns::CSI, ns::SM]
        .iter()
        .fold(Element::new("inline", ns::BIND2), |inline, name| {
            inline.child(Element::new("feature", ns::BIND2).with("var", *name))
        });
    let inline = Element::new("inline", ns::SASL2)
        .child(Element::new("bind", ns::BIND2).child(with_bind))
        .empty("sm", ns::SM)
        .child(Element::new("fast", ns::FAST).child(mechanism(TOKEN, ns::FAST)));
    Element::new("authentication", ns::SASL2)
        .child(mechanism("PLAIN", ns::SASL2))
        .child(inline)
}

/// Reads what a client asks for; the condition of the failure if that is not possible.
pub fn request(element: &Element, domain: &str) -> Result<Authenticate, &'static str> {
    let response = element.find("initial-response", ns::SASL2);
    let response = response.map(Element::content).unwrap_or_default();
    let credentials = match element.attribute("mechanism") {
        Some("PLAIN") => Credentials::Password(sasl::plain(&response, domain)?),
        Some(TOKEN) => {
            let fast = element.find("fast", ns::FAST);
            let is_last = fast.and_then(|fast| fast.attribute("invalidate"));
            token(&response, matches!(is_last, Some("true" | "1")))?
        }
        _ => return Err("invalid-mechanism"),
    };
    let agent = element.find("user-agent", ns::SASL2);
    let part = |name| {
        let part = agent.and_then(|agent| agent.find(name, ns::SASL2));
        part.map(Element::content).unwrap_or_default()
    };
    let software = match (part("software"), part("device")) {
        (software, device) if device.is_empty() => software,
        (software, device) => format!("{software} ({device})"),
    };
    let resume = element.find("resume", ns::SM);
    let resume = resume.map(|resume| resumption(resume).ok_or("malformed-request"));
    let asked = element.find("request-token", ns::FAST);
    let id = agent.and_then(|agent| agent.attribute("id"));
    let bind = element.find("bind", ns::BIND2);
    Ok(Authenticate {
        credentials,
        software,
        resume: resume.transpose()?,
        bind: bind.map(|bind| bound(bind, id)).transpose()?,
        wants_token: asked.is_some_and(|asked| asked.attribute("mechanism") == Some(TOKEN)),
    })
}

fn token(response: &str, is_last: bool) -> Result<Credentials, &'static str> {
    let bytes = STANDARD.decode(response.trim());
    let bytes = bytes.map_err(|_| "incorrect-encoding")?;
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let name = parts.next().and_then(|name| std::str::from_utf8(name).ok());
    match (name, parts.next()) {
        (Some(name), Some(shown)) if shown.len() == SHOWN && !name.is_empty() => {
            Ok(Credentials::Token {
                name: name.replace("\\40", "@"),
                shown: shown.to_owned(),
                is_last,
            })
        }
        _ => Err("malformed-request"),
    }
}

/// A client that identifies itself always gets the same resource, so its new stream replaces its last one.
fn bound(bind: &Element, id: Option<&str>) -> Result<Bind, &'static str> {
    let end = match id {
        Some(id) => secrets::hex(&Blake2s256::digest(id)),
        None => secrets::random_hex(8).map_err(|_| "temporary-auth-failure")?,
    };
    let end = end.get(..16).unwrap_or_default();
    let tag = bind.find("tag", ns::BIND2).map(Element::content);
    let tag = tag.unwrap_or_default();
    let tag: String = tag.chars().filter(|c| !c.is_control()).take(TAG).collect();
    let resource = match &*tag {
        "" => end.to_owned(),
        tag => format!("{tag}.{end}"),
    };
    Ok(Bind {
        resource,
        has_carbons: bind.find("enable", ns::CARBONS).is_some(),
        is_inactive: bind.find("inactive", ns::CSI).is_some(),
        enable: bind.find("enable", ns::SM).cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authenticate(mechanism: &str, response: &[u8]) -> Element {
        let text = STANDARD.encode(response);
        Element::new("authenticate", ns::SASL2)
            .with("mechanism", mechanism)
            .child(Element::new("initial-response", ns::SASL2).text(text))
    }

    #[test]
    fn a_client_that_says_who_it_is_always_gets_the_same_resource() {
        let bind = |id: Option<&str>| {
            let agent = Element::new("user-agent", ns::SASL2).with_some("id", id);
            let bind = Element::new("bind", ns::BIND2)
                .child(Element::new("tag", ns::BIND2).text("A\tb"))
                .empty("enable", ns::CARBONS);
            let element = authenticate("PLAIN", b"\0bob\0x");
            let request = request(&element.child(agent).child(bind), "x").unwrap();
            request.bind.unwrap()
        };
        let first = bind(Some("1"));
        assert!(first.resource.starts_with("Ab.") && first.has_carbons && !first.is_inactive);
        assert_eq!(first, bind(Some("1")));
        assert_ne!(first, bind(Some("2")));
        assert_ne!(bind(None), bind(None));
    }

    #[test]
    fn what_is_shown_of_a_token_has_one_form() {
        let read = |response: &[u8]| request(&authenticate(TOKEN, response), "x");
        let whole = [b"bob\0".as_slice(), &[0; SHOWN]].concat();
        let Credentials::Token { name, shown, .. } = read(&whole).unwrap().credentials else {
            panic!("no token");
        };
        assert_eq!((&*name, shown), ("bob", vec![0; SHOWN]));
        // Secrets of other sessions are shorter.
        for wrong in [&whole[..23], &whole[3..], b"bob", b""] {
            assert_eq!(read(wrong), Err("malformed-request"));
        }
        let other = authenticate("SCRAM-SHA-1", b"x");
        assert_eq!(request(&other, "x"), Err("invalid-mechanism"));
        let resume = Element::new("resume", ns::SM).with("previd", "a");
        let element = authenticate("PLAIN", b"\0bob\0x").child(resume);
        assert_eq!(request(&element, "x"), Err("malformed-request"));
    }
}
