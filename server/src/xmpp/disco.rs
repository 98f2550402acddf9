//! What the server is and can do.

use super::errors::StanzaError;
use super::message::stamp;
use super::xml::{Element, ns};
use crate::clock::now_ms;
use crate::types::Uid;

/// Whom a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Server,
    /// The user themselves.
    Account,
    /// Another user.
    Other(Uid),
}

/// What the server itself understands.
const SERVER: &[&str] = &[
    ns::BLOCKING,
    ns::CARBONS,
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::PING,
    ns::REGISTER,
    ns::ROSTER,
    ns::SEARCH,
    ns::TIME,
    ns::VCARD,
    ns::VERSION,
];
/// What is understood for the account of a user.
const ACCOUNT: &[&str] = &[
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::MAM,
    ns::PING,
    ns::STANZA_ID,
    ns::VCARD,
];

fn no_node(request: &Element) -> Result<(), StanzaError> {
    match request.attribute("node") {
        None => Ok(()),
        Some(_) => Err(StanzaError::new("cancel", "item-not-found", "")),
    }
}

pub fn info(target: Target, request: &Element) -> Result<Element, StanzaError> {
    no_node(request)?;
    let (category, kind, features) = match target {
        Target::Server => ("server", "im", SERVER),
        Target::Account | Target::Other(_) => ("account", "registered", ACCOUNT),
    };
    let identity = Element::new("identity", ns::DISCO_INFO)
        .with("category", category)
        .with("type", kind)
        .with("name", "fbchatd");
    let query = Element::new("query", ns::DISCO_INFO).child(identity);
    let features = features
        .iter()
        .map(|name| Element::new("feature", ns::DISCO_INFO).with("var", *name));
    Ok(features.fold(query, Element::child))
}

/// Nothing belongs to the server or to a user.
pub fn items(request: &Element) -> Result<Element, StanzaError> {
    no_node(request)?;
    Ok(Element::new("query", ns::DISCO_ITEMS))
}

pub fn version() -> Element {
    let part = |name: &'static str, text: &str| Element::new(name, ns::VERSION).text(text);
    Element::new("query", ns::VERSION)
        .child(part("name", "fbchatd"))
        .child(part("version", env!("CARGO_PKG_VERSION")))
}

pub fn time() -> Element {
    let part = |name: &'static str, text: String| Element::new(name, ns::TIME).text(text);
    Element::new("time", ns::TIME)
        .child(part("tzo", "+00:00".to_owned()))
        .child(part("utc", stamp(now_ms())))
}
