//! Doing one thing to many devices: a preview first, then, if still the same devices are meant, the thing itself.
//!
//! What is not one operation is done in pieces, each a transaction, so that the writer serves devices in between. Every
//! step may be done twice: a call that failed half-way is repeated.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::access::{reach, require_some, seen_by};
use super::device::{DeviceEdit, edit_device, remove};
use super::effects::Effects;
use super::tag::{Tagging, check_tags};
use super::{App, Error, policy, require};
use crate::app::downlink::Downlink;
use crate::model::actor::{Actor, Scope};
use crate::model::bulk::{
    BulkAction, BulkDone, BulkSend, Carried, LeftOut, MAX_BULK, Preview, Selection, TypeShare, Why,
};
use crate::model::device::{Device, DeviceFilter, DeviceStatus};
use crate::model::device_type::Feature;
use crate::model::id::DeviceId;
use crate::model::operation::NewActivity;
use crate::model::policy::is_policy;
use crate::store::{Flush, Rx};

/// The most devices that are changed in one transaction.
const PIECE: usize = 250;
/// How many devices a preview names for each reason to leave them out.
const EXAMPLES: usize = 5;

/// What is done to devices one by one.
#[derive(Clone, Copy)]
enum Step {
    Status(DeviceStatus),
    Remove,
}

/// The devices that are meant, and what is known of them.
struct Judged {
    preview: Preview,
    /// In the order of their ids.
    able: Vec<DeviceId>,
}

impl App {
    /// What an action would do to the devices that are meant, as far as the devices tell: what is in an operation is not
    /// looked at.
    ///
    /// # Errors
    /// As [`App::preview_bulk`].
    pub async fn preview_targets(
        &self,
        actor: &Actor,
        selection: Selection,
        action: &BulkAction,
    ) -> Result<Preview, Error> {
        Ok(self.judge(actor, selection, action).await?.preview)
    }

    /// What people can send to some of the devices of a preview, by name: the operation as the first of their types that
    /// knows it has it, to be confirmed where any type wants that, and how many of the devices know it. What carries a policy is applied, not sent.
    #[must_use]
    pub fn offered(&self, preview: &Preview) -> Vec<(Feature, u64)> {
        let mut offered: Vec<(Feature, u64)> = Vec::new();
        for share in &preview.types {
            let Ok(device_type) = self.device_type(&Actor::system(), &share.device_type) else { continue };
            for feature in device_type.features.iter().filter(|feature| !is_policy(&feature.code)) {
                match offered.iter_mut().find(|(known, _)| known.code == feature.code) {
                    Some((known, devices)) => {
                        *devices += share.devices;
                        known.confirm |= feature.confirm;
                    }
                    None => offered.push((feature.clone(), share.devices)),
                }
            }
        }
        offered.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        offered
    }

    /// What an action would do to the devices that are meant.
    ///
    /// # Errors
    /// [`Error::Invalid`] for more than [`MAX_BULK`] devices and what the action itself refuses, [`Error::NotFound`] for
    /// an unknown device or group, [`Error::Forbidden`] without the scope `operate`; `own` is enough to send operations
    /// to one's own devices, and to remove them.
    pub async fn preview_bulk(
        &self,
        actor: &Actor,
        selection: Selection,
        action: &BulkAction,
    ) -> Result<Preview, Error> {
        let judged = self.judge(actor, selection, action).await?;
        if let BulkAction::Send(send) = action
            && !judged.able.is_empty()
        {
            self.check_activity(actor, activity(send.clone(), judged.able)).await?;
        }
        Ok(judged.preview)
    }

