//! TLS by the system's library (OpenSSL).

use super::TlsFailure;
use crate::status::Distrust;
use native_tls::{Certificate, Protocol, TlsConnector};
use rustls_pki_types::CertificateDer;
use std::error::Error;

/// The settings that the HTTP library takes.
pub(crate) type Settings = TlsConnector;

/// The HTTP library tells the certificate only with the answer, after a password would have been sent.
pub(crate) const CAN_PIN: bool = false;

/// True if it can be trusted as an authority's certificate or as a self-signed one.
pub(crate) fn is_certificate(der: &CertificateDer<'static>) -> bool {
    Certificate::from_der(der).is_ok()
}

/// Trust in the system's roots and in `roots`. Pins are not supported.
///
/// # Errors
/// The roots cannot be used, or the library cannot be set up.
pub(crate) fn settings(
    roots: &[CertificateDer<'static>],
    _pin: Option<[u8; 32]>,
) -> Result<Settings, native_tls::Error> {
    let mut builder = TlsConnector::builder();
    builder.min_protocol_version(Some(Protocol::Tlsv12));
    for root in roots {
        builder.add_root_certificate(Certificate::from_der(root)?);
    }
    builder.build()
}

/// For plain HTTP, where the HTTP library needs settings, too: no root certificate is trusted.
///
/// # Errors
/// The library cannot be set up.
pub(crate) fn without_roots() -> Result<Settings, native_tls::Error> {
    TlsConnector::builder().disable_built_in_roots(true).build()
}

/// Classifies an error of TLS. OpenSSL's reason is only in its text, which is always English.
pub(crate) fn classify(cause: &(dyn Error + 'static)) -> Option<TlsFailure> {
    let text = cause.downcast_ref::<native_tls::Error>()?.to_string();
    let has = |part: &str| text.contains(part);
    let why = if has("certificate has expired") {
        Distrust::Expired
    } else if has("not yet valid") {
        Distrust::NotYetValid
    } else if has("revoked") {
        Distrust::Revoked
    } else if has("ostname mismatch") || has("IP address mismatch") {
        Distrust::WrongName
    } else if has("self-signed") || has("self signed") || has("issuer certificate") {
        Distrust::UnknownIssuer
    } else if has("certificate verify failed") {
        Distrust::Other
    } else if has("wrong version number") || has("packet length too long") {
        return Some(TlsFailure::not_tls());
    } else {
        return Some(TlsFailure::handshake(&text));
    };
    Some(TlsFailure::certificate(why, None))
}
