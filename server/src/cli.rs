//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A small self-hosted server for the Facebook Chat protocol of 2008.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve a try-out in memory: alice@example.org and bob@example.org, password "demo", and an echo
    Demo {
        /// Where to listen; loopback only, as everybody knows the password
        #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
    },
    /// Serve
    Serve {
        /// Where to listen [default: 127.0.0.1:8080]
        #[arg(long, value_name = "ADDR:PORT")]
        listen: Option<SocketAddr>,
        /// Which data and settings
        #[command(flatten)]
        place: Place,
    },
    /// Look at settings
    #[command(subcommand)]
    Config(Config),
    /// Manage accounts, also while the server runs
    #[command(subcommand)]
    User(User),
    /// Manage friendships, also while the server runs
    #[command(subcommand)]
    Friend(Friend),
    /// Look after logins, also while the server runs
    #[command(subcommand)]
    Session(Session),
    /// Print how much there is
    Stats {
        /// Which data and settings
        #[command(flatten)]
        place: Place,
    },
    /// Copy the database into a new file, also while the server runs
    Backup {
        /// The new file
        file: PathBuf,
        /// Which data and settings
        #[command(flatten)]
        place: Place,
    },
    /// Print everything that belongs to one account as JSON, its conversations included
    Export {
        /// The account
        email: String,
        /// Which data and settings
        #[command(flatten)]
        place: Place,
    },
    /// Print a link with which one person can make himself an account, once and within two weeks
    Invite {
        /// Make the guest a friend of this account
        #[arg(long, value_name = "EMAIL")]
        friend: Option<String>,
        /// How people reach the server [default: from base_domain or listen in the settings]
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// Which data and settings
        #[command(flatten)]
        place: Place,
    },
}

/// Logins.
#[derive(Debug, Subcommand)]
pub enum Session {
    /// List who is logged in: id, account, since when (ms), from which address, with which client
    List {
        /// Only this account
        email: Option<String>,
        /// Which data and settings
        #[command(flatten)]
        place: Place,
    },
    /// End a login, also while its client is connected
    Revoke {
        /// The account
        email: String,
        /// Which, as in the list
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// All of them
        #[arg(long, conflicts_with = "id")]
        all: bool,
        /// Which data and settings
        #[command(flatten)]
        place: Place,
    },
}

/// Which data and settings.
#[derive(Args, Debug)]
pub struct Place {
    /// Data directory [default: $XDG_DATA_HOME/fbchatd or ~/.local/share/fbchatd]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Settings file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Where the password comes from.
#[derive(Args, Debug)]
pub struct PasswordSource {
    /// Read the password from the first line of this file instead of the terminal or standard input
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// Settings.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Print a file with all settings, their defaults and what they mean
    Example,
    /// Tell whether a file is right, together with the environment
    Check {
        /// The file
        file: PathBuf,
    },
}

/// Accounts.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Add an account; asks for the password, or reads it from standard input
    Add {
        /// The address to log in with
        email: String,
        /// The name that others see
        #[arg(long)]
        name: String,
        /// Where the password comes from
        #[command(flatten)]
        password: PasswordSource,
        /// Which data and settings
        #[command(flatten)]
        place: Place,
    },
    /// List the accounts
    List {
        /// Which data and settings
        #[command(flatten)]
        place: Place,
    },
    /// Delete an account and everything that belongs to it, its conversations included
    Del {
        /// The account
        email: String,
        /// Which data and settings
        #[command(flatten)]
        place: Place,
    },
    /// Set a new password and end all logins of the account
    Passwd {
        /// The account
        email: String,
        /// Where the password comes from
        #[command(flatten)]
        password: PasswordSource,
        /// Which data and settings
        #[command(flatten)]
        place: Place,
    },
}

/// Friendships.
#[derive(Debug, Subcommand)]
pub enum Friend {
    /// Make two accounts friends of each other
    Add {
        /// One account
        email: String,
        /// The other
        other: String,
        /// Which data and settings
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
