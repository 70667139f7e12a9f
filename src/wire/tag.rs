//! Tags, and the check of a query.

use serde::{Deserialize, Serialize};

use crate::model::id::DeviceId;

/// A tag in use.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tag {
    pub name: String,
    /// How many devices have it.
    pub devices: u64,
}

/// `POST /tags`: adds tags to devices and takes others off them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tagging {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceId>,
    /// Further devices: those that fit this query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

/// What `POST /tags` did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tagged {
    /// How many devices changed.
    pub changed: u64,
}

/// `GET /query`: whether a text is a query.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueryCheck {
    pub valid: bool,
    /// The query as Pym writes it, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// How many characters stand before the place where it goes wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// What is wrong there, and what was expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}
