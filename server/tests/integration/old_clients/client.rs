//! A client of those years: HTTP/1.0 to many hosts, headers found as literal text.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value, json};

use testkit::{Server, between, encode, read_all};

/// A server for all hosts of facebook.com.
pub fn facebook(data: &Path) -> Server {
    let mut command = Server::command(data);
    command.env("FBCHATD_BASE_DOMAIN", "facebook.com");
    command.env("FBCHATD_CHANNEL_HOST_PATTERN", "0.{channel}.{base}");
    Server::start(&mut command)
}

/// A client that reads to the end, does not understand chunked bodies, and finds a cookie by the literal text before it.
pub struct OldClient {
    pub address: String,
    pub cookies: String,
    pub uid: i64,
    pub form_id: String,
    pub channel: String,
}

impl OldClient {
    /// Logs in without having requested the form, and reads the page of the pop-out window.
    pub fn login(server: &Server, name: &str) -> Self {
        let mut old = OldClient {
            address: server.url.trim_start_matches("http://").to_owned(),
            cookies: "isfbe=false;test_cookie=1;lsd=abcde;".to_owned(),
            uid: 0,
            form_id: String::new(),
            channel: String::new(),
        };
        let email = format!("{name}@example.org");
        let form = [
            ("charset_test", "€,´,€,´,水,Д,Є"),
            ("locale", "en_US"),
            ("email", &email),
            ("pass", "secret"),
            ("pass_placeHolder", "Password"),
            ("persistent", "1"),
            ("login", "Login"),
            ("charset_test", "€,´,€,´,水,Д,Є"),
            ("lsd", "abcde"),
        ];
        let path = "/login.php?login_attempt=1&_fb_noscript=1";
        let (head, body) = old.post("login.facebook.com", path, &form);
        let home = "\r\nLocation: http://www.facebook.com/home.php\r\n";
        assert!(head.contains(" 302 ") && head.contains(home), "{head}");
        assert!(!body.contains("captcha"), "{body}");
        for cookie in ["c_user", "xs"] {
            let set = between(&head, &format!("\r\nSet-Cookie: {cookie}="), "\r\n");
            let (value, rest) = set.split_once(';').unwrap();
            assert!(rest.contains("path=/; domain=.facebook.com;"), "{set}");
            assert!(!rest.contains("Secure"), "{set}");
            old.cookies += &format!(" {cookie}={value};");
        }
        old.uid = between(&old.cookies, "c_user=", ";").parse().unwrap();
        let page = old.get("www.facebook.com", "/presence/popout.php").1;
        let hidden = "id=\"post_form_id\" name=\"post_form_id\" value=\"";
        old.form_id = between(&page, hidden, "\"").to_owned();
        old.channel = between(&page, "js\", \"channel", "\"").to_owned();
        old
    }

    /// Head and body of an answer that is in one piece.
    pub fn ask(
        &self,
        method: &str,
        host: &str,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\nUser-Agent: Opera/9.50 (Windows NT 5.1; U; en-GB)\r\n\
             Accept: */*\r\nAccept-Language: de\r\nCookie: {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            self.cookies,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let answer = read_all(stream);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let head = format!("{head}\r\n");
        let length = between(&head, "\r\nContent-Length: ", "\r\n");
        assert_eq!(length, body.len().to_string(), "{path}");
        assert!(!head.to_lowercase().contains("chunked"), "{head}");
        (head, body.to_owned())
    }

    pub fn get(&self, host: &str, path: &str) -> (String, String) {
        self.ask("GET", host, path, "text/plain", b"")
    }

    pub fn post(&self, host: &str, path: &str, form: &[(&str, &str)]) -> (String, String) {
        let kind = "application/x-www-form-urlencoded";
        self.ask("POST", host, path, kind, encode(form).as_bytes())
    }

    pub fn script(path: &str, (head, body): &(String, String)) -> Value {
        assert!(head.contains(" 200 "), "{path}: {head}");
        let script = body.strip_prefix("for (;;);").unwrap();
        assert!(script.is_ascii() && !script.contains("\": "), "{script}");
        serde_json::from_str(script).unwrap()
    }

    pub fn payload(path: &str, answer: &(String, String)) -> Value {
        let answer = Self::script(path, answer);
        assert_eq!(answer["error"], 0, "{path}: {answer}");
        answer["payload"].clone()
    }

    /// A write as in 2009: with every token that there was, and fields that have no effect.
    pub fn write(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let tokens = [
            ("post_form_id", self.form_id.as_str()),
            ("fb_dtsg", "(null)"),
            ("post_form_id_source", "AsyncRequest"),
            ("__a", "1"),
            ("nctr[n]", "1"),
        ];
        let form = [form, &tokens].concat();
        Self::payload(path, &self.post("www.facebook.com", path, &form))
    }

    pub fn read(&self, path: &str) -> Value {
        Self::payload(path, &self.get("www.facebook.com", path))
    }

    pub fn page(&self, path: &str) -> String {
        let (head, body) = self.get("www.facebook.com", path);
        assert!(head.contains(" 200 "), "{path}: {head}");
        body
    }

    pub fn poll(&self, seq: i64) -> Value {
        let host = format!("0.channel{}.facebook.com", self.channel);
        let path = format!("/x/1209557234/false/p_{}={seq}", self.uid);
        Self::script(&path, &self.get(&host, &path))
    }

    pub fn send(&self, to: i64, text: &str) {
        let (to, id) = (to.to_string(), text.len().to_string());
        let form = [
            ("msg_text", text),
            ("msg_id", &id),
            ("to", &to),
            ("client_time", "120955866425"),
            ("num_tabs", "1"),
            ("popped_out", "true"),
            ("to_offline", "false"),
        ];
        assert_eq!(self.write("/ajax/chat/send.php", &form), json!([]));
    }
}

/// The texts of the messages among some items.
pub fn texts(items: &[Value]) -> Vec<&str> {
    let messages = items.iter().filter(|item| item["type"] == "msg");
    messages
        .map(|item| item["msg"]["text"].as_str().unwrap())
        .collect()
}
