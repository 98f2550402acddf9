//! How things look in a terminal. What others wrote is made harmless here before anything else sees it.

use crate::people::People;
use fbchat::types::{Buddy, Message, Origin, Presence, UnixMillis};
use jiff::{Timestamp, Zoned};
use unicode_width::UnicodeWidthStr;

/// Longer names are not waited for by the columns after them.
const WIDEST_NAME: usize = 30;

/// One line without control characters, so that nothing in it can command a terminal or turn the line around.
pub fn neutral(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            // The pictures that Unicode has for them: what was tried stays visible.
            '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => '\u{fffd}',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// A text of several lines, each made harmless, all but the first moved right so that none looks like a new message.
fn indented(text: &str) -> String {
    let text = text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\t', "    ");
    let lines: Vec<String> = text.trim_end().split('\n').map(neutral).collect();
    lines.join("\n        ")
}

/// `[14:03] Bob Example: text`; with the date if it is not today's.
pub fn message(message: &Message, people: &People) -> String {
    match message.origin {
        // Written in another window of the same user: say to whom.
        Origin::OwnElsewhere => line(message, people, &format!(" → {}", people.name(message.to))),
        Origin::Incoming => line(message, people, ""),
    }
}

/// The same within one conversation, where it is clear to whom.
pub fn past_message(message: &Message, people: &People) -> String {
    line(message, people, "")
}

fn line(message: &Message, people: &People, to: &str) -> String {
    let from = match neutral(&message.from_name) {
        name if name.is_empty() => people.name(message.from),
        name => name,
    };
    let time = clock(message.time, &Zoned::now());
    format!("[{time}] {from}{to}: {}", indented(&message.text))
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
pub fn buddies(people: &People) -> String {
    let all = people.sorted();
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
        .min(WIDEST_NAME);
    let mut lines = vec![format!("Buddies ({online} of {} online):", all.len())];
    for buddy in all {
        let pad = " ".repeat(widest.saturating_sub(buddy.name.width()));
        let (name, uid) = (&buddy.name, buddy.uid);
        let status = match buddy.status_text.as_deref().map(neutral) {
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
    use crate::people::tests::people;
    use fbchat::types::Uid;

    fn from_bob(text: &str) -> Message {
        Message {
            from: Uid(1002),
            to: Uid(1001),
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
        let line = message(&from_bob(text), &people());
        line.split_once("] ").unwrap().1.to_owned()
    }

    #[test]
    fn messages_show_name_and_text() {
        let text = "héllo <b>&amp;</b> 100% 中文 🎉";
        assert_eq!(shown(text), format!("Bob Example: {text}"));
    }

    #[test]
    fn terminals_are_not_commanded_by_messages() {
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
    fn own_messages_from_elsewhere_say_to_whom() {
        let mut own = from_bob("x");
        (own.from, own.to, own.origin) = (Uid(1001), Uid(1002), Origin::OwnElsewhere);
        own.from_name = String::new();
        assert!(message(&own, &people()).ends_with("] Alice Example → Bob Example: x"));
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
        let list = buddies(&people());
        let lines: Vec<&str> = list.lines().collect();
        assert_eq!(lines[0], "Buddies (2 of 3 online):");
        assert_eq!(lines[1], "  Bob Example   online   1002");
        assert_eq!(lines[2], "  Émile Zola    idle     1004");
        assert_eq!(lines[3], "  Bobby Tables  offline  1003");
    }
}
