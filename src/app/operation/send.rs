//! Sending operations: what a caller asks for, and what Pym queues of its own.

use std::sync::Arc;

use crate::app::access::{reach, require_some};
use crate::app::device::target;
use crate::app::effects::Effects;
use crate::app::{App, Error, require};
use crate::metrics::Outcome as Ended;
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::audit::Outcome;
use crate::model::device::{Device, DeviceFilter, DevicePage, DeviceSort, DeviceStatus, PageStart};
use crate::model::device_type::DeviceType;
use crate::model::id::{ActivityId, OperationId};
use crate::model::operation::{
    Activity, MAX_ACTIVITY_DEVICES, MAX_PAYLOAD, NewActivity, Operation, OperationKind, OperationStatus,
};
use crate::model::page::MAX_PAGE;
use crate::model::policy::is_policy;
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Tx};

/// The most bytes that an activity's payloads come to, over all its devices.
const MAX_ACTIVITY_BYTES: usize = 16 * 1024 * 1024;
const WAITING: &str = "waiting for the device to take it";
const WAITING_OFFLINE: &str = "waiting for the device to connect";

/// An operation to be sent, checked against the types of its devices.
pub(in crate::app) struct Checked {
    code: String,
    kind: OperationKind,
    payload: Option<String>,
    expires_at: Option<Timestamp>,
    devices: Vec<Device>,
    /// The activity that this one is sent in the place of.
    pub(super) retries: Option<i64>,
}

impl App {
    /// Sends one operation to many devices, and pushes it to those that are connected. A COMMAND that is pending
    /// already is merged: where that is so on every device, the earlier activity is returned and pushed again.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown device, [`Error::Invalid`] for a code or payload that its type does not know,
    /// [`Error::Conflict`] for a device that takes no operations, [`Error::Forbidden`] without the scope `operate`.
    pub async fn send(&self, actor: &Actor, new: NewActivity) -> Result<Activity, Error> {
        require_some(actor, Scope::Operate)?;
        let checked = self.check_activity(actor, new).await?;
        self.send_checked(actor, checked).await
    }

    pub(in crate::app) async fn check_activity(&self, actor: &Actor, new: NewActivity) -> Result<Checked, Error> {
        let mut ids = new.devices;
        ids.sort_unstable();
        ids.dedup();
        if is_policy(&new.code) {
            // Policies are applied; to send one past them takes the right to make them.
            require(actor, Scope::Policy)?;
        }
        if ids.is_empty() || ids.len() > MAX_ACTIVITY_DEVICES {
            return Err(Error::invalid("devices", format!("an operation goes to 1 to {MAX_ACTIVITY_DEVICES} devices")));
        }
        if new.payload.as_ref().is_some_and(|payload| payload.len() > MAX_PAYLOAD) {
            return Err(Error::invalid("payload", format!("a payload has at most {MAX_PAYLOAD} bytes")));
        }
        if new.expires_at.is_some_and(|at| at <= self.inner.clock.now()) {
            return Err(Error::invalid("expires_at", "the operation would expire at once"));
        }
        if new.payload.as_ref().is_some_and(|payload| payload.len() * ids.len() > MAX_ACTIVITY_BYTES) {
            let most = MAX_ACTIVITY_BYTES / new.payload.as_ref().map_or(1, String::len).max(1);
            return Err(Error::invalid("devices", format!("a payload of this size goes to {most} devices at once")));
        }
        let by = actor.clone();
        let devices = self
            .inner
            .store
            .read(move |rx| {
                ids.into_iter().map(|id| reach(rx, &by, id, Scope::Operate)).collect::<Result<Vec<_>, Error>>()
            })
            .await?;
        let mut agreed = None;
        let mut checked_type: Option<Arc<DeviceType>> = None;
        for device in &devices {
            if !device.status.may_receive() {
                let why = format!("{} is {} and takes no operations", target(device), device.status.name());
                return Err(Error::Conflict(why));
            }
            if checked_type.as_ref().is_some_and(|checked| checked.name == device.device_type) {
                continue;
            }
            let device_type = self.device_type(&Actor::system(), &device.device_type)?;
            let Some(feature) = device_type.feature(&new.code) else {
                let known: Vec<_> = device_type.features.iter().map(|feature| feature.code.as_str()).collect();
                let why = format!("{} has no operation {:?}; it has {}", device_type.name, new.code, known.join(", "));
                return Err(Error::invalid("code", why));
            };
            let checked = feature.payload.check(new.payload.as_deref()).map_err(|why| {
                let names = feature.payload.field_names();
                let fields =
                    if names.is_empty() { names } else { format!("; {} has the fields {names}", feature.code) };
                Error::invalid("payload", why + &fields)
            })?;
            let wanted = (new.kind.unwrap_or(feature.kind), feature.code.clone(), checked);
            if agreed.as_ref().is_some_and(|agreed| *agreed != wanted) {
                let why =
                    format!("{:?} is not the same for devices of different types; send it to each type", new.code);
                return Err(Error::invalid("devices", why));
            }
            agreed = Some(wanted);
            checked_type = Some(device_type);
        }
        let (kind, code, payload) = agreed.unwrap_or((OperationKind::Command, new.code, new.payload));
        Ok(Checked { code, kind, payload, expires_at: new.expires_at, devices, retries: None })
    }

