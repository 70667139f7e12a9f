//! Groups, filled by hand or by a query.

use serde::{Deserialize, Serialize};

pub use crate::model::group::Group;
use crate::model::id::DeviceId;

/// `POST /groups` and `PUT /groups/{id}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// What its devices fit, in the query language; without it the group is filled by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
}

/// `PUT /groups/{id}/roles`, and what `GET` answers: the roles a group is shared with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    pub roles: Vec<String>,
}

/// `POST /groups/{id}/devices` adds, `DELETE` takes out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Members {
    pub devices: Vec<DeviceId>,
}
