//! Devices: enrolling, finding, editing, removing, and noticing whether they are there.

use std::collections::{BTreeSet, HashMap};

use super::access::{covers, reach, reach_named, require_some, seen_by};
use super::effects::Effects;
use super::group::settle_groups;
use super::operation::{cancel_superseded, queue_initial};
use super::tag;
use super::{App, Error, check_limit, policy, require};
use crate::app::downlink::Downlink;
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::audit::Outcome;
use crate::model::change::{Change, NoticeKind};
use crate::model::device::{
    Device, DeviceFilter, DevicePage, DeviceStatus, Enrollment, MAX_NOTE, NewDevice, Note, Ownership, Property,
    StatusChange,
};
use crate::model::id::{DeviceId, EnrollmentId};
use crate::model::page::{MAX_PAGE, Page};
use crate::model::text::{MAX_DESCRIPTION, MAX_NAME, check_identifier, check_label, check_word};
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Rx, Tx};

/// The most properties of a device.
pub(super) const MAX_PROPERTIES: usize = 200;
/// The most bytes of a property's value.
const MAX_PROPERTY_VALUE: usize = 4096;
/// The most devices of one owner that are enrolled without the scope `operate`, the removed ones included.
const MAX_OWNED: u64 = 500;
/// The most status changes of one device that are told.
pub(super) const MAX_HISTORY: u32 = 50;
/// Silent devices handled in one sweep; the next sweep goes on.
const SWEEP: u32 = 500;

/// The outcome of [`App::enroll`].
#[derive(Clone, Debug)]
pub struct Enrolled {
    pub device: Device,
    /// False when the device was enrolled already and this call repeated it.
    pub created: bool,
}

/// What an operator changes of a device: the members that are present.
#[derive(Clone, Debug, Default)]
pub struct DeviceEdit {
    pub name: Option<String>,
    pub description: Option<String>,
    pub owner: Option<String>,
    pub ownership: Option<Ownership>,
    pub status: Option<DeviceStatus>,
    /// These and no others.
    pub tags: Option<Vec<String>>,
    /// What people know of it; empty for nothing.
    pub note: Option<String>,
}

