//! Replies of the channel (docs/protocol.md, The channel).

use crate::protocol::error_code::ErrorCode;
use crate::protocol::wire::item::Item;
use crate::protocol::wire::json::{Int, List, Object, Text};
use crate::protocol::wire::plain_items;
use crate::protocol::wire::reply::{AjaxError, NotJson, body_text, object, part};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A reply of the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelReply {
    /// Nothing happened while the poll was held.
    Continue,
    /// Items, one for each number of the sequence; `None` is one that could not be read.
    Items(Vec<Option<Item>>),
    /// The number that was asked for was wrong; the right one, or `None` if the session itself is stale.
    Refresh(Option<i64>),
    /// An ajax error in place of a channel reply.
    Error(AjaxError),
    /// A type that did not exist in 2010.
    Unknown,
}

#[derive(Deserialize)]
struct RawChannelReply<'a> {
    #[serde(default)]
    t: Text,
    #[serde(default)]
    seq: Int,
    #[serde(default, borrow)]
    ms: List<&'a RawValue>,
    #[serde(default)]
    error: Int,
}

/// Reads a reply of the channel. At most `limit` items are read; the server replays the rest.
pub fn read(body: &[u8], limit: usize) -> Result<ChannelReply, NotJson> {
    let text = body_text(body);
    if let Some(items) = plain_items::read(&text, limit) {
        return Ok(ChannelReply::Items(items));
    }
    let raw: RawChannelReply<'_> = object(&text)?;
    if let Some(code) = raw.error.0.filter(|&code| code != 0) {
        let description = String::new();
        let code = ErrorCode(code);
        return Ok(ChannelReply::Error(AjaxError { code, description }));
    }
    Ok(match raw.t.0.as_deref() {
        Some("continue") => ChannelReply::Continue,
        Some("refresh" | "fullReload") => ChannelReply::Refresh(raw.seq.0.filter(|&seq| seq >= 0)),
        Some("msg") => {
            let items = raw.ms.0.unwrap_or_default();
            let read = |raw: &RawValue| part::<Object<Item>>(raw).and_then(|item| item.0);
            ChannelReply::Items(items.into_iter().take(limit).map(read).collect())
        }
        _ => ChannelReply::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::wire::item::Kind;

    fn items(body: &str) -> Vec<Option<Item>> {
        match read(body.as_bytes(), 100).unwrap() {
            ChannelReply::Items(items) => items,
            other => panic!("not items: {other:?}"),
        }
    }

    #[test]
    fn message_of_2008_is_read() {
        let items = items(
            r#"for (;;);{"t":"msg","c":"p_2","ms":[{"type":"msg","msg":{"text":"yo","time":1209557234412,"clientTime":1209557232415,"msgID":"4177168544"},"from":1,"to":2,"from_name":"A B","to_name":"C D","from_first_name":"A","to_first_name":"C"}]}"#,
        );
        let item = items[0].clone().unwrap();
        assert_eq!(item.kind, Kind::Message);
        assert_eq!((item.from.id(), item.to.id()), (Some(1), Some(2)));
        let msg = item.msg.0.unwrap();
        assert_eq!(msg.text.0.as_deref(), Some("yo"));
        assert_eq!(msg.time.0, Some(1_209_557_234_412));
        assert_eq!(msg.message_id.0.as_deref(), Some("4177168544"));
    }

    #[test]
    fn odd_members_cost_only_themselves() {
        let items = items(
            r#"xx{"t":"msg","ms":[null,[],7,{"type":"typ","from":"100000000000007","st":"1","msg":[],"to":null},{"type":{"a":1},"from":1e3}]}trailer"#,
        );
        assert_eq!(items.len(), 5);
        assert_eq!(items[0], None);
        let typ = items[3].clone().unwrap();
        assert_eq!(typ.from.id(), Some(100_000_000_000_007));
        assert_eq!(typ.st.0, Some(1));
        assert_eq!(typ.msg, Object(None));
        assert_eq!(items[4].clone().unwrap().from.id(), Some(1000));
    }

    /// Whatever way a reply is read, it says the same.
    #[test]
    fn odd_replies_are_read_like_plain_ones() {
        let plain = r#"{"type":"typ","from":7,"st":1}"#;
        let wanted = items(&format!(r#"{{"t":"msg","ms":[{plain}]}}"#));
        let twice = r#"{"type":"typ","type":"msg"}"#;
        let object = format!(r#"{{"t":"msg","ms":{{"0":{plain}}}}}"#);
        assert_eq!(items(&object), wanted, "an object in place of the list");
        let mixed = items(&format!(r#"{{"t":"msg","ms":[{plain},{twice}]}}"#));
        assert_eq!(mixed, [wanted[0].clone(), None]);
        let padded = format!(r#"{{"t":"msg","ms":[{plain} ]}}"#);
        assert_eq!(items(&padded), wanted);
        let many = vec![plain; 101].join(",");
        assert_eq!(items(&format!(r#"{{"t":"msg","ms":[{many}]}}"#)).len(), 100);
        assert!(items(r#"{"t":"msg","ms":null}"#).is_empty());
        assert!(items(r#"{"t":"msg"}"#).is_empty());
    }

    #[test]
    fn lone_surrogates_become_replacement_characters() {
        let items = items(
            r#"{"t":"msg","ms":[{"type":"msg","from":1,"msg":{"text":"a\ud83d b\\ud83d \ud83c\udf89 \udf89"}}]}"#,
        );
        let text = items[0].clone().unwrap().msg.0.unwrap().text.0.unwrap();
        assert_eq!(text, "a\u{fffd} b\\ud83d 🎉 \u{fffd}");
    }

    #[test]
    fn every_reply_type_is_told_apart() {
        let told = |body: &str| read(body.as_bytes(), 10).unwrap();
        assert_eq!(told(r#"for (;;);{"t":"continue"}"#), ChannelReply::Continue);
        assert_eq!(
            told(r#"{"t":"refresh", "seq":5}"#),
            ChannelReply::Refresh(Some(5))
        );
        assert_eq!(told(r#"{"t":"refresh"}"#), ChannelReply::Refresh(None));
        assert_eq!(
            told(r#"{"t":"refresh","seq":null}"#),
            ChannelReply::Refresh(None)
        );
        assert_eq!(
            told(r#"{"t":"fullReload","seq":"8","reason":1}"#),
            ChannelReply::Refresh(Some(8))
        );
        assert_eq!(told(r#"{"t":"new"}"#), ChannelReply::Unknown);
        assert_eq!(told("{}"), ChannelReply::Unknown);
        assert!(
            matches!(told(r#"{"error":1357001}"#), ChannelReply::Error(e) if e.is_logged_out())
        );
        assert_eq!(read(b"<html><body>login</body></html>", 10), Err(NotJson));
        assert_eq!(read(b"", 10), Err(NotJson));
    }

    #[test]
    fn deep_nesting_is_an_error_not_a_crash() {
        let deep = format!(r#"{{"t":"msg","ms":{}"#, "[".repeat(2_000_000));
        assert_eq!(read(deep.as_bytes(), 10), Err(NotJson));
        let deep = format!(
            r#"{{"t":"msg","ms":[{{"msg":{}1{}}}]}}"#,
            "[".repeat(5000),
            "]".repeat(5000)
        );
        let unread = Ok(ChannelReply::Items(vec![Some(Item::default())]));
        assert_eq!(read(deep.as_bytes(), 10), unread);
    }
}
