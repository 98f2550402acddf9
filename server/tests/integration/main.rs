//! The real program from outside: what its users, its operator and clients of any age see of it.
//!
//! One binary, since each would have to be linked. `cargo test -p fbchatd --test integration presence::` runs one module. Tests
//! that put the whole machine under load have a binary of their own: `durability` and `nonsense`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod access_control;
mod account_privacy;
mod accounts;
mod administration;
mod backups;
mod bad_input;
mod blocking;
mod commands;
mod damaged_files;
mod database_faults;
mod disk_errors;
mod documentation;
mod files;
mod friend_lists;
mod friends;
mod groups;
mod held_polls;
mod memory;
mod moving;
mod nodes;
mod notifications;
mod old_clients;
mod operation;
mod other_sites;
mod pictures;
mod postgres;
mod presence;
mod profiles;
mod protocol;
mod resources;
mod send_batches;
mod sessions;
mod tls;
mod upgrades;
mod usernames;
mod xmpp;
