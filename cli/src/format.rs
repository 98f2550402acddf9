//! Messages, the buddy list and groups as text. Text from others is sanitized here.

use crate::buddy_list::BuddyList;
use crate::groups::Groups;
use crate::sanitize::sanitize;
use fbchat::types::{Buddy, Message, Origin, Presence, Uid, UnixMillis};
use jiff::{Timestamp, Zoned};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

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
    if message.in_group {
        return group_message(message, buddy_list);
    }
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

/// `[14:03] Bob Example → Lunch: text`, or `[14:03] -- Lunch: Alice Example added Carol.` for what nobody wrote.
fn group_message(message: &Message, buddy_list: &BuddyList) -> String {
    let name = match sanitize(&message.to_name) {
        name if name.is_empty() => buddy_list.name(message.to),
        name => name,
    };
    match message.notice {
        Some(_) => notice(message, &format!(" {name}:")),
        None => line(message, buddy_list, &format!(" → {name}")),
    }
}

/// What happened to a group.
fn notice(message: &Message, place: &str) -> String {
    let time = clock(message.time, &Zoned::now());
    format!("[{time}] --{place} {}", indented(&message.text))
}

/// The same in the history of one conversation, where the recipient is clear.
pub fn history_message(message: &Message, buddy_list: &BuddyList) -> String {
    match message.notice {
        Some(_) => notice(message, ""),
        None => line(message, buddy_list, ""),
    }
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
    let widest = widest(all.iter().map(|buddy| buddy.name.as_str()));
    let mut lines = vec![format!("Buddies ({online} of {} online):", all.len())];
    for buddy in all {
        let (name, uid) = (padded(&buddy.name, widest), buddy.uid);
        let status = match buddy.status_text.as_deref().map(sanitize) {
            Some(text) if !text.is_empty() => format!("  {text}"),
            _ => String::new(),
        };
        lines.push(format!("  {name}  {:<7}  {uid}{status}", presence(buddy)));
    }
    lines.join("\n")
}

/// The groups in columns.
pub fn groups(groups: &Groups) -> String {
    let all = groups.sorted();
    if all.is_empty() {
        return "You are in no group; /group new NAME bob carol makes one.".to_owned();
    }
    let widest = widest(all.iter().map(|group| group.name.as_str()));
    let lines = all.iter().map(|group| {
        let members = match group.members.len() {
            1 => "1 member".to_owned(),
            count => format!("{count} members"),
        };
        let muted = if group.muted { "  muted" } else { "" };
        let (name, gid) = (padded(&group.name, widest), group.gid);
        format!("  {name}  {members:<10}  {gid}{muted}")
    });
    let lines: Vec<String> = std::iter::once("Groups:".to_owned()).chain(lines).collect();
    lines.join("\n")
}

/// Who is in a group; presence is known of friends only.
pub fn members(gid: Uid, buddy_list: &BuddyList) -> String {
    let Some(group) = buddy_list.groups.get(gid) else {
        return "You are not in this group.".to_owned();
    };
    let widest = widest(group.members.iter().map(|member| member.name.as_str()));
    let lines = group.members.iter().map(|member| {
        let presence = match buddy_list.buddy(member.uid) {
            Some(buddy) => presence(buddy),
            None if member.uid == buddy_list.own().uid => "you",
            None => "",
        };
        let owner = if member.uid == group.owner {
            "  owner"
        } else {
            ""
        };
        let (name, uid) = (padded(&member.name, widest), member.uid);
        format!("  {name}  {presence:<7}  {uid}{owner}")
    });
    let title = format!("Members of {} ({gid}):", group.name);
    let lines: Vec<String> = std::iter::once(title).chain(lines).collect();
    lines.join("\n")
}

/// The width of a column of names.
fn widest<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    let widths = names.map(UnicodeWidthStr::width);
    widths.max().unwrap_or(0).min(MAX_NAME_WIDTH)
}

fn padded(name: &str, width: usize) -> String {
    let pad = " ".repeat(width.saturating_sub(name.width()));
    format!("{name}{pad}")
}

/// The text with its end left out if it takes more columns than this.
pub fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let fits = |character: &char| match left.checked_sub(character.width().unwrap_or(0)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
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
    use crate::buddy_list::tests::{buddy_list, with_groups};
    use fbchat::types::{GroupNotice, NoticeKind, Uid};

    fn from_bob(text: &str) -> Message {
        Message {
            from: Uid(1002),
            to: Uid(1001),
            in_group: false,
            notice: None,
            files: Vec::new(),
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
    fn messages_of_groups_name_sender_and_group() {
        let list = with_groups();
        let mut said = Message {
            to: Uid(1_000_000_000),
            to_name: "Lunch".to_owned(),
            in_group: true,
            ..from_bob("hi")
        };
        let shown = |said: &Message| {
            let line = message(said, &list);
            line.split_once("] ").unwrap().1.to_owned()
        };
        assert_eq!(shown(&said), "Bob Example → Lunch: hi");
        said.text = "Bob Example added Carol.\nx".to_owned();
        said.notice = Some(Box::new(GroupNotice {
            kind: NoticeKind::Added,
            uids: vec![],
        }));
        assert_eq!(
            shown(&said),
            "-- Lunch: Bob Example added Carol.\n        x"
        );
        assert!(history_message(&said, &list).contains("] -- Bob Example added Carol."));
    }

    #[test]
    fn groups_and_members_have_columns() {
        let list = with_groups();
        let shown = groups(&list.groups);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1], "  Bob's party  3 members   1000000001");
        let shown = members(Uid(1_000_000_000), &list);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "Members of Lunch (1000000000):");
        assert_eq!(lines[1], "  Alice Example  you      1001  owner");
        assert_eq!(lines[2], "  Bob Example    online   1002");
        assert_eq!(lines[3], "  Carol C                 77");
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
