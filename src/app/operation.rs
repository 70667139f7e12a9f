//! Operations: sending them, handing them to devices, taking their answers.

use std::sync::Arc;

use bytes::Bytes;

use super::device::{heard, known, target};
use super::downlink::{Downlink, Push, Route};
use super::{App, Error, check_limit, require, require_device};
use crate::metrics::Outcome as Ended;
use crate::model::TENANT;
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::model::change::{Change, NoticeKind};
use crate::model::device::{Device, DeviceStatus};
use crate::model::device_type::{Completes, DeviceType, PushRoute};
use crate::model::id::{ActivityId, DeviceId, OperationId};
use crate::model::operation::{
    Activity, MAX_ACTIVITY_DEVICES, MAX_PAYLOAD, MAX_RESPONSE, NewActivity, Operation, OperationFilter, OperationKind,
    OperationStatus, Report, Response,
};
use crate::model::page::{MAX_PAGE, Page};
use crate::model::text::{cut, for_terminal};
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Tx};

/// The most activities on one page: each carries its operations, up to [`MAX_ACTIVITY_DEVICES`].
pub const MAX_ACTIVITIES: u32 = 100;
/// The most operations handed to a device at once.
const MAX_PENDING: u32 = 100;
/// Operations expired in one sweep; the next sweep goes on.
const SWEEP: u32 = 500;

const WAITING: &str = "waiting for the device to take it";
const WAITING_OFFLINE: &str = "waiting for the device to connect";

/// An operation to be sent, checked against the types of its devices.
struct Checked {
    code: String,
    kind: OperationKind,
    payload: Option<String>,
    expires_at: Option<Timestamp>,
    devices: Vec<Device>,
}

impl App {
    /// Sends one operation to many devices, and pushes it to those that are connected. A COMMAND that is pending
    /// already is merged: where that is so on every device, the earlier activity is returned and pushed again.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown device, [`Error::Invalid`] for a code or payload that its type does not know,
    /// [`Error::Conflict`] for a device that takes no operations, [`Error::Forbidden`] without the scope `operate`.
    pub async fn send(&self, actor: &Actor, new: NewActivity) -> Result<Activity, Error> {
        require(actor, Scope::Operate)?;
        let checked = self.check_activity(new).await?;
        self.send_checked(actor, checked).await
    }

    /// Sends what a device's type wants every new device to get.
    pub(super) async fn send_initial_operations(&self, device: &Device) -> Result<(), Error> {
        let actor = Actor::system();
        for code in &self.device_type(&actor, &device.device_type)?.initial_operations {
            let new = NewActivity {
                code: code.clone(),
                kind: None,
                payload: None,
                devices: vec![device.id],
                expires_at: None,
            };
            self.send(&actor, new).await?;
        }
        Ok(())
    }

