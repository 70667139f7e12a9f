//! Which devices a caller may see and command.
//!
//! A scope such as `read` covers every device. The scope `own` covers reading and commanding, but only of one's own
//! devices: those one owns, and those of groups shared with one's roles. A device may act on itself.

use super::{Error, require};
use crate::model::actor::{Actor, Scope};
use crate::model::device::Device;
use crate::model::id::DeviceId;
use crate::store::Rx;

/// The device of that id, removed ones included, for a caller who may do what `scope` says to it.
///
/// # Errors
/// [`Error::NotFound`] for a device that is not there, or that the caller has no business with;
/// [`Error::Unauthorized`] and [`Error::Forbidden`] as [`require`].
pub(super) fn reach(rx: &Rx<'_>, actor: &Actor, id: DeviceId, scope: Scope) -> Result<Device, Error> {
    check_may_have(actor, Some(id), scope)?;
    let missing = || Error::missing(format!("device {id}"));
    let device = rx.device(id)?.ok_or_else(missing)?;
    if covers(rx, actor, &device, scope)? { Ok(device) } else { Err(missing()) }
}

/// As [`reach`], by type and identifier.
///
/// # Errors
/// As [`reach`].
pub(super) fn reach_named(
    rx: &Rx<'_>,
    actor: &Actor,
    device_type: &str,
    identifier: &str,
    scope: Scope,
) -> Result<Device, Error> {
    let device = rx.find_device(device_type, identifier)?;
    check_may_have(actor, device.as_ref().map(|device| device.id), scope)?;
    let missing = || Error::missing(format!("device {device_type}:{identifier}"));
    let device = device.ok_or_else(missing)?;
    if covers(rx, actor, &device, scope)? { Ok(device) } else { Err(missing()) }
}

/// The person to whose own devices a list is narrowed; `None` for a caller who may do what `scope` says to every device.
///
/// # Errors
/// [`Error::Unauthorized`] and [`Error::Forbidden`] for a caller who may do it to no device at all.
pub(super) fn seen_by(actor: &Actor, scope: Scope) -> Result<Option<String>, Error> {
    require_some(actor, scope)?;
    Ok((!actor.scopes.allow(scope)).then(|| actor.owner()))
}

/// Refuses a caller who may do what `scope` says neither to every device nor to their own; a device is refused too.
///
/// # Errors
/// As [`require`].
pub(super) fn require_some(actor: &Actor, scope: Scope) -> Result<(), Error> {
    if is_personal(scope) && actor.scopes.allow(Scope::Own) { Ok(()) } else { require(actor, scope) }
}

/// Whether the scope reaches one's own devices through [`Scope::Own`].
const fn is_personal(scope: Scope) -> bool {
    matches!(scope, Scope::Read | Scope::Operate)
}

/// Refuses a caller for whom there can be no such device; whether it is theirs is looked up after that.
fn check_may_have(actor: &Actor, device: Option<DeviceId>, scope: Scope) -> Result<(), Error> {
    if device.is_some_and(|device| actor.is_device(device)) { Ok(()) } else { require_some(actor, scope) }
}

/// Whether the caller may do what `scope` says to this device.
pub(super) fn covers(rx: &Rx<'_>, actor: &Actor, device: &Device, scope: Scope) -> Result<bool, Error> {
    if actor.is_device(device.id) || actor.scopes.allow(scope) {
        return Ok(true);
    }
    Ok(is_personal(scope) && actor.scopes.allow(Scope::Own) && rx.is_own(device.number, &actor.owner())?)
}
