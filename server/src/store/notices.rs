//! What a user has not noticed yet: conversations with unread messages, and notifications.

use rusqlite::params;

use super::sqlite::{USER, user};
use super::writer::Tx;
use super::{Reply, Sqlite, StoreError};
use crate::types::{Message, Uid, User};
use crate::{item, lock};

/// The most notifications that are kept for one user.
const KEPT: i64 = 100;

/// What a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody asks to be friends.
    FriendRequest,
    /// Somebody has accepted.
    FriendAdded,
    /// Somebody pokes.
    Poke,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::FriendRequest, Kind::FriendAdded, Kind::Poke];

    /// The word on the wire and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Kind::FriendRequest => "friend_request",
            Kind::FriendAdded => "friend_added",
            Kind::Poke => "poke",
        }
    }
}

/// Something that somebody else did.
#[derive(Debug)]
pub struct Notification {
    /// Its number; later ones are greater.
    pub id: i64,
    /// What.
    pub kind: Kind,
    /// Who.
    pub actor: User,
    /// When, in ms.
    pub time: i64,
    /// Whether the owner has seen it.
    pub seen: bool,
}

/// A conversation with unread messages.
#[derive(Debug)]
pub struct Conversation {
    /// With whom.
    pub peer: User,
    /// How many.
    pub messages: i64,
    /// When the last one came, in ms.
    pub time: i64,
}

/// The durable side of notices.
pub trait Notices {
    /// The conversations with unread messages, the latest first.
    fn unread(&self, uid: Uid) -> Result<Vec<Conversation>, StoreError>;
    /// The notifications, the latest first.
    fn notifications(&self, uid: Uid) -> Result<Vec<Notification>, StoreError>;

    /// Everything from `peer` has been read; published to the owner if that is news.
    fn mark_read(&self, owner: Uid, peer: Uid) -> Reply<()>;
    /// All notifications have been seen.
    fn mark_seen(&self, owner: Uid) -> Reply<()>;
}

impl Notices for Sqlite {
    fn unread(&self, uid: Uid) -> Result<Vec<Conversation>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(&format!(
            "SELECT {USER}, unread.messages, unread.time FROM unread JOIN users ON users.uid = peer
                WHERE owner = ?1 ORDER BY unread.time DESC"
        ))?;
        let rows = select.query_map([uid.0], |row| {
            Ok(Conversation {
                peer: user(row)?,
                messages: row.get("messages")?,
                time: row.get("time")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn notifications(&self, uid: Uid) -> Result<Vec<Notification>, StoreError> {
        let db = lock(&self.reader);
        let mut select = db.prepare_cached(&format!(
            "SELECT {USER}, id, kind, time, seen FROM notifications JOIN users ON users.uid = actor
                WHERE owner = ?1 ORDER BY id DESC"
        ))?;
        let rows = select.query_map([uid.0], |row| {
            let name: String = row.get("kind")?;
            // A kind that only a later version knows is left out.
            let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
                return Ok(None);
            };
            Ok(Some(Notification {
                id: row.get("id")?,
                kind,
                actor: user(row)?,
                time: row.get("time")?,
                seen: row.get("seen")?,
            }))
        })?;
        let known = rows.filter_map(Result::transpose);
        Ok(known.collect::<Result<_, _>>()?)
    }

    fn mark_read(&self, owner: Uid, peer: Uid) -> Reply<()> {
        self.submit(move |tx| tx.mark_read(owner, peer, true))
    }

    fn mark_seen(&self, owner: Uid) -> Reply<()> {
        self.submit(move |tx| tx.mark_seen(owner))
    }
}

impl Tx<'_> {
    /// Counts a message for its recipient. To its sender the conversation is read: he has answered.
    pub(super) fn unread(&mut self, message: &Message, there: &[Uid]) -> Result<(), StoreError> {
        let (from, to) = (message.from, message.to);
        self.mark_read(from, to, there.contains(&from))?;
        let count: i64 = self
            .writing()?
            .prepare_cached(
                "INSERT INTO unread(owner, peer, messages, time) VALUES (?1, ?2, 1, ?3)
                    ON CONFLICT DO UPDATE SET messages = messages + 1, time = ?3 RETURNING messages",
            )?
            .query_row(params![to.0, from.0, message.time], |row| row.get(0))?;
        if count == 1 && there.contains(&to) {
            self.tell_inbox(to)?;
        }
        Ok(())
    }

    fn mark_read(&mut self, owner: Uid, peer: Uid, tell: bool) -> Result<(), StoreError> {
        let read = self
            .writing()?
            .prepare_cached("DELETE FROM unread WHERE owner = ?1 AND peer = ?2")?
            .execute(params![owner.0, peer.0])?;
        if read > 0 && tell {
            self.tell_inbox(owner)?;
        }
        Ok(())
    }

    fn tell_inbox(&mut self, owner: Uid) -> Result<(), StoreError> {
        let unread = "SELECT count(*) FROM unread WHERE owner = ?1";
        let unseen = self.count(unread, [owner.0])?;
        self.publish(owner, item::inbox(unseen))?;
        Ok(())
    }

    pub(super) fn notify(
        &mut self,
        owner: Uid,
        kind: Kind,
        actor: Uid,
        time: i64,
    ) -> Result<(), StoreError> {
        let db = self.writing()?;
        db.execute(
            "INSERT INTO notifications(owner, kind, actor, time) VALUES (?1, ?2, ?3, ?4)",
            params![owner.0, kind.name(), actor.0, time],
        )?;
        db.execute(
            "DELETE FROM notifications WHERE id IN
                (SELECT id FROM notifications WHERE owner = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2)",
            params![owner.0, KEPT],
        )?;
        Ok(())
    }

    /// What it was about is settled.
    pub(super) fn forget(&mut self, owner: Uid, kind: Kind, actor: Uid) -> Result<(), StoreError> {
        self.writing()?.execute(
            "DELETE FROM notifications WHERE owner = ?1 AND kind = ?2 AND actor = ?3",
            params![owner.0, kind.name(), actor.0],
        )?;
        Ok(())
    }

    fn mark_seen(&mut self, owner: Uid) -> Result<(), StoreError> {
        self.writing()?.execute(
            "UPDATE notifications SET seen = 1 WHERE owner = ?1 AND seen = 0",
            [owner.0],
        )?;
        Ok(())
    }
}
