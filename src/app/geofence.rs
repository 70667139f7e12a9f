//! Geofences: making them, and noticing when a device crosses one.

use super::access::reach;
use super::effects::Effects;
use super::notification::notify;
use super::{App, Error, require};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::model::change::Area;
use crate::model::device::Device;
use crate::model::geofence::{Geofence, NewGeofence, Point, Whereabouts};
use crate::model::id::{DeviceId, GeofenceId};
use crate::model::notification::NotificationKind;
use crate::model::page::MAX_PAGE;
use crate::model::text::{MAX_DESCRIPTION, MAX_NAME, check_label};
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Rx, Tx};

/// The most geofences: each is looked at for every location.
pub const MAX_GEOFENCES: usize = 200;

impl App {
    /// Every geofence, by name.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read`.
    pub async fn geofences(&self, actor: &Actor) -> Result<Vec<Geofence>, Error> {
        require(actor, Scope::Read)?;
        self.inner.store.read(|rx| Ok(rx.geofences()?)).await
    }

    /// The geofence of that id.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read`.
    pub async fn geofence(&self, actor: &Actor, id: GeofenceId) -> Result<Geofence, Error> {
        require(actor, Scope::Read)?;
        self.inner.store.read(move |rx| known(rx, id)).await
    }

    /// The devices inside a geofence, the first to come first: at most 1000.
    ///
    /// # Errors
    /// As [`App::geofence`].
    pub async fn devices_inside(&self, actor: &Actor, id: GeofenceId) -> Result<Vec<DeviceId>, Error> {
        require(actor, Scope::Read)?;
        self.inner
            .store
            .read(move |rx| {
                known(rx, id)?;
                Ok(rx.devices_inside(id, MAX_PAGE)?)
            })
            .await
    }

    /// Where a device is by each geofence that watches it, as far as it told, by name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read` or `own` (a device may ask of itself).
    pub async fn whereabouts(&self, actor: &Actor, device: DeviceId) -> Result<Vec<Whereabouts>, Error> {
        let actor = actor.clone();
        self.inner.store.read(move |rx| Ok(rx.whereabouts(reach(rx, &actor, device, Scope::Read)?.number)?)).await
    }

    /// Makes a geofence.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name, group or shape that cannot be, [`Error::Conflict`] for a name that is taken or one
    /// geofence too many, [`Error::Forbidden`] without the scope `policy`.
    pub async fn create_geofence(&self, actor: &Actor, new: NewGeofence) -> Result<Geofence, Error> {
        require(actor, Scope::Policy)?;
        check(&new)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let done = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                check_site(tx, &new, None)?;
                if tx.geofences()?.len() >= MAX_GEOFENCES {
                    return Err(Error::Conflict(format!("there are {MAX_GEOFENCES} geofences already")));
                }
                let id = GeofenceId::fresh(now);
                tx.insert_geofence(id, &new, now)?;
                tx.audit(now, &actor, "geofence.create", &new.name, Outcome::Done, "")?;
                known(tx, id)
            })
            .await?;
        self.edited(Area::Geofences);
        Ok(done)
    }

    /// Changes a geofence. With another shape or group it sees every device for the first time again.
    ///
    /// # Errors
    /// As [`App::create_geofence`], and [`Error::NotFound`].
    pub async fn edit_geofence(&self, actor: &Actor, id: GeofenceId, new: NewGeofence) -> Result<Geofence, Error> {
        require(actor, Scope::Policy)?;
        check(&new)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let done = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let before = known(tx, id)?;
                check_site(tx, &new, Some(id))?;
                tx.update_geofence(id, &new)?;
                if before.shape != new.shape || before.group != new.group {
                    tx.forget_whereabouts(id)?;
                }
                tx.audit(now, &actor, "geofence.edit", &before.name, Outcome::Done, &format!("name {:?}", new.name))?;
                known(tx, id)
            })
            .await?;
        self.edited(Area::Geofences);
        Ok(done)
    }

    /// Deletes a geofence.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `policy`.
    pub async fn delete_geofence(&self, actor: &Actor, id: GeofenceId) -> Result<(), Error> {
        require(actor, Scope::Policy)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                let geofence = known(tx, id)?;
                tx.delete_geofence(id)?;
                tx.audit(now, &actor, "geofence.delete", &geofence.name, Outcome::Done, "")?;
                Ok::<_, Error>(())
            })
            .await?;
        self.edited(Area::Geofences);
        Ok(())
    }
}

/// Looks at every geofence that watches the device, in the transaction that stores its newest location. A crossing is
/// told, by a notification where the geofence asks for one; so is a first sighting inside, while one outside says nothing.
pub(super) fn evaluate(
    tx: &Tx<'_>,
    effects: &mut Effects,
    device: &Device,
    location: Point,
    now: Timestamp,
) -> Result<(), Error> {
    for watching in tx.geofences_watching(device.number)? {
        let inside = watching.geofence.shape.contains(location);
        if watching.inside == Some(inside) {
            continue;
        }
        tx.set_whereabouts(watching.number, device.number, inside, now)?;
        if !inside && watching.inside.is_none() {
            continue;
        }
        let verb = if inside { "entered" } else { "left" };
        let called = device.called();
        let text = format!("{called} {verb} {}", watching.geofence.name);
        if watching.geofence.notify.tells(inside) {
            notify(tx, effects, NotificationKind::Geofence, Some(device), None, &text, now)?;
        } else {
            effects.crossings.push((device.id, text));
        }
    }
    Ok(())
}

fn known(rx: &Rx<'_>, id: GeofenceId) -> Result<Geofence, Error> {
    rx.geofence(id)?.ok_or_else(|| Error::missing(format!("geofence {id}")))
}

fn check(new: &NewGeofence) -> Result<(), Error> {
    if new.name.trim().is_empty() {
        return Err(Error::invalid("name", "a geofence needs a name"));
    }
    check_label("a name", &new.name, MAX_NAME).map_err(|why| Error::invalid("name", why))?;
    check_label("a description", &new.description, MAX_DESCRIPTION)
        .map_err(|why| Error::invalid("description", why))?;
    new.shape.check().map_err(|why| Error::invalid("shape", why))
}

/// Checks what depends on the others: the name is free, and there is such a group.
fn check_site(rx: &Rx<'_>, new: &NewGeofence, but: Option<GeofenceId>) -> Result<(), Error> {
    if rx.geofence_named(&new.name)?.is_some_and(|other| Some(other) != but) {
        return Err(Error::Conflict(format!("geofence {:?} exists already", new.name)));
    }
    match new.group {
        Some(group) if rx.group(group)?.is_none() => Err(Error::invalid("group", format!("there is no group {group}"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