impl App {
    /// Enrolls a device, or enrolls it again: a call that repeats one changes nothing but the facts it brings.
    ///
    /// # Errors
    /// [`Error::Invalid`] for names that cannot be, [`Error::NotFound`] for an unknown type, [`Error::Forbidden`] without
    /// the scope `enroll` (a device may enroll itself again) and, for a device in use of another owner or for another
    /// owner, without the scope `operate`, [`Error::Conflict`] for a device that is blocked.
    pub async fn enroll(&self, actor: &Actor, new: NewDevice) -> Result<Enrolled, Error> {
        let own = matches!(&actor.principal, Principal::Device { device_type, identifier, .. }
            if *device_type == new.device_type && *identifier == new.identifier);
        if !own {
            require(actor, Scope::Enroll)?;
        }
        check_new_device(&new)?;
        self.device_type(&Actor::system(), &new.device_type)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let app = self.clone();
        let (enrolled, effects) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let mut effects = Effects::default();
                let enrolled = enroll(tx, &mut effects, &actor, own, new, now)?;
                begin(&app, tx, &mut effects, &enrolled, now)?;
                Ok::<_, Error>((enrolled, effects))
            })
            .await?;
        self.after_enroll(&enrolled);
        self.follow(effects).await;
        Ok(enrolled)
    }

    /// Tells of a device that enrolled.
    pub(super) fn after_enroll(&self, enrolled: &Enrolled) {
        let device = &enrolled.device;
        if enrolled.created {
            self.notice(NoticeKind::Device, Some(device.id), format!("{} enrolled", device.called()));
        }
        self.tell_device(device);
    }

    /// The device of that id, removed ones included.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read` or `own` (a device may see itself).
    pub async fn device(&self, actor: &Actor, id: DeviceId) -> Result<Device, Error> {
        let actor = actor.clone();
        self.inner.store.read(move |rx| reach(rx, &actor, id, Scope::Read)).await
    }

    /// Those of the devices that the caller may see, removed ones included; for naming what lists tell of by id. Of more
    /// than [`MAX_PAGE`] the first.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn known_devices(
        &self,
        actor: &Actor,
        ids: impl IntoIterator<Item = DeviceId>,
    ) -> Result<HashMap<DeviceId, Device>, Error> {
        require_some(actor, Scope::Read)?;
        let ids: BTreeSet<_> = ids.into_iter().take(MAX_PAGE as usize).collect();
        let actor = actor.clone();
        self.inner
            .store
            .read(move |rx| {
                let mut known = HashMap::with_capacity(ids.len());
                for id in ids {
                    if let Some(device) = rx.device(id)?
                        && covers(rx, &actor, &device, Scope::Read)?
                    {
                        known.insert(id, device);
                    }
                }
                Ok(known)
            })
            .await
    }

    /// The device of that type and identifier, removed ones included.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read` or `own` (a device may see itself).
    pub async fn find_device(&self, actor: &Actor, device_type: &str, identifier: &str) -> Result<Device, Error> {
        let (actor, device_type, identifier) = (actor.clone(), device_type.to_owned(), identifier.to_owned());
        self.inner.store.read(move |rx| reach_named(rx, &actor, &device_type, &identifier, Scope::Read)).await
    }

    /// One page of the devices that fit a filter.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a limit or cursor that cannot be, [`Error::Forbidden`] without the scope `read`.
    pub async fn devices(&self, actor: &Actor, filter: DeviceFilter, page: DevicePage) -> Result<Page<Device>, Error> {
        let filter = DeviceFilter { own_of: seen_by(actor, Scope::Read)?, ..filter };
        check_limit(page.limit, MAX_PAGE)?;
        let now = self.inner.clock.now();
        self.inner.store.read(move |rx| rx.devices(&filter, &page, now).map_err(Error::from)).await
    }

    /// Whether an MQTT connection of the device is open now.
    #[must_use]
    pub fn is_online(&self, id: DeviceId) -> bool {
        self.inner.presence.is_online(id)
    }

    /// A device's properties, by name.
    ///
    /// # Errors
    /// As [`App::device`].
    pub async fn properties(&self, actor: &Actor, id: DeviceId) -> Result<Vec<Property>, Error> {
        let actor = actor.clone();
        self.inner.store.read(move |rx| Ok(rx.properties(reach(rx, &actor, id, Scope::Read)?.number)?)).await
    }

    /// A device's status changes, newest first, at most 50.
    ///
    /// # Errors
    /// As [`App::device`].
    pub async fn status_history(&self, actor: &Actor, id: DeviceId) -> Result<Vec<StatusChange>, Error> {
        let actor = actor.clone();
        self.inner
            .store
            .read(move |rx| Ok(rx.status_history(reach(rx, &actor, id, Scope::Read)?.number, MAX_HISTORY)?))
            .await
    }

    /// A device's enrollments, newest first, at most 100.
    ///
    /// # Errors
    /// As [`App::device`].
    pub async fn enrollments(&self, actor: &Actor, id: DeviceId) -> Result<Vec<Enrollment>, Error> {
        let actor = actor.clone();
        self.inner.store.read(move |rx| Ok(rx.enrollments(reach(rx, &actor, id, Scope::Read)?.number)?)).await
    }

    /// What people wrote down about a device; nothing for the device itself.
    ///
    /// # Errors
    /// As [`App::device`].
    pub async fn note(&self, actor: &Actor, id: DeviceId) -> Result<Option<Note>, Error> {
        let actor = actor.clone();
        self.inner
            .store
            .read(move |rx| {
                let device = reach(rx, &actor, id, Scope::Read)?;
                Ok(if actor.is_device(id) { None } else { rx.note(device.number)? })
            })
            .await
    }

    /// Sets properties; those not named stay.
    ///
    /// # Errors
    /// [`Error::Invalid`] beyond the bounds, [`Error::Forbidden`] without the scope `operate` (a device may set its own).
    pub async fn set_properties(&self, actor: &Actor, id: DeviceId, properties: Vec<Property>) -> Result<(), Error> {
        check_properties(&properties)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let device = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let mut device = reach(tx, &actor, id, Scope::Operate)?;
                put_properties(tx, device.number, &properties)?;
                device.updated_at = now;
                tx.update_device(&device)?;
                settle_groups(tx, device.number, now)?;
                if !actor.is_device(id) {
                    tx.audit(now, &actor, "device.edit", &target(&device), Outcome::Done, "properties")?;
                }
                Ok::<_, Error>(device)
            })
            .await?;
        self.tell_device(&device);
        Ok(())
    }

    /// Changes a device. Blocking or suspending takes effect on open connections at once.
    ///
    /// # Errors
    /// [`Error::Invalid`] for values that cannot be, [`Error::Forbidden`] without the scope `operate` (`own` is enough for
    /// name, description and note).
    pub async fn edit_device(&self, actor: &Actor, id: DeviceId, edit: DeviceEdit) -> Result<Device, Error> {
        check_edit(&edit)?;
        if edit.status == Some(DeviceStatus::Removed) {
            return self.remove_device(actor, id).await;
        }
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let app = self.clone();
        let (device, effects) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let (device, mut effects) = (edit_device(tx, &actor, id, edit, now)?, Effects::default());
                app.settle(tx, &mut effects, &device, now)?;
                Ok::<_, Error>((device, effects))
            })
            .await?;
        if !device.status.may_speak() {
            self.order(Downlink::Close { device: id, forget: false }).await;
        }
        self.tell_device(&device);
        self.follow(effects).await;
        Ok(device)
    }

    /// Removes a device: it keeps its record and its history and loses its credentials and connections. Removing it
    /// again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `operate` or `own` (a device may remove itself).
    pub async fn remove_device(&self, actor: &Actor, id: DeviceId) -> Result<Device, Error> {
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let (device, effects) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let mut effects = Effects::default();
                let (device, _) = remove(tx, &mut effects, &actor, id, now)?;
                Ok::<_, Error>((device, effects))
            })
            .await?;
        self.order(Downlink::Close { device: id, forget: true }).await;
        self.tell_device(&device);
        self.follow(effects).await;
        Ok(device)
    }

    /// Notes that a device spoke.
    ///
    /// # Errors
    /// [`Error::NotFound`], or a failure of the store.
    pub async fn heard(&self, id: DeviceId) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let changed = self
            .inner
            .store
            .write(Flush::Lazy, move |tx| {
                let mut device = known(tx, id)?;
                Ok::<_, Error>(heard(tx, &mut device, now)?.then_some(device))
            })
            .await?;
        self.tell_changed(changed);
        Ok(())
    }

    /// A connection of the device was opened over MQTT.
    pub async fn device_connected(&self, id: DeviceId) {
        let first = self.inner.presence.enter(id);
        let now = self.inner.clock.now();
        let device = self
            .inner
            .store
            .write(Flush::Soon, move |tx| {
                let mut device = known(tx, id)?;
                heard(tx, &mut device, now)?;
                Ok::<_, Error>(device)
            })
            .await;
        match device {
            Ok(device) if first => {
                self.notice(NoticeKind::Device, Some(id), format!("{} connected", device.called()));
                self.tell_device(&device);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(device.id = %id, error = &error as &dyn std::error::Error, "could not note a connection");
            }
        }
    }

    /// A connection of the device ended; with its last one it is unreachable.
    pub async fn device_disconnected(&self, id: DeviceId) {
        if !self.inner.presence.leave(id) {
            return;
        }
        let now = self.inner.clock.now();
        let device = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let mut device = known(tx, id)?;
                if device.status == DeviceStatus::Active {
                    change_status(tx, &mut device, DeviceStatus::Unreachable, "system", "connection ended", now)?;
                }
                Ok::<_, Error>(device)
            })
            .await;
        match device {
            Ok(device) => {
                self.notice(NoticeKind::Device, Some(id), format!("{} disconnected", device.called()));
                self.tell_device(&device);
            }
            Err(error) => {
                tracing::warn!(device.id = %id, error = &error as &dyn std::error::Error, "could not note the end of a connection");
            }
        }
    }

    /// Turns silent devices UNREACHABLE and later INACTIVE; those with an open connection count as heard. Returns how
    /// many changed.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn sweep_silence(&self) -> Result<usize, Error> {
        let (now, settings) = (self.inner.clock.now(), &self.inner.settings);
        let online = self.inner.presence.online();
        let (unreachable, inactive) = (settings.unreachable_after, settings.inactive_after);
        let changed = self
            .inner
            .store
            .write(Flush::Lazy, move |tx| {
                for id in online {
                    heard(tx, &mut known(tx, id)?, now)?;
                }
                let mut changed = Vec::new();
                let steps = [
                    (DeviceStatus::Unreachable, DeviceStatus::Inactive, inactive),
                    (DeviceStatus::Active, DeviceStatus::Unreachable, unreachable),
                ];
                for (from, to, after) in steps {
                    for mut device in tx.silent_devices(from, now.minus(after), SWEEP)? {
                        let reason = format!("silent for {} s", after.as_secs());
                        change_status(tx, &mut device, to, "system", &reason, now)?;
                        changed.push(device);
                    }
                }
                Ok::<_, Error>(changed)
            })
            .await?;
        for device in &changed {
            self.notice(
                NoticeKind::Device,
                Some(device.id),
                format!("{} is {}", device.called(), device.status.name()),
            );
            self.tell_device(device);
        }
        Ok(changed.len())
    }

    pub(super) fn tell_device(&self, device: &Device) {
        let online = self.is_online(device.id);
        self.tell(Change::Device { device: Box::new(device.clone()), online });
    }

    /// Tells of a device that came back from silence.
    pub(super) fn tell_changed(&self, changed: Option<Device>) {
        if let Some(device) = changed {
            self.notice(
                NoticeKind::Device,
                Some(device.id),
                format!("{} is {}", device.called(), device.status.name()),
            );
            self.tell_device(&device);
        }
    }
}

