//! A client of XMPP that does the least, so that the load needs little time compared with the servers that are measured. It counts
//! stanzas and says what it has, as all clients on phones do (XEP-0198).

use crate::xmpp::Security;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use testkit::tls::{ClientConfig, encrypt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::timeout;

/// The domain of all addresses.
pub const DOMAIN: &str = "localhost";
const HEADER: &str = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' \
                      xmlns:stream='http://etherx.jabber.org/streams'>";
/// What follows once the client has a resource.
const BEGIN: &str = "<enable xmlns='urn:xmpp:sm:3' resume='true'/><iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>\
                     <presence/>";
const BIND: &str = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
/// What is read at once.
const CHUNK: usize = 4096;
const PASSWORD: &str = "secret";
/// How long a server may take for what it is asked.
const LIMIT: Duration = Duration::from_secs(60);

/// The result of a step, which is named if it takes too long.
async fn within<T>(what: impl FnOnce() -> String, step: impl Future<Output = T>) -> T {
    match timeout(LIMIT, step).await {
        Ok(result) => result,
        Err(_) => panic!("{}: not within {LIMIT:?}", what()),
    }
}

/// Where a server is, and how to get in.
#[derive(Clone)]
pub struct Door {
    pub address: SocketAddr,
    pub security: Security,
    pub client: Arc<ClientConfig>,
    /// The name with which a user logs in.
    pub name: fn(usize) -> String,
}

trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

pub struct Stream {
    reader: ReadHalf<Box<dyn Io>>,
    writer: Writer,
    elements: Elements,
    /// How many stanzas have come, once they are counted.
    count: Option<usize>,
    /// The address with the resource.
    pub jid: String,
}

/// The way to the server.
#[derive(Clone)]
pub struct Writer(Rc<Mutex<WriteHalf<Box<dyn Io>>>>);

impl Writer {
    pub async fn send(&self, text: &str) {
        let mut writer = self.0.lock().await;
        let sent = async {
            writer.write_all(text.as_bytes()).await?;
            writer.flush().await
        };
        let what = || format!("the server takes nothing: {text:.200}");
        within(what, sent).await.expect("a server that listens");
    }
}

/// Cuts what arrives into the elements of the stream. Both servers write `<` and `>` nowhere but in tags.
#[derive(Default)]
struct Elements {
    /// The element that is not complete yet, and its last tag.
    pending: Vec<u8>,
    tag: Vec<u8>,
    depth: usize,
    complete: VecDeque<String>,
}

impl Elements {
    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'<' {
                self.tag.clear();
            }
            self.tag.push(*byte);
            self.pending.push(*byte);
            if *byte == b'>' {
                self.end_tag();
            }
        }
    }

    fn end_tag(&mut self) {
        let tag = std::mem::take(&mut self.tag);
        if tag.starts_with(b"<?") || tag.starts_with(b"<stream:stream") {
            self.pending = Vec::new();
            return;
        }
        if tag.starts_with(b"</") {
            self.depth = self.depth.checked_sub(1).expect("the stream has ended");
        } else if !tag.ends_with(b"/>") {
            self.depth += 1;
        }
        if self.depth == 0 {
            let element = std::mem::take(&mut self.pending);
            let element = String::from_utf8_lossy(&element).into_owned();
            self.complete.push_back(element);
        }
    }
}

/// A stream that is read until this is dropped.
pub struct Listening(JoinHandle<()>);

impl Listening {
    pub fn has_ended(&self) -> bool {
        self.0.is_finished()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).map(|(_, rest)| rest);
    let found = rest.and_then(|rest| rest.split_once(after));
    found.unwrap_or_else(|| panic!("no {before} in {text}")).0
}

impl Stream {
    /// Opens a stream, as far as the features before the login.
    async fn open(door: &Door) -> Stream {
        let stream = async {
            let stream = TcpStream::connect(door.address)
                .await
                .expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            match door.security {
                Security::Clear => Stream::on(stream),
                Security::Direct => Stream::on(encrypt(&door.client, DOMAIN, stream).await),
                Security::StartTls => Stream::on(start_tls(door, stream).await),
            }
        };
        let what = || format!("a connection to {}", door.address);
        within(what, stream).await.restart().await
    }

    fn on(io: impl AsyncRead + AsyncWrite + Unpin + 'static) -> Stream {
        let io: Box<dyn Io> = Box::new(io);
        let (reader, writer) = split(io);
        Stream {
            reader,
            writer: Writer(Rc::new(Mutex::new(writer))),
            elements: Elements::default(),
            count: None,
            jid: String::new(),
        }
    }

    /// Begins the stream; the features are read.
    async fn restart(mut self) -> Stream {
        self.writer.send(HEADER).await;
        self.until("<stream:features").await;
        self
    }

    pub fn writer(&self) -> Writer {
        self.writer.clone()
    }

    /// The next stanza. Requests of stream management in between are answered.
    pub async fn next(&mut self) -> String {
        loop {
            while self.elements.complete.is_empty() {
                let mut bytes = Vec::with_capacity(CHUNK);
                let read = self.reader.read_buf(&mut bytes).await;
                let read = read.expect("a server that answers");
                assert_ne!(read, 0, "the server has closed {}", self.jid);
                self.elements.push(&bytes);
            }
            let element = self.elements.complete.pop_front().unwrap_or_default();
            if element.starts_with("<r ") {
                let count = self.count.unwrap_or_default();
                let answer = format!("<a xmlns='urn:xmpp:sm:3' h='{count}'/>");
                self.writer.send(&answer).await;
            } else if element.starts_with("<enabled") {
                self.count = Some(0);
            } else if !element.starts_with("<a ") {
                if let Some(count) = &mut self.count {
                    *count += 1;
                }
                return element;
            }
        }
    }

