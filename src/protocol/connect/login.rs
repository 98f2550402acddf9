//! The web login: the form on the login page, and what the reply to it means (docs/protocol.md, Logging in).

use crate::protocol::answer::not_a_chat_server;
use crate::protocol::wire::exchange::Reply;
use crate::protocol::wire::html::unescape;
use crate::protocol::wire::pattern::{Pattern, literal, part};
use crate::protocol::wire::reply::body_text;
use crate::status::{Problem, Status};
use regex::Regex;
use std::sync::LazyLock;
use url::Url;

/// Further fields of a form are dropped.
const MOST_FIELDS: usize = 64;

/// The login form: where to post, and what the page wants to get back unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginForm {
    /// Where it goes, resolved against the page.
    pub action: Url,
    /// Hidden and preset fields.
    pub fields: Vec<(String, String)>,
}

/// The names of the tags that matter.
const TAGS: [&str; 4] = ["form", "/form", "input", "button"];
/// Further ones are not looked at. The pages of the time had fewer before the form was over.
const MOST_TAGS: usize = 128;
/// Longer tags are ignored, in bytes.
const LONGEST_TAG: usize = 1_024;

/// The attributes behind a tag's name; quoted values may contain `>`.
static ATTRIBUTES: LazyLock<Regex> = LazyLock::new(|| literal(r#"^(?:[^>"']|"[^"]*"|'[^']*')*>"#));

static ATTRIBUTE: LazyLock<Regex> = LazyLock::new(|| {
    literal(r#"([A-Za-z_:-]+)(?:[ \t\r\n]*=[ \t\r\n]*(?:"([^"]*)"|'([^']*)'|([^ \t\r\n>"']+)))?"#)
});

static ERROR_TEXT: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::new((
        r#"id="standard_error""#,
        r#"id="standard_error"[^>]*>([^<]+)<"#,
    ))
});

/// The tags that matter, each with its attributes.
fn tags(html: &str) -> impl Iterator<Item = (&'static str, &str)> {
    let starts = html.match_indices('<').filter_map(|(at, _)| {
        let at = at.saturating_add(1);
        let is_here = |name: &&&str| {
            let here = html.get(at..at.saturating_add(name.len()));
            here.is_some_and(|here| here.eq_ignore_ascii_case(name))
        };
        let name = TAGS.iter().find(is_here)?;
        Some((name, at.saturating_add(name.len())))
    });
    let mut end = 0;
    starts.take(MOST_TAGS).filter_map(move |(name, at)| {
        let rest = part(html, at, at.saturating_add(LONGEST_TAG));
        // What stands in an attribute of a tag is not a tag.
        let found = ATTRIBUTES.find(rest).filter(|_| at >= end)?;
        end = at.saturating_add(found.end());
        Some((*name, found.as_str()))
    })
}

/// A tag's attributes, HTML-unescaped.
struct Attributes(Vec<(String, String)>);

impl Attributes {
    fn read(tag: &str) -> Self {
        let read = ATTRIBUTE.captures_iter(tag).filter_map(|found| {
            let name = found.get(1)?.as_str().to_ascii_lowercase();
            let value = found.get(2).or(found.get(3)).or(found.get(4));
            Some((name, unescape(value.map_or("", |value| value.as_str()))))
        });
        Attributes(read.collect())
    }

    /// The value of an attribute; empty if it has none.
    fn take(&mut self, name: &str) -> Option<String> {
        let found = self.0.iter_mut().find(|(it, _)| it == name);
        found.map(|(_, value)| std::mem::take(value))
    }
}

/// Finds the login form: the first one on the page that asks for a password. In 2008 that was the first form; other pages have
/// a search box before it.
pub fn find_form(html: &str, page: &Url) -> Option<LoginForm> {
    let mut form: Option<LoginForm> = None;
    let mut has_password = false;
    for (tag, attributes) in tags(html) {
        if tag.ends_with("form") && has_password {
            break;
        }
        let mut attributes = Attributes::read(attributes);
        if tag == "form" {
            let action = attributes.take("action").unwrap_or_default();
            form = page.join(&action).ok().map(|action| LoginForm {
                action,
                fields: Vec::new(),
            });
        } else if tag == "/form" {
            form = None;
        } else if let (Some(form), Some(name)) = (&mut form, attributes.take("name")) {
            let kind = attributes.take("type").unwrap_or_default();
            let value = attributes.take("value").unwrap_or_default();
            match (name.as_str(), kind.to_ascii_lowercase().as_str()) {
                ("pass", _) => has_password = true,
                ("email", _) => {}
                (_, "checkbox" | "radio") if attributes.take("checked").is_none() => {}
                (_, "button" | "reset" | "file" | "image") => {}
                _ if form.fields.len() < MOST_FIELDS => form.fields.push((name, value)),
                _ => {}
            }
        }
    }
    form.filter(|_| has_password)
}

/// The result of a login attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    /// Logged in: the server set `c_user`.
    Success,
    /// The server wants a person in a browser.
    Challenge(Problem),
    /// Refused, or the reply of something that is not a chat server.
    Failure(Problem),
}

