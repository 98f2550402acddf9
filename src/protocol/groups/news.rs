//! What an item of the channel says of a group (docs/protocol.md, Groups). All of it can be applied twice.

use crate::protocol::groups::limits::MOST_MEMBERS;
use crate::protocol::wire::item::{Item, ItemPerson};
use crate::protocol::wire::json::objects;
use crate::types::{Uid, name_line};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupNews {
    pub gid: Uid,
    /// Empty if the item does not tell it.
    pub name: String,
    pub owner: Option<Uid>,
    /// Who is a member now, with their names; all of them if this user is new.
    pub added: Vec<(Uid, String)>,
    pub removed: Vec<Uid>,
    pub muted: Option<bool>,
    pub unread: Option<u32>,
    /// This user is no member any more.
    pub gone: bool,
}

/// Reads an item of type `group`.
pub fn read(item: Item) -> Option<GroupNews> {
    let person = |person: ItemPerson| Some((Uid(person.uid.id()?), name_line(&person.name.0?)));
    let removed = item.removed.0.unwrap_or_default().into_iter();
    Some(GroupNews {
        gid: Uid(item.gid.id()?),
        name: name_line(&item.name.or_empty()),
        owner: item.owner.id().map(Uid),
        added: objects(item.added, MOST_MEMBERS)
            .filter_map(person)
            .collect(),
        removed: removed
            .filter_map(|uid| uid.id().map(Uid))
            .take(MOST_MEMBERS)
            .collect(),
        muted: item.muted.0,
        unread: item.unread.0.and_then(|unread| u32::try_from(unread).ok()),
        gone: item.gone.0 == Some(true),
    })
}
