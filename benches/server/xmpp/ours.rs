//! fbchatd with the XMPP service.

use crate::chat::{Data, Fbchatd};
use crate::xmpp::Security;
use crate::xmpp::stream::{DOMAIN, Door};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use testkit::process::free_address;
use testkit::tls::{Authority, ClientConfig, Validity, client};

/// A certificate for both servers, and where they listen.
pub struct Doors {
    /// In the clear, or with STARTTLS; and with TLS from the first byte.
    pub addresses: [SocketAddr; 2],
    /// Certificate and key.
    pub files: [PathBuf; 2],
    client: Arc<ClientConfig>,
    _directory: tempfile::TempDir,
}

impl Doors {
    pub fn new() -> Doors {
        let authority = Authority::new();
        let identity = authority.issue(DOMAIN, Validity::Now);
        let directory = tempfile::tempdir().expect("a directory");
        Doors {
            addresses: [free_address(), free_address()],
            files: identity.write(directory.path()),
            client: client(authority.certificate(), &[b"xmpp-client"]),
            _directory: directory,
        }
    }

    pub fn to(&self, security: Security, name: fn(usize) -> String) -> Door {
        let [plain, direct] = self.addresses;
        Door {
            address: if security == Security::Direct {
                direct
            } else {
                plain
            },
            security,
            client: self.client.clone(),
            name,
        }
    }
}

pub struct Ours {
    pub server: Fbchatd,
    pub doors: Doors,
}

/// Accounts have numbers in order.
pub fn name(user: usize) -> String {
    (200_000 + user).to_string()
}

/// Starts the server.
pub fn serve(data: &Data) -> Ours {
    let doors = Doors::new();
    let [plain, direct] = doors.addresses.map(|address| address.to_string());
    let [certificate, key] = doors
        .files
        .each_ref()
        .map(|file| file.to_str().expect("a path"));
    let server = data.serve_with(&[
        ("FBCHATD_MESSAGES_PER_S", "0"),
        ("FBCHATD_XMPP_DOMAIN", DOMAIN),
        ("FBCHATD_XMPP_LISTEN", &plain),
        ("FBCHATD_TLS_LISTEN", &direct),
        ("FBCHATD_TLS_CERT", certificate),
        ("FBCHATD_TLS_KEY", key),
    ]);
    Ours { server, doors }
}
