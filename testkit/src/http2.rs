//! Frames of HTTP/2 (RFC 9113), for what no proper client does.

use crate::{LIMIT, tls};
pub use rustls::ClientConfig;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

/// The numbers of settings.
const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;

/// A connection, over TLS.
pub struct Http2(StreamOwned<ClientConnection, TcpStream>);

/// What the server allows on one connection.
#[derive(Clone, Copy, Debug)]
pub struct Allowed {
    pub streams: u32,
    /// Of each stream, in bytes.
    pub window: u32,
}

impl Http2 {
    /// Connects, and reads what the server allows.
    pub fn connect(address: SocketAddr, config: &Arc<ClientConfig>) -> (Http2, Allowed) {
        let name = ServerName::from(address.ip());
        let connection = ClientConnection::new(config.clone(), name).expect("a connection");
        let stream = TcpStream::connect(address).expect("a listener");
        stream.set_read_timeout(Some(LIMIT)).expect("a socket");
        let mut tls = StreamOwned::new(connection, stream);
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        tls.write_all(&[&preface[..], &frame(4, 0, 0, &[])].concat())
            .expect("a server that reads");
        let mut head = [0; 9];
        tls.read_exact(&mut head).expect("settings");
        assert_eq!(head[3], 4, "{head:?}");
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        tls.read_exact(&mut payload).expect("settings");
        let value = |key: u16| {
            let mut settings = payload.chunks(6);
            let found = settings.find(|setting| setting.starts_with(&key.to_be_bytes()));
            found
                .map(|setting| u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]))
        };
        let allowed = Allowed {
            streams: value(MAX_CONCURRENT_STREAMS).expect("a limit"),
            window: value(INITIAL_WINDOW_SIZE).expect("a limit"),
        };
        (Http2(tls), allowed)
    }

    /// Begins as many logins as are allowed, with long heads, and as much of their bodies as all together may have on the way. The
    /// server may end the connection at any time.
    pub fn begin_logins(&mut self, allowed: Allowed) {
        let head = [
            header(":method", "POST"),
            header(":scheme", "https"),
            header(":path", "/login.php"),
            header(":authority", "127.0.0.1"),
            header("cookie", "test_cookie=1"),
            header("x-long", &"x".repeat(8 << 10)),
        ]
        .concat();
        let mut bytes = Vec::new();
        for n in 0..allowed.streams {
            let stream = 2 * n + 1;
            bytes.extend(frame(1, 4, stream, &head));
            for _ in 0..if n < 2 { 4 } else { 0 } {
                bytes.extend(frame(0, 0, stream, &[0xff; 15 << 10]));
            }
        }
        let _ = self.0.write_all(&bytes);
    }
}

/// A client that trusts one certificate and speaks nothing but HTTP/2.
pub fn client(certificate: CertificateDer<'static>) -> Arc<ClientConfig> {
    tls::client(certificate, &[b"h2"])
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header that is not compressed.
fn header(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| {
        let mut out = vec![text.len().min(127) as u8];
        if let Some(mut rest) = text.len().checked_sub(127) {
            while rest >= 128 {
                out.push(rest as u8 | 128);
                rest >>= 7;
            }
            out.push(rest as u8);
        }
        [&out, text.as_bytes()].concat()
    };
    [vec![0], text(name), text(value)].concat()
}
