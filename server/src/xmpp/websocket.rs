//! XMPP over WebSocket (RFC 7395), for clients in browsers and networks that allow only HTTP, and its discovery (XEP-0156). A
//! WebSocket is served like any other connection: `framing` converts its messages to a stream.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

use super::framing::{Framer, unframe};
use super::reader::AFTER_LOGIN;
use super::wire::STALLED;
use super::xml::{Element, ns};
use super::{Xmpp, connection};
use crate::net::connection_limits::Peer;
use crate::net::streams::{Connection, Io};
use crate::net::upgrades::{Upgrade, Upgraded};

const PATH: &str = "/xmpp-websocket";
/// The name of the protocol in a WebSocket, and of the kind of link that leads to it.
const PROTOCOL: &str = "xmpp";
const RELATION: &str = "urn:xmpp:alt-connections:websocket";

/// The maximum number of bytes that are read and passed on at a time.
const CHUNK: usize = 4096;
/// A message can be a little longer than a stanza: then the client is told that it is too long.
const MESSAGE: usize = 2 * AFTER_LOGIN;
/// How often an idle client is pinged. Many proxies end a connection after a minute of silence.
const PING: Duration = Duration::from_secs(40);
/// How long a client may take to close its side.
const LAST: Duration = Duration::from_secs(2);

/// The paths for clients.
pub fn router<S: Clone + Send + Sync + 'static>(xmpp: Arc<Xmpp>) -> Router<S> {
    Router::new()
        .route("/xmpp-websocket", get(upgrade))
        .route("/.well-known/host-meta", get(host_meta))
        .route("/.well-known/host-meta.json", get(host_meta_json))
        .with_state(xmpp)
}

fn is_https(headers: &HeaderMap) -> Option<bool> {
    let scheme = headers.get("x-forwarded-proto")?;
    Some(scheme.as_bytes().eq_ignore_ascii_case(b"https"))
}

/// The address of the WebSocket, by the name that the client has used.
fn link(xmpp: &Xmpp, headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let scheme = match is_https(headers) {
        Some(true) => "wss",
        _ => "ws",
    };
    format!("{scheme}://{}{PATH}", host.unwrap_or(&xmpp.domain))
}

