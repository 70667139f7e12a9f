//! Geofences, and where devices are by them.

use super::request::Call;
use super::{Client, Error};
use crate::model::id::{DeviceId, GeofenceId};
use crate::wire::Page;
use crate::wire::geofence::{Geofence, GeofenceDetail, NewGeofence, Whereabouts};

impl Client {
    /// Every geofence.
    pub async fn geofences(&self) -> Result<Page<Geofence>, Error> {
        self.fetch(Call::get("/api/v1/geofences")).await
    }

    /// The geofence with that id, and who is in it.
    pub async fn geofence(&self, id: GeofenceId) -> Result<GeofenceDetail, Error> {
        self.fetch(Call::get(path(id))).await
    }

    /// Makes a geofence.
    pub async fn create_geofence(&self, geofence: &NewGeofence) -> Result<Geofence, Error> {
        self.fetch(Call::post("/api/v1/geofences").json(geofence)?).await
    }

    /// Changes a geofence.
    pub async fn replace_geofence(&self, id: GeofenceId, geofence: &NewGeofence) -> Result<Geofence, Error> {
        self.fetch(Call::put(path(id)).json(geofence)?).await
    }

    /// Removes a geofence.
    pub async fn remove_geofence(&self, id: GeofenceId) -> Result<(), Error> {
        self.perform(Call::delete(path(id))).await
    }

    /// Where a device is by each geofence that has seen it.
    pub async fn whereabouts(&self, device: DeviceId) -> Result<Page<Whereabouts>, Error> {
        self.fetch(Call::get(format!("/api/v1/devices/{device}/geofences"))).await
    }
}

fn path(id: GeofenceId) -> String {
    format!("/api/v1/geofences/{id}")
}
