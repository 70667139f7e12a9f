//! Opaque random secrets: tokens, client ids and client secrets. The store knows their SHA-256 alone.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::AuthError;

/// Random bytes of a secret: 256 bits, beyond guessing, so that a plain hash protects it at rest.
const SECRET_BYTES: usize = 32;
/// The longest text taken for a token, in bytes; longer ones are refused unread.
pub const MAX_TOKEN: usize = 512;

/// What a secret is for; its prefix says so to people and to the lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person's session.
    Session,
    /// An API token.
    Api,
    /// An OAuth access token.
    Access,
    /// An OAuth refresh token.
    Refresh,
    /// The secret of an OAuth client.
    Client,
    /// A login that still owes its second factor.
    Pending,
    /// A token that enrolls devices.
    Enrollment,
}

impl Kind {
    const ALL: [Self; 7] =
        [Self::Session, Self::Api, Self::Access, Self::Refresh, Self::Client, Self::Pending, Self::Enrollment];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "pym_s_",
            Self::Api => "pym_t_",
            Self::Access => "pym_a_",
            Self::Refresh => "pym_r_",
            Self::Client => "pym_c_",
            Self::Pending => "pym_p_",
            Self::Enrollment => "pym_e_",
        }
    }

    /// What the text claims to be; `None` without a known prefix.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| text.starts_with(kind.prefix()))
    }
}

/// A secret in memory: hidden from `Debug`, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A new random secret of that kind.
    ///
    /// # Errors
    /// [`AuthError::Random`].
    pub fn random(kind: Kind) -> Result<Self, AuthError> {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        getrandom::fill(bytes.as_mut()).map_err(AuthError::Random)?;
        let mut text = Zeroizing::new(String::with_capacity(64));
        text.push_str(kind.prefix());
        URL_SAFE_NO_PAD.encode_string(bytes.as_ref(), &mut text);
        Ok(Self(text))
    }

    /// The secret itself, for the one who may have it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the store keeps of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// The SHA-256 of a secret's text.
#[must_use]
pub fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Compares without telling by the time where the first difference is.
#[must_use]
pub fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// A public random name, such as a client's id: 128 bits, base64url.
///
/// # Errors
/// [`AuthError::Random`].
pub fn random_id() -> Result<String, AuthError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(AuthError::Random)?;
    let id = URL_SAFE_NO_PAD.encode(bytes);
    bytes.zeroize();
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_say_their_kind_and_hide() {
        for kind in Kind::ALL {
            let secret = Secret::random(kind).unwrap();
            assert_eq!(secret.expose().len(), kind.prefix().len() + 43);
            assert_eq!(Kind::of(secret.expose()), Some(kind));
            assert_ne!(secret, Secret::random(kind).unwrap());
            assert!(!format!("{secret:?}").contains("pym_"));
        }
        assert_eq!(Kind::of("8c4f-legacy"), None);
    }

    #[test]
    fn comparison_is_by_content() {
        assert!(same(b"abc", b"abc"));
        assert!(!same(b"abc", b"abd"));
        assert!(!same(b"abc", b"ab"));
    }
}
