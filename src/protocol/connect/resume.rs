//! Resuming a session later without the password: what is saved, and how it is restored.

use crate::protocol::connect::web_session::WebSession;
use crate::status::{Problem, Status};
use crate::types::{Event, Secret, Seq, Uid};
use serde::{Deserialize, Serialize};
use std::hash::{DefaultHasher, Hash, Hasher};
use url::Url;

/// The format that this version writes, and the only one that it reads.
const FORMAT: u32 = 1;
/// A session has a handful of short cookies, so a longer text is something else, in bytes.
const LONGEST: usize = 64 << 10;

/// A session at one moment: the host has everything below `seq`.
#[derive(Debug, Deserialize, Serialize)]
pub struct SavedState {
    fbchat: u32,
    /// Where the session was last; a redirect may have led there.
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
        let damaged = "This is not a saved session, or it is damaged; log in with the password";
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

    /// Restores the web session, if the state belongs to its server. Gives the number of the next item.
    pub(in crate::protocol) fn restore(self, web: &mut WebSession) -> Result<Seq, Problem> {
        if !web.server().trusts(&self.server) {
            let (saved, here) = (self.server.host_str().unwrap_or_default(), web.label());
            let text = format!("The saved session belongs to {saved}, not to {here}");
            return Err(Problem::new(Status::Argument, text));
        }
        web.restore(&self.server, Uid(self.uid), &self.cookies);
        Ok(Seq(self.seq))
    }
}

/// Tells the host what it needs to resume the session, whenever that has changed.
#[derive(Debug, Default)]
pub struct StateReport {
    /// Fingerprint of the last [`Event::State`].
    told: Option<u64>,
}

impl StateReport {
    /// What the host is told, if anything. To be called when the host has everything below `seq`.
    pub fn update(&mut self, web: &WebSession, seq: Option<Seq>) -> Option<Event> {
        let (Uid(uid), Seq(seq)) = (web.uid()?, seq?);
        let state = SavedState {
            fbchat: FORMAT,
            server: web.server().origin().clone(),
            uid,
            seq,
            cookies: web.saved_cookies(),
        };
        // Numbers, texts and a URL always have a JSON form.
        let text = serde_json::to_string(&state).ok()?;
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let print = hasher.finish();
        let changed = self.told.replace(print) != Some(print);
        changed.then(|| Event::State(Secret::new(text)))
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
