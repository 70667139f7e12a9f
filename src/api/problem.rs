//! What is answered when something is wrong: `application/problem+json` (RFC 9457). The one place where an error of the
//! application becomes a status.

use std::convert::Infallible;
use std::time::Duration;

use warp::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use warp::http::{HeaderValue, Method, StatusCode};
use warp::reject::Rejection;
use warp::reply::Response;
use warp::{Reply, reply};

use crate::app::{self, StoreError};
use crate::model::text;
use crate::wire;

/// The most bytes of a request that a problem repeats.
const MAX_ECHO: usize = 300;

/// A refusal or failure on its way to the caller.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    field: Option<String>,
    extra: Option<Extra>,
}

/// The header that some statuses carry.
#[derive(Debug)]
enum Extra {
    /// `WWW-Authenticate`.
    Challenge,
    /// `Allow`.
    Allow(String),
    /// `Retry-After`, in seconds.
    RetryAfter(u64),
}

impl Problem {
    /// A problem of that status, in words; what could steer a terminal is taken out of them.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let detail = text::for_terminal(&detail.into()).into_owned();
        Self { status, detail, field: None, extra: None }
    }

    /// 400: a member or parameter of the request is wrong; `field` is empty for the request as a whole.
    #[must_use]
    pub fn bad(field: &str, detail: impl Into<String>) -> Self {
        let field = (!field.is_empty()).then(|| field.to_owned());
        Self { field, ..Self::new(StatusCode::BAD_REQUEST, detail) }
    }

    /// 401: who the caller is cannot be told.
    #[must_use]
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self { extra: Some(Extra::Challenge), ..Self::new(StatusCode::UNAUTHORIZED, detail) }
    }

    /// 404: nothing is served at that path.
    #[must_use]
    pub fn unknown_path(path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is nothing at {}", echo(path)))
    }

    /// 404: no such thing.
    #[must_use]
    pub fn missing(what: &str, name: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{what} {:?} does not exist", echo(name)))
    }

    /// 405, with the methods that are allowed.
    #[must_use]
    pub fn method_not_allowed(method: &Method, path: &str, allow: &str) -> Self {
        let detail = format!("{} cannot be done to {}; {allow} can", echo(method.as_str()), echo(path));
        let extra = Some(Extra::Allow(allow.to_owned()));
        Self { extra, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, detail) }
    }

    fn later(status: StatusCode, detail: String, after: Duration) -> Self {
        Self { extra: Some(Extra::RetryAfter(after.as_secs().max(1))), ..Self::new(status, detail) }
    }
}

/// A piece of the request, short enough to be repeated.
pub(super) fn echo(text: &str) -> &str {
    text::cut(text, MAX_ECHO)
}

impl From<app::Error> for Problem {
    fn from(error: app::Error) -> Self {
        let detail = error.to_string();
        match error {
            app::Error::Invalid { field, .. } => Self::bad(field, detail),
            app::Error::Unauthorized(_) => Self::unauthorized(detail),
            app::Error::SecondFactor(_) => Self { field: Some("code".to_owned()), ..Self::unauthorized(detail) },
            app::Error::Forbidden { .. } => Self::new(StatusCode::FORBIDDEN, detail),
            app::Error::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, detail),
            app::Error::Conflict(_) => Self::new(StatusCode::CONFLICT, detail),
            app::Error::TooMany { retry_after } => Self::later(StatusCode::TOO_MANY_REQUESTS, detail, retry_after),
            app::Error::Busy(_) => Self::later(StatusCode::SERVICE_UNAVAILABLE, detail, Duration::from_secs(1)),
            app::Error::Store(StoreError::Closed) => {
                Self::later(StatusCode::SERVICE_UNAVAILABLE, detail, Duration::from_secs(5))
            }
            failure @ (app::Error::Store(_) | app::Error::Failed { .. }) => {
                tracing::error!(error = &failure as &dyn std::error::Error, "a request failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "this failed inside Pym; its log says how")
            }
        }
    }
}

impl Reply for Problem {
    fn into_response(self) -> Response {
        let problem = wire::problem::Problem {
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            field: self.field,
        };
        let mut response = reply::with_status(reply::json(&problem), self.status).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.extra {
            Some(Extra::Challenge) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Pym\""));
            }
            Some(Extra::Allow(methods)) => {
                headers.extend(HeaderValue::from_str(&methods).ok().map(|methods| (ALLOW, methods)));
            }
            Some(Extra::RetryAfter(seconds)) => {
                headers.insert(RETRY_AFTER, seconds.into());
            }
            None => {}
        }
        response
    }
}

/// Turns what no door took, and whatever warp itself refused, into a problem: for the end of the daemon's routes.
///
/// # Errors
/// Never.
pub async fn recover(rejection: Rejection) -> Result<Response, Infallible> {
    let problem = if rejection.is_not_found() {
        Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path")
    } else if rejection.find::<warp::reject::MethodNotAllowed>().is_some() {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this method cannot be used here")
    } else if rejection.find::<warp::reject::PayloadTooLarge>().is_some() {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large")
    } else if rejection.find::<warp::reject::LengthRequired>().is_some() {
        Problem::new(StatusCode::LENGTH_REQUIRED, "the request must tell the length of its body")
    } else if rejection.find::<warp::reject::UnsupportedMediaType>().is_some() {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this type of body is not understood here")
    } else if rejection.find::<warp::ext::MissingExtension>().is_some() {
        tracing::error!("a request came in without its peer");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "this failed inside Pym; its log says how")
    } else {
        Problem::new(StatusCode::BAD_REQUEST, "the request is malformed")
    };
    Ok(problem.into_response())
}
