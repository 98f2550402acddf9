//! Search for people (XEP-0055), by name or exact address, as on the page.

use super::errors::StanzaError;
use super::forms;
use super::session::Client;
use super::xml::{Element, ns};
use crate::service::search::SearchError;
use crate::types::{Session, User};

const SENTENCE: &str = "Enter a name, a user name or a whole e-mail address.";

/// What can be searched for.
pub fn question() -> Element {
    let instructions = |ns| Element::new("instructions", ns).text(SENTENCE);
    let form = forms::form("form", ns::SEARCH)
        .child(instructions(ns::FORM))
        .child(forms::field(
            "nick",
            "text-single",
            "Name or e-mail address",
        ));
    Element::new("query", ns::SEARCH)
        .child(instructions(ns::SEARCH))
        .empty("nick", ns::SEARCH)
        .empty("email", ns::SEARCH)
        .child(form)
}

impl From<SearchError> for StanzaError {
    fn from(error: SearchError) -> Self {
        let text = error.to_string();
        match error {
            SearchError::Length => StanzaError::new("modify", "not-acceptable", text),
            SearchError::TooOften(_) => StanzaError::new("wait", "resource-constraint", text),
            SearchError::Store(error) => error.into(),
        }
    }
}

impl Client {
    /// The people who are found, in the form in which the client has asked.
    pub async fn search(
        &self,
        session: &Session,
        request: &Element,
    ) -> Result<Element, StanzaError> {
        let texts = ["nick", "email", "first", "last"].map(|name| forms::value(request, name));
        let texts: Vec<_> = texts.iter().filter(|text| !text.is_empty()).collect();
        let text = texts.first().map(|text| text.as_str()).unwrap_or_default();
        let found = self.xmpp.services.search.find(session, text).await?;
        let people = found.iter().map(|(user, _)| user);
        let answer = Element::new("query", ns::SEARCH);
        if request.find("x", ns::FORM).is_none() {
            let item = |user: &User| {
                let name = Element::new("nick", ns::SEARCH).text(user.name.as_str());
                Element::new("item", ns::SEARCH)
                    .with("jid", self.xmpp.address(&user.username))
                    .child(name)
            };
            return Ok(people.map(item).fold(answer, Element::child));
        }
        let column = |name: &str, kind: &str, label: &str| {
            Element::new("field", ns::FORM)
                .with("var", name)
                .with("type", kind)
                .with("label", label)
        };
        let reported = Element::new("reported", ns::FORM)
            .child(column("jid", "jid-single", "Address"))
            .child(column("nick", "text-single", "Name"));
        let item = |user: &User| {
            Element::new("item", ns::FORM)
                .child(forms::filled("jid", self.xmpp.address(&user.username)))
                .child(forms::filled("nick", &user.name))
        };
        let form = forms::form("result", ns::SEARCH).child(reported);
        Ok(answer.child(people.map(item).fold(form, Element::child)))
    }
}
