//! Operations: sending them, taking them back, and how they stand. How they reach a device is in `delivery`, how its
//! answers are taken in `report`.

mod activity;
mod delivery;
mod named;
mod report;
mod retry;

use std::sync::Arc;

pub use activity::ActivityKey;
pub use named::Named;
pub(super) use report::store_reports;

use super::access::{reach, require_some, seen_by};
use super::device::{known, target};
use super::effects::Effects;
use super::{App, Error, check_limit, require};
use crate::metrics::Outcome as Ended;
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::audit::Outcome;
use crate::model::change::{Change, NoticeKind};
use crate::model::device::{Device, DeviceFilter, DevicePage, DeviceSort, DeviceStatus, PageStart};
use crate::model::device_type::DeviceType;
use crate::model::id::{ActivityId, OperationId};
use crate::model::operation::{
    Activity, ActivityFilter, MAX_ACTIVITY_DEVICES, MAX_PAYLOAD, NewActivity, Operation, OperationFilter,
    OperationKind, OperationStatus,
};
use crate::model::page::{MAX_PAGE, Page};
use crate::model::policy::{BUNDLE, REVOKE};
use crate::model::text::for_terminal;
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Rx, Tx};

/// The most activities on one page: each carries its operations, up to [`MAX_ACTIVITY_DEVICES`].
pub const MAX_ACTIVITIES: u32 = 100;
/// The most bytes that an activity's payloads come to, over all its devices.
const MAX_ACTIVITY_BYTES: usize = 16 * 1024 * 1024;
/// Operations expired in one sweep; the next sweep goes on.
const SWEEP: u32 = 500;

const WAITING: &str = "waiting for the device to take it";
const WAITING_OFFLINE: &str = "waiting for the device to connect";

/// An operation to be sent, checked against the types of its devices.
pub(super) struct Checked {
    code: String,
    kind: OperationKind,
    payload: Option<String>,
    expires_at: Option<Timestamp>,
    devices: Vec<Device>,
    /// The activity that this one is sent in the place of.
    retries: Option<i64>,
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

    pub(super) async fn check_activity(&self, actor: &Actor, new: NewActivity) -> Result<Checked, Error> {
        let mut ids = new.devices;
        ids.sort_unstable();
        ids.dedup();
        if [BUNDLE, REVOKE].iter().any(|code| code.eq_ignore_ascii_case(&new.code)) {
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

    async fn send_checked(&self, actor: &Actor, checked: Checked) -> Result<Activity, Error> {
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
    pub(super) async fn sent(&self, device: &Device, operation: &Operation) {
        self.tell_operation(operation);
        self.inner.metrics.operations.of(Ended::Sent).inc();
        if operation.status == OperationStatus::Pending {
            self.push(device, operation).await;
        }
    }

    /// Takes an operation back.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] when it has ended, [`Error::Forbidden`] without the scope `operate`.
    pub async fn cancel(&self, actor: &Actor, id: OperationId) -> Result<Operation, Error> {
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let operation = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let mut operation = known_operation(tx, &actor, id, Scope::Operate)?;
                may_take_back(&actor, &operation.initiated_by)?;
                if operation.status.is_final() {
                    let why = format!("the operation has ended already: {}", operation.status.name());
                    return Err(Error::Conflict(why));
                }
                let by = actor.principal.to_string();
                set_status(tx, &mut operation, OperationStatus::Cancelled, format!("cancelled by {by}"), now)?;
                let target = target(&known(tx, operation.device)?);
                let detail = format!("{} (activity {})", operation.code, operation.number);
                tx.audit(now, &actor, "operation.cancel", &target, Outcome::Done, &detail)?;
                Ok(operation)
            })
            .await?;
        self.tell_progress(&operation);
        Ok(operation)
    }

    /// The activity of that id, with all its operations, or those on the caller's own devices.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn activity(&self, actor: &Actor, id: ActivityId) -> Result<Activity, Error> {
        let missing = move || Error::missing(format!("activity {id}"));
        self.one_activity(actor, move |rx| rx.activity(id)?.ok_or_else(missing)).await
    }