    async fn check_activity(&self, new: NewActivity) -> Result<Checked, Error> {
        let mut ids = new.devices;
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() || ids.len() > MAX_ACTIVITY_DEVICES {
            return Err(Error::invalid("devices", format!("an operation goes to 1 to {MAX_ACTIVITY_DEVICES} devices")));
        }
        if new.payload.as_ref().is_some_and(|payload| payload.len() > MAX_PAYLOAD) {
            return Err(Error::invalid("payload", format!("a payload has at most {MAX_PAYLOAD} bytes")));
        }
        if new.expires_at.is_some_and(|at| at <= self.inner.clock.now()) {
            return Err(Error::invalid("expires_at", "the operation would expire at once"));
        }
        let devices = self
            .inner
            .store
            .read(move |rx| ids.into_iter().map(|id| known(rx, id)).collect::<Result<Vec<_>, Error>>())
            .await?;
        let (mut kind, mut payload, mut code) = (new.kind, new.payload.clone(), new.code.clone());
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
            payload = feature.payload.check(new.payload.as_deref()).map_err(|why| Error::invalid("payload", why))?;
            kind = new.kind.or(Some(feature.kind));
            code.clone_from(&feature.code);
            checked_type = Some(device_type);
        }
        let kind = kind.unwrap_or(OperationKind::Command);
        Ok(Checked { code, kind, payload, expires_at: new.expires_at, devices })
    }

    async fn send_checked(&self, actor: &Actor, checked: Checked) -> Result<Activity, Error> {
        let now = self.inner.clock.now();
        let online: Vec<bool> = checked.devices.iter().map(|device| self.is_online(device.id)).collect();
        let owned_actor = actor.clone();
        let (activity, devices) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let activity = store_activity(tx, &owned_actor, &checked, &online, now)?;
                Ok::<_, Error>((activity, checked.devices))
            })
            .await?;
        for operation in &activity.operations {
            self.tell_operation(operation);
            self.inner.metrics.operations.of(Ended::Sent).inc();
        }
        for device in &devices {
            let own = activity.operations.iter().find(|operation| operation.device == device.id);
            if let Some(operation) = own.filter(|operation| operation.status == OperationStatus::Pending) {
                self.push(device, operation).await;
            }
        }
        Ok(activity)
    }

    /// Hands an operation to the broker, when the device is connected.
    async fn push(&self, device: &Device, operation: &Operation) {
        if !self.is_online(device.id) {
            return;
        }
        let Ok(device_type) = self.device_type(&Actor::system(), &device.device_type) else { return };
        let routes = routes(&device_type, device, operation);
        self.order(Downlink::Push(Push { operation: operation.id, device: device.id, routes })).await;
    }

    /// Pushes everything a device has not taken yet: it connected, or listens anew.
    pub async fn push_pending(&self, id: DeviceId) {
        let pending = self
            .inner
            .store
            .read(move |rx| {
                let device = known(rx, id)?;
                let pending = rx.pending_operations(id, MAX_PENDING)?;
                Ok::<_, Error>((device, pending))
            })
            .await;
        match pending {
            Ok((device, _)) if !device.status.may_receive() => {}
            Ok((device, operations)) => {
                for operation in &operations {
                    self.push(&device, operation).await;
                }
            }
            Err(error) => {
                tracing::warn!(device.id = %id, error = &error as &dyn std::error::Error, "could not push pending operations");
            }
        }
    }

    /// The broker delivered an operation.
    pub async fn pushed(&self, id: OperationId, completes: Completes) {
        let now = self.inner.clock.now();
        let changed = self
            .inner
            .store
            .write(Flush::Soon, move |tx| {
                let Some(mut operation) = tx.operation(id)? else { return Ok(None) };
                if operation.status.is_final() || operation.status == OperationStatus::InProgress {
                    return Ok(None);
                }
                hand_over(tx, &mut operation, completes, now)?;
                Ok::<_, Error>(Some(operation))
            })
            .await;
        match changed {
            Ok(Some(operation)) => self.tell_progress(&operation),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(operation.id = %id, error = &error as &dyn std::error::Error, "could not note a delivery");
            }
        }
    }

    /// Takes an operation back.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] when it has ended, [`Error::Forbidden`] without the scope `operate`.
    pub async fn cancel(&self, actor: &Actor, id: OperationId) -> Result<Operation, Error> {
        require(actor, Scope::Operate)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let operation = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let mut operation = tx.operation(id)?.ok_or_else(|| Error::missing(format!("operation {id}")))?;
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

    /// The activity of that id, with all its operations.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read`.
    pub async fn activity(&self, actor: &Actor, id: ActivityId) -> Result<Activity, Error> {
        require(actor, Scope::Read)?;
        self.inner.store.read(move |rx| rx.activity(id)?.ok_or_else(|| Error::missing(format!("activity {id}")))).await
    }

    /// The activity of that number, with all its operations.
    ///
    /// # Errors
    /// As [`App::activity`].
    pub async fn activity_by_number(&self, actor: &Actor, number: i64) -> Result<Activity, Error> {
        require(actor, Scope::Read)?;
        self.inner
            .store
            .read(move |rx| rx.activity_by_number(number)?.ok_or_else(|| Error::missing(format!("activity {number}"))))
            .await
    }

    /// One page of the activities, newest first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a limit or cursor that cannot be, [`Error::Forbidden`] without the scope `read`.
    pub async fn activities(&self, actor: &Actor, limit: u32, cursor: Option<String>) -> Result<Page<Activity>, Error> {
        require(actor, Scope::Read)?;
        check_limit(limit, MAX_ACTIVITIES)?;
        self.inner.store.read(move |rx| rx.activities(limit, cursor.as_deref()).map_err(Error::from)).await
    }

    /// The operation of that id.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read`.
    pub async fn operation(&self, actor: &Actor, id: OperationId) -> Result<Operation, Error> {
        require(actor, Scope::Read)?;
        self.inner
            .store
            .read(move |rx| rx.operation(id)?.ok_or_else(|| Error::missing(format!("operation {id}"))))
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
        match filter.device {
            Some(device) => require_device(actor, device, Scope::Read)?,
            None => require(actor, Scope::Read)?,
        }
        check_limit(limit, MAX_PAGE)?;
        self.inner.store.read(move |rx| rx.operations(&filter, limit, cursor.as_deref()).map_err(Error::from)).await
    }

    /// What a device has still to do, oldest first, at most 100. Asking counts as being heard; the operations stay
    /// pending until the device answers.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a device that is unknown or removed, [`Error::Forbidden`] for another than the device
    /// itself or an operator.
    pub async fn pending(&self, actor: &Actor, id: DeviceId) -> Result<Vec<Operation>, Error> {
        let own = check_poll(actor, id)?;
        let now = self.inner.clock.now();
        let (operations, changed) = self
            .inner
            .store
            .write(Flush::Soon, move |tx| {
                let changed = poll(tx, id, own, now)?;
                let mut operations = tx.pending_operations(id, MAX_PENDING)?;
                for operation in operations.iter_mut().filter(|_| own) {
                    operation.pushed_at = Some(now);
                    "fetched by the device; waiting for its answer".clone_into(&mut operation.reason);
                    tx.update_operation(operation)?;
                }
                Ok::<_, Error>((operations, changed))
            })
            .await?;
        self.tell_changed(changed);
        Ok(operations)
    }

    /// The oldest operation a device has still to do; it is then in progress.
    ///
    /// # Errors
    /// As [`App::pending`].
    pub async fn next_pending(&self, actor: &Actor, id: DeviceId) -> Result<Option<Operation>, Error> {
        self.take(actor, id, Completes::Result).await
    }

    /// The oldest operation of a device whose protocol knows no results; it is then completed.
    ///
    /// # Errors
    /// As [`App::pending`].
    pub async fn take_next(&self, actor: &Actor, id: DeviceId) -> Result<Option<Operation>, Error> {
        self.take(actor, id, Completes::Delivery).await
    }

    async fn take(&self, actor: &Actor, id: DeviceId, completes: Completes) -> Result<Option<Operation>, Error> {
        let own = check_poll(actor, id)?;
        let now = self.inner.clock.now();
        let (operation, changed) = self
            .inner
            .store
            .write(Flush::Soon, move |tx| {
                let changed = poll(tx, id, own, now)?;
                let mut operation = tx.pending_operations(id, 1)?.pop();
                if let Some(operation) = operation.as_mut().filter(|_| own) {
                    hand_over(tx, operation, completes, now)?;
                }
                Ok::<_, Error>((operation, changed))
            })
            .await?;
        self.tell_changed(changed);
        if let Some(operation) = &operation {
            self.tell_progress(operation);
        }
        Ok(operation)
    }

    /// Takes a device's answers. Answers to operations that are unknown, foreign or ended change nothing, since devices
    /// repeat them. Returns how many changed.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a device that is unknown or removed, [`Error::Forbidden`] for another than the device
    /// itself or an operator.
    pub async fn report(&self, actor: &Actor, id: DeviceId, reports: Vec<Report>) -> Result<usize, Error> {
        let own = check_poll(actor, id)?;
        let now = self.inner.clock.now();
        let (operations, changed) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let changed = poll(tx, id, own, now)?;
                Ok::<_, Error>((store_reports(tx, id, &reports, now)?, changed))
            })
            .await?;
        self.tell_changed(changed);
        self.tell_all_progress(&operations);
        Ok(operations.len())
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

