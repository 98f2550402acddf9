//! Parses the commands for groups. Those that cannot be undone name their group.

use crate::buddy_list::{BuddyList, Match, NoMatch};
use crate::command::Command;
use crate::groups::find_member;
use fbchat::types::{Group, GroupChange, Uid};

/// All of them, for completion.
pub const COMMANDS: [&str; 9] = [
    "/add",
    "/group new",
    "/groups",
    "/leave",
    "/members",
    "/mute",
    "/remove",
    "/rename",
    "/unmute",
];

/// Those that begin with the name of a group.
pub const WITH_GROUP: [&str; 5] = ["/leave ", "/members ", "/mute ", "/rename ", "/unmute "];

pub const HELP: &str = "\
Lunch: hello      writes to a group by name, as to a buddy
/group new Lunch bob carol
                  creates a group with these buddies; names with spaces: /group new Our lunch: Bob Example, Carol
/groups           shows your groups
/members [group]  shows who is in a group
/add name         adds a buddy to the group that the prompt shows; to another one: /add Lunch: bob, carol
/remove name      removes somebody from it, which only the owner can do
/rename name      renames it; another group: /rename Lunch: Dinner
/mute [group]     turns off alerts for a group in all your programs; /unmute turns them on again
/leave group      leaves a group; you cannot be added again for a week";

/// Parses a command for groups; `None` if it is another one.
pub fn parse(
    word: &str,
    rest: &str,
    buddy_list: &BuddyList,
    chosen: Option<Uid>,
) -> Option<Result<Command, String>> {
    let chosen = chosen.filter(|uid| buddy_list.groups.get(*uid).is_some());
    Some(match word {
        "/groups" if rest.is_empty() => Ok(Command::Groups),
        "/groups" => Err("/groups takes no argument. Nothing was done.".to_owned()),
        "/group" => new_group(rest, buddy_list),
        "/members" => one_group(word, rest, buddy_list, chosen).map(Command::Members),
        "/mute" | "/unmute" => one_group(word, rest, buddy_list, chosen)
            .map(|gid| change(gid, vec![GroupChange::Mute(word == "/mute")])),
        "/leave" => {
            one_group(word, rest, buddy_list, None).map(|gid| change(gid, vec![GroupChange::Leave]))
        }
        "/add" | "/remove" | "/rename" => in_group(word, rest, buddy_list, chosen),
        _ => return None,
    })
}

fn change(gid: Uid, changes: Vec<GroupChange>) -> Command {
    Command::ChangeGroup { gid, changes }
}

/// `new NAME bob carol`, or `new A NAME: bob, carol`.
fn new_group(rest: &str, buddy_list: &BuddyList) -> Result<Command, String> {
    let how = "Write  /group new NAME bob carol , or with spaces  /group new A NAME: bob, carol";
    let rest = match rest.split_once(char::is_whitespace) {
        Some(("new", rest)) => rest.trim(),
        _ => return Err(how.to_owned()),
    };
    let (name, people) = match rest.split_once(':') {
        Some(parts) => parts,
        None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
    };
    if name.trim().is_empty() {
        return Err(how.to_owned());
    }
    let members = people_named(people, |typed| friend(typed, buddy_list));
    Ok(Command::NewGroup {
        name: name.trim().to_owned(),
        members: members.map_err(|why| format!("{why} {how}. Nothing was done."))?,
    })
}

/// The group that is named, or else the chosen one.
fn one_group(
    word: &str,
    rest: &str,
    buddy_list: &BuddyList,
    chosen: Option<Uid>,
) -> Result<Uid, String> {
    let name = rest.trim_start_matches('@').trim_end_matches(':').trim();
    match (name, chosen) {
        ("", Some(gid)) => Ok(gid),
        ("", None) => Err(format!("Which group? Write  {word} GROUP")),
        (name, _) => group(name, buddy_list),
    }
}

/// The group that a typed name means. People of this name do not matter here.
fn group(name: &str, buddy_list: &BuddyList) -> Result<Uid, String> {
    let found = buddy_list.find_group(name, Match::Prefix);
    found.map_err(|why| match why {
        NoMatch::Nobody => {
            format!("You are in no group called \"{name}\"; /groups shows your groups.")
        }
        several => buddy_list.explain(name, &several),
    })
}

