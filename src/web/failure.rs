//! Why a page is not shown: the one place of this door where an error of the application becomes a status.

use warp::http::StatusCode;

use crate::app::{self, StoreError};
use crate::model::text;

use super::message::{Message, general};

/// The most bytes of a request that a failure repeats.
const MAX_ECHO: usize = 300;

/// A refusal or failure on its way to the person.
#[derive(Debug)]
pub struct Failure {
    pub(super) status: StatusCode,
    /// What went wrong in a few words, in the person's language.
    pub(super) title: Message,
    /// The sentence of the application, in English.
    pub(super) detail: String,
    /// The field of the form that is wrong.
    pub(super) field: Option<String>,
    /// Seconds until another attempt makes sense.
    pub(super) retry_after: Option<u64>,
}

impl Failure {
    fn new(status: StatusCode, title: Message, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into(), field: None, retry_after: None }
    }

    /// 400: a field of a form, or a parameter of the address, is wrong.
    pub(super) fn bad(field: &str, detail: impl Into<String>) -> Self {
        let field = (!field.is_empty()).then(|| field.to_owned());
        Self { field, ..Self::new(StatusCode::BAD_REQUEST, general::BAD_REQUEST, detail) }
    }

    /// `None` for what the person may not see; any other failure stays one.
    pub(super) fn allowed<T>(result: Result<T, app::Error>) -> Result<Option<T>, Self> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(app::Error::Forbidden { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// 404: no such thing.
    pub(super) fn missing(what: &str, name: &str) -> Self {
        let detail = format!("{what} {:?} does not exist", text::cut(name, MAX_ECHO));
        Self::new(StatusCode::NOT_FOUND, general::NOT_FOUND, detail)
    }

    /// 404: no such page.
    pub(super) fn unknown_path(path: &str) -> Self {
        let detail = format!("there is nothing at {}", text::cut(path, MAX_ECHO));
        Self::new(StatusCode::NOT_FOUND, general::NOT_FOUND, detail)
    }

    /// 405: the page cannot be asked for like that.
    pub(super) fn method(allow: &str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, general::BAD_REQUEST, format!("this address takes {allow}"))
    }

    /// 403: a form that no page of this session made.
    pub(super) fn forged() -> Self {
        let detail = "the form does not come from a page of this session; open the page again and repeat it there";
        Self::new(StatusCode::FORBIDDEN, general::FORGED, detail)
    }
}

impl From<app::Error> for Failure {
    fn from(error: app::Error) -> Self {
        let detail = error.to_string();
        match error {
            app::Error::Invalid { field, .. } => Self::bad(field, detail),
            app::Error::Unauthorized(_) | app::Error::SecondFactor(_) => {
                Self::new(StatusCode::UNAUTHORIZED, general::UNAUTHORIZED, detail)
            }
            app::Error::Forbidden { .. } => Self::new(StatusCode::FORBIDDEN, general::FORBIDDEN, detail),
            app::Error::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, general::NOT_FOUND, detail),
            app::Error::Conflict(_) => Self::new(StatusCode::CONFLICT, general::CONFLICT, detail),
            app::Error::TooMany { retry_after } => Self {
                retry_after: Some(retry_after.as_secs().max(1)),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, general::TOO_MANY, detail)
            },
            app::Error::Busy(_) | app::Error::Store(StoreError::Closed) => {
                let busy = Self::new(StatusCode::SERVICE_UNAVAILABLE, general::BUSY, detail);
                Self { retry_after: Some(1), ..busy }
            }
            failure @ (app::Error::Store(_) | app::Error::Failed { .. }) => {
                tracing::error!(error = &failure as &dyn std::error::Error, "a page failed");
                let detail = "this failed inside Pym; its log says how";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, general::FAILED, detail)
            }
        }
    }
}
