//! TLS by rustls and ring.

use super::TlsFailure;
use crate::status::Distrust;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
};
use rustls_platform_verifier::Verifier;
use std::error::Error;
use std::sync::Arc;

/// The settings that the HTTP library takes.
pub(crate) type Settings = ClientConfig;

/// The certificate is known before anything is sent.
pub(crate) const CAN_PIN: bool = true;

/// True if it can be trusted as an authority's certificate or as a self-signed one.
pub(crate) fn is_certificate(der: &CertificateDer<'static>) -> bool {
    RootCertStore::empty().add(der.clone()).is_ok()
}

/// HTTP/1.1 with trust in the system's roots and in `roots`, or only in the certificate with this fingerprint.
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
            Ok(verifier) => Trust::Roots(verifier, roots.to_vec()),
            Err(error) if !roots.is_empty() => return Err(error),
            // A machine without root certificates, such as a minimal container, can still use plain HTTP.
            Err(_) => Trust::Nothing,
        },
    };
    with(trust)
}

/// For plain HTTP, where the HTTP library needs settings, too: no root certificate is read.
///
/// # Errors
/// None that is known.
pub(crate) fn without_roots() -> Result<Settings, rustls::Error> {
    with(Trust::Nothing)
}

/// Passed explicitly and not installed for the process: the host may use rustls with another provider.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn with(trust: Trust) -> Result<Settings, rustls::Error> {
    let provider = provider();
    let verifier = CertificateVerifier {
        trust,
        provider: Arc::clone(&provider),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[derive(Debug)]
enum Trust {
    /// The system's roots with the given ones, and the given ones.
    Roots(Verifier, Vec<CertificateDer<'static>>),
    Pin([u8; 32]),
    Nothing,
}

/// Verifies certificates; its error tells why a certificate was rejected, and which.
#[derive(Debug)]
struct CertificateVerifier {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

/// A rejected certificate, inside of rustls's error.
#[derive(Debug, thiserror::Error)]
#[error("{why:?}")]
struct RejectedCertificate {
    why: Distrust,
    sha256: [u8; 32],
}

impl ServerCertVerifier for CertificateVerifier {
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
            Trust::Roots(roots, given) => {
                match roots.verify_server_cert(certificate, chain, name, ocsp, now) {
                    Ok(verified) => return Ok(verified),
                    Err(rustls::Error::InvalidCertificate(why))
                        if is_authority(&why) && given.contains(certificate) =>
                    {
                        // Trusted by itself. Its dates are right, since they are checked before its purpose is.
                        match verify_server_name(&ParsedCertificate::try_from(certificate)?, name) {
                            Ok(()) => return Ok(ServerCertVerified::assertion()),
                            Err(rustls::Error::InvalidCertificate(why)) => distrust(&why),
                            Err(other) => return Err(other),
                        }
                    }
                    Err(rustls::Error::InvalidCertificate(why)) => distrust(&why),
                    Err(other) => return Err(other),
                }
            }
            Trust::Pin(pin) if *pin == sha256 => return Ok(ServerCertVerified::assertion()),
            Trust::Pin(_) => Distrust::NotPinned,
            Trust::Nothing => Distrust::UnknownIssuer,
        };
        let rejected = OtherError(Arc::new(RejectedCertificate { why, sha256 }));
        Err(CertificateError::Other(rejected).into())
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

/// True if the server's own certificate is an authority's, so it is self-signed. This error has no type in rustls.
fn is_authority(why: &CertificateError) -> bool {
    match why {
        CertificateError::Other(other) => other.0.to_string().contains("CaUsedAsEndEntity"),
        _ => false,
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
        why if is_authority(why) => Distrust::UnknownIssuer,
        _ => Distrust::Other,
    }
}

/// Classifies an error of TLS.
pub(crate) fn classify(cause: &(dyn Error + 'static)) -> Option<TlsFailure> {
    let error = cause.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(other))) => {
            match other.downcast_ref::<RejectedCertificate>() {
                Some(RejectedCertificate { why, sha256 }) => {
                    TlsFailure::certificate(*why, Some(*sha256))
                }
                None => TlsFailure::handshake(error),
            }
        }
        rustls::Error::InvalidMessage(_) => TlsFailure::not_tls(),
        error => TlsFailure::handshake(error),
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