    /// The activity of that number, with all its operations, or those on the caller's own devices.
    ///
    /// # Errors
    /// As [`App::activity`].
    pub async fn activity_by_number(&self, actor: &Actor, number: i64) -> Result<Activity, Error> {
        let missing = move || Error::missing(format!("activity {number}"));
        self.one_activity(actor, move |rx| rx.activity_by_number(number)?.ok_or_else(missing)).await
    }

    async fn one_activity(
        &self,
        actor: &Actor,
        find: impl FnOnce(&Rx<'_>) -> Result<Activity, Error> + Send + 'static,
    ) -> Result<Activity, Error> {
        let own_of = seen_by(actor, Scope::Read)?;
        let masks = self.masks(actor);
        self.inner
            .store
            .read(move |rx| {
                let mut found = find(rx)?;
                let Some(own_of) = own_of else {
                    masks.map_or(Ok(()), |masks| masks.hide_all(rx, &mut found))?;
                    return Ok(found);
                };
                let missing = Error::missing(format!("activity {}", found.number));
                let filter =
                    ActivityFilter { numbers: vec![found.number], own_of: Some(own_of), ..ActivityFilter::default() };
                rx.activities(&filter, &PageStart::Offset(0), 1)?.items.pop().ok_or(missing)
            })
            .await
    }

    /// One page of the activities that fit a filter, newest first. Who may see only their own devices sees only what
    /// concerns these.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a limit or cursor that cannot be, [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn activities(
        &self,
        actor: &Actor,
        filter: ActivityFilter,
        start: PageStart,
        limit: u32,
    ) -> Result<Page<Activity>, Error> {
        let own_of = seen_by(actor, Scope::Read)?;
        check_limit(limit, MAX_ACTIVITIES)?;
        if filter.numbers.len() > MAX_ACTIVITIES as usize {
            return Err(Error::invalid("numbers", format!("at most {MAX_ACTIVITIES} activities can be named")));
        }
        let filter = ActivityFilter { own_of, ..filter };
        let masks = self.masks(actor);
        self.inner
            .store
            .read(move |rx| {
                let mut page = rx.activities(&filter, &start, limit)?;
                if let Some(masks) = masks {
                    page.items.iter_mut().try_for_each(|activity| masks.hide_all(rx, activity))?;
                }
                Ok(page)
            })
            .await
    }

    /// The operation of that id.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read`.
    pub async fn operation(&self, actor: &Actor, id: OperationId) -> Result<Operation, Error> {
        let (actor, masks) = (actor.clone(), self.masks(actor));
        self.inner
            .store
            .read(move |rx| {
                let mut operation = known_operation(rx, &actor, id, Scope::Read)?;
                masks.map_or(Ok(()), |masks| masks.hide(rx, &mut operation))?;
                Ok(operation)
            })
            .await
    }

    /// One page of the operations that fit a filter, newest first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a limit or cursor that cannot be, [`Error::Forbidden`] without the scope `read` (a device
    /// may see its own).
    pub async fn operations(
        &self,
        actor: &Actor,
        filter: OperationFilter,
        limit: u32,
        cursor: Option<String>,
    ) -> Result<Page<Operation>, Error> {
        self.operations_from(actor, filter, PageStart::Cursor(cursor), limit).await
    }

