//! Ajax replies: JSON as servers write it, read defensively (docs/protocol.md, Conventions).

use crate::protocol::error_code::ErrorCode;
use crate::protocol::wire::json::{Flag, Int, Object, Text};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The reply contains no JSON object: HTML of a proxy, an empty body, garbage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the reply is not JSON")]
pub struct NotJson;

/// A reply body as text. Invalid UTF-8 becomes U+FFFD.
pub fn body_text(body: &[u8]) -> Cow<'_, str> {
    // Valid text is recognised many bytes at a time, invalid text is mended one byte after the other.
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(body),
    }
}

/// Reads one JSON object out of a reply. Everything before the first `{` (the `for (;;);` guard, bytes of a proxy) and behind
/// the object is ignored.
pub fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, NotJson> {
    let start = text.find('{').ok_or(NotJson)?;
    let json = text.get(start..).ok_or(NotJson)?;
    let mut reader = serde_json::Deserializer::from_str(json);
    T::deserialize(&mut reader).map_err(|_| NotJson)
}

/// Reads a part of a reply that was kept raw. A lone surrogate, which strict JSON parsers refuse, becomes U+FFFD.
pub fn part<T: for<'b> Deserialize<'b>>(raw: &RawValue) -> Option<T> {
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
            // Both bytes of any other escape, so that an escaped backslash does not count as the start of the next one.
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

/// What the server says about a failure (docs/protocol.md, Errors).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AjaxError {
    pub code: ErrorCode,
    /// The server's own words, or empty.
    pub description: String,
}

impl AjaxError {
    /// Nobody is logged in, or somebody else is.
    pub fn is_logged_out(&self) -> bool {
        matches!(self.code, ErrorCode::NOT_LOGGED_IN | ErrorCode::OTHER_USER)
    }

    /// The form token is not (or no longer) that of the session.
    pub fn is_stale_token(&self) -> bool {
        self.code == ErrorCode::STALE_TOKEN
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

/// Reads the reply of an ajax call: its payload, or the error that it names.
///
/// A payload that is absent, null, or of another shape than `T` (PHP's `[]` for "nothing") gives `None`. An object without an
/// envelope is a payload itself.
pub fn ajax<T: for<'b> Deserialize<'b>>(
    body: &[u8],
) -> Result<Result<Option<T>, AjaxError>, NotJson> {
    let text = body_text(body);
    let envelope: Envelope<'_> = object(&text)?;
    let code = envelope.error.0.unwrap_or(0);
    if code != 0 && envelope.warning.0 != Some(true) {
        let description = envelope.description.0.filter(|text| !text.is_empty());
        let description = description.or(envelope.summary.0).unwrap_or_default();
        let code = ErrorCode(code);
        return Ok(Err(AjaxError { code, description }));
    }
    if envelope.error.0.is_none() && envelope.payload.is_none() {
        return Ok(Ok(object::<Object<T>>(&text).ok().and_then(|bare| bare.0)));
    }
    let payload = envelope.payload.and_then(part::<Object<T>>);
    Ok(Ok(payload.and_then(|object| object.0)))
}

/// True if the reply of an ajax call says outright whether it worked.
pub fn has_verdict(body: &[u8]) -> bool {
    let text = body_text(body);
    object::<Envelope<'_>>(&text).is_ok_and(|envelope| envelope.error.0.is_some())
}

/// True if the reply of an ajax call says outright that it worked.
pub fn worked(body: &[u8]) -> bool {
    has_verdict(body) && ajax::<IgnoredAny>(body).is_ok_and(|answer| answer.is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

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
