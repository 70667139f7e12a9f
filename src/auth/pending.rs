//! Logins that have shown a right password and still owe a code. Nothing trusts them: they say whose password it was,
//! for a few minutes and a few codes.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::AuthError;
use super::secret::{Kind, Secret, hash, same};
use crate::model::timestamp::Timestamp;

/// How long a login may take from its password to its code.
pub const PENDING_LIFE: Duration = Duration::from_mins(5);
/// Wrong codes of one login; after them the password is asked for again.
pub const MAX_WRONG_CODES: u8 = 5;
/// The most such logins at a time; a further one takes the place of the oldest.
const MAX_PENDING: usize = 256;

/// Whose login it is.
#[derive(Clone)]
pub struct Pending {
    /// The person's name.
    pub name: String,
    /// The hash of the password that was shown: a changed one makes the login worthless.
    pub password: String,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("name", &self.name).finish_non_exhaustive()
    }
}

struct Entry {
    token: [u8; 32],
    login: Pending,
    end: Timestamp,
    codes_left: u8,
}

/// The logins that wait for their code, the oldest first.
#[derive(Default)]
pub struct PendingLogins(Mutex<Vec<Entry>>);

impl PendingLogins {
    /// Notes a login. Returns the token it goes on with.
    ///
    /// # Errors
    /// [`AuthError::Random`].
    pub fn begin(&self, login: Pending, now: Timestamp) -> Result<Secret, AuthError> {
        let token = Secret::random(Kind::Pending)?;
        let mut entries = self.alive(now);
        if entries.len() >= MAX_PENDING {
            entries.remove(0);
        }
        let entry = Entry { token: token.hash(), login, end: now.plus(PENDING_LIFE), codes_left: MAX_WRONG_CODES };
        entries.push(entry);
        Ok(token)
    }

    /// The login of that token, and one of its codes spent.
    #[must_use]
    pub fn try_code(&self, token: &str, now: Timestamp) -> Option<Pending> {
        let token = hash(token);
        let mut entries = self.alive(now);
        let entry = entries.iter_mut().find(|entry| same(&entry.token, &token))?;
        entry.codes_left = entry.codes_left.checked_sub(1)?;
        Some(entry.login.clone())
    }

    /// Whether there is a login of that token with codes left.
    #[must_use]
    pub fn knows(&self, token: &str, now: Timestamp) -> bool {
        let token = hash(token);
        self.alive(now).iter().any(|entry| same(&entry.token, &token) && entry.codes_left > 0)
    }

    /// Gives back the code that [`PendingLogins::try_code`] spent: it was not looked at.
    pub fn give_back(&self, token: &str) {
        let token = hash(token);
        let mut entries = self.lock();
        if let Some(entry) = entries.iter_mut().find(|entry| same(&entry.token, &token)) {
            entry.codes_left = (entry.codes_left + 1).min(MAX_WRONG_CODES);
        }
    }

    /// Forgets the login of that token.
    pub fn end(&self, token: &str) {
        let token = hash(token);
        self.lock().retain(|entry| !same(&entry.token, &token));
    }

    /// Those that are not over. A clock that was set back does not lengthen their lives.
    fn alive(&self, now: Timestamp) -> MutexGuard<'_, Vec<Entry>> {
        let mut entries = self.lock();
        entries.retain(|entry| now < entry.end && entry.end <= now.plus(PENDING_LIFE));
        entries
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for PendingLogins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingLogins").field("waiting", &self.lock().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(name: &str) -> Pending {
        Pending { name: name.to_owned(), password: "$argon2id$secret".to_owned() }
    }

    #[test]
    fn a_login_waits_a_few_minutes_and_for_a_few_codes() {
        let logins = PendingLogins::default();
        let start = Timestamp::from_secs(1_790_000_000);
        let ada = logins.begin(login("ada"), start).unwrap();
        let grace = logins.begin(login("grace"), start).unwrap();
        assert!(!format!("{logins:?} {:?}", login("ada")).contains("secret"));
        assert!(logins.try_code("", start).is_none() && logins.try_code("pym_p_guess", start).is_none());
        for _ in 0..MAX_WRONG_CODES {
            assert_eq!(logins.try_code(ada.expose(), start).unwrap().name, "ada");
        }
        assert!(logins.try_code(ada.expose(), start).is_none() && !logins.knows(ada.expose(), start));
        logins.give_back(ada.expose());
        assert!(logins.try_code(ada.expose(), start).is_some(), "one that was not looked at");
        let end = start.plus(PENDING_LIFE);
        assert!(logins.knows(grace.expose(), end.minus(Duration::from_millis(1))));
        assert!(!logins.knows(grace.expose(), end));
        let ada = logins.begin(login("ada"), start).unwrap();
        logins.end(ada.expose());
        assert!(!logins.knows(ada.expose(), start));
    }

    #[test]
    fn the_oldest_makes_room_and_a_clock_set_back_ends_them() {
        let logins = PendingLogins::default();
        let now = Timestamp::from_secs(1_790_000_000);
        let first = logins.begin(login("first"), now).unwrap();
        let second = logins.begin(login("second"), now).unwrap();
        for _ in 1..MAX_PENDING {
            logins.begin(login("eve"), now).unwrap();
        }
        assert!(!logins.knows(first.expose(), now) && logins.knows(second.expose(), now));
        assert!(!logins.knows(second.expose(), now.minus(Duration::from_secs(1))));
    }
}
