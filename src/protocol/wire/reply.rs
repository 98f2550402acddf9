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

/// A body with more invalid UTF-8 than this is not text.
const MOST_INVALID: usize = 100_000;

/// A reply body as text. Invalid UTF-8 becomes U+FFFD; where there is too much of it, the text ends.
pub fn body_text(body: &[u8]) -> Cow<'_, str> {
    // Valid text is recognised many bytes at a time, invalid text is mended one byte after the other.
    if let Ok(text) = std::str::from_utf8(body) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(body.len());
    for chunk in body.utf8_chunks().take(MOST_INVALID) {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    Cow::Owned(text)
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
    // Before the first attempt, since the search is quick and a second attempt would not be.
    let mended = mend_surrogates(json);
    serde_json::from_str(mended.as_deref().unwrap_or(json)).ok()
}

/// Texts with more halves than this are not mended.
const MOST_HALVES: usize = 10_000;

/// Replaces every `\uXXXX` that is half of a surrogate pair without its other half. `None` if nothing has to be replaced, or too much.
fn mend_surrogates(json: &str) -> Option<String> {
    let bytes = json.as_bytes();
    let surrogate = |at: usize| match bytes.get(at..)? {
        [b'\\', b'u', b'd' | b'D', kind, ..] => char::from(*kind).to_digit(16),
        _ => None,
    };
    let mut mended = String::new();
    let (mut copied, mut at, mut halves) = (0, 0usize, 0usize);
    while let Some(next) = bytes.get(at..)?.iter().position(|&byte| byte == b'\\') {
        at = at.saturating_add(next);
        let behind = at.saturating_add(6);
        match surrogate(at) {
            Some(8..=0xB) if matches!(surrogate(behind), Some(0xC..=0xF)) => {
                at = at.saturating_add(12);
            }
            Some(8..=0xF) if halves < MOST_HALVES => {
                mended.push_str(json.get(copied..at)?);
                mended.push_str("\\ufffd");
                (copied, at, halves) = (behind, behind, halves.saturating_add(1));
            }
            Some(8..=0xF) => return None,
            // Both bytes of any other escape, so that an escaped backslash does not count as the start of the next one.
            _ => at = at.saturating_add(2),
        }
    }
    mended.push_str(json.get(copied..)?);
    (halves > 0).then_some(mended)
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

/// The payload of an ajax call, or the error that the reply names.
///
/// A payload that is absent, null, or of another shape than `T` (PHP's `[]` for "nothing") is `None`.
pub type Answer<T> = Result<Option<T>, AjaxError>;

impl Envelope<'_> {
    fn open<T: for<'b> Deserialize<'b>>(self) -> Answer<T> {
        let code = self.error.0.unwrap_or(0);
        if code != 0 && self.warning.0 != Some(true) {
            let description = self.description.0.filter(|text| !text.is_empty());
            let description = description.or(self.summary.0).unwrap_or_default();
            let code = ErrorCode(code);
            return Err(AjaxError { code, description });
        }
        let payload = self.payload.and_then(part::<Object<T>>);
        Ok(payload.and_then(|object| object.0))
    }
}

/// Reads the reply of an ajax call. An object without an envelope is a payload itself.
pub fn ajax<T: for<'b> Deserialize<'b>>(body: &[u8]) -> Result<Answer<T>, NotJson> {
    let text = body_text(body);
    let envelope: Envelope<'_> = object(&text)?;
    if envelope.error.0.is_none() && envelope.payload.is_none() {
        return Ok(Ok(object::<Object<T>>(&text).ok().and_then(|bare| bare.0)));
    }
    Ok(envelope.open())
}

/// The same, for an ajax call whose reply counts only if it says outright whether the call worked.
pub fn explicit<T: for<'b> Deserialize<'b>>(body: &[u8]) -> Result<Answer<T>, NotJson> {
    let text = body_text(body);
    let envelope: Envelope<'_> = object(&text)?;
    match envelope.error.0 {
        Some(_) => Ok(envelope.open()),
        None => Err(NotJson),
    }
}

/// True if the reply of an ajax call says outright that it worked.
pub fn worked(body: &[u8]) -> bool {
    explicit::<IgnoredAny>(body).is_ok_and(|answer| answer.is_ok())
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
    fn bytes_that_are_no_text_are_replaced_up_to_a_limit() {
        assert_eq!(body_text(b"a\xffb\xc3"), "a\u{fffd}b\u{fffd}");
        let garbage = vec![0xff; MOST_INVALID * 2];
        assert_eq!(body_text(&garbage).chars().count(), MOST_INVALID);
    }

    #[test]
    fn half_surrogates_are_replaced_up_to_a_limit() {
        let mended = mend_surrogates(r#""\ud83d\\ud83d\uD83C\uDF89\udf89""#).unwrap();
        assert_eq!(mended, r#""\ufffd\\ud83d\uD83C\uDF89\ufffd""#);
        assert_eq!(mend_surrogates(r#""\ud83c\udf89 \u00e9""#), None);
        assert_eq!(mend_surrogates(&r"\ud83d".repeat(MOST_HALVES + 1)), None);
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
