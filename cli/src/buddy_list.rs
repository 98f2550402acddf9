//! The buddy list as last reported, and the search for the buddy or group that a typed name means.

use crate::groups::Groups;
use crate::sanitize::sanitize;
use fbchat::blocking::Account;
use fbchat::types::{Buddy, Presence, Uid};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The user, their buddies and their groups. All names in it are safe to print.
#[derive(Debug)]
pub struct BuddyList {
    own: Account,
    buddies: BTreeMap<Uid, Buddy>,
    pub groups: Groups,
}

/// How much of a name must be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// The full name or the full first name.
    Whole,
    /// A beginning that only one of them has.
    Prefix,
}

/// Why a name does not identify a buddy or a group.
#[derive(Debug, PartialEq, Eq)]
pub enum NoMatch {
    /// None has this name.
    Nobody,
    /// These have it.
    Several(Vec<Uid>),
}

/// Whether a name, in lower case, fits to what was typed.
type Rule = fn(&str, &str) -> bool;

impl BuddyList {
    pub fn new(own: &Account) -> Self {
        let own = Account {
            name: sanitize(&own.name),
            ..own.clone()
        };
        BuddyList {
            own,
            buddies: BTreeMap::new(),
            groups: Groups::default(),
        }
    }

    pub fn own(&self) -> &Account {
        &self.own
    }

    /// Updates one buddy; true if their presence has changed.
    pub fn update(&mut self, buddy: &Buddy) -> bool {
        let mut buddy = buddy.clone();
        buddy.name = sanitize(&buddy.name);
        buddy.first_name = sanitize(&buddy.first_name);
        let presence = buddy.presence;
        // An unknown buddy counts as offline before.
        let before = self
            .buddies
            .insert(buddy.uid, buddy)
            .map_or(Presence::Offline, |old| old.presence);
        before != presence
    }

    /// Replaces the list; returns the buddies whose presence has changed.
    pub fn replace(&mut self, buddies: &[Arc<Buddy>]) -> Vec<Arc<Buddy>> {
        self.buddies
            .retain(|uid, _| buddies.iter().any(|buddy| buddy.uid == *uid));
        buddies
            .iter()
            .filter(|buddy| self.update(buddy))
            .cloned()
            .collect()
    }

    pub fn knows(&self, uid: Uid) -> bool {
        let is_group = self.groups.get(uid).is_some();
        uid == self.own.uid || is_group || self.buddies.contains_key(&uid)
    }

    /// The buddy with this number.
    pub fn buddy(&self, uid: Uid) -> Option<&Buddy> {
        self.buddies.get(&uid)
    }

    /// All buddies, online first, then by name.
    pub fn sorted(&self) -> Vec<&Buddy> {
        let mut all: Vec<&Buddy> = self.buddies.values().collect();
        all.sort_by_key(|buddy| {
            (
                buddy.presence == Presence::Offline,
                buddy.name.to_lowercase(),
                buddy.uid,
            )
        });
        all
    }

    /// The full name of somebody or of a group, or the number if it is unknown.
    pub fn name(&self, uid: Uid) -> String {
        let known = if uid == self.own.uid {
            Some(&self.own.name)
        } else {
            self.buddies.get(&uid).map(|buddy| &buddy.name)
        };
        known
            .filter(|name| !name.is_empty())
            .or_else(|| self.groups.name(uid))
            .cloned()
            .unwrap_or_else(|| uid.to_string())
    }

    /// The first name if nobody else and no group has it, otherwise the full name; for the prompt.
    pub fn short_name(&self, uid: Uid) -> String {
        let first = self.buddies.get(&uid).map_or("", |buddy| first_name(buddy));
        match self.find(first, Match::Whole) {
            Ok(found) if found == uid => first.to_owned(),
            _ => self.name(uid),
        }
    }