    pub(super) async fn send_checked(&self, actor: &Actor, checked: Checked) -> Result<Activity, Error> {
        let now = self.inner.clock.now();
        let online: Vec<bool> = checked.devices.iter().map(|device| self.is_online(device.id)).collect();
        let owned_actor = actor.clone();
        let (mut activity, devices) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let activity = store_activity(tx, &owned_actor, &checked, &online, now)?;
                Ok::<_, Error>((activity, checked.devices))
            })
            .await?;
        for device in &devices {
            if let Some(operation) = activity.operations.iter().find(|operation| operation.device == device.id) {
                self.sent(device, operation).await;
            }
        }
        // The payload stands in the activity, once.
        activity.operations.iter_mut().for_each(|operation| operation.payload = None);
        Ok(activity)
    }

    /// Tells of an operation that is new, and pushes it when the device is connected.
    pub(in crate::app) async fn sent(&self, device: &Device, operation: &Operation) {
        self.tell_operation(operation);
        self.inner.metrics.operations.of(Ended::Sent).inc();
        if operation.status == OperationStatus::Pending {
            self.push(device, operation).await;
        }
    }
}

fn store_activity(
    tx: &Tx<'_>,
    actor: &Actor,
    checked: &Checked,
    online: &[bool],
    now: Timestamp,
) -> Result<Activity, Error> {
    let merged = checked
        .devices
        .iter()
        .map(|device| match checked.kind {
            OperationKind::Command => {
                Ok(tx.identical_pending(device.id, &checked.code, checked.kind, checked.payload.as_deref())?)
            }
            _ => Ok(None),
        })
        .collect::<Result<Vec<_>, Error>>()?;
    audit_send(tx, actor, checked, now)?;
    // The same command, pending on every device as part of one activity: that activity is the answer.
    if let Some(Some(first)) = merged.first()
        && merged.iter().all(|operation| operation.as_ref().is_some_and(|other| other.activity == first.activity))
        && let Some(activity) = tx.activity(first.activity)?
        && activity.operations.len() == merged.len()
    {
        return Ok(with_payloads(activity));
    }
    let mut activity = Activity {
        id: ActivityId::fresh(now),
        number: 0,
        code: checked.code.clone(),
        kind: checked.kind,
        payload: checked.payload.clone(),
        initiated_by: actor.principal.to_string(),
        created_at: now,
        expires_at: checked.expires_at,
        operations: Vec::new(),
    };
    activity.number = tx.insert_activity(&activity)?;
    for ((device, merged), online) in checked.devices.iter().zip(merged).zip(online) {
        let (status, reason) = match merged {
            Some(earlier) => (OperationStatus::Repeated, format!("merged into activity {}", earlier.number)),
            None if *online => (OperationStatus::Pending, WAITING.to_owned()),
            None => (OperationStatus::Pending, WAITING_OFFLINE.to_owned()),
        };
        let operation = insert(tx, &activity, device, status, reason)?;
        activity.operations.push(operation);
    }
    Ok(activity)
}

/// The activity with its payload in each of its operations too, as they are pushed.
fn with_payloads(mut activity: Activity) -> Activity {
    for operation in &mut activity.operations {
        operation.payload.clone_from(&activity.payload);
    }
    activity
}

