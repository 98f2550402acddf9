//! Starts the real server, and a client just good enough to talk to it.

#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

pub mod paths;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use reqwest::blocking::{Client as Http, ClientBuilder, Response};
use reqwest::redirect::Policy;
use serde_json::Value;

pub const EXE: &str = env!("CARGO_BIN_EXE_fbchatd");
const DEADLINE: Duration = Duration::from_secs(20);

/// A running server; killed hard when dropped.
pub struct Server {
    pub child: Child,
    pub base: String,
    said: BufReader<ChildStdout>,
}

impl Server {
    pub fn demo() -> Self {
        Self::start(Command::new(EXE).args(["demo", "--listen", "127.0.0.1:0"]))
    }

    pub fn command(data: &Path) -> Command {
        let mut command = Command::new(EXE);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(data);
        command
    }

    pub fn serve(data: &Path, more: &[&str]) -> Self {
        Self::start(Self::command(data).args(more))
    }

    /// One that tells its operator what goes on; and the address where.
    pub fn watched(command: &mut Command) -> (Self, String) {
        let mut server = Self::start(command.env("FBCHATD_METRICS_LISTEN", "127.0.0.1:0"));
        let operator = server.said("metrics on ");
        (server, operator)
    }

    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let base = String::new();
        let mut server = Server { child, base, said };
        server.base = server.said("listening on ");
        server
    }

    /// The rest of the next line on standard output, which begins like this.
    pub fn said(&mut self, begin: &str) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        let rest = line.trim().strip_prefix(begin);
        rest.unwrap_or_else(|| panic!("{line:?}")).to_owned()
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and how it ended.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("-TERM");
        self.child.wait().unwrap()
    }

    /// What the server says to these bytes until it closes the connection.
    pub fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.base.trim_start_matches("http://")).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        read_all(stream)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command of the binary with something on standard input.
pub fn run(args: &[&str], data: &Path, stdin: &str) -> Output {
    let mut command = Command::new(EXE);
    command.args(args).arg("--data").arg(data);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without reading.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

/// Somebody with the password "secret" and no friends.
pub fn account(data: &Path, email: &str, name: &str) {
    let add = ["user", "add", email, "--name", name];
    assert!(run(&add, data, "secret\n").status.success());
}

/// Two friends with the password "secret".
pub fn accounts(data: &Path) {
    account(data, "ann@example.org", "Ann A");
    account(data, "ben@example.org", "Ben B");
    assert!(
        run(
            &["friend", "add", "ann@example.org", "ben@example.org"],
            data,
            ""
        )
        .status
        .success()
    );
}

/// Repeats until there is an answer.
pub fn until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What comes until the server closes the connection.
pub fn read_all(mut stream: TcpStream) -> String {
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

pub fn http() -> Http {
    // Without the system's certificates, which take long to read and vouch for nobody here.
    http_with(Http::builder().tls_certs_only([]))
}

pub fn http_with(builder: ClientBuilder) -> Http {
    // Built together with the library, reqwest has TLS but no provider of its own and wants one, for tests that use no TLS, too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder
        .redirect(Policy::none())
        .timeout(DEADLINE)
        .no_proxy()
        .build()
        .unwrap()
}

/// The JSON behind `for (;;);`.
pub fn json(response: Response) -> Value {
    let text = response.text().unwrap();
    serde_json::from_str(
        text.strip_prefix("for (;;);")
            .unwrap_or_else(|| panic!("{text}")),
    )
    .unwrap()
}

pub fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before:?} in {text}"))
        .1;
    rest.split_once(after).unwrap().0
}

/// A logged-in client.
#[derive(Clone)]
pub struct Client {
    pub http: Http,
    pub base: String,
    pub cookie: String,
    pub uid: i64,
    pub form_id: String,
    next_id: i64,
}

impl Client {
    pub fn login(server: &Server, email: &str, password: &str) -> Self {
        Self::try_login(server, email, password).expect("login")
    }

    pub fn try_login(server: &Server, email: &str, password: &str) -> Result<Self, String> {
        Self::try_login_from(server, None, email, password)
    }

    /// As if a proxy had said that the client is at some address.
    pub fn try_login_from(
        server: &Server,
        address: Option<&str>,
        email: &str,
        password: &str,
    ) -> Result<Self, String> {
        let http = http();
        let form = [("email", email), ("pass", password)];
        let mut request = http
            .post(format!("{}/login.php", server.base))
            .header("Cookie", "test_cookie=1;");
        if let Some(address) = address {
            request = request.header("X-Forwarded-For", address);
        }
        let response = request.body(encode(&form)).send().unwrap();
        let cookies: Vec<_> = response
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(|c| c.to_str().unwrap())
            .collect();
        let cookies: Vec<_> = cookies
            .iter()
            .map(|c| c.split(';').next().unwrap().to_owned())
            .collect();
        let uid = cookies
            .iter()
            .find_map(|cookie| cookie.strip_prefix("c_user="));
        let Some(uid) = uid.map(|uid| uid.parse().unwrap()) else {
            let page = response.text().unwrap();
            return Err(between(&page, "<h2 id=\"standard_error\">", "</h2>").to_owned());
        };
        let (base, cookie) = (server.base.clone(), cookies.join("; "));
        let mut client = Client {
            http,
            base,
            cookie,
            uid,
            form_id: String::new(),
            next_id: uid % 1000 * 1_000_000,
        };
        client.form_id = between(
            &client.get("/home.php").text().unwrap(),
            "post_form_id:\"",
            "\"",
        )
        .to_owned();
        Ok(client)
    }

