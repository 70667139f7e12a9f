//! The words of the token endpoint: grants, what they give, and how they are refused.

use std::fmt;
use std::time::Duration;

use crate::app::Error;
use crate::auth::AuthError;
use crate::store::StoreError;

/// The longest `scope`, in bytes.
const MAX_SCOPE: usize = 2048;
/// What is granted when nothing is asked for, as the Entgra IoT Server names it.
pub(super) const DEFAULT_SCOPE: &str = "default";

/// What a client shows for a token.
pub enum Grant {
    /// A person's name, with or without the tenant, and password (RFC 6749, section 4.3).
    Password { user: String, password: String },
    /// A refresh token (section 6).
    Refresh { token: String },
    /// Nothing but the client itself (section 4.4).
    ClientCredentials,
    /// The access token of a person who may enroll devices: how agents on corporate devices begin.
    AccessToken { admin_access_token: String },
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Password",
            Self::Refresh { .. } => "Refresh",
            Self::ClientCredentials => "ClientCredentials",
            Self::AccessToken { .. } => "AccessToken",
        })
    }
}

/// A client's id and secret; the secret is shown this once.
pub struct ClientCredentials {
    pub client_id: String,
    pub client_secret: String,
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// The tokens of a successful grant (RFC 6749, section 5.1).
pub struct TokenGrant {
    pub access_token: String,
    /// None with client credentials: the client can ask again.
    pub refresh_token: Option<String>,
    pub expires_in: Duration,
    /// The granted words.
    pub scope: String,
}

impl fmt::Debug for TokenGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenGrant")
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// Why no token was issued (RFC 6749, section 5.2).
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// `invalid_client`, 401.
    #[error("the client is not known here, or its secret is wrong")]
    InvalidClient,
    /// `invalid_grant`, 400: a wrong password, a refresh token that is unknown or expired, a holder who is gone.
    #[error("{0}")]
    InvalidGrant(String),
    /// `invalid_request`, 400.
    #[error("{0}")]
    InvalidRequest(String),
    /// `unauthorized_client`, 400.
    #[error("a device's own application has no tokens of people")]
    UnauthorizedClient,
    /// `unsupported_grant_type`, 400.
    #[error("grant_type is none of password, refresh_token, client_credentials and access_token")]
    UnsupportedGrant,
    /// 429.
    #[error("too many attempts; try again in {} s", retry_after.as_secs().max(1))]
    TooMany { retry_after: Duration },
    /// Whatever else the application says.
    #[error(transparent)]
    App(Error),
}

impl GrantError {
    /// The value of `error` in the answer.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::InvalidRequest(_) => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrant => "unsupported_grant_type",
            Self::TooMany { .. } => "slow_down",
            Self::App(_) => "server_error",
        }
    }
}

impl From<Error> for GrantError {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthorized(why) | Error::SecondFactor(why) => Self::InvalidGrant(why),
            Error::TooMany { retry_after } => Self::TooMany { retry_after },
            other => Self::App(other),
        }
    }
}

impl From<StoreError> for GrantError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl From<AuthError> for GrantError {
    fn from(error: AuthError) -> Self {
        Self::App(error.into())
    }
}

/// The words of a `scope`, all granted: once each, with one space between them.
pub(super) fn granted(scope: &str) -> Result<String, GrantError> {
    // The characters of a scope token: RFC 6749, section 3.3.
    let fits = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
    if scope.len() > MAX_SCOPE || !scope.split_whitespace().all(|word| word.chars().all(fits)) {
        return Err(GrantError::InvalidRequest(format!(
            "scope has at most {MAX_SCOPE} bytes of printable ASCII words"
        )));
    }
    let mut words: Vec<&str> = Vec::new();
    for word in scope.split_whitespace() {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    Ok(if words.is_empty() { DEFAULT_SCOPE.to_owned() } else { words.join(" ") })
}
