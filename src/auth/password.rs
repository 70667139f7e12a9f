//! Passwords: argon2id, a few at a time, off the async threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::AuthError;
use super::secret::Secret;

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
            let hash: PasswordHash = Argon2::default()
                .hash_password_with_salt(password.expose().as_bytes(), &salt)
                .map_err(AuthError::Hash)?;
            Ok(hash.to_string())
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
            let hash = PasswordHash::new(phc.as_deref().unwrap_or(NOBODY))
                .map_err(|_| AuthError::Hash(Error::EncodingInvalid))?;
            match Argon2::default().verify_password(password.expose().as_bytes(), &hash) {
                Ok(()) => Ok(known),
                Err(Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(AuthError::Hash(error)),
            }
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

    #[test]
    fn an_unknown_user_costs_what_a_known_one_does() {
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
