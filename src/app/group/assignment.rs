//! The groups of one device, set at once.

use std::collections::BTreeSet;

use super::{MAX_GROUPS, filled_by_hand};
use crate::app::access::reach;
use crate::app::device::target;
use crate::app::{App, Error, require};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::model::device::DeviceStatus;
use crate::model::id::DeviceId;
use crate::store::Flush;

impl App {
    /// Puts a device into the groups of these numbers, and takes it out of every other one that is filled by hand.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the device or a group, [`Error::Conflict`] for a group with a query that the device is not
    /// in, [`Error::Forbidden`] without the scope `operate`.
    pub async fn assign_groups(&self, actor: &Actor, device: DeviceId, groups: Vec<i64>) -> Result<(), Error> {
        require(actor, Scope::Operate)?;
        if groups.len() > MAX_GROUPS {
            return Err(Error::invalid("groups", format!("there are at most {MAX_GROUPS} groups")));
        }
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                let device = reach(tx, &actor, device, Scope::Operate)?;
                if device.status == DeviceStatus::Removed {
                    return Err(Error::missing(format!("device {}", target(&device))));
                }
                let mut wanted: BTreeSet<i64> = groups.into_iter().collect();
                for group in tx.groups_of(device.number)? {
                    if !wanted.remove(&group.number) && group.query.is_none() {
                        tx.set_member(group.number, device.number, false)?;
                    }
                }
                for number in wanted {
                    let group = tx.group_numbered(number)?.ok_or_else(|| Error::missing(format!("group {number}")))?;
                    filled_by_hand(&group)?;
                    tx.set_member(number, device.number, true)?;
                }
                let names: Vec<_> = tx.groups_of(device.number)?.into_iter().map(|group| group.name).collect();
                tx.audit(now, &actor, "device.groups", &target(&device), Outcome::Done, &names.join(", "))?;
                Ok(())
            })
            .await
    }
}
