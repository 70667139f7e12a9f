//! JSON the way the Entgra API writes it, with Google's Gson: members that are null left out, characters that mean
//! something in HTML escaped, dates as text or in milliseconds.

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc2822;
use time::macros::format_description;
use warp::Reply as _;
use warp::http::header::CONTENT_TYPE;
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use crate::model::operation::{Operation, OperationKind};
use crate::model::telemetry::{Event, Value};
use crate::model::timestamp::Timestamp;

const DATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day padding:none] [month repr:short] [year] [hour]:[minute]:[second] +0000"
);
const STAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:3]");

/// An answer in JSON.
pub(super) fn reply(status: StatusCode, body: &impl Serialize) -> Response {
    let Ok(json) = serde_json::to_string(body) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = warp::reply::with_status(escape(&json), status).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer in plain text.
pub(super) fn text(status: StatusCode, body: impl Into<String>) -> Response {
    let mut response = warp::reply::with_status(body.into(), status).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Escapes as Gson does. In JSON these characters stand within strings alone, so the text stays the same JSON.
fn escape(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len() + 16), |mut text, c| {
        match c {
            '\'' => text.push_str("\\u0027"),
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '=' => text.push_str("\\u003d"),
            _ => text.push(c),
        }
        text
    })
}

/// A time as operations carry it: `2016-08-03 14:00:54.603`, in UTC.
fn stamp(at: Timestamp) -> Option<String> {
    at.to_utc()?.format(STAMP).ok()
}

/// The payload of an operation: text, but for a policy, which is the list of its features.
#[derive(Serialize)]
#[serde(untagged)]
enum Payload<'a> {
    Text(&'a str),
    Bundle(Vec<serde_json::Value>),
}

impl<'a> Payload<'a> {
    fn new(operation: &'a Operation) -> Option<Self> {
        let text = operation.payload.as_deref()?;
        let bundle = (operation.kind == OperationKind::Policy).then(|| serde_json::from_str(text).ok()).flatten();
        Some(bundle.map_or(Self::Text(text), |features| Self::Bundle(features).with_text_within()))
    }

    /// The payloads of the features themselves are text to the agents.
    fn with_text_within(mut self) -> Self {
        if let Self::Bundle(features) = &mut self {
            for payload in features.iter_mut().filter_map(|feature| feature.get_mut("payLoad")) {
                if !payload.is_string() && !payload.is_null() {
                    *payload = payload.to_string().into();
                }
            }
        }
        self
    }
}

/// A `java.util.Date`: `Wed, 3 Aug 2016 14:00:54 +0000`.
pub(super) fn date(at: Timestamp) -> Option<String> {
    at.to_utc()?.format(DATE).ok()
}

/// Reads a date as [`date`] writes it, or as HTTP does.
pub(super) fn read_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    // A plus sign that a client did not escape is a space in a query.
    let unescaped = text.rsplit_once(' ').filter(|(_, zone)| zone.len() == 4 && zone.parse::<u16>().is_ok());
    let text = unescaped.map_or_else(|| text.to_owned(), |(rest, zone)| format!("{} +{zone}", rest.trim_end()));
    let at = OffsetDateTime::parse(&text, &Rfc2822).ok()?;
    Some(Timestamp::from_secs(at.unix_timestamp()))
}

/// 304: nothing changed.
pub(super) fn not_modified() -> Response {
    StatusCode::NOT_MODIFIED.into_response()
}

/// An operation as agents read it. `enabled` and `isEnabled` are both there, since agents of different years look for
/// one or the other.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OperationBody<'a> {
    code: &'a str,
    r#type: OperationKind,
    id: i64,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_time_stamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received_time_stamp: Option<String>,
    enabled: bool,
    is_enabled: bool,
    #[serde(rename = "payLoad", skip_serializing_if = "Option::is_none")]
    payload: Option<Payload<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_response: Option<&'a str>,
}

impl<'a> From<&'a Operation> for OperationBody<'a> {
    fn from(operation: &'a Operation) -> Self {
        let last = operation.responses.last();
        Self {
            code: &operation.code,
            r#type: operation.kind,
            id: operation.number,
            status: operation.status.name(),
            created_time_stamp: stamp(operation.created_at),
            received_time_stamp: last.and_then(|response| stamp(response.at)),
            enabled: true,
            is_enabled: true,
            payload: Payload::new(operation),
            operation_response: last.map(|response| response.text.as_str()),
        }
    }
}

/// `{"operations":[…],"count":n}`.
#[derive(Serialize)]
pub(super) struct OperationList<'a> {
    operations: Vec<OperationBody<'a>>,
    count: usize,
}

impl<'a> OperationList<'a> {
    pub(super) fn new(operations: &'a [Operation]) -> Self {
        Self { operations: operations.iter().map(OperationBody::from).collect(), count: operations.len() }
    }
}

/// An event as the analytics of the Entgra server store it.
#[derive(Serialize)]
pub(super) struct Record {
    values: serde_json::Map<String, serde_json::Value>,
    timestamp: i64,
    id: String,
}

impl Record {
    /// An event of the device that calls itself `identifier`.
    pub(super) fn new(event: &Event, identifier: &str) -> Self {
        let mut values: serde_json::Map<String, serde_json::Value> =
            event.samples.iter().map(|sample| (sample.metric.clone(), json(&sample.value))).collect();
        values.insert("_version".to_owned(), "1.0.0".into());
        Self::of(values, event.device_time, &event.id.to_string(), identifier)
    }

    /// Values of the device that calls itself `identifier`.
    pub(super) fn of(
        mut values: serde_json::Map<String, serde_json::Value>,
        at: Timestamp,
        id: &str,
        identifier: &str,
    ) -> Self {
        values.insert("meta_deviceId".to_owned(), identifier.into());
        values.insert("meta_time".to_owned(), at.millis().into());
        Self { values, timestamp: at.millis(), id: id.to_owned() }
    }
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(truth) => (*truth).into(),
        Value::Integer(integer) => (*integer).into(),
        Value::Number(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_as_gson_does_and_stays_the_same_json() {
        let value = serde_json::json!({"a": "it's <b>&amp; = \"x\""});
        let text = escape(&value.to_string());
        assert_eq!(text, r#"{"a":"it\u0027s \u003cb\u003e\u0026amp; \u003d \"x\""}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn dates_are_read_as_they_are_written() {
        let at = Timestamp::from_secs(1_470_232_854);
        let text = date(at).unwrap();
        assert_eq!(text, "Wed, 3 Aug 2016 14:00:54 +0000");
        for text in [text.as_str(), "Wed, 03 Aug 2016 14:00:54 GMT", "Wed, 3 Aug 2016 14:00:54  0000"] {
            assert_eq!(read_date(text), Some(at), "{text}");
        }
        assert_eq!(read_date("yesterday"), None);
    }

    #[test]
    fn writes_times_as_java_does() {
        assert_eq!(stamp(Timestamp::from_millis(1_470_232_854_603)).unwrap(), "2016-08-03 14:00:54.603");
    }
}
