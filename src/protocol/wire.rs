//! JSON as the server writes it, read defensively (docs/protocol.md, Conventions).
//!
//! Envelope, channel reply and channel item as plain data. What they *mean* is not decided here.

use super::json::{Flag, Int, List, Object, Text};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The reply holds no JSON object: HTML of a proxy, an empty body, garbage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the reply is not JSON")]
pub(super) struct NotJson;

/// A reply body as text. Invalid UTF-8 becomes U+FFFD.
pub(super) fn body_text(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(body)
}

/// Reads one JSON object out of a reply: whatever stands before the first `{` (the `for (;;);` guard, bytes of a proxy) and behind the object is passed over.
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, NotJson> {
    let start = text.find('{').ok_or(NotJson)?;
    let json = text.get(start..).ok_or(NotJson)?;
    let mut reader = serde_json::Deserializer::from_str(json);
    T::deserialize(&mut reader).map_err(|_| NotJson)
}

/// Reads a part of a reply that was kept raw. A lone surrogate, which strict JSON readers refuse, becomes U+FFFD.
pub(super) fn part<T: for<'b> Deserialize<'b>>(raw: &RawValue) -> Option<T> {
    let json = raw.get();
    serde_json::from_str(json)
        .or_else(|_| serde_json::from_str(&mend_surrogates(json)))
        .ok()
}

/// Replaces every `\uXXXX` that is half of a surrogate pair without its other half.
fn mend_surrogates(json: &str) -> String {
    let unit = |at: &str| -> Option<u16> {
        let hex = at.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(hex, 16).ok()
    };
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at(at);
        mended.push_str(plain);
        let length = match unit(escape) {
            Some(0xD800..=0xDBFF)
                if matches!(escape.get(6..).and_then(unit), Some(0xDC00..=0xDFFF)) =>
            {
                12
            }
            Some(0xD800..=0xDFFF) => {
                mended.push_str("\\ufffd");
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            // Both bytes of any other escape, so that an escaped backslash is not taken for the start of the next one.
            _ => escape
                .char_indices()
                .nth(2)
                .map_or(escape.len(), |(end, _)| end),
        };
        let (kept, tail) = escape.split_at(length);
        mended.push_str(kept);
        rest = tail;
    }
    mended.push_str(rest);
    mended
}

/// What the server says went wrong (docs/protocol.md, Errors).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AjaxError {
    /// The seven-digit code.
    pub code: i64,
    /// The server's own words, or empty.
    pub description: String,
}

impl AjaxError {
    /// "Not logged in", or somebody else is.
    pub fn is_logged_out(&self) -> bool {
        matches!(self.code, 1_357_001 | 1_357_003)
    }

    /// The form token is not (or no longer) the session's.
    pub fn is_stale_token(&self) -> bool {
        self.code == 1_357_004
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    error: Int,
    #[serde(default, rename = "errorSummary")]
    summary: Text,
    #[serde(default, rename = "errorDescription")]
    description: Text,
    #[serde(default, rename = "errorIsWarning")]
    warning: Flag,
    #[serde(default, borrow)]
    payload: Option<&'a RawValue>,
}

/// Reads the reply of an ajax call: its payload, or the error it names.
///
/// A payload that is absent, null, or of another shape than `T` reads (PHP's `[]` for "nothing") gives `None`. An object without envelope is a payload itself.
pub(super) fn ajax<T: for<'b> Deserialize<'b>>(
    body: &[u8],
) -> Result<Result<Option<T>, AjaxError>, NotJson> {
    let text = body_text(body);
    let envelope: Envelope<'_> = object(&text)?;
    let code = envelope.error.0.unwrap_or(0);
    if code != 0 && envelope.warning.0 != Some(true) {
        let description = envelope.description.0.filter(|text| !text.is_empty());
        let description = description.or(envelope.summary.0).unwrap_or_default();
        return Ok(Err(AjaxError { code, description }));
    }
    if envelope.error.0.is_none() && envelope.payload.is_none() {
        return Ok(Ok(object::<Object<T>>(&text).ok().and_then(|bare| bare.0)));
    }
    let payload = envelope.payload.and_then(part::<Object<T>>);
    Ok(Ok(payload.and_then(|object| object.0)))
}

/// True if the reply of an ajax call says outright whether it worked.
pub(super) fn has_verdict(body: &[u8]) -> bool {
    let text = body_text(body);
    object::<Envelope<'_>>(&text).is_ok_and(|envelope| envelope.error.0.is_some())
}

/// A reply of the channel (docs/protocol.md, The channel).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ChannelReply {
    /// Nothing happened while the poll was held.
    Continue,
    /// Events. Every element is one number of the sequence; `None` is one that could not be read.
    Items(Vec<Option<Item>>),
    /// The number asked for was wrong; the right one, or none if the session itself is stale.
    Refresh(Option<i64>),
    /// An ajax error in place of a channel reply.
    Error(AjaxError),
    /// A type that nobody knew in 2010.
    Unknown,
}