/// Judges the reply to the posted form. `logged_in` says whether the server has set `c_user`.
pub fn judge(reply: &Reply, logged_in: bool, server: &str) -> LoginOutcome {
    let challenge = |what: &str| {
        let text =
            format!("{server} wants {what}. Log in there with a web browser once, then try again");
        LoginOutcome::Challenge(Problem::new(Status::Challenge, text))
    };
    let location = reply.location.as_deref().unwrap_or_default();
    if location.contains("/checkpoint/") {
        return challenge("a security check");
    }
    if location.contains("setup_machine.php") {
        return challenge("a name for this computer");
    }
    if location.contains("help.php") {
        return challenge("your attention for this account");
    }
    if logged_in {
        return LoginOutcome::Success;
    }
    let html = body_text(&reply.body);
    if html.contains("captcha") {
        return challenge("a captcha solved");
    }
    let said = ERROR_TEXT.first(&html).and_then(|text| {
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    });
    if let Some(wait) = &reply.retry_after {
        let text = said.unwrap_or_else(|| {
            let wait: String = wait.chars().filter(char::is_ascii_digit).take(6).collect();
            format!("Too many login attempts at {server}; try again in {wait} s")
        });
        return LoginOutcome::Failure(Problem::new(Status::RateLimited, text));
    }
    let form_again = html.contains("name=\"pass\"");
    if said.is_some() || form_again {
        let text = said.unwrap_or_else(|| {
            format!("{server} does not accept this e-mail address and password")
        });
        return LoginOutcome::Failure(Problem::new(Status::Credentials, text));
    }
    LoginOutcome::Failure(not_a_chat_server(
        server,
        "its reply to the login makes no sense",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::connect::web_session::WebSession;
    use crate::protocol::wire::endpoints::ServerAddress;

    fn page() -> Url {
        Url::parse("https://chat.example.org/login.php").unwrap()
    }

    #[test]
    fn form_keeps_hidden_fields_and_leaves_the_rest() {
        let html = r#"<FORM method=post action="/login.php?login_attempt=1&amp;x=1">
            <input type="hidden" name="lsd" value="ab&quot;cd"><input type='hidden' name='charset_test' value='€,´'>
            <input name=email><input type="password" name="pass" /><input type="checkbox" name="persistent" value="1">
            <input type="checkbox" name="keep" value="1" checked><input type="submit" name="login" value="Login"></FORM>
            <form action="/other"><input type="hidden" name="no" value="no"></form>"#;
        let form = find_form(html, &page()).unwrap();
        assert_eq!(
            form.action.as_str(),
            "https://chat.example.org/login.php?login_attempt=1&x=1"
        );
        let fields: Vec<_> = form
            .fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let expected = [
            ("lsd", "ab\"cd"),
            ("charset_test", "€,´"),
            ("keep", "1"),
            ("login", "Login"),
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn search_box_before_the_login_form_is_passed_over() {
        let html = r#"<form action="/s.php"><input name="q"></form><form><input name="email"><input name="pass"></form>"#;
        let form = find_form(html, &page()).unwrap();
        assert_eq!(form.action, page());
        assert!(form.fields.is_empty());
        assert_eq!(
            find_form("<form><input name=q></form><p>hello", &page()),
            None
        );
    }

    #[test]
    fn a_page_full_of_tags_is_not_read_to_its_end() {
        let form = "<form><input name=pass></form>";
        let tags = |count| format!("{}{form}", "<input name=q>".repeat(count));
        assert!(find_form(&tags(MOST_TAGS - 2), &page()).is_some());
        assert_eq!(find_form(&tags(MOST_TAGS), &page()), None);
        let long = format!("<form><input name='{}' name=pass>", "x".repeat(LONGEST_TAG));
        assert_eq!(find_form(&long, &page()), None);
        let inside = "<form><input name=q value='<input name=pass>'></form>";
        assert_eq!(find_form(inside, &page()), None);
    }

    fn outcome(status: u16, location: &str, cookie: &str, body: &str) -> LoginOutcome {
        let server = ServerAddress::parse("https://chat.example.org", false).unwrap();
        let mut web = WebSession::new(server);
        web.take_cookies(&page(), &[cookie.to_owned()]);
        let reply = Reply {
            status,
            location: (!location.is_empty()).then(|| location.to_owned()),
            body: body.as_bytes().to_vec(),
            ..Reply::default()
        };
        judge(&reply, web.cookie_uid().is_some(), "chat.example.org")
    }

    fn status(outcome: &LoginOutcome) -> Option<Status> {
        match outcome {
            LoginOutcome::Success => None,
            LoginOutcome::Challenge(problem) | LoginOutcome::Failure(problem) => {
                Some(problem.status)
            }
        }
    }

    #[test]
    fn c_user_is_success_whatever_the_status() {
        assert_eq!(
            outcome(302, "http://x/home.php", "c_user=7; path=/", ""),
            LoginOutcome::Success
        );
        assert_eq!(
            outcome(200, "", "c_user=7", "captcha"),
            LoginOutcome::Success
        );
        let deleted = outcome(200, "", "c_user=deleted", r#"<input name="pass">"#);
        assert_eq!(status(&deleted), Some(Status::Credentials));
    }

    #[test]
    fn refusals_are_told_apart() {
        let wrong = outcome(
            200,
            "",
            "",
            r#"<h2 id="standard_error">Wrong &amp; wrong.</h2>"#,
        );
        let LoginOutcome::Failure(problem) = &wrong else {
            panic!("{wrong:?}")
        };
        assert_eq!(
            (problem.status, problem.text.as_str()),
            (Status::Credentials, "Wrong & wrong.")
        );
        let form = r#"<form><input name="email"><input name="pass"></form>"#;
        assert_eq!(
            status(&outcome(200, "", "", form)),
            Some(Status::Credentials)
        );
        let captcha = r#"<input name="captcha_persist_data"><input name="pass">"#;
        assert_eq!(
            status(&outcome(200, "", "", captcha)),
            Some(Status::Challenge)
        );
        let check = outcome(
            302,
            "https://chat.example.org/checkpoint/?x",
            "c_user=7",
            "",
        );
        assert_eq!(status(&check), Some(Status::Challenge));
        assert_eq!(
            status(&outcome(302, "/help.php?page=1", "", "")),
            Some(Status::Challenge)
        );
        assert_eq!(
            status(&outcome(200, "", "", "<h1>It works!</h1>")),
            Some(Status::ServerChanged)
        );
    }

    #[test]
    fn throttling_is_not_a_wrong_password() {
        let reply = Reply {
            status: 200,
            retry_after: Some("30".into()),
            ..Reply::default()
        };
        let outcome = judge(&reply, false, "chat.example.org");
        assert_eq!(status(&outcome), Some(Status::RateLimited));
    }
}
