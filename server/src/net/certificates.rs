//! What is wrong with a certificate although it can be used. A server works without the intermediate certificate, and so do browsers
//! that have seen it elsewhere; others refuse to connect, and the operator does not learn of it.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::server::ParsedCertificate;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// What the operator should know about the certificates in `file`, one sentence each. `names` are the known names of the server; a
/// certificate for one of them suffices.
pub fn warnings(chain: &[CertificateDer<'_>], file: &Path, names: &[String]) -> Vec<String> {
    let roots = rustls_native_certs::load_native_certs().certs;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    check(chain, &roots, now, file, names)
}

fn check(
    chain: &[CertificateDer<'_>],
    roots: &[CertificateDer<'_>],
    now: i64,
    file: &Path,
    names: &[String],
) -> Vec<String> {
    let mut warnings = Vec::new();
    let given: Vec<_> = chain.iter().filter_map(|der| parse(der)).collect();
    let Some(own) = given.first() else {
        return warnings;
    };
    warnings.extend(given.iter().filter_map(|one| expired(one, now)));
    warnings.extend(wrong_name(chain, own, names));
    // From the server's own certificate to the one whose issuer every client has.
    let (mut at, mut steps) = (0, 0);
    while let Some(current) = given.get(at).filter(|one| one.issuer() != one.subject())
        && steps < given.len()
    {
        steps += 1;
        let issued = |issuer: &X509Certificate<'_>| issuer.subject() == current.issuer();
        if given.get(at + 1).is_some_and(issued) {
            at += 1;
        } else if let Some(issuer) = given.iter().position(issued) {
            warnings.push(format!(
                "The certificates in {} are not in order: that of {} must be followed by that of its issuer.",
                file.display(),
                name(current)
            ));
            at = issuer;
        } else {
            // Without any roots, only the first step is certain.
            let unknown = !roots
                .iter()
                .filter_map(|der| parse(der))
                .any(|root| issued(&root));
            if unknown && (at == 0 || !roots.is_empty()) {
                warnings.push(format!(
                    "The certificate of {} was issued by {}, whose certificate is neither in {} nor among those that this system \
                     trusts. Append it (certbot's fullchain.pem has it), or clients may refuse to connect.",
                    name(current),
                    current.issuer(),
                    file.display()
                ));
            }
            break;
        }
    }
    warnings
}

fn parse<'a>(der: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    Some(X509Certificate::from_der(der).ok()?.1)
}

fn expired(one: &X509Certificate<'_>, now: i64) -> Option<String> {
    let (from, until) = (&one.validity().not_before, &one.validity().not_after);
    let (what, time) = if now > until.timestamp() {
        ("is not valid any more since", until)
    } else if now < from.timestamp() {
        ("is not valid before", from)
    } else {
        return None;
    };
    let time = Timestamp::from_second(time.timestamp()).ok()?;
    Some(format!(
        "The certificate of {} {what} {time}. Renew it, or set the clock.",
        name(one)
    ))
}

fn wrong_name(
    chain: &[CertificateDer<'_>],
    own: &X509Certificate<'_>,
    names: &[String],
) -> Option<String> {
    let fits = |name: &String| covers(chain, name) != Some(false);
    (!names.is_empty() && !names.iter().any(fits)).then(|| {
        format!(
            "The certificate of {} is for none of the names {}. Clients refuse to connect under these.",
            name(own),
            names.join(", ")
        )
    })
}

/// Whether a certificate is for this name; `None` if it cannot be read.
fn covers(chain: &[CertificateDer<'_>], name: &str) -> Option<bool> {
    let parsed = ParsedCertificate::try_from(chain.first()?).ok()?;
    let name = ServerName::try_from(name);
    Some(name.is_ok_and(|name| verify_server_name(&parsed, &name).is_ok()))
}

/// What the operator should know about a certificate that XMPP clients compare with this domain.
pub fn other_domain(chain: &[CertificateDer<'_>], file: &Path, domain: &str) -> Option<String> {
    (!covers(chain, domain)?).then(|| {
        format!(
            "The certificate in {} is not for {domain}, which is xmpp_domain. XMPP clients refuse to connect. Get a certificate \
             that names {domain}, too.",
            file.display()
        )
    })
}

/// The most specific name in a certificate.
fn name(one: &X509Certificate<'_>) -> String {
    let alternatives = one.subject_alternative_name().ok().flatten();
    let host = alternatives.and_then(|names| {
        names
            .value
            .general_names
            .iter()
            .find_map(|name| match name {
                GeneralName::DNSName(host) => Some((*host).to_owned()),
                _ => None,
            })
    });
    host.unwrap_or_else(|| one.subject().to_string())
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
    };

    use super::*;

    const NOW: i64 = 1_800_000_000;

    struct Made {
        der: CertificateDer<'static>,
        issuer: Issuer<'static, KeyPair>,
    }

    fn make(name: &str, by: Option<&Made>, years: (i32, i32)) -> Made {
        let names = if name.contains('.') {
            vec![name.to_owned()]
        } else {
            Vec::new()
        };
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        if !name.contains('.') {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        (params.not_before, params.not_after) =
            (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        let key = KeyPair::generate().unwrap();
        let made = match by {
            Some(by) => params.signed_by(&key, &by.issuer),
            None => params.self_signed(&key),
        };
        Made {
            der: made.unwrap().der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_said_and_nothing_else() {
        let years = (2020, 2040);
        let root = make("root", None, years);
        let middle = make("middle", Some(&root), years);
        let lower = make("lower", Some(&middle), years);
        let own = make("chat.example.org", Some(&middle), years);
        let deep = make("chat.example.org", Some(&lower), years);
        let alone = make("chat.example.org", None, years);
        let direct = make("chat.example.org", Some(&root), years);
        let old = make("chat.example.org", Some(&middle), (2020, 2021));
        let early = make("chat.example.org", Some(&middle), (2039, 2040));
        let old_middle = make("middle", Some(&root), (2020, 2021));
        let trusted = &[root.der.clone()][..];
        let www = &["www.example.org".to_owned()][..];
        let chat = &["www.example.org".to_owned(), "chat.example.org".to_owned()][..];
        for (chain, roots, names, expected) in [
            (vec![&own, &middle], trusted, chat, vec![]),
            (vec![&own, &middle, &root], trusted, chat, vec![]),
            (vec![&own, &middle, &root], &[][..], chat, vec![]),
            (vec![&own, &middle], &[], chat, vec![]),
            (vec![&alone], trusted, chat, vec![]),
            (vec![&direct], trusted, &[], vec![]),
            (vec![&deep, &lower, &middle], trusted, chat, vec![]),
            // The intermediate is missing.
            (
                vec![&own],
                trusted,
                chat,
                vec!["issued by CN=middle, whose"],
            ),
            (vec![&own], &[], chat, vec!["issued by CN=middle, whose"]),
            (
                vec![&own, &root],
                trusted,
                chat,
                vec!["issued by CN=middle, whose"],
            ),
            (
                vec![&deep, &lower],
                trusted,
                chat,
                vec!["of CN=lower was issued by CN=middle"],
            ),
            // Other mistakes.
            (
                vec![&deep, &middle, &lower],
                trusted,
                chat,
                vec!["not in order", "not in order"],
            ),
            (
                vec![&own, &middle],
                trusted,
                www,
                vec!["none of the names www.example.org"],
            ),
            (
                vec![&old, &middle],
                trusted,
                chat,
                vec!["any more since 2021-01-01T00:00:00Z"],
            ),
            (
                vec![&early, &middle],
                trusted,
                chat,
                vec!["before 2039-01-01T00:00:00Z"],
            ),
            (
                vec![&own, &old_middle],
                trusted,
                chat,
                vec!["of CN=middle is not valid any more"],
            ),
            (
                vec![&old],
                trusted,
                www,
                vec!["any more", "none of the names", "issued by"],
            ),
        ] {
            let chain: Vec<_> = chain.into_iter().map(|made| made.der.clone()).collect();
            let found = check(&chain, roots, NOW, Path::new("FILE"), names);
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.contains(expected), "{found}");
            }
        }
        // Two that name each other as their issuer end nowhere.
        let mut circle = vec![
            own.der.clone(),
            middle.der.clone(),
            make("root", Some(&middle), years).der,
        ];
        let found = check(&circle, trusted, NOW, Path::new("FILE"), chat);
        assert_eq!(found.len(), 1, "{found:?}");
        circle.push(CertificateDer::from(vec![1, 2, 3]));
        assert_eq!(
            check(&circle[3..], trusted, NOW, Path::new("FILE"), chat),
            [""; 0]
        );
    }
}
