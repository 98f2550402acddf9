//! A logged-in client, just good enough to talk to the server.

use crate::{LIMIT, Server, between, encode, read_all, until};
use reqwest::blocking::{Client as Http, ClientBuilder, Response};
use reqwest::redirect::Policy;
use serde_json::Value;
use std::io::Write;
use std::net::TcpStream;

/// An HTTP client that trusts no certificate: those of the system take long to read.
pub fn http() -> Http {
    http_with(Http::builder().tls_certs_only([]))
}

/// An HTTP client that follows no redirect and uses no proxy.
pub fn http_with(builder: ClientBuilder) -> Http {
    // reqwest is built with rustls but without a provider, and wants one even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder
        .redirect(Policy::none())
        .timeout(LIMIT)
        .no_proxy()
        .build()
        .unwrap()
}

impl Server {
    /// Whether the server can do its work, and this address may ask.
    #[track_caller]
    pub fn is_healthy(&self) -> bool {
        let health = format!("{}/healthz", self.url);
        http().get(health).send().unwrap().status() == 200
    }
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

/// A logged-in client.
#[derive(Clone)]
pub struct Client {
    pub http: Http,
    pub url: String,
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

    /// With an address that a proxy would pass on.
    pub fn try_login_from(
        server: &Server,
        address: Option<&str>,
        email: &str,
        password: &str,
    ) -> Result<Self, String> {
        let http = http();
        let form = [("email", email), ("pass", password)];
        let mut request = http
            .post(format!("{}/login.php", server.url))
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
        let (url, cookie) = (server.url.clone(), cookies.join("; "));
        let mut client = Client {
            http,
            url,
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

    /// The same session on a server that was restarted.
    pub fn moved(&self, server: &Server) -> Self {
        Client {
            url: server.url.clone(),
            http: http(),
            ..self.clone()
        }
    }

    pub fn get(&self, path: &str) -> Response {
        self.http
            .get(format!("{}{path}", self.url))
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
            .post(format!("{}{path}", self.url))
            .header("Cookie", &self.cookie);
        request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(encode(form))
            .send()
    }

    pub fn poll(&self, seq: i64) -> Value {
        json(self.get(&format!("/x/0/false/p_{}={seq}", self.uid)))
    }

    /// Ten polls at `seq` that are certainly held: of eleven, the server answers one, since ten is the limit.
    pub fn hold_ten(&self, seq: i64) -> Vec<TcpStream> {
        let address = self.url.trim_start_matches("http://");
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
        let answered = until("an answer to one of eleven polls", || {
            streams
                .iter()
                .position(|stream| stream.peek(&mut [0]).is_ok())
        });
        assert!(read_all(streams.remove(answered)).ends_with(r#"{"t":"continue"}"#));
        streams
    }

    /// The sequence number to begin with.
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

    /// Polls from `seq` on until an item fits; returns it and the sequence number after it.
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
        // A server that is killed may send only a part of the answer.
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

    /// What the buddy list says about a friend: active, idle or offline.
    pub fn sees(&self, uid: i64) -> &'static str {
        match self.buddies()["nowAvailableList"][uid.to_string()]["i"].as_bool() {
            Some(false) => "active",
            Some(true) => "idle",
            None => "offline",
        }
    }
}
