//! Sending several messages at once, so that they share one commit.

use super::{Messages, Outgoing, SendError};
use crate::service::detached::detached;
use crate::service::echo::Echo;
use crate::store::{Inserted, MessageDraft, StoreError};
use crate::types::{Session, Uid, User};

/// The most messages in one batch.
pub const MOST: usize = 100;

/// The state of a message in a batch.
enum State {
    Settled(Result<(), SendError>),
    /// The store is to decide on a message to this recipient.
    Queued(Uid),
}

impl SendError {
    /// Whether another attempt may succeed. Then the messages after this one must not be stored before it.
    fn is_temporary(&self) -> bool {
        matches!(self, SendError::TooFast(_) | SendError::Store(_))
    }
}

impl Messages {
    /// Sends messages in their order, each as [`Messages::send`] does. The results end with the first message that the client is to send
    /// again; those behind it were not looked at.
    pub async fn send_all(
        &self,
        session: &Session,
        messages: impl Iterator<Item = Result<Outgoing<'_>, SendError>>,
    ) -> Vec<Result<(), SendError>> {
        let own = &session.user;
        let (mut states, mut drafts, mut echoes) = (Vec::new(), Vec::new(), Vec::new());
        for message in messages {
            let message = match message {
                // The first message marks the sender as online, which others should see before it arrives.
                Ok(message) if drafts.is_empty() && !self.presences.is_active(session) => {
                    Err(self.send(session, message).await)
                }
                Ok(message) => self.draft(own, message).map_err(Err),
                Err(error) => Err(Err(error)),
            };
            let settled = match message {
                Ok(draft) => match self.allow(own, &draft) {
                    Ok(()) => {
                        states.push(State::Queued(draft.to));
                        echoes.push(self.for_echo(&draft));
                        drafts.push(draft);
                        continue;
                    }
                    Err(refusal) => self.refuse(&draft, refusal).await,
                },
                Err(settled) => settled,
            };
            let is_over = settled.as_ref().is_err_and(SendError::is_temporary);
            states.push(State::Settled(settled));
            if is_over {
                break;
            }
        }
        let stored = match drafts.is_empty() {
            true => Vec::new(),
            false => self.store_all(drafts, echoes).await,
        };
        let mut stored = stored.into_iter();
        let (mut results, mut is_over) = (Vec::new(), false);
        for state in states {
            let result = match state {
                State::Settled(result) => result,
                State::Queued(to) => match stored.next() {
                    Some(Ok(inserted)) => self.outcome(session, to, inserted),
                    // The store stopped before this message.
                    failed => {
                        let error = failed.and_then(Result::err).unwrap_or(StoreError::Closed);
                        self.not_stored(own.uid, Err(error.into()))
                    }
                },
            };
            if !is_over {
                is_over = result.as_ref().is_err_and(SendError::is_temporary);
                results.push(result);
            }
        }
        results
    }

    async fn store_all(
        &self,
        drafts: Vec<MessageDraft>,
        echoes: Vec<Option<(Echo, User, String)>>,
    ) -> Vec<Result<Inserted, StoreError>> {
        let (store, sent) = (self.store.clone(), self.sent.clone());
        let stored = detached(async move {
            let results = store.send_messages(drafts).await;
            for (result, for_echo) in results.iter().zip(echoes) {
                if matches!(result, Ok(Inserted::New)) {
                    sent.inc();
                    if let Some((echo, from, text)) = for_echo {
                        echo.answer(from, text).await;
                    }
                }
            }
            Ok::<_, StoreError>(results)
        });
        stored.await.unwrap_or_else(|error| vec![Err(error)])
    }
}
