//! A check that a manual page describes the whole command line of a program.

/// The words of a manual page or a help text, without the formatting.
fn words(page: &str) -> String {
    let lines = page.lines().map(|line| match line.strip_prefix('.') {
        Some(request) => request.split_once(' ').map_or("", |(_, text)| text),
        None => line,
    });
    let text = lines.collect::<Vec<_>>().join(" ");
    let text = text
        .replace(r"\-", "-")
        .replace(r"\e", r"\")
        .replace('"', "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Fails if an option, a command or the closing part of the help is missing from a manual page.
pub fn assert_complete(page: &str, mut command: clap::Command) {
    command.build();
    assert_mentions(&words(page), &command, command.get_name());
}

fn assert_mentions(page: &str, command: &clap::Command, path: &str) {
    let mut expected = vec![];
    for option in command.get_arguments() {
        let value = option.get_value_names().unwrap_or_default();
        expected.extend(option.get_long().map(|long| match value.first() {
            Some(value) if option.get_action().takes_values() => format!("--{long} {value}"),
            _ => format!("--{long}"),
        }));
    }
    if !command.has_subcommands() {
        expected.push(path.to_owned());
    }
    let closing = command.get_after_long_help().map(ToString::to_string);
    expected.extend(
        closing
            .iter()
            .flat_map(|text| text.split("\n\n").map(words)),
    );
    for text in expected {
        assert!(
            page.contains(&text),
            "{path}: the manual page does not mention {text}"
        );
    }
    let commands = command
        .get_subcommands()
        .filter(|command| command.get_name() != "help");
    for command in commands {
        assert_mentions(page, command, &format!("{path} {}", command.get_name()));
    }
}
