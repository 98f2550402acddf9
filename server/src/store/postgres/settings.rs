//! How to reach a PostgreSQL database: the URL of the setting, its password, and the certificates to trust.
//!
//! No text in here ever has the URL in it, because that may contain a password.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::errors::sentence;
use crate::store::StoreError;

/// How long to wait for each host, and for data that a host does not acknowledge.
const NETWORK: Duration = Duration::from_secs(5);
/// How long a connection is silent before it is tested.
const IDLE: Duration = Duration::from_secs(10);

/// A PostgreSQL database, as the settings name it.
#[derive(Clone)]
pub struct Address {
    /// The URL.
    pub url: String,
    /// The certificates to trust in place of the system's.
    pub ca: Option<PathBuf>,
    /// The file with the password.
    pub password_file: Option<PathBuf>,
    /// The password from the environment.
    pub password: Option<String>,
}

impl Address {
    /// Whether the URL has a password in it.
    pub fn has_password(&self) -> Result<bool, StoreError> {
        let config: Config = self.url.parse().map_err(|error| invalid(&error))?;
        Ok(config.get_password().is_some())
    }
}

/// What connections are made from.
#[derive(Clone)]
pub struct Settings {
    pub config: Config,
    pub tls: MakeRustlsConnect,
    /// The name of the database.
    pub name: String,
    /// The user of the database.
    pub user: String,
}

impl Settings {
    pub fn new(address: &Address) -> Result<Self, StoreError> {
        let mut config: Config = address.url.parse().map_err(|error| invalid(&error))?;
        let Some(user) = config.get_user().map(str::to_owned) else {
            return Err(refuse("it names no user"));
        };
        let Some(name) = config.get_dbname().map(str::to_owned) else {
            return Err(refuse("it names no database"));
        };
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(refuse("it names no host"));
        }
        if let Some(password) = password(address)? {
            config.password(password);
        }
        if address.ca.is_some() {
            if config.get_ssl_mode() == SslMode::Disable {
                return Err(refuse(
                    "it has sslmode=disable, but store_ca is set as well",
                ));
            }
            config.ssl_mode(SslMode::Require);
        }
        // A connection to a standby could not write.
        if config.get_target_session_attrs() == TargetSessionAttrs::Any {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(NETWORK);
        }
        config.tcp_user_timeout(NETWORK);
        config.keepalives_idle(IDLE);
        config.keepalives_interval(NETWORK);
        config.keepalives_retries(2);
        if config.get_application_name().is_none() {
            config.application_name("fbchatd");
        }
        let local = config
            .get_hosts()
            .iter()
            .all(|host| matches!(host, Host::Unix(_)));
        let needs_roots = !local && config.get_ssl_mode() != SslMode::Disable;
        Ok(Settings {
            tls: tls(address.ca.as_deref(), needs_roots)?,
            config,
            name,
            user,
        })
    }
}

/// Explains what is wrong with a URL. The causes name parameters, never their values.
fn invalid(error: &tokio_postgres::Error) -> StoreError {
    let why =
        std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    refuse(&why)
}

fn refuse(why: &str) -> StoreError {
    sentence(format!(
        "The setting store is no URL of a database: {why}. It looks like \"postgres://fbchat@db1,db2/fbchat\"."
    ))
}

/// The password that is not in the URL.
fn password(address: &Address) -> Result<Option<String>, StoreError> {
    let Some(file) = &address.password_file else {
        return Ok(address.password.clone());
    };
    let failed = |error| {
        let file = file.display();
        sentence(format!("Cannot read store_password_file {file}: {error}."))
    };
    let found = std::fs::metadata(file).map_err(failed)?;
    if found.is_file() && found.permissions().mode() & 0o007 != 0 {
        let file = file.display();
        return Err(sentence(format!(
            "{file} can be read by others; run chmod 640 {file}."
        )));
    }
    let text = std::fs::read_to_string(file).map_err(failed)?;
    Ok(text.lines().next().map(str::to_owned))
}

fn tls(ca: Option<&Path>, needs_roots: bool) -> Result<MakeRustlsConnect, StoreError> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = ca {
        let failed = |why: &dyn std::fmt::Display| {
            let file = file.display();
            sentence(format!(
                "Cannot use store_ca {file}: {why}. It has to be a PEM file with certificates."
            ))
        };
        let read = CertificateDer::pem_file_iter(file).map_err(|error| failed(&error))?;
        for certificate in read {
            let certificate = certificate.map_err(|error| failed(&error))?;
            roots.add(certificate).map_err(|error| failed(&error))?;
        }
        if roots.is_empty() {
            return Err(failed(&"it has none"));
        }
    } else if needs_roots {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| sentence(format!("Cannot set up TLS: {error}.")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