/// How the audit trail names a device.
pub(super) fn target(device: &Device) -> String {
    format!("{}:{}", device.device_type, device.identifier)
}

/// The device of that id, or [`Error::NotFound`].
pub(super) fn known(rx: &Rx<'_>, id: DeviceId) -> Result<Device, Error> {
    rx.device(id)?.ok_or_else(|| Error::missing(format!("device {id}")))
}

/// Notes that a device spoke; true when that changed its status.
pub(super) fn heard(tx: &Tx<'_>, device: &mut Device, now: Timestamp) -> Result<bool, Error> {
    device.last_seen_at = Some(now);
    let Some(next) = device.status.heard() else {
        tx.touch_device(device.number, now)?;
        return Ok(false);
    };
    change_status(tx, device, next, "system", "heard", now)?;
    Ok(true)
}

pub(super) fn change_status(
    tx: &Tx<'_>,
    device: &mut Device,
    to: DeviceStatus,
    by: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let change = StatusChange { at: now, from: Some(device.status), to, by: by.to_owned(), reason: reason.to_owned() };
    device.status = to;
    device.updated_at = now;
    tx.update_device(device)?;
    tx.add_status_change(device.number, &change)?;
    settle_groups(tx, device.number, now)?;
    Ok(())
}

/// Enrolls a device within a transaction, checked by whoever calls; `own`: it is the device that asks.
pub(super) fn enroll(
    tx: &Tx<'_>,
    effects: &mut Effects,
    actor: &Actor,
    own: bool,
    new: NewDevice,
    now: Timestamp,
) -> Result<Enrolled, Error> {
    let by = actor.principal.to_string();
    let found = tx.find_device(&new.device_type, &new.identifier)?;
    if found.as_ref().is_some_and(|device| device.status == DeviceStatus::Blocked) {
        return Err(Error::Conflict("the device is blocked".to_owned()));
    }
    if let Some(device) = found.as_ref().filter(|_| !own) {
        check_takeover(actor, device)?;
    }
    // Who may enroll and no more enrolls for themselves alone.
    if !own && new.owner.as_ref().is_some_and(|owner| *owner != actor.owner()) {
        require(actor, Scope::Operate)?;
    }
    // A device that enrolls itself cannot choose another owner.
    let owner = match (&found, own) {
        (Some(device), true) => device.owner.clone(),
        _ => new.owner.unwrap_or_else(|| actor.owner()),
    };
    let name = if new.name.is_empty() { new.identifier.clone() } else { new.name };
    let again = found.is_some();
    let mut device = found.unwrap_or_else(|| Device {
        id: DeviceId::fresh(now),
        number: 0,
        device_type: new.device_type,
        identifier: new.identifier,
        name: String::new(),
        description: String::new(),
        owner: owner.clone(),
        ownership: new.ownership,
        status: DeviceStatus::Created,
        enrolled_at: now,
        updated_at: now,
        last_seen_at: None,
    });
    let created = !again || device.status == DeviceStatus::Removed || device.owner != owner;
    if again && device.owner != owner {
        // Another person's: what the former owner's device has told, and whoever spoke for it, is gone.
        tx.revoke_device(device.number, now)?;
        tx.revoke_certificates(device.number, 0, now, &by)?;
        tx.forget_history(device.number)?;
        effects.shut.push(device.id);
    }
    if !actor.scopes.allow(Scope::Operate) && !own && created {
        check_share(tx, &owner)?;
    }
    device.name = name;
    device.description = new.description;
    device.updated_at = now;
    if created {
        (device.owner, device.ownership, device.enrolled_at) = (owner, new.ownership, now);
        let before = again.then_some(device.status);
        device.status = DeviceStatus::Active;
        if again {
            tx.update_device(&device)?;
            tx.end_enrollment(device.number, now)?;
        } else {
            device.number = tx.insert_device(&device)?;
        }
        tx.begin_enrollment(EnrollmentId::fresh(now), &device, now)?;
        let change =
            StatusChange { at: now, from: before, to: DeviceStatus::Active, by, reason: "enrolled".to_owned() };
        tx.add_status_change(device.number, &change)?;
        tx.audit(now, actor, "device.enroll", &target(&device), Outcome::Done, &format!("owner {}", device.owner))?;
    } else if let Some(next) = device.status.heard().filter(|_| own) {
        change_status(tx, &mut device, next, "system", "enrolled again", now)?;
    } else {
        tx.update_device(&device)?;
    }
    put_properties(tx, device.number, &new.properties)?;
    settle_groups(tx, device.number, now)?;
    Ok(Enrolled { device, created })
}

