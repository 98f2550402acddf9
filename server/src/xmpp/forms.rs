//! Data forms (XEP-0004): what clients are asked, and what they answer.

use super::xml::{Element, ns};

/// An empty form of a kind.
pub fn form(kind: &'static str, name: &str) -> Element {
    Element::new("x", ns::FORM)
        .with("type", kind)
        .child(filled("FORM_TYPE", name).with("type", "hidden"))
}

/// A field with its value.
pub fn filled(name: &str, value: impl AsRef<str>) -> Element {
    Element::new("field", ns::FORM)
        .with("var", name)
        .child(Element::new("value", ns::FORM).text(value.as_ref()))
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
