//! Password hashing: argon2id, as PHC strings.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use argon2::password_hash::Error;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinError;
use zeroize::Zeroizing;

use crate::metrics;
use crate::sync::lock;

/// The cost of a hash.
#[derive(Clone, Copy, Debug)]
pub enum Cost {
    /// What OWASP recommends for real passwords.
    Full,
    /// For the demo, whose passwords are public.
    Cheap,
}

/// Why a password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("Cannot hash the password: {0}.")]
pub struct HashError(String);

impl From<Error> for HashError {
    fn from(error: Error) -> Self {
        HashError(error.to_string())
    }
}

/// The working memory for one password: 19 MiB. It is kept for the next one, because allocators that get such blocks back from many
/// threads keep several for each.
type Memory = Vec<Block>;

fn params(cost: Cost) -> Result<Params, Error> {
    match cost {
        Cost::Full => Ok(Params::default()),
        Cost::Cheap => Ok(Params::new(Params::MIN_M_COST, 1, 1, None)?),
    }
}

/// Hashes a password with a new salt.
pub fn hash(password: &str, cost: Cost) -> Result<String, HashError> {
    hash_in(&mut Memory::new(), password, cost)
}

fn hash_in(memory: &mut Memory, password: &str, cost: Cost) -> Result<String, HashError> {
    let params = params(cost)?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| HashError(error.to_string()))?;
    let mut hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(Salt::new(&salt).map_err(Error::from)?),
        hash: None,
    };
    hash.hash = Some(output(memory, password, &hash)?);
    Ok(hash.to_string())
}

/// The output for a password with the salt and cost of an existing hash.
fn output(memory: &mut Memory, password: &str, hash: &PasswordHash) -> Result<Output, Error> {
    let params = Params::try_from(hash)?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str())?;
    let version = hash.version.map(Version::try_from).transpose()?;
    let salt = hash.salt.as_ref().ok_or(Error::PasswordInvalid)?;
    memory.resize(params.block_count(), Block::new());
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let argon2 = Argon2::new(algorithm, version.unwrap_or_default(), params);
    let mut out = vec![0; length];
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut out, memory)?;
    Ok(Output::new(&out)?)
}

/// Checks two passwords at a time, so that many logins at once cannot take all memory and processors.
pub struct Passwords {
    slots: Arc<Semaphore>,
    cost: Cost,
    /// For accounts that do not exist.
    dummy: String,
    times: Histogram,
    free: Arc<Mutex<Vec<Memory>>>,
}

impl Passwords {
    /// `cost` must be that of the accounts, so that an unknown account takes as long as a known one.
    pub fn new(cost: Cost) -> Result<Self, HashError> {
        let params = params(cost)?;
        let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
        Ok(Passwords {
            slots: Arc::new(Semaphore::new(2)),
            cost,
            // Made up, because computing a hash takes longer than everything else at the start. It costs as much to check as any.
            dummy: format!(
                "$argon2id$v=19$m={memory},t={passes},p={lanes}$bm9ib2R5bm9ib2R5${}",
                "A".repeat(43)
            ),
            times: metrics::seconds(),
            free: Arc::default(),
        })
    }

    /// How long each password took.
    pub fn times(&self) -> Histogram {
        self.times.clone()
    }

    /// Waits for a turn.
    pub async fn turn(&self) -> Turn<'_> {
        Turn {
            passwords: self,
            slot: Arc::new(self.slots.clone().acquire_owned().await.ok()),
        }
    }
}

/// The right to check one password.
pub struct Turn<'a> {
    passwords: &'a Passwords,
    /// `None` only if the semaphore was closed, which never happens.
    slot: Arc<Option<OwnedSemaphorePermit>>,
}

impl Turn<'_> {
    /// Whether `password` belongs to `hash`. Without a hash it is false, after the same time.
    pub async fn verify(&self, password: Zeroizing<String>, hash: Option<String>) -> bool {
        let hash = hash.filter(|hash| PasswordHash::new(hash).is_ok());
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.passwords.dummy.clone());
        let correct = self.timed(move |memory| {
            PasswordHash::new(&hash).is_ok_and(|hash| {
                // Outputs are compared in constant time.
                output(memory, &password, &hash).is_ok_and(|output| hash.hash == Some(output))
            })
        });
        correct.await.unwrap_or(false) && known
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String, HashError> {
        let cost = self.passwords.cost;
        let hashed = self
            .timed(move |memory| hash_in(memory, &password, cost))
            .await;
        hashed.unwrap_or_else(|error| Err(HashError(error.to_string())))
    }

    /// Runs work on a thread of its own and measures it.
    async fn timed<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let (times, free) = (self.passwords.times(), self.passwords.free.clone());
        let slot = self.slot.clone();
        let timed = tokio::task::spawn_blocking(move || {
            // Work that has begun goes on, also for a client that has left, and keeps its slot until it is done.
            let _slot = slot;
            let free = free;
            let start = Instant::now();
            let mut memory = lock(&free).pop().unwrap_or_default();
            let done = work(&mut memory);
            lock(&free).push(memory);
            times.observe(start.elapsed().as_secs_f64());
            done
        });
        timed.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn only_the_correct_password_of_a_known_account_passes() {
        let passwords = Passwords::new(Cost::Cheap).unwrap();
        let hash = Some(super::hash("käse", Cost::Cheap).unwrap());
        let passwords = passwords.turn().await;
        let word = |text: &str| Zeroizing::new(text.to_owned());
        assert!(passwords.verify(word("käse"), hash.clone()).await);
        assert!(!passwords.verify(word("kase"), hash).await);
        assert!(!passwords.verify(word(""), None).await);
        assert!(!passwords.verify(word("!"), Some("!".into())).await);
    }

    /// Unknown accounts verify against a dummy hash of equal cost, so timing leaks nothing.
    #[tokio::test]
    async fn an_unknown_account_costs_as_much_as_a_known_one_and_memory_is_reused() {
        for cost in [Cost::Full, Cost::Cheap] {
            let passwords = Passwords::new(cost).unwrap();
            let params = |hash: &str| PasswordHash::new(hash).unwrap().params;
            let known = super::hash("käse", cost).unwrap();
            assert_eq!(params(&passwords.dummy), params(&known));
            for hash in [None, Some(known), None] {
                let turn = passwords.turn().await;
                assert!(!turn.verify(Zeroizing::new("x".into()), hash).await);
            }
            let free = lock(&passwords.free);
            let blocks = if matches!(cost, Cost::Full) {
                Params::default().block_count()
            } else {
                Params::MIN_M_COST as usize
            };
            assert_eq!(free.iter().map(Vec::len).collect::<Vec<_>>(), [blocks]);
        }
    }

    /// Clients that ask and leave again and again cannot start more work than others.
    #[tokio::test]
    async fn work_for_clients_that_left_counts_until_it_is_done() {
        let passwords = Passwords::new(Cost::Full).unwrap();
        for _ in 0..8 {
            let turn = passwords.turn().await;
            let work = turn.hash(Zeroizing::new("x".into()));
            assert!(tokio::time::timeout(Duration::ZERO, work).await.is_err());
        }
        let _both = (passwords.turn().await, passwords.turn().await);
        assert_eq!(Arc::strong_count(&passwords.free), 1, "work is in progress");
        assert!(lock(&passwords.free).len() <= 2);
    }
}
