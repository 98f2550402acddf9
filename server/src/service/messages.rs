//! Messages: who may write to whom and what, typing notices, history, and what has been read.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

use super::detached::detached;
use super::echo::Echo;
use super::presence::Presences;
use super::user_limit::{TooOften, UserLimit};
use super::validate::message_text;
use crate::attachment::{FileId, MOST};
use crate::clock::now_ms;
use crate::concurrency_limit::ConcurrencyLimit;
use crate::config::Config;
use crate::hub::{ANSWER_BYTES, Hub};
use crate::item;
use crate::store::{
    Audience, HistoryRange, Inserted, MessageCheck, MessageDraft, Reply, Store, StoreError,
};
use crate::types::{Message, Presence, Session, Uid, User};

/// The most messages in one piece of history.
const HISTORY: usize = 100;
/// The parts of history that are read for one user at a time.
const HISTORY_READS: usize = 2;
/// The greatest integer that JavaScript represents exactly.
const MAX_TIME: i64 = (1 << 53) - 1;
/// The longest message id.
const MESSAGE_ID: usize = 32;

/// A message as its sender's client gives it.
pub struct Outgoing<'a> {
    /// A user or a group.
    pub to: Uid,
    /// A number that the client chose. Messages with the same number, recipient and text are one message.
    pub msg_id: &'a str,
    pub text: &'a str,
    /// Files that the sender has uploaded. With them the text may be empty.
    pub files: Vec<FileId>,
    /// The client's clock in ms, if it gives one that makes sense.
    pub client_time: Option<i64>,
}

/// Why something cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("You are offline in chat. Go online to send messages.")]
    ChatOff,
    /// The recipient is no friend, does not exist, has blocked the sender, or cannot be reached now. The sender does not learn which.
    #[error("This person is no longer online.")]
    NotReachable,
    /// The sender is not in the group, or the group does not exist.
    #[error("You are not in this group.")]
    NotInGroup,
    #[error("You have blocked this person. Unblock them to write to them.")]
    Blocked,
    #[error("The message id is not a number.")]
    MessageId,
    #[error("The message is empty.")]
    Empty,
    #[error("A message can have {MOST} files.")]
    TooManyFiles,
    #[error("A file of this message is not on the server any more. Send it again.")]
    FileMissing,
    /// The text has more characters than this.
    #[error("A message can have {0} characters.")]
    TooLong(usize),
    /// The seconds until the next message is taken.
    #[error("You send messages faster than the server takes them. Try again in {0} seconds.")]
    TooFast(u64),
    #[error(
        "Your messages take all the room that an account has on this server. Ask its operator for more."
    )]
    QuotaUsedUp,
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub struct Messages {
    store: Arc<Store>,
    hub: Arc<Hub>,
    presences: Presences,
    message_limit: usize,
    offline_messages: bool,
    /// The most bytes that a user's messages may take.
    quota: i64,
    /// How fast a user may send messages, if there is a limit, and typing notices.
    pace: Option<UserLimit>,
    actions: UserLimit,
    /// Reading history takes longer than what every request looks up first, so many reads of one user must not be queued before those
    /// of others.
    history_of: ConcurrencyLimit<Uid>,
    sent: Counter,
    echo: Option<Echo>,
}

impl Messages {
    /// `sent` counts the messages that were stored.
    pub fn new(
        store: Arc<Store>,
        hub: Arc<Hub>,
        presences: Presences,
        actions: UserLimit,
        config: &Config,
        sent: Counter,
        echo: Option<Echo>,
    ) -> Self {
        Messages {
            store,
            hub,
            presences,
            message_limit: config.message_limit,
            offline_messages: config.offline_messages,
            quota: config.message_quota().unwrap_or(i64::MAX),
            pace: pace(config),
            actions,
            history_of: ConcurrencyLimit::new(HISTORY_READS),
            sent,
            echo,
        }
    }

