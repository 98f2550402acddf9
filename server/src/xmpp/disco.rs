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
    ns::PUBSUB,
    "http://jabber.org/protocol/pubsub#publish",
    "http://jabber.org/protocol/pubsub#publish-options",
    "http://jabber.org/protocol/pubsub#retrieve-items",
    ns::PRIVATE,
    "urn:xmpp:bookmarks:1#compat",
    "urn:xmpp:pep-vcard-conversion:0",
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::MAM,
    ns::PING,
    ns::STANZA_ID,
    ns::VCARD,
];

/// No entity of this server has nodes.
pub fn no_node(request: &Element) -> Result<(), StanzaError> {
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
    let about = about(identity(category, kind, "fbchatd"), features);
    if target == Target::Server {
        return Ok(about);
    }
    Ok(about.child(identity("pubsub", "pep", "fbchatd")))
}

/// What something is.
pub fn identity(category: &str, kind: &str, name: &str) -> Element {
    Element::new("identity", ns::DISCO_INFO)
        .with("category", category)
        .with("type", kind)
        .with("name", name)
}

/// What something is and understands.
pub fn about(identity: Element, features: &[&str]) -> Element {
    let query = Element::new("query", ns::DISCO_INFO).child(identity);
    let features = features
        .iter()
        .map(|name| Element::new("feature", ns::DISCO_INFO).with("var", *name));
    features.fold(query, Element::child)
}

/// Something that belongs to what was asked.
pub fn item(address: String) -> Element {
    Element::new("item", ns::DISCO_ITEMS).with("jid", address)
}

/// The services of the server; nothing belongs to a user.
pub fn items(
    target: Target,
    services: Vec<String>,
    request: &Element,
) -> Result<Element, StanzaError> {
    no_node(request)?;
    let query = Element::new("query", ns::DISCO_ITEMS);
    let services = services.into_iter().filter(|_| target == Target::Server);
    Ok(services.map(item).fold(query, Element::child))
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
