//! Message archives (XEP-0313): all messages of a user with other users, in parts that clients ask for. Each room has an archive, too.

use super::errors::StanzaError;
use super::jid::Jid;
use super::message::delay;
use super::session::{Client, RESOURCE};
use super::xml::{Element, ns};
use crate::attachment::Listed;
use crate::service::archive::{ArchiveRange, PART};
use crate::types::{Message, Session, Uid};

/// What a client asks for.
#[derive(Default)]
struct Query {
    with: Option<Jid>,
    range: ArchiveRange,
}

/// The form that tells which fields a query can have.
pub fn form() -> Element {
    let field = |name: &str, kind: &str| {
        Element::new("field", ns::FORM)
            .with("var", name)
            .with("type", kind)
    };
    let value = Element::new("value", ns::FORM).text(ns::MAM);
    let form = Element::new("x", ns::FORM)
        .with("type", "form")
        .child(field("FORM_TYPE", "hidden").child(value))
        .child(field("with", "jid-single"))
        .child(field("start", "text-single"))
        .child(field("end", "text-single"));
    Element::new("query", ns::MAM).child(form)
}

/// What is kept in the archive, which nobody can change: everything.
pub fn preferences() -> Element {
    Element::new("prefs", ns::MAM)
        .with("default", "always")
        .empty("always", ns::MAM)
        .empty("never", ns::MAM)
}

impl Client {
    /// Answers with messages, and returns the end of the answer.
    pub async fn query_archive(
        &mut self,
        session: &Session,
        request: &Element,
    ) -> Result<Element, StanzaError> {
        let (messages, more) = self.read_archive(session, request, None).await?;
        // Nothing is sent before all is known: a request that fails may be tried again.
        let mut results = Vec::new();
        for message in &messages {
            let forwarded = self.forwarded(message).await?;
            results.extend(forwarded.map(|forwarded| (message.time, forwarded)));
        }
        let archive = self.bare.clone();
        for (time, forwarded) in results {
            self.send_result(&archive, request, time, forwarded);
        }
        Ok(self.end_of_answer(&messages, more))
    }

    /// The messages that a query asks for, and whether there are more: of a group, or with other users.
    pub async fn read_archive(
        &self,
        session: &Session,
        request: &Element,
        group: Option<Uid>,
    ) -> Result<(Vec<Message>, bool), StanzaError> {
        let Query { with, mut range } = self.read_query(request)?;
        range.with = group;
        if let Some(with) = with {
            if group.is_some() {
                return Err(StanzaError::not_implemented());
            }
            match self.find(&with).await {
                Ok(Some(uid)) => range.with = Some(uid),
                // Nobody else has ever written to the user.
                Ok(None) => return Ok((Vec::new(), false)),
                Err(error) if error.condition == "remote-server-not-found" => {
                    return Ok((Vec::new(), false));
                }
                Err(error) => return Err(error),
            }
        }
        let found = self.xmpp.services.archives.read(session, range).await?;
        let unknown = || StanzaError::new("cancel", "item-not-found", "There is no such message.");
        let (mut messages, more) = found.ok_or_else(unknown)?;
        messages.truncate(range.limit);
        Ok((messages, more))
    }

    /// Sends one message of the answer to a query.
    pub fn send_result(&mut self, archive: &str, request: &Element, time: i64, forwarded: Element) {
        let result = Element::new("result", ns::MAM)
            .with_some("queryid", request.attribute("queryid"))
            .with("id", self.ids.id(time))
            .child(forwarded);
        let stanza = Element::new("message", ns::CLIENT)
            .with("from", archive)
            .with("to", self.full.as_str())
            .child(result);
        self.send(&stanza);
    }

