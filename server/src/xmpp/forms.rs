//! Data forms (XEP-0004): what clients are asked, and what they answer.

use super::xml::{Element, ns};

/// An empty form of a kind.
pub fn form(kind: &'static str, name: &str) -> Element {
    let name = Element::new("value", ns::FORM).text(name);
    let field = Element::new("field", ns::FORM)
        .with("var", "FORM_TYPE")
        .with("type", "hidden");
    Element::new("x", ns::FORM)
        .with("type", kind)
        .child(field.child(name))
}

/// A field that has to be filled in, with a label in English.
pub fn field(name: &str, kind: &str, label: &str) -> Element {
    Element::new("field", ns::FORM)
        .with("var", name)
        .with("type", kind)
        .with("label", label)
        .empty("required", ns::FORM)
}

/// The value of a field, in the form of a request, or in an element of that name.
pub fn value(request: &Element, name: &str) -> String {
    let form = request.find("x", ns::FORM);
    let mut fields = form.into_iter().flat_map(Element::children);
    let field = fields.find(|field| field.attribute("var") == Some(name));
    let found = match field {
        Some(field) => field.find("value", ns::FORM),
        None => request.children().find(|child| child.name == name),
    };
    found.map(Element::content).unwrap_or_default()
}