/// What an enrollment leads to, once the device is in its groups: what it is asked first, and its policy.
pub(super) fn begin(
    app: &App,
    tx: &Tx<'_>,
    effects: &mut Effects,
    enrolled: &Enrolled,
    now: Timestamp,
) -> Result<(), Error> {
    if enrolled.created {
        queue_initial(app, tx, effects, &enrolled.device, now)?;
        policy::forget(tx, effects, &enrolled.device, now)?;
    }
    policy::renew(app, tx, effects, &enrolled.device, now)
}

/// Refuses to hand a device to a caller who may enroll and no more, unless it is that caller's own: whoever gets its
/// credentials is the device.
pub(super) fn check_takeover(actor: &Actor, device: &Device) -> Result<(), Error> {
    let enrolled = device.status != DeviceStatus::Removed;
    if enrolled && device.owner != actor.owner() { require(actor, Scope::Operate) } else { Ok(()) }
}

/// Removes a device within a transaction; false when it was removed already.
pub(super) fn remove(
    tx: &Tx<'_>,
    effects: &mut Effects,
    actor: &Actor,
    id: DeviceId,
    now: Timestamp,
) -> Result<(Device, bool), Error> {
    let mut device = reach(tx, actor, id, Scope::Operate)?;
    if device.status == DeviceStatus::Removed {
        return Ok((device, false));
    }
    // What an operator shut out does not come back by leaving and enrolling again.
    let shut_out = matches!(device.status, DeviceStatus::Blocked | DeviceStatus::Suspended);
    if shut_out && !policy::is_blocked(tx, &device)? {
        require(actor, Scope::Operate)?;
    }
    let by = actor.principal.to_string();
    change_status(tx, &mut device, DeviceStatus::Removed, &by, "removed", now)?;
    leave_behind(tx, effects, &device, now)?;
    tx.end_enrollment(device.number, now)?;
    tx.revoke_device(device.number, now)?;
    tx.revoke_certificates(device.number, 0, now, &by)?;
    policy::forget(tx, effects, &device, now)?;
    tx.audit(now, actor, "device.remove", &target(&device), Outcome::Done, "")?;
    Ok((device, true))
}

