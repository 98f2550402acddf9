//! Messages: who may write to whom and what, typing notices, history, and what has been read.

mod batch;
mod history;
mod sending;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

use super::echo::Echo;
use super::presence::Presences;
use super::user_limit::{TooOften, UserLimit};
use crate::attachment::{FileId, MOST};
use crate::concurrency_limit::ConcurrencyLimit;
use crate::config::Config;
use crate::hub::Hub;
use crate::item;
use crate::store::{Audience, Store, StoreError};
use crate::types::{Presence, Session, Uid};

pub use batch::MOST as BATCH;
use history::HISTORY_READS;
pub(super) use sending::valid_id;

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
    /// The recipient is not a friend, does not exist, has blocked the sender, or cannot be reached now. The sender does not learn which.
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
    /// The seconds until the next message is accepted.
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
    /// The maximum size of all messages of a user, in bytes.
    quota: i64,
    /// How fast a user may send messages, if there is a limit, and typing notices.
    pace: Option<UserLimit>,
    actions: UserLimit,
    /// Reading history takes longer than the lookups of every request, so many reads of one user must not be queued before those
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

    /// Tells a friend who is online, or the members of a group who are, that the user types or has stopped. This is stored nowhere.
    pub async fn typing(&self, session: &Session, to: Uid, typing: bool) -> Result<(), SendError> {
        let own = &session.user;
        if to.is_group() {
            return self.typing_in_group(session, to, typing).await;
        }
        if to == own.uid {
            return Ok(());
        }
        // This is checked first: otherwise the answer would distinguish friends who have blocked the user from those who are offline.
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
}

/// A bucket of `message_burst` messages that gets `messages_per_s`.
fn pace(config: &Config) -> Option<UserLimit> {
    let (burst, rate) = (config.message_burst, config.messages_per_s);
    let window = Duration::from_secs(burst.into()).checked_div(rate)?;
    Some(UserLimit::within(burst, window))
}
