//! The tables, and the steps that bring an older database up to date.
//!
//! A step is a file of `steps/` with its line in [`STEPS`]. What SQL cannot compute is in `conversions.rs`, and [`take_step`] says after
//! which step it is due.

mod conversions;

use std::path::Path;

use rusqlite::Connection;

use super::usernames::make_all as make_usernames;
use crate::store::StoreError;
use conversions::{add_hashes, add_words, clean_texts};

/// One step per version. A step that was released is never edited; changes are made by another step.
const STEPS: &[&str] = &[
    include_str!("steps/01_messages.sql"),
    include_str!("steps/02_friend_requests.sql"),
    include_str!("steps/03_pictures.sql"),
    include_str!("steps/04_statuses.sql"),
    include_str!("steps/05_unread.sql"),
    include_str!("steps/06_friend_lists.sql"),
    include_str!("steps/07_invites.sql"),
    include_str!("steps/08_session_clients.sql"),
    include_str!("steps/09_session_addresses.sql"),
    include_str!("steps/10_name_words.sql"),
    include_str!("steps/11_clean_texts.sql"),
    include_str!("steps/12_message_ids.sql"),
    include_str!("steps/13_message_names.sql"),
    include_str!("steps/14_session_ends.sql"),
    include_str!("steps/15_outbox.sql"),
    include_str!("steps/16_rendered_pictures.sql"),
    include_str!("steps/17_blocks.sql"),
    include_str!("steps/18_groups.sql"),
    include_str!("steps/19_persistent_sessions.sql"),
    include_str!("steps/20_usernames.sql"),
    include_str!("steps/21_message_bytes.sql"),
    include_str!("steps/22_files.sql"),
    include_str!("steps/23_archive_key.sql"),
    include_str!("steps/24_session_proofs.sql"),
];

/// The step after which the words of names and the hashes of texts have to be computed.
const WORDS_AND_HASHES: usize = 9;

/// The step after which texts that others see have to be cleaned, and the words of names computed again.
const CLEAN_TEXTS: usize = 10;

fn take_step(db: &Connection, at: usize, sql: &str) -> Result<(), StoreError> {
    db.execute_batch(sql)?;
    if at == WORDS_AND_HASHES {
        add_words(db)?;
        add_hashes(db)?;
    }
    if at == CLEAN_TEXTS {
        clean_texts(db)?;
        add_words(db)?;
    }
    Ok(())
}

/// Why a database is not one that this version can bring up to date.
pub(super) fn check_version(db: &Connection) -> Result<(), String> {
    let version = db.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0));
    let version = version.map_err(|error| error.to_string())? as usize;
    if version > STEPS.len() {
        return Err("it was written by a newer fbchatd; install that version".to_owned());
    }
    if version == 0 || !db.table_exists(None, "users").unwrap_or(false) {
        return Err("it is not a database of fbchatd".to_owned());
    }
    Ok(())
}

/// Brings a database up to the current version; `path` is for the error text.
pub(super) fn migrate(db: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: usize =
        tx.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0))? as usize;
    if version > STEPS.len() {
        return Err(StoreError::Newer(path.to_owned()));
    }
    for (at, sql) in STEPS.iter().enumerate().skip(version) {
        take_step(&tx, at, sql)?;
    }
    make_usernames(&tx)?;
    tx.pragma_update(None, "user_version", STEPS.len() as i64)?;
    Ok(tx.commit()?)
}

#[cfg(test)]
mod tests;
