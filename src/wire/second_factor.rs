//! The second factor of a person's login.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::timestamp::Timestamp;

/// Whether the caller has one: `GET /second-factor`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SecondFactor {
    pub enabled: bool,
    /// Since when the password alone opens no door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// How many recovery codes are left.
    pub recovery_codes: u32,
}

/// `POST /second-factor`: makes a new key, which a code has to confirm.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// The caller's own.
    pub password: String,
}

/// A key on its way into a phone; told this once.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewKey {
    /// Base32, as people type it into an app.
    pub secret: String,
    /// The `otpauth` URI for a QR code.
    pub uri: String,
}

/// `POST /second-factor/confirm`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    pub code: String,
}

/// `POST /second-factor/disable`, `POST /second-factor/recovery-codes`: one of the two.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// A one-time code or a recovery code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What opens the door without the phone, each once; told this once.
#[derive(Clone, Serialize, Deserialize)]
pub struct RecoveryCodes {
    pub recovery_codes: Vec<String>,
}

macro_rules! hide_secrets {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

hide_secrets!(Begin, NewKey, Confirm, Proof, RecoveryCodes);
