//! Geofences.

use serde::{Deserialize, Serialize};

pub use crate::model::geofence::{Geofence, NewGeofence, Notify, Point, Shape, Whereabouts};
use crate::model::id::DeviceId;

/// A geofence and who is in it: `GET /geofences/{id}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GeofenceDetail {
    #[serde(flatten)]
    pub geofence: Geofence,
    /// The devices inside, the first to come first; at most 1000.
    pub devices: Vec<DeviceId>,
}
