//! TLS by rustls and ring.

use super::Trouble;
use crate::status::Distrust;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
};
use rustls_platform_verifier::Verifier;
use std::error::Error;
use std::sync::Arc;

/// What the HTTP library takes.
pub(crate) type Settings = ClientConfig;

/// The certificate is seen before anything is sent.
pub(crate) const CAN_PIN: bool = true;

/// True if it can stand for an authority, or for itself.
pub(crate) fn is_certificate(der: &CertificateDer<'static>) -> bool {
    RootCertStore::empty().add(der.clone()).is_ok()
}

/// HTTP/1.1, and trust in the system's roots and in `roots`, or in nothing but the certificate with this fingerprint.
///
/// # Errors
/// The roots cannot be used.
pub(crate) fn settings(
    roots: &[CertificateDer<'static>],
    pin: Option<[u8; 32]>,
) -> Result<Settings, rustls::Error> {
    let trust = match pin {
        Some(pin) => Trust::Pin(pin),
        None => match Verifier::new_with_extra_roots(roots.iter().cloned(), provider()) {
            Ok(verifier) => Trust::Roots(verifier),
            Err(error) if !roots.is_empty() => return Err(error),
            // A machine without roots (a bare container) can still use plain HTTP on loopback; any TLS server is untrusted.
            Err(_) => Trust::Nobody,
        },
    };
    with(trust)
}

/// For plain HTTP, where the HTTP library wants settings all the same: no root is read.
///
/// # Errors
/// None that is known.
pub(crate) fn trust_nobody() -> Result<Settings, rustls::Error> {
    with(Trust::Nobody)
}

/// Named here and not installed for the process: a host may use rustls for itself, with another one.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn with(trust: Trust) -> Result<Settings, rustls::Error> {
    let provider = provider();
    let judge = Judge {
        trust,
        provider: Arc::clone(&provider),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(judge))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[derive(Debug)]
enum Trust {
    Roots(Verifier),
    Pin([u8; 32]),
    Nobody,
}

/// Judges certificates, and lets those that it turns down be told apart later.
#[derive(Debug)]
struct Judge {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

/// A certificate that was turned down, inside of rustls's error.
#[derive(Debug, thiserror::Error)]
#[error("{why:?}")]
struct TurnedDown {
    why: Distrust,
    sha256: [u8; 32],
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest.as_ref());
        let why = match &self.trust {
            Trust::Roots(roots) => {
                match roots.verify_server_cert(certificate, chain, name, ocsp, now) {
                    Ok(verified) => return Ok(verified),
                    Err(rustls::Error::InvalidCertificate(why)) => distrust(&why),
                    Err(other) => return Err(other),
                }
            }
            Trust::Pin(pin) if *pin == sha256 => return Ok(ServerCertVerified::assertion()),
            Trust::Pin(_) => Distrust::NotPinned,
            Trust::Nobody => Distrust::UnknownIssuer,
        };
        let turned_down = OtherError(Arc::new(TurnedDown { why, sha256 }));
        Err(CertificateError::Other(turned_down).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let known = &self.provider.signature_verification_algorithms;
        known.supported_schemes()
    }
}

fn distrust(why: &CertificateError) -> Distrust {
    use CertificateError as Why;
    match why {
        Why::Expired | Why::ExpiredContext { .. } => Distrust::Expired,
        Why::NotValidYet | Why::NotValidYetContext { .. } => Distrust::NotYetValid,
        Why::Revoked => Distrust::Revoked,
        Why::UnknownIssuer => Distrust::UnknownIssuer,
        Why::NotValidForName | Why::NotValidForNameContext { .. } => Distrust::WrongName,
        // An authority's certificate that a server shows as its own is one that was made by itself; it has no type here.
        Why::Other(other) if other.0.to_string().contains("CaUsedAsEndEntity") => {
            Distrust::UnknownIssuer
        }
        _ => Distrust::Other,
    }
}

/// Sorts an error if it is one of TLS.
pub(crate) fn sort(cause: &(dyn Error + 'static)) -> Option<Trouble> {
    let error = cause.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(other))) => {
            match other.downcast_ref::<TurnedDown>() {
                Some(TurnedDown { why, sha256 }) => Trouble::certificate(*why, Some(*sha256)),
                None => Trouble::handshake(error),
            }
        }
        rustls::Error::InvalidMessage(_) => Trouble::not_tls(),
        error => Trouble::handshake(error),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_provider_is_installed_for_the_process() {
        super::settings(&[], None).unwrap();
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    }
}
