//! A proxy on loopback that speaks HTTP, SOCKS 4a and SOCKS 5, told apart by the first byte. It connects every client to one
//! server, so names need not exist, and records what it was asked for.

use crate::relay;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// How a proxy treats its clients.
#[derive(Clone, Debug, Default)]
pub struct Behavior {
    /// The user and the password that it requires, as `user:password`.
    pub requires: Option<&'static str>,
    /// Refuses every request.
    pub refuses: bool,
    /// Accepts connections and never sends anything.
    pub silent: bool,
}

/// A running proxy.
pub struct Proxy {
    /// `127.0.0.1:PORT`
    pub address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub fn start(server: SocketAddr, behavior: Behavior) -> Proxy {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = asked.clone();
        let address =
            relay::serve(move |stream| handle(stream, server, behavior.clone(), log.clone()));
        Proxy {
            address: address.to_string(),
            asked,
        }
    }

    /// All requests: `socks4 name …`, `socks5 address …`, and the heads of HTTP requests.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }

    /// Whether some request contains this.
    pub fn was_asked(&self, part: &str) -> bool {
        self.asked().iter().any(|asked| asked.contains(part))
    }
}

type Log = Arc<Mutex<Vec<String>>>;

fn note(log: &Log, text: String) {
    log.lock().expect("no panic").push(text);
}

async fn handle(
    mut client: TcpStream,
    server: SocketAddr,
    behavior: Behavior,
    log: Log,
) -> Option<()> {
    if behavior.silent {
        note(&log, "a connection".to_owned());
        let _ = client.read(&mut [0]).await;
        return std::future::pending().await;
    }
    let first = client.read_u8().await.ok()?;
    match first {
        4 => socks4(client, server, behavior, log).await,
        5 => socks5(client, server, behavior, log).await,
        first => http(client, server, behavior, log, first).await,
    }
}

async fn socks4(
    mut client: TcpStream,
    server: SocketAddr,
    behavior: Behavior,
    log: Log,
) -> Option<()> {
    let mut head = [0; 7];
    client.read_exact(&mut head).await.ok()?;
    let port = u16::from_be_bytes([head[1], head[2]]);
    text_until(&mut client, &[0]).await?;
    // 0.0.0.x stands for a name that follows.
    match head[3..] {
        [0, 0, 0, 1..=255] => {
            let name = text_until(&mut client, &[0]).await?;
            let name = name.trim_end_matches('\0');
            note(&log, format!("socks4 name {name}:{port}"));
        }
        [a, b, c, d] => note(&log, format!("socks4 address {a}.{b}.{c}.{d}:{port}")),
        _ => return None,
    }
    let reply = if behavior.refuses { 91 } else { 90 };
    client.write_all(&[0, reply, 0, 0, 0, 0, 0, 0]).await.ok()?;
    join(client, server, behavior).await
}

async fn socks5(
    mut client: TcpStream,
    server: SocketAddr,
    behavior: Behavior,
    log: Log,
) -> Option<()> {
    let mut methods = vec![0; client.read_u8().await.ok()?.into()];
    client.read_exact(&mut methods).await.ok()?;
    let method = if behavior.requires.is_some() { 2 } else { 0 };
    if !methods.contains(&method) {
        client.write_all(&[5, 0xff]).await.ok()?;
        return None;
    }
    client.write_all(&[5, method]).await.ok()?;
    if let Some(required) = behavior.requires {
        client.read_u8().await.ok()?;
        let user = short_text(&mut client).await?;
        let password = short_text(&mut client).await?;
        let right = format!("{user}:{password}") == required;
        client.write_all(&[1, u8::from(!right)]).await.ok()?;
        if !right {
            return None;
        }
    }
    let mut head = [0; 4];
    client.read_exact(&mut head).await.ok()?;
    let target = match head[3] {
        1 => {
            let mut address = [0; 4];
            client.read_exact(&mut address).await.ok()?;
            format!("address {}", std::net::Ipv4Addr::from(address))
        }
        3 => format!("name {}", short_text(&mut client).await?),
        _ => return None,
    };
    let port = client.read_u16().await.ok()?;
    note(&log, format!("socks5 {target}:{port}"));
    let reply = if behavior.refuses { 5 } else { 0 };
    client
        .write_all(&[5, reply, 0, 1, 0, 0, 0, 0, 0, 0])
        .await
        .ok()?;
    join(client, server, behavior).await
}

async fn http(
    mut client: TcpStream,
    server: SocketAddr,
    behavior: Behavior,
    log: Log,
    first: u8,
) -> Option<()> {
    let mut head = char::from(first).to_string();
    head.push_str(&text_until(&mut client, b"\r\n\r\n").await?);
    note(&log, head.clone());
    let right = behavior.requires.is_none_or(|required| {
        use base64::Engine;
        let required = base64::engine::general_purpose::STANDARD.encode(required);
        head.to_ascii_lowercase()
            .contains(&format!("proxy-authorization: basic {required}").to_ascii_lowercase())
    });
    if !right || behavior.refuses {
        let reply = if right {
            "403 Forbidden"
        } else {
            "407 Proxy Authentication Required"
        };
        let answer = format!("HTTP/1.1 {reply}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        client.write_all(answer.as_bytes()).await.ok()?;
        return None;
    }
    if head.starts_with("CONNECT ") {
        client
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .await
            .ok()?;
        return join(client, server, behavior).await;
    }
    // A server also accepts a request line with the whole URL. Everything later on this connection is passed on and
    // recorded as it comes.
    let mut server = TcpStream::connect(server).await.ok()?;
    server.write_all(head.as_bytes()).await.ok()?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let up = async {
        let mut buffer = vec![0; 16 << 10];
        loop {
            let read = from_client
                .read(&mut buffer)
                .await
                .ok()
                .filter(|&read| read > 0)?;
            note(&log, String::from_utf8_lossy(&buffer[..read]).into_owned());
            to_server.write_all(&buffer[..read]).await.ok()?;
        }
    };
    let down = tokio::io::copy(&mut from_server, &mut to_client);
    either(up, down).await
}

/// Ends when either ends.
async fn either<T>(
    up: impl Future<Output = Option<()>>,
    down: impl Future<Output = T>,
) -> Option<()> {
    let (mut up, mut down) = (std::pin::pin!(up), std::pin::pin!(down));
    std::future::poll_fn(|context| {
        if up.as_mut().poll(context).is_ready() || down.as_mut().poll(context).is_ready() {
            return std::task::Poll::Ready(None);
        }
        std::task::Poll::Pending
    })
    .await
}

async fn join(mut client: TcpStream, server: SocketAddr, behavior: Behavior) -> Option<()> {
    if behavior.refuses {
        return None;
    }
    relay::join(&mut client, server).await
}

async fn text_until(stream: &mut (impl AsyncRead + Unpin), end: &[u8]) -> Option<String> {
    let mut text = Vec::new();
    while !text.ends_with(end) {
        text.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(text).ok()
}

async fn short_text(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Option<String> {
    let mut text = vec![0; stream.read_u8().await.ok()?.into()];
    stream.read_exact(&mut text).await.ok()?;
    String::from_utf8(text).ok()
}
