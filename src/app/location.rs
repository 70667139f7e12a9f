//! Where devices are and were.

use std::time::Duration;

use super::access::reach;
use super::effects::Effects;
use super::geofence::evaluate;
use super::{App, Error, check_limit};
use crate::model::actor::{Actor, Scope};
use crate::model::device::Device;
use crate::model::geofence::Point;
use crate::model::id::DeviceId;
use crate::model::location::{Location, MAX_LOCATIONS, NewLocation};
use crate::model::telemetry::{NewEvent, Range};
use crate::model::timestamp::Timestamp;
use crate::store::Tx;

/// The same place without a time, told again within this span, is the same message: agents send twice.
const REPEAT: Duration = Duration::from_mins(1);

impl App {
    /// Where a device was last; `None` for one that never told.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read` or `own` (a device may see its own).
    pub async fn location(&self, actor: &Actor, id: DeviceId) -> Result<Option<Location>, Error> {
        let actor = actor.clone();
        self.inner.store.read(move |rx| Ok(rx.last_location(reach(rx, &actor, id, Scope::Read)?.number)?)).await
    }

    /// Where a device was in a span of its time, newest first: at most `limit`.
    ///
    /// # Errors
    /// As [`App::location`], and [`Error::Invalid`] for a limit that cannot be.
    pub async fn locations(
        &self,
        actor: &Actor,
        id: DeviceId,
        range: Range,
        limit: u32,
    ) -> Result<Vec<Location>, Error> {
        check_limit(limit, MAX_LOCATIONS)?;
        let actor = actor.clone();
        self.inner
            .store
            .read(move |rx| Ok(rx.locations(reach(rx, &actor, id, Scope::Read)?.number, range, limit)?))
            .await
    }
}

/// Keeps where a device says it is, with all that follows from it: every door's locations come through here.
pub(super) fn store_location(
    tx: &Tx<'_>,
    effects: &mut Effects,
    device: &Device,
    new: NewLocation,
    now: Timestamp,
) -> Result<(), Error> {
    let NewLocation { at, latitude, longitude, address } = new;
    let location = Location { at: at.unwrap_or(now), received_at: now, latitude, longitude, address };
    let repeats = |last: Location| {
        now.since(last.received_at) < REPEAT && Location { at: location.at, received_at: now, ..last } == location
    };
    if at.is_none() && tx.last_location(device.number)?.is_some_and(repeats) {
        return Ok(());
    }
    if !tx.add_location(device.number, &location)? {
        return Ok(());
    }
    // What comes late says where the device was, not where it is.
    if tx.last_location(device.number)?.is_some_and(|last| last.at == location.at) {
        let here = Point { latitude: location.latitude, longitude: location.longitude };
        evaluate(tx, effects, device, here, now)?;
    }
    Ok(())
}

/// The location within an event that measures one: the samples `latitude` and `longitude`.
pub(super) fn measured(event: &NewEvent) -> Option<NewLocation> {
    let number = |name: &str| event.samples.iter().find(|sample| sample.metric == name)?.value.as_f64();
    let place = NewLocation::at(number("latitude")?, number("longitude")?)?;
    Some(NewLocation { at: event.device_time, ..place })
}
