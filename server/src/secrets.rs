//! Random secrets, and keys and tokens derived from them.

use blake2::{Blake2s256, Digest};
use ring::hmac;
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

/// The proof with which a client with this token logs in, as the secret of a session, and the server's own proof (XEP-0484, mechanism
/// HT-SHA-256-NONE). The token itself need not be stored.
pub fn token_proofs(token: &str) -> (String, [u8; 32]) {
    let key = hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes());
    let answer = hmac::sign(&key, b"Responder");
    let mut proof = [0; 32];
    proof.copy_from_slice(answer.as_ref());
    (token_secret(hmac::sign(&key, b"Initiator").as_ref()), proof)
}

/// The secret of the session whose client shows this.
pub fn token_secret(shown: &[u8]) -> String {
    hex(shown)
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

/// The key for uploading one file, which this text describes.
pub fn slot_key(secret: &[u8; 32], slot: &str) -> String {
    let mut key = hex(&digest("slot", [secret, slot.as_bytes()].concat()));
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

pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(digit).collect()
}

/// A number in place of another that only those can tell who have the key: a Feistel network of four rounds, in which every number has
/// exactly one in its place.
pub fn permuted(key: &[u8; 32], number: u64) -> u64 {
    let (mut left, mut right) = halves(number);
    for round in 0..4 {
        (left, right) = (right, left ^ mixed(key, round, right));
    }
    joined(left, right)
}

/// The number that [`permuted`] replaced.
pub fn restored(key: &[u8; 32], number: u64) -> u64 {
    let (mut left, mut right) = halves(number);
    for round in (0..4).rev() {
        (left, right) = (right ^ mixed(key, round, left), left);
    }
    joined(left, right)
}

fn halves(number: u64) -> (u32, u32) {
    ((number >> 32) as u32, number as u32)
}

fn joined(left: u32, right: u32) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

fn mixed(key: &[u8; 32], round: u8, half: u32) -> u32 {
    let hash = Blake2s256::new()
        .chain_update(key)
        .chain_update([round])
        .chain_update(half.to_be_bytes())
        .finalize();
    hash.first_chunk()
        .map_or(0, |start| u32::from_be_bytes(*start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permuted_numbers_differ_and_can_be_restored() {
        let (key, other) = ([1; 32], [2; 32]);
        let numbers = [0, 1, 2, 1_700_000_000_000, u64::MAX];
        let mut permuted: Vec<_> = numbers.iter().map(|n| super::permuted(&key, *n)).collect();
        for (number, permuted) in numbers.iter().zip(&permuted) {
            assert_eq!(restored(&key, *permuted), *number);
            assert_ne!(restored(&other, *permuted), *number);
        }
        permuted.sort_unstable();
        permuted.dedup();
        assert_eq!(permuted.len(), numbers.len());
    }
}
