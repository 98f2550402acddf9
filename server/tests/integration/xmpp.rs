//! A database that is away for a while, as clients of XMPP see it. Everything else about XMPP is tested in `server/tests/xmpp`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use testkit::postgres::Postgres;
use testkit::{Client, LIMIT, Server, fbchatd, output, until};

const OPEN: &str = "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
const ENABLE: &str = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";

/// A client by hand.
struct Stream {
    socket: TcpStream,
    received: String,
    /// What it was told when it came online.
    begun: String,
}

impl Stream {
    /// Logs in; whatever is next is up to the caller.
    fn open(address: &str, username: &str) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(LIMIT)).unwrap();
        let mut stream = Stream {
            socket,
            received: String::new(),
            begun: String::new(),
        };
        stream.send(OPEN);
        stream.read("</stream:features>");
        let secret = STANDARD.encode(format!("\0{username}\0secret"));
        stream.send(&format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>"
        ));
        stream.read("<success");
        stream.send(OPEN);
        stream.read("</stream:features>");
        stream
    }

    /// Logs in, gets a resource, and is online.
    fn online(address: &str, username: &str, more: &str) -> Self {
        let mut stream = Stream::open(address, username);
        let bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
        stream.send(&format!(
            "<iq id='b' type='set'>{bind}</iq>{more}<presence/>"
        ));
        stream.begun = stream.read("<presence ");
        stream
    }

    fn send(&mut self, text: &str) {
        self.socket.write_all(text.as_bytes()).unwrap();
    }

    /// What arrives up to and including a text.
    #[track_caller]
    fn read(&mut self, until: &str) -> String {
        loop {
            if let Some(at) = self.received.find(until) {
                let rest = self.received.split_off(at + until.len());
                return std::mem::replace(&mut self.received, rest);
            }
            let mut more = [0; 4096];
            let count = self.socket.read(&mut more);
            let count = count.unwrap_or_else(|_| panic!("no {until}: {}", self.received));
            assert!(count > 0, "the end before {until}: {}", self.received);
            self.received
                .push_str(std::str::from_utf8(&more[..count]).unwrap());
        }
    }
}

/// A server with Ann, Ben and Cy, of whom Ann and Ben are friends; where it takes XMPP, and its database.
fn server() -> (Server, String, String) {
    let database = Postgres::shared().database();
    let url = Postgres::shared().url(&database);
    let run = |args: &[&str], stdin: &str| {
        let mut command = Command::new(fbchatd());
        command.args(args).env("FBCHATD_STORE", &url);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(stdin.as_bytes())
            .unwrap();
        assert!(child.wait().unwrap().success(), "{args:?}");
    };
    for name in ["ann", "ben", "cy"] {
        let email = format!("{name}@example.org");
        run(&["user", "add", &email, "--name", name], "secret\n");
    }
    run(&["friend", "add", "ann", "ben"], "");
    let mut serve = Command::new(fbchatd());
    serve.args(["serve", "--listen", "127.0.0.1:0"]);
    serve.env("FBCHATD_STORE", &url);
    serve.env("FBCHATD_XMPP_DOMAIN", "localhost");
    serve.env("FBCHATD_XMPP_LISTEN", "127.0.0.1:0");
    let mut server = Server::start(&mut serve);
    let address = server.announced("listening for XMPP on ");
    (server, address, database)
}

/// Takes the database away, and waits until the server has noticed.
fn take_away(database: &str, cy: &Client) {
    Postgres::shared().take_away(database);
    refusal(cy);
}

/// Waits until a request has failed, and so whatever needed the database before it.
fn refusal(cy: &Client) {
    let path = format!("/x/0/false/p_{}=1", cy.uid);
    until("a refusal", || {
        (cy.get(&path).status() == 503).then_some(())
    });
}

/// One stanza of each kind that needs the database, with the ids `0.`, `1.`, `2.` and so on.
fn each_kind(round: &str) -> Vec<String> {
    let message = |to: &str, content: &str| format!("<message to='{to}'{content}</message>");
    let iq = |to: &str, kind: &str, content: &str| format!("<iq type='{kind}'{to}{content}</iq>");
    let ben = " to='ben@localhost'";
    let rooms = " to='rooms.localhost'";
    let stanzas = [
        message(
            "ben@localhost",
            &format!(" type='chat'><body>{round}</body>"),
        ),
        message(
            "ben@localhost",
            "><displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>",
        ),
        "<presence><show>away</show></presence>".to_owned(),
        "<presence type='subscribe' to='cy@localhost'></presence>".to_owned(),
        "<presence to='1@rooms.localhost/ann'><x xmlns='http://jabber.org/protocol/muc'/></presence>".to_owned(),
        iq("", "get", "><query xmlns='jabber:iq:roster'/>"),
        iq("", "set", "><query xmlns='jabber:iq:roster'><item jid='ben@localhost'/></query>"),
        iq("", "get", "><vCard xmlns='vcard-temp'/>"),
        iq(ben, "get", "><vCard xmlns='vcard-temp'/>"),
        iq("", "set", "><vCard xmlns='vcard-temp'/>"),
        iq("", "get", "><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:metadata'/></pubsub>"),
        iq("", "get", "><query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>"),
        iq("", "get", "><blocklist xmlns='urn:xmpp:blocking'/>"),
        iq("", "set", "><block xmlns='urn:xmpp:blocking'><item jid='cy@localhost'/></block>"),
        iq("", "set", "><query xmlns='urn:xmpp:mam:2'/>"),
        iq("", "set", "><query xmlns='jabber:iq:search'><nick>ben</nick></query>"),
        iq(rooms, "get", "><query xmlns='http://jabber.org/protocol/disco#items'/>"),
    ];
    let with_ids = stanzas.iter().enumerate();
    let with_ids = with_ids.map(|(id, stanza)| {
        let at = stanza.find([' ', '>']).unwrap();
        format!("{} id='{id}.'{}", &stanza[..at], &stanza[at..])
    });
    with_ids.collect()
}

