//! What is answered when something is wrong, in the shape of the Entgra API: the one place of this door where an error
//! of the application becomes a status.

use std::time::Duration;

use serde::Serialize;
use warp::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use super::call::echo;
use super::gson;
use crate::app::{self, StoreError};

/// A refusal or failure on its way to the caller.
#[derive(Debug)]
pub struct Error {
    status: StatusCode,
    detail: String,
    /// The member that is wrong; empty where it is none, or not told.
    field: &'static str,
    retry_after: Option<Duration>,
}

/// The body of an error (`ErrorResponse` of the Entgra API).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    code: u16,
    message: &'a str,
    description: &'a str,
    more_info: &'a str,
    error_items: Vec<Item<'a>>,
}

/// What is wrong with one member (`ErrorListItem`): the code is the status and the member's name.
#[derive(Serialize)]
struct Item<'a> {
    code: String,
    message: &'a str,
}

impl Error {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), field: "", retry_after: None }
    }

    /// 400: the request makes no sense.
    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 401: who the caller is cannot be told.
    pub(super) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    /// 404: no such device, or one that was removed.
    pub(super) fn no_device(identifier: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("a device {:?} is not enrolled", echo(identifier)))
    }

    /// 404: no policy addresses the device.
    pub(super) fn no_policy(identifier: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("no policy addresses the device {:?}", echo(identifier)))
    }

    /// 404: no such thing.
    pub(super) fn missing(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{what} does not exist"))
    }

    /// 404: nothing is served at that path.
    pub(super) fn unknown_path(path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is nothing at {}", echo(path)))
    }

    /// 406: it is of a kind that this call does not take.
    pub(super) fn not_acceptable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, detail)
    }

    /// 405; the answer still needs the header `Allow`.
    pub(super) fn method_not_allowed(allow: &str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, format!("this path knows {allow}"))
    }

    /// 501: the Entgra API has it, and this server does not do it.
    pub(super) fn not_implemented(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, detail)
    }

    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong, in words for the caller.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// The answer: JSON, with the headers that the status asks for.
    pub(super) fn respond(self) -> Response {
        let code = format!("{}_{}", self.status.as_u16(), self.field);
        let item = Some(Item { code, message: &self.detail }).filter(|_| !self.field.is_empty());
        let body = Body {
            code: self.status.as_u16(),
            message: self.status.canonical_reason().unwrap_or("Error"),
            description: &self.detail,
            more_info: "",
            error_items: item.into_iter().collect(),
        };
        self.with_headers(gson::reply(self.status, &body))
    }

    /// Adds the headers of the status to an answer of another shape.
    pub(super) fn with_headers(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Pym\""));
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Pym\", charset=\"UTF-8\""));
        }
        if let Some(after) = self.retry_after {
            headers.insert(RETRY_AFTER, after.as_secs().max(1).into());
        }
        response
    }
}

impl From<app::Error> for Error {
    fn from(error: app::Error) -> Self {
        let detail = error.to_string();
        let field = if let app::Error::Invalid { field, .. } = &error { field } else { "" };
        let (status, retry_after) = match &error {
            app::Error::Invalid { .. } => (StatusCode::BAD_REQUEST, None),
            app::Error::Unauthorized(_) | app::Error::SecondFactor(_) => (StatusCode::UNAUTHORIZED, None),
            app::Error::Forbidden { .. } => (StatusCode::FORBIDDEN, None),
            app::Error::NotFound { .. } => (StatusCode::NOT_FOUND, None),
            app::Error::Conflict(_) => (StatusCode::CONFLICT, None),
            app::Error::TooMany { retry_after } => (StatusCode::TOO_MANY_REQUESTS, Some(*retry_after)),
            app::Error::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, Some(Duration::from_secs(1))),
            app::Error::Store(StoreError::Closed) => (StatusCode::SERVICE_UNAVAILABLE, Some(Duration::from_secs(5))),
            app::Error::Store(_) | app::Error::Failed { .. } => {
                tracing::error!(error = &error as &dyn std::error::Error, "a request of a device failed");
                let detail = "this failed inside the server; its log says how".to_owned();
                return Self { status: StatusCode::INTERNAL_SERVER_ERROR, detail, field, retry_after: None };
            }
        };
        Self { status, detail, field, retry_after }
    }
}
