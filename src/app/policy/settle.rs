//! Which policy a device gets, and telling it.
//!
//! Whatever decides about it (policies, the device's owner, groups, enrollment) ends in [`App::settle`], which compares
//! what the device is to have with what it was told, and tells it the difference and nothing else.

use std::collections::HashMap;

use super::super::device::change_status;
use super::super::operation::{queue, set_status};
use super::{App, Error};
use crate::app::effects::Effects;
use crate::model::compliance::Compliance;
use crate::model::device::{Device, DeviceStatus};
use crate::model::device_type::DeviceType;
use crate::model::id::OperationId;
use crate::model::operation::{OperationKind, OperationStatus};
use crate::model::policy::{
    Applied, AppliedChanges, BUNDLE, Effective, Policy, PolicyFeature, REVOKE, Subject, bundle, effective, payload,
};
use crate::model::timestamp::Timestamp;
use crate::store::{Rx, Tx};

/// Why a device is SUSPENDED by a policy, in its history: by it, the suspension is told from an operator's.
pub(in crate::app) const BLOCKED: &str = "shut out by its policy until it complies";

/// What became of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app) enum Settled {
    Same,
    Sent,
    Revoked,
}

/// The policies of one moment, and what was looked up for deciding by them.
pub(super) struct Deciding {
    app: App,
    policies: Vec<Policy>,
    roles: HashMap<String, Vec<String>>,
}

impl App {
    /// Finds out what policy a device is to have, and queues what tells it when that is not what it was told last.
    pub(in crate::app) fn settle(
        &self,
        tx: &Tx<'_>,
        effects: &mut Effects,
        device: &Device,
        now: Timestamp,
    ) -> Result<Settled, Error> {
        Deciding::new(self, tx)?.settle(tx, effects, device, now)
    }

    /// As [`App::settle`], for many devices at once; tells what became of them.
    pub(in crate::app) fn settle_all(
        &self,
        tx: &Tx<'_>,
        effects: &mut Effects,
        devices: &[Device],
        now: Timestamp,
    ) -> Result<AppliedChanges, Error> {
        let mut deciding = Deciding::new(self, tx)?;
        let mut done = AppliedChanges::default();
        for device in devices {
            done.devices += 1;
            match deciding.settle(tx, effects, device, now)? {
                Settled::Same => {}
                Settled::Sent => done.sent += 1,
                Settled::Revoked => done.revoked += 1,
            }
        }
        Ok(done)
    }
}

impl Deciding {
    pub(super) fn new(app: &App, rx: &Rx<'_>) -> Result<Self, Error> {
        Ok(Self { app: app.clone(), policies: rx.policies()?, roles: HashMap::new() })
    }

    pub(super) fn policy(&self, number: i64) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.number == number)
    }

    /// What a device is to have.
    pub(super) fn wanted(&mut self, rx: &Rx<'_>, device: &Device) -> Result<Option<Effective>, Error> {
        let policies = std::mem::take(&mut self.policies);
        let wanted = self.wanted_of(rx, &policies, device);
        self.policies = policies;
        wanted
    }

    /// What a device would have, were these the policies.
    pub(super) fn wanted_of(
        &mut self,
        rx: &Rx<'_>,
        policies: &[Policy],
        device: &Device,
    ) -> Result<Option<Effective>, Error> {
        if !device.status.may_speak() || !policies.iter().any(|policy| policy.device_type == device.device_type) {
            return Ok(None);
        }
        let Some(device_type) = self.app.inner.device_types.get(&device.device_type) else { return Ok(None) };
        let roles = match self.roles.get(&device.owner) {
            Some(roles) => roles,
            None => self.roles.entry(device.owner.clone()).or_insert(rx.roles_of(&device.owner)?),
        };
        let groups = rx.group_ids_of(device.number)?;
        let subject = Subject { device, roles, groups: &groups };
        let mut whole = effective(policies, &subject, self.app.inner.settings.policy.evaluation);
        if let Some(whole) = &mut whole {
            // A type may have lost a feature since the policy was made, and an agent aborts a bundle with one it does
            // not know.
            whole.features.retain(|feature| is_known(&device_type, feature));
        }
        Ok(whole.filter(|whole| !whole.features.is_empty()))
    }

    pub(super) fn settle(
        &mut self,
        tx: &Tx<'_>,
        effects: &mut Effects,
        device: &Device,
        now: Timestamp,
    ) -> Result<Settled, Error> {
        if !device.status.may_speak() {
            return Ok(Settled::Same);
        }
        let Some(device_type) = self.app.inner.device_types.get(&device.device_type) else {
            return Ok(Settled::Same);
        };
        let wanted = self.wanted(tx, device)?;
        let told = tx.applied(device.number)?;
        let before = told.as_ref().and_then(|told| told.effective.as_ref());
        // What was taken back, or failed, on its way to the device does not count as told.
        let is_told = told.as_ref().is_none_or(|told| told.untold.is_none());
        match (before, wanted) {
            (None, None) if is_told => Ok(Settled::Same),
            (Some(before), Some(wanted)) if is_told && *before == wanted => Ok(Settled::Same),
            (Some(before), Some(wanted)) if is_told && before.features == wanted.features => {
                // The same settings from other policies, or in another mode: nothing the device has to know.
                if before.mode != wanted.mode {
                    lift(tx, effects, device, now)?;
                }
                let operations = told.as_ref().map(|told| told.operations.clone()).unwrap_or_default();
                tx.put_applied(device.number, &Applied::told(Some(wanted), operations, now))?;
                Ok(Settled::Same)
            }
            (_, Some(wanted)) => {
                supersede(tx, effects, told.as_ref(), "a newer policy takes its place", now)?;
                let operations = carry(tx, effects, device, &device_type, &wanted.features, now)?;
                tx.put_applied(device.number, &Applied::told(Some(wanted), operations, now))?;
                begin(tx, device)?;
                lift(tx, effects, device, now)?;
                Ok(Settled::Sent)
            }
            (_, None) => {
                supersede(tx, effects, told.as_ref(), "the policy was taken back", now)?;
                let mut operations = Vec::new();
                if device_type.feature(REVOKE).is_some() {
                    let kind = OperationKind::Policy;
                    operations.push(queue(tx, effects, device, REVOKE, kind, None, now)?.id);
                }
                tx.put_applied(device.number, &Applied::told(None, operations, now))?;
                tx.forget_compliance(device.number)?;
                lift(tx, effects, device, now)?;
                Ok(Settled::Revoked)
            }
        }
    }
}

