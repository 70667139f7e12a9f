//! Why the application refused or failed.

use std::time::Duration;

use crate::model::actor::Scope;
use crate::store::StoreError;

/// A refusal or failure, in words for the caller. One file of each door maps it to the door's statuses.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: a member of the request is wrong.
    #[error("{detail}")]
    Invalid {
        /// The member; empty for the request as a whole.
        field: &'static str,
        detail: String,
    },
    /// 401: the credentials are missing, wrong or expired.
    #[error("{0}")]
    Unauthorized(String),
    /// 401: the password is right, and a code of the second factor is missing, wrong or used.
    #[error("{0}")]
    SecondFactor(String),
    /// 403: the credentials do not allow it.
    #[error("this needs the scope {:?}", needs.name())]
    Forbidden { needs: Scope },
    /// 404.
    #[error("{what} does not exist")]
    NotFound { what: String },
    /// 409: it contradicts what is there.
    #[error("{0}")]
    Conflict(String),
    /// 429: too many attempts.
    #[error("too many attempts; try again in {} s", retry_after.as_secs().max(1))]
    TooMany { retry_after: Duration },
    /// 503: a bound is reached for the moment.
    #[error("{0}; try again later")]
    Busy(String),
    /// 500, or 503 while the store is closing.
    #[error(transparent)]
    Store(StoreError),
    /// 500: something else failed.
    #[error("{what}")]
    Failed {
        what: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooLong { .. } => Self::Busy(error.to_string()),
            StoreError::Cursor(_) => Self::invalid("cursor", error.to_string()),
            other => Self::Store(other),
        }
    }
}

impl Error {
    /// A wrong member of a request.
    #[must_use]
    pub fn invalid(field: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid { field, detail: detail.into() }
    }

    /// A thing that is not there.
    #[must_use]
    pub fn missing(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }
}