    /// The same session on a server that was started anew.
    pub fn moved(&self, server: &Server) -> Self {
        Client {
            base: server.base.clone(),
            http: http(),
            ..self.clone()
        }
    }

    pub fn get(&self, path: &str) -> Response {
        self.http
            .get(format!("{}{path}", self.base))
            .header("Cookie", &self.cookie)
            .send()
            .unwrap()
    }

    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.try_post(path, form).unwrap()
    }

    /// A write with its token.
    pub fn write(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let token = ("post_form_id", self.form_id.as_str());
        json(self.post(path, &[form, &[token]].concat()))
    }

    /// The payload of a read.
    pub fn read(&self, path: &str) -> Value {
        let answer = json(self.get(path));
        assert_eq!(answer["error"], 0, "{answer}");
        answer["payload"].clone()
    }

    fn try_post(&self, path: &str, form: &[(&str, &str)]) -> reqwest::Result<Response> {
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .header("Cookie", &self.cookie);
        request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(encode(form))
            .send()
    }

    pub fn poll(&self, seq: i64) -> Value {
        json(self.get(&format!("/x/0/false/p_{}={seq}", self.uid)))
    }

    /// Ten polls at `seq` that are certainly held: one more than that, and one has been let go.
    pub fn hold_ten(&self, seq: i64) -> Vec<TcpStream> {
        let address = self.base.trim_start_matches("http://");
        let path = format!("/x/0/false/p_{}={seq}", self.uid);
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {}\r\nConnection: close\r\n\r\n",
            self.cookie
        );
        let connect = |_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            stream.set_nonblocking(true).unwrap();
            stream
        };
        let mut streams: Vec<_> = (0..11).map(connect).collect();
        let answered = until("one to be let go", || {
            streams
                .iter()
                .position(|stream| stream.peek(&mut [0]).is_ok())
        });
        assert!(read_all(streams.remove(answered)).ends_with(r#"{"t":"continue"}"#));
        streams
    }

    /// The number to begin with.
    pub fn seq(&self) -> i64 {
        let answer = self.poll(-1);
        assert_eq!(answer["t"], "refresh");
        answer["seq"].as_i64().unwrap()
    }

    /// The items of the poll at `seq`, which may be held for a while.
    pub fn items(&self, seq: i64, batch: usize) -> Vec<Value> {
        let answer = json(self.get(&format!("/x/0/false/p_{}={seq}?batch={batch}", self.uid)));
        assert_eq!(answer["t"], "msg", "{answer}");
        answer["ms"].as_array().unwrap().clone()
    }

    /// Polls on from `seq` until an item fits; returns it and the number after it.
    pub fn wait_for(&self, mut seq: i64, mut fits: impl FnMut(&Value) -> bool) -> (Value, i64) {
        until("an item", || {
            let answer = self.poll(seq);
            if answer["t"] == "refresh" {
                seq = answer["seq"].as_i64().unwrap();
            }
            let item = answer["ms"].get(0)?.clone();
            seq += 1;
            fits(&item).then_some((item, seq))
        })
    }

    pub fn fresh_id(&mut self) -> String {
        self.next_id += 1;
        self.next_id.to_string()
    }

    pub fn send(&mut self, to: i64, text: &str) -> Value {
        let id = self.fresh_id();
        self.send_as(&id, to, text).unwrap()
    }

    pub fn send_as(&self, id: &str, to: i64, text: &str) -> reqwest::Result<Value> {
        let to = to.to_string();
        let form = [
            ("msg_text", text),
            ("msg_id", id),
            ("to", &to),
            ("client_time", "1209558664256"),
            ("post_form_id", &self.form_id),
        ];
        let response = self.try_post("/ajax/chat/send.php", &form)?;
        // A server that is killed may cut the answer short.
        let text = response.text()?;
        Ok(text
            .strip_prefix("for (;;);")
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or(Value::Null))
    }

    pub fn settings(&self, key: &str, value: &str) -> Value {
        json(self.post(
            "/ajax/chat/settings.php",
            &[(key, value), ("post_form_id", &self.form_id)],
        ))
    }

    pub fn buddies(&self) -> Value {
        let form = [
            ("buddy_list", "1"),
            ("force_render", "1"),
            ("post_form_id", self.form_id.as_str()),
        ];
        json(self.post("/ajax/presence/update.php", &form))["payload"]["buddy_list"].clone()
    }

    /// What the list says about a friend: active, idle or offline.
    pub fn sees(&self, uid: i64) -> &'static str {
        match self.buddies()["nowAvailableList"][uid.to_string()]["i"].as_bool() {
            Some(false) => "active",
            Some(true) => "idle",
            None => "offline",
        }
    }
}

pub fn encode(form: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (key, value) in form {
        let value: String = value.bytes().map(|b| format!("%{b:02x}")).collect();
        out += &format!("&{key}={value}");
    }
    out
}
