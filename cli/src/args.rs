//! The command line. It deliberately has no password: other users can read arguments and environment variables.

use clap::Parser;
use fbchat::options::{NetworkOptions, Pin, Proxy, Roots, SessionOptions};
use std::path::{Path, PathBuf};

/// Chat over the Facebook Chat protocol of 2008.
#[derive(Debug, Parser)]
#[command(name = "fbchat", version, after_help = AFTER, after_long_help = AFTER_LONG)]
pub struct Args {
    /// The e-mail address or user name of your account
    pub email: String,

    /// The address of the server
    #[arg(
        long,
        value_name = "URL",
        env = "FBCHAT_SERVER",
        default_value = "http://127.0.0.1:8080"
    )]
    pub server: String,

    /// Allow plain HTTP to another machine; others on the network can then read the password
    #[arg(long)]
    pub allow_insecure: bool,

    /// Use a proxy: http://HOST:PORT, socks5h://HOST:PORT (Tor), socks5, socks4a or socks4; or "environment" to
    /// read http_proxy and the like, which are ignored otherwise
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,

    /// Trust the certificates in this PEM file in addition to the system's
    #[arg(long, value_name = "FILE", value_parser = roots)]
    pub ca_file: Option<Roots>,

    /// Trust only the server certificate with this fingerprint
    #[arg(long, value_name = "SHA256", value_parser = pin)]
    pub pin: Option<Pin>,

    /// Read the password from the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "password_stdin")]
    pub password_file: Option<PathBuf>,

    /// Read the password from the first line of standard input
    #[arg(long)]
    pub password_stdin: bool,

    /// Write one JSON object per line, for scripts
    #[arg(long)]
    pub json: bool,
}

/// The name under which the server lists the session for the user.
const USER_AGENT: &str = concat!(
    "Mozilla/5.0 (compatible; fbchat/",
    env!("CARGO_PKG_VERSION"),
    "; fbchat in a terminal)"
);

impl Args {
    /// The options for the session.
    ///
    /// # Errors
    /// The proxy cannot be used; the sentence does not repeat its address.
    pub fn options(&self) -> Result<SessionOptions, String> {
        let proxy = self.proxy.as_deref().unwrap_or_default();
        if proxy.contains('@') {
            let instead = "put the address into the variable all_proxy and use --proxy environment";
            return Err(format!(
                "Other users can read a password in --proxy; {instead}"
            ));
        }
        let network = NetworkOptions {
            proxy: Proxy::parse(proxy).map_err(|problem| format!("--proxy: {}", problem.text))?,
            roots: self.ca_file.clone().unwrap_or_default(),
            pin: self.pin,
            user_agent: USER_AGENT.to_owned(),
            ..NetworkOptions::default()
        };
        Ok(SessionOptions {
            server: self.server.clone(),
            allow_insecure: self.allow_insecure,
            network,
            ..SessionOptions::default()
        })
    }
}

fn roots(path: &str) -> Result<Roots, String> {
    Roots::read(Path::new(path)).map_err(|problem| problem.text)
}

fn pin(text: &str) -> Result<Pin, String> {
    Pin::parse(text).map_err(|problem| problem.text)
}

const AFTER: &str =
    "Without an option for the password, fbchat asks for it. --help explains pipes and --json.";

const AFTER_LONG: &str = r#"Without an option for the password, fbchat asks for it on the terminal.

INPUT LINES
  Bob: hello       writes to a buddy or a group by name. The first letters are enough if they are unambiguous;
                   Tab completes names
  @bob hello       does the same
  1002 hello       writes to the user with this number
  hello            writes to the person or group in the prompt, which is the one that you wrote to last
  /me waves        describes an action; all clients show it like "* Alice waves"
  /group new Lunch bob carol
                   creates a group with these members
  /send Bob: FILE  sends a file or a picture; without a name, to the person or group in the prompt
  /get 3 [PATH]    saves the file that was shown as [3: photo beach.jpg 2.4 MB URL]; never overwrites a file
  /help            lists the commands

PIPES
  If standard input or output is not a terminal, fbchat reads lines and writes lines: messages, lists and answers to
  standard output, notices and errors to standard error. Each line must name its recipient, unless an earlier line such
  as "Bob:" has chosen one. At the end of the input it waits until everything is sent, logs out and exits. To keep
  receiving, keep the input open:
    tail -f /dev/null | fbchat --password-file FILE EMAIL

JSON
  With --json, standard output has one object per line; "event" is its kind:
    logged_in     uid, name, server, message_limit
    login_failed  status, reason, certificate_sha256 (of an untrusted certificate; for --pin)
    buddy_list    buddies: list of uid, name, presence, status_text
    message       from, from_name, to, to_name, text, time, own, replayed; in a group also group, and for a change of
                  the group: notice (created, added, removed, left, renamed), uids (the people concerned);
                  with files also files: list of number (for /get), id, kind (photo, file), name, size, mime, url,
                  width, height
    typing        from, from_name, group, typing
    presence      uid, name, presence, status_text
    connection    state (logging_in, loading, opening, connected, waiting), wait_ms, status, reason
    sent          to, text
    failed        to, text, status, reason
    file_sent     to, file (as in message)
    file_failed   to, path, status, reason
    saved         number, path, size (after /get)
    history       with, messages: list of objects like message
    block         uid, blocked (after /block or /unblock)
    blocked       people: list of uid, name
    group_list    groups: list of group, name, owner, members (list of uid, name), muted, unread
    group         the fields of group_list for one group, and gone (true if you are no longer in it)
    group_created the fields of group_list for one group (after /group new)
    group_changed group, change (add, remove, rename, leave, mute, unmute), uid, name (after a command)
    members       the fields of group_created (after /members)
    who           uid, name, server, state, to
    error         reason (of a line that was refused; nothing was sent)
    closed        status, reason
  Uids are numbers of up to 64 bits, times are milliseconds since 1970 UTC, presence is active, idle or offline, and
  unknown values are null. An input line may also be an object, so that a text can have several lines:
  {"to": 1002, "text": "a\nb"}

EXIT STATUS
  0  success
  1  the login failed, the session ended, or (in pipes) a line could not be sent
  2  wrong command line"#;

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn manual_page_is_complete() {
        testkit::manual::assert_complete(include_str!("../fbchat.1"), Args::command());
    }

    #[test]
    fn only_one_place_for_the_password() {
        let both = [
            "fbchat",
            "--password-file",
            "x",
            "--password-stdin",
            "a@example.org",
        ];
        assert!(Args::try_parse_from(both).is_err());
    }
}