/// Whether it is the device itself that asks.
fn check_poll(actor: &Actor, id: DeviceId) -> Result<bool, Error> {
    require_device(actor, id, Scope::Operate)?;
    Ok(actor.is_device(id))
}

/// Refuses a device that is removed; notes that it was heard when it is the device itself that asks.
fn poll(tx: &Tx<'_>, id: DeviceId, own: bool, now: Timestamp) -> Result<Option<Device>, Error> {
    let device = known(tx, id)?;
    if device.status == DeviceStatus::Removed {
        return Err(Error::missing(format!("device {}", target(&device))));
    }
    if own { heard(tx, id, now) } else { Ok(None) }
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
        return Ok(activity);
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
        let operation = Operation {
            id: OperationId::fresh(now),
            activity: activity.id,
            number: activity.number,
            device: device.id,
            code: activity.code.clone(),
            kind: activity.kind,
            payload: activity.payload.clone(),
            status,
            reason,
            initiated_by: activity.initiated_by.clone(),
            created_at: now,
            updated_at: now,
            pushed_at: None,
            expires_at: activity.expires_at,
            responses: Vec::new(),
        };
        tx.insert_operation(&operation)?;
        activity.operations.push(operation);
    }
    Ok(activity)
}

fn audit_send(tx: &Tx<'_>, actor: &Actor, checked: &Checked, now: Timestamp) -> Result<(), Error> {
    let target = match checked.devices.as_slice() {
        [device] => target(device),
        devices => format!("{} devices", devices.len()),
    };
    // A payload may hold a secret (a PIN, a Wi-Fi password), so the trail has its size alone.
    let detail = match &checked.payload {
        Some(payload) => format!("{} with a payload of {} bytes", checked.code, payload.len()),
        None => checked.code.clone(),
    };
    Ok(tx.audit(now, actor, "operation.send", &target, Outcome::Done, &detail)?)
}

