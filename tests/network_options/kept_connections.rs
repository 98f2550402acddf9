//! Servers and proxies that close kept connections: every sign-on and every message gets through, without a failure.

use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::tls::TlsAcceptor;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// When and how a relay closes a connection that has carried an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    /// With FIN, right after each answer, without announcing it.
    AfterAnswer,
    /// With FIN, when the next request has arrived.
    OnNextRequest,
    /// With RST, when the next request has arrived.
    ResetOnNextRequest,
}

impl Closing {
    /// The end of the connection races with the next request only where it does not wait for that.
    fn sign_ons(self) -> usize {
        match self {
            Closing::AfterAnswer => 20,
            Closing::OnNextRequest | Closing::ResetOnNextRequest => 5,
        }
    }
}

/// An HTTP relay in front of a server.
struct Relay {
    address: SocketAddr,
    /// How many requests on kept connections it has not answered.
    refused: Arc<AtomicUsize>,
}

impl Relay {
    fn start(server: SocketAddr, closing: Closing, tls: Option<TlsAcceptor>) -> Relay {
        let refused = Arc::<AtomicUsize>::default();
        let count = refused.clone();
        let address = testkit::relay::serve(move |stream| {
            let (count, tls) = (count.clone(), tls.clone());
            async move {
                if closing == Closing::ResetOnNextRequest {
                    stream.set_zero_linger().ok()?;
                }
                match tls {
                    None => relay(stream, server, closing, &count).await,
                    Some(tls) => {
                        let stream = tls.accept(stream).await.ok()?;
                        relay(stream, server, closing, &count).await
                    }
                }
            }
        });
        Relay { address, refused }
    }
}

async fn relay(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    server: SocketAddr,
    closing: Closing,
    refused: &AtomicUsize,
) -> Option<()> {
    let request = read_request(&mut client).await?;
    let answer = fetch(server, &request).await?;
    client.write_all(&answer).await.ok()?;
    client.flush().await.ok()?;
    if closing != Closing::AfterAnswer {
        read_request(&mut client).await?;
        refused.fetch_add(1, Ordering::SeqCst);
    }
    Some(())
}

/// One request, complete.
async fn read_request(client: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(client.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.trim().parse().unwrap());
    let start = request.len();
    request.resize(start + length, 0);
    client.read_exact(&mut request[start..]).await.ok()?;
    Some(request)
}

/// The server's answer, as if the connection could be kept.
async fn fetch(server: SocketAddr, request: &[u8]) -> Option<Vec<u8>> {
    let mut server = TcpStream::connect(server).await.ok()?;
    let line = request.iter().position(|byte| *byte == b'\n')? + 1;
    server.write_all(&request[..line]).await.ok()?;
    server.write_all(b"connection: close\r\n").await.ok()?;
    server.write_all(&request[line..]).await.ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await.ok()?;
    let announcement = b"connection: close\r\n";
    let position = answer
        .windows(announcement.len())
        .position(|window| window.eq_ignore_ascii_case(announcement))?;
    answer.drain(position..position + announcement.len());
    Some(answer)
}

/// Signs on and chats; a session that has to wait before it connects again has counted a failure.
fn sign_on_and_chat(client: &Client, options: &SessionOptions, round: usize) {
    let session = log_in(client, options);
    let no_failure = |event: &Event| match event {
        Event::Connection(Connection::Waiting { problem, .. }) => {
            panic!("round {round}: {problem:?}")
        }
        _ => None::<()>,
    };
    let echo = wait(client, session, |event| {
        no_failure(event);
        match event {
            Event::BuddyList { buddies, .. } => {
                let echo = buddies.iter().find(|buddy| buddy.name == "Echo");
                echo.map(|buddy| buddy.uid)
            }
            _ => None,
        }
    });
    wait(client, session, |event| {
        no_failure(event);
        (*event == Event::Connection(Connection::Connected)).then_some(())
    });
    let text = format!("message of round {round}");
    client.send(session, echo, &text).unwrap();
    wait(client, session, |event| {
        no_failure(event);
        matches!(event, Event::Message(message) if message.text.contains(&text)).then_some(())
    });
    client.close(session).unwrap();
}

fn sign_on_often(options: &SessionOptions, closing: Closing) {
    let client = Client::new(ClientConfig::default()).unwrap();
    for round in 1..=closing.sign_ons() {
        sign_on_and_chat(&client, options, round);
    }
}

fn closings() -> [Closing; 3] {
    [
        Closing::AfterAnswer,
        Closing::OnNextRequest,
        Closing::ResetOnNextRequest,
    ]
}

/// Some requests must have been repeated, or the test has tested nothing.
fn assert_repeated(relay: &Relay, closing: Closing) {
    let refused = relay.refused.load(Ordering::SeqCst);
    assert_eq!(refused > 0, closing != Closing::AfterAnswer, "{closing:?}");
}

#[test]
fn sign_ons_survive_kept_connections_that_are_closed() {
    for closing in closings() {
        let server = Server::demo();
        let relay = Relay::start(server.address(), closing, None);
        let options = options(&format!("http://{}", relay.address));
        sign_on_often(&options, closing);
        assert_repeated(&relay, closing);
    }
}

#[test]
fn sign_ons_survive_kept_connections_to_a_proxy_that_are_closed() {
    for closing in closings() {
        let server = Server::demo();
        // The relay is the proxy of plain HTTP, and stands behind a SOCKS proxy.
        let relay = Relay::start(server.address(), closing, None);
        let mut options = through("http://127.0.0.1", &format!("http://{}", relay.address));
        options.allow_insecure = true;
        sign_on_often(&options, closing);
        let socks = Proxy::start(relay.address, Behavior::default());
        let way = format!("socks5h://{}", socks.address);
        options.network.proxy = ProxyOption::parse(&way).unwrap();
        sign_on_often(&options, closing);
        assert_repeated(&relay, closing);
    }
}

#[test]
fn sign_ons_survive_kept_tls_connections_that_are_closed() {
    for closing in closings() {
        let server = Server::demo();
        let authority = Authority::new();
        let acceptor = authority.issue("localhost", Validity::Now).acceptor();
        let relay = Relay::start(server.address(), closing, Some(acceptor));
        let url = format!("https://localhost:{}", relay.address.port());
        sign_on_often(&trusting(&url, &authority), closing);
        assert_repeated(&relay, closing);
    }
}

#[test]
fn blocking_sign_ons_survive_kept_connections_that_are_closed() {
    for closing in closings() {
        let server = Server::demo();
        let relay = Relay::start(server.address(), closing, None);
        let options = options(&format!("http://{}", relay.address));
        for round in 1..=closing.sign_ons() {
            let password = Secret::new("demo".to_owned());
            let session = fbchat::blocking::Session::login(&options, "alice@example.org", password);
            let session = session.unwrap_or_else(|problem| panic!("round {round}: {problem:?}"));
            let buddies = session.buddy_list().unwrap();
            let echo = buddies.iter().find(|buddy| buddy.name == "Echo").unwrap();
            session.send(echo.uid, "hello").unwrap();
            session.logout(LIMIT).unwrap();
        }
        assert_repeated(&relay, closing);
    }
}