/// Writes a device's part of an activity.
fn insert(
    tx: &Tx<'_>,
    activity: &Activity,
    device: &Device,
    status: OperationStatus,
    reason: String,
) -> Result<Operation, Error> {
    let operation = Operation {
        id: OperationId::fresh(activity.created_at),
        activity: activity.id,
        number: activity.number,
        device: device.id,
        code: activity.code.clone(),
        kind: activity.kind,
        payload: activity.payload.clone(),
        status,
        reason,
        initiated_by: activity.initiated_by.clone(),
        created_at: activity.created_at,
        updated_at: activity.created_at,
        pushed_at: None,
        expires_at: activity.expires_at,
        responses: Vec::new(),
    };
    tx.insert_operation(&operation)?;
    Ok(operation)
}

/// Queues an operation of Pym's own for one device within another's transaction, checked by whoever calls; `effects`
/// pushes it after the commit. A COMMAND that is pending already is left to do the work.
pub(in crate::app) fn queue(
    tx: &Tx<'_>,
    effects: &mut Effects,
    device: &Device,
    code: &str,
    kind: OperationKind,
    payload: Option<String>,
    now: Timestamp,
) -> Result<Operation, Error> {
    if kind == OperationKind::Command
        && let Some(earlier) = tx.identical_pending(device.id, code, kind, payload.as_deref())?
    {
        return Ok(earlier);
    }
    let mut activity = Activity {
        id: ActivityId::fresh(now),
        number: 0,
        code: code.to_owned(),
        kind,
        payload,
        initiated_by: Principal::System.to_string(),
        created_at: now,
        expires_at: None,
        operations: Vec::new(),
    };
    activity.number = tx.insert_activity(&activity)?;
    let operation = insert(tx, &activity, device, OperationStatus::Pending, WAITING.to_owned())?;
    effects.queued.push((device.clone(), operation.clone()));
    Ok(operation)
}

/// Queues what a device's type wants every new device to get, within the transaction that enrolls it.
pub(in crate::app) fn queue_initial(
    app: &App,
    tx: &Tx<'_>,
    effects: &mut Effects,
    device: &Device,
    now: Timestamp,
) -> Result<(), Error> {
    let device_type = app.device_type(&Actor::system(), &device.device_type)?;
    for feature in device_type.initial_operations.iter().filter_map(|code| device_type.feature(code)) {
        queue(tx, effects, device, &feature.code, feature.kind, None, now)?;
    }
    Ok(())
}

/// As [`queue`], as one activity for every device of a type that takes operations.
pub(in crate::app) fn queue_for_all(
    tx: &Tx<'_>,
    effects: &mut Effects,
    device_type: &str,
    code: &str,
    kind: OperationKind,
    payload: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let statuses = DeviceStatus::ALL.into_iter().filter(|status| status.may_receive()).collect();
    let filter = DeviceFilter { device_type: Some(device_type.to_owned()), statuses, ..DeviceFilter::default() };
    let mut cursor = None;
    loop {
        let (sort, start) = (DeviceSort::EnrolledAt, PageStart::Cursor(cursor));
        let page = tx.devices(&filter, &DevicePage { sort, descending: false, start, limit: MAX_PAGE }, now)?;
        if !page.items.is_empty() {
            let online = vec![false; page.items.len()];
            let checked = Checked {
                code: code.to_owned(),
                kind,
                payload: Some(payload.to_owned()),
                expires_at: None,
                devices: page.items,
                retries: None,
            };
            let activity = store_activity(tx, &Actor::system(), &checked, &online, now)?;
            effects.queued.extend(checked.devices.into_iter().zip(activity.operations));
        }
        if page.next.is_none() {
            return Ok(());
        }
        cursor = page.next;
    }
}

fn audit_send(tx: &Tx<'_>, actor: &Actor, checked: &Checked, now: Timestamp) -> Result<(), Error> {
    let target = match checked.devices.as_slice() {
        [device] => target(device),
        devices => format!("{} devices", devices.len()),
    };
    // A payload may hold a secret (a PIN, a Wi-Fi password), so the trail has its size alone.
    let mut detail = match &checked.payload {
        Some(payload) => format!("{} with a payload of {} bytes", checked.code, payload.len()),
        None => checked.code.clone(),
    };
    if let Some(number) = checked.retries {
        detail = format!("{detail}, again after activity {number}");
    }
    Ok(tx.audit(now, actor, "operation.send", &target, Outcome::Done, &detail)?)
}
