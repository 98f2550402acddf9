//! The TLS settings that both drivers hand to their HTTP client.

#![forbid(unsafe_code)]

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use std::sync::Arc;

/// Ring, HTTP/1.1, and trust in the system's roots and in `extra`.
///
/// The provider is named here and not installed for the process: a host may use rustls for itself, with another one.
///
/// # Errors
/// A certificate in `extra` is none.
pub(crate) fn client_config(
    extra: Vec<CertificateDer<'static>>,
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let have_extra = !extra.is_empty();
    let mut config = match Verifier::new_with_extra_roots(extra, provider) {
        Ok(verifier) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth(),
        Err(error) if have_extra => return Err(error),
        // A machine without roots (a bare container) can still use plain HTTP on loopback; any TLS server is untrusted.
        Err(_) => builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_provider_is_installed_for_the_process() {
        super::client_config(Vec::new()).unwrap();
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    }
}
