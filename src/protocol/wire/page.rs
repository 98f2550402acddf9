//! Reads what a client needs out of the pages behind the login, in every layout from 2008 to 2010 (docs/protocol.md, Logging
//! in).
//!
//! The patterns accept missing blanks, which proxies removed, escaped quotes, further attributes and `&amp;`.

use crate::protocol::wire::html::unescape;
use crate::protocol::wire::json::{Flag, Int, Text};
use crate::protocol::wire::pattern::Pattern;
use crate::types::{Feature, Features};
use serde::Deserialize;
use std::sync::LazyLock;

/// What one page says. Every part may be missing; the newest pattern that matches wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Whose page it is.
    pub uid: Option<u64>,
    /// Anti-CSRF token for every write.
    pub post_form_id: Option<String>,
    /// The second token, since autumn 2009.
    pub fb_dtsg: Option<String>,
    /// The channel's host label, which is opaque.
    pub channel: Option<String>,
    /// What an fbchat server announces.
    pub extensions: Option<Extensions>,
}

/// The content of `<meta name="fbchat">`: features beyond the protocol of 2008. Old clients ignore it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Extensions {
    /// The address of the channel, relative to the page.
    pub channel: Text,
    /// Greatest number of items in one channel reply, for clients that ask for more than one.
    pub batch: Int,
    /// Changes of presence come over the channel.
    pub presence: Flag,
    /// Greatest length of a message in Unicode scalar values.
    pub message_limit: Int,
    /// Greatest number of messages in one post.
    pub send_batch: Int,
    /// Cookies and sequence number are enough to resume a session, and `wait=0` asks the channel without waiting.
    pub resume: Flag,
    /// Greatest size of a picture in bytes.
    pub picture_limit: Int,
    /// Greatest length of a status in Unicode scalar values.
    pub status_limit: Int,
    /// Maximum size of a file in bytes.
    pub file_limit: Int,
    friends: Flag,
    pictures: Flag,
    status: Flag,
    profile: Flag,
    search: Flag,
    notifications: Flag,
    history: Flag,
    poke: Flag,
    name: Flag,
    block: Flag,
    groups: Flag,
    files: Flag,
    password: Flag,
    registration: Text,
}

impl Extensions {
    /// The features of the server that hosts can see.
    pub fn features(&self) -> Features {
        let registration = matches!(self.registration.0.as_deref(), Some("open" | "invite"));
        let announced = [
            (self.friends.0, Feature::Friends),
            (self.pictures.0, Feature::Pictures),
            (self.status.0, Feature::Status),
            (self.profile.0, Feature::Profile),
            (self.search.0, Feature::Search),
            (self.notifications.0, Feature::Notifications),
            (self.history.0, Feature::History),
            (self.poke.0, Feature::Poke),
            (self.password.0, Feature::Password),
            (Some(registration), Feature::Registration),
            (self.name.0, Feature::Name),
            (self.block.0, Feature::Block),
            (self.groups.0, Feature::Groups),
            (self.files.0, Feature::Files),
        ];
        let there = announced.iter().filter(|(flag, _)| *flag == Some(true));
        Features(there.fold(0, |set, (_, feature)| set | *feature as u32))
    }
}

