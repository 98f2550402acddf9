//! Requests that no client would send: real ones for every path, changed at random.

mod uploads;

use testkit::Client;

/// The forms of some paths. Words in capitals are replaced at run time. Other paths get [`REST`].
const FORMS: &[(&str, &str)] = &[
    ("/login.php", "email=WORD&pass=guess&lsd=WORD&login=Log in"),
    (
        "/register.php",
        "email=WORD@example.org&name=WORD&pass=long enough&invite=",
    ),
    (
        "/ajax/fbchat/register.php",
        "email=WORD@example.org&name=WORD&pass=short&invite=WORD",
    ),
    ("/logout.php", "seq=1&confirm=2"),
    (
        "/ajax/fbchat/password.php",
        "old=not this&new=long enough&post_form_id=TOKEN",
    ),
    ("/ajax/fbchat/sessions.php", "end=WORD&post_form_id=TOKEN"),
    (
        "/ajax/presence/update.php",
        "user=OWN&buddy_list=1&force_render=1&notifications=1&post_form_id=TOKEN",
    ),
    (
        "/ajax/chat/send.php",
        "msg_text=WORD&msg_id=NUMBER&to=OWN&client_time=1209558664256&post_form_id=TOKEN",
    ),
    (
        "/ajax/fbchat/send.php",
        r#"messages=[{"to":OWN,"msg_id":"NUMBER","msg_text":"WORD"}]&post_form_id=TOKEN"#,
    ),
    ("/ajax/chat/typ.php", "typ=1&to=OTHER&post_form_id=TOKEN"),
    (
        "/ajax/chat/settings.php",
        "visibility=true&post_form_id=TOKEN",
    ),
    (
        "/ajax/chat/history.php",
        "id=OTHER&limit=100&before=NUMBER&since=0",
    ),
    ("/ajax/updatestatus.php", "status=WORD&post_form_id=TOKEN"),
    ("/ajax/fbchat/name.php", "name=WORD&post_form_id=TOKEN"),
    ("/s.php", "q=WORD"),
    ("/ajax/search/results.php", "q=WORD&s=NUMBER"),
    ("/ajax/fbchat/search.php", "q=ann@example.org"),
    (
        "/ajax/addfriend.php",
        "profile_id=OTHER&message=WORD&post_form_id=TOKEN",
    ),
    (
        "/reqs.php",
        "type=friend_connect&id=OTHER&action=accept&post_form_id=TOKEN",
    ),
    (
        "/ajax/chat/buddy_list_settings.php",
        "create=WORD&drag_uid=OTHER&new_flid=1&post_form_id=TOKEN",
    ),
    (
        "/ajax/fbchat/groups.php",
        "create=WORD&ids[0]=OTHER&create_id=NUMBER&post_form_id=TOKEN",
    ),
    (
        "/ajax/groups/chat/update_facepiles.php",
        "gid=1000000000&post_form_id=TOKEN&lsd=",
    ),
    ("/files/{id}/{name}", "key=KEY&slot=WORD"),
    (
        "/feeds/notifications.php",
        "id=OWN&viewer=OWN&key=WORD&format=rss20",
    ),
];

const REST: &str = "id=OTHER&uid=OTHER&user=OWN&profile_id=OTHER&to=OTHER&action=WORD&status=WORD&message=WORD&newest=NUMBER&limit=NUMBER&delete=1&focus_chat=OTHER&close_chat=OTHER&typ=1&end=WORD&q=WORD&invite=WORD&post_form_id=TOKEN";

const NASTY: &[&[u8]] = &[
    b"",
    b"-1",
    b"0",
    b"9223372036854775807",
    b"9223372036854775808",
    b"-9223372036854775809",
    b"99999999999999999999999999999999999",
    b"1e999",
    b"NaN",
    b"true",
    b"\0",
    b"\xff\xfe\x80",
    b"\xed\xa0\x80\xf4\x90\x80\x80",
    "\u{feff}\u{202e}😀".as_bytes(),
    b"%",
    b"%f",
    b"%zz%00",
    b"&&==&",
    b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"<script>\"'",
    b"'; DROP TABLE users; --",
    b"../../etc/passwd",
];

const METHODS: &[&str] = &[
    "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "X",
];

const HEADERS: &[&str] = &[
    "Content-Type: multipart/form-data; boundary=",
    "Content-Type: \u{1}",
    "Expect: 100-continue",
    "If-None-Match: *",
    "Range: bytes=0-0,-1",
    "Range: bytes=1-3",
    "Range: bytes=-2",
    "Range: bytes=99999999999999999999-",
    "If-Range: \"x\"",
    "Upgrade: websocket",
    "X-Forwarded-Proto: https",
    "X-Forwarded-For: ::ffff:1.2.3.4, unknown",
    "Accept-Encoding: gzip, \u{e9}",
    "Host: evil\"><x",
    "User-Agent: <script>",
    "Cookie: c_user=; xs=%00;;;=;lsd",
];

