//! Passwords: argon2id, a few at a time, off the async threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::Error;
use argon2::password_hash::phc::PasswordHash;
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::AuthError;
use super::secret::{Secret, same};

/// Passwords hashed at once: each takes 19 MiB (argon2id, t=2, p=1: the first choice of the OWASP password storage
/// guide) and a core of a small board.
pub const MAX_HASHING: usize = 2;
/// Passwords waiting to be hashed; further ones are refused with [`AuthError::Busy`].
pub const MAX_WAITING: usize = 64;
/// The shortest password a person may choose, in bytes.
pub const MIN_PASSWORD: usize = 8;
/// The longest password, in bytes; longer ones are refused unhashed.
pub const MAX_PASSWORD: usize = 1024;
/// The salt of a hash, in bytes (RFC 9106, section 3.1).
const SALT: usize = 16;
/// Working memory reserved for one hash, in blocks of 1 KiB; what is not touched costs nothing. glibc maps more than
/// 32 MiB by itself and gives it back when freed, but keeps less for later, once for each of its arenas: hundreds of
/// megabytes after a few logins (`mallopt(3)`, `M_MMAP_THRESHOLD`).
const RESERVED_BLOCKS: usize = 33 * 1024;

/// Stands in for the hash of a user who does not exist, so that the answer takes as long as for one who does. No
/// password belongs to it.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$Ym9keW5vYm9keW5vYm9keW5vYm9keW5vYm9keW5vYm8";

/// Hashes and verifies passwords.
#[derive(Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Passwords {
    pub(super) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(MAX_HASHING)), waiting: AtomicUsize::new(0) }
    }

    /// The argon2id hash of a password, as a PHC string.
    ///
    /// # Errors
    /// [`AuthError`] when it could not be computed, or too many wait.
    pub async fn hash(&self, password: Secret) -> Result<String, AuthError> {
        self.in_turn(move || {
            let mut salt = [0; SALT];
            getrandom::fill(&mut salt).map_err(AuthError::Random)?;
            let params = Params::DEFAULT;
            let mut hash = [0; Params::DEFAULT_OUTPUT_LEN];
            compute(&password, &salt, &params, &mut hash)?;
            let (m, t, p) = (params.m_cost(), params.t_cost(), params.p_cost());
            let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
            Ok(format!("$argon2id$v=19$m={m},t={t},p={p}${salt}${hash}"))
        })
        .await
    }

    /// Whether the password belongs to the PHC string; without one it takes as long and says no.
    ///
    /// # Errors
    /// [`AuthError`] when it could not be computed, or too many wait.
    pub async fn verify(&self, password: Secret, phc: Option<String>) -> Result<bool, AuthError> {
        if password.expose().len() > MAX_PASSWORD {
            return Ok(false);
        }
        self.in_turn(move || {
            let known = phc.is_some();
            let stored = PasswordHash::new(phc.as_deref().unwrap_or(NOBODY))
                .map_err(|_| AuthError::Hash(Error::EncodingInvalid))?;
            let (Some(salt), Some(expected), ARGON2ID_IDENT) = (&stored.salt, &stored.hash, stored.algorithm) else {
                return Err(AuthError::Hash(Error::Algorithm));
            };
            let params = Params::try_from(&stored).map_err(AuthError::Hash)?;
            let mut hash = vec![0; expected.len()];
            compute(&password, salt, &params, &mut hash)?;
            Ok(known & same(&hash, expected.as_bytes()))
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, AuthError> + Send + 'static,
    ) -> Result<T, AuthError> {
        let turn = self.turn().await?;
        tokio::task::spawn_blocking(move || {
            // Held by the thread: a caller who goes away does not make room while the work goes on.
            let _turn = turn;
            job()
        })
        .await
        .unwrap_or(Err(AuthError::Lost))
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, AuthError> {
        if let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() {
            return Ok(turn);
        }
        let _place = Place::take(&self.waiting)?;
        Arc::clone(&self.turns).acquire_owned().await.map_err(|_| AuthError::Lost)
    }
}

/// argon2id, version 0x13 (RFC 9106).
fn compute(password: &Secret, salt: &[u8], params: &Params, hash: &mut [u8]) -> Result<(), AuthError> {
    let mut memory = Vec::with_capacity(params.block_count().max(RESERVED_BLOCKS));
    memory.resize(params.block_count(), Block::new());
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password.expose().as_bytes(), salt, hash, &mut memory)
        .map_err(|error| AuthError::Hash(error.into()))
}

/// A place in the line, left when dropped.
struct Place<'w>(&'w AtomicUsize);

impl<'w> Place<'w> {
    fn take(waiting: &'w AtomicUsize) -> Result<Self, AuthError> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING { Ok(place) } else { Err(AuthError::Busy) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash("correct horse".into()).await.unwrap(), "salted");
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("wrong horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("x".repeat(MAX_PASSWORD + 1).into(), Some(hash)).await.unwrap());
        assert!(passwords.verify("x".into(), Some("garbage".into())).await.is_err());
    }

    #[tokio::test]
    async fn hashes_are_those_of_the_library() {
        use argon2::password_hash::PasswordVerifier as _;

        let hash = Passwords::new().hash("correct horse".into()).await.unwrap();
        Argon2::default().verify_password(b"correct horse", &PasswordHash::new(&hash).unwrap()).unwrap();
    }

    #[test]
    fn an_unknown_user_costs_what_a_known_one_does() {
        use argon2::password_hash::PasswordHasher as _;

        let nobody = PasswordHash::new(NOBODY).unwrap();
        let known: PasswordHash = Argon2::default().hash_password_with_salt(b"x", &[7; SALT]).unwrap();
        assert_eq!(nobody.params, known.params);
        assert_eq!(nobody.hash.unwrap().len(), known.hash.unwrap().len());
        assert_eq!(nobody.salt.unwrap().len(), known.salt.unwrap().len());
    }

    #[tokio::test]
    async fn no_more_than_the_bound_run_or_wait() {
        let passwords = Arc::new(Passwords::new());
        let held: Vec<_> =
            futures_util::future::join_all((0..MAX_HASHING).map(|_| passwords.turn())).await.into_iter().collect();
        let waiting: Vec<_> = (0..MAX_WAITING)
            .map(|_| {
                let passwords = Arc::clone(&passwords);
                tokio::spawn(async move { passwords.turn().await.map(drop) })
            })
            .collect();
        while passwords.waiting.load(Ordering::Relaxed) < MAX_WAITING {
            tokio::task::yield_now().await;
        }
        assert!(matches!(passwords.verify("x".into(), None).await, Err(AuthError::Busy)));
        drop(held);
        for turn in waiting {
            turn.await.unwrap().unwrap();
        }
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), 0);
        assert!(!passwords.verify("x".into(), None).await.unwrap());
    }
}
