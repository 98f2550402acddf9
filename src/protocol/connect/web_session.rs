//! The web session: the server's address, the cookies, and what the pages told, which is the user's number, the tokens for
//! writes and what the server offers.

use crate::protocol::wire::cookies::Cookies;
use crate::protocol::wire::endpoints::ServerAddress;
use crate::protocol::wire::page::{self, Page};
use crate::protocol::wire::request::Request;
use crate::types::{Feature, Features, Uid};
use url::Url;

/// Message limit of servers that announce none (docs/protocol.md, Messages).
const OLD_MESSAGE_LIMIT: usize = 999;
/// Largest picture where the server announces no limit, in bytes.
const PICTURE_LIMIT: u64 = 1 << 20;
/// Maximum size of a file in bytes, if the server does not announce one.
const DEFAULT_FILE_LIMIT: u64 = 1 << 20;

/// What a page was good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageContent {
    /// It is not a chat page.
    Nothing,
    /// Everything but the token for writes; another page may have it.
    WithoutToken,
    /// Everything that is needed.
    Complete,
}

/// Whether the tokens for writes can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tokens {
    Fresh,
    /// They were refused, and nothing has been done about it yet.
    Refused,
    /// New ones are on their way.
    Expected,
}

/// See the module.
#[derive(Debug)]
pub struct WebSession {
    server: ServerAddress,
    cookies: Cookies,
    uid: Option<Uid>,
    page: Page,
    tokens: Tokens,
}

impl WebSession {
    pub fn new(server: ServerAddress) -> Self {
        WebSession {
            server,
            cookies: Cookies::default(),
            uid: None,
            page: Page::default(),
            tokens: Tokens::Fresh,
        }
    }

    /// Continues with what another session has saved.
    pub fn restore(&mut self, server: &Url, uid: Uid, cookies: &[String]) {
        self.server.move_to(server);
        self.cookies.take(server, cookies);
        self.uid = Some(uid);
        self.tokens = Tokens::Expected;
    }

    /// Forgets the user, after a login that came to nothing.
    pub fn forget_user(&mut self) {
        self.uid = None;
        self.page = Page::default();
        self.tokens = Tokens::Fresh;
        self.forget_login();
    }

    /// Forgets the cookies of the login.
    pub fn forget_login(&mut self) {
        self.cookies.remove("c_user");
        self.cookies.remove("xs");
    }

    /// Forgets all secrets.
    pub fn clear(&mut self) {
        self.cookies = Cookies::default();
        self.page = Page::default();
    }

    pub fn server(&self) -> &ServerAddress {
        &self.server
    }

    /// How sentences name the server.
    pub fn label(&self) -> String {
        self.server.label()
    }

    /// From now on everything goes to this address, if it is trusted.
    pub fn move_to(&mut self, url: &Url) {
        self.server.move_to(url);
    }

    /// The user's own number, once it is known.
    pub fn uid(&self) -> Option<Uid> {
        self.uid
    }

    pub fn take_cookies(&mut self, url: &Url, headers: &[String]) {
        self.cookies.take(url, headers);
    }

    /// Sets a cookie as if the server had, unless it did.
    pub fn preset_cookie(&mut self, url: &Url, name: &str, value: &str) {
        self.cookies.preset(url, name, value);
    }

    /// The `Cookie` header for a request.
    pub fn cookie_header(&self, url: &Url) -> Option<String> {
        self.cookies.header(url)
    }

    /// The cookies in the form that [`WebSession::restore`] takes.
    pub fn saved_cookies(&self) -> Vec<String> {
        self.cookies.save()
    }

    /// The user's number as the login's cookie has it.
    pub fn cookie_uid(&self) -> Option<Uid> {
        let uid = self.cookies.get("c_user")?.parse().ok();
        uid.filter(|&uid| uid > 0).map(Uid)
    }

    /// Takes over what a page tells. Also returns the address of the channel, if the page names it.
    pub fn take_page(&mut self, html: &str, url: &Url) -> (PageContent, Option<Url>) {
        let page = page::scrape(html);
        if page.uid.is_none() && page.post_form_id.is_none() && page.extensions.is_none() {
            return (PageContent::Nothing, None);
        }
        let Some(uid) = self.cookie_uid().or(page.uid.map(Uid)) else {
            return (PageContent::Nothing, None);
        };
        self.uid = Some(uid);
        let announced = page
            .extensions
            .as_ref()
            .and_then(|own| own.channel.0.as_deref());
        let channel = announced
            .and_then(|reference| self.server.channel_at_reference(url, reference))
            .or_else(|| self.server.channel_at_label(page.channel.as_deref()?));
        let content = match page.post_form_id {
            Some(_) => PageContent::Complete,
            None => PageContent::WithoutToken,
        };
        self.page.post_form_id = page.post_form_id.or(self.page.post_form_id.take());
        self.page.fb_dtsg = page.fb_dtsg.or(self.page.fb_dtsg.take());
        self.page.extensions = page.extensions.or(self.page.extensions.take());
        if content == PageContent::Complete {
            self.tokens = Tokens::Fresh;
        }
        (content, channel)
    }

