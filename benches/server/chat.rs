//! fbchatd with many accounts, and users who log in and chat as its clients do.

use crate::http::{Answer, Connection};
use crate::load::{self, Server, User};
use serde::Deserialize;
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};
use testkit::process::Process;
use tokio::task::JoinSet;

/// Logins under way at once.
const AT_ONCE: usize = 16;
/// Requests of one user from one address.
const EACH_ADDRESS: usize = 500;

/// A data directory, or a database in its place.
pub struct Data {
    dir: tempfile::TempDir,
    fbchatd: PathBuf,
    database: Option<String>,
}

impl Data {
    /// With ten thousand accounts.
    pub fn new(fbchatd: &Path) -> Data {
        Data::with_accounts(fbchatd, 10_000)
    }

    /// With so many accounts of accounts.sql.
    pub fn with_accounts(fbchatd: &Path, count: usize) -> Data {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let data = Data {
            fbchatd: fbchatd.to_owned(),
            dir,
            database: None,
        };
        // This also creates the database.
        let mut add = data.command(&["user", "add", "operator@example.org", "--name", "Operator"]);
        feed(&mut add, b"secret\n");
        let accounts = include_str!("accounts.sql").replace("ACCOUNTS", &count.to_string());
        data.sql(accounts.as_bytes());
        data
    }

    /// A copy in a PostgreSQL database.
    pub fn copy_to(&self, url: String) -> Data {
        feed(&mut self.command(&["move", "--to", &url]), b"");
        Data {
            fbchatd: self.fbchatd.clone(),
            dir: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory"),
            database: Some(url),
        }
    }

    /// Changes the data before it is served.
    pub fn sql(&self, statements: &[u8]) {
        let database = self.dir.path().join("fbchatd.db");
        let mut sqlite = Command::new("sqlite3");
        feed(sqlite.arg("-bail").arg(database), statements);
    }

    /// Makes the first account a friend of the 49 that follow; it is one of the second already.
    pub fn befriend_first(&self) {
        let befriend = "INSERT OR IGNORE INTO friends(uid, friend)
            SELECT 200000, uid FROM users WHERE uid > 200000 AND uid < 200050
            UNION ALL SELECT uid, 200000 FROM users WHERE uid > 200000 AND uid < 200050;";
        self.sql(befriend.as_bytes());
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.fbchatd);
        match &self.database {
            Some(url) => command.env("FBCHATD_STORE", url).args(arguments),
            None => command.args(arguments).arg("--data").arg(self.dir.path()),
        };
        command
    }

    pub fn serve(&self) -> Fbchatd {
        // One user sends more than the server would take from a person.
        self.serve_with(&[("FBCHATD_MESSAGES_PER_S", "0")])
    }

    pub fn serve_with(&self, settings: &[(&str, &str)]) -> Fbchatd {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.envs(settings.iter().copied());
        let start = Instant::now();
        let (server, metrics) = testkit::Server::with_metrics(command.env("FBCHATD_LOG", "error"));
        let address = server.address();
        server.wait_for_answer(address, "/healthz");
        let metrics = metrics.strip_prefix("http://").map(str::parse);
        Fbchatd {
            start_up: start.elapsed(),
            server,
            address,
            metrics: metrics.expect("a URL").expect("an address"),
        }
    }
}

fn feed(command: &mut Command, input: &[u8]) {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input).expect("a reader");
    drop(stdin);
    let status = child.wait().expect("a process");
    assert!(status.success(), "{command:?} failed");
}

pub struct Fbchatd {
    server: testkit::Server,
    address: SocketAddr,
    metrics: SocketAddr,
    start_up: Duration,
}

impl Drop for Fbchatd {
    fn drop(&mut self) {
        // The next one starts from data that was closed properly.
        self.server.stop();
    }
}

