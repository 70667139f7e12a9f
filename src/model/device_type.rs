//! A device type as data: what its devices measure, which operations they know, and how these are pushed.

mod payload;

use serde::{Deserialize, Serialize};

pub use payload::{FieldKind, Format, MASK, Payload, PayloadField, is_package};

use super::operation::OperationKind;
use super::policy::BUNDLE;
use super::telemetry::LastValue;

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
    /// Operations that Pym sends to active devices again and again, to know how they stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub polled_operations: Vec<PolledOperation>,
    /// Days that the access token in a device's agent lives, 1 to [`MAX_TOKEN_DAYS`]: for boards that cannot refresh it.
    /// Absent: as long as any other access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_days: Option<u16>,
}

/// An operation that is sent in rounds (the operation-monitor task of the Entgra server).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolledOperation {
    /// The code of a feature that needs no payload.
    pub code: String,
    /// In every how many rounds: 1 is every round, at most [`MAX_ROUNDS`].
    #[serde(default = "one")]
    pub every: u32,
}

/// The most rounds between two operations of a kind: a day, at a round a minute.
pub const MAX_ROUNDS: u32 = 1440;

const fn one() -> u32 {
    1
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
    /// It may stand in a policy; its payload is then the content there.
    #[serde(default)]
    pub policy: bool,
    /// Routes for this feature alone, in place of its type's.
    #[serde(default)]
    pub push: Vec<PushRoute>,
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

    /// Puts values in the order of its metrics; those it does not know come last, in the order they were in.
    pub fn arrange(&self, values: &mut [LastValue]) {
        let place = |name: &str| self.metrics.iter().position(|metric| metric.name == name);
        values.sort_by_key(|value| place(&value.metric).unwrap_or(usize::MAX));
    }

    /// An operation's payload with [`MASK`] in the place of every secret, those of a policy's features included; `None`
    /// where it holds none.
    #[must_use]
    pub fn masked(&self, code: &str, text: &str) -> Option<String> {
        if code != BUNDLE {
            return self.feature(code)?.payload.masked(text);
        }
        let mut bundle: serde_json::Value = serde_json::from_str(text).ok()?;
        let mut found = false;
        for told in bundle.as_array_mut()? {
            let known = told.get("code").and_then(|code| code.as_str()).and_then(|code| self.feature(code));
            let (Some(known), Some(content)) = (known, told.get_mut("payLoad")) else { continue };
            // The agents want each content as text.
            match content.as_str().map(|text| known.payload.masked(text)) {
                Some(Some(masked)) => (*content, found) = (masked.into(), true),
                Some(None) => {}
                None => found |= known.payload.mask(content),
            }
        }
        found.then(|| bundle.to_string())
    }
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
