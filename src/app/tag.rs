//! Tags: sticking them on devices and taking them off.

use super::access::{reach, require_some, seen_by};
use super::device::target;
use super::group::settle_groups;
use super::{App, Error, require};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::model::device::{Device, DeviceFilter};
use crate::model::id::DeviceId;
use crate::model::operation::MAX_ACTIVITY_DEVICES;
use crate::model::query::{Query, QueryError};
use crate::model::tag::{MAX_TAGS, check_tag};
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Tx};

/// The most tags of a list.
const MAX_LISTED: u32 = 1000;

/// Tags to put on many devices, and tags to take off them.
#[derive(Clone, Debug, Default)]
pub struct Tagging {
    pub devices: Vec<DeviceId>,
    pub add: Vec<String>,
    pub remove: Vec<String>,
}

impl App {
    /// Every tag in use, by name, and how many devices have it; at most 1,000.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read`.
    pub async fn tags(&self, actor: &Actor) -> Result<Vec<(String, u64)>, Error> {
        require(actor, Scope::Read)?;
        self.inner.store.read(|rx| Ok(rx.tags(MAX_LISTED)?)).await
    }

    /// A device's tags, by name.
    ///
    /// # Errors
    /// As [`App::device`].
    pub async fn tags_of(&self, actor: &Actor, id: DeviceId) -> Result<Vec<String>, Error> {
        let actor = actor.clone();
        self.inner.store.read(move |rx| Ok(rx.tags_of(reach(rx, &actor, id, Scope::Read)?.number)?)).await
    }

    /// Adds tags to devices and takes others from them, on all or none; returns how many devices changed.
    ///
    /// # Errors
    /// [`Error::Invalid`] for tags that cannot be or too many, [`Error::NotFound`] for an unknown device,
    /// [`Error::Forbidden`] without the scope `operate`.
    pub async fn tag(&self, actor: &Actor, tagging: Tagging) -> Result<usize, Error> {
        // Not for owners: tags choose groups, and with them policies.
        require(actor, Scope::Operate)?;
        check_tags("add", &tagging.add)?;
        check_tags("remove", &tagging.remove)?;
        if tagging.devices.len() > MAX_ACTIVITY_DEVICES {
            return Err(Error::invalid("devices", format!("at most {MAX_ACTIVITY_DEVICES} devices at once")));
        }
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let changed = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let mut changed = Vec::new();
                for id in &tagging.devices {
                    let mut device = reach(tx, &actor, *id, Scope::Operate)?;
                    if change(tx, &mut device, &tagging.add, &tagging.remove, now)? {
                        changed.push(device);
                    }
                }
                let signed =
                    |sign: char, tags: &[String]| tags.iter().map(|tag| format!("{sign}{tag}")).collect::<Vec<_>>();
                let detail = [signed('+', &tagging.add), signed('-', &tagging.remove)].concat().join(" ");
                let target = match changed.as_slice() {
                    [device] => target(device),
                    devices => format!("{} devices", devices.len()),
                };
                tx.audit(now, &actor, "device.tag", &target, Outcome::Done, &detail)?;
                Ok::<_, Error>(changed)
            })
            .await?;
        for device in &changed {
            self.tell_device(device);
        }
        Ok(changed.len())
    }

    /// Whether a text is a query.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read` or `own`; what is wrong with the text is in the answer.
    pub fn check_query(&self, actor: &Actor, text: &str) -> Result<Result<Query, QueryError>, Error> {
        require_some(actor, Scope::Read)?;
        Ok(Query::parse(text))
    }

    /// The devices that fit a filter, as targets of something that is done to many at once.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are more than [`MAX_ACTIVITY_DEVICES`], [`Error::Forbidden`] without the scope
    /// `operate` or `own`.
    pub async fn targets(&self, actor: &Actor, filter: DeviceFilter) -> Result<Vec<DeviceId>, Error> {
        let filter = DeviceFilter { own_of: seen_by(actor, Scope::Operate)?, ..filter };
        let now = self.inner.clock.now();
        let ids =
            self.inner.store.read(move |rx| Ok::<_, Error>(rx.device_ids(&filter, MAX_ACTIVITY_DEVICES + 1, now)?));
        let ids = ids.await?;
        if ids.len() > MAX_ACTIVITY_DEVICES {
            return Err(Error::invalid("query", format!("more than {MAX_ACTIVITY_DEVICES} devices fit")));
        }
        Ok(ids)
    }
}

/// Gives a device these tags and no others.
pub(super) fn replace(tx: &Tx<'_>, device: &mut Device, tags: &[String], now: Timestamp) -> Result<(), Error> {
    let gone: Vec<_> = tx.tags_of(device.number)?.into_iter().filter(|tag| !has(tags, tag)).collect();
    change(tx, device, tags, &gone, now).map(drop)
}

fn has(tags: &[String], wanted: &str) -> bool {
    tags.iter().any(|tag| tag.eq_ignore_ascii_case(wanted))
}

/// Checks tags a caller gave.
pub(super) fn check_tags(field: &'static str, tags: &[String]) -> Result<(), Error> {
    if tags.len() > MAX_TAGS {
        return Err(Error::invalid(field, format!("a device has at most {MAX_TAGS} tags")));
    }
    tags.iter().try_for_each(|tag| check_tag(tag)).map_err(|why| Error::invalid(field, why))
}

/// Adds tags to a device and takes others from it; true when that changed it.
pub(super) fn change(
    tx: &Tx<'_>,
    device: &mut Device,
    add: &[String],
    remove: &[String],
    now: Timestamp,
) -> Result<bool, Error> {
    let mut changed = false;
    for tag in remove {
        changed |= tx.remove_tag(device.number, tag)?;
    }
    for tag in add {
        changed |= tx.add_tag(device.number, tag)?;
    }
    if !changed {
        return Ok(false);
    }
    if tx.tags_of(device.number)?.len() > MAX_TAGS {
        return Err(Error::invalid("tags", format!("a device has at most {MAX_TAGS} tags")));
    }
    device.updated_at = now;
    tx.update_device(device)?;
    settle_groups(tx, device.number, now)?;
    Ok(true)
}
