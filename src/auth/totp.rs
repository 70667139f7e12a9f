//! One-time codes by time (RFC 6238): HMAC-SHA-1, six digits, steps of 30 s, as every authenticator app makes them. The
//! clock is an argument.

use std::fmt;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ring::hmac;
use zeroize::Zeroizing;

use super::AuthError;
use super::secret::{Secret, same};
use crate::model::timestamp::Timestamp;

/// Bytes of a key: as many as SHA-1 gives, which is what is recommended (RFC 4226, section 4, R6).
pub const KEY_BYTES: usize = 20;
/// Digits of a code.
pub const DIGITS: usize = 6;
/// How long a code is the current one.
const STEP: Duration = Duration::from_secs(30);
/// How many steps a phone's clock may be behind or ahead (RFC 6238, section 5.2).
const WINDOW: i64 = 1;
/// The alphabet of base32 (RFC 4648, section 6), in which apps take a key.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What the phone and Pym share: hidden from `Debug`, wiped when dropped.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl Key {
    /// A new random key.
    ///
    /// # Errors
    /// [`AuthError::Random`].
    pub fn random() -> Result<Self, AuthError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(bytes.as_mut()).map_err(AuthError::Random)?;
        Ok(Self(bytes))
    }

    /// The key of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key itself, for the store.
    #[must_use]
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// The key as a person types it into an app: 32 characters of base32.
    #[must_use]
    pub fn base32(&self) -> Secret {
        let mut text = Zeroizing::new(String::with_capacity(KEY_BYTES * 8 / 5));
        // Five bytes are eight characters, so there is no padding.
        for piece in self.0.chunks(5) {
            let bits = piece.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for shift in (0..8).rev() {
                let index = usize::try_from(bits >> (5 * shift) & 31).unwrap_or(0);
                text.extend(BASE32.get(index).map(|character| char::from(*character)));
            }
        }
        text.as_str().into()
    }

    /// The `otpauth` URI that a QR code hands to an app; `issuer` and `account` are what the app shows.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> Secret {
        let [issuer, account] = [issuer, account].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string());
        let secret = self.base32();
        let (secret, period) = (secret.expose(), STEP.as_secs());
        format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={period}"
        )
        .into()
    }

    /// The step whose code was typed, spaces apart: the current one or a neighbour, and after `last`, so that no code
    /// works twice; `None` for a wrong code.
    #[must_use]
    pub fn accepts(&self, typed: &str, now: Timestamp, last: i64) -> Option<i64> {
        let typed = digits(typed)?;
        let current = step(now);
        let fits = |step: &i64| *step > last && same(self.code(*step).expose().as_bytes(), typed.expose().as_bytes());
        (current - WINDOW..=current + WINDOW).rfind(fits)
    }

    /// The code of a step.
    #[must_use]
    pub fn code(&self, step: i64) -> Secret {
        let code = self.number(step) % 10_u32.pow(6);
        format!("{code:06}").into()
    }

    /// The truncated HMAC (RFC 4226, section 5.3): 31 bits.
    fn number(&self, step: i64) -> u32 {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.0.as_ref());
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let offset = tag.as_ref().last().map_or(0, |byte| usize::from(byte & 0x0f));
        let piece = tag.as_ref().get(offset..offset + 4).and_then(|piece| piece.try_into().ok());
        u32::from_be_bytes(piece.unwrap_or_default()) & 0x7fff_ffff
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

/// The step that a time falls in.
#[must_use]
pub fn step(at: Timestamp) -> i64 {
    at.secs().div_euclid(STEP.as_secs().cast_signed())
}

/// What was typed when it looks like a code: six digits, which people group with spaces; `None` for anything else.
#[must_use]
pub fn digits(typed: &str) -> Option<Secret> {
    let mut bare = Zeroizing::new(String::with_capacity(DIGITS));
    for character in typed.chars().filter(|character| !character.is_whitespace()) {
        if !character.is_ascii_digit() || bare.len() == DIGITS {
            return None;
        }
        bare.push(character);
    }
    (bare.len() == DIGITS).then(|| bare.as_str().into())
}

/// A password field that holds a code after the password, taken apart; `None` when it does not end in six digits.
#[must_use]
pub fn appended(field: &str) -> Option<(&str, &str)> {
    let (password, code) = field.split_at_checked(field.len().checked_sub(DIGITS)?)?;
    code.bytes().all(|byte| byte.is_ascii_digit()).then_some((password, code))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of the vectors: RFC 6238, appendix B.
    fn key() -> Key {
        Key::from_bytes(*b"12345678901234567890")
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        let vectors = [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ];
        for (secs, eight_digits) in vectors {
            let step = step(Timestamp::from_secs(secs));
            assert_eq!(key().number(step) % 100_000_000, eight_digits, "{secs}");
            assert_eq!(key().code(step).expose(), format!("{:06}", eight_digits % 1_000_000), "{secs}");
        }
        // RFC 4226, appendix D.
        let counted: Vec<_> = (0..4).map(|count| key().code(count).expose().to_owned()).collect();
        assert_eq!(counted, ["755224", "287082", "359152", "969429"]);
    }

    #[test]
    fn a_code_works_once_and_within_a_step_of_its_time() {
        let key = key();
        let at = |step: i64| Timestamp::from_secs(step * 30 + 29);
        let (code, other) = (key.code(1000), key.code(1001));
        let code = code.expose();
        for (now, fits) in [(998, false), (999, true), (1000, true), (1001, true), (1002, false)] {
            assert_eq!(key.accepts(code, at(now), 0), fits.then_some(1000), "{now}");
        }
        assert_eq!(key.accepts(code, at(1000), 999), Some(1000));
        for last in [1000, 1001, i64::MAX] {
            assert_eq!(key.accepts(code, at(1000), last), None, "used, or before one that was");
        }
        assert_eq!(key.accepts(other.expose(), at(1000), 1000), Some(1001));
        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        assert_eq!(key.accepts(&spaced, at(1000), 0), Some(1000));
        for wrong in ["", "12345", "1234567", "12345a", "１２３４５６", "-12345", "755224755224"] {
            assert_eq!(key.accepts(wrong, at(1000), 0), None, "{wrong}");
        }
        // A board without a clock of its own starts in 1970, or before.
        assert_eq!(key.accepts(key.code(0).expose(), Timestamp::from_secs(0), -1), Some(0));
        assert_eq!(key.accepts(code, Timestamp::from_millis(i64::MIN), i64::MIN), None);
    }

    #[test]
    fn a_key_is_written_as_apps_read_it_and_hides() {
        assert_eq!(key().base32().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            key().uri("Küche & Co", "ada@example.com").expose(),
            "otpauth://totp/K%C3%BCche%20%26%20Co:ada%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=K%C3%BCche%20%26%20Co&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(format!("{:?}", key()), "Key(hidden)");
        assert_ne!(Key::random().unwrap().expose(), Key::random().unwrap().expose());
    }

    #[test]
    fn a_code_is_taken_from_the_end_of_a_password() {
        assert_eq!(appended("correct horse123456"), Some(("correct horse", "123456")));
        assert_eq!(appended("123456"), Some(("", "123456")));
        assert_eq!(appended("12345"), None);
        assert_eq!(appended("correct horse"), None);
        assert_eq!(appended("ключ ключ"), None, "six bytes back is within a character");
    }
}
