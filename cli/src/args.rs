//! The command line. The password is deliberately no part of it: arguments and environment can be read by others.

use clap::Parser;
use fbchat::options::{NetworkOptions, Pin, Proxy, Roots, SessionOptions};
use std::path::{Path, PathBuf};

/// Chat over the Facebook Chat protocol of 2008.
#[derive(Debug, Parser)]
#[command(name = "fbchat", version, after_help = AFTER, after_long_help = AFTER_LONG)]
pub struct Args {
    /// The e-mail address of your account
    pub email: String,

    /// Where the server is
    #[arg(
        long,
        value_name = "URL",
        env = "FBCHAT_SERVER",
        default_value = "http://127.0.0.1:8080"
    )]
    pub server: String,

    /// Log in over plain HTTP to another machine too; others on the way can then read the password
    #[arg(long)]
    pub allow_insecure: bool,

    /// Go through a proxy: http://HOST:PORT, socks5h://HOST:PORT (Tor), socks5, socks4a or socks4; or what the
    /// environment says (environment), which is not read otherwise
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,

    /// Trust the certificates in this PEM file besides the system's
    #[arg(long, value_name = "FILE", value_parser = roots)]
    pub ca_file: Option<Roots>,

    /// Trust the server's certificate with this fingerprint, and no other
    #[arg(long, value_name = "SHA256", value_parser = pin)]
    pub pin: Option<Pin>,

    /// Take the password from the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "password_stdin")]
    pub password_file: Option<PathBuf>,

    /// Take the password from the first line of standard input
    #[arg(long)]
    pub password_stdin: bool,

    /// For scripts: one JSON object per line out
    #[arg(long)]
    pub json: bool,
}

impl Args {
    /// What the session is to be opened with.
    ///
    /// # Errors
    /// The proxy cannot be used; the sentence does not repeat its address.
    pub fn options(&self) -> Result<SessionOptions, String> {
        let proxy = self.proxy.as_deref().unwrap_or_default();
        if proxy.contains('@') {
            let place = "put the address into the variable all_proxy, and say --proxy environment";
            return Err(format!("Others can read a password in --proxy; {place}"));
        }
        let network = NetworkOptions {
            proxy: Proxy::parse(proxy).map_err(|problem| format!("--proxy: {}", problem.text))?,
            roots: self.ca_file.clone().unwrap_or_default(),
            pin: self.pin,
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
    "The password is asked for if no option says where it is. --help explains pipes and --json.";

const AFTER_LONG: &str = r#"The password is asked for on the terminal if no option says where it is.

LINES IN
  Bob: hello       to a buddy by name (the first letters do, if only one fits; Tab completes)
  @bob hello       the same
  1002 hello       by number
  hello            to whom you wrote last, as the prompt shows
  /help            lists the commands

PIPES
  If standard input or output is no terminal, fbchat reads lines and writes lines: messages, lists and answers to
  standard output, notices and errors to standard error. Each line must name its recipient, unless a line like
  "Bob:" chose one before. At the end of the input it waits until everything is sent, logs out and ends. To go on
  listening, keep the input open:
    tail -f /dev/null | fbchat --password-file FILE EMAIL

JSON
  With --json, standard output has one object per line; "event" says what it is:
    logged_in     uid, name, server, message_limit
    login_failed  status, reason, certificate_sha256 (of one that is not trusted; for --pin)
    buddy_list    buddies: a list of uid, name, presence, status_text
    message       from, from_name, to, to_name, text, time, own, replayed
    typing        from, from_name, typing
    presence      uid, name, presence, status_text
    connection    state (logging_in, loading, opening, connected, waiting), wait_ms, status, reason
    sent          to, text
    failed        to, text, status, reason
    history       with, messages: a list like message
    who           uid, name, server, state, to
    error         reason (a line was not understood; nothing was sent)
    closed        status, reason
  Uids are numbers of up to 64 bits, times are milliseconds since 1970 UTC, presence is active, idle or offline, what is
  unknown is null. A line in may also be an object, so that a text can have several lines: {"to": 1002, "text": "a\nb"}

EXIT STATUS
  0  all went well
  1  login failed, the session was ended, or (in pipes) a line could not be sent
  2  the command line is wrong"#;

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
