//! Application packages.

use serde::{Deserialize, Serialize};

use crate::model::id::DeviceId;
pub use crate::model::package::Package;

/// `POST /packages/{id}/install`, `/update` and `/uninstall`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receivers {
    pub devices: Vec<DeviceId>,
}
