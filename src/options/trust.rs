//! Certificates to trust in addition to the system's, or instead of them.

use crate::status::{Problem, Status};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Greatest size of a certificate file; a complete set of public authorities takes a quarter of a megabyte.
const MAX_FILE: u64 = 4 << 20;

/// Certificates of authorities, or self-signed certificates of servers.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Roots(Arc<[CertificateDer<'static>]>);

impl Roots {
    /// Reads a PEM file once; later changes of the file have no effect.
    ///
    /// # Errors
    /// It cannot be read, contains no certificate, or an invalid one; the sentence names the file.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let certificates = read(path).and_then(|text| certificates(&text));
        let certificates = certificates.map_err(|why| {
            let text = format!(
                "The certificates in {} cannot be used: {why}",
                path.display()
            );
            Problem::new(Status::Argument, text)
        })?;
        Ok(Roots(certificates.into()))
    }

    /// The certificates.
    pub(crate) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let reason = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => error.to_string(),
    };
    // Checked before opening, since opening a pipe would wait for its other end.
    if !std::fs::metadata(path).map_err(reason)?.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut text = Vec::new();
    let file = std::fs::File::open(path).map_err(reason)?;
    file.take(MAX_FILE + 1)
        .read_to_end(&mut text)
        .map_err(reason)?;
    if text.len() as u64 > MAX_FILE {
        return Err("it is too large".to_owned());
    }
    Ok(text)
}

fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let found = found.map_err(|_| "it is not a PEM file".to_owned())?;
    if found.is_empty() {
        return Err("it contains no certificate in PEM form (BEGIN CERTIFICATE)".to_owned());
    }
    for (place, certificate) in found.iter().enumerate() {
        if !crate::tls::is_certificate(certificate) {
            return Err(format!(
                "number {} in it is not a valid certificate",
                place + 1
            ));
        }
    }
    Ok(found)
}

impl std::fmt::Debug for Roots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} certificates", self.0.len())
    }
}

/// The SHA-256 of a server's own certificate (DER).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin([u8; 32]);

impl Pin {
    /// Reads a fingerprint: 64 hexadecimal digits, with colons or without, or base64.
    ///
    /// # Errors
    /// It is not a fingerprint, or this build of the library cannot pin certificates.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let invalid = |text: &str| Problem::new(Status::Argument, text);
        if !crate::tls::CAN_PIN {
            return Err(invalid(
                "Certificates cannot be pinned in this build: its TLS library does not tell the certificate before the \
                 request is sent. Add it to the trusted certificates instead",
            ));
        }
        let text = text.trim();
        let bytes = hex(text).or_else(|| BASE64.decode(text).ok()?.try_into().ok());
        bytes.map(Pin).ok_or_else(|| {
            invalid("A fingerprint is a SHA-256: 64 hexadecimal digits, with colons or without, or 44 characters of base64")
        })
    }

    /// The bytes of the SHA-256.
    pub(crate) fn sha256(&self) -> &[u8; 32] {
        &self.0
    }
}

fn hex(text: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|&c| c != ':')
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    bytes.try_into().ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "rustls")]
    fn fingerprints_are_read_in_every_form() {
        let bare = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
        let pin = Pin::parse(bare).unwrap();
        let pairs: Vec<&str> = (0..32).map(|n| &bare[2 * n..2 * n + 2]).collect();
        assert_eq!(Pin::parse(&pairs.join(":")).unwrap(), pin);
        assert_eq!(Pin::parse(&BASE64.encode(pin.sha256())).unwrap(), pin);
        for wrong in [
            "",
            "00",
            &bare[1..],
            &format!("{bare}0"),
            "sha256//x",
            &"é".repeat(32),
        ] {
            let problem = Pin::parse(wrong).unwrap_err();
            assert_eq!(problem.status, Status::Argument, "{wrong}");
        }
    }

    #[test]
    fn unusable_files_are_named_with_the_reason() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("roots.pem");
        let why = || Roots::read(&path).unwrap_err().text;
        assert!(why().contains("roots.pem cannot be used: there is no such file"));
        std::fs::write(&path, "nothing").unwrap();
        assert!(why().ends_with("it contains no certificate in PEM form (BEGIN CERTIFICATE)"));
        let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        std::fs::write(&path, nonsense).unwrap();
        assert!(why().ends_with("number 1 in it is not a valid certificate"));
        std::fs::write(&path, "-----BEGIN CERTIFICATE-----\n!").unwrap();
        assert!(why().ends_with("it is not a PEM file"));
        assert!(
            Roots::read(place.path())
                .unwrap_err()
                .text
                .ends_with("it is not a regular file")
        );
    }
}
