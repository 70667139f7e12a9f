//! Static groups.

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
}

/// `POST /groups/{id}/devices` adds, `DELETE` takes out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Members {
    pub devices: Vec<DeviceId>,
}