/// The user who sends the requests, and the users whom they are about.
pub struct Participants {
    pub own: Client,
    pub others: Vec<i64>,
    /// The paths of files, the user's own and somebody else's, and the key of the first.
    pub files: Vec<String>,
    pub key: String,
}

/// What must be known about a request to understand its answer.
pub struct Asked {
    /// Whether the answer has no body, whatever its headers say.
    pub head: bool,
    /// Whether the request has a body.
    pub body: bool,
}

/// Bytes for one connection.
pub struct Conversation {
    pub bytes: Vec<u8>,
    pub asked: Vec<Asked>,
    /// Whether the bytes were changed at random, so that the number of answers is unknown.
    pub broken: bool,
}

pub struct Generator {
    pub rng: fastrand::Rng,
    pub paths: Vec<&'static str>,
}

impl Generator {
    /// Some requests one after the other, the last of which ends the connection.
    pub fn conversation(&mut self, participants: &Participants) -> Conversation {
        let requests = self.rng.usize(1..40);
        let (mut bytes, mut asked) = (Vec::new(), Vec::new());
        for n in 1..=requests {
            asked.push(self.request(participants, n == requests, &mut bytes));
        }
        let broken = self.rng.u8(..8) == 0;
        if broken {
            self.scramble(&mut bytes);
        }
        Conversation {
            bytes,
            asked,
            broken,
        }
    }