    /// The next element that begins like this, of which others are forgotten that come before it.
    async fn until(&mut self, begin: &str) -> String {
        let found = async {
            loop {
                let element = self.next().await;
                if element.starts_with(begin) {
                    return element;
                }
                assert!(!element.starts_with("<failure"), "{element}");
            }
        };
        within(|| format!("{begin} from the server"), found).await
    }

    /// Logs in with the password.
    pub async fn log_in(door: &Door, user: usize) -> Stream {
        let mut stream = Stream::open(door).await;
        let response = STANDARD.encode(format!("\0{}\0{PASSWORD}", (door.name)(user)));
        let auth = format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{response}</auth>"
        );
        stream.writer.send(&auth).await;
        stream.until("<success").await;
        let mut stream = stream.restart().await;
        stream.writer.send(BIND).await;
        let bound = stream.until("<iq").await;
        stream.jid = between(&bound, "<jid>", "</jid>").to_owned();
        stream.begin().await;
        stream
    }

    /// Logs in with the password, and returns a token for the next time.
    pub async fn token(door: &Door, user: usize) -> String {
        let response = format!("\0{}\0{PASSWORD}", (door.name)(user));
        let request = "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>";
        let mut stream = Stream::open(door).await;
        let success = stream.authenticate("PLAIN", response.as_bytes(), user, request);
        let success = success.await;
        let token = success.split_once("<token").expect("a token").1;
        let quote = |quote: char| token.contains(&format!("token={quote}")).then_some(quote);
        let quote = quote('\'').or(quote('"')).expect("a token");
        between(token, &format!("token={quote}"), &quote.to_string()).to_owned()
    }

    /// Logs in with a token.
    pub async fn log_in_with(door: &Door, user: usize, token: &str) -> Stream {
        let key = hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes());
        let proof = hmac::sign(&key, b"Initiator");
        let name = (door.name)(user);
        let response = [name.as_bytes(), &[0], proof.as_ref()].concat();
        let mut stream = Stream::open(door).await;
        let success = stream.authenticate(
            "HT-SHA-256-NONE",
            &response,
            user,
            "<fast xmlns='urn:xmpp:fast:0'/>",
        );
        let success = success.await;
        let (begin, end) = ("<authorization-identifier>", "</authorization-identifier>");
        stream.jid = between(&success, begin, end).to_owned();
        stream.begin().await;
        stream
    }

    /// Asks for everything in one step.
    async fn authenticate(
        &mut self,
        mechanism: &str,
        response: &[u8],
        user: usize,
        more: &str,
    ) -> String {
        let response = STANDARD.encode(response);
        let request = format!(
            "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='{mechanism}'><initial-response>{response}</initial-response>\
             <user-agent id='{user:08x}-0000-4000-8000-000000000000'><software>Bench</software></user-agent>{more}\
             <bind xmlns='urn:xmpp:bind:0'><tag>Bench</tag></bind></authenticate>"
        );
        self.writer.send(&request).await;
        self.until("<success").await
    }

    /// What all clients do then: asks for the roster, and is online.
    async fn begin(&mut self) {
        self.writer.send(BEGIN).await;
        let from = ['\'', '"'].map(|quote| format!("from={quote}{}{quote}", self.jid));
        let what = format!("the roster of {} and its own presence", self.jid);
        let begun = async {
            let (mut has_roster, mut is_online) = (false, false);
            while !has_roster || !is_online {
                let element = self.next().await;
                has_roster |= element.starts_with("<iq") && element.contains("jabber:iq:roster");
                let mut from = from.iter();
                is_online |=
                    element.starts_with("<presence") && from.any(|from| element.contains(from));
            }
        };
        within(|| what, begun).await;
    }

    /// Reads, and answers where that is due.
    pub fn listen(self) -> Listening {
        self.listen_with(|_| {})
    }

    /// Reads, and calls a function with every element.
    pub fn listen_with(mut self, heard: impl Fn(&str) + 'static) -> Listening {
        Listening(spawn_local(async move {
            loop {
                heard(&self.next().await);
            }
        }))
    }

    /// The address without the resource.
    pub fn bare(&self) -> &str {
        self.jid.split('/').next().unwrap_or_default()
    }
}

async fn start_tls(
    door: &Door,
    stream: TcpStream,
) -> impl AsyncRead + AsyncWrite + Unpin + 'static {
    let mut stream = stream;
    let request = format!("{HEADER}<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a server that listens");
    let mut elements = Elements::default();
    let mut complete = elements.complete.iter();
    while !complete.any(|one| one.starts_with("<proceed")) {
        let mut bytes = Vec::with_capacity(CHUNK);
        let read = stream.read_buf(&mut bytes).await;
        assert_ne!(read.expect("a server that answers"), 0, "no TLS");
        elements.push(&bytes);
        complete = elements.complete.iter();
    }
    encrypt(&door.client, DOMAIN, stream).await
}
