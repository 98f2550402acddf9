//! Password hashing: argon2id, as PHC strings.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use argon2::password_hash::Error;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use super::workers::Workers;
use crate::metrics;
use crate::sync::lock;
use crate::text;

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
#[error("Cannot hash passwords: {0}.")]
pub struct HashError(String);

impl From<Error> for HashError {
    fn from(error: Error) -> Self {
        HashError(error.to_string())
    }
}

/// The passwords that are hashed at a time, each on a thread of its own.
const THREADS: usize = 2;
/// How long the server counts as unhealthy after a password could not be hashed. The next login may be far off.
const UNHEALTHY: Duration = Duration::from_secs(30);

/// The working memory for one password: 19 MiB. A thread keeps it for the next one.
type Memory = Vec<Block>;

fn params(cost: Cost) -> Result<Params, Error> {
    match cost {
        Cost::Full => Ok(Params::default()),
        Cost::Cheap => Ok(Params::new(Params::MIN_M_COST, 1, 1, None)?),
    }
}

/// Whether a password belongs to a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It does not.
    No,
    /// It does.
    Yes,
    /// It does, but the hash is not of the form in which passwords are hashed today.
    OldForm,
}

/// The forms of a password that a hash may belong to, beginning with the composed one, which is hashed today. The same keys give
/// different forms on different systems, and earlier versions hashed what they got.
fn forms(password: &str) -> Vec<Zeroizing<String>> {
    let forms = [
        text::composed(password),
        password.to_owned(),
        text::decomposed(password),
    ];
    let mut forms: Vec<_> = forms.into_iter().map(Zeroizing::new).collect();
    forms.dedup();
    forms
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
    let password = Zeroizing::new(text::composed(password));
    hash.hash = Some(output(memory, &password, &hash)?);
    Ok(hash.to_string())
}

/// The output for a password with the salt and cost of an existing hash.
fn output(memory: &mut Memory, password: &str, hash: &PasswordHash) -> Result<Output, HashError> {
    let params = Params::try_from(hash)?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str())?;
    let version = hash
        .version
        .map(Version::try_from)
        .transpose()
        .map_err(Error::from)?;
    let salt = hash.salt.as_ref().ok_or(Error::PasswordInvalid)?;
    // An allocation that fails elsewhere ends the process; this one is large enough to be worth a check.
    memory
        .try_reserve_exact(params.block_count().saturating_sub(memory.len()))
        .map_err(|error| HashError(error.to_string()))?;
    memory.resize(params.block_count(), Block::new());
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let argon2 = Argon2::new(algorithm, version.unwrap_or_default(), params);
    let mut out = vec![0; length];
    argon2
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut out, memory)
        .map_err(Error::from)?;
    Ok(Output::new(&out).map_err(Error::from)?)
}

/// Checks two passwords at a time, so that many logins at once cannot take all memory and processors.
pub struct Passwords {
    slots: Arc<Semaphore>,
    workers: Workers<Memory>,
    cost: Cost,
    /// For accounts that do not exist.
    dummy: String,
    times: Histogram,
    /// When a password could not be hashed last, for a reason that has nothing to do with the password.
    failed: Mutex<Option<Instant>>,
}

impl Passwords {
    /// `cost` must be that of the accounts, so that an unknown account takes as long as a known one.
    pub fn new(cost: Cost) -> Result<Self, HashError> {
        let params = params(cost)?;
        let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
        let workers = Workers::start("passwords", THREADS);
        Ok(Passwords {
            slots: Arc::new(Semaphore::new(THREADS)),
            workers: workers.map_err(|error| HashError(error.to_string()))?,
            cost,
            // Made up, because computing a hash takes longer than everything else at the start. It costs as much to check as any.
            dummy: format!(
                "$argon2id$v=19$m={memory},t={passes},p={lanes}$bm9ib2R5bm9ib2R5${}",
                "A".repeat(43)
            ),
            times: metrics::seconds(),
            failed: Mutex::default(),
        })
    }

    /// How long each password took.
    pub fn times(&self) -> Histogram {
        self.times.clone()
    }

