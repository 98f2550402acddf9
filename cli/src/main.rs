//! `fbchat`: a terminal client for the Facebook Chat protocol of 2008, for people and for scripts.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing))]

mod args;
mod buddy_list;
mod chat;
mod chat_state;
mod command;
mod completion;
mod file_command;
mod files;
mod format;
mod group_command;
mod groups;
mod input;
mod json;
mod output;
mod password;
mod request_queue;
mod sanitize;
mod terminal;
mod text;
mod ui_event;

use args::Args;
use chat::Chat;
use clap::Parser;
use fbchat::blocking::Session;
use fbchat::options::SessionOptions;
use fbchat::protocol::{ServerAddress, ServerAddressError};
use output::Output;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use terminal::Terminal;

/// Exit status for a wrong command line, or a wrong file named in it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(never) => match never {},
        Err((code, sentence)) => {
            eprintln!("fbchat: {sentence}");
            ExitCode::from(code)
        }
    }
}

/// Has no value: the program ends in [`Chat::quit`].
enum Never {}

fn run(args: &Args) -> Result<Never, (u8, String)> {
    let usage = |sentence: String| (USAGE, sentence);
    let options = args.options().map_err(usage)?;
    let server = address(&options).map_err(usage)?;
    let terminal = Arc::new(Terminal::save());
    let chat = Arc::new(OnceLock::<Arc<Chat>>::new());
    quit_on_signals(&terminal, &chat).map_err(|error| no_thread(&error))?;
    let password = password::obtain(args, &terminal).map_err(usage)?;

    let at_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if at_terminal && !args.json {
        println!("Logging in to {}…", server.label());
    }
    let session = Session::login(&options, &args.email, password).map_err(|problem| {
        if args.json {
            println!("{}", json::login_failed(&problem));
        }
        (1, text::login_failed(&problem))
    })?;

    // A terminal that the line editor does not support is treated like a pipe.
    let mut editor = input::editor().ok().filter(|_| at_terminal && !args.json);
    let printer = editor
        .as_mut()
        .and_then(|editor| editor.create_external_printer().ok());
    editor = editor.filter(|_| printer.is_some());
    let out = match printer {
        Some(printer) => Output::terminal(printer).map_err(|error| no_thread(&error))?,
        None if args.json => Output::Json,
        None => Output::Plain,
    };
    let chat = chat.get_or_init(|| Chat::new(session, server.label(), out, terminal));
    chat.open().map_err(|error| no_thread(&error))?;
    match editor {
        Some(editor) => input::interactive(chat, editor),
        None => input::pipe(chat),
    }
}

/// The system starts no more threads, without which nothing goes.
fn no_thread(error: &dyn std::fmt::Display) -> (u8, String) {
    (1, format!("cannot start a thread: {error}"))
}

fn address(options: &SessionOptions) -> Result<ServerAddress, String> {
    options.server_address().map_err(|error| match error {
        ServerAddressError::Insecure(label) => format!(
            "Refusing to log in to {label} over plain HTTP: others could read the password. \
             Use https://, or --allow-insecure if you trust the network"
        ),
        other => other.to_string(),
    })
}

/// Ctrl-C outside of the line editor, and signals from other processes.
fn quit_on_signals(
    terminal: &Arc<Terminal>,
    chat: &Arc<OnceLock<Arc<Chat>>>,
) -> Result<(), ctrlc::Error> {
    let (terminal, chat) = (Arc::clone(terminal), Arc::clone(chat));
    ctrlc::set_handler(move || match chat.get() {
        Some(chat) => chat.quit(0),
        None => {
            terminal.restore_at_exit();
            std::process::exit(1);
        }
    })
}
