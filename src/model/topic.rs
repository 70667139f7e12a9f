//! MQTT topics of devices: `<tenant>/<type>/<id>/…`, and what a message on one of them means.
//!
//! The shapes are those of the Entgra IoT Server's device types (the receivers of its device-types feature, and the
//! MQTT listeners of its device-management plugins).

use serde_json::Value as Json;

use super::TENANT;
use super::operation::{OperationStatus, Report};
use super::telemetry::{MAX_EVENTS, MAX_METRIC_NAME, MAX_SAMPLES, NewEvent, Sample, Value};
use super::timestamp::Timestamp;

/// A topic below a device's own prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceTopic<'a> {
    pub device_type: &'a str,
    pub identifier: &'a str,
    /// What follows `<tenant>/<type>/<id>/`; empty for the bare prefix.
    pub rest: &'a str,
}

impl<'a> DeviceTopic<'a> {
    /// The device a topic (or a filter whose first three levels hold no wildcard) belongs to.
    #[must_use]
    pub fn parse(topic: &'a str) -> Option<Self> {
        let mut levels = topic.splitn(4, '/');
        let (tenant, device_type, identifier) = (levels.next()?, levels.next()?, levels.next()?);
        let rest = levels.next().unwrap_or("");
        let plain = |level: &str| !level.is_empty() && level != "+" && level != "#";
        (tenant == TENANT && plain(device_type) && plain(identifier)).then_some(Self { device_type, identifier, rest })
    }
}

/// The code under which a device tells on its own how it complies (the Entgra pull notification listener).
const POLICY_MONITOR: &str = "POLICY_MONITOR";

/// What a device says with one message.
#[derive(Clone, Debug)]
pub enum Uplink {
    /// Measurements.
    Event(NewEvent),
    /// Several events at once.
    Events(Vec<NewEvent>),
    /// The outcome of operations.
    Reports(Vec<Report>),
    /// The answer to a question about compliance, as it came: see [`super::compliance::read_findings`].
    Compliance(String),
    /// Nothing that can be read where measurements or reports belong: it is passed on to subscribers only.
    Unreadable,
    /// Nothing for the store: it is passed on to subscribers only.
    Other,
}

/// Reads a message of a device's topic. Text that is no known shape is [`Uplink::Unreadable`].
#[must_use]
pub fn read_uplink(rest: &str, payload: &[u8]) -> Uplink {
    if rest == "update/operation" {
        return match serde_json::from_slice::<Json>(payload) {
            Ok(Json::Array(reports)) => {
                Uplink::Reports(reports.iter().filter_map(read_report).take(MAX_EVENTS).collect())
            }
            Ok(report) if report.get("code").and_then(Json::as_str) == Some(POLICY_MONITOR) => {
                Uplink::Compliance(answer(&report).unwrap_or_default())
            }
            Ok(report) => Uplink::Reports(read_report(&report).into_iter().collect()),
            Err(_) => Uplink::Unreadable,
        };
    }
    if rest.starts_with("operation/") || rest == "operation" || rest.is_empty() {
        return Uplink::Other;
    }
    match serde_json::from_slice::<Json>(payload) {
        Ok(Json::Array(events)) => {
            let events: Vec<_> = events.iter().filter_map(read_event).take(MAX_EVENTS).collect();
            if events.is_empty() { Uplink::Unreadable } else { Uplink::Events(events) }
        }
        Ok(event @ Json::Object(_)) => read_event(&event).map_or(Uplink::Unreadable, Uplink::Event),
        Ok(_) => Uplink::Unreadable,
        Err(_) => read_pair(payload).map_or(Uplink::Unreadable, Uplink::Event),
    }
}

/// Reads `{"event":{"metaData":{…,"time":<s or ms>},"payloadData":{…}}}`, or a flat object of metrics. An envelope that
/// lacks its `payloadData` is nothing: none of its own members are metrics.
#[must_use]
pub fn read_event(json: &Json) -> Option<NewEvent> {
    let envelope = json.get("event").unwrap_or(json);
    let (meta, data) = match envelope.get("payloadData") {
        Some(Json::Object(data)) => (envelope.get("metaData"), data),
        _ if ["event", "metaData", "payloadData"].iter().any(|part| json.get(part).is_some()) => return None,
        _ => (None, json.as_object()?),
    };
    let samples: Vec<_> = data.iter().filter_map(|(metric, value)| sample(metric, value)).take(MAX_SAMPLES).collect();
    let time = meta.and_then(|meta| meta.get("time").or_else(|| meta.get("timestamp")));
    (!samples.is_empty()).then(|| NewEvent { device_time: time.and_then(read_time), samples })
}

/// Reads the `NAME:value` answers of the fire alarm, such as `HUMIDITY:50`.
fn read_pair(payload: &[u8]) -> Option<NewEvent> {
    let (metric, value) = std::str::from_utf8(payload).ok()?.split_once(':')?;
    let value: f64 = value.trim().parse().ok().filter(|value: &f64| value.is_finite())?;
    let metric = metric.trim().to_ascii_lowercase();
    is_metric_name(&metric)
        .then(|| NewEvent { device_time: None, samples: vec![Sample { metric, value: Value::Number(value) }] })
}

