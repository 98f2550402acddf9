//! The features that a client is offered at each step of a stream.

use super::sasl2;
use super::xml::{Element, ns};

/// Whether a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// It is.
    Encrypted,
    /// It is not, and it must be.
    Required,
    /// It is not, but can be; it need not be, because it does not leave this machine.
    Optional,
    /// It is not and cannot be, but does not leave this machine.
    Unavailable,
}

/// What a client that is not logged in can do.
pub fn to_log_in(security: Security, can_sign_up: bool) -> Vec<Element> {
    let tls = Element::new("starttls", ns::TLS);
    let plain = Element::new("mechanism", ns::SASL).text("PLAIN");
    let mechanisms = Element::new("mechanisms", ns::SASL).child(plain);
    let mut features = match security {
        Security::Encrypted | Security::Unavailable => vec![mechanisms, sasl2::feature()],
        Security::Required => return vec![tls.empty("required", ns::TLS)],
        Security::Optional => vec![tls, mechanisms, sasl2::feature()],
    };
    if can_sign_up {
        features.push(Element::new("register", ns::REGISTER_FEATURE));
    }
    features
}

/// What a client without a resource can do.
pub fn to_bind() -> Vec<Element> {
    let session = Element::new("session", ns::SESSION).empty("optional", ns::SESSION);
    let mut features = vec![Element::new("bind", ns::BIND), session];
    features.extend(bound());
    features
}

/// What a client with a resource can ask for.
pub fn bound() -> Vec<Element> {
    vec![Element::new("csi", ns::CSI), Element::new("sm", ns::SM)]
}

pub fn write(features: Vec<Element>, out: &mut String) {
    out.push_str("<stream:features>");
    for feature in features {
        feature.write(out, ns::CLIENT);
    }
    out.push_str("</stream:features>");
}