    /// Finds a buddy or a group by number or by name, in upper or lower case. A whole name has priority over a beginning. A group
    /// never takes the place of a person, whose name anybody can give to a group.
    pub fn find(&self, typed: &str, how: Match) -> Result<Uid, NoMatch> {
        self.search(typed, how, |typed, rule| {
            let mut found = self.buddies_named(typed, rule);
            found.extend(self.groups_named(typed, rule));
            found
        })
    }

    /// Finds a buddy.
    pub fn find_buddy(&self, typed: &str, how: Match) -> Result<Uid, NoMatch> {
        self.search(typed, how, |typed, rule| self.buddies_named(typed, rule))
    }

    /// Finds a group.
    pub fn find_group(&self, typed: &str, how: Match) -> Result<Uid, NoMatch> {
        self.search(typed, how, |typed, rule| self.groups_named(typed, rule))
    }

    fn search(
        &self,
        typed: &str,
        how: Match,
        named: impl Fn(&str, Rule) -> Vec<Uid>,
    ) -> Result<Uid, NoMatch> {
        let typed = typed.trim();
        if let Some(uid) = typed.parse().ok().map(Uid).filter(|uid| self.knows(*uid)) {
            return Ok(uid);
        }
        let typed = typed.to_lowercase();
        if typed.is_empty() {
            return Err(NoMatch::Nobody);
        }
        let mut rules: Vec<Rule> = vec![|name, typed| name == typed];
        if how == Match::Prefix {
            rules.push(|name, typed| name.starts_with(typed));
        }
        for rule in rules {
            let found = named(&typed, rule);
            match found.as_slice() {
                [] => {}
                [one] => return Ok(*one),
                _ => return Err(NoMatch::Several(found)),
            }
        }
        Err(NoMatch::Nobody)
    }

