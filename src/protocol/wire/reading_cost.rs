//! What a reply costs to read, before it is read: the one thread of all sessions reads it, and the others wait meanwhile.
//!
//! What takes long is not its bytes but the number of things in them. `benches/answers.rs` measures the worst replies.

use crate::protocol::wire::exchange::{Reply, TransportError, TransportFault};

/// What a buddy list may cost: three hundred thousand values.
pub const LIST: usize = 1_250_000;
/// What another reply may cost.
pub const CALL: usize = 600_000;

/// The most that a byte costs.
const MOST_EACH: usize = 4;

/// A value, or the key of one, costs as much as two escapes in a text.
fn cost(body: &[u8]) -> usize {
    let costs = body.iter().map(|byte| match byte {
        b',' | b':' | b'[' | b'{' => MOST_EACH,
        b'\\' => 2,
        _ => 0usize,
    });
    costs.fold(0, usize::saturating_add)
}

/// The reply, unless it costs more than that.
pub fn affordable(reply: Reply, most: usize) -> Result<Reply, TransportError> {
    // Nearly all replies are too short to cost that much.
    let can_exceed = reply.body.len().saturating_mul(MOST_EACH) > most;
    if can_exceed && cost(&reply.body) > most {
        return Err(TransportError {
            fault: TransportFault::TooLarge,
            detail: "too many values".to_owned(),
        });
    }
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_affordable(body: String, most: usize) -> bool {
        let reply = Reply {
            body: body.into_bytes(),
            ..Reply::default()
        };
        affordable(reply, most).is_ok()
    }

    /// A buddy list as servers of 2008 write it, with this text in the place of each name and status.
    fn list(friends: usize, text: &str) -> String {
        let info = |uid| {
            format!(
                r#""{uid}":{{"name":"{text}","firstName":"{text}","thumbSrc":"http:\/\/static.ak.example.com\/pics\/q{uid}.jpg","status":"{text} {text}","statusTime":1227312000,"statusTimeRel":"2 hours ago"}}"#
            )
        };
        let infos: Vec<_> = (1_000_000..).take(friends).map(info).collect();
        let here = |uid| format!(r#""{uid}":{{"i":false}}"#);
        let here: Vec<_> = (1_000_000..).take(friends).map(here).collect();
        let (infos, here) = (infos.join(","), here.join(","));
        format!(
            r#"for (;;);{{"error":0,"payload":{{"buddy_list":{{"listChanged":true,"nowAvailableList":{{{here}}},"userInfos":{{{infos}}},"forcedRender":true}}}}}}"#
        )
    }

    #[test]
    fn real_replies_are_read() {
        assert!(is_affordable(list(10_000, "Friend, Number"), LIST));
        let escaped =
            r"\u041d\u0438\u043a\u043e\u043b\u0430\u0439 \u041f\u0435\u0442\u0440\u043e\u0432";
        assert!(is_affordable(list(5_000, escaped), LIST));
        let text = r"\u0416".repeat(2_300);
        let message =
            format!(r#"{{"type":"msg","from":1,"to":2,"msg":{{"text":"{text}","msgID":"1"}}}},"#);
        assert!(is_affordable(message.repeat(100), CALL));
    }

    #[test]
    fn thousands_of_tiny_values_are_not() {
        for (most, size) in [(LIST, 3 << 20), (CALL, 3 << 19)] {
            for unit in ["1,", "1.5,", "{},", "[],", "[", r#""a":1,"#, r"\n"] {
                let long = unit.repeat(size / unit.len());
                assert!(!is_affordable(long, most), "{unit}");
            }
            assert!(is_affordable("a".repeat(size), most));
        }
    }
}
