//! The page behind the login, in the layouts of the years.

use super::model::Model;

/// How the page looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// As `fbchatd` writes it, announcement and all.
    Own,
    Old,
    July2008,
    HiddenUser,
    October2009,
    /// November 2008: no channel on the page, so reconnect.php has to tell it.
    NoChannel,
    /// The pop-out page has no token, the home page has.
    TokenAtHome,
}

impl Model {
    pub fn page(&self, uid: u64, token: &str, home: bool) -> String {
        let form_id = format!(
            r#"<input type="hidden" id="post_form_id" name="post_form_id" value="{token}" />"#
        );
        let channel = r#"iframeLoad("/iframe/7.js", "channel07", 80)"#;
        match self.layout {
            Layout::Own => format!(
                r#"<meta name="fbchat" content="{{&quot;channel&quot;:&quot;/&quot;,&quot;batch&quot;:100,&quot;presence&quot;:true,&quot;message_limit&quot;:50,&quot;send_batch&quot;:100,&quot;resume&quot;:true{}}}" />{form_id}{channel}"#,
                self.people.announced.replace('"', "&quot;")
            ),
            Layout::Old => format!(
                r#"<a href="http://x/profile.php?id={uid}" class="profile_nav_link">Profile</a>{form_id}{channel}"#
            ),
            Layout::July2008 => format!(
                r#"<div id="fb_menu_profile" class="fb_menu"><div class="fb_menu_title"><a href="http://x/profile.php?id={uid}">P</a>{form_id}{channel}"#
            ),
            Layout::HiddenUser => format!(
                r#"<input type="hidden" id="user" name="user" value="{uid}" />{form_id}{channel}"#
            ),
            Layout::October2009 => format!(
                r#"new Presence("{uid}", 1); post_form_id:"{token}", fb_dtsg:"x"; channel01 channel07"#
            ),
            Layout::TokenAtHome if home => {
                format!(r#"new Presence("{uid}", 1); {form_id}{channel}"#)
            }
            Layout::TokenAtHome => format!(r#"new Presence("{uid}", 1); {channel}"#),
            Layout::NoChannel => format!(r#"new Presence("{uid}", 1); {form_id}"#),
        }
    }
}
