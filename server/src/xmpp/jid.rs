//! Addresses: `USERNAME@DOMAIN/RESOURCE`.

/// The most bytes of each part.
const LONGEST: usize = 1023;

/// An address. User name and domain are in lower case, as they are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jid {
    pub local: Option<String>,
    pub domain: String,
    pub resource: Option<String>,
}

impl Jid {
    /// Reads an address; `None` if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let (bare, resource) = match text.split_once('/') {
            Some((bare, resource)) => (bare, Some(valid_resource(resource)?)),
            None => (text, None),
        };
        let (local, domain) = match bare.split_once('@') {
            Some((local, domain)) => (Some(local), domain),
            None => (None, bare),
        };
        let forbidden = |c: char| c.is_control() || c.is_whitespace() || "\"&'/:<>@".contains(c);
        let valid = |part: &str| (1..=LONGEST).contains(&part.len()) && !part.contains(forbidden);
        if !valid(domain) || !local.is_none_or(valid) {
            return None;
        }
        Some(Jid {
            local: local.map(str::to_lowercase),
            domain: domain.to_lowercase(),
            resource,
        })
    }

    /// The address without the resource.
    pub fn bare(&self) -> String {
        match &self.local {
            Some(local) => format!("{local}@{}", self.domain),
            None => self.domain.clone(),
        }
    }
}

/// Accepts what can be a resource.
pub fn valid_resource(text: &str) -> Option<String> {
    let valid = (1..=LONGEST).contains(&text.len()) && !text.contains(char::is_control);
    valid.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_folded_and_resources_are_not() {
        let jid = Jid::parse("Bob.B@Chat.Example.ORG/Home @/x").unwrap();
        assert_eq!(jid.bare(), "bob.b@chat.example.org");
        assert_eq!(jid.resource.as_deref(), Some("Home @/x"));
        assert_eq!(Jid::parse("example.org").unwrap().local, None);
        let long = format!("a@b/{}", "x".repeat(1024));
        for wrong in [
            "",
            "@x",
            "a@",
            "a@b/",
            "a b@c",
            "a@b@c",
            "a<@b",
            "a@b/\u{7}",
            &long,
        ] {
            assert_eq!(Jid::parse(wrong), None, "{wrong}");
        }
    }
}
