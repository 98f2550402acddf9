//! `fbchatd stats` and `nodes`

use super::Failure;
use super::output::print;
use super::store::open_existing;
use crate::cli::Place;

/// `fbchatd stats`
pub async fn stats(place: &Place) -> Result<(), Failure> {
    let quota = place.config()?.message_quota();
    let stats = open_existing(place)?.stats().await?;
    for (name, value) in [
        ("accounts", stats.accounts),
        ("friendships", stats.friendships),
        ("groups", stats.groups),
        ("sessions", stats.logins),
        ("invitations", stats.invitations),
        ("messages", stats.messages),
        ("messages in 24 hours", stats.messages_today),
        ("database bytes", stats.bytes),
        ("files", stats.files),
        ("file bytes", stats.file_bytes),
    ] {
        print(format!("{name}\t{value}"))?;
    }
    if let Some(quota) = quota {
        print(format!("message quota in bytes\t{quota}"))?;
    }
    for (email, bytes) in stats.largest {
        print(format!("bytes of {email}\t{bytes}"))?;
    }
    Ok(())
}

/// `fbchatd nodes`
pub async fn nodes(place: &Place) -> Result<(), Failure> {
    let Some(nodes) = open_existing(place)?.nodes().await? else {
        let text = "Only one server uses a data directory. Set store to a PostgreSQL database for several.";
        return Err(text.into());
    };
    for node in nodes {
        print(format!(
            "{:016x}\t{}\t{}\t{} s\t{} s",
            node.id,
            node.about.version,
            node.about.address,
            node.age / 1000,
            node.silent / 1000
        ))?;
    }
    Ok(())
}