    /// True if writes can be made: the user is known and the tokens are valid as far as we know.
    pub fn may_write(&self) -> bool {
        self.uid.is_some() && self.tokens == Tokens::Fresh
    }

    /// The server has refused the tokens; false if that was known.
    pub fn tokens_refused(&mut self) -> bool {
        let news = self.tokens == Tokens::Fresh;
        if news {
            self.tokens = Tokens::Refused;
        }
        news
    }

    /// True if somebody has to fetch new tokens.
    pub fn needs_tokens(&self) -> bool {
        self.tokens == Tokens::Refused
    }

    /// New tokens are being fetched.
    pub fn tokens_expected(&mut self) {
        self.tokens = Tokens::Expected;
    }

    /// The tokens are the right ones, or the server wants none.
    pub fn tokens_work(&mut self) {
        self.tokens = Tokens::Fresh;
    }

    /// A GET of a path of the server, which begins with `/` and may have a query.
    pub fn get(&self, path: &str) -> Request {
        Request::get(self.server.at(path))
    }

    /// A GET of an extension: the name behind `/ajax/fbchat/`, with its query.
    pub fn get_extension(&self, call: &str) -> Request {
        let joint = if call.contains('?') { '&' } else { '?' };
        self.get(&format!("/ajax/fbchat/{call}{joint}__a=1"))
    }

    /// A POST to a path of the server; the tokens of docs/protocol.md, Conventions are added.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Request {
        let mut all = fields.to_vec();
        all.push(("post_form_id", self.form_id()));
        all.push(("post_form_id_source", "AsyncRequest"));
        if let Some(dtsg) = &self.page.fb_dtsg {
            all.push(("fb_dtsg", dtsg));
        }
        all.push(("__a", "1"));
        Request::form(self.server.at(path), &all)
    }

    /// The token for writes; "0" without one.
    pub fn form_id(&self) -> &str {
        self.page.post_form_id.as_deref().unwrap_or("0")
    }

    /// The full address of a picture, from what lists and items say.
    pub fn picture_url(&self, reference: &str) -> Option<String> {
        let url = self.server.origin().join(reference).ok()?;
        (!reference.is_empty()).then(|| url.into())
    }

    /// The full address of a file for people: the one that the server sends, if it is a web address, else the usual one.
    pub fn file_url(&self, reference: &str, id: &str, name: &str) -> String {
        let origin = self.server.origin();
        let told = origin.join(reference).ok().filter(|url| {
            !reference.is_empty()
                && matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
        });
        let url = told.unwrap_or_else(|| {
            let mut url = origin.clone();
            if let Ok(mut path) = url.path_segments_mut() {
                let name = if name.is_empty() { "file" } else { name };
                path.clear().extend(["files", id, name]);
            }
            url
        });
        url.into()
    }

    /// True if messages can have files.
    pub fn has_files(&self) -> bool {
        self.features().has(Feature::Files)
    }

    /// Maximum size of a file in bytes; 0 if the server does not accept files.
    pub fn file_limit(&self) -> u64 {
        let announced = self.page.extensions.as_ref().filter(|_| self.has_files());
        announced.map_or(0, |own| own.file_limit.id().unwrap_or(DEFAULT_FILE_LIMIT))
    }

    /// What the server offers, as far as its page says.
    pub fn features(&self) -> Features {
        let announced = self.page.extensions.as_ref();
        announced.map_or_else(Features::default, |own| own.features())
    }

    /// Greatest length of a message in Unicode scalar values.
    pub fn message_limit(&self) -> usize {
        let announced = self.page.extensions.as_ref();
        let limit = announced.and_then(|own| own.message_limit.id());
        limit
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(OLD_MESSAGE_LIMIT)
    }

    /// Greatest length of a status in Unicode scalar values, if the server announces it.
    pub fn status_limit(&self) -> Option<u64> {
        self.page.extensions.as_ref()?.status_limit.id()
    }

    /// Greatest size of a picture for uploads in bytes, if the server announces it.
    pub fn upload_limit(&self) -> Option<u64> {
        self.page.extensions.as_ref()?.picture_limit.id()
    }

    /// Greatest size of a picture that is downloaded, in bytes.
    pub fn picture_limit(&self) -> usize {
        let limit = self.upload_limit().unwrap_or(PICTURE_LIMIT);
        usize::try_from(limit).unwrap_or(usize::MAX)
    }

    /// Greatest number of items in one reply of the channel, if the server lets clients choose.
    pub fn batch_limit(&self) -> Option<u64> {
        self.page.extensions.as_ref()?.batch.id()
    }

    /// Greatest number of messages in one post, if the server takes several.
    pub fn send_batch(&self) -> Option<u64> {
        self.page.extensions.as_ref()?.send_batch.id()
    }

    /// True if changes of presence come over the channel.
    pub fn presence_is_pushed(&self) -> bool {
        let announced = self.page.extensions.as_ref();
        announced.is_some_and(|own| own.presence.0 == Some(true))
    }

    /// True if the channel can be asked without waiting (`wait=0`).
    pub fn can_poll_without_waiting(&self) -> bool {
        let announced = self.page.extensions.as_ref();
        announced.is_some_and(|own| own.resume.0 == Some(true))
    }
}
