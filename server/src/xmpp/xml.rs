//! XML elements: a small tree for one stanza, and writing it. Reading is in `reader`.

use std::borrow::Cow;

use crate::text::is_forbidden;

type Text = Cow<'static, str>;

/// The namespaces that are spoken here.
pub mod ns {
    pub const STREAM: &str = "http://etherx.jabber.org/streams";
    pub const STREAM_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
    pub const STANZA_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
    pub const CLIENT: &str = "jabber:client";
    pub const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";
    pub const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
    pub const SASL2: &str = "urn:xmpp:sasl:2";
    pub const BIND2: &str = "urn:xmpp:bind:0";
    pub const FAST: &str = "urn:xmpp:fast:0";
    pub const REGISTER: &str = "jabber:iq:register";
    pub const REGISTER_FEATURE: &str = "http://jabber.org/features/iq-register";
    pub const SEARCH: &str = "jabber:iq:search";
    pub const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
    pub const SESSION: &str = "urn:ietf:params:xml:ns:xmpp-session";
    pub const ROSTER: &str = "jabber:iq:roster";
    pub const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
    pub const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";
    pub const PING: &str = "urn:xmpp:ping";
    pub const VERSION: &str = "jabber:iq:version";
    pub const TIME: &str = "urn:xmpp:time";
    pub const CHAT_STATES: &str = "http://jabber.org/protocol/chatstates";
    pub const DELAY: &str = "urn:xmpp:delay";
    pub const IDLE: &str = "urn:xmpp:idle:1";
    pub const STANZA_ID: &str = "urn:xmpp:sid:0";
    pub const CARBONS: &str = "urn:xmpp:carbons:2";
    pub const FORWARD: &str = "urn:xmpp:forward:0";
    pub const MAM: &str = "urn:xmpp:mam:2";
    pub const FORM: &str = "jabber:x:data";
    pub const RSM: &str = "http://jabber.org/protocol/rsm";
    pub const MARKERS: &str = "urn:xmpp:chat-markers:0";
    pub const CSI: &str = "urn:xmpp:csi:0";
    pub const SM: &str = "urn:xmpp:sm:3";
    pub const BLOCKING: &str = "urn:xmpp:blocking";
    pub const VCARD: &str = "vcard-temp";
    pub const NICK: &str = "http://jabber.org/protocol/nick";
    pub const MUC: &str = "http://jabber.org/protocol/muc";
    pub const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
    pub const MUC_ADMIN: &str = "http://jabber.org/protocol/muc#admin";
    pub const MUC_OWNER: &str = "http://jabber.org/protocol/muc#owner";
    pub const MUC_ROOMINFO: &str = "http://jabber.org/protocol/muc#roominfo";
    pub const CONFERENCE: &str = "jabber:x:conference";
    pub const CAPS: &str = "http://jabber.org/protocol/caps";
    pub const PUBSUB: &str = "http://jabber.org/protocol/pubsub";
    pub const PUBSUB_EVENT: &str = "http://jabber.org/protocol/pubsub#event";
    pub const BOOKMARKS: &str = "urn:xmpp:bookmarks:1";
    pub const OLD_BOOKMARKS: &str = "storage:bookmarks";
    pub const PRIVATE: &str = "jabber:iq:private";
    pub const AVATAR_DATA: &str = "urn:xmpp:avatar:data";
    pub const AVATAR_METADATA: &str = "urn:xmpp:avatar:metadata";
    pub const VCARD_UPDATE: &str = "vcard-temp:x:update";
    pub const UPLOAD: &str = "urn:xmpp:http:upload:0";
    pub const OOB: &str = "jabber:x:oob";
    pub const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";
    pub const XRD: &str = "http://docs.oasis-open.org/ns/xri/xrd-1.0";
    pub const BLOCKING_ERRORS: &str = "urn:xmpp:blocking:errors";
}

/// An element with what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    pub ns: Text,
    pub name: Text,
    /// Attributes without namespace, and `xml:lang`.
    attributes: Vec<(Text, String)>,
    children: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    /// An empty element.
    pub fn new(name: impl Into<Text>, ns: impl Into<Text>) -> Self {
        Element {
            ns: ns.into(),
            name: name.into(),
            attributes: Vec::new(),
            children: Vec::new(),
        }
    }

    /// Sets an attribute that is not set yet.
    #[must_use]
    pub fn with(mut self, name: impl Into<Text>, value: impl Into<String>) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }

    /// Sets an attribute, if there is a value.
    #[must_use]
    pub fn with_some(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds an element.
    #[must_use]
    pub fn child(mut self, child: Element) -> Self {
        self.push(child);
        self
    }

    /// Adds an element without attributes or content.
    #[must_use]
    pub fn empty(self, name: &'static str, ns: &'static str) -> Self {
        self.child(Element::new(name, ns))
    }

    /// Adds text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.push_text(text.into());
        self
    }

    pub fn push(&mut self, child: Element) {
        self.children.push(Node::Element(child));
    }

    /// Adds text, to that which precedes it if there is any.
    pub fn push_text(&mut self, text: String) {
        match self.children.last_mut() {
            Some(Node::Text(before)) => before.push_str(&text),
            _ => self.children.push(Node::Text(text)),
        }
    }

    /// Whether it has this name in this namespace.
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.name == name && self.ns == ns
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        let mut all = self.attributes.iter();
        all.find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The elements in it.
    pub fn children(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first element in it with this name in this namespace.
    pub fn find(&self, name: &str, ns: &str) -> Option<&Element> {
        self.children().find(|child| child.is(name, ns))
    }

    /// The text directly in it.
    pub fn content(&self) -> String {
        let texts = self.children.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) => None,
        });
        texts.collect()
    }

    /// About how many bytes its text and attributes take.
    pub fn size(&self) -> usize {
        let attributes = self.attributes.iter().map(|(_, value)| value.len());
        let children = self.children.iter().map(|node| match node {
            Node::Element(element) => size_of::<Node>() + element.size(),
            Node::Text(text) => text.len(),
        });
        attributes.chain(children).sum()
    }

    /// Writes it, as a child of an element whose default namespace is `outer`.
    pub fn write(&self, out: &mut String, outer: &str) {
        out.push('<');
        out.push_str(&self.name);
        if self.ns != outer {
            write_attribute(out, "xmlns", &self.ns);
        }
        for (name, value) in &self.attributes {
            write_attribute(out, name, value);
        }
        if self.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for child in &self.children {
            match child {
                Node::Element(element) => element.write(out, &self.ns),
                Node::Text(text) => escape(out, text),
            }
        }
        out.push_str("</");
        out.push_str(&self.name);
        out.push('>');
    }
}

/// Writes an attribute.
pub fn write_attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("='");
    escape(out, value);
    out.push('\'');
}

/// Writes text. Characters that XML cannot contain are left out: with one of them the client would drop its connection.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&apos;"),
            '"' => out.push_str("&quot;"),
            c if is_forbidden(c) => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_written_with_the_namespaces_that_differ() {
        let body = Element::new("body", ns::CLIENT).text("a<b>&\u{1}\u{ffff}]]>\n'\"");
        let message = Element::new("message", ns::CLIENT)
            .with("to", "a'b")
            .with_some("id", None)
            .child(body)
            .empty("active", ns::CHAT_STATES);
        let mut out = String::new();
        message.write(&mut out, ns::CLIENT);
        assert_eq!(
            out,
            "<message to='a&apos;b'><body>a&lt;b&gt;&amp;]]&gt;\n&apos;&quot;</body>\
             <active xmlns='http://jabber.org/protocol/chatstates'/></message>"
        );
    }
}
