//! Sending messages: what may be sent, and how repeated attempts are answered.

use std::pin::Pin;

use super::{Messages, Outgoing, SendError};
use crate::attachment::MOST;
use crate::clock::now_ms;
use crate::service::detached::detached;
use crate::service::echo::Echo;
use crate::service::user_limit::TooOften;
use crate::service::validate::message_text;
use crate::store::{Inserted, MessageCheck, MessageDraft, Reply};
use crate::types::{Session, Uid, User};

/// The greatest integer that JavaScript represents exactly.
const MAX_TIME: i64 = (1 << 53) - 1;
/// The longest message id.
const MESSAGE_ID: usize = 32;

/// A message on its way to the disk.
pub enum Submitted {
    /// It was stored before.
    Stored,
    /// It is in the queue of the store, and is stored whether or not anybody waits for it.
    Queued {
        to: Uid,
        inserted: Pin<Box<dyn Future<Output = Result<Inserted, SendError>> + Send>>,
    },
}

impl Messages {
    /// Sends a message. After `Ok` it is on disk, from this call or an earlier one.
    pub async fn send(&self, session: &Session, message: Outgoing<'_>) -> Result<(), SendError> {
        let submitted = self.submit(session, message).await?;
        self.stored(session, submitted).await
    }

    /// Hands a message to the store, which stores messages in the order in which they were submitted. [`Messages::stored`] waits for the
    /// result.
    pub async fn submit(
        &self,
        session: &Session,
        message: Outgoing<'_>,
    ) -> Result<Submitted, SendError> {
        let own = &session.user;
        let draft = self.draft(own, message)?;
        if let Err(refusal) = self.allow(own, &draft) {
            self.refuse(&draft, refusal).await?;
            return Ok(Submitted::Stored);
        }
        if !self.presences.is_active(session) {
            // Others should see the sender online before the message arrives, but only if it will arrive.
            match self.check(&draft).await? {
                MessageCheck::Recipient(_) | MessageCheck::Member => {}
                MessageCheck::Duplicate => return self.not_stored(own.uid, Ok(Submitted::Stored)),
                MessageCheck::Blocked => return self.not_stored(own.uid, Err(SendError::Blocked)),
                MessageCheck::NotReachable => {
                    return self.not_stored(own.uid, Err(unreachable(draft.to)));
                }
            }
            self.presences.mark_online(session, true);
        }
        let to = draft.to;
        let for_echo = self.for_echo(&draft);
        let inserted = self.store.send_message(draft).await?;
        let sent = self.sent.clone();
        let inserted = detached(async move {
            let inserted = inserted.await?;
            if inserted == Inserted::New {
                sent.inc();
                if let Some((echo, from, text)) = for_echo {
                    echo.answer(from, text).await;
                }
            }
            Ok::<_, SendError>(inserted)
        });
        Ok(Submitted::Queued {
            to,
            inserted: Box::pin(inserted),
        })
    }

    /// Waits until a message that was submitted is stored. After `Ok` it is on disk.
    pub async fn stored(&self, session: &Session, submitted: Submitted) -> Result<(), SendError> {
        match submitted {
            Submitted::Stored => Ok(()),
            Submitted::Queued { to, inserted } => self.outcome(session, to, inserted.await?),
        }
    }

    /// A message as it is to be stored.
    pub(super) fn draft(
        &self,
        own: &User,
        message: Outgoing<'_>,
    ) -> Result<MessageDraft, SendError> {
        let client_time = message.client_time;
        let client_time = client_time.filter(|time| (0..=MAX_TIME).contains(time));
        Ok(MessageDraft {
            from: own.clone(),
            to: message.to,
            text: message_text(message.text),
            files: message.files,
            msg_id: valid_id(message.msg_id)?,
            client_time: client_time.unwrap_or_else(now_ms),
            quota: self.quota,
        })
    }

    /// What the echo account is to answer once this message is stored.
    pub(super) fn for_echo(&self, draft: &MessageDraft) -> Option<(Echo, User, String)> {
        let echo = self.echo.clone().filter(|echo| echo.is(draft.to));
        let echo = echo.filter(|_| !draft.text.is_empty())?;
        Some((echo, draft.from.clone(), draft.text.clone()))
    }