    /// Those whose full name fits, or else those whose first name does.
    fn buddies_named(&self, typed: &str, rule: Rule) -> Vec<Uid> {
        for part in [
            |buddy: &Buddy| buddy.name.to_lowercase(),
            |buddy: &Buddy| first_name(buddy).to_lowercase(),
        ] {
            let fits = |buddy: &&Buddy| rule(&part(buddy), typed);
            let found = self.buddies.values().filter(fits).map(|buddy| buddy.uid);
            let found: Vec<Uid> = found.collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    fn groups_named(&self, typed: &str, rule: Rule) -> Vec<Uid> {
        let groups = self.groups.sorted().into_iter();
        let fits = groups.filter(|group| rule(&group.name.to_lowercase(), typed));
        fits.map(|group| group.gid).collect()
    }

    /// Says why `typed` does not identify a buddy, where a group will not do.
    pub fn explain_buddy(&self, typed: &str, why: &NoMatch) -> String {
        match why {
            NoMatch::Nobody => format!(
                "Nobody on your buddy list is called \"{}\"; /buddies shows the list.",
                typed.trim()
            ),
            NoMatch::Several(_) => self.explain(typed, why),
        }
    }

    /// Says why `typed` does not identify a buddy or a group, and what to do.
    pub fn explain(&self, typed: &str, why: &NoMatch) -> String {
        let typed = typed.trim();
        let NoMatch::Several(uids) = why else {
            return format!(
                "Nobody on your buddy list is called \"{typed}\", and no group; /buddies and /groups show the lists."
            );
        };
        let listed: Vec<String> = uids
            .iter()
            .map(|uid| format!("{} ({uid})", self.name(*uid)))
            .collect();
        let example = uids.first().map_or_else(String::new, ToString::to_string);
        format!(
            "\"{typed}\" could be {}; write more of the name, or the number: {example} hello",
            listed.join(" or ")
        )
    }
}

/// The first name as reported by the server, or the first word of the name.
fn first_name(buddy: &Buddy) -> &str {
    if buddy.first_name.is_empty() {
        buddy.name.split_whitespace().next().unwrap_or_default()
    } else {
        &buddy.first_name
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn buddy(uid: u64, name: &str, presence: Presence) -> Buddy {
        Buddy {
            uid: Uid(uid),
            name: name.to_owned(),
            first_name: name.split(' ').next().unwrap().to_owned(),
            presence,
            idle_since: 0,
            status_text: None,
            status_time: 0,
            picture_url: None,
        }
    }

    /// Alice (1001) with three buddies.
    pub fn buddy_list() -> BuddyList {
        let mut buddy_list = BuddyList::new(&Account {
            uid: Uid(1001),
            name: "Alice Example".to_owned(),
            message_limit: 1000,
        });
        buddy_list.replace(
            &[
                buddy(1002, "Bob Example", Presence::Active),
                buddy(1003, "Bobby Tables", Presence::Offline),
                buddy(1004, "Émile Zola", Presence::Idle),
            ]
            .map(Arc::new),
        );
        buddy_list
    }

    /// The same with three groups.
    pub fn with_groups() -> BuddyList {
        use crate::groups::tests::group;
        let mut buddy_list = buddy_list();
        let all = [
            (1001, "Alice Example"),
            (1002, "Bob Example"),
            (77, "Carol C"),
        ];
        buddy_list.groups.replace(&[
            group(1_000_000_000, "Lunch", &all),
            group(1_000_000_001, "Bob's party", &all),
            group(1_000_000_002, "Émile", &all),
        ]);
        buddy_list
    }

    #[test]
    fn whole_names_have_priority_over_beginnings() {
        let buddy_list = buddy_list();
        assert_eq!(buddy_list.find("bob", Match::Prefix), Ok(Uid(1002)));
        assert_eq!(buddy_list.find("BOB EXAMPLE", Match::Whole), Ok(Uid(1002)));
        assert_eq!(buddy_list.find("bobb", Match::Prefix), Ok(Uid(1003)));
        assert_eq!(buddy_list.find("bobb", Match::Whole), Err(NoMatch::Nobody));
        assert_eq!(buddy_list.find("éM", Match::Prefix), Ok(Uid(1004)));
        assert_eq!(buddy_list.find("1004", Match::Whole), Ok(Uid(1004)));
    }

    #[test]
    fn several_matches_are_named() {
        let buddy_list = buddy_list();
        let why = buddy_list.find("bo", Match::Prefix).unwrap_err();
        assert_eq!(why, NoMatch::Several(vec![Uid(1002), Uid(1003)]));
        assert_eq!(
            buddy_list.explain("bo", &why),
            "\"bo\" could be Bob Example (1002) or Bobby Tables (1003); write more of the name, or the number: 1002 hello"
        );
    }

    #[test]
    fn short_name_is_unique() {
        let mut buddy_list = buddy_list();
        assert_eq!(buddy_list.short_name(Uid(1002)), "Bob");
        buddy_list.update(&buddy(1005, "Bob Other", Presence::Active));
        assert_eq!(buddy_list.short_name(Uid(1002)), "Bob Example");
        assert_eq!(buddy_list.short_name(Uid(77)), "77");
    }

    #[test]
    fn only_changes_of_presence_are_reported() {
        let mut buddy_list = buddy_list();
        assert!(!buddy_list.update(&buddy(1002, "Bob Example", Presence::Active)));
        assert!(buddy_list.update(&buddy(1002, "Bob Example", Presence::Idle)));
        assert!(buddy_list.update(&buddy(1006, "New One", Presence::Active)));
        assert!(!buddy_list.update(&buddy(1007, "Away One", Presence::Offline)));
        assert_eq!(
            buddy_list
                .replace(&[buddy(1002, "Bob Example", Presence::Active).into()])
                .len(),
            1
        );
        assert!(!buddy_list.knows(Uid(1003)));
    }

    #[test]
    fn names_cannot_control_the_terminal() {
        let mut buddy_list = buddy_list();
        buddy_list.update(&buddy(1008, "Eve\x1b[2J\nx", Presence::Active));
        assert!(!buddy_list.name(Uid(1008)).chars().any(char::is_control));
    }
}
