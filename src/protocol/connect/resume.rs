//! Resuming a session later without the password: what is saved, and how it is restored. The messages that are not settled
//! yet are saved, too; they also serve a session that logs in with the password.

use crate::protocol::connect::web_session::WebSession;
use crate::protocol::requests::outbox::Outbox;
use crate::protocol::requests::unsettled::Unsettled;
use crate::status::{Problem, Status};
use crate::types::{Event, Millis, Saved, Secret, Seq, Uid};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use url::Url;

/// The format that this version writes, and the only one that it reads.
const FORMAT: u32 = 1;
/// A session has a handful of short cookies and at most a MiB of unsettled messages, which JSON can make six times longer. A
/// longer text is something else, in bytes.
const LONGEST: usize = 8 << 20;
/// The least time between two reports: each has all messages, and these may change thousands of times a second.
const INTERVAL: Millis = 250;
/// Stands for a number that was not known yet.
const NO_SEQ: Seq = Seq(-1);

/// A session at one moment: the host has everything below `seq`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SavedState {
    fbchat: u32,
    /// Where the session was last; a redirect may have led there.
    server: Url,
    uid: u64,
    seq: i64,
    /// As `Set-Cookie` headers.
    cookies: Vec<String>,
    /// Messages that are not settled, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unsettled: Vec<Unsettled>,
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
            Some(state) if state.uid > 0 && Seq(state.seq) >= NO_SEQ => Ok(state),
            _ => Err(Problem::new(Status::Argument, damaged)),
        }
    }

    /// What the host gets.
    pub fn to_saved(&self) -> Option<Saved> {
        // Numbers, texts and a URL always have a JSON form.
        let text = serde_json::to_string(self).ok()?;
        Some(Saved {
            text: Secret::new(text),
            unsettled: self.unsettled.len(),
        })
    }

    /// Leaves only the messages, which are useless to anybody but this user.
    fn without_login(self) -> Self {
        SavedState {
            seq: NO_SEQ.0,
            cookies: Vec::new(),
            ..self
        }
    }

    /// Adds messages behind those that are not settled, except those that are among these.
    pub fn add_unsettled<'a>(&mut self, messages: impl Iterator<Item = &'a Unsettled>) {
        let known = self.unsettled.iter().map(|it| it.message_id.clone());
        let known: HashSet<_> = known.collect();
        let new = messages.filter(|it| !known.contains(&it.message_id));
        self.unsettled.extend(new.cloned());
    }

    /// The messages that are not settled, if they are this user's.
    pub(in crate::protocol) fn take_unsettled(&mut self, web: &WebSession) -> Vec<Unsettled> {
        match web.uid() == Some(Uid(self.uid)) && web.server().trusts(&self.server) {
            true => std::mem::take(&mut self.unsettled),
            false => Vec::new(),
        }
    }

    /// Restores the web session, if the state belongs to its server. Gives the number of the next item, if it is known.
    pub(in crate::protocol) fn restore(
        &self,
        web: &mut WebSession,
    ) -> Result<Option<Seq>, Problem> {
        if !web.server().trusts(&self.server) {
            let (saved, here) = (self.server.authority(), web.label());
            let text = format!("The saved session belongs to {saved}, not to {here}");
            return Err(Problem::new(Status::Argument, text));
        }
        web.restore(&self.server, Uid(self.uid), &self.cookies);
        Ok(Some(Seq(self.seq)).filter(|&seq| seq != NO_SEQ))
    }
}

impl Saved {
    /// The messages of a saved session, without what gives access to the account. `None` if it is no saved session.
    pub fn messages_of(saved: &str) -> Option<Self> {
        SavedState::parse(saved).ok()?.without_login().to_saved()
    }
}

/// Tells the host what it needs to resume the session, when that has changed.
#[derive(Debug, Default)]
pub struct StateReport {
    /// Fingerprint of the last [`Event::State`].
    told: Option<u64>,
    /// The host has everything below.
    seq: Option<Seq>,
    /// Whether number or cookies may have changed since.
    moved: bool,
    /// The messages that were told last.
    revision: u64,
    /// When the next change may be told.
    next: Millis,
}

impl StateReport {
    /// The host has everything below `seq`.
    pub fn reached(&mut self, seq: Option<Seq>) {
        self.seq = seq;
        self.moved = true;
    }

    /// When the host is to be told of what has changed, if anything has.
    pub fn timeout(&self, outbox: &Outbox) -> Option<Millis> {
        let changed = self.moved || self.revision != outbox.revision();
        changed.then_some(self.next)
    }

    /// What the host is told, if anything.
    pub fn update(&mut self, now: Millis, web: &WebSession, outbox: &Outbox) -> Option<Event> {
        self.moved = false;
        self.revision = outbox.revision();
        let Uid(uid) = web.uid()?;
        // Without a number there is nothing to go on from, but messages are worth keeping all the same.
        let Seq(seq) = match self.seq {
            None if outbox.is_empty() && self.told.is_none() => return None,
            seq => seq.unwrap_or(NO_SEQ),
        };
        let state = SavedState {
            fbchat: FORMAT,
            server: web.server().origin().clone(),
            uid,
            seq,
            cookies: web.saved_cookies(),
            unsettled: outbox.unsettled().cloned().collect(),
        };
        let saved = state.to_saved()?;
        let mut hasher = DefaultHasher::new();
        saved.text.reveal().hash(&mut hasher);
        let print = hasher.finish();
        if self.told.replace(print) == Some(print) {
            return None;
        }
        self.next = now.saturating_add(INTERVAL);
        Some(Event::State(saved))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_alone_are_a_state_without_secrets() {
        let whole = r#"{"fbchat":1,"server":"http://127.0.0.1:1/","uid":5,"seq":7,"cookies":["xs=1; path=/"],"unsettled":[{"to":6,"text":"hi","message_id":"8","client_time":9}]}"#;
        let saved = Saved::messages_of(whole).unwrap();
        assert_eq!(saved.unsettled, 1);
        assert!(!saved.text.reveal().contains("xs="));
        let again = SavedState::parse(saved.text.reveal()).unwrap();
        assert_eq!(again.unsettled[0].text, "hi");
    }

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
