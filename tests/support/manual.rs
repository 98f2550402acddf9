//! Whether a manual page tells all that a program's command line can take.

/// The words of a page or of a help text, without what formats them.
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
    assert_tells(&words(page), &command, command.get_name());
}

fn assert_tells(page: &str, command: &clap::Command, path: &str) {
    let mut told = vec![];
    for option in command.get_arguments() {
        let value = option.get_value_names().unwrap_or_default();
        told.extend(option.get_long().map(|long| match value.first() {
            Some(value) if option.get_action().takes_values() => format!("--{long} {value}"),
            _ => format!("--{long}"),
        }));
    }
    if !command.has_subcommands() {
        told.push(path.to_owned());
    }
    let closing = command.get_after_long_help().map(ToString::to_string);
    told.extend(
        closing
            .iter()
            .flat_map(|text| text.split("\n\n").map(words)),
    );
    for text in told {
        assert!(
            page.contains(&text),
            "{path}: the manual page does not tell {text}"
        );
    }
    let commands = command
        .get_subcommands()
        .filter(|command| command.get_name() != "help");
    for command in commands {
        assert_tells(page, command, &format!("{path} {}", command.get_name()));
    }
}
