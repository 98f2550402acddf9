//! Creating a room, which makes a group, and configuring it. A group has nothing to configure but its name.

use crate::metrics::Counted;
use crate::service::groups::{GroupError, Listed};
use crate::types::Session;
use crate::xmpp::errors::StanzaError;
use crate::xmpp::forms::{self, filled};
use crate::xmpp::jid::Jid;
use crate::xmpp::rooms::{Room, occupants};
use crate::xmpp::session::Client;
use crate::xmpp::xml::{Element, ns};

/// The longest name that a client can give to a room, and the longest name of a group.
const LABEL: usize = 200;
const NAME: usize = 100;
const CONFIG: &str = "http://jabber.org/protocol/muc#roomconfig";
const ROOM_NAME: &str = "muc#roomconfig_roomname";
/// The configuration that is the same for every room.
const FIXED: &[(&str, &str, &str)] = &[
    (
        "muc#roomconfig_persistentroom",
        "Stays while nobody is in it",
        "1",
    ),
    ("muc#roomconfig_membersonly", "For members only", "1"),
    ("muc#roomconfig_publicroom", "Listed for others", "0"),
    ("muc#roomconfig_moderatedroom", "Only some may speak", "0"),
    (
        "muc#roomconfig_passwordprotectedroom",
        "With a password",
        "0",
    ),
    (
        "muc#roomconfig_changesubject",
        "Members change the name",
        "1",
    ),
    (
        "muc#roomconfig_allowinvites",
        "Members add their friends",
        "1",
    ),
];
/// The fields of it that make a room private; a form that changes them is refused.
const PRIVATE: &[&str] = &[
    "muc#roomconfig_membersonly",
    "muc#roomconfig_passwordprotectedroom",
];

fn form(name: &str) -> Element {
    let field = |var: &str, kind: &str, label: &str, value: &str| {
        filled(var, value).with("type", kind).with("label", label)
    };
    let mut form = forms::form("form", CONFIG)
        .child(Element::new("title", ns::FORM).text("Group"))
        .child(field(ROOM_NAME, "text-single", "Name", name));
    for (var, label, value) in FIXED {
        form.push(field(var, "boolean", label, value));
    }
    form.push(field(
        "muc#roomconfig_whois",
        "text-single",
        "Who sees addresses",
        "anyone",
    ));
    Element::new("query", ns::MUC_OWNER).child(form)
}

/// The name that a form gives to a room; an error if it asks for a configuration that groups cannot have.
fn submitted(form: &Element) -> Result<Option<String>, StanzaError> {
    let mut name = None;
    for field in form.children().filter(|field| field.is("field", ns::FORM)) {
        let var = field.attribute("var").unwrap_or_default();
        let value = field.find("value", ns::FORM).map(Element::content);
        let value = value.unwrap_or_default();
        if var == ROOM_NAME && !value.trim().is_empty() {
            name = Some(value);
            continue;
        }
        let fixed = FIXED.iter().find(|(known, _, _)| *known == var);
        let is_on = matches!(value.trim(), "1" | "true");
        if PRIVATE.contains(&var) && fixed.is_some_and(|(_, _, value)| (*value == "1") != is_on) {
            let text =
                "Groups are for their members only, without a password. Make this a private group.";
            return Err(StanzaError::new("modify", "not-acceptable", text));
        }
    }
    Ok(name)
}

impl Client {
    /// Answers with the configuration of a room.
    pub(super) async fn configuration(
        &mut self,
        session: &Session,
        jid: &Jid,
    ) -> Result<Element, StanzaError> {
        if self.rooms.creating.contains(&jid.bare()) {
            return Ok(form(&usual_name(jid)));
        }
        let group = self.own_room(session, jid).await?;
        Ok(form(&group.name))
    }

    /// Takes the configuration of a room, which then exists.
    pub(super) async fn configure(
        &mut self,
        session: &Session,
        jid: &Jid,
        request: &Element,
    ) -> Result<(), StanzaError> {
        let bare = jid.bare();
        let is_new = self.rooms.creating.contains(&bare);
        let Some(form) = request.find("x", ns::FORM) else {
            let text = "A group stays until all members have left it.";
            return Err(StanzaError::new("cancel", "not-allowed", text));
        };
        if form.attribute("type") == Some("cancel") {
            self.rooms.creating.retain(|creating| *creating != bare);
            return Ok(());
        }
        let name = submitted(form)?;
        if is_new {
            let name = name.unwrap_or_else(|| usual_name(jid));
            self.create(session, jid, &name).await?;
            self.rooms.creating.retain(|creating| *creating != bare);
            return Ok(());
        }
        let group = self.own_room(session, jid).await?;
        if let Some(name) = name {
            let groups = &self.xmpp.services.groups;
            groups.rename(session, group.gid, &name).await?;
        }
        Ok(())
    }

    async fn create(
        &mut self,
        session: &Session,
        jid: &Jid,
        name: &str,
    ) -> Result<(), StanzaError> {
        let label = jid.local.as_deref().unwrap_or_default();
        if label.len() > LABEL {
            let text = format!("The address of a room can have {LABEL} bytes before the @.");
            return Err(StanzaError::new("modify", "not-acceptable", text));
        }
        let services = self.xmpp.services.clone();
        let since = services.channels.next(self.uid);
        let gid = services
            .groups
            .create_labelled(session, name, label)
            .await?;
        let members = services.groups.members(session, gid).await?;
        let room = Room {
            jid: jid.bare(),
            name: name.to_owned(),
            occupants: occupants(&members),
            since,
            known: Vec::new(),
            sent: Vec::new(),
            _counted: Counted::by(&self.xmpp.metrics.rooms),
        };
        self.rooms.joined.insert(gid, room);
        Ok(())
    }

    async fn own_room(&self, session: &Session, jid: &Jid) -> Result<Listed, StanzaError> {
        let group = self.find_room(session, jid).await?;
        let group = group.ok_or(GroupError::Unknown)?;
        let members = self.group_members(session, group.gid).await?;
        if members.first().is_none_or(|owner| owner.uid != self.uid) {
            let text = "Only the owner of a group configures it. All members can change its subject, which is its name.";
            return Err(StanzaError::new("auth", "forbidden", text));
        }
        Ok(group)
    }
}

/// The name of a group whose creator gives it none.
fn usual_name(jid: &Jid) -> String {
    let label = jid.local.as_deref().unwrap_or_default();
    label.chars().take(NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_names_a_room_and_cannot_open_it() {
        let empty = Element::new("x", ns::FORM);
        assert_eq!(submitted(&empty).unwrap(), None);
        let named = empty
            .child(filled(ROOM_NAME, "Hiking"))
            .child(filled("muc#roomconfig_membersonly", "true"))
            .child(filled("muc#roomconfig_publicroom", "1"));
        assert_eq!(submitted(&named).unwrap().unwrap(), "Hiking");
        let open = named.child(filled("muc#roomconfig_membersonly", "0"));
        assert_eq!(submitted(&open).unwrap_err().condition, "not-acceptable");
    }
}
