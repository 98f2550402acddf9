//! The groups as last reported. All names in it are safe to print.

use crate::sanitize::sanitize;
use fbchat::types::{Group, Member, Uid};
use std::collections::BTreeMap;
use std::sync::Arc;

/// See the module.
#[derive(Debug, Default)]
pub struct Groups {
    groups: BTreeMap<Uid, Group>,
    /// The names of those that the user was in.
    former: BTreeMap<Uid, String>,
}

impl Groups {
    /// Replaces the list; true if that changes anything.
    pub fn replace(&mut self, groups: &[Arc<Group>]) -> bool {
        let before = std::mem::take(&mut self.groups);
        groups.iter().for_each(|group| self.update(group, false));
        let changed = self.groups != before;
        let former = before.into_iter().map(|(gid, group)| (gid, group.name));
        self.former.extend(former);
        changed
    }

    /// Adds a group that was made, whose event may be on its way.
    pub fn add(&mut self, group: &Group) {
        if self.get(group.gid).is_none() {
            self.update(group, false);
        }
    }

    /// Updates one group.
    pub fn update(&mut self, group: &Group, gone: bool) {
        if gone {
            self.groups.remove(&group.gid);
            self.former.insert(group.gid, sanitize(&group.name));
            return;
        }
        let mut group = group.clone();
        group.name = sanitize(&group.name);
        for member in &mut group.members {
            let member = Arc::make_mut(member);
            member.name = sanitize(&member.name);
        }
        self.groups.insert(group.gid, group);
    }

    pub fn get(&self, gid: Uid) -> Option<&Group> {
        self.groups.get(&gid)
    }

    /// All groups, by name.
    pub fn sorted(&self) -> Vec<&Group> {
        let mut all: Vec<&Group> = self.groups.values().collect();
        all.sort_by_key(|group| (group.name.to_lowercase(), group.gid));
        all
    }

    /// True for a group that the user is not in any more.
    pub fn is_former(&self, gid: Uid) -> bool {
        self.former.contains_key(&gid) && !self.groups.contains_key(&gid)
    }

    /// The name of a group, also of a former one, or of somebody whom only the groups know.
    pub fn name(&self, uid: Uid) -> Option<&String> {
        let group = self.groups.get(&uid).map(|group| &group.name);
        let member = || {
            let mut groups = self.groups.values();
            groups.find_map(|group| group.member(uid).map(|member| &member.name))
        };
        let found = group.or_else(|| self.former.get(&uid)).or_else(member);
        found.filter(|name| !name.is_empty())
    }
}

/// The member of a group that a typed name or number means, or those that it could mean.
pub fn find_member<'a>(group: &'a Group, typed: &str) -> Vec<&'a Member> {
    let typed = typed.trim().to_lowercase();
    let rules: [fn(&Member, &str) -> bool; 4] = [
        |member, typed| member.uid.to_string() == typed,
        |member, typed| member.name.to_lowercase() == typed,
        |member, typed| first_word(member) == typed,
        |member, typed| !typed.is_empty() && member.name.to_lowercase().starts_with(typed),
    ];
    let found = rules.iter().map(|rule| {
        let members = group.members.iter().map(Arc::as_ref);
        let fits = members.filter(|member| rule(member, &typed));
        fits.collect::<Vec<_>>()
    });
    found
        .into_iter()
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

fn first_word(member: &Member) -> String {
    let first = member.name.split_whitespace().next().unwrap_or_default();
    first.to_lowercase()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn group(gid: u64, name: &str, members: &[(u64, &str)]) -> Arc<Group> {
        let member = |(uid, name): &(u64, &str)| {
            Arc::new(Member {
                uid: Uid(*uid),
                name: (*name).to_owned(),
                picture_url: None,
            })
        };
        Arc::new(Group {
            gid: Uid(gid),
            name: name.to_owned(),
            owner: members.first().map_or(Uid(0), |(uid, _)| Uid(*uid)),
            members: members.iter().map(member).collect(),
            ..Group::default()
        })
    }

    #[test]
    fn members_are_found_by_name_and_number() {
        let group = group(
            5,
            "G",
            &[(1, "Bob Example"), (2, "Bobby T"), (3, "Bob Other")],
        );
        let found = |typed| {
            let found = find_member(&group, typed).into_iter();
            found.map(|member| member.uid.0).collect::<Vec<_>>()
        };
        assert_eq!(found("bob example"), [1]);
        assert_eq!(found("Bob"), [1, 3]);
        assert_eq!(found("bobb"), [2]);
        assert_eq!(found("3"), [3]);
        assert_eq!(found(""), Vec::<u64>::new());
    }

    #[test]
    fn names_cannot_control_the_terminal() {
        let mut groups = Groups::default();
        groups.replace(&[group(5, "G\x1b[2J", &[(1, "E\nx")])]);
        let shown = groups.get(Uid(5)).unwrap();
        assert!(!shown.name.chars().any(char::is_control));
        assert_eq!(groups.name(Uid(1)).unwrap(), "E␊x");
    }

    #[test]
    fn groups_that_the_user_was_in_keep_their_names() {
        let mut groups = Groups::default();
        groups.replace(&[group(5, "A", &[]), group(6, "B", &[])]);
        assert!(!groups.is_former(Uid(5)));
        groups.update(&group(5, "A", &[]), true);
        assert!(groups.replace(&[]));
        for (gid, name) in [(5, "A"), (6, "B")] {
            assert!(groups.is_former(Uid(gid)) && groups.get(Uid(gid)).is_none());
            assert_eq!(groups.name(Uid(gid)).unwrap(), name);
        }
        groups.replace(&[group(5, "C", &[])]);
        assert!(!groups.is_former(Uid(5)));
        assert_eq!(groups.name(Uid(5)).unwrap(), "C");
    }
}
