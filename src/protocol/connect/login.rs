//! The web login: the form on the login page, and what the reply to it means (docs/protocol.md, Logging in).

use crate::protocol::answer::not_a_chat_server;
use crate::protocol::wire::exchange::Reply;
use crate::protocol::wire::html::unescape;
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

fn pattern(source: &str) -> Regex {
    #[allow(clippy::expect_used)]
    Regex::new(source).expect("a literal pattern compiles")
}

/// A tag with its attributes; quoted values may contain `>`.
static TAG: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"<(/?[fF][oO][rR][mM]|[iI][nN][pP][uU][tT]|[bB][uU][tT][tT][oO][nN])((?:[^>"']|"[^"]*"|'[^']*')*)>"#,
    )
});

static ATTRIBUTE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"([A-Za-z_:-]+)(?:[ \t\r\n]*=[ \t\r\n]*(?:"([^"]*)"|'([^']*)'|([^ \t\r\n>"']+)))?"#)
});

static ERROR_TEXT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"id="standard_error"[^>]*>([^<]{1,500})<"#));

/// The value of an attribute, HTML-unescaped; empty if it has none.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let found = ATTRIBUTE.captures_iter(attributes).find(|found| {
        found
            .get(1)
            .is_some_and(|found| found.as_str().eq_ignore_ascii_case(name))
    })?;
    let value = found.get(2).or(found.get(3)).or(found.get(4));
    let value = value.map_or("", |value| value.as_str());
    Some(unescape(value))
}

/// Finds the login form: the first one on the page that asks for a password. In 2008 that was the first form; other pages have
/// a search box before it.
pub fn find_form(html: &str, page: &Url) -> Option<LoginForm> {
    let mut form: Option<LoginForm> = None;
    let mut has_password = false;
    for found in TAG.captures_iter(html) {
        let tag = found.get(1).map_or("", |tag| tag.as_str());
        let attributes = found.get(2).map_or("", |attributes| attributes.as_str());
        if tag.eq_ignore_ascii_case("form") {
            if has_password {
                break;
            }
            let action = attribute(attributes, "action").unwrap_or_default();
            form = page.join(&action).ok().map(|action| LoginForm {
                action,
                fields: Vec::new(),
            });
        } else if tag.eq_ignore_ascii_case("/form") {
            if has_password {
                break;
            }
            form = None;
        } else if let (Some(form), Some(name)) = (&mut form, attribute(attributes, "name")) {
            let kind = attribute(attributes, "type")
                .unwrap_or_default()
                .to_ascii_lowercase();
            let value = attribute(attributes, "value").unwrap_or_default();
            match (name.as_str(), kind.as_str()) {
                ("pass", _) => has_password = true,
                ("email", _) => {}
                (_, "checkbox" | "radio") if attribute(attributes, "checked").is_none() => {}
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
    let said = ERROR_TEXT.captures(&html).and_then(|found| {
        let text = unescape(found.get(1)?.as_str()).trim().to_owned();
        (!text.is_empty()).then_some(text)
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
