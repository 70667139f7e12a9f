//! Who may come in: passwords, secrets, the setup code, and how often somebody may try. Knows neither the store nor a
//! door; the application puts it together.

pub mod code;
pub mod limit;
pub mod password;
pub mod pending;
pub mod secret;
pub mod setup;
pub mod totp;

use std::num::NonZeroU32;
use std::time::Duration;

use limit::Limit;
use password::Passwords;
use pending::PendingLogins;
use setup::Setup;

/// Attempts one address may make in a row. Attempts that succeed are given back.
const ORIGIN_BURST: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// How long one attempt of an address takes to come back.
const ORIGIN_PERIOD: Duration = Duration::from_secs(6);
/// Attempts on one account in a row, from all addresses together; more than one address has, so that a single
/// attacker cannot lock the account's owner out.
const ACCOUNT_BURST: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// How long one attempt on an account takes to come back.
const ACCOUNT_PERIOD: Duration = Duration::from_secs(2);
/// Wrong one-time codes of one account in a row, from all addresses together. Who gets as far has shown the password,
/// and of a million codes three are good at a time.
const CODE_BURST: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// How long one attempt at a code takes to come back: some 300 a day, which find a good one in three years.
const CODE_PERIOD: Duration = Duration::from_mins(5);

/// Enrollments by one enrollment token in a row; also those that are refused or repeat one.
const ENROLLMENT_BURST: NonZeroU32 = NonZeroU32::new(100).unwrap();
/// How long one enrollment by a token takes to come back.
const ENROLLMENT_PERIOD: Duration = Duration::from_millis(500);

/// A failure of the machinery; a wrong password is no failure but an answer.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error("take randomness from the system")]
    Random(#[source] getrandom::Error),
    #[error("hash a password")]
    Hash(#[source] argon2::password_hash::Error),
    #[error("hash a password: the thread was lost")]
    Lost,
    #[error("too many logins are waiting for their turn")]
    Busy,
}

/// The state of authentication that lives as long as the daemon does.
#[derive(Debug)]
pub struct Auth {
    /// Hashing and verifying, a few at a time.
    pub passwords: Passwords,
    /// The code that makes the first administrator.
    pub setup: Setup,
    /// Logins that still owe their second factor.
    pub pending: PendingLogins,
    origins: Limit,
    accounts: Limit,
    codes: Limit,
    enrollments: Limit,
}

impl Auth {
    /// Nothing tried yet, no setup code yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            passwords: Passwords::new(),
            setup: Setup::default(),
            pending: PendingLogins::default(),
            origins: Limit::new(ORIGIN_BURST, ORIGIN_PERIOD),
            accounts: Limit::new(ACCOUNT_BURST, ACCOUNT_PERIOD),
            codes: Limit::new(CODE_BURST, CODE_PERIOD),
            enrollments: Limit::new(ENROLLMENT_BURST, ENROLLMENT_PERIOD),
        }
    }

    /// Counts one attempt of `origin` on `account`, before any secret is looked at.
    ///
    /// # Errors
    /// How long to wait, when either has none left.
    pub fn attempt<'a>(&'a self, origin: &str, account: &str) -> Result<Attempt<'a>, Duration> {
        let origin = limit::origin_key(origin);
        self.origins.take(&origin)?;
        self.accounts.take(account).inspect_err(|_| self.origins.give_back(&origin))?;
        Ok(Attempt { auth: self, origin, account: account.to_owned() })
    }

    /// Counts one attempt at the one-time code of `account`, before it is looked at.
    ///
    /// # Errors
    /// How long to wait, when none is left.
    pub fn attempt_code(&self, account: &str) -> Result<(), Duration> {
        self.codes.take(account)
    }

    /// The code was right, or not looked at: the attempt no longer counts.
    pub fn give_back_code(&self, account: &str) {
        self.codes.give_back(account);
    }

    /// Counts one enrollment by the enrollment token of that id.
    ///
    /// # Errors
    /// How long to wait, when none is left.
    pub fn enrollment(&self, token: &str) -> Result<(), Duration> {
        self.enrollments.take(token)
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self::new()
    }
}

/// An attempt that was counted. It stays counted unless it is [given back](Attempt::give_back).
#[derive(Debug)]
#[must_use]
pub struct Attempt<'a> {
    auth: &'a Auth,
    origin: String,
    account: String,
}

impl Attempt<'_> {
    /// The secret was right, or not looked at: the attempt no longer counts.
    pub fn give_back(self) {
        self.auth.origins.give_back(&self.origin);
        self.auth.accounts.give_back(&self.account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_runs_dry_before_it_locks_the_account() {
        let auth = Auth::new();
        for _ in 0..ORIGIN_BURST.get() {
            drop(auth.attempt("192.0.2.1", "admin").unwrap());
        }
        let wait = auth.attempt("192.0.2.1", "admin").unwrap_err();
        assert!(wait <= ORIGIN_PERIOD && !wait.is_zero());
        auth.attempt("192.0.2.2", "admin").unwrap().give_back();
    }

    #[test]
    fn codes_run_dry_long_before_one_is_guessed() {
        let auth = Auth::new();
        for _ in 0..CODE_BURST.get() {
            auth.attempt_code("admin").unwrap();
        }
        let wait = auth.attempt_code("admin").unwrap_err();
        assert!(wait <= CODE_PERIOD && !wait.is_zero());
        auth.attempt_code("ada").unwrap();
        auth.give_back_code("admin");
        auth.attempt_code("admin").unwrap();
    }

    #[test]
    fn attempts_that_succeed_are_free() {
        let auth = Auth::new();
        for _ in 0..5 * ACCOUNT_BURST.get() {
            auth.attempt("192.0.2.1", "admin").unwrap().give_back();
        }
    }
}
