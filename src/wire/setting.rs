//! Settings that people change while the site runs.

use serde::{Deserialize, Serialize};

pub use crate::model::setting::Setting;

/// `PUT /settings/{area}`, and what the area has.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub settings: Vec<Setting>,
}
