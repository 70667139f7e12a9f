//! Codes that people read and type: the setup code, and the recovery codes of a second factor.

use super::AuthError;
use super::secret::Secret;

/// Characters nobody mistakes for another: no 0, 1, I, L, O, U. Thirty of them, 4.9 bits each.
const ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a group.
pub(super) const GROUP: usize = 4;

/// A random code of that many groups of four characters, such as `7KQM-X2RD-9FHT`.
///
/// # Errors
/// [`AuthError::Random`].
pub fn random(groups: usize) -> Result<Secret, AuthError> {
    let mut code = String::with_capacity(groups * (GROUP + 1));
    while code.len() < groups * (GROUP + 1) - 1 {
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

/// A code as it is compared: in upper case, without dashes and whatever else was typed between.
#[must_use]
pub fn bare(typed: &str) -> Secret {
    let kept = typed.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|c| c.to_ascii_uppercase()).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_of_the_alphabet_occurs() {
        let codes: String = (0..200).map(|_| random(3).unwrap().expose().to_owned()).collect();
        assert!(ALPHABET.iter().all(|c| codes.contains(char::from(*c))));
    }

    #[test]
    fn codes_are_grouped_and_compared_bare() {
        let code = random(4).unwrap();
        assert_eq!(code.expose().split('-').map(str::len).collect::<Vec<_>>(), [4; 4]);
        assert_eq!(bare(&code.expose().to_lowercase().replace('-', " ")), bare(code.expose()));
        assert_ne!(code, random(4).unwrap());
    }
}
