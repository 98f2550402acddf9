//! Resource binding and stream resumption: the requests of a client that is logged in, and the answers.

use super::errors::StreamError;
use super::jid::valid_resource;
use super::xml::{Element, ns};

/// A request for a resource.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// The id that the answer has.
    pub id: String,
    /// The resource that the client wants.
    pub resource: Option<String>,
}

/// Reads a request; `None` if the resource cannot be one. Anything else that a client sends before it has a resource is an error.
pub fn request(iq: &Element) -> Result<Option<Request>, StreamError> {
    let request = iq.find("bind", ns::BIND);
    let (Some(request), Some("set"), Some(id)) =
        (request, iq.attribute("type"), iq.attribute("id"))
    else {
        return Err(StreamError::NOT_AUTHORIZED);
    };
    let resource = request.find("resource", ns::BIND).map(Element::content);
    let resource = match resource.filter(|resource| !resource.is_empty()) {
        None => None,
        Some(resource) => match valid_resource(&resource) {
            Some(resource) => Some(resource),
            None => return Ok(None),
        },
    };
    Ok(Some(Request {
        id: id.to_owned(),
        resource,
    }))
}

/// The answer: the address that the client has now.
pub fn answer(request: &Request, jid: &str) -> Element {
    let jid = Element::new("jid", ns::BIND).text(jid);
    Element::new("iq", ns::CLIENT)
        .with("type", "result")
        .with("id", request.id.as_str())
        .child(Element::new("bind", ns::BIND).child(jid))
}

/// A resumed session.
#[derive(Debug, PartialEq, Eq)]
pub struct Resumption {
    /// Its name.
    pub name: String,
    /// How many stanzas the client has.
    pub count: u32,
}

/// Reads which session a client wants to resume.
pub fn resumption(request: &Element) -> Option<Resumption> {
    let name = request.attribute("previd")?.to_owned();
    let count = request.attribute("h")?.trim().parse().ok()?;
    Some(Resumption { name, count })
}