/// A device that enrolls again may have lost what it was told: it is told again, unless that is still on its way.
pub(in crate::app) fn renew(
    app: &App,
    tx: &Tx<'_>,
    effects: &mut Effects,
    device: &Device,
    now: Timestamp,
) -> Result<(), Error> {
    if app.settle(tx, effects, device, now)? == Settled::Same && resend(app, tx, effects, device, now)? {
        begin(tx, device)?;
    }
    Ok(())
}

/// Tells a device once more what it was told. False when it has no policy, or the telling is still on its way.
pub(in crate::app) fn resend(
    app: &App,
    tx: &Tx<'_>,
    effects: &mut Effects,
    device: &Device,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(Applied { effective: Some(effective), operations, .. }) = tx.applied(device.number)? else {
        return Ok(false);
    };
    let Some(device_type) = app.inner.device_types.get(&device.device_type) else { return Ok(false) };
    if is_open(tx, &operations)? {
        return Ok(false);
    }
    let operations = carry(tx, effects, device, &device_type, &effective.features, now)?;
    tx.put_applied(device.number, &Applied::told(Some(effective), operations, now))?;
    Ok(true)
}

/// Forgets what a device was told, and how it complied: it has left, or comes anew.
pub(in crate::app) fn forget(tx: &Tx<'_>, effects: &mut Effects, device: &Device, now: Timestamp) -> Result<(), Error> {
    supersede(tx, effects, tx.applied(device.number)?.as_ref(), "the device left", now)?;
    tx.forget_applied(device.number)?;
    Ok(tx.forget_compliance(device.number)?)
}

/// Whether one of the operations has not ended.
pub(in crate::app) fn is_open(rx: &Rx<'_>, operations: &[OperationId]) -> Result<bool, Error> {
    for id in operations {
        if rx.operation(*id)?.is_some_and(|operation| !operation.status.is_final()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the device is SUSPENDED because of its policy, and not by an operator.
pub(in crate::app) fn is_blocked(rx: &Rx<'_>, device: &Device) -> Result<bool, Error> {
    Ok(device.status == DeviceStatus::Suspended
        && rx.status_history(device.number, 1)?.first().is_some_and(|last| last.reason == BLOCKED))
}

/// Ends a suspension that a policy caused.
pub(in crate::app) fn lift(tx: &Tx<'_>, effects: &mut Effects, device: &Device, now: Timestamp) -> Result<(), Error> {
    if is_blocked(tx, device)? {
        let mut device = device.clone();
        change_status(tx, &mut device, DeviceStatus::Active, "system", "its policy shuts it out no longer", now)?;
        effects.heard.push(device);
    }
    Ok(())
}

/// The device has something new to comply with.
fn begin(tx: &Tx<'_>, device: &Device) -> Result<(), Error> {
    tx.forget_compliance_features(device.number)?;
    let asked_at = tx.compliance(device.number)?.and_then(|before| before.asked_at);
    Ok(tx.put_compliance(device.number, &Compliance { asked_at, ..Compliance::default() })?)
}

/// Queues what carries the features: one bundle where the type knows bundles, else one operation a feature.
fn carry(
    tx: &Tx<'_>,
    effects: &mut Effects,
    device: &Device,
    device_type: &DeviceType,
    features: &[PolicyFeature],
    now: Timestamp,
) -> Result<Vec<OperationId>, Error> {
    if device_type.feature(BUNDLE).is_some() {
        let sent = queue(tx, effects, device, BUNDLE, OperationKind::Policy, Some(bundle(features)), now)?;
        return Ok(vec![sent.id]);
    }
    let each = |feature: &PolicyFeature| {
        let content = Some(payload(feature)).filter(|content| !content.is_empty());
        Ok(queue(tx, effects, device, &feature.code, OperationKind::Profile, content, now)?.id)
    };
    features.iter().map(each).collect()
}

/// Takes back what told a device of its policy and is still on its way.
fn supersede(
    tx: &Tx<'_>,
    effects: &mut Effects,
    told: Option<&Applied>,
    reason: &str,
    now: Timestamp,
) -> Result<(), Error> {
    for id in told.map(|told| told.operations.as_slice()).unwrap_or_default() {
        if let Some(mut operation) = tx.operation(*id)?.filter(|operation| !operation.status.is_final()) {
            set_status(tx, &mut operation, OperationStatus::Cancelled, reason.to_owned(), now)?;
            effects.progressed.push(operation);
        }
    }
    Ok(())
}

fn is_known(device_type: &DeviceType, feature: &PolicyFeature) -> bool {
    device_type.feature(&feature.code).is_some_and(|known| known.payload.check(Some(&payload(feature))).is_ok())
}
