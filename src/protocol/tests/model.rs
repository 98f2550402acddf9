//! The model of the server: accounts `userN@example.org` with uid N, all friends of each other, password `right`.

use super::pages::Layout;
use super::people_model::{self, People};
use crate::protocol::{Exchange, Method, Reply};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use url::form_urlencoded;

/// The number of the first group. The users 1 to 3 are members of every group.
pub const FIRST_GROUP: u64 = 1_000_000_000;

pub enum Answer {
    Now(Reply),
    Hold,
}

pub struct Model {
    pub layout: Layout,
    /// Answer everything with this instead.
    pub instead: Option<(u16, &'static str)>,
    /// Answer the next request to a path that contains this with a status and `Retry-After`.
    pub busy: Option<(&'static str, u16, &'static str)>,
    /// Answer requests to a path that contains this with this instead.
    pub odd: Option<(&'static str, Reply)>,
    /// Answer the channel with this instead.
    pub channel_says: Option<String>,
    pub send_says: Option<&'static str>,
    /// Refuse the message with this text with this error; once if another attempt may help.
    pub refuses: Option<(&'static str, u32)>,
    /// What is unread, for whom asks for it with the buddy list.
    pub counts: Option<&'static str>,
    /// Is not a friend of anybody any more.
    pub gone: Option<u64>,
    /// The token of the next write is out of date.
    pub next_write_is_stale: bool,
    /// Per user: number of the first event, and the events.
    channels: BTreeMap<u64, (i64, Vec<String>)>,
    taken: BTreeSet<(u64, String, String)>,
    /// History, both directions: (from, to, time, item).
    pub history: Vec<(u64, u64, i64, String)>,
    pub people: People,
    /// How many messages each post of several had.
    pub batches: Vec<usize>,
    /// Session secret to uid.
    sessions: BTreeMap<String, u64>,
    pub tokens: u32,
    logins: u32,
    pub online: BTreeSet<u64>,
    /// Per user, the number below which everything has arrived.
    pub acknowledged: BTreeMap<u64, i64>,
    /// The ACTIVE parts of the polls.
    pub active: Vec<String>,
}

impl Default for Model {
    fn default() -> Self {
        Model {
            layout: Layout::Own,
            instead: None,
            busy: None,
            odd: None,
            channel_says: None,
            send_says: None,
            refuses: None,
            counts: None,
            gone: None,
            next_write_is_stale: false,
            channels: BTreeMap::new(),
            taken: BTreeSet::new(),
            history: Vec::new(),
            people: People::default(),
            batches: Vec::new(),
            sessions: BTreeMap::new(),
            tokens: 1,
            logins: 0,
            online: BTreeSet::new(),
            acknowledged: BTreeMap::new(),
            active: Vec::new(),
        }
    }
}

const LOGIN: &str = r#"<html><form action="/login.php" method="post"><input type="hidden" name="lsd" value="tok"/><input name="email"/><input type="password" name="pass"/></form>"#;

pub fn ok(body: impl Into<String>) -> Answer {
    Answer::Now(Reply {
        status: 200,
        body: body.into().into_bytes(),
        ..Reply::default()
    })
}

fn error(code: u32) -> Answer {
    ok(format!(
        r#"for (;;);{{"error":{code},"errorSummary":"s","errorDescription":"","payload":null}}"#
    ))
}

pub fn payload(json: &str) -> Answer {
    ok(format!(
        r#"for (;;);{{"error":0,"errorSummary":"","errorDescription":"No error.","payload":{json}}}"#
    ))
}

/// The cookies of a new login.
fn start_session(sessions: &mut BTreeMap<String, u64>, logins: &mut u32, uid: u64) -> Vec<String> {
    *logins += 1;
    let secret = format!("s{logins}e");
    let cookies = vec![
        format!("c_user={uid}; path=/"),
        format!("xs={secret}; path=/"),
    ];
    sessions.insert(secret, uid);
    cookies
}

impl Model {
    /// Forgets every login, as a restarted server without a store would.
    pub fn forget_sessions(&mut self) {
        self.sessions.clear();
    }

    pub fn push(&mut self, uid: u64, item: String) {
        self.channels
            .entry(uid)
            .or_insert((0, Vec::new()))
            .1
            .push(item);
    }

    /// Forgets the events of a channel but keeps counting, as a ring does.
    pub fn forget_events(&mut self, uid: u64) {
        let (first, events) = self.channels.entry(uid).or_insert((0, Vec::new()));
        *first += events.len() as i64;
        events.clear();
    }

    fn acknowledge(&mut self, uid: u64, seq: i64) {
        let acknowledged = self.acknowledged.entry(uid).or_insert(0);
        *acknowledged = seq.max(*acknowledged);
    }

    pub fn stored(&self) -> usize {
        self.taken.len()
    }

    pub fn answer(&mut self, exchange: &Exchange, time: i64, over: bool) -> Answer {
        if let Some((status, body)) = self.instead {
            return Answer::Now(Reply {
                status,
                body: body.into(),
                ..Reply::default()
            });
        }
        if let Some((_, status, pause)) = self
            .busy
            .take_if(|(path, ..)| exchange.url.path().contains(*path))
        {
            return Answer::Now(Reply {
                status,
                retry_after: Some(pause.to_owned()),
                body: b"<html>busy</html>".to_vec(),
                ..Reply::default()
            });
        }
        if let Some((path, reply)) = &self.odd
            && exchange.url.path().contains(path)
        {
            return Answer::Now(reply.clone());
        }
        let cookie = exchange.cookie.clone().unwrap_or_default();
        let uid = self
            .sessions
            .iter()
            .find(|(secret, _)| cookie.contains(&format!("xs={secret}")))
            .map(|(_, uid)| *uid);
        let body = exchange.body.as_ref();
        let body = body.map_or(Cow::Borrowed(""), |body| {
            String::from_utf8_lossy(&body.bytes)
        });
        let form: BTreeMap<String, String> = form_urlencoded::parse(body.as_bytes())
            .into_owned()
            .collect();
        let field = |name: &str| form.get(name).cloned().unwrap_or_default();
        let path = exchange.url.path();
        if path == "/login.php" {
            return self.login(
                exchange.method,
                &field("email"),
                &field("pass"),
                &field("lsd"),
                &cookie,
            );
        }
        if path.ends_with("/register.php") {
            let (sessions, logins) = (&mut self.sessions, &mut self.logins);
            return self
                .people
                .register(&body, |uid| start_session(sessions, logins, uid));
        }
        let is_page = path.ends_with("popout.php") || path.ends_with("home.php");
        let Some(uid) = uid else {
            return match is_page {
                true => Answer::Now(Reply {
                    status: 302,
                    location: Some("/login.php".into()),
                    ..Reply::default()
                }),
                false if path.starts_with("/x/") => ok(r#"for (;;);{"t":"refresh"}"#),
                false => error(1_357_001),
            };
        };
        let token = format!("token{}", self.tokens);
        let own_ways = ["/logout.php", "/ajax/presence/update.php"];
        let writes = exchange.method == Method::Post && !own_ways.contains(&path);
        if writes && std::mem::take(&mut self.next_write_is_stale) {
            self.tokens += 1;
            return error(1_357_004);
        }
        let in_form = format!("\r\n\r\n{token}\r\n");
        if writes && field("post_form_id") != token && !body.contains(&in_form) {
            return error(1_357_004);
        }
        if is_page {
            return ok(self.page(uid, &token, path.ends_with("home.php")));
        }
        if let Some(rest) = path.strip_prefix("/x/") {
            self.active.push(rest.split('/').nth(1).unwrap().to_owned());
            let seq = rest.rsplit('=').next().unwrap().parse().unwrap();
            let query = exchange.url.query().unwrap_or_default();
            let batch = if query.is_empty() { 1 } else { 100 };
            return self.channel(uid, seq, batch, over || query.ends_with("&wait=0"));
        }
        match path {
            "/ajax/chat/settings.php" => {
                if field("visibility") == "true" {
                    self.online.insert(uid)
                } else {
                    self.online.remove(&uid)
                };
                payload("[]")
            }
            "/ajax/presence/update.php" => {
                let infos: Vec<String> = (1..=3)
                    .filter(|&n| self.gone != Some(n))
                    .map(|n| format!(r#""{n}":{{"name":"User {n}"}}"#))
                    .collect();
                let online: Vec<String> = self
                    .online
                    .iter()
                    .filter(|&&n| n != uid)
                    .map(|n| format!(r#""{n}":{{"i":false}}"#))
                    .collect();
                let counts = self.counts.filter(|_| field("notifications") == "1");
                let counts = counts.map(|counts| format!(r#","notifications":{counts}"#));
                let counts = counts.unwrap_or_default();
                payload(&format!(
                    r#"{{"buddy_list":{{"listChanged":true,"availableCount":{},"nowAvailableList":{{{}}},"wasAvailableIDs":[],"userInfos":{{{}}},"forcedRender":true}},"time":{time}{counts}}}"#,
                    online.len(),
                    online.join(","),
                    infos.join(",")
                ))
            }
            "/ajax/presence/reconnect.php" => {
                let (first, events) = self.channels.entry(uid).or_insert((0, Vec::new()));
                let seq = *first + events.len() as i64;
                payload(&format!(
                    r#"{{"user_channel":"p_{uid}","host":"channel03","port":80,"path":"/iframe/1","seq":{seq},"visibility":true}}"#
                ))
            }
            "/ajax/chat/send.php" => self.send(
                uid,
                &field("to"),
                &field("msg_id"),
                &field("msg_text"),
                time,
            ),
            "/ajax/fbchat/send.php" => self.send_all(uid, &field("messages"), time),
            "/ajax/chat/typ.php" => {
                let to: u64 = field("to").parse().unwrap();
                self.push(
                    to,
                    format!(
                        r#"{{"type":"typ","st":{},"from":{uid},"to":{to}}}"#,
                        field("typ")
                    ),
                );
                payload("[]")
            }
            "/ajax/chat/history.php" => {
                let with = exchange
                    .url
                    .query_pairs()
                    .find(|(name, _)| name == "id")
                    .unwrap()
                    .1
                    .parse()
                    .unwrap();
                let ours = [(uid, with), (with, uid)];
                let items = self.history.iter();
                let items = items.filter(|(from, to, ..)| {
                    ours.contains(&(*from, *to)) || with >= FIRST_GROUP && *to == with
                });
                let items: Vec<_> = items
                    .map(|(.., time, item)| (*time, item.as_str()))
                    .collect();
                people_model::history(&items, exchange)
            }
            "/logout.php" => {
                self.acknowledge(uid, field("seq").parse().unwrap());
                self.sessions.retain(|_, other| *other != uid);
                self.online.remove(&uid);
                ok("<html>bye</html>")
            }
            _ => self.people.answer(exchange, &body),
        }
    }

    fn login(
        &mut self,
        method: Method,
        email: &str,
        pass: &str,
        lsd: &str,
        cookie: &str,
    ) -> Answer {
        if method == Method::Get {
            let set_cookie = vec!["test_cookie=1; path=/".into(), "lsd=tok; path=/".into()];
            return Answer::Now(Reply {
                status: 200,
                set_cookie,
                body: LOGIN.into(),
                ..Reply::default()
            });
        }
        assert!(cookie.contains("test_cookie") && cookie.contains("lsd=tok") && lsd == "tok");
        let uid = email
            .strip_prefix("user")
            .and_then(|rest| rest.strip_suffix("@example.org"))
            .and_then(|n| n.parse::<u64>().ok());
        let Some(uid) = uid.filter(|_| pass == "right") else {
            return ok(format!(
                r#"<h2 id="standard_error">Incorrect password.</h2>{LOGIN}"#
            ));
        };
        let set_cookie = start_session(&mut self.sessions, &mut self.logins, uid);
        Answer::Now(Reply {
            status: 302,
            set_cookie,
            location: Some("/home.php".into()),
            ..Reply::default()
        })
    }

    fn channel(&mut self, uid: u64, seq: i64, batch: usize, over: bool) -> Answer {
        self.acknowledge(uid, seq);
        if let Some(says) = &self.channel_says {
            return ok(says.clone());
        }
        let (first, events) = self.channels.entry(uid).or_insert((0, Vec::new()));
        let next = *first + events.len() as i64;
        if seq == next {
            return if over {
                ok(r#"for (;;);{"t":"continue"}"#)
            } else {
                Answer::Hold
            };
        }
        if seq < *first || seq > next {
            return ok(format!(r#"for (;;);{{"t":"refresh", "seq":{next}}}"#));
        }
        let from = usize::try_from(seq - *first).unwrap();
        let items: Vec<&str> = events[from..]
            .iter()
            .take(batch)
            .map(String::as_str)
            .collect();
        ok(format!(
            r#"for (;;);{{"t":"msg","c":"p_{uid}","ms":[{}]}}"#,
            items.join(",")
        ))
    }

    /// Several messages; stops after one that is to be sent again.
    fn send_all(&mut self, from: u64, messages: &str, time: i64) -> Answer {
        let messages: Vec<serde_json::Value> = serde_json::from_str(messages).unwrap();
        self.batches.push(messages.len());
        let mut results = Vec::new();
        for message in &messages {
            let text = |name: &str| message[name].as_str().unwrap();
            let to = message["to"].to_string();
            let Answer::Now(reply) = self.send(from, &to, text("msg_id"), text("msg_text"), time)
            else {
                unreachable!();
            };
            let said = String::from_utf8(reply.body).unwrap();
            let said: serde_json::Value =
                serde_json::from_str(said.trim_start_matches("for (;;);")).unwrap();
            let error = said["error"].as_i64().unwrap();
            results.push(format!(
                r#"{{"msg_id":"{}","error":{error}}}"#,
                text("msg_id")
            ));
            if error == 1_356_008 {
                break;
            }
        }
        payload(&format!(r#"{{"results":[{}]}}"#, results.join(",")))
    }

    fn send(&mut self, from: u64, to: &str, id: &str, text: &str, time: i64) -> Answer {
        if let Some(says) = self.send_says {
            return ok(says);
        }
        if let Some((_, code)) = self.refuses.filter(|(refused, _)| *refused == text) {
            self.refuses.take_if(|_| code == 1_356_008);
            return error(code);
        }
        let to: u64 = to.parse().unwrap();
        if self.taken.insert((from, id.to_owned(), text.to_owned())) {
            let text = serde_json::to_string(text).unwrap();
            let time = time + self.taken.len() as i64 % 7;
            let (kind, told) = match to >= FIRST_GROUP {
                true => ("group_msg", vec![1, 2, 3]),
                false if to == from => ("msg", vec![to]),
                false => ("msg", vec![to, from]),
            };
            let item = format!(
                r#"{{"type":"{kind}","msg":{{"text":{text},"time":{time},"clientTime":{time},"msgID":"{id}"}},"from":{from},"to":{to},"from_name":"User {from}"}}"#
            );
            for uid in told {
                self.push(uid, item.clone());
            }
            self.history.push((from, to, time, item));
        }
        payload("[]")
    }
}
