//! TLS in front of a server, with certificates made for one test.

use crate::relay;
use base64::prelude::{BASE64_STANDARD, Engine};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
pub use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{RootCertStore, ServerConfig};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpStream;
pub use tokio_rustls::TlsAcceptor;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// Whether a certificate is within its period of validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    Now,
    Expired,
    NotYet,
}

/// A server's certificate with its key.
pub struct Identity {
    pub certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Default for Authority {
    fn default() -> Authority {
        Authority::new()
    }
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::default();
        // A name of its own: a certificate whose issuer has the same name looks self-signed to some.
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "Authority for tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Authority(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    pub fn certificate(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub fn issue(&self, name: &str, validity: Validity) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let certificate = params(name, validity)
            .signed_by(&key, &self.0)
            .expect("a certificate");
        Identity {
            certificate: certificate.der().clone(),
            key: key.serialize_der(),
        }
    }
}

impl Identity {
    /// A self-signed certificate as people make it by hand: that of an authority.
    pub fn self_signed(name: &str) -> Identity {
        Identity::self_signed_for(name, Validity::Now)
    }

    /// The same with another validity.
    pub fn self_signed_for(name: &str, validity: Validity) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let mut params = params(name, validity);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        Identity {
            certificate: certificate.der().clone(),
            key: key.serialize_der(),
        }
    }

    /// The certificate as it stands in a file.
    pub fn pem(&self) -> String {
        let text = BASE64_STANDARD.encode(&self.certificate);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    }

    /// Writes the certificate and its key to files, in this order.
    pub fn write(&self, directory: &Path) -> [PathBuf; 2] {
        let key = BASE64_STANDARD.encode(&self.key);
        let key = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
        [("cert.pem", self.pem()), ("key.pem", key)].map(|(name, text)| {
            let file = directory.join(name);
            std::fs::write(&file, text).expect("a directory");
            file
        })
    }

    /// SHA-256 in the form in which people read it.
    pub fn fingerprint(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.certificate);
        let bytes: Vec<_> = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        bytes.join(":")
    }

    /// A TLS server with this certificate.
    pub fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::Pkcs8(self.key.clone().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows them")
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)
            .expect("a certificate with its key");
        TlsAcceptor::from(Arc::new(config))
    }

    /// Starts TLS with this certificate in front of a server; returns the address to connect to.
    pub fn serve(&self, server: SocketAddr) -> SocketAddr {
        let acceptor = self.acceptor();
        relay::serve(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let mut stream = acceptor.accept(stream).await.ok()?;
                relay::join(&mut stream, server).await
            }
        })
    }
}

/// A client that trusts one certificate and speaks these protocols. It resumes no TLS sessions, like clients of a server that has just
/// been started.
pub fn client(certificate: CertificateDer<'static>, protocols: &[&[u8]]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions();
    let config = config.expect("protocol versions");
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

/// Starts TLS on a connection to the server of this name.
pub async fn encrypt(
    client: &Arc<ClientConfig>,
    name: &str,
    stream: TcpStream,
) -> TlsStream<TcpStream> {
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let encrypted = TlsConnector::from(client.clone()).connect(name, stream);
    encrypted.await.expect("a server with this certificate")
}

fn params(name: &str, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    (params.not_before, params.not_after) = match validity {
        Validity::Now => (date_time_ymd(2008, 4, 23), date_time_ymd(2108, 4, 23)),
        Validity::Expired => (date_time_ymd(2008, 4, 23), date_time_ymd(2015, 4, 30)),
        Validity::NotYet => (date_time_ymd(2107, 4, 23), date_time_ymd(2108, 4, 23)),
    };
    params
}