    /// Whether passwords could be hashed lately.
    pub fn healthy(&self) -> bool {
        lock(&self.failed).is_none_or(|failed| failed.elapsed() >= UNHEALTHY)
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
    /// Whether `password` belongs to `hash`. Without a hash it does not, after the same time.
    pub async fn verify(
        &self,
        password: Zeroizing<String>,
        hash: Option<String>,
    ) -> Result<Match, HashError> {
        let hash = hash.filter(|hash| PasswordHash::new(hash).is_ok());
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.passwords.dummy.clone());
        let found = self.timed(move |memory| {
            let hash = PasswordHash::new(&hash).map_err(Error::from)?;
            for (at, form) in forms(&password).iter().enumerate() {
                // Outputs are compared in constant time.
                if hash.hash == Some(output(memory, form, &hash)?) {
                    return Ok(Some(at));
                }
            }
            Ok(None)
        });
        Ok(match found.await? {
            Some(0) if known => Match::Yes,
            Some(_) if known => Match::OldForm,
            _ => Match::No,
        })
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String, HashError> {
        let cost = self.passwords.cost;
        self.timed(move |memory| hash_in(memory, &password, cost))
            .await
    }

    /// Runs work on one of the threads and measures it.
    async fn timed<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let (times, slot) = (self.passwords.times(), self.slot.clone());
        let done = self.passwords.workers.run(move |memory| {
            // Work that has begun goes on, also for a client that has left, and keeps its slot until it is done.
            let _slot = slot;
            let start = Instant::now();
            let done = work(memory);
            times.observe(start.elapsed().as_secs_f64());
            done
        });
        let gone = || Err(HashError("the work did not end".to_owned()));
        let done = done.await.unwrap_or_else(gone);
        if done.is_err() {
            *lock(&self.passwords.failed) = Some(Instant::now());
        }
        done
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
        let verify = async |text, hash| passwords.verify(word(text), hash).await.unwrap();
        assert_eq!(verify("käse", hash.clone()).await, Match::Yes);
        assert_eq!(verify("ka\u{308}se", hash.clone()).await, Match::Yes);
        assert_eq!(verify("kase", hash).await, Match::No);
        assert_eq!(verify("", None).await, Match::No);
        assert_eq!(verify("!", Some("!".into())).await, Match::No);
    }

    /// As earlier versions hashed it.
    fn hash_as_typed(password: &str) -> String {
        let memory = &mut Memory::new();
        let hash = hash_in(memory, "", Cost::Cheap).unwrap();
        let mut hash = PasswordHash::new(&hash).unwrap();
        hash.hash = Some(output(memory, password, &hash).unwrap());
        hash.to_string()
    }

    #[tokio::test]
    async fn a_password_is_the_same_in_every_form_also_for_an_old_hash() {
        let passwords = Passwords::new(Cost::Cheap).unwrap();
        let passwords = passwords.turn().await;
        let (composed, decomposed, mixed) = ("é\u{e4}", "e\u{301}a\u{308}", "e\u{301}\u{e4}");
        for (old, typed, expected) in [
            (composed, composed, Match::Yes),
            (composed, decomposed, Match::Yes),
            (decomposed, composed, Match::OldForm),
            (decomposed, decomposed, Match::OldForm),
            (mixed, mixed, Match::OldForm),
            (mixed, composed, Match::No),
        ] {
            let word = Zeroizing::new(typed.to_owned());
            let hash = Some(hash_as_typed(old));
            assert_eq!(
                passwords.verify(word, hash).await.unwrap(),
                expected,
                "{old} {typed}"
            );
        }
        for form in [composed, decomposed, mixed] {
            let hash = super::hash(form, Cost::Cheap).unwrap();
            let word = Zeroizing::new(composed.to_owned());
            let found = passwords.verify(word, Some(hash)).await.unwrap();
            assert_eq!(found, Match::Yes);
        }
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
                let word = Zeroizing::new("x".into());
                assert_eq!(turn.verify(word, hash).await.unwrap(), Match::No);
            }
            let blocks = if matches!(cost, Cost::Full) {
                Params::default().block_count()
            } else {
                Params::MIN_M_COST as usize
            };
            for _ in 0..THREADS {
                let turn = passwords.turn().await;
                let kept = turn.timed(|memory| Ok(memory.len())).await.unwrap();
                assert!([0, blocks].contains(&kept), "{kept}");
            }
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
        assert!(passwords.workers.is_idle(), "work is queued");
    }

    /// Neither the thread nor the right to work is lost.
    #[tokio::test]
    async fn failures_and_panics_are_reported_and_passwords_are_hashed_afterwards() {
        let passwords = Passwords::new(Cost::Cheap).unwrap();
        let fail: fn(&mut Memory) -> Result<(), HashError> = |_| Err(HashError("x".to_owned()));
        let panic: fn(&mut Memory) -> Result<(), HashError> = |_| panic!("as the test wants");
        for work in [fail, panic, fail, panic, panic] {
            assert!(passwords.turn().await.timed(work).await.is_err());
            assert!(!passwords.healthy());
        }
        let both = (passwords.turn().await, passwords.turn().await);
        for turn in [both.0, both.1] {
            assert!(turn.hash(Zeroizing::new("x".into())).await.is_ok());
        }
        *lock(&passwords.failed) = Instant::now().checked_sub(UNHEALTHY);
        assert!(passwords.healthy());
    }
}
