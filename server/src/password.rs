//! Password hashing: argon2id, as PHC strings.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

/// How dear a hash is.
#[derive(Clone, Copy, Debug)]
pub enum Cost {
    /// What OWASP recommends for real passwords.
    Full,
    /// For the demo, whose passwords everybody knows.
    Cheap,
}

/// Why no hash could be made.
#[derive(Debug, thiserror::Error)]
#[error("Cannot hash the password: {0}.")]
pub struct HashError(String);

/// Hashes a password with a fresh salt.
pub fn hash(password: &str, cost: Cost) -> Result<String, HashError> {
    let params = match cost {
        Cost::Full => Params::default(),
        Cost::Cheap => Params::new(Params::MIN_M_COST, 1, 1, None)
            .map_err(|error| HashError(error.to_string()))?,
    };
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2
        .hash_password(password.as_bytes())
        .map_err(|error| HashError(error.to_string()))?;
    Ok(hash.to_string())
}

/// Checks passwords, two at a time, so that a flood of logins cannot take all memory and processors.
pub struct Passwords {
    slots: Semaphore,
    cost: Cost,
    nobody: String,
}

impl Passwords {
    /// `cost` is that of the accounts, so that an unknown account takes as long as a known one.
    pub fn new(cost: Cost) -> Result<Self, HashError> {
        Ok(Passwords {
            slots: Semaphore::new(2),
            cost,
            nobody: hash("", cost)?,
        })
    }

    /// Waits for a turn.
    pub async fn turn(&self) -> Turn<'_> {
        Turn {
            passwords: self,
            _slot: self.slots.acquire().await.ok(),
        }
    }
}

/// The right to check one password.
pub struct Turn<'a> {
    passwords: &'a Passwords,
    /// `None` only if the semaphore were closed, which nobody does.
    _slot: Option<SemaphorePermit<'a>>,
}

impl Turn<'_> {
    /// True if `password` belongs to `hash`; without a hash it takes as long to say false.
    pub async fn verify(&self, password: Zeroizing<String>, hash: Option<String>) -> bool {
        let hash = hash.filter(|hash| PasswordHash::new(hash).is_ok());
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.passwords.nobody.clone());
        let right = tokio::task::spawn_blocking(move || {
            PasswordHash::new(&hash).is_ok_and(|hash| {
                Argon2::default()
                    .verify_password(password.as_bytes(), &hash)
                    .is_ok()
            })
        });
        right.await.unwrap_or(false) && known
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String, HashError> {
        let cost = self.passwords.cost;
        let hashed = tokio::task::spawn_blocking(move || hash(&password, cost)).await;
        hashed.unwrap_or_else(|error| Err(HashError(error.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_account_passes() {
        let passwords = Passwords::new(Cost::Cheap).unwrap();
        let hash = Some(super::hash("käse", Cost::Cheap).unwrap());
        let passwords = passwords.turn().await;
        let word = |text: &str| Zeroizing::new(text.to_owned());
        assert!(passwords.verify(word("käse"), hash.clone()).await);
        assert!(!passwords.verify(word("kase"), hash).await);
        assert!(!passwords.verify(word(""), None).await);
        assert!(!passwords.verify(word("!"), Some("!".into())).await);
    }
}