    fn read_query(&self, request: &Element) -> Result<Query, StanzaError> {
        let mut query = Query {
            range: ArchiveRange {
                limit: PART,
                ..ArchiveRange::default()
            },
            ..Query::default()
        };
        let form = request.find("x", ns::FORM);
        let fields = form.into_iter().flat_map(Element::children);
        for field in fields.filter(|field| field.is("field", ns::FORM)) {
            let value = field.find("value", ns::FORM).map(Element::content);
            let value = value.unwrap_or_default();
            let time = || {
                let time: Option<jiff::Timestamp> = value.trim().parse().ok();
                let time = time.map(jiff::Timestamp::as_millisecond);
                time.map(Some).ok_or_else(StanzaError::bad_request)
            };
            match field.attribute("var") {
                Some("FORM_TYPE") if value == ns::MAM => {}
                Some("with") => {
                    query.with = Some(Jid::parse(&value).ok_or_else(StanzaError::bad_request)?);
                }
                Some("start") => query.range.start = time()?,
                Some("end") => query.range.end = time()?,
                _ => return Err(StanzaError::not_implemented()),
            }
        }
        let set = request.find("set", ns::RSM);
        for part in set.into_iter().flat_map(Element::children) {
            let text = part.content();
            let known = || {
                let time = self.ids.time(&text);
                let unknown = StanzaError::new("cancel", "item-not-found", "");
                time.map(Some).ok_or(unknown)
            };
            match &*part.name {
                "max" => {
                    let max: usize = text
                        .trim()
                        .parse()
                        .map_err(|_| StanzaError::bad_request())?;
                    query.range.limit = max.min(PART);
                }
                "after" => query.range.after = known()?,
                "before" => {
                    query.range.from_end = true;
                    query.range.before = if text.is_empty() { None } else { known()? };
                }
                "index" => return Err(StanzaError::not_implemented()),
                _ => {}
            }
        }
        Ok(query)
    }

    /// A message as it was sent, with its time.
    pub async fn forwarded(&self, message: &Message) -> Result<Option<Element>, StanzaError> {
        let (from, to) = (
            self.address_of(message.from).await?,
            self.address_of(message.to).await?,
        );
        let (Some(from), Some(to)) = (from, to) else {
            return Ok(None);
        };
        let id = self.ids.id(message.time);
        let files: Vec<_> = message.attachments.iter().map(Listed::from).collect();
        let text = self.xmpp.text(&message.text, &files);
        let stanza = Element::new("message", ns::CLIENT)
            .with("type", "chat")
            .with("id", id.as_str())
            .with("from", format!("{from}/{RESOURCE}"))
            .with("to", to)
            .child(Element::new("body", ns::CLIENT).text(text))
            .child(self.stanza_id(message.time));
        let stanza = self
            .xmpp
            .links(&files)
            .into_iter()
            .fold(stanza, Element::child);
        Ok(Some(
            Element::new("forwarded", ns::FORWARD)
                .child(delay(&self.xmpp.domain, message.time))
                .child(stanza),
        ))
    }

    /// The id of the message of this time in the user's archive.
    pub fn stanza_id(&self, time: i64) -> Element {
        self.stanza_id_by(&self.bare, time)
    }

    /// The id of the message of this time in an archive.
    pub fn stanza_id_by(&self, archive: &str, time: i64) -> Element {
        Element::new("stanza-id", ns::STANZA_ID)
            .with("by", archive)
            .with("id", self.ids.id(time))
    }

    /// The end of the answer to a query.
    pub fn end_of_answer(&self, messages: &[Message], more: bool) -> Element {
        let mut set = Element::new("set", ns::RSM);
        if let (Some(first), Some(last)) = (messages.first(), messages.last()) {
            set.push(Element::new("first", ns::RSM).text(self.ids.id(first.time)));
            set.push(Element::new("last", ns::RSM).text(self.ids.id(last.time)));
        }
        let fin = Element::new("fin", ns::MAM);
        let fin = if more {
            fin
        } else {
            fin.with("complete", "true")
        };
        fin.child(set)
    }
}
