//! The commands for files.

use crate::buddy_list::{BuddyList, Match, NoMatch};
use crate::command::Command;
use fbchat::types::Uid;

/// For completion.
pub const COMMANDS: [&str; 2] = ["/get", "/send"];

pub const HELP: &str = "\
/send file        sends a file or a picture to the person or group that the prompt shows
/send Bob: file   sends it to somebody else
/get 3            saves the file with this number; /get 3 path  saves it there";

/// Parses such a command; `None` if it is another.
pub fn parse(
    word: &str,
    rest: &str,
    buddy_list: &BuddyList,
    chosen: Option<Uid>,
) -> Option<Result<Command, String>> {
    match word {
        "/send" => Some(send(rest, buddy_list, chosen)),
        "/get" => Some(get(rest)),
        _ => None,
    }
}

fn send(rest: &str, buddy_list: &BuddyList, chosen: Option<Uid>) -> Result<Command, String> {
    let command = |to, path: &str| match path.trim() {
        "" => Err("Which file? Write  /send FILE  or  /send NAME: FILE".to_owned()),
        path => Ok(Command::SendFile {
            to,
            path: path.to_owned(),
        }),
    };
    if let Some((name, path)) = rest.split_once(':') {
        // A path may contain a colon, too.
        let how = if chosen.is_some() {
            Match::Whole
        } else {
            Match::Prefix
        };
        let name = name.trim().trim_start_matches('@');
        let number = name.parse().ok().filter(|&number| number > 0).map(Uid);
        match number.map_or_else(|| buddy_list.find(name, how), Ok) {
            Ok(to) => return command(to, path),
            Err(NoMatch::Nobody) if chosen.is_some() => {}
            Err(why) => return Err(buddy_list.explain(name, &why)),
        }
    }
    match chosen {
        Some(to) => command(to, rest),
        None => Err("To whom? Write  /send NAME: FILE. Nothing was sent.".to_owned()),
    }
}

fn get(rest: &str) -> Result<Command, String> {
    let (number, path) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let path = Some(path.trim()).filter(|path| !path.is_empty());
    match number.parse() {
        Ok(number) => Ok(Command::Get {
            number,
            path: path.map(str::to_owned),
        }),
        Err(_) => Err("Which file? Write  /get NUMBER  or  /get NUMBER PATH".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::buddy_list::tests::buddy_list;
    use crate::command::{Command, parse};
    use fbchat::types::Uid;

    #[test]
    fn files_go_to_whom_the_line_or_the_prompt_names() {
        let list = buddy_list();
        let send = |to, path: &str| {
            Ok(Command::SendFile {
                to: Uid(to),
                path: path.to_owned(),
            })
        };
        let chosen = Some(Uid(1004));
        assert_eq!(
            parse("/send Bob: a b.jpg", &list, None),
            send(1002, "a b.jpg")
        );
        assert_eq!(parse("/send 77: x", &list, None), send(77, "x"));
        assert_eq!(parse("/send ~/x", &list, chosen), send(1004, "~/x"));
        assert_eq!(parse("/send bo: x", &list, chosen), send(1004, "bo: x"));
        for (line, chosen) in [("/send x", None), ("/send", chosen), ("/send bo: x", None)] {
            assert!(parse(line, &list, chosen).is_err(), "{line}");
        }
        let get = |number, path: Option<&str>| {
            Ok(Command::Get {
                number,
                path: path.map(str::to_owned),
            })
        };
        assert_eq!(parse("/get 3", &list, None), get(3, None));
        assert_eq!(parse("/get 3  a b ", &list, None), get(3, Some("a b")));
        for line in ["/get", "/get x", "/get -1"] {
            assert!(parse(line, &list, None).is_err(), "{line}");
        }
    }
}
