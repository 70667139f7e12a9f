//! A person's second factor, without its secrets.

use super::timestamp::Timestamp;

/// How many recovery codes a set has; each works once.
pub const RECOVERY_CODES: usize = 10;

/// Whether a person has a second factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondFactor {
    /// Since when the password alone opens no door; `None`: it does.
    pub since: Option<Timestamp>,
    /// A secret was made and waits to be confirmed by a code.
    pub is_begun: bool,
    /// How many recovery codes are left, of [`RECOVERY_CODES`].
    pub recovery_codes: u32,
}