/// What a device that is removed leaves behind is no business of the next one of that name: nothing that waited for it
/// is delivered, and it is in no group.
fn leave_behind(tx: &Tx<'_>, effects: &mut Effects, device: &Device, now: Timestamp) -> Result<(), Error> {
    for operation in tx.open_operations(device.id)? {
        cancel_superseded(tx, effects, operation, "the device was removed", now)?;
    }
    tx.forget_belongings(device.number)?;
    Ok(())
}

pub(super) fn edit_device(
    tx: &Tx<'_>,
    actor: &Actor,
    id: DeviceId,
    edit: DeviceEdit,
    now: Timestamp,
) -> Result<Device, Error> {
    let mut device = reach(tx, actor, id, Scope::Operate)?;
    // Whose a device is, and whether it is shut out, is not for its owner to say; nor for the device itself.
    // Tags choose groups, and with them policies.
    let binding = edit.owner.is_some() || edit.ownership.is_some() || edit.status.is_some() || edit.tags.is_some();
    if actor.is_device(id) || binding {
        require(actor, Scope::Operate)?;
    }
    if device.status == DeviceStatus::Removed {
        return Err(Error::Conflict("the device is removed; enroll it again first".to_owned()));
    }
    let mut changes = Vec::new();
    if let Some(name) = edit.name {
        changes.push(format!("name {name:?}"));
        device.name = name;
    }
    if let Some(description) = edit.description {
        changes.push("description".to_owned());
        device.description = description;
    }
    if let Some(text) = edit.note {
        let held = tx.note(device.number)?.map(|note| note.text).unwrap_or_default();
        if held != text {
            changes.push("note".to_owned());
            tx.put_note(device.number, &Note { text, by: actor.principal.to_string(), at: now })?;
        }
    }
    let before = (device.owner.clone(), device.ownership);
    device.owner = edit.owner.unwrap_or(device.owner);
    device.ownership = edit.ownership.unwrap_or(device.ownership);
    device.updated_at = now;
    if before != (device.owner.clone(), device.ownership) {
        changes.push(format!("owner {}, {}", device.owner, device.ownership.name()));
        tx.end_enrollment(device.number, now)?;
        tx.begin_enrollment(EnrollmentId::fresh(now), &device, now)?;
    }
    // An operator's suspension takes the place of a policy's, which would end by itself.
    let over = edit.status == Some(DeviceStatus::Suspended) && policy::is_blocked(tx, &device)?;
    match edit.status.filter(|status| over || *status != device.status) {
        Some(status) => {
            changes.push(format!("status {}", status.name()));
            let by = actor.principal.to_string();
            change_status(tx, &mut device, status, &by, "set by an operator", now)?;
        }
        None => tx.update_device(&device)?,
    }
    if let Some(tags) = edit.tags {
        changes.push(format!("tags {}", tags.join(", ")));
        tag::replace(tx, &mut device, &tags, now)?;
    }
    settle_groups(tx, device.number, now)?;
    tx.audit(now, actor, "device.edit", &target(&device), Outcome::Done, &changes.join(", "))?;
    Ok(device)
}

