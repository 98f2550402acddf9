//! TLS by rustls: certificate and key from files; the client chooses HTTP/2 or HTTP/1.1.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use super::certificates;
use crate::config::Tls;

/// The ALPN protocol name of HTTP/2.
pub const H2: &[u8] = b"h2";
/// The ALPN protocol name of XMPP.
pub const XMPP: &[u8] = b"xmpp-client";

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing, not readable, or not PEM.
    #[error("Cannot use {} for {key}: {why}.", file.display())]
    File {
        /// The setting.
        key: &'static str,
        /// The file.
        file: PathBuf,
        /// The reason.
        why: String,
    },
    /// Certificate and key do not belong together.
    #[error("The certificate of tls_cert and the key of tls_key cannot be used together: {0}.")]
    Pair(#[from] rustls::Error),
}

impl TlsError {
    fn file(key: &'static str, file: &Path, why: &pem::Error) -> Self {
        let why = match why {
            pem::Error::NoItemsFound => format!("there is no {key} in PEM form in it")
                .replace("tls_cert", "certificate")
                .replace("tls_key", "private key"),
            pem::Error::Io(error) => error.to_string(),
            other => other.to_string(),
        };
        TlsError::File {
            key,
            file: file.to_owned(),
            why,
        }
    }
}

/// Certificate and key that can be used.
pub struct Loaded {
    pub acceptor: TlsAcceptor,
    /// Problems that do not prevent their use, one sentence each.
    pub warnings: Vec<String>,
}

impl Loaded {
    /// Writes the warnings into the log; returns the rest.
    pub fn warn(self) -> TlsAcceptor {
        for warning in self.warnings {
            log::warn!("{warning}");
        }
        self.acceptor
    }
}

/// Reads certificate and key.
pub fn load(tls: &Tls<'_>) -> Result<Loaded, TlsError> {
    let cert = |why: &pem::Error| TlsError::file("tls_cert", tls.cert, why);
    let chain = CertificateDer::pem_file_iter(tls.cert).map_err(|why| cert(&why))?;
    let chain = chain
        .collect::<Result<Vec<_>, _>>()
        .map_err(|why| cert(&why))?;
    if chain.is_empty() {
        return Err(cert(&pem::Error::NoItemsFound));
    }
    let key = PrivateKeyDer::from_pem_file(tls.key)
        .map_err(|why| TlsError::file("tls_key", tls.key, &why))?;
    let mut warnings = certificates::warnings(&chain, tls.cert, &tls.names);
    if let Some(domain) = tls.xmpp_domain {
        warnings.extend(certificates::other_domain(&chain, tls.cert, domain));
    }
    if tls
        .key
        .metadata()
        .is_ok_and(|key| key.permissions().mode() & 0o007 != 0)
    {
        warnings.push(format!(
            "The key in {file} can be read by others; run chmod 640 {file}.",
            file = tls.key.display()
        ));
    }
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![H2.to_vec(), b"http/1.1".to_vec()];
    if tls.xmpp_domain.is_some() {
        config.alpn_protocols.push(XMPP.to_vec());
    }
    Ok(Loaded {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        warnings,
    })
}