    /// As [`App::operations`], from any place of the list.
    ///
    /// # Errors
    /// As [`App::operations`].
    pub async fn operations_from(
        &self,
        actor: &Actor,
        filter: OperationFilter,
        start: PageStart,
        limit: u32,
    ) -> Result<Page<Operation>, Error> {
        let own_of = if filter.device.is_none() { seen_by(actor, Scope::Read)? } else { None };
        let filter = OperationFilter { own_of, ..filter };
        check_limit(limit, MAX_PAGE)?;
        let (actor, masks) = (actor.clone(), self.masks(actor));
        self.inner
            .store
            .read(move |rx| {
                if let Some(device) = filter.device {
                    reach(rx, &actor, device, Scope::Read)?;
                }
                let mut page = rx.operations(&filter, &start, limit)?;
                if let Some(masks) = masks {
                    page.items.iter_mut().try_for_each(|operation| masks.hide(rx, operation))?;
                }
                Ok(page)
            })
            .await
    }

    /// Gives up what was not answered in time. Returns how many.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn expire_operations(&self) -> Result<usize, Error> {
        let now = self.inner.clock.now();
        let expired = self
            .inner
            .store
            .write(Flush::Lazy, move |tx| {
                let mut expired = tx.expired_operations(now, SWEEP)?;
                for operation in &mut expired {
                    let reason = format!("its time ran out while it was {}", operation.status.name());
                    set_status(tx, operation, OperationStatus::Expired, reason, now)?;
                }
                Ok::<_, Error>(expired)
            })
            .await?;
        self.tell_all_progress(&expired);
        Ok(expired.len())
    }

    pub(super) fn tell_all_progress(&self, operations: &[Operation]) {
        for operation in operations {
            self.tell_progress(operation);
        }
    }

    fn tell_progress(&self, operation: &Operation) {
        match operation.status {
            OperationStatus::Completed => self.inner.metrics.operations.of(Ended::Completed).inc(),
            OperationStatus::Error => self.inner.metrics.operations.of(Ended::Failed).inc(),
            OperationStatus::Expired => self.inner.metrics.operations.of(Ended::Expired).inc(),
            OperationStatus::Cancelled => self.inner.metrics.operations.of(Ended::Cancelled).inc(),
            _ => {}
        }
        if operation.status.is_final() {
            let text = format!("{} {}: {}", operation.code, operation.status.name(), for_terminal(&operation.reason));
            self.notice(NoticeKind::Operation, Some(operation.device), text);
        }
        self.tell_operation(operation);
    }

    fn tell_operation(&self, operation: &Operation) {
        self.tell(Change::Operation { operation: Box::new(operation.clone()) });
    }
}

/// Refuses an owner what the site itself tells their device, its policy above all.
fn may_take_back(actor: &Actor, initiated_by: &str) -> Result<(), Error> {
    if initiated_by == Principal::System.to_string() { require(actor, Scope::Operate) } else { Ok(()) }
}

/// The operation of that id, if the caller may do what `scope` says to its device.
fn known_operation(rx: &Rx<'_>, actor: &Actor, id: OperationId, scope: Scope) -> Result<Operation, Error> {
    let missing = || Error::missing(format!("operation {id}"));
    require_some(actor, scope)?;
    let operation = rx.operation(id)?.ok_or_else(missing)?;
    match reach(rx, actor, operation.device, scope) {
        Err(Error::NotFound { .. }) => Err(missing()),
        other => other.map(|_| operation),
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
pub(super) fn queue(
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

/// Takes an operation back within the transaction of what makes it void.
pub(super) fn cancel_superseded(
    tx: &Tx<'_>,
    effects: &mut Effects,
    mut operation: Operation,
    why: &str,
    now: Timestamp,
) -> Result<(), Error> {
    set_status(tx, &mut operation, OperationStatus::Cancelled, why.to_owned(), now)?;
    effects.progressed.push(operation);
    Ok(())
}

/// Queues what a device's type wants every new device to get, within the transaction that enrolls it.
pub(super) fn queue_initial(
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
pub(super) fn queue_for_all(
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

pub(super) fn set_status(
    tx: &Tx<'_>,
    operation: &mut Operation,
    status: OperationStatus,
    reason: String,
    now: Timestamp,
) -> Result<(), Error> {
    (operation.status, operation.reason, operation.updated_at) = (status, reason, now);
    Ok(tx.update_operation(operation)?)
}
