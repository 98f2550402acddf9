//! What proxies say about the client: `X-Forwarded-For`, and `Forwarded` of RFC 7239.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, header};

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client that trusted proxies report.
#[derive(Debug, PartialEq, Eq)]
pub enum Origin {
    /// The first address from the right that is not a trusted proxy.
    Address(IpAddr),
    /// There is no header, or the relevant hop has no address.
    Unknown,
    /// The two headers differ. A proxy sets one of them, so the client made up the other, and nobody knows which.
    Contradiction,
}

/// Whether a request says that it was forwarded.
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.contains_key(FOR) || headers.contains_key(header::FORWARDED)
}

/// The client of a request from a trusted proxy. What the client made up comes before what the proxies added, in the same line or in
/// lines before it.
pub fn origin(headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> Origin {
    let simple = hops(headers, &FOR).map(address);
    let standard = hops(headers, &header::FORWARDED).map(|hop| address(&parameter(hop, "for")?));
    let simple = client(simple, &is_trusted);
    let standard = client(standard, &is_trusted);
    match (
        headers.contains_key(FOR),
        headers.contains_key(header::FORWARDED),
    ) {
        (true, true) if simple != standard => Origin::Contradiction,
        (true, _) => simple,
        (false, _) => standard,
    }
}

/// Whether the last proxy says in `Forwarded` that its client uses TLS.
pub fn is_https(headers: &HeaderMap) -> bool {
    let last = hops(headers, &header::FORWARDED).next();
    let scheme = last.and_then(|hop| parameter(hop, "proto"));
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

/// The hops of a header, the last one first.
fn hops<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    let lines = headers.get_all(name).iter();
    // A line that is not ASCII is a hop that cannot be understood.
    let lines = lines.map(|line| line.to_str().unwrap_or("unknown"));
    let hops: Vec<_> = lines.flat_map(|line| split(line, ',')).collect();
    hops.into_iter().rev()
}

/// The parts between separators outside of quoted strings; empty ones do not count.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(move |c| {
        if c == separator && !quoted {
            return true;
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && quoted && !escaped;
        false
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

/// A parameter of a hop in `Forwarded`.
fn parameter(hop: &str, name: &str) -> Option<String> {
    let mut found = split(hop, ';').filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let value = value.trim().trim_matches('"').replace('\\', "");
        key.trim().eq_ignore_ascii_case(name).then_some(value)
    });
    found.next()
}

/// An address with or without port and brackets. Obfuscated names and `unknown` are none.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim().trim_matches('"');
    let host = if let Some(rest) = hop.strip_prefix('[') {
        rest.split_once(']')?.0
    } else {
        match hop.split_once(':') {
            Some((host, port)) if !port.contains(':') => host,
            _ => hop,
        }
    };
    // The zone of a link-local address means something on one machine only.
    let host = host.split_once('%').map_or(host, |(host, _)| host);
    host.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

/// The first address that is not trusted; if all are, the one that is farthest away.
fn client(
    hops: impl Iterator<Item = Option<IpAddr>>,
    is_trusted: impl Fn(IpAddr) -> bool,
) -> Origin {
    let mut farthest = Origin::Unknown;
    for hop in hops {
        match hop {
            None => return Origin::Unknown,
            Some(address) if is_trusted(address) => farthest = Origin::Address(address),
            Some(address) => return Origin::Address(address),
        }
    }
    farthest
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    /// The client that these lines name to somebody who trusts 10.0.0.0/8.
    fn named(lines: &[(&str, &str)]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let is_trusted = |address: IpAddr| address.to_string().starts_with("10.");
        match origin(&headers, is_trusted) {
            Origin::Address(address) => Some(address.to_string()),
            Origin::Unknown => None,
            Origin::Contradiction => Some("contradiction".to_owned()),
        }
    }

    #[test]
    fn every_form_of_an_address_is_understood() {
        for (hop, address) in [
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7:51234", "203.0.113.7"),
            ("\"203.0.113.7:51234\"", "203.0.113.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:51234", "2001:db8::1"),
            ("\"[2001:db8::1]:51234\"", "2001:db8::1"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("[::ffff:203.0.113.7]:5", "203.0.113.7"),
            ("fe80::1%eth0", "fe80::1"),
        ] {
            assert_eq!(named(&[("x-forwarded-for", hop)]).unwrap(), address);
            let standard = format!("proto=http; For={hop};by=_x");
            assert_eq!(named(&[("forwarded", &standard)]).unwrap(), address);
        }
        let standard = "for=\"203.0.113.7:_port\"";
        assert_eq!(named(&[("forwarded", standard)]).unwrap(), "203.0.113.7");
        for hop in [
            "",
            "unknown",
            "_hidden",
            "203.0.113",
            "[2001:db8::1",
            "a, b",
            "for=",
        ] {
            assert_eq!(named(&[("x-forwarded-for", hop)]), None, "{hop}");
            assert_eq!(named(&[("forwarded", hop)]), None, "{hop}");
        }
    }

    #[test]
    fn of_several_hops_the_first_that_is_not_trusted_counts() {
        for (lines, address) in [
            (&["1.1.1.1, 2.2.2.2"][..], Some("2.2.2.2")),
            (&["1.1.1.1, 2.2.2.2:5, 10.0.0.1"], Some("2.2.2.2")),
            (
                &["1.1.1.1", "2.2.2.2, 10.0.0.2:1,, 10.0.0.1 "],
                Some("2.2.2.2"),
            ),
            (&["10.0.0.3, 10.0.0.1"], Some("10.0.0.3")),
            (&["1.1.1.1, unknown, 10.0.0.1"], None),
            (&["1.1.1.1, unknown"], None),
        ] {
            let simple: Vec<_> = lines
                .iter()
                .map(|line| ("x-forwarded-for", *line))
                .collect();
            assert_eq!(named(&simple).as_deref(), address, "{lines:?}");
        }
        let standard = [(
            "forwarded",
            "for=1.1.1.1;x=\"a, for=3.3.3.3\", for=2.2.2.2, for=10.0.0.1",
        )];
        assert_eq!(named(&standard).unwrap(), "2.2.2.2");
    }

    #[test]
    fn a_header_that_the_proxy_did_not_set_decides_nothing() {
        let both =
            |simple, standard| named(&[("x-forwarded-for", simple), ("forwarded", standard)]);
        assert_eq!(both("2.2.2.2", "for=2.2.2.2").unwrap(), "2.2.2.2");
        for standard in ["for=1.1.1.1", "for=unknown", "x"] {
            assert_eq!(both("2.2.2.2", standard).unwrap(), "contradiction");
        }
    }
}
