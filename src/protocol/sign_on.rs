//! The first steps: what login page and chat page bring, and what the host is told when all of it is there.

use super::call::Call;
use super::exchange::Reply;
use super::link::Step;
use super::login;
use super::page::{self, Page};
use super::session::{Credentials, Now, Session};
use super::wire;
use crate::types::{Event, Uid};
use url::Url;

/// What a page was good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is none of the server's chat pages.
    Nothing,
    /// All but the token for writes; another page may have it.
    WithoutToken,
    /// All that is needed.
    Whole,
}

impl Session {
    pub(super) fn login_page_reply(&mut self, now: Now, url: &Url, reply: &Reply) {
        let html = wire::body_text(&reply.body);
        let form = login::find_form(&html, url);
        let form = form.filter(|form| self.config.server.trusts(&form.action));
        let account = self.account.as_ref();
        let credentials = account.and_then(|account| account.credentials.clone());
        let (Some(form), Some(credentials)) = (form, credentials) else {
            let why = match reply.status {
                200 => "there is no login form at /login.php".to_owned(),
                status => format!("HTTP status {status} at /login.php"),
            };
            let problem = login::not_ours(&self.server(), &why);
            // Behind a captive portal the server itself may be fine, but only a first login should say so at once.
            return self.failed(now, Step::LoginPage, problem, true);
        };
        if self.register(now) {
            return;
        }
        let Credentials { email, password } = credentials;
        self.cookies.preset(url, "test_cookie", "1");
        let mut fields: Vec<(&str, &str)> = form
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        fields.push(("email", &email));
        fields.push(("pass", password.reveal()));
        self.post_form(
            now,
            Call::Link(Step::LoginPost),
            form.action.clone(),
            &fields,
        );
    }

    /// Reads a page and takes over what it tells.
    pub(super) fn take_page(&mut self, html: &str, url: &Url) -> Taken {
        let page = page::scrape(html);
        if page.uid.is_none() && page.post_form_id.is_none() && page.extensions.is_none() {
            return Taken::Nothing;
        }
        let by_cookie = self.cookies.get("c_user").and_then(|uid| uid.parse().ok());
        let Some(uid) = by_cookie.or(page.uid).filter(|&uid| uid > 0) else {
            return Taken::Nothing;
        };
        self.uid = Some(Uid(uid));
        let server = self.config.server.clone();
        let announced = page
            .extensions
            .as_ref()
            .and_then(|own| own.channel.0.as_deref());
        let channel = announced
            .and_then(|reference| server.channel_at_reference(url, reference))
            .or_else(|| {
                let (label, port) = page.channel.as_ref()?;
                server.channel_at_label(label, *port)
            });
        self.channel = channel.or(self.channel.take());
        let Page {
            post_form_id,
            fb_dtsg,
            extensions,
            ..
        } = page;
        let taken = match post_form_id {
            Some(_) => Taken::Whole,
            None => Taken::WithoutToken,
        };
        self.page.post_form_id = post_form_id.or(self.page.post_form_id.take());
        self.page.fb_dtsg = fb_dtsg.or(self.page.fb_dtsg.take());
        self.page.extensions = extensions.or(self.page.extensions.take());
        self.tokens_stale &= taken != Taken::Whole;
        taken
    }

    pub(super) fn page_reply(&mut self, now: Now, step: Step, url: &Url, reply: &Reply) {
        let taken = match reply.status {
            200 => self.take_page(&wire::body_text(&reply.body), url),
            _ => Taken::Nothing,
        };
        match (step, taken) {
            (_, Taken::Whole) | (Step::Home, Taken::WithoutToken) => {
                // Servers of early 2008 asked for none.
                self.tokens_stale = false;
                return self.begin(now, Step::Visibility);
            }
            (Step::Popout, _) => return self.begin(now, Step::Home),
            _ => {}
        }
        let problem = login::not_ours(&self.server(), "its pages are none of a chat server's");
        self.failed(now, step, problem, false);
    }

    /// Everything that a host waits for at login is there.
    pub(super) fn login_done(&mut self, now: Now) {
        let request = self
            .account
            .as_mut()
            .and_then(|account| account.unanswered.take());
        if let (Some(request), Some(uid)) = (request, self.uid) {
            let name = self.buddies.own_name().unwrap_or_default().to_owned();
            let message_limit = self.message_limit();
            self.emit(Event::LoggedIn {
                request,
                uid,
                name,
                message_limit,
                features: self.features(),
            });
            self.tell_buddy_list(None);
            self.may_log_in_again = true;
        }
        self.ask_friend_requests(now);
        match (&self.channel, self.seq) {
            (Some(_), Some(_)) if self.stale == 0 => self.begin(now, Step::Poll),
            (Some(_), None) => self.begin(now, Step::Probe),
            _ => self.begin(now, Step::Reconnect),
        }
    }
}