/// Any page may read the address of the WebSocket.
const ANYBODY: (header::HeaderName, &str) = (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");

async fn host_meta(State(xmpp): State<Arc<Xmpp>>, headers: HeaderMap) -> impl IntoResponse {
    let link = Element::new("Link", ns::XRD)
        .with("rel", RELATION)
        .with("href", link(&xmpp, &headers));
    let mut text = "<?xml version='1.0' encoding='utf-8'?>\n".to_owned();
    Element::new("XRD", ns::XRD)
        .child(link)
        .write(&mut text, "");
    let kind = (header::CONTENT_TYPE, "application/xrd+xml");
    ([ANYBODY, kind], text)
}

async fn host_meta_json(State(xmpp): State<Arc<Xmpp>>, headers: HeaderMap) -> impl IntoResponse {
    let link = serde_json::json!({ "rel": RELATION, "href": link(&xmpp, &headers) });
    let kind = (header::CONTENT_TYPE, "application/json");
    let text = serde_json::json!({ "links": [link] }).to_string();
    ([ANYBODY, kind], text)
}

fn refusal(status: StatusCode, sentence: &'static str) -> Response {
    (status, format!("{sentence}\n")).into_response()
}

async fn upgrade(State(xmpp): State<Arc<Xmpp>>, request: Request) -> Response {
    let headers = request.headers();
    let named = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let named = named.filter_map(|names| names.to_str().ok());
    let mut names = named.flat_map(|names| names.split(','));
    if !names.any(|name| name.trim() == PROTOCOL) {
        let sentence = "Clients of XMPP connect here, over WebSocket with the protocol xmpp.";
        return refusal(StatusCode::BAD_REQUEST, sentence);
    }
    let Some(upgrade) = request.extensions().get::<Upgrade>().cloned() else {
        let sentence =
            "WebSockets need HTTP/1.1. A proxy has to pass on the headers Upgrade and Connection.";
        return refusal(StatusCode::BAD_REQUEST, sentence);
    };
    // A proxy on this machine that does not say whether the client used TLS is assumed to use it, as at `xmpp_listen`.
    if !is_https(headers).unwrap_or(upgrade.is_local) {
        let sentence =
            "Passwords are not accepted without TLS. Connect with wss:// instead of ws://.";
        return refusal(StatusCode::FORBIDDEN, sentence);
    }
    let Ok(mut response) = create_response_with_body(&request, Body::empty) else {
        return refusal(StatusCode::BAD_REQUEST, "This is not a WebSocket request.");
    };
    let name = HeaderValue::from_static(PROTOCOL);
    response
        .headers_mut()
        .insert(header::SEC_WEBSOCKET_PROTOCOL, name);
    let address = request.extensions().get::<Peer>().and_then(|peer| peer.0);
    upgrade.then(move |upgraded| serve(xmpp, upgraded, address));
    response
}

/// Serves a WebSocket until it ends.
async fn serve(xmpp: Arc<Xmpp>, upgraded: Upgraded, address: Option<IpAddr>) {
    let config = WebSocketConfig::default()
        .read_buffer_size(CHUNK)
        .write_buffer_size(CHUNK)
        .max_message_size(Some(MESSAGE))
        .max_frame_size(Some(MESSAGE));
    let (io, received) = (upgraded.io, upgraded.received.to_vec());
    let config = Some(config);
    let socket = WebSocketStream::from_partially_read(io, received, Role::Server, config).await;
    let (ours, theirs) = tokio::io::duplex(CHUNK);
    let serving = connection::serve(
        xmpp,
        Connection {
            io: Io::Framed(theirs),
            address,
            acceptor: None,
            closing: upgraded.closing,
        },
    );
    tokio::join!(serving, translate(socket, ours));
}

/// Passes everything on until both sides have ended, or a while after one of them has ended.
async fn translate(
    socket: impl Stream<Item = tungstenite::Result<Message>> + Sink<Message> + Send,
    stream: DuplexStream,
) {
    let (to_client, from_client) = socket.split();
    let (from_server, to_server) = tokio::io::split(stream);
    let receiving = receive(from_client, to_server);
    let sending = send(from_server, to_client);
    tokio::pin!(receiving, sending);
    tokio::select! {
        () = &mut receiving => sending.await,
        () = &mut sending => {
            let _ = timeout(LAST, receiving).await;
        }
    }
}

async fn receive(
    mut from: impl Stream<Item = tungstenite::Result<Message>> + Unpin,
    mut to: impl AsyncWrite + Unpin,
) {
    while let Some(Ok(message)) = from.next().await {
        let text = match message {
            Message::Text(text) => unframe(&text),
            Message::Ping(_) | Message::Pong(_) => continue,
            // XMPP has no binary messages.
            Message::Binary(_) | Message::Close(_) | Message::Frame(_) => None,
        };
        let Some(text) = text else {
            break;
        };
        if to.write_all(text.as_bytes()).await.is_err() {
            break;
        }
    }
    // The stream has ended for the server, too, if it has not ended there before.
    let _ = to.shutdown().await;
}

async fn send(mut from: impl AsyncRead + Unpin, mut to: impl Sink<Message> + Unpin) {
    let mut framer = Framer::default();
    let mut chunk = [0; CHUNK];
    loop {
        let messages = match timeout(PING, from.read(&mut chunk)).await {
            Ok(Ok(0) | Err(_)) => break,
            Ok(Ok(count)) => {
                framer.push(chunk.get(..count).unwrap_or_default());
                let messages = std::iter::from_fn(|| framer.next());
                messages.map(Message::text).collect()
            }
            Err(_) => vec![Message::Ping(Vec::new().into())],
        };
        for message in messages {
            match timeout(STALLED, to.send(message)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return,
            }
        }
    }
    let _ = timeout(LAST, to.close()).await;
}