/// One event of the channel, unjudged (docs/protocol.md, Items).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Item {
    #[serde(rename = "type")]
    pub kind: Text,
    pub from: Int,
    pub to: Int,
    pub from_name: Text,
    pub to_name: Text,
    pub msg: Object<ItemText>,
    /// History puts the time here.
    pub time: Int,
    pub st: Int,
    pub uid: Int,
    pub state: Text,
    pub visibility: Flag,
    pub truncated: Flag,
    pub text: Text,
    pub name: Text,
    #[serde(rename = "firstName")]
    pub first_name: Text,
    pub message: Text,
    pub action: Text,
    #[serde(rename = "thumbSrc")]
    pub thumb_src: Text,
    pub unseen: Int,
    pub idle_since: Int,
}

/// The text part of a message item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct ItemText {
    pub text: Text,
    pub time: Int,
    #[serde(rename = "msgID")]
    pub message_id: Text,
    pub truncated: Flag,
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
pub(super) fn channel(body: &[u8], limit: usize) -> Result<ChannelReply, NotJson> {
    let text = body_text(body);
    let raw: RawChannelReply<'_> = object(&text)?;
    if let Some(code) = raw.error.0.filter(|&code| code != 0) {
        let description = String::new();
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

    fn items(body: &str) -> Vec<Option<Item>> {
        match channel(body.as_bytes(), 100).unwrap() {
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
        assert_eq!(item.kind.0.as_deref(), Some("msg"));
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
        let read = |body: &str| channel(body.as_bytes(), 10).unwrap();
        assert_eq!(read(r#"for (;;);{"t":"continue"}"#), ChannelReply::Continue);
        assert_eq!(
            read(r#"{"t":"refresh", "seq":5}"#),
            ChannelReply::Refresh(Some(5))
        );
        assert_eq!(read(r#"{"t":"refresh"}"#), ChannelReply::Refresh(None));
        assert_eq!(
            read(r#"{"t":"refresh","seq":null}"#),
            ChannelReply::Refresh(None)
        );
        assert_eq!(
            read(r#"{"t":"fullReload","seq":"8","reason":1}"#),
            ChannelReply::Refresh(Some(8))
        );
        assert_eq!(read(r#"{"t":"new"}"#), ChannelReply::Unknown);
        assert_eq!(read("{}"), ChannelReply::Unknown);
        assert!(
            matches!(read(r#"{"error":1357001}"#), ChannelReply::Error(e) if e.is_logged_out())
        );
        assert_eq!(
            channel(b"<html><body>login</body></html>", 10),
            Err(NotJson)
        );
        assert_eq!(channel(b"", 10), Err(NotJson));
    }

    #[test]
    fn deep_nesting_is_an_error_not_a_crash() {
        let deep = format!(r#"{{"t":"msg","ms":{}"#, "[".repeat(2_000_000));
        assert_eq!(channel(deep.as_bytes(), 10), Err(NotJson));
        let deep = format!(
            r#"{{"t":"msg","ms":[{{"msg":{}1{}}}]}}"#,
            "[".repeat(5000),
            "]".repeat(5000)
        );
        let unread = Ok(ChannelReply::Items(vec![Some(Item::default())]));
        assert_eq!(channel(deep.as_bytes(), 10), unread);
    }

    #[derive(Debug, PartialEq, Default, Deserialize)]
    #[serde(default)]
    struct Payload {
        seq: Int,
    }

    #[test]
    fn envelope_gives_payload_error_or_nothing() {
        let read = |body: &str| ajax::<Payload>(body.as_bytes());
        let seq = |n| Ok(Ok(Some(Payload { seq: Int(Some(n)) })));
        assert_eq!(read(r#"for (;;);{"error":0,"payload":{"seq":3}}"#), seq(3));
        assert_eq!(read(r#"{"error":0,"payload":[]}"#), Ok(Ok(None)));
        assert_eq!(read(r#"{"error":0,"payload":null}"#), Ok(Ok(None)));
        assert_eq!(read(r#"{"seq":4}"#), seq(4));
        assert_eq!(
            read(r#"{"error":1356008,"errorIsWarning":true,"payload":{"seq":5}}"#),
            seq(5)
        );
        let error =
            read(r#"{"error":1357004,"errorSummary":"S","errorDescription":"","payload":null}"#);
        assert!(matches!(error, Ok(Err(e)) if e.is_stale_token() && e.description == "S"));
        assert_eq!(read("no braces"), Err(NotJson));
    }
}
