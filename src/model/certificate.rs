//! Certificates that name devices.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::id::DeviceId;
use super::timestamp::Timestamp;

/// SHA-256 of a certificate's DER; written in lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a fingerprint is 64 hexadecimal digits";
        if text.len() != 64 || !text.is_ascii() {
            return Err(WRONG);
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(2 * index..2 * index + 2).unwrap_or_default();
            *byte = u8::from_str_radix(digits, 16).map_err(|_| WRONG)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A certificate this site issued, or was shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Certificate {
    /// In lower-case hex, without leading zeros.
    pub serial: String,
    pub fingerprint: Fingerprint,
    pub subject: String,
    pub issuer: String,
    /// The device it names; a certificate without one opens no door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Who asked for it, or brought it.
    pub issued_by: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_by: Option<String>,
    pub pem: String,
}

impl Certificate {
    /// Why the certificate is worth nothing at `now`; `None` when it is good. That it is not valid yet is no reason: a
    /// board without a clock starts in the past.
    #[must_use]
    pub fn refusal(&self, now: Timestamp) -> Option<&'static str> {
        if self.revoked_at.is_some() {
            Some("the certificate is revoked")
        } else if self.not_after <= now {
            Some("the certificate has expired")
        } else {
            None
        }
    }
}

/// What looking at a certificate has shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verdict {
    pub valid: bool,
    /// Why it is not valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its serial number, if it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The device it names, if it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
}

/// The most bytes of a serial number (RFC 5280, 4.1.2.2).
pub const MAX_SERIAL: usize = 20;

/// A serial number as [`Certificate::serial`] has it: its bytes, most significant first, in hex without leading zeros.
#[must_use]
pub fn serial_of(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    let digits: String = nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect();
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }
}

/// A serial number in decimal, as clients of the Entgra API write it, as [`Certificate::serial`] has it; `None` for what
/// is no such number.
#[must_use]
pub fn serial_from_decimal(text: &str) -> Option<String> {
    let mut bytes = [0_u8; MAX_SERIAL];
    for digit in text.chars() {
        let mut carry = u16::try_from(digit.to_digit(10)?).ok()?;
        for byte in bytes.iter_mut().rev() {
            let [high, low] = (u16::from(*byte) * 10 + carry).to_be_bytes();
            (*byte, carry) = (low, high.into());
        }
        if carry > 0 {
            return None;
        }
    }
    (!text.is_empty()).then(|| serial_of(&bytes))
}

/// [`Certificate::serial`] in decimal.
#[must_use]
pub fn serial_to_decimal(serial: &str) -> String {
    // Decimal digits, the least significant first.
    let mut digits: Vec<u32> = vec![0];
    for nibble in serial.chars().filter_map(|digit| digit.to_digit(16)) {
        let mut carry = nibble;
        for digit in &mut digits {
            let value = *digit * 16 + carry;
            (*digit, carry) = (value % 10, value / 10);
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    digits.iter().rev().filter_map(|digit| char::from_digit(*digit, 10)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_go_between_hex_and_decimal() {
        for (hex, decimal) in [
            ("0", "0"),
            ("ff", "255"),
            ("100", "256"),
            ("7fffffffffffffffffffffffffffffff", "170141183460469231731687303715884105727"),
        ] {
            assert_eq!(serial_from_decimal(decimal).unwrap(), hex);
            assert_eq!(serial_to_decimal(hex), decimal);
        }
        let largest = "f".repeat(40);
        assert_eq!(serial_from_decimal(&serial_to_decimal(&largest)).unwrap(), largest);
        assert_eq!(serial_from_decimal("007").unwrap(), "7");
        for wrong in ["", "-1", "1a", &"9".repeat(49), &"9".repeat(10_000)] {
            assert_eq!(serial_from_decimal(wrong), None, "{wrong:.60}");
        }
    }

    #[test]
    fn a_fingerprint_is_hex() {
        let mut bytes = [0; 32];
        (bytes[0], bytes[31]) = (0x0a, 0xff);
        let fingerprint = Fingerprint(bytes);
        assert!(fingerprint.to_string().starts_with("0a00") && fingerprint.to_string().ends_with("ff"));
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert!("0a".parse::<Fingerprint>().is_err() && "é".repeat(32).parse::<Fingerprint>().is_err());
    }
}