#[test]
fn stanzas_wait_for_the_database_and_are_refused_if_that_takes_long() {
    let cluster = Postgres::shared();
    let (server, address, database) = server();
    let cy = Client::login(&server, "cy", "secret");
    let mut ann = Stream::online(&address, "ann", ENABLE);
    let mut ben = Stream::online(&address, "ben", "");
    let first = each_kind("first");
    let count = first.len();
    let request = "<r xmlns='urn:xmpp:sm:3'/>";
    take_away(&database, &cy);
    ann.send(&(first.concat() + request));
    // Clients that need nothing from the database are not disturbed.
    let ping = "<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";
    ben.send(ping);
    assert!(ben.read("id='p'").contains("type='result'"));
    refusal(&cy);
    cluster.give_back(&database);
    let done = format!("<a xmlns='urn:xmpp:sm:3' h='{}'/>", count + 1);
    let told = ann.read(&done);
    assert!(!told.contains("-error"), "{told}");
    for id in 5..count {
        assert!(told.contains(&format!("id='{id}.'")), "{id}: {told}");
    }
    assert!(ben.read("<body>first</body>").contains("from='ann@"));

    take_away(&database, &cy);
    // Each takes a while to fail: a message, a presence and a request are enough.
    let second = each_kind("second");
    let chosen = [0, 2, 5];
    ann.send(&chosen.map(|id| &*second[id]).concat());
    ann.send(&(ping.to_owned() + request));
    let told = ann.read(&done.replace(&(count + 1).to_string(), &(count + 5).to_string()));
    for id in chosen {
        let answer = told.split(&format!("id='{id}.'")).nth(1).unwrap();
        let (error, _) = answer.split_once("</error>").unwrap();
        let expected = error.contains("type='wait'") && error.contains("<internal-server-error ");
        assert!(expected && error.contains("Try again later."), "{told}");
    }
    cluster.give_back(&database);
    ann.send("<message to='ben@localhost' type='chat'><body>third</body></message>");
    let told = ben.read("<body>third</body>");
    assert!(!told.contains("second"), "{told}");
}

#[test]
fn a_message_that_waits_while_its_client_comes_back_is_stored_once() {
    let cluster = Postgres::shared();
    let (server, address, database) = server();
    let cy = Client::login(&server, "cy", "secret");
    let mut ann = Stream::online(&address, "ann", ENABLE);
    let name = ann.begun.split("<enabled ").nth(1).unwrap();
    let name = name.split("id='").nth(1).unwrap();
    let name = name.split('\'').next().unwrap().to_owned();
    let mut ben = Stream::online(&address, "ben", "");
    let text = "<message to='ben@localhost' type='chat' id='1'><body>once</body></message>";
    take_away(&database, &cy);
    ann.send(text);
    // It has arrived at the server before the connection ends.
    ben.send("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
    ben.read("id='p'");
    drop(ann);
    refusal(&cy);
    cluster.give_back(&database);
    let mut ann = Stream::open(&address, "ann");
    ann.send(&format!(
        "<resume xmlns='urn:xmpp:sm:3' previd='{name}' h='0'/>"
    ));
    let resumed = ann.read("<resumed ") + &ann.read("/>");
    // Its presence was the first stanza.
    if resumed.contains("h='1'") {
        ann.send(text);
    }
    ann.send("<message to='ben@localhost' type='chat' id='2'><body>then</body></message>");
    let told = ben.read("<body>then</body>");
    assert_eq!(told.matches("<body>once</body>").count(), 1, "{told}");
}

#[test]
fn a_login_whose_client_leaves_while_the_database_is_away_ends_afterwards() {
    let cluster = Postgres::shared();
    let (server, address, database) = server();
    let url = cluster.url(&database);
    let logins = || {
        let mut list = Command::new(fbchatd());
        list.args(["session", "list", "ann"]);
        output(list.env("FBCHATD_STORE", &url))
    };
    let cy = Client::login(&server, "cy", "secret");
    let ann = Stream::online(&address, "ann", "");
    assert!(logins().contains("XMPP"), "{}", logins());
    take_away(&database, &cy);
    drop(ann);
    refusal(&cy);
    cluster.give_back(&database);
    until("the end of the login", || {
        (!logins().contains("XMPP")).then_some(())
    });
}