fn patterns<const N: usize>(sources: [(&'static str, &str); N]) -> [Pattern; N] {
    sources.map(Pattern::new)
}

static UID: LazyLock<[Pattern; 5]> = LazyLock::new(|| {
    patterns([
        // Popout and home of October 2009.
        ("Presence(", r#"Presence\([ ]*\\?["']([0-9]+)\\?["']"#),
        // Hidden input of the July 2008 layout.
        (
            r#"="user""#,
            r#"<input[^>]+(?:id|name)="user"[^>]+value="([0-9]+)""#,
        ),
        // Old layout, until July 2008.
        (
            r#"class="profile_nav_link""#,
            r#"<a[^>]+profile\.php\?id=([0-9]+)[^"]*"[^>]*class="profile_nav_link""#,
        ),
        // July 2008 layout.
        (
            r#"id="fb_menu_profile""#,
            r#"id="fb_menu_profile"[^>]*>[^<]*<div[^>]*>[^<]*<a[^>]+profile\.php\?id=([0-9]+)"#,
        ),
        // 2008 to 2009.
        (
            r#"ref=profile""#,
            r#"profile\.php\?id=([0-9]+)&(?:amp;)?ref=profile"[^>]*>[ ]*Profile"#,
        ),
    ])
});

static POST_FORM_ID: LazyLock<[Pattern; 3]> = LazyLock::new(|| {
    let attribute = r#"="post_form_id""#;
    patterns([
        (
            attribute,
            r#"(?:id|name)="post_form_id"[^>]*value="([^"]+)""#,
        ),
        (attribute, r#"value="([^"]+)"[^>]*name="post_form_id""#),
        (
            "post_form_id",
            r#"post_form_id\\?["']?[ ]*:[ ]*\\?["']([0-9A-Za-z_-]+)"#,
        ),
    ])
});

static FB_DTSG: LazyLock<[Pattern; 2]> = LazyLock::new(|| {
    patterns([
        (r#"name="fb_dtsg""#, r#"name="fb_dtsg"[^>]*value="([^"]+)""#),
        ("fb_dtsg", r#"fb_dtsg\\?["']?[ ]*:[ ]*\\?["']([^"'\\]+)"#),
    ])
});

/// The last one on the page counts, since scripts name other channels before it.
static CHANNEL: LazyLock<[Pattern; 3]> = LazyLock::new(|| {
    patterns([
        // An argument of iframeLoad, behind the iframe's script; the label may contain dots since 2010.
        (
            "channel",
            r#"\.js\\?"[ ]*,[ ]*\\?"([A-Za-z0-9.-]*channel[A-Za-z0-9.-]*)\\?""#,
        ),
        // Anywhere else.
        ("channel", r#""(channel[0-9]{1,4})\\?""#),
        ("channel", r"(channel[0-9]{1,4})"),
    ])
});

/// What is before and behind the extensions.
const META: (&str, char) = (r#"<meta name="fbchat" content=""#, '"');
/// Longer extensions are ignored, in bytes.
const LONGEST_META: usize = 4096;

/// What the first pattern that matches finds.
fn first(patterns: &[Pattern], html: &str) -> Option<String> {
    patterns.iter().find_map(|pattern| pattern.first(html))
}

fn extensions(html: &str) -> Option<Extensions> {
    let (start, end) = META;
    let (_, behind) = html.split_once(start)?;
    let (content, _) = behind.split_once(end)?;
    let json = unescape(Some(content).filter(|content| content.len() <= LONGEST_META)?);
    serde_json::from_str(&json).ok()
}

/// Reads a page.
pub fn scrape(html: &str) -> Page {
    let uid = first(&*UID, html)
        .and_then(|digits| digits.parse().ok())
        .filter(|&uid| uid > 0);
    Page {
        uid,
        post_form_id: first(&*POST_FORM_ID, html),
        fb_dtsg: first(&*FB_DTSG, html),
        channel: CHANNEL.iter().find_map(|pattern| pattern.last(html)),
        extensions: extensions(html),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM_ID: &str = r#"<input type="hidden" id="post_form_id" name="post_form_id" value="297fdbad61d3b1d88f0c311cda25bbbc" />"#;

    fn channel(html: &str) -> Option<String> {
        scrape(html).channel
    }

    #[test]
    fn layout_until_july_2008() {
        let page = scrape(&format!(
            r#"<a href="http://www.facebook.com/profile.php?id=1005" class="profile_nav_link">Profile</a>{FORM_ID}
               <script>channelManager.iframeLoad("/iframe/7.js", "channel07", 80, true)</script>"#
        ));
        assert_eq!(page.uid, Some(1005));
        assert_eq!(
            page.post_form_id.as_deref(),
            Some("297fdbad61d3b1d88f0c311cda25bbbc")
        );
        assert_eq!(page.channel, Some("channel07".to_owned()));
        assert_eq!(page.fb_dtsg, None);
        assert_eq!(page.extensions, None);
    }

    #[test]
    fn layout_of_july_2008() {
        let html = r#"<div id="fb_menu_profile" class="fb_menu"><div class="fb_menu_title"><a href="http://www.new.facebook.com/profile.php?id=1006">P</a>"#;
        assert_eq!(scrape(html).uid, Some(1006));
        let html =
            r#"<a href="http://www.facebook.com/profile.php?id=1007&amp;ref=profile">Profile</a>"#;
        assert_eq!(scrape(html).uid, Some(1007));
        let html =
            r#"<input type="hidden" id="user" name="user" value="1008" autocomplete="off" />"#;
        assert_eq!(scrape(html).uid, Some(1008));
    }

    #[test]
    fn layout_of_october_2009() {
        let page = scrape(
            r#"var a="channel01x"; new Presence("100000000000009", "x"); post_form_id:"abc", fb_dtsg:"d-t:s_g",
               x = "channel12" + "channel26";"#,
        );
        assert_eq!(page.uid, Some(100_000_000_000_009));
        assert_eq!(page.post_form_id.as_deref(), Some("abc"));
        assert_eq!(page.fb_dtsg.as_deref(), Some("d-t:s_g"));
        assert_eq!(page.channel.unwrap(), "channel26");
    }

    #[test]
    fn channel_is_found_in_every_quoting() {
        assert_eq!(
            channel(r#"f("/i/1.js","channel01",80)"#).unwrap(),
            "channel01"
        );
        assert_eq!(
            channel(r#"f(\"/i/1.js\", \"channel02\", 80)"#).unwrap(),
            "channel02"
        );
        assert_eq!(
            channel(r#"f("/i/1.js", "100.channel", 80) channel99"#).unwrap(),
            "100.channel"
        );
        assert_eq!(
            channel(r#"src=x.channel05.y z.channel06.w"#).unwrap(),
            "channel06"
        );
        assert_eq!(channel("no such thing"), None);
    }

    #[test]
    fn announcement_is_unescaped_and_odd_members_are_absent() {
        let page = scrape(
            r#"<meta name="fbchat" content="{&quot;channel&quot;:&quot;\/&quot;,&quot;batch&quot;:100,&quot;presence&quot;:true,&quot;message_limit&quot;:[],&quot;friends&quot;:true,&quot;poke&quot;:1,&quot;search&quot;:false,&quot;registration&quot;:&quot;invite&quot;}" />"#,
        );
        let extensions = page.extensions.unwrap();
        assert_eq!(extensions.channel.0.as_deref(), Some("/"));
        assert_eq!(extensions.batch.0, Some(100));
        assert_eq!(extensions.presence.0, Some(true));
        assert_eq!(extensions.message_limit.0, None);
        let there = [Feature::Friends, Feature::Poke, Feature::Registration];
        let there = there.iter().fold(0, |set, feature| set | *feature as u32);
        assert_eq!(extensions.features(), Features(there));
    }

    #[test]
    fn a_page_of_something_else_tells_nothing() {
        assert_eq!(
            scrape("<html><title>It works!</title></html>"),
            Page::default()
        );
        assert_eq!(scrape(&"<input ".repeat(100_000)), Page::default());
        assert_eq!(scrape(r#"Presence("0")"#).uid, None);
        assert_eq!(scrape(r#"Presence("99999999999999999999999")"#).uid, None);
    }
}