/// Refuses a person who may enroll and no more one device too many.
fn check_share(tx: &Tx<'_>, owner: &str) -> Result<(), Error> {
    if tx.count_owned(owner)? >= MAX_OWNED {
        return Err(Error::Conflict(format!("{owner} has {MAX_OWNED} devices; an operator may enroll more")));
    }
    Ok(())
}

pub(super) fn check_new_device(new: &NewDevice) -> Result<(), Error> {
    check_word("a device type", &new.device_type).map_err(|why| Error::invalid("type", why))?;
    check_identifier(&new.identifier).map_err(|why| Error::invalid("identifier", why))?;
    check_label("a name", &new.name, MAX_NAME).map_err(|why| Error::invalid("name", why))?;
    check_label("a description", &new.description, MAX_DESCRIPTION)
        .map_err(|why| Error::invalid("description", why))?;
    if let Some(owner) = &new.owner {
        check_label("an owner", owner, MAX_NAME).map_err(|why| Error::invalid("owner", why))?;
    }
    check_properties(&new.properties)
}

fn check_properties(properties: &[Property]) -> Result<(), Error> {
    if properties.len() > MAX_PROPERTIES {
        return Err(Error::invalid("properties", format!("a device has at most {MAX_PROPERTIES} properties")));
    }
    for property in properties {
        check_label("a property's name", &property.name, 100).map_err(|why| Error::invalid("properties", why))?;
        if property.name.is_empty() || property.value.len() > MAX_PROPERTY_VALUE {
            let why = format!(
                "property {:?}: a name is needed, and a value of at most {MAX_PROPERTY_VALUE} bytes",
                property.name
            );
            return Err(Error::invalid("properties", why));
        }
    }
    Ok(())
}