    /// Sends a message. After `Ok` it is on disk, from this call or an earlier one.
    pub async fn send(&self, session: &Session, message: Outgoing<'_>) -> Result<(), SendError> {
        let own = &session.user;
        let msg_id = valid_id(message.msg_id)?;
        let text = message_text(message.text);
        let client_time = message.client_time;
        let client_time = client_time.filter(|time| (0..=MAX_TIME).contains(time));
        let draft = MessageDraft {
            from: own.clone(),
            to: message.to,
            text,
            files: message.files,
            msg_id,
            client_time: client_time.unwrap_or_else(now_ms),
            quota: self.quota,
        };
        if let Err(refusal) = self.allow(own, &draft) {
            return self.refuse(&draft, refusal).await;
        }
        if !self.presences.is_active(session) {
            // Others are to see that the sender is there before the message arrives, but only if it will.
            match self.check(&draft).await? {
                MessageCheck::Recipient(_) | MessageCheck::Member => {}
                MessageCheck::Duplicate => return self.not_stored(own.uid, Ok(())),
                MessageCheck::Blocked => return self.not_stored(own.uid, Err(SendError::Blocked)),
                MessageCheck::NotReachable => {
                    return self.not_stored(own.uid, Err(unreachable(draft.to)));
                }
            }
            self.presences.mark_online(session, true);
        }
        let to = draft.to;
        let echo = self.echo.clone().filter(|echo| echo.is(to));
        let echo = echo.filter(|_| !draft.text.is_empty());
        let for_echo = echo.map(|echo| (echo, own.clone(), draft.text.clone()));
        let inserted = self.store.send_message(draft);
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
        let refused = match inserted.await? {
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
        self.not_stored(own.uid, refused)
    }

    /// What can be said about a message without the store, and without knowing whether it is stored already. It counts for the pace of
    /// its sender.
    fn allow(&self, own: &User, draft: &MessageDraft) -> Result<(), SendError> {
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
    async fn refuse(&self, draft: &MessageDraft, refusal: SendError) -> Result<(), SendError> {
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

    /// The result for a message that was allowed and then not stored, so that it does not count for the pace of its sender.
    fn not_stored(&self, own: Uid, result: Result<(), SendError>) -> Result<(), SendError> {
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

    /// Tells a friend who is online, or the members of a group who are, that the user types or has stopped. This is stored nowhere.
    pub async fn typing(&self, session: &Session, to: Uid, typing: bool) -> Result<(), SendError> {
        let own = &session.user;
        if to.is_group() {
            return self.typing_in_group(session, to, typing).await;
        }
        if to == own.uid {
            return Ok(());
        }
        // Asked first: otherwise the answer would tell friends who have blocked the user from those who are offline.
        if !own.visible {
            return Err(SendError::ChatOff);
        }
        let friend = self.store.reachable(own.uid, to).await?;
        let to = friend.ok_or(SendError::NotReachable)?.uid;
        if !self.is_online(to) {
            return Err(SendError::NotReachable);
        }
        self.actions.take(own.uid)?;
        let item = item::typing(own.uid, to, typing);
        let audience = Audience::From { from: own.uid, to };
        self.store.push(audience, item);
        Ok(())
    }

    async fn typing_in_group(
        &self,
        session: &Session,
        gid: Uid,
        typing: bool,
    ) -> Result<(), SendError> {
        let own = &session.user;
        let members = self.store.group_members(own.uid, gid).await?;
        let members = members.ok_or(SendError::NotInGroup)?.into_iter();
        if !own.visible {
            return Err(SendError::ChatOff);
        }
        self.actions.take(own.uid)?;
        let others = members.map(|member| member.uid);
        let others = others.filter(|uid| *uid != own.uid && self.is_online(*uid));
        let item = item::typing(own.uid, gid, typing);
        self.store.push(Audience::Users(others.collect()), item);
        Ok(())
    }

    fn is_online(&self, uid: Uid) -> bool {
        self.hub.presence(uid) != Presence::Offline
    }

    /// Everything from `peer`, a user or a group, has been read.
    pub async fn mark_read(&self, session: &Session, peer: Uid) -> Result<(), StoreError> {
        self.store.mark_read(session.user.uid, peer).await
    }

    /// Messages with one other user or in a group, oldest first, and whether there are more: those after `since`, else the newest, in
    /// both cases only those before `before`. At least one, and no more than make an answer of the usual size. `None` for a group that
    /// the user was never in; of one that they have left they still see what they got.
    pub async fn history(
        &self,
        session: &Session,
        with: Uid,
        since: Option<i64>,
        before: Option<i64>,
        limit: Option<usize>,
    ) -> Result<Option<(Vec<Message>, bool)>, StoreError> {
        let limit = limit.unwrap_or(HISTORY).clamp(1, HISTORY);
        let range = HistoryRange {
            since,
            before,
            // One more than needed shows whether there are more.
            limit: limit + 1,
        };
        let own = session.user.uid;
        let permit = self.history_of.acquire(own).await;
        let found = if with.is_group() {
            self.store.group_history(own, with, range).await?
        } else {
            Some(self.store.history(own, with, range).await?)
        };
        drop(permit);
        let Some(mut messages) = found else {
            return Ok(None);
        };
        // What is farthest from where the client is comes last.
        if since.is_none() {
            messages.reverse();
        }
        let mut bytes = 0;
        let fits = messages.iter().take(limit).take_while(|message| {
            let is_first = bytes == 0;
            bytes += item::history_size(message);
            is_first || bytes <= ANSWER_BYTES
        });
        let fits = fits.count();
        let more = messages.len() > fits;
        messages.truncate(fits);
        if since.is_none() {
            messages.reverse();
        }
        Ok(Some((messages, more)))
    }
}

/// Why nothing can be sent there.
fn unreachable(to: Uid) -> SendError {
    if to.is_group() {
        SendError::NotInGroup
    } else {
        SendError::NotReachable
    }
}

/// A bucket of `message_burst` messages that gets `messages_per_s`.
fn pace(config: &Config) -> Option<UserLimit> {
    let (burst, rate) = (config.message_burst, config.messages_per_s);
    let window = Duration::from_secs(burst.into()).checked_div(rate)?;
    Some(UserLimit::within(burst, window))
}

/// A message id as clients make them: a signed or unsigned number, kept as text.
pub(super) fn valid_id(id: &str) -> Result<String, SendError> {
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