fn sample(metric: &str, value: &Json) -> Option<Sample> {
    is_metric_name(metric)
        .then(|| Value::from_json(value))
        .flatten()
        .map(|value| Sample { metric: metric.to_owned(), value })
}

fn is_metric_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_METRIC_NAME && !name.chars().any(char::is_control)
}

/// Agents send seconds or milliseconds, and 0 when they have no clock.
pub(super) fn read_time(json: &Json) -> Option<Timestamp> {
    const FIRST_SANE: i64 = 1_400_000_000;
    #[expect(clippy::cast_possible_truncation, reason = "a fraction of a second is of no use, and `as` saturates")]
    let number = json.as_i64().or_else(|| json.as_f64().map(|float| float as i64))?;
    if number >= FIRST_SANE * 1000 {
        Some(Timestamp::from_millis(number))
    } else if number >= FIRST_SANE {
        Some(Timestamp::from_secs(number))
    } else {
        None
    }
}

/// Reads an operation as agents report it: `{"id":7,"code":"ring","status":"COMPLETED","operationResponse":"…"}`.
#[must_use]
pub fn read_report(json: &Json) -> Option<Report> {
    let number = json.get("id")?;
    let number = number.as_i64().or_else(|| number.as_str()?.parse().ok())?;
    let status = OperationStatus::parse(json.get("status")?.as_str()?)?;
    Some(Report { number, status, response: answer(json) })
}

/// What a report answers: the text of its response, else its payload, which is how compliance is answered.
fn answer(json: &Json) -> Option<String> {
    let given = |name: &str| json.get(name).filter(|value| !value.is_null());
    Some(match given("operationResponse").or_else(|| given("payLoad"))? {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_names_its_device() {
        let topic = DeviceTopic::parse("carbon.super/raspberrypi/abc/temperature").unwrap();
        assert_eq!((topic.device_type, topic.identifier, topic.rest), ("raspberrypi", "abc", "temperature"));
        assert_eq!(DeviceTopic::parse("carbon.super/raspberrypi/abc").unwrap().rest, "");
        for foreign in
            ["other/raspberrypi/abc", "carbon.super/+/abc", "carbon.super/raspberrypi/#", "carbon.super/x", ""]
        {
            assert_eq!(DeviceTopic::parse(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn reads_the_envelope_of_the_raspberry_pi_agent() {
        let payload = br#"{"event":{"metaData":{"owner":"admin@carbon.super","type":"raspberrypi","deviceId":"x","time":1790000000},"payloadData":{"temperature":37.00}}}"#;
        let Uplink::Event(event) = read_uplink("temperature", payload) else { panic!("not an event") };
        assert_eq!(event.device_time, Some(Timestamp::from_secs(1_790_000_000)));
        assert_eq!(event.samples, [Sample { metric: "temperature".to_owned(), value: Value::Number(37.0) }]);
    }

    #[test]
    fn reads_the_fire_alarm_s_short_answer_and_its_missing_clock() {
        let Uplink::Event(event) = read_uplink("temperature", b"HUMIDITY:50") else { panic!("not an event") };
        assert_eq!(event.samples, [Sample { metric: "humidity".to_owned(), value: Value::Number(50.0) }]);
        let payload = br#"{"event":{"metaData":{"time":0},"payloadData":{"temperature":3}}}"#;
        let Uplink::Event(event) = read_uplink("temperature", payload) else { panic!("not an event") };
        assert_eq!(event.device_time, None);
    }

    #[test]
    fn a_torn_envelope_is_not_taken_for_metrics() {
        for torn in [
            r#"{"event":{"metaData":{"owner":"admin"},"payload":{"temperature":3}}}"#,
            r#"{"event":{"payloadData":37}}"#,
            r#"{"event":"started"}"#,
            r#"{"metaData":{"owner":"admin"},"temperature":3}"#,
            r#"{"payloadData":null,"temperature":3}"#,
        ] {
            assert!(matches!(read_uplink("temperature", torn.as_bytes()), Uplink::Unreadable), "{torn}");
        }
        assert!(matches!(read_uplink("stats", br#"{"load":0.5}"#), Uplink::Event(_)));
    }

    #[test]
    fn compliance_is_told_without_being_asked() {
        let payload = br#"{"code":"POLICY_MONITOR","payLoad":[{"featureCode":"CAMERA","compliance":false}]}"#;
        let Uplink::Compliance(findings) = read_uplink("update/operation", payload) else { panic!("not compliance") };
        assert_eq!(findings, r#"[{"compliance":false,"featureCode":"CAMERA"}]"#);
    }

    #[test]
    fn reads_reports_and_leaves_the_rest_alone() {
        let payload = br#"{"id":7,"code":"ring","status":"COMPLETED","operationResponse":"done"}"#;
        let Uplink::Reports(reports) = read_uplink("update/operation", payload) else { panic!("not a report") };
        assert_eq!((reports[0].number, reports[0].status), (7, OperationStatus::Completed));
        for (rest, payload) in
            [("update/operation", &b"{"[..]), ("x", b"\xff\x00"), ("x", b"1"), ("operation/a", b"{\"a\":1}")]
        {
            assert!(matches!(read_uplink(rest, payload), Uplink::Other | Uplink::Unreadable));
        }
    }
}