/// `bob carol` or `dinner` in the chosen group, or `Lunch: bob, carol` in another one.
fn in_group(
    word: &str,
    rest: &str,
    buddy_list: &BuddyList,
    chosen: Option<Uid>,
) -> Result<Command, String> {
    let what = if word == "/rename" {
        "NEW NAME"
    } else {
        "NAME"
    };
    let how = format!("Write  {word} GROUP: {what}");
    let (gid, argument) = match rest.split_once(':') {
        Some((name, argument)) => (group(name.trim(), buddy_list)?, argument.trim()),
        None => (chosen.ok_or(format!("Which group? {how}"))?, rest),
    };
    let known = buddy_list.groups.get(gid);
    let group = known.ok_or_else(|| format!("You are not in this group. {how}"))?;
    if argument.is_empty() {
        return Err(format!("{how}. Nothing was done."));
    }
    let changes = match word {
        "/rename" => vec![GroupChange::Rename(argument.to_owned())],
        "/add" => {
            let all = people_named(argument, |typed| friend(typed, buddy_list))?;
            if let Some(member) = all.iter().find_map(|uid| group.member(*uid)) {
                let (member, group) = (&member.name, &group.name);
                return Err(format!("{member} is in {group} already. Nothing was done."));
            }
            all.into_iter().map(GroupChange::Add).collect()
        }
        _ => people_named(argument, |typed| member(typed, group))?
            .into_iter()
            .map(GroupChange::Remove)
            .collect(),
    };
    Ok(change(gid, changes))
}

/// The people of a list: separated by commas, one name with spaces in it, or words.
fn people_named(
    list: &str,
    find: impl Fn(&str) -> Result<Uid, String>,
) -> Result<Vec<Uid>, String> {
    let list = list.trim();
    let found: Result<Vec<Uid>, String> = if list.is_empty() {
        Ok(Vec::new())
    } else if list.contains(',') {
        let names = list.split(',').map(str::trim);
        names.filter(|name| !name.is_empty()).map(&find).collect()
    } else {
        match find(list) {
            Ok(one) => Ok(vec![one]),
            Err(_) => list.split_whitespace().map(&find).collect(),
        }
    };
    let mut found = found?;
    let mut seen = std::collections::HashSet::new();
    found.retain(|uid| seen.insert(*uid));
    Ok(found)
}

fn friend(typed: &str, buddy_list: &BuddyList) -> Result<Uid, String> {
    let name = typed.trim_start_matches('@');
    let found = buddy_list.find_buddy(name, Match::Prefix);
    found.map_err(|why| buddy_list.explain_buddy(name, &why))
}