    /// What the sender is told of a message that the store has seen.
    pub(super) fn outcome(
        &self,
        session: &Session,
        to: Uid,
        inserted: Inserted,
    ) -> Result<(), SendError> {
        let refused = match inserted {
            Inserted::New => {
                self.presences.mark_online(session, true);
                return Ok(());
            }
            // The answer to an earlier attempt may have been lost. Whatever has changed since, the message stays stored.
            Inserted::Duplicate => Ok(()),
            Inserted::Blocked => Err(SendError::Blocked),
            Inserted::NotReachable => Err(unreachable(to)),
            Inserted::FileMissing => Err(SendError::FileMissing),
            Inserted::QuotaUsedUp => Err(SendError::QuotaUsedUp),
        };
        self.not_stored(session.user.uid, refused)
    }

    /// The checks of a message that need no store, and do not depend on whether it is stored already. The message counts for the rate limit of
    /// its sender.
    pub(super) fn allow(&self, own: &User, draft: &MessageDraft) -> Result<(), SendError> {
        if !own.visible {
            return Err(SendError::ChatOff);
        }
        if draft.files.len() > MOST {
            return Err(SendError::TooManyFiles);
        }
        check_text(&draft.text, self.message_limit, !draft.files.is_empty())?;
        let to = draft.to;
        // A group keeps messages for those of its members who are offline.
        if !to.is_group() && !self.offline_messages && to != own.uid && !self.is_online(to) {
            return Err(SendError::NotReachable);
        }
        if let Some(pace) = &self.pace {
            let taken = pace.take(own.uid);
            taken.map_err(|TooOften(seconds)| SendError::TooFast(seconds))?;
        }
        Ok(())
    }

    /// The answer to a message that is not allowed.
    pub(super) async fn refuse(
        &self,
        draft: &MessageDraft,
        refusal: SendError,
    ) -> Result<(), SendError> {
        match self.check(draft).await? {
            // The answer to an earlier attempt may have been lost. Whatever has changed since, the message stays stored.
            MessageCheck::Duplicate => Ok(()),
            MessageCheck::Blocked => Err(SendError::Blocked),
            MessageCheck::NotReachable if matches!(refusal, SendError::TooFast(_)) => {
                Err(unreachable(draft.to))
            }
            _ => Err(refusal),
        }
    }

    /// The result for a message that was allowed and then not stored, so that it does not count for the rate limit of its sender.
    pub(super) fn not_stored<T>(
        &self,
        own: Uid,
        result: Result<T, SendError>,
    ) -> Result<T, SendError> {
        if let Some(pace) = &self.pace {
            pace.give_back(own);
        }
        result
    }

    fn check(&self, draft: &MessageDraft) -> Reply<MessageCheck> {
        let (from, to) = (draft.from.uid, draft.to);
        self.store
            .check_message(from, to, &draft.msg_id, &draft.text, &draft.files)
    }
}

/// Why nothing can be sent to this recipient.
fn unreachable(to: Uid) -> SendError {
    if to.is_group() {
        SendError::NotInGroup
    } else {
        SendError::NotReachable
    }
}

/// A message id as clients make them: a signed or unsigned number, kept as text.
pub fn valid_id(id: &str) -> Result<String, SendError> {
    let id = id.trim();
    let valid =
        (1..=MESSAGE_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if valid {
        Ok(id.to_owned())
    } else {
        Err(SendError::MessageId)
    }
}

fn check_text(text: &str, limit: usize, may_be_empty: bool) -> Result<(), SendError> {
    if text.is_empty() && !may_be_empty {
        Err(SendError::Empty)
    } else if text.chars().count() > limit {
        Err(SendError::TooLong(limit))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids_stay_as_posted() {
        for id in [
            "0",
            "4177168544",
            "-1992480367",
            "12345678901234567890123456789012",
        ] {
            assert_eq!(valid_id(id).unwrap(), id);
        }
        for id in [
            "",
            " ",
            "1.5",
            "x",
            "123456789012345678901234567890123",
            "١",
        ] {
            assert!(matches!(valid_id(id), Err(SendError::MessageId)), "{id}");
        }
    }

    #[test]
    fn text_loses_only_control_characters() {
        let text = |posted, limit| {
            let text = message_text(posted);
            check_text(&text, limit, false).map(|()| text)
        };
        assert_eq!(
            text("a\r\n\tb\u{7}\u{85}\0 😀", 9).unwrap(),
            "a\n\tb\u{fffd} 😀"
        );
        assert!(matches!(text("\r\u{1}", 9), Err(SendError::Empty)));
        assert_eq!(text("ääää", 4).unwrap(), "ääää");
        assert!(matches!(text("ääääa", 4), Err(SendError::TooLong(4))));
    }
}