impl Server for Fbchatd {
    fn process(&self) -> &Process {
        &self.server
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    fn start_up(&self) -> Duration {
        self.start_up
    }

    fn polls_held(&self) -> (SocketAddr, &'static str, &'static str) {
        (self.metrics, "/metrics", "\nfbchatd_polls_held ")
    }

    async fn commits(&self) -> usize {
        let words = "\nfbchatd_store_commit_seconds_count ";
        load::number(self.metrics, "/metrics", words).await
    }
}

/// A user who is logged in.
pub struct Person {
    pub uid: i64,
    /// The headers of every request: cookies, and the address of the client.
    pub head: String,
    pub form_id: String,
    seq: Cell<i64>,
    requests: Cell<usize>,
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).map(|(_, rest)| rest);
    let found = rest.and_then(|rest| rest.split_once(after));
    found.unwrap_or_else(|| panic!("no {before} in {text}")).0
}

pub fn form(path: &str, head: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\n{head}Content-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

pub fn get(path: &str, head: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{head}\r\n")
}

impl Person {
    /// Logs in and fetches the page. `from` is the header in which a proxy passes on the address.
    pub async fn login(connection: &mut Connection, number: usize, from: &str) -> Person {
        let head = format!("{from}Cookie: test_cookie=1\r\n");
        let body = format!("email=user{number}%40example.org&pass=secret");
        let answer = connection.ask(&form("/login.php", &head, &body)).await;
        let cookies = answer.headers("Set-Cookie");
        let cookies = cookies.filter_map(|cookie| cookie.split(';').next());
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let head = format!("{from}Cookie: {cookies}\r\n");
        let page = connection.ask(&get("/home.php", &head)).await.body;
        Person {
            uid: between(&page, "name=\"user\" value=\"", "\"")
                .parse()
                .expect("a uid"),
            form_id: between(&page, "post_form_id:\"", "\"").to_owned(),
            head,
            seq: Cell::new(-1),
            requests: Cell::new(0),
        }
    }

    /// What follows before a client can chat: the list, and the sequence number of the channel.
    pub async fn settle(&self, connection: &mut Connection) {
        let body = format!("buddy_list=1&force_render=1&post_form_id={}", self.form_id);
        let update = form("/ajax/presence/update.php", &self.head, &body);
        let list = connection.ask(&update).await;
        assert!(list.body.contains("\"error\":0"), "{}", list.body);
        self.heard(&connection.ask(&self.poll()).await);
    }

    /// A search for people.
    pub async fn search(&self, connection: &mut Connection, text: &str) {
        let path = format!("/ajax/fbchat/search.php?q={text}");
        let found = connection.ask(&get(&path, &self.head)).await;
        assert!(found.body.contains("\"error\":0"), "{}", found.body);
    }

    /// A new group of this user and others, as the recipient of messages.
    pub async fn group(&self, connection: &mut Connection, others: &[Rc<Person>]) -> Rc<Person> {
        let ids = others.iter().zip(0..);
        let ids: String = ids
            .map(|(one, at)| format!("&ids[{at}]={}", one.uid))
            .collect();
        let body = format!("create=G&create_id=1{ids}&post_form_id={}", self.form_id);
        let create = form("/ajax/fbchat/groups.php", &self.head, &body);
        let created = connection.ask(&create).await.body;
        let uid = between(&created, "{\"gid\":", "}");
        Rc::new(Person {
            uid: uid.parse().expect("the number of a group"),
            head: String::new(),
            form_id: String::new(),
            seq: Cell::new(-1),
            requests: Cell::new(0),
        })
    }

    /// The headers of the next request. The number of requests from one address is limited, so the address changes.
    fn next_head(&self) -> String {
        let count = self.requests.get();
        self.requests.set(count + 1);
        let network = 1 + count / EACH_ADDRESS % 200;
        self.head.replacen("10.1.", &format!("10.{network}."), 1)
    }

    /// The head of a request that uploads a file of this length, with the fields before the file; and what follows the file.
    pub fn upload(&self, number: usize, length: usize) -> (String, String) {
        let part = "--b\r\nContent-Disposition: form-data; name=";
        let (form_id, end) = (&self.form_id, "\r\n--b--\r\n");
        let fields = format!(
            "{part}\"post_form_id\"\r\n\r\n{form_id}\r\n{part}\"upload_id\"\r\n\r\n{number}\r\n\
             {part}\"attachment\"; filename=\"bench.bin\"\r\n\r\n"
        );
        let (head, length) = (self.next_head(), fields.len() + length + end.len());
        let request = format!(
            "POST /ajax/messaging/upload.php HTTP/1.1\r\nHost: bench\r\n{head}\
             Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n{fields}"
        );
        (request, end.to_owned())
    }

    /// The request for the file whose upload was answered like this.
    pub fn download(&self, uploaded: &Answer) -> String {
        let url = between(&uploaded.body, "\"url\":\"", "\"");
        get(&url.replace("\\/", "/"), &self.next_head())
    }

    /// A page of the conversation with another user.
    pub async fn history(&self, connection: &mut Connection, with: &Person) -> usize {
        let path = format!("/ajax/chat/history.php?id={}", with.uid);
        let page = connection.ask(&get(&path, &self.head)).await;
        page.body.matches("\"type\":\"msg\"").count()
    }
}

/// The answer to a poll.
#[derive(Deserialize)]
struct Channel {
    seq: Option<i64>,
    #[serde(default)]
    ms: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    from: Option<i64>,
    to: Option<i64>,
    notice: Option<String>,
    msg: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    text: String,
}

impl User for Person {
    fn poll(&self) -> String {
        let (uid, seq) = (self.uid, self.seq.get());
        let path = format!("/x/0/false/p_{uid}={seq}?batch=100");
        get(&path, &self.next_head())
    }

    fn heard(&self, answer: &Answer) -> Vec<String> {
        let json = answer.body.strip_prefix("for (;;);").unwrap_or_default();
        let channel: Channel = serde_json::from_str(json).expect("an answer of the channel");
        let seq = channel.seq.unwrap_or(self.seq.get());
        self.seq.set(seq + channel.ms.len() as i64);
        // Typing, presence, notices of groups and the user's own messages arrive here, too.
        let to_me = channel.ms.into_iter().filter(|item| {
            item.to.is_some() && item.from != Some(self.uid) && item.notice.is_none()
        });
        to_me.filter_map(|item| Some(item.msg?.text)).collect()
    }

    fn send(&self, to: &Self, number: usize, text: &str) -> String {
        let (to, form_id) = (to.uid, &self.form_id);
        let text = text.replace(' ', "+");
        let body = format!(
            "msg_text={text}&msg_id={number}&to={to}&client_time=1227312000000&post_form_id={form_id}"
        );
        form("/ajax/chat/send.php", &self.next_head(), &body)
    }

    fn accepted(answer: &Answer) -> bool {
        answer.body.starts_with("for (;;);{\"error\":0,")
    }
}

/// Logs this many users in.
pub async fn people(server: &Fbchatd, count: usize) -> Vec<Rc<Person>> {
    people_at(std::slice::from_ref(server), count).await
}

/// The same at several servers.
pub async fn people_at(servers: &[Fbchatd], count: usize) -> Vec<Rc<Person>> {
    let numbers = Rc::new(RefCell::new(0..count));
    let people = Rc::new(RefCell::new(Vec::new()));
    let mut logins = JoinSet::new();
    for server in servers.iter().cycle().take(AT_ONCE) {
        let (numbers, people) = (numbers.clone(), people.clone());
        let mut connection = Connection::open(server.address).await;
        logins.spawn_local(async move {
            loop {
                let Some(number) = numbers.borrow_mut().next() else {
                    return;
                };
                // Each has an address of its own, since the number of requests from one address is limited.
                let from = format!(
                    "X-Forwarded-For: 10.1.{}.{}\r\n",
                    number / 250,
                    number % 250
                );
                let person = Person::login(&mut connection, number, &from).await;
                people.borrow_mut().push(Rc::new(person));
            }
        });
    }
    while let Some(ended) = logins.join_next().await {
        ended.expect("a login");
    }
    // Neighbours in the list are friends.
    let mut people: Vec<Rc<Person>> = people.take();
    people.sort_by_key(|person| person.uid);
    people
}
