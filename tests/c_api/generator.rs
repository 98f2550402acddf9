//! Writes `include/fbchat.h`: one group for each topic, with its enums from the tables in the library and its functions as
//! cbindgen reads them from the sources.

use fbchat::c_enum::CEnum;
use fbchat::ffi::{
    ConfigKey, ConnectionState, EventKind, Field, FriendChange, LogLevel, MessageFlag,
    ShownPresence,
};
use fbchat::status::{Distrust, Status};
use fbchat::types::{Feature, FileKind, GroupAction, NoticeKind, NotificationKind, Relation};
use std::fmt::Write;
use testkit::compile::ROOT;

/// One topic of the header. Its text is the module documentation of its first source.
struct Group {
    name: &'static str,
    title: &'static str,
    sources: &'static [&'static str],
    enums: &'static [CEnum],
}

const GROUPS: &[Group] = &[
    Group {
        name: "types",
        title: "Handles and numbers",
        sources: &["types", "event_data"],
        enums: &[],
    },
    Group {
        name: "status",
        title: "Library, statuses and texts",
        sources: &["status"],
        enums: &[Status::HEADER],
    },
    Group {
        name: "config",
        title: "Configurations",
        sources: &["config"],
        enums: &[ConfigKey::HEADER, LogLevel::HEADER],
    },
    Group {
        name: "client",
        title: "Clients",
        sources: &["client"],
        enums: &[],
    },
    Group {
        name: "session",
        title: "Sessions",
        sources: &["session"],
        enums: &[],
    },
    Group {
        name: "request",
        title: "Requests",
        sources: &["request"],
        enums: &[],
    },
    Group {
        name: "messages",
        title: "Messages and notifications",
        sources: &["messages"],
        enums: &[MessageFlag::HEADER, NotificationKind::HEADER],
    },
    Group {
        name: "people",
        title: "Buddies and other people",
        sources: &["people"],
        enums: &[FriendChange::HEADER, Relation::HEADER],
    },
    Group {
        name: "groups",
        title: "Group conversations",
        sources: &["groups"],
        enums: &[GroupAction::HEADER, NoticeKind::HEADER],
    },
    Group {
        name: "files",
        title: "Files and pictures in messages",
        sources: &["files"],
        enums: &[FileKind::HEADER],
    },
    Group {
        name: "account",
        title: "The user's account",
        sources: &["account"],
        enums: &[ShownPresence::HEADER],
    },
    Group {
        name: "event",
        title: "Events",
        sources: &["event"],
        enums: &[
            EventKind::HEADER,
            Field::HEADER,
            ConnectionState::HEADER,
            Feature::HEADER,
            Distrust::HEADER,
        ],
    },
];

/// The header as the sources say it must be.
pub fn generate() -> String {
    let parts: Vec<_> = GROUPS
        .iter()
        .map(|group| (group, functions(group)))
        .collect();
    let mut contents = String::new();
    for (group, code) in &parts {
        list(&mut contents, group, code);
    }
    let top = std::fs::read_to_string(format!("{ROOT}/src/ffi/header.txt"))
        .expect("src/ffi/header.txt can be read");
    let mut header = top.replace("@CONTENTS@", contents.trim_end());
    header.push_str(
        "\n#ifndef FBCHAT_H\n#define FBCHAT_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n\
         #ifdef __cplusplus\nextern \"C\" {\n#endif\n",
    );
    for (group, code) in &parts {
        let text = module_doc(group);
        write!(
            header,
            "\n/**\n * @defgroup {} {}\n *\n{text} * @{{\n */\n\n",
            group.name, group.title
        )
        .expect("a string grows");
        group
            .enums
            .iter()
            .for_each(|each| declare(&mut header, each));
        header.push_str(code.trim());
        header.push_str("\n\n/** @} */\n");
    }
    header.push_str("\n#ifdef __cplusplus\n} // extern \"C\"\n#endif\n\n#endif /* FBCHAT_H */\n");
    header
}

/// All enums of the header.
pub fn enums() -> impl Iterator<Item = &'static CEnum> {
    GROUPS.iter().flat_map(|group| group.enums)
}

/// What cbindgen makes of a group's sources.
fn functions(group: &Group) -> String {
    let config = cbindgen::Config::from_file(format!("{ROOT}/cbindgen.toml"))
        .expect("cbindgen.toml is valid");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in group.sources {
        builder = builder.with_src(format!("{ROOT}/src/ffi/{source}.rs"));
    }
    let mut made = Vec::new();
    builder
        .generate()
        .expect("cbindgen reads src/ffi")
        .write(&mut made);
    String::from_utf8(made).expect("a header is text")
}

/// The module documentation of a group's first source, as lines of a comment.
fn module_doc(group: &Group) -> String {
    let source = group.sources.first().expect("a source");
    let text = std::fs::read_to_string(format!("{ROOT}/src/ffi/{source}.rs"))
        .expect("a source can be read");
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| format!(" *{line}\n")).collect()
}

/// A group's part of the table of contents: its title, and what it declares.
fn list(contents: &mut String, group: &Group, code: &str) {
    const INDENT: &str = " *         ";
    writeln!(contents, " *     {}", group.title).expect("a string grows");
    let enums = group.enums.iter().map(|each| format!("enum {}", each.tag));
    let mut line = String::from(INDENT);
    for name in enums.chain(declared(code)) {
        if line.len() + name.len() > 118 {
            writeln!(contents, "{}", line.trim_end()).expect("a string grows");
            line = String::from(INDENT);
        }
        line.push_str(&name);
        line.push_str("  ");
    }
    writeln!(contents, "{}", line.trim_end()).expect("a string grows");
}

/// The types and functions that a piece of the header declares, in order.
pub fn declared(code: &str) -> Vec<String> {
    let outside = code
        .lines()
        .filter(|line| !line.starts_with([' ', '/', '#', '*', '}']));
    let names = outside.filter_map(|line| {
        let before = match line.strip_prefix("typedef ") {
            Some(alias) => alias.split_once("(*").map_or(alias, |(_, rest)| rest),
            None => line,
        };
        let end = before.find(['(', ')', ';']).unwrap_or(before.len());
        let name = before.get(..end)?.rsplit([' ', '*']).next()?;
        name.starts_with("fbchat_").then(|| name.to_owned())
    });
    names.collect()
}

fn declare(header: &mut String, each: &CEnum) {
    comment(header, "", each.doc);
    writeln!(header, "enum {} {{", each.tag).expect("a string grows");
    let last = each.values.len().saturating_sub(1);
    for (index, value) in each.values.iter().enumerate() {
        comment(header, "    ", value.doc);
        let comma = if index == last { "" } else { "," };
        writeln!(header, "    {} = {}{comma}", value.name, value.number).expect("a string grows");
    }
    header.push_str("};\n\n");
}

/// A comment on one line if there is room, or on several.
fn comment(header: &mut String, indent: &str, lines: &[&str]) {
    let made = match lines {
        [line] if line.len() < 110 => writeln!(header, "{indent}/**{line} */"),
        _ => {
            // Fences keep rustdoc from reading tables as code; Doxygen goes by their indentation.
            let lines = lines.iter().filter(|line| !line.starts_with(" ```"));
            let lines = lines.map(|line| format!("{indent} *{line}\n"));
            writeln!(
                header,
                "{indent}/**\n{}{indent} */",
                lines.collect::<String>()
            )
        }
    };
    made.expect("a string grows");
}