fn member(typed: &str, group: &Group) -> Result<Uid, String> {
    match find_member(group, typed.trim_start_matches('@')).as_slice() {
        [one] => Ok(one.uid),
        [] => Err(format!(
            "Nobody in {} is called \"{typed}\"; /members shows who is in it.",
            group.name
        )),
        several => {
            let several = several.iter();
            let names = several.map(|member| format!("{} ({})", member.name, member.uid));
            let names: Vec<String> = names.collect();
            Err(format!(
                "\"{typed}\" could be {}; write more of the name, or the number.",
                names.join(" or ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buddy_list::tests::with_groups;
    use crate::command::parse as parse_line;

    const BOB: Uid = Uid(1002);
    const EMILE: Uid = Uid(1004);
    const LUNCH: Uid = Uid(1_000_000_000);
    const PARTY: Uid = Uid(1_000_000_001);

    fn fresh(line: &str) -> Result<Command, String> {
        parse_line(line, &with_groups(), None)
    }

    fn chosen(line: &str) -> Result<Command, String> {
        parse_line(line, &with_groups(), Some(LUNCH))
    }

    fn send(to: Uid, text: &str) -> Result<Command, String> {
        let text = text.to_owned();
        Ok(Command::Send { to, text })
    }

    fn changed(gid: Uid, changes: Vec<GroupChange>) -> Result<Command, String> {
        Ok(Command::ChangeGroup { gid, changes })
    }

    #[test]
    fn groups_are_addressed_like_people_and_a_clash_asks() {
        for line in ["Lunch: hi", "lu: hi", "@lunch hi", "1000000000 hi"] {
            assert_eq!(fresh(line), send(LUNCH, "hi"), "{line}");
        }
        assert_eq!(fresh("@Bob's party: hi"), send(PARTY, "hi"));
        assert_eq!(chosen("hi"), send(LUNCH, "hi"));
        // A whole name counts more than a beginning.
        assert_eq!(fresh("bob: hi"), send(BOB, "hi"));
        assert_eq!(fresh("bob's: hi"), send(PARTY, "hi"));
        let refusal = fresh("ém: hi").unwrap_err();
        assert!(
            refusal.contains("Émile Zola (1004) or Émile (1000000002)"),
            "{refusal}"
        );
        // Nobody takes over messages to a person by naming a group after them.
        let refusal = fresh("émile: hi").unwrap_err();
        assert!(refusal.contains("could be"), "{refusal}");
        assert_eq!(fresh("émile zola: hi"), send(EMILE, "hi"));
    }

    #[test]
    fn groups_are_made_with_a_name_and_people() {
        let new = |name: &str, members: &[Uid]| {
            Ok(Command::NewGroup {
                name: name.to_owned(),
                members: members.to_vec(),
            })
        };
        assert_eq!(
            fresh("/group new Family bob émile"),
            new("Family", &[BOB, EMILE])
        );
        assert_eq!(
            fresh("/group new Our  family: Bob Example, émile zola, bob"),
            new("Our  family", &[BOB, EMILE])
        );
        assert_eq!(fresh("/group new Alone"), new("Alone", &[]));
        assert_eq!(
            fresh("/group new Two words: bob émile"),
            new("Two words", &[BOB, EMILE])
        );
        for wrong in ["/group", "/group new", "/group old x", "/group new : bob"] {
            assert!(fresh(wrong).unwrap_err().contains("/group new"), "{wrong}");
        }
        let refusal = fresh("/group new Our family bob").unwrap_err();
        assert!(
            refusal.contains("\"family\"") && refusal.contains("A NAME: bob"),
            "{refusal}"
        );
    }

    #[test]
    fn changes_are_for_the_named_group_or_the_chosen_one() {
        assert_eq!(fresh("/groups"), Ok(Command::Groups));
        assert_eq!(fresh("/members bob's"), Ok(Command::Members(PARTY)));
        assert_eq!(chosen("/members"), Ok(Command::Members(LUNCH)));
        assert!(fresh("/members").unwrap_err().contains("/members GROUP"));
        let add = vec![GroupChange::Add(EMILE), GroupChange::Add(Uid(1003))];
        assert_eq!(chosen("/add émile bobby"), changed(LUNCH, add.clone()));
        assert_eq!(fresh("/add bob's party: émile, bobby"), changed(PARTY, add));
        assert!(chosen("/add bob").unwrap_err().contains("already"));
        assert!(fresh("/add bob").unwrap_err().contains("Which group?"));
        assert!(chosen("/add carol").unwrap_err().contains("carol"));
        // Members need not be on the buddy list.
        let remove = vec![GroupChange::Remove(Uid(77))];
        assert_eq!(chosen("/remove Carol"), changed(LUNCH, remove));
        assert!(chosen("/remove émile").unwrap_err().contains("/members"));
        let rename = vec![GroupChange::Rename("Late dinner".to_owned())];
        assert_eq!(
            chosen("/rename Late dinner"),
            changed(LUNCH, rename.clone())
        );
        assert_eq!(fresh("/rename lunch: Late dinner"), changed(LUNCH, rename));
        assert!(chosen("/rename").unwrap_err().contains("Nothing was done"));
        let mute = |muted| vec![GroupChange::Mute(muted)];
        assert_eq!(chosen("/mute"), changed(LUNCH, mute(true)));
        assert_eq!(fresh("/unmute lunch"), changed(LUNCH, mute(false)));
        assert_eq!(
            fresh("/leave Lunch:"),
            changed(LUNCH, vec![GroupChange::Leave])
        );
        assert!(chosen("/leave").unwrap_err().contains("/leave GROUP"));
        assert!(
            chosen("/leave bobby")
                .unwrap_err()
                .contains("no group called")
        );
    }
}