    /// Does it to the devices that are meant and able. With the `mark` of a preview, only if these are still the same
    /// devices; otherwise nothing is done and the new preview comes back.
    ///
    /// # Errors
    /// As [`App::preview_bulk`]; [`Error::Conflict`] when no device is able.
    pub async fn carry_out(
        &self,
        actor: &Actor,
        selection: Selection,
        action: BulkAction,
        mark: Option<&str>,
    ) -> Result<Carried, Error> {
        let Judged { preview, able } = self.judge(actor, selection, &action).await?;
        if mark.is_some_and(|mark| mark != preview.mark) {
            return Ok(Carried::Changed(preview));
        }
        if able.is_empty() {
            let why = match preview.left_out.first() {
                Some(first) => format!("none of the {} devices can be reached by this: {}", preview.devices, first.why),
                None => "no device is meant".to_owned(),
            };
            return Err(Error::Conflict(why));
        }
        let mut done = BulkDone {
            devices: preview.able,
            changed: preview.able,
            left_out: preview.devices - preview.able,
            activity: None,
        };
        match action {
            BulkAction::Send(send) => {
                let activity = self.send(actor, activity(send, able)).await?;
                done.activity = Some((activity.id, activity.number));
            }
            BulkAction::Tag { add, remove } => {
                done.changed = 0;
                for piece in able.chunks(PIECE) {
                    let tagging = Tagging { devices: piece.to_vec(), add: add.clone(), remove: remove.clone() };
                    done.changed += self.tag(actor, tagging).await? as u64;
                }
            }
            BulkAction::Join(group) => {
                for piece in able.chunks(PIECE) {
                    self.add_to_group(actor, group, piece.to_vec()).await?;
                }
            }
            BulkAction::Leave(group) => {
                for piece in able.chunks(PIECE) {
                    self.remove_from_group(actor, group, piece.to_vec()).await?;
                }
            }
            BulkAction::Suspend => {
                done.changed = self.step(actor, &able, Step::Status(DeviceStatus::Suspended)).await?;
            }
            BulkAction::Resume => done.changed = self.step(actor, &able, Step::Status(DeviceStatus::Active)).await?,
            BulkAction::Remove => done.changed = self.step(actor, &able, Step::Remove).await?,
        }
        Ok(Carried::Done(done))
    }

    /// Finds the devices that are meant, and which of them the action can be done to.
    async fn judge(&self, actor: &Actor, selection: Selection, action: &BulkAction) -> Result<Judged, Error> {
        self.check_action(actor, action).await?;
        let personal = seen_by(actor, Scope::Operate)?;
        let (now, by) = (self.inner.clock.now(), actor.clone());
        let read = self.inner.store.read(move |rx| {
            let devices = match selection {
                Selection::Devices(ids) => named(rx, &by, ids)?,
                Selection::Filter(filter) => {
                    rx.matching_devices(&DeviceFilter { own_of: personal, ..*filter }, MAX_BULK + 1, now)?
                }
            };
            let shut: Vec<bool> =
                devices.iter().map(|device| policy::is_blocked(rx, device)).collect::<Result<_, _>>()?;
            Ok::<_, Error>((devices, shut))
        });
        let (devices, shut_by_policy) = read.await?;
        if devices.len() > MAX_BULK {
            return Err(Error::invalid("query", format!("more than {MAX_BULK} devices fit")));
        }
        let mut types: Vec<TypeShare> = Vec::new();
        let mut knowing: Vec<(String, bool)> = Vec::new();
        let mut left_out: Vec<LeftOut> = Vec::new();
        let mut able = Vec::with_capacity(devices.len());
        for (device, shut_by_policy) in devices.iter().zip(shut_by_policy) {
            // An operator's suspension takes the place of a policy's, which would end by itself.
            let over = shut_by_policy && matches!(action, BulkAction::Suspend);
            let why = if !over && !action.may_reach(device.status) {
                Some(Why::Status(device.status))
            } else if let BulkAction::Send(send) = action
                && !self.knows(&mut knowing, &device.device_type, &send.code)
            {
                Some(Why::NoOperation(device.device_type.clone()))
            } else {
                None
            };
            let place = types.iter().position(|share| share.device_type == device.device_type).unwrap_or_else(|| {
                types.push(TypeShare { device_type: device.device_type.clone(), devices: 0, able: 0 });
                types.len() - 1
            });
            if let Some(share) = types.get_mut(place) {
                share.devices += 1;
                share.able += u64::from(why.is_none());
            }
            match why {
                None => able.push(device.id),
                Some(why) => leave_out(&mut left_out, why, device),
            }
        }
        able.sort_unstable();
        types.sort_unstable_by(|a, b| a.device_type.cmp(&b.device_type));
        left_out.sort_by_key(|reason| std::cmp::Reverse(reason.devices));
        let preview =
            Preview { devices: devices.len() as u64, able: able.len() as u64, types, left_out, mark: mark(&able) };
        Ok(Judged { preview, able })
    }

    /// Refuses what no device could have done to it, and callers who may not do it to any.
    async fn check_action(&self, actor: &Actor, action: &BulkAction) -> Result<(), Error> {
        match action {
            BulkAction::Send(_) | BulkAction::Remove => require_some(actor, Scope::Operate),
            BulkAction::Suspend | BulkAction::Resume => require(actor, Scope::Operate),
            BulkAction::Tag { add, remove } => {
                require(actor, Scope::Operate)?;
                check_tags("add", add)?;
                check_tags("remove", remove)
            }
            BulkAction::Join(group) | BulkAction::Leave(group) => {
                require(actor, Scope::Operate)?;
                let group = self.group(actor, *group).await?;
                super::group::filled_by_hand(&group)
            }
        }
    }

