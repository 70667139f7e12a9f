//! One request, as the handlers see it.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;
use warp::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use warp::http::{HeaderMap, StatusCode};

use super::Api;
use super::auth::Caller;
use super::problem::{Problem, echo};
use super::query::Query;
use crate::app::App;
use crate::model::actor::Actor;
use crate::net::request::{WholeError, whole};
use crate::net::shared::Shared;

/// The most bytes of a request's body: room for an activity for 10,000 devices.
pub(super) const MAX_BODY: usize = 1024 * 1024;

/// A request whose route and caller are known.
pub struct Call {
    pub(super) api: Arc<Api>,
    pub(super) caller: Caller,
    /// The parameters of the path, decoded, in its order.
    pub(super) params: Vec<String>,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
}

/// Without what the caller showed.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("params", &self.params).finish_non_exhaustive()
    }
}

impl Call {
    pub(super) fn app(&self) -> &App {
        &self.api.app
    }

    pub(super) fn actor(&self) -> &Actor {
        &self.caller.actor
    }

    /// The parameter of the path at that place; empty beyond the last.
    pub(super) fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// The parameter of the path at that place, parsed; 404 for what cannot be the name of `what`.
    pub(super) fn id<T: std::str::FromStr>(&self, index: usize, what: &str) -> Result<T, Problem> {
        let text = self.param(index);
        text.parse().map_err(|_| Problem::missing(what, text))
    }

    pub(super) fn query(&self) -> Result<Query, Problem> {
        Query::parse(&self.query)
    }

    /// The body, decoded from JSON.
    pub(super) async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        let kind = self.headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or_default());
        let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        // Insisting on it keeps forms of other sites out: a browser asks before it sends JSON across origins.
        if !essence.eq_ignore_ascii_case("application/json") {
            let detail = format!("send the header Content-Type: application/json, not {:?}", echo(essence));
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let length = self.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if length.is_some_and(|length| length > MAX_BODY) {
            return Err(too_large());
        }
        decode(&self.body.read().await?)
    }
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a request's body has at most {MAX_BODY} bytes"))
}

fn decode<T: DeserializeOwned>(json: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        // `.` is the whole, `?` a place that was not reached.
        let field = echo(path.trim_end_matches(['.', '?']));
        let cause = error.into_inner().to_string();
        let at = if field.is_empty() { String::new() } else { format!(" at {field:?}") };
        Problem::bad(field, format!("the body is not the JSON that is expected{at}: {}", echo(&cause)))
    })?;
    reader.end().map_err(|error| Problem::bad("", format!("the body is not JSON alone: {error}")))?;
    Ok(value)
}

/// A request's body, not read yet.
pub(super) struct Body(Shared<Result<Bytes, warp::Error>>);

impl Body {
    pub(super) fn new<B: Buf>(pieces: impl Stream<Item = Result<B, warp::Error>> + Send + 'static) -> Self {
        Self(Shared::new(pieces.map(|piece| piece.map(|mut piece| piece.copy_to_bytes(piece.remaining())))))
    }

    /// The pieces as they come, however many; what stays behind is empty.
    pub(super) fn take(&mut self) -> impl Stream<Item = Result<Bytes, warp::Error>> + Send + use<> {
        std::mem::replace(&mut self.0, Shared::new(futures_util::stream::empty()))
    }

    async fn read(&mut self) -> Result<Bytes, Problem> {
        whole(&mut self.0, MAX_BODY).await.map_err(|error| match error {
            WholeError::Broken(error) => Problem::bad("", format!("the body broke off: {error}")),
            WholeError::TooLarge => too_large(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::device::NewDevice;

    #[test]
    fn a_wrong_member_is_named_with_its_place() {
        let wrong = |json: &str| format!("{:?}", decode::<NewDevice>(json.as_bytes()).unwrap_err());
        assert!(
            wrong(r#"{"type":7}"#).contains("at \\\"type\\\": invalid type: integer `7`"),
            "{}",
            wrong(r#"{"type":7}"#)
        );
        assert!(wrong("{}").contains("missing field `type` at line 1 column 2"));
        assert!(wrong(r#"{"type":"a","colour":1}"#).contains("unknown field `colour`"));
        assert!(wrong(r#"{"type":"a","properties":[{"name":"a"}]}"#).contains("properties[0]"));
        assert!(wrong(r#"{"type":"a"} x"#).contains("trailing characters"));
        assert!(wrong(&"[".repeat(100_000)).len() < 1000);
    }
}
