//! Going on later: what a session needs to be taken up again without the password, and how it is taken up.

use super::link::Step;
use super::session::{Account, Now, Session};
use crate::status::{Problem, Status};
use crate::types::{Event, RequestId, Secret, Seq, Uid};
use serde::{Deserialize, Serialize};
use std::hash::{DefaultHasher, Hash, Hasher};
use url::Url;

/// The format that this version writes, and the only one that it reads.
const FORMAT: u32 = 1;
/// A session has a handful of short cookies; more than this is no state of ours, in bytes.
const LONGEST: usize = 64 << 10;

/// A session at one moment: everything below `seq` is with the host.
#[derive(Debug, Deserialize, Serialize)]
pub struct SavedState {
    fbchat: u32,
    /// Where the session was in the end; a redirect may have led there.
    server: Url,
    uid: u64,
    seq: i64,
    /// As `Set-Cookie` headers.
    cookies: Vec<String>,
}

impl SavedState {
    /// Reads what [`Event::State`] gave.
    ///
    /// # Errors
    /// [`Status::Argument`] if it is something else.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let damaged = "This is no saved session, or it is damaged; log in with the password";
        let found = (text.len() <= LONGEST).then(|| serde_json::from_str::<Self>(text).ok());
        match found.flatten() {
            Some(state) if state.fbchat != FORMAT => Err(Problem::new(
                Status::Argument,
                "The session was saved by another version of fbchat; log in with the password",
            )),
            Some(state) if state.uid > 0 && state.seq >= 0 => Ok(state),
            _ => Err(Problem::new(Status::Argument, damaged)),
        }
    }
}

impl Session {
    /// Takes a saved session up: the page for new tokens, then the channel from its number on.
    pub(super) fn resume(&mut self, now: Now, request: RequestId, state: &str) {
        let state = match SavedState::parse(state) {
            Ok(state) if self.config.server.trusts(&state.server) => state,
            Ok(state) => {
                let (saved, here) = (state.server.host_str().unwrap_or_default(), self.server());
                let text = format!("The saved session belongs to {saved}, not to {here}");
                let problem = Problem::new(Status::Argument, text);
                return self.emit(Event::LoginFailed { request, problem });
            }
            Err(problem) => return self.emit(Event::LoginFailed { request, problem }),
        };
        self.config.server.move_to(&state.server);
        self.cookies.take(&state.server, &state.cookies);
        self.uid = Some(Uid(state.uid));
        self.seq = Some(Seq(state.seq));
        self.tokens_stale = true;
        self.account = Some(Account {
            credentials: None,
            unanswered: Some(request),
            registration: None,
        });
        self.begin(now, Step::Popout);
    }

    /// Gives the host what it needs to go on from here, whenever that has changed. To be called when the host has everything
    /// below the number that is asked for next.
    pub(super) fn tell_state(&mut self) {
        let (Some(Uid(uid)), Some(Seq(seq))) = (self.uid, self.seq) else {
            return;
        };
        let state = SavedState {
            fbchat: FORMAT,
            server: self.config.server.origin().clone(),
            uid,
            seq,
            cookies: self.cookies.save(),
        };
        // Numbers, texts and a URL always have a JSON form.
        let Ok(text) = serde_json::to_string(&state) else {
            return;
        };
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let print = hasher.finish();
        if self.told_state.replace(print) != Some(print) {
            self.emit(Event::State(Secret::new(text)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_state_is_refused_with_a_sentence() {
        let good = r#"{"fbchat":1,"server":"http://127.0.0.1:1/","uid":5,"seq":7,"cookies":["xs=1; path=/"]}"#;
        assert!(SavedState::parse(good).is_ok());
        let future = SavedState::parse(&good.replace(r#""fbchat":1"#, r#""fbchat":2"#));
        assert!(future.unwrap_err().text.contains("another version"));
        let long = format!("{good}{}", " ".repeat(LONGEST));
        for bad in [
            "",
            "{}",
            "null",
            &good[1..],
            &good.replace('7', "-7"),
            &long,
        ] {
            let problem = SavedState::parse(bad).unwrap_err();
            assert_eq!(problem.status, Status::Argument, "{bad:.80}");
        }
    }
}