    /// Whether a type has the operation; asked once a type.
    fn knows(&self, knowing: &mut Vec<(String, bool)>, device_type: &str, code: &str) -> bool {
        if let Some((_, knows)) = knowing.iter().find(|(known, _)| known == device_type) {
            return *knows;
        }
        let found = self.device_type(&Actor::system(), device_type);
        let knows = found.is_ok_and(|device_type| device_type.feature(code).is_some());
        knowing.push((device_type.to_owned(), knows));
        knows
    }

    /// Does a step to each of the devices, in pieces; returns how many changed.
    async fn step(&self, actor: &Actor, ids: &[DeviceId], step: Step) -> Result<u64, Error> {
        let mut changed = 0;
        for piece in ids.chunks(PIECE) {
            let (ids, by, now, app) = (piece.to_vec(), actor.clone(), self.inner.clock.now(), self.clone());
            let write = self.inner.store.write(Flush::Now, move |tx| {
                let (mut effects, mut devices) = (Effects::default(), Vec::new());
                for id in ids {
                    let before = tx.device(id)?.map(|device| device.status);
                    match step {
                        Step::Remove => {
                            let (device, removed) = remove(tx, &mut effects, &by, id, now)?;
                            devices.extend(removed.then_some(device));
                        }
                        // It was removed or shut out in the meantime: that counts.
                        Step::Status(to) if before.is_none_or(|from| !may_become(from, to)) => {}
                        Step::Status(status) => {
                            let edit = DeviceEdit { status: Some(status), ..DeviceEdit::default() };
                            let device = edit_device(tx, &by, id, edit, now)?;
                            app.settle(tx, &mut effects, &device, now)?;
                            devices.push(device);
                        }
                    }
                }
                Ok::<_, Error>((devices, effects))
            });
            let (devices, effects) = write.await?;
            for device in &devices {
                if !device.status.may_speak() {
                    self.order(Downlink::Close { device: device.id, forget: true }).await;
                }
                self.tell_device(device);
            }
            self.follow(effects).await;
            changed += devices.len() as u64;
        }
        Ok(changed)
    }
}

/// Whether a status is still one that the step begins at.
const fn may_become(from: DeviceStatus, to: DeviceStatus) -> bool {
    match to {
        DeviceStatus::Active => BulkAction::Resume.may_reach(from),
        _ => matches!(from, DeviceStatus::Suspended) || BulkAction::Suspend.may_reach(from),
    }
}

/// The devices of those ids, each once.
fn named(rx: &Rx<'_>, actor: &Actor, mut ids: Vec<DeviceId>) -> Result<Vec<Device>, Error> {
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() || ids.len() > MAX_BULK {
        return Err(Error::invalid("devices", format!("1 to {MAX_BULK} devices are chosen")));
    }
    ids.into_iter().map(|id| reach(rx, actor, id, Scope::Operate)).collect()
}

fn activity(send: BulkSend, devices: Vec<DeviceId>) -> NewActivity {
    NewActivity { code: send.code, kind: send.kind, payload: send.payload, devices, expires_at: send.expires_at }
}

fn leave_out(left_out: &mut Vec<LeftOut>, why: Why, device: &Device) {
    let place = left_out.iter().position(|reason| reason.why == why).unwrap_or_else(|| {
        left_out.push(LeftOut { why, devices: 0, examples: Vec::new() });
        left_out.len() - 1
    });
    let Some(reason) = left_out.get_mut(place) else { return };
    reason.devices += 1;
    if reason.examples.len() < EXAMPLES {
        reason.examples.push(device.called().to_owned());
    }
}

/// Of devices in the order of their ids: their number, and what makes another set of as many devices another mark.
pub(super) fn mark(ids: &[DeviceId]) -> String {
    let mut hash = Sha256::new();
    for id in ids {
        hash.update(id.as_bytes());
    }
    let mut mark = format!("{}-", ids.len());
    for byte in hash.finalize().iter().take(12) {
        // Writing to a string does not fail.
        let _ = write!(mark, "{byte:02x}");
    }
    mark
}

#[cfg(test)]
mod tests;