fn set_status(
    tx: &Tx<'_>,
    operation: &mut Operation,
    status: OperationStatus,
    reason: String,
    now: Timestamp,
) -> Result<(), Error> {
    (operation.status, operation.reason, operation.updated_at) = (status, reason, now);
    Ok(tx.update_operation(operation)?)
}

/// The device has the operation.
fn hand_over(tx: &Tx<'_>, operation: &mut Operation, completes: Completes, now: Timestamp) -> Result<(), Error> {
    operation.pushed_at = Some(now);
    let (status, reason) = match completes {
        Completes::Result => (OperationStatus::InProgress, "taken by the device; waiting for its answer"),
        Completes::Delivery => (OperationStatus::Completed, "delivered; the device reports no results"),
    };
    set_status(tx, operation, status, reason.to_owned(), now)
}

/// Stores a device's answers and returns the operations they changed.
pub(super) fn store_reports(
    tx: &Tx<'_>,
    device: DeviceId,
    reports: &[Report],
    now: Timestamp,
) -> Result<Vec<Operation>, Error> {
    let mut changed = Vec::new();
    for report in reports {
        let Some(mut operation) = tx.operation_of(device, report.number)? else { continue };
        if !operation.status.may_become(report.status) {
            continue;
        }
        let text = report.response.as_deref().map_or("", |text| cut(text, MAX_RESPONSE));
        if operation.status == report.status && operation.responses.last().is_some_and(|last| last.text == text) {
            continue;
        }
        let response = Response { at: now, status: report.status, text: text.to_owned() };
        tx.add_response(operation.id, &response)?;
        let reason = match report.status {
            OperationStatus::Completed => "done by the device",
            OperationStatus::Error => "the device reported an error",
            OperationStatus::InProgress => "the device is at it",
            OperationStatus::NotNow => "the device will do it later",
            _ => "reported by the device",
        };
        set_status(tx, &mut operation, report.status, reason.to_owned(), now)?;
        operation.responses.push(response);
        changed.push(operation);
    }
    Ok(changed)
}

/// Where an operation goes over MQTT: the routes of its feature, else of its type, else the generic topic
/// `<tenant>/<type>/<id>/operation/<kind>/<code>/<number>` (the MQTT push strategy of the Entgra IoT Server).
fn routes(device_type: &DeviceType, device: &Device, operation: &Operation) -> Vec<Route> {
    let feature = device_type.feature(&operation.code);
    let own = feature.map(|feature| &feature.push).filter(|routes| !routes.is_empty()).unwrap_or(&device_type.push);
    if own.is_empty() {
        return vec![fill(&generic_route(), device, operation)];
    }
    own.iter().map(|route| fill(route, device, operation)).collect()
}

fn generic_route() -> PushRoute {
    PushRoute {
        topic: "{tenant}/{type}/{id}/operation/{kind}/{code}/{number}".to_owned(),
        payload: String::new(),
        completes: Completes::Result,
    }
}

fn fill(route: &PushRoute, device: &Device, operation: &Operation) -> Route {
    let number = operation.number.to_string();
    let topic = replace(
        &route.topic,
        &[
            ("{tenant}", TENANT),
            ("{type}", &device.device_type),
            ("{id}", &device.identifier),
            ("{kind}", &operation.kind.name().to_ascii_lowercase()),
            ("{code}", &operation.code),
            ("{number}", &number),
        ],
    );
    let given = operation.payload.as_deref().unwrap_or("");
    let payload = if route.payload.is_empty() {
        if given.is_empty() { operation.code.clone() } else { given.to_owned() }
    } else {
        let upper = operation.code.to_ascii_uppercase();
        let values =
            [("{code}", operation.code.as_str()), ("{CODE}", &upper), ("{payload}", given), ("{number}", &number)];
        replace(&route.payload, &values)
    };
    Route { topic, payload: Bytes::from(payload), completes: route.completes }
}

/// Fills a template in one pass, so that a value that looks like a name is left as it is.
fn replace(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let (before, after) = rest.split_at(start);
        filled.push_str(before);
        let known = values.iter().find_map(|(name, value)| Some((value, after.strip_prefix(name)?)));
        let (value, left) = known.unwrap_or((&"{", after.strip_prefix('{').unwrap_or("")));
        filled.push_str(value);
        rest = left;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::replace;

    #[test]
    fn a_value_is_not_a_template() {
        let values = [("{code}", "{payload}"), ("{payload}", "ON")];
        assert_eq!(replace("a/{code}:{payload}{x", &values), "a/{payload}:ON{x");
    }
}
