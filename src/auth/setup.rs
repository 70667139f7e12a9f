//! The setup code: made at every start as long as there is no user, shown in the log and on the board itself, and worth
//! one administrator.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::AuthError;
use super::code::{self, GROUP, bare};
use super::secret::{Secret, same};

/// Groups of four characters: 58 bits in all.
const GROUPS: usize = 3;

/// Whether a first administrator is still to be made, and the code for it.
#[derive(Default)]
pub struct Setup {
    code: Mutex<Option<Secret>>,
}

impl Setup {
    /// The code, once it was [made](Setup::begin) and until it was [used](Setup::end).
    #[must_use]
    pub fn code(&self) -> Option<String> {
        self.lock().as_ref().map(|code| code.expose().to_owned())
    }

    /// Makes the code, unless there is one.
    ///
    /// # Errors
    /// [`AuthError::Random`].
    pub fn begin(&self) -> Result<(), AuthError> {
        let mut code = self.lock();
        if code.is_none() {
            *code = Some(code::random(GROUPS)?);
        }
        Ok(())
    }

    /// Forgets the code: there is a user now.
    pub fn end(&self) {
        *self.lock() = None;
    }

    /// Whether `typed` is the code, in any letter case and with or without its dashes.
    #[must_use]
    pub fn accepts(&self, typed: &str) -> bool {
        let code = self.lock();
        code.as_ref().is_some_and(|code| {
            typed.len() <= 2 * GROUPS * GROUP
                && same(bare(typed).expose().as_bytes(), bare(code.expose()).expose().as_bytes())
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Secret>> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("needed", &self.lock().is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_easy_to_type_and_used_once() {
        let setup = Setup::default();
        assert!(!setup.accepts(""), "no code, nothing to accept");
        setup.begin().unwrap();
        let code = setup.code().unwrap();
        assert_eq!(code.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4], "{code}");
        setup.begin().unwrap();
        assert_eq!(setup.code(), Some(code.clone()), "made once");
        assert!(setup.accepts(&code) && setup.accepts(&code.to_lowercase().replace('-', " ")));
        assert!(!setup.accepts("") && !setup.accepts(&code[1..]));
        assert!(!format!("{setup:?}").contains(&code));
        setup.end();
        assert!(!setup.accepts(&code));
    }
}
