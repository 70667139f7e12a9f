//! The setup code: made at every start as long as there is no user, shown in the log and on the board itself, and worth
//! one administrator.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::AuthError;
use super::secret::{Secret, same};

/// Characters nobody mistakes for another: no 0, 1, I, L, O, U. Thirty of them.
const ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Groups of a code, and characters of a group: 58 bits in all.
const GROUPS: usize = 3;
const GROUP: usize = 4;

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
            *code = Some(random_code()?);
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
        let bare = |text: &str| -> Secret {
            text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect::<String>().into()
        };
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

/// Three groups of four characters, such as `7KQM-X2RD-9FHT`.
fn random_code() -> Result<Secret, AuthError> {
    let mut code = String::with_capacity(GROUPS * (GROUP + 1));
    while code.len() < GROUPS * (GROUP + 1) - 1 {
        if code.len() % (GROUP + 1) == GROUP {
            code.push('-');
        }
        let mut byte = [0];
        getrandom::fill(&mut byte).map_err(AuthError::Random)?;
        // Five bits, drawn again where they would favour the first characters.
        if let Some(character) = ALPHABET.get(usize::from(byte[0] & 31)) {
            code.push(char::from(*character));
        }
    }
    Ok(code.into())
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

    #[test]
    fn every_character_of_the_alphabet_occurs() {
        let codes: String = (0..200).map(|_| random_code().unwrap().expose().to_owned()).collect();
        assert!(ALPHABET.iter().all(|c| codes.contains(char::from(*c))));
    }
}
