//! Messages and the buddy list as text. Text from others is sanitized here.

use crate::buddy_list::BuddyList;
use crate::sanitize::sanitize;
use fbchat::types::{Buddy, Message, Origin, Presence, UnixMillis};
use jiff::{Timestamp, Zoned};
use unicode_width::UnicodeWidthStr;

/// Longer names do not widen their column.
const MAX_NAME_WIDTH: usize = 30;

/// A sanitized text of several lines, all but the first indented so that none looks like a new message.
fn indented(text: &str) -> String {
    let text = text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\t', "    ");
    let lines: Vec<String> = text.trim_end().split('\n').map(sanitize).collect();
    lines.join("\n        ")
}

/// `[14:03] Bob Example: text`, or `[14:03] * Bob Example waves` for `/me waves`; with the date if it is not today's.
pub fn message(message: &Message, buddy_list: &BuddyList) -> String {
    match message.origin {
        // Sent by the same user elsewhere: shows the recipient.
        Origin::OwnElsewhere => line(
            message,
            buddy_list,
            &format!(" → {}", buddy_list.name(message.to)),
        ),
        Origin::Incoming => line(message, buddy_list, ""),
    }
}

/// The same in the history of one conversation, where the recipient is clear.
pub fn history_message(message: &Message, buddy_list: &BuddyList) -> String {
    line(message, buddy_list, "")
}

fn line(message: &Message, buddy_list: &BuddyList, to: &str) -> String {
    let from = match sanitize(&message.from_name) {
        name if name.is_empty() => buddy_list.name(message.from),
        name => name,
    };
    let time = clock(message.time, &Zoned::now());
    match action(&message.text) {
        Some(action) if to.is_empty() => format!("[{time}] * {from} {}", indented(action)),
        Some(action) => format!("[{time}] * {from}{to}: {}", indented(action)),
        None => format!("[{time}] {from}{to}: {}", indented(&message.text)),
    }
}

/// What follows `/me` in a text that says what its author does. As libpurple does, this ignores case.
fn action(text: &str) -> Option<&str> {
    let (me, action) = text.split_once(' ')?;
    (me.eq_ignore_ascii_case("/me") && !action.trim().is_empty()).then_some(action)
}

fn clock(time: UnixMillis, now: &Zoned) -> String {
    let Ok(time) = Timestamp::from_millisecond(time) else {
        return "--:--".to_owned();
    };
    let time = time.to_zoned(now.time_zone().clone());
    let form = if time.date() == now.date() {
        "%H:%M"
    } else {
        "%Y-%m-%d %H:%M"
    };
    time.strftime(form).to_string()
}

/// The buddy list, online first, in columns.
pub fn buddies(buddy_list: &BuddyList) -> String {
    let all = buddy_list.sorted();
    if all.is_empty() {
        return "Your buddy list is empty.".to_owned();
    }
    let online = all
        .iter()
        .filter(|buddy| buddy.presence != Presence::Offline)
        .count();
    let widest = all
        .iter()
        .map(|buddy| buddy.name.width())
        .max()
        .unwrap_or(0)
        .min(MAX_NAME_WIDTH);
    let mut lines = vec![format!("Buddies ({online} of {} online):", all.len())];
    for buddy in all {
        let pad = " ".repeat(widest.saturating_sub(buddy.name.width()));
        let (name, uid) = (&buddy.name, buddy.uid);
        let status = match buddy.status_text.as_deref().map(sanitize) {
            Some(text) if !text.is_empty() => format!("  {text}"),
            _ => String::new(),
        };
        lines.push(format!(
            "  {name}{pad}  {:<7}  {uid}{status}",
            presence(buddy)
        ));
    }
    lines.join("\n")
}

/// `online`, `idle` or `offline`.
pub fn presence(buddy: &Buddy) -> &'static str {
    match buddy.presence {
        Presence::Active => "online",
        Presence::Idle => "idle",
        Presence::Offline => "offline",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buddy_list::tests::buddy_list;
    use fbchat::types::Uid;

    fn from_bob(text: &str) -> Message {
        Message {
            from: Uid(1002),
            to: Uid(1001),
            in_group: false,
            notice: None,
            from_name: "Bob Example".to_owned(),
            to_name: String::new(),
            text: text.to_owned(),
            time: Timestamp::now().as_millisecond(),
            message_id: String::new(),
            origin: Origin::Incoming,
            replayed: false,
        }
    }

    fn shown(text: &str) -> String {
        let line = message(&from_bob(text), &buddy_list());
        line.split_once("] ").unwrap().1.to_owned()
    }

    #[test]
    fn messages_show_name_and_text() {
        let text = "héllo <b>&amp;</b> 100% 中文 🎉";
        assert_eq!(shown(text), format!("Bob Example: {text}"));
    }

    #[test]
    fn what_somebody_does_is_told_of_them() {
        assert_eq!(shown("/me waves"), "* Bob Example waves");
        assert_eq!(shown("/ME \x1b[2J <b>"), "* Bob Example ␛[2J <b>");
        assert_eq!(
            shown("/me waves\n[14:03] Eve: ha"),
            "* Bob Example waves\n        [14:03] Eve: ha"
        );
        for text in [
            "/me",
            "/me  ",
            "/meow",
            "/me:",
            "not /me waves",
            "/mé waves",
        ] {
            assert_eq!(shown(text), format!("Bob Example: {}", text.trim_end()));
        }
        let history = history_message(&from_bob("/me waves"), &buddy_list());
        assert!(history.ends_with("] * Bob Example waves"), "{history}");
    }

    #[test]
    fn messages_cannot_control_the_terminal() {
        let line = shown("a\x1b[2Jb\x07\u{9b}31m\u{202e}c\x7f");
        assert_eq!(line, "Bob Example: a␛[2Jb␇\u{fffd}31m\u{fffd}c␡");
    }

    #[test]
    fn further_lines_cannot_look_like_messages() {
        assert_eq!(
            shown("hi\r\n[14:03] Eve: ha\n"),
            "Bob Example: hi\n        [14:03] Eve: ha"
        );
        assert_eq!(
            shown("hi\r[14:03] Eve: ha"),
            "Bob Example: hi\n        [14:03] Eve: ha"
        );
    }

    #[test]
    fn own_messages_from_elsewhere_show_the_recipient() {
        let mut own = from_bob("x");
        (own.from, own.to, own.origin) = (Uid(1001), Uid(1002), Origin::OwnElsewhere);
        own.from_name = String::new();
        assert!(message(&own, &buddy_list()).ends_with("] Alice Example → Bob Example: x"));
        own.text = "/me waves".to_owned();
        assert!(message(&own, &buddy_list()).ends_with("] * Alice Example → Bob Example: waves"));
    }

    #[test]
    fn time_of_day_is_local_and_other_days_have_a_date() {
        let now: Zoned = "2024-05-02T15:00[Europe/Berlin]".parse().unwrap();
        assert_eq!(clock(1_714_654_980_000, &now), "15:03");
        assert_eq!(clock(1_714_568_580_000, &now), "2024-05-01 15:03");
        assert_eq!(clock(i64::MAX, &now), "--:--");
    }

    #[test]
    fn buddy_list_has_columns_and_online_first() {
        let list = buddies(&buddy_list());
        let lines: Vec<&str> = list.lines().collect();
        assert_eq!(lines[0], "Buddies (2 of 3 online):");
        assert_eq!(lines[1], "  Bob Example   online   1002");
        assert_eq!(lines[2], "  Émile Zola    idle     1004");
        assert_eq!(lines[3], "  Bobby Tables  offline  1003");
    }
}
