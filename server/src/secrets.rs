//! Random secrets, and keys and tokens derived from them.

use blake2::{Blake2s256, Digest};
use subtle::ConstantTimeEq;

use crate::types::SessionKey;

/// A fresh random secret of `bytes` bytes as lower-case hex.
pub fn random_hex(bytes: usize) -> Result<String, getrandom::Error> {
    let mut secret = vec![0; bytes];
    getrandom::fill(&mut secret)?;
    Ok(hex(&secret))
}

/// The key under which the session with this secret is stored.
pub fn session_key(secret: &str) -> SessionKey {
    SessionKey(digest("session", secret))
}

/// The public name of a session. It tells one user's sessions apart and does not give the secret away.
pub fn session_id(key: SessionKey) -> String {
    let mut id = hex(&key.0);
    id.truncate(16);
    id
}

/// The key under which the invitation with this secret is stored.
pub fn invite_key(secret: &str) -> SessionKey {
    SessionKey(digest("invite", secret))
}

/// A token that pages carry and writes bring back. It is useless without the session's cookie.
pub fn token(name: &str, secret: &str) -> String {
    let mut token = hex(&digest(name, secret));
    token.truncate(32);
    token
}

/// The name of a picture by its content, so that its URL changes with it.
pub fn picture_hash(picture: &[u8]) -> String {
    let mut hash = hex(&digest("picture", picture));
    hash.truncate(32);
    hash
}

/// The key in a link to a file that can be read until `ends`.
pub fn file_key(secret: &[u8; 32], id: &str, ends: i64) -> String {
    let mut key = hex(&digest(
        "file",
        [secret, format!("{id} {ends}").as_bytes()].concat(),
    ));
    key.truncate(32);
    key
}

/// Compares two secrets in constant time.
pub fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

fn digest(purpose: &str, secret: impl AsRef<[u8]>) -> [u8; 32] {
    let hash = Blake2s256::new()
        .chain_update(purpose)
        .chain_update([0])
        .chain_update(secret)
        .finalize();
    hash.into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