/// Sets properties, unless the device would have too many then.
fn put_properties(tx: &Tx<'_>, device: i64, properties: &[Property]) -> Result<(), Error> {
    if tx.put_properties(device, properties)? > MAX_PROPERTIES {
        return Err(Error::invalid("properties", format!("a device has at most {MAX_PROPERTIES} properties")));
    }
    Ok(())
}

fn check_edit(edit: &DeviceEdit) -> Result<(), Error> {
    if let Some(name) = &edit.name {
        if name.is_empty() {
            return Err(Error::invalid("name", "a name has at least one character"));
        }
        check_label("a name", name, MAX_NAME).map_err(|why| Error::invalid("name", why))?;
    }
    if let Some(description) = &edit.description {
        check_label("a description", description, MAX_DESCRIPTION).map_err(|why| Error::invalid("description", why))?;
    }
    if let Some(owner) = &edit.owner {
        check_label("an owner", owner, MAX_NAME).map_err(|why| Error::invalid("owner", why))?;
    }
    if let Some(note) = &edit.note {
        check_label("a note", note, MAX_NOTE).map_err(|why| Error::invalid("note", why))?;
    }
    if let Some(tags) = &edit.tags {
        tag::check_tags("tags", tags)?;
    }
    match edit.status {
        None
        | Some(
            DeviceStatus::Active
            | DeviceStatus::Suspended
            | DeviceStatus::Blocked
            | DeviceStatus::Removed
            | DeviceStatus::DisenrollmentRequested,
        ) => Ok(()),
        Some(other) => Err(Error::invalid("status", format!("a device cannot be made {} by hand", other.name()))),
    }
}
