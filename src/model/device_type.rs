//! A device type as data: what its devices measure, which operations they know, and how these are pushed.

use serde::{Deserialize, Serialize};

use super::operation::OperationKind;

/// A kind of device. The built-in ones are `assets/device-types/*.toml`; others are made at run time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceType {
    /// The word in topics and URLs: see [`super::text::check_word`].
    pub name: String,
    /// The name people read.
    pub title: String,
    #[serde(default)]
    pub description: String,
    /// Made at run time; built-in types cannot be changed.
    #[serde(default)]
    pub custom: bool,
    /// Names of the properties that its devices may carry; others are kept too.
    #[serde(default)]
    pub properties: Vec<String>,
    #[serde(default)]
    pub metrics: Vec<Metric>,
    #[serde(default)]
    pub features: Vec<Feature>,
    /// Where operations go over MQTT: the first route with a live subscription of the device wins.
    #[serde(default)]
    pub push: Vec<PushRoute>,
    /// Codes of the operations that a device gets when it enrolls.
    #[serde(default)]
    pub initial_operations: Vec<String>,
    /// Days that the access token in a device's agent lives, 1 to [`MAX_TOKEN_DAYS`]: for boards that cannot refresh it.
    /// Absent: as long as any other access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_days: Option<u16>,
}

/// The longest life of a token, in days: a board's own.
pub const MAX_TOKEN_DAYS: u16 = 7300;

/// Something devices of a type measure or report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// The name in events, 1 to 64 bytes.
    pub name: String,
    #[serde(default)]
    pub title: String,
    /// For display only, such as `°C`.
    #[serde(default)]
    pub unit: String,
    pub kind: MetricKind,
}

/// The type of a metric's values (the event attribute types of the Entgra API).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MetricKind {
    String,
    Long,
    Bool,
    Int,
    Float,
    Double,
}

/// Something a device can be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// The operation code, such as `bulb` or `DEVICE_RING`.
    pub code: String,
    /// The name people read.
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub kind: OperationKind,
    #[serde(default)]
    pub payload: Payload,
    /// Ask a person before sending: it interrupts or destroys something.
    #[serde(default)]
    pub confirm: bool,
    /// Routes for this feature alone, in place of its type's.
    #[serde(default)]
    pub push: Vec<PushRoute>,
}

/// What a feature's payload may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "lowercase", deny_unknown_fields)]
pub enum Payload {
    /// No payload is needed; one that is given is passed on.
    #[default]
    Any,
    /// The operation takes no payload.
    None,
    /// One of these words, in any letter case; sent as written here.
    Choice { choices: Vec<String> },
    /// Text of any kind.
    Text,
    /// A JSON object; `fields` are what people read of it.
    Json {
        #[serde(default)]
        fields: Vec<PayloadField>,
    },
}

/// One member of a JSON payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayloadField {
    pub name: String,
    #[serde(default)]
    pub title: String,
    pub kind: MetricKind,
    #[serde(default)]
    pub required: bool,
}

/// One way to push an operation over MQTT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushRoute {
    /// With `{tenant}`, `{type}`, `{id}`, `{kind}` (lower case), `{code}`, `{number}` filled in.
    pub topic: String,
    /// With `{code}`, `{CODE}` (upper case), `{payload}`, `{number}` filled in; empty means the payload, or the code where there is none.
    #[serde(default)]
    pub payload: String,
    /// What ends the operation.
    #[serde(default)]
    pub completes: Completes,
}

/// What ends a pushed operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Completes {
    /// The device reports a result.
    #[default]
    Result,
    /// Its delivery: the device's protocol knows no results.
    Delivery,
}

impl DeviceType {
    /// The feature of that code, in any letter case.
    #[must_use]
    pub fn feature(&self, code: &str) -> Option<&Feature> {
        self.features.iter().find(|feature| feature.code.eq_ignore_ascii_case(code))
    }
}

impl Payload {
    /// The payload to send, or why this one cannot be sent.
    ///
    /// # Errors
    /// A sentence for the caller, when the payload does not fit the form.
    pub fn check(&self, given: Option<&str>) -> Result<Option<String>, String> {
        let given = given.filter(|text| !text.is_empty());
        match (self, given) {
            (Self::Any, text) => Ok(text.map(str::to_owned)),
            (Self::None, None) => Ok(None),
            (Self::None, Some(_)) => Err("this operation takes no payload".to_owned()),
            (Self::Choice { choices }, text) => text
                .and_then(|text| choices.iter().find(|choice| choice.eq_ignore_ascii_case(text)))
                .map(|choice| Some(choice.clone()))
                .ok_or_else(|| format!("the payload must be one of {}", choices.join(", "))),
            (Self::Text, Some(text)) => Ok(Some(text.to_owned())),
            (Self::Text, None) => Err("the payload is missing".to_owned()),
            (Self::Json { fields }, text) => check_json(fields, text),
        }
    }
}

fn check_json(fields: &[PayloadField], text: Option<&str>) -> Result<Option<String>, String> {
    let Some(text) = text else {
        return match fields.iter().find(|field| field.required) {
            Some(field) => Err(format!("the payload is missing: {:?} is required", field.name)),
            None => Ok(None),
        };
    };
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|error| format!("the payload is not a JSON object: {error}"))?;
    for field in fields {
        match object.get(&field.name) {
            None | Some(serde_json::Value::Null) if field.required => {
                return Err(format!("payload field {:?} is missing", field.name));
            }
            None | Some(serde_json::Value::Null) => {}
            Some(value) if field.kind.admits(value) => {}
            Some(_) => return Err(format!("payload field {:?} must be of type {}", field.name, field.kind.name())),
        }
    }
    Ok(Some(text.to_owned()))
}

impl MetricKind {
    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "STRING",
            Self::Long => "LONG",
            Self::Bool => "BOOL",
            Self::Int => "INT",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
        }
    }

    /// Whether a JSON value is of this kind.
    #[must_use]
    pub fn admits(self, value: &serde_json::Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Bool => value.is_boolean(),
            Self::Int | Self::Long => value.is_i64() || value.is_u64(),
            Self::Float | Self::Double => value.is_number(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_sent_as_the_type_writes_it() {
        let payload = Payload::Choice { choices: vec!["ON".to_owned(), "OFF".to_owned()] };
        assert_eq!(payload.check(Some("on")), Ok(Some("ON".to_owned())));
        assert_eq!(payload.check(Some("dim")), Err("the payload must be one of ON, OFF".to_owned()));
        assert!(payload.check(None).is_err());
    }

    #[test]
    fn a_json_payload_names_the_field_that_is_wrong() {
        let field =
            PayloadField { name: "pin".to_owned(), title: String::new(), kind: MetricKind::String, required: true };
        let payload = Payload::Json { fields: vec![field] };
        assert_eq!(payload.check(Some(r#"{"pin":"1"}"#)), Ok(Some(r#"{"pin":"1"}"#.to_owned())));
        assert_eq!(payload.check(Some(r#"{"pin":1}"#)), Err("payload field \"pin\" must be of type STRING".to_owned()));
        assert_eq!(payload.check(Some("{}")), Err("payload field \"pin\" is missing".to_owned()));
        assert!(payload.check(Some("[")).unwrap_err().starts_with("the payload is not a JSON object"));
    }
}
