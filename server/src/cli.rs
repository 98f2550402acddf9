//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, ConfigError};

/// A small self-hosted server for the Facebook Chat protocol of 2008.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve a demo in memory: alice@example.org and bob@example.org, password "demo", and an echo
    Demo {
        /// Where to listen; loopback only, because the password is public
        #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
    },
    /// Serve the accounts in a data directory
    Serve {
        /// Where to listen [default: 127.0.0.1:8080]
        #[arg(long, value_name = "ADDR:PORT")]
        listen: Option<SocketAddr>,
        #[command(flatten)]
        place: Place,
    },
    /// Print or check settings
    #[command(subcommand)]
    Config(Config),
    /// Manage accounts, also while the server runs
    #[command(subcommand)]
    User(User),
    /// Manage friendships, also while the server runs
    #[command(subcommand)]
    Friend(Friend),
    /// List and end logins, also while the server runs
    #[command(subcommand)]
    Session(Session),
    /// Print how much is stored
    Stats {
        #[command(flatten)]
        place: Place,
    },
    /// List the servers that use the database: version, address, how long they have been running, and the time of their last heartbeat
    Nodes {
        #[command(flatten)]
        place: Place,
    },
    /// Copy the database into a new file, also while the server runs
    Backup {
        /// The new file
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Go back to a backup; the server must be stopped. What was there before is kept beside it
    Restore {
        /// The file that `fbchatd backup` wrote
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Copy everything to another kind of store while no server runs: from a data directory to PostgreSQL, or back
    Move(Move),
    /// Print everything that belongs to one account as JSON, including its conversations
    Export {
        /// The account
        email: String,
        #[command(flatten)]
        place: Place,
    },
    /// Print a link with which one person can create an account, once and within two weeks
    Invite {
        /// Make the new account a friend of this one
        #[arg(long, value_name = "EMAIL")]
        friend: Option<String>,
        /// The public URL of the server [default: from base_domain or listen in the settings]
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
pub enum Session {
    /// List the logins: id, account, time of the login, address, when it ends if it is not used, client; times in ms since 1970
    List {
        /// Only this account
        email: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// End a login, even while its client is connected
    Revoke {
        /// The account
        email: String,
        /// The id in the list
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// All logins of the account
        #[arg(long, conflicts_with = "id")]
        all: bool,
        #[command(flatten)]
        place: Place,
    },
}

// From where to where.
#[derive(Args, Debug)]
pub struct Move {
    /// The data directory [default: $XDG_DATA_HOME/fbchatd or ~/.local/share/fbchatd]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Copy from the data directory to this PostgreSQL database. Its password is not part of the URL, see FBCHATD_STORE_PASSWORD
    #[arg(long, value_name = "URL", required_unless_present = "from")]
    pub to: Option<String>,
    /// Copy from this PostgreSQL database to the data directory
    #[arg(long, value_name = "URL", conflicts_with = "to")]
    pub from: Option<String>,
    /// Where the server on PostgreSQL has its directory of files [default: the setting files_dir]
    #[arg(long, value_name = "DIR")]
    pub files: Option<PathBuf>,
    /// Settings file (TOML), for files_dir, store_ca and store_password_file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

// Which data and settings. Not a doc comment: clap would take it for that of the command.
#[derive(Args, Debug)]
pub struct Place {
    /// Data directory [default: $XDG_DATA_HOME/fbchatd or ~/.local/share/fbchatd]. Overrides the setting store
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Settings file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl Place {
    /// The settings of the file, with the flags on top.
    pub fn config(&self) -> Result<config::Config, ConfigError> {
        let mut config = config::Config::load(self.config.as_deref())?;
        if let Some(data) = &self.data {
            config.data = Some(data.clone());
            // A flag overrides all settings, so the directory is meant and not a database, nor the files that belong to that.
            config.store = None;
            config.files_dir = None;
        }
        Ok(config)
    }
}

// Where the password comes from.
#[derive(Args, Debug)]
pub struct PasswordSource {
    /// Read the password from the first line of this file, which others must not be able to read, instead of the terminal or standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Config {
    /// Print a file with all settings, their defaults and what they mean
    Example,
    /// Check a file, together with the environment
    Check {
        /// The file
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub enum User {
    /// Add an account; asks for the password, or reads it from standard input
    Add {
        /// The address to log in with
        email: String,
        /// The name that others see
        #[arg(long)]
        name: String,
        /// The user name, to log in with and to be found by [default: made from the name]
        #[arg(long)]
        username: Option<String>,
        #[command(flatten)]
        password: PasswordSource,
        #[command(flatten)]
        place: Place,
    },
    /// List the accounts: number, e-mail address, user name, name
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Delete an account and everything that belongs to it, including its conversations
    Del {
        /// The account
        email: String,
        #[command(flatten)]
        place: Place,
    },
    /// Change a user name; nobody else can take the old one for 30 days
    Username {
        /// The account
        email: String,
        /// The new user name
        username: String,
        #[command(flatten)]
        place: Place,
    },
    /// Set a new password and end all logins of the account
    Passwd {
        /// The account
        email: String,
        #[command(flatten)]
        password: PasswordSource,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
pub enum Friend {
    /// Make two accounts friends
    Add {
        /// One account
        email: String,
        /// The other
        other: String,
        #[command(flatten)]
        place: Place,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn manual_page_is_complete() {
        testkit::manual::assert_complete(include_str!("../fbchatd.1"), super::Cli::command());
    }
}
