//! The calls about people, as the model of the server answers them: what a test has set, else success.

use super::model::{Answer, ok, payload};
use crate::protocol::{Exchange, Method, Reply};
use std::collections::{BTreeMap, VecDeque};
use url::form_urlencoded;

/// Everything that `fbchatd` announces, as it is written in the page.
pub const ALL: &str = r#","picture_limit":100,"status_limit":10,"friends":true,"pictures":true,"status":true,"profile":true,"search":true,"notifications":true,"history":true,"poke":true,"block":true,"groups":true,"name":true,"password":true,"registration":"open""#;

#[derive(Default)]
pub struct People {
    /// Further members of the announcement.
    pub announced: &'static str,
    /// What a path answers in place of success, in this order; the last one stays.
    pub says: BTreeMap<&'static str, VecDeque<(u16, Vec<u8>)>>,
    /// What was posted: the path, and the body as text.
    pub posted: Vec<(String, String)>,
}

impl People {
    pub fn say(&mut self, path: &'static str, payload: &str) {
        let body = format!(r#"for (;;);{{"error":0,"payload":{payload}}}"#);
        self.say_raw(path, 200, body.as_bytes());
    }

    pub fn refuse(&mut self, path: &'static str, code: u32, why: &str) {
        let body = format!(r#"{{"error":{code},"errorDescription":"{why}","payload":null}}"#);
        self.say_raw(path, 200, body.as_bytes());
    }

    pub fn say_raw(&mut self, path: &'static str, status: u16, body: &[u8]) {
        let answers = self.says.entry(path).or_default();
        answers.push_back((status, body.to_vec()));
    }

    /// The last body that was posted to a path.
    pub fn last(&self, path: &str) -> Option<&str> {
        let mut posted = self.posted.iter().rev();
        posted
            .find(|(to, _)| to == path)
            .map(|(_, body)| body.as_str())
    }

    fn prepared(&mut self, path: &str) -> Option<Answer> {
        let answers = self.says.get_mut(path)?;
        let (status, body) = match answers.len() {
            0 | 1 => answers.front()?.clone(),
            _ => answers.pop_front()?,
        };
        Some(Answer::Now(Reply {
            status,
            body,
            content_type: (status == 200 && path.starts_with("/files/"))
                .then(|| "image/png".to_owned()),
            ..Reply::default()
        }))
    }

    pub fn answer(&mut self, exchange: &Exchange, body: &str) -> Answer {
        let path = exchange.url.path().to_owned();
        if exchange.method == Method::Post {
            self.posted.push((path.clone(), body.to_owned()));
        }
        if let Some(answer) = self.prepared(&path) {
            return answer;
        }
        match path.as_str() {
            "/ajax/fbchat/friend_requests.php" => payload(r#"{"requests":[],"sent":[]}"#),
            "/ajax/fbchat/groups.php" if exchange.method == Method::Get => {
                payload(r#"{"groups":[]}"#)
            }
            "/ajax/fbchat/profile.php"
            | "/ajax/fbchat/search.php"
            | "/ajax/fbchat/block.php"
            | "/ajax/fbchat/notifications.php" => payload(r#"{"uid":2}"#),
            _ if exchange.method == Method::Post => payload("[]"),
            other => panic!("the session asks for {other}"),
        }
    }

    /// Accepts every registration with a name. The accounts exist already.
    pub fn register(&mut self, body: &str, log_in: impl FnOnce(u64) -> Vec<String>) -> Answer {
        self.posted
            .push(("/ajax/fbchat/register.php".into(), body.to_owned()));
        if let Some(answer) = self.prepared("/ajax/fbchat/register.php") {
            return answer;
        }
        let form: BTreeMap<_, _> = form_urlencoded::parse(body.as_bytes()).collect();
        assert!(form.contains_key("name") && form.contains_key("pass"));
        let digits = form["email"].trim_start_matches("user");
        let uid = digits.split('@').next().unwrap().parse().unwrap();
        let Answer::Now(reply) = ok(format!(r#"{{"error":0,"payload":{{"uid":{uid}}}}}"#)) else {
            panic!()
        };
        let set_cookie = log_in(uid);
        Answer::Now(Reply {
            set_cookie,
            ..reply
        })
    }
}

/// A page of history: `items` are all of the conversation, oldest first, with their times.
pub fn history(items: &[(i64, &str)], exchange: &Exchange) -> Answer {
    let number = |wanted: &str| {
        let mut pairs = exchange.url.query_pairs();
        let found = pairs.find(|(name, _)| name == wanted)?;
        found.1.parse::<i64>().ok()
    };
    let limit = number("limit").map_or(100, |limit| limit.clamp(1, 100) as usize);
    let (from, more): (usize, bool) = match number("since") {
        Some(since) => {
            let from = items.iter().filter(|(time, _)| *time <= since).count();
            (from, items.len() - from > limit)
        }
        None => (items.len().saturating_sub(limit), items.len() > limit),
    };
    let page = items.iter().skip(from).take(limit);
    let page: Vec<&str> = page.map(|(_, item)| *item).collect();
    payload(&format!(
        r#"{{"history":[{}],"more":{more}}}"#,
        page.join(",")
    ))
}