    fn chance(&mut self, one_in: u32) -> bool {
        self.rng.u32(..one_in) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.rng.usize(..from.len())]
    }

    fn request(&mut self, participants: &Participants, last: bool, out: &mut Vec<u8>) -> Asked {
        let route = self.route();
        let path = self.path(participants, route);
        let form = FORMS.iter().find(|(path, _)| *path == route);
        let fields = self.fields(participants, form.map_or(REST, |(_, fields)| fields));
        let method = match self.rng.u8(..16) {
            0 => self.pick(METHODS),
            1..8 => "GET",
            _ => "POST",
        };
        let (mut query, mut body) = (Vec::new(), Vec::new());
        let mut kind = "application/x-www-form-urlencoded".to_owned();
        if method != "POST" || self.chance(10) {
            query = self.encoded(&fields, true);
            query.insert(0, b'?');
        }
        if method == "POST" {
            if route == "/pic_upload.php" || self.chance(50) {
                (kind, body) = self.picture(participants);
            } else if route == "/ajax/messaging/upload.php" {
                (kind, body) = self.upload(participants);
            } else {
                body = self.encoded(&fields, false);
            }
        }
        if self.chance(2000) {
            body = vec![b'a'; 2 << 20];
        }
        let version = if last && self.chance(4) { "1.0" } else { "1.1" };
        out.extend(format!("{method} {path}").bytes());
        out.extend(query);
        out.extend(format!(" HTTP/{version}\r\nHost: localhost\r\n").bytes());
        let is_file = route == "/files/{id}/{name}";
        self.headers(participants, (last, is_file), &kind, out);
        if body.is_empty() && method != "POST" {
            out.extend(b"\r\n");
        } else if version == "1.1" && self.chance(20) {
            out.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in body.chunks(1000) {
                out.extend(format!("{:x}\r\n", chunk.len()).bytes());
                out.extend(chunk);
                out.extend(b"\r\n");
            }
            out.extend(b"0\r\n\r\n");
        } else {
            out.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
            out.extend(&body);
        }
        Asked {
            head: method == "HEAD",
            body: !body.is_empty(),
        }
    }

    /// Any path, but those that hash a password less often: they are slow on purpose.
    fn route(&mut self) -> &'static str {
        loop {
            let paths = std::mem::take(&mut self.paths);
            let route = self.pick(&paths);
            self.paths = paths;
            let slow = ["login.php", "register.php", "password.php"];
            if !slow.iter().any(|path| route.ends_with(path)) || self.chance(3) {
                return route;
            }
        }
    }

    fn path(&mut self, participants: &Participants, route: &str) -> String {
        let uid = match self.rng.u8(..4) {
            0 => self.pick(&participants.others).to_string(),
            1 => String::from_utf8_lossy(self.pick(NASTY)).replace(['\r', '\n', ' '], ""),
            _ => participants.own.uid.to_string(),
        };
        let number = match self.rng.u8(..4) {
            0 => "-1".to_owned(),
            1 => self.rng.i64(..).to_string(),
            _ => self.rng.u16(..).to_string(),
        };
        match route {
            "/x/{*rest}" => format!("/x/{number}/true/p_{uid}={number}?batch={number}&wait=0"),
            "/pics/{name}" => format!("/pics/q{uid}_{:x}.jpg", self.rng.u128(..)),
            "/assets/{name}" => format!("/assets/{uid}"),
            "/files/{id}/{name}" if !participants.files.is_empty() && !self.chance(4) => {
                let at = self.rng.usize(..participants.files.len());
                participants.files[at].clone()
            }
            route if self.chance(100) => format!("{route}/{number}"),
            route => route.to_owned(),
        }
    }

    /// Fields of a form; some of them changed, doubled or left out.
    fn fields(&mut self, participants: &Participants, form: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut fields = Vec::new();
        for field in form.split('&') {
            let (name, value) = field.split_once('=').unwrap();
            let word = format!("{:x}", self.rng.u32(..));
            let value = value
                .replace("WORD", &word)
                .replace("NUMBER", &self.rng.u32(..).to_string())
                .replace("OWN", &participants.own.uid.to_string())
                .replace("OTHER", &self.pick(&participants.others).to_string())
                .replace("KEY", &participants.key)
                .replace("TOKEN", &participants.own.form_id);
            let mut field = (name.as_bytes().to_vec(), value.into_bytes());
            match self.rng.u8(..32) {
                0..3 => field.1 = self.pick(NASTY).to_vec(),
                3 => field.1 = field.1.repeat(self.rng.usize(..3000)),
                4 => field.0 = self.pick(NASTY).to_vec(),
                5 => fields.push(field.clone()),
                6 => continue,
                7 => self.scramble(&mut field.1),
                _ => {}
            }
            fields.push(field);
        }
        fields
    }

    fn encoded(&mut self, fields: &[(Vec<u8>, Vec<u8>)], line: bool) -> Vec<u8> {
        // Request lines are escaped more often, or most of them would not get past the parser.
        let raw = self.chance(if line { 100 } else { 4 });
        let mut out = Vec::new();
        for (name, value) in fields {
            for (part, after) in [(name, b'='), (value, b'&')] {
                // Lines have room for 64 KiB.
                for byte in part.iter().take(if line { 3000 } else { usize::MAX }) {
                    if raw || byte.is_ascii_alphanumeric() {
                        out.push(*byte);
                    } else {
                        out.extend(format!("%{byte:02x}").bytes());
                    }
                }
                out.push(after);
            }
        }
        out
    }

    fn headers(
        &mut self,
        participants: &Participants,
        (last, is_file): (bool, bool),
        kind: &str,
        out: &mut Vec<u8>,
    ) {
        // Each from an address of its own, or the limits for one address would refuse most of them.
        let address = std::net::Ipv4Addr::from(self.rng.u32(0x1400_0000..0x2000_0000));
        let mut lines = vec![
            format!("X-Forwarded-For: {address}"),
            format!("Content-Type: {kind}"),
        ];
        let other = self.pick(&participants.others).to_string();
        let cookie = &participants.own.cookie;
        match self.rng.u8(..20) {
            0 => {}
            1 => lines.push(format!(
                "Cookie: {}",
                cookie.replace(&participants.own.uid.to_string(), &other)
            )),
            2 => lines.push(format!(
                "Cookie: {}",
                &cookie[..self.rng.usize(..cookie.len())]
            )),
            3 => lines.push(format!("Cookie: {cookie}; {cookie}")),
            _ => lines.push(format!("Cookie: {cookie}")),
        }
        if self.chance(10) || is_file && self.chance(2) {
            lines.push(self.pick(HEADERS).to_owned());
        }
        if self.chance(500) {
            lines.push(format!("X-Long: {}", "a".repeat(self.rng.usize(..200_000))));
        }
        if self.chance(500) {
            lines.extend((0..self.rng.usize(..300)).map(|n| format!("X-{n}: {n}")));
        }
        if last {
            lines.push("Connection: close".to_owned());
        }
        for line in lines {
            out.extend(line.bytes());
            out.extend(b"\r\n");
        }
    }

    /// Flips bits, drops, doubles or invents pieces, or ends early.
    fn scramble(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..self.rng.usize(1..8) {
            if bytes.is_empty() {
                return;
            }
            let at = self.rng.usize(..bytes.len());
            let end = bytes.len().min(at + self.rng.usize(..40));
            match self.rng.u8(..8) {
                0..3 => bytes[at] ^= 1 << self.rng.u8(..8),
                3 => drop(bytes.drain(at..end)),
                4 => {
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
                5 => {
                    let nasty = self.pick(NASTY);
                    bytes.splice(at..at, nasty.iter().copied());
                }
                6 => bytes[at..end].fill_with(|| self.rng.u8(..)),
                _ => bytes.truncate(at),
            }
        }
    }
}
