//! Handing operations to devices: pushed over MQTT, or fetched by the device.

use std::time::Duration;

use bytes::Bytes;

use super::{set_status, store_reports};
use crate::app::access::reach;
use crate::app::device::{heard, known, target};
use crate::app::downlink::{Downlink, Push, Route};
use crate::app::effects::Effects;
use crate::app::{App, Error};
use crate::model::TENANT;
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::compliance::MONITOR;
use crate::model::device::{Device, DeviceStatus};
use crate::model::device_type::{Completes, DeviceType, PushRoute};
use crate::model::id::{DeviceId, OperationId};
use crate::model::operation::{Operation, OperationKind, OperationStatus, Report};
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Rx, Tx};

/// The most operations handed to a device at once.
const MAX_PENDING: u32 = 100;
/// How exactly the time of a device's last poll is kept.
const POLL_NOTED_EVERY: Duration = Duration::from_secs(5);

impl App {
    /// Hands an operation to the broker, when the device is connected.
    pub(super) async fn push(&self, device: &Device, operation: &Operation) {
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
            Ok((device, operations)) => {
                for operation in operations.iter().filter(|operation| may_have(&device, operation)) {
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

    /// What a device has still to do, oldest first, at most 100; nothing but its policy while it is suspended. Asking counts as being
    /// heard; the operations stay pending until the device answers. A device that finds nothing new costs a read, and
    /// the note that it was there, which nobody waits for.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a device that is unknown or removed, [`Error::Forbidden`] for another than the device
    /// itself or an operator.
    pub async fn pending(&self, actor: &Actor, id: DeviceId) -> Result<Vec<Operation>, Error> {
        let (now, by) = (self.inner.clock.now(), actor.clone());
        let (device, operations) = self.inner.store.read(move |rx| to_do(rx, &by, id)).await?;
        if !actor.is_device(id) {
            return Ok(operations);
        }
        if device.status.heard().is_none() && operations.iter().all(|operation| operation.pushed_at.is_some()) {
            self.note_poll(&device, now).await;
            return Ok(operations);
        }
        let by = actor.clone();
        let (operations, changed) = self
            .inner
            .store
            .write(Flush::Soon, move |tx| {
                let Poll { changed, .. } = poll(tx, &by, id, now)?;
                let (_, mut operations) = to_do(tx, &by, id)?;
                note_fetched(tx, &mut operations, now)?;
                Ok::<_, Error>((operations, changed))
            })
            .await?;
        self.tell_changed(changed);
        Ok(operations)
    }

    /// Takes a device's answers and gives what it has still to do then, in one transaction.
    ///
    /// # Errors
    /// As [`App::pending`].
    pub async fn exchange(&self, actor: &Actor, id: DeviceId, reports: Vec<Report>) -> Result<Vec<Operation>, Error> {
        if reports.is_empty() {
            return self.pending(actor, id).await;
        }
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let (operations, effects) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let Poll { device, own, changed } = poll(tx, &actor, id, now)?;
                let mut effects = Effects { heard: changed.into_iter().collect(), ..Effects::default() };
                store_reports(tx, &mut effects, &device, &reports, now)?;
                let (_, mut operations) = to_do(tx, &actor, id)?;
                if own {
                    note_fetched(tx, &mut operations, now)?;
                }
                Ok::<_, Error>((operations, effects))
            })
            .await?;
        self.follow(effects).await;
        Ok(operations)
    }

    /// Notes that a device was there, unless that was noted a moment ago.
    async fn note_poll(&self, device: &Device, now: Timestamp) {
        let every = POLL_NOTED_EVERY.min(self.inner.settings.unreachable_after / 4);
        if device.last_seen_at.is_some_and(|at| now.since(at) < every) {
            return;
        }
        let number = device.number;
        // Not waited for; a poll that is not noted is noted with the next one.
        drop(self.inner.store.submit(Flush::Lazy, move |tx| tx.touch_device(number, now)).await);
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
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let (operation, changed) = self
            .inner
            .store
            .write(Flush::Soon, move |tx| {
                let Poll { own, changed, .. } = poll(tx, &actor, id, now)?;
                let (_, waiting) = to_do(tx, &actor, id)?;
                let mut operation = waiting.into_iter().next();
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
}

/// The device that is to do something, unless it is removed; notes that it was heard when it asks itself. Also tells
/// whether it was the device itself, and what being heard changed.
pub(super) fn poll(tx: &Tx<'_>, actor: &Actor, id: DeviceId, now: Timestamp) -> Result<Poll, Error> {
    let mut device = reach(tx, actor, id, Scope::Operate)?;
    if device.status == DeviceStatus::Removed {
        return Err(Error::missing(format!("device {}", target(&device))));
    }
    let own = actor.is_device(id);
    let changed = (own && heard(tx, &mut device, now)?).then(|| device.clone());
    Ok(Poll { device, own, changed })
}

/// What [`poll`] found.
pub(super) struct Poll {
    pub(super) device: Device,
    /// It is the device itself that asks.
    pub(super) own: bool,
    /// The device, when its status changed because it was heard.
    pub(super) changed: Option<Device>,
}

/// The device, unless it is removed, and what it has still to do.
fn to_do(rx: &Rx<'_>, actor: &Actor, id: DeviceId) -> Result<(Device, Vec<Operation>), Error> {
    let device = reach(rx, actor, id, Scope::Operate)?;
    if device.status == DeviceStatus::Removed {
        return Err(Error::missing(format!("device {}", target(&device))));
    }
    let mut operations = rx.pending_operations(id, MAX_PENDING)?;
    operations.retain(|operation| may_have(&device, operation));
    Ok((device, operations))
}

/// Whether the device may have an operation now. It may be suspended because it violates its policy: it hears of that,
/// and is asked about it, all the same.
fn may_have(device: &Device, operation: &Operation) -> bool {
    let about_policy = operation.kind == OperationKind::Policy || is_of_policy(operation) || operation.code == MONITOR;
    match device.status {
        DeviceStatus::Suspended => about_policy,
        status => status.may_receive(),
    }
}

/// Notes that a device fetched what it had not fetched before.
fn note_fetched(tx: &Tx<'_>, operations: &mut [Operation], now: Timestamp) -> Result<(), Error> {
    for operation in operations.iter_mut().filter(|operation| operation.pushed_at.is_none()) {
        operation.pushed_at = Some(now);
        "fetched by the device; waiting for its answer".clone_into(&mut operation.reason);
        tx.update_operation(operation)?;
    }
    Ok(())
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

/// Where an operation goes over MQTT: the routes of its feature, else of its type, else the generic topic
/// `<tenant>/<type>/<id>/operation/<kind>/<code>/<number>` (the MQTT push strategy of the Entgra IoT Server).
fn routes(device_type: &DeviceType, device: &Device, operation: &Operation) -> Vec<Route> {
    let feature = device_type.feature(&operation.code);
    let policy = is_of_policy(operation).then(|| fill(&policy_route(), device, operation));
    let own = feature.map(|feature| &feature.push).filter(|routes| !routes.is_empty()).unwrap_or(&device_type.push);
    let generic = [generic_route()];
    let own = if own.is_empty() { &generic[..] } else { own };
    policy.into_iter().chain(own.iter().map(|route| fill(route, device, operation))).collect()
}

/// Whether it is one feature of a policy, for a type that knows no bundles.
fn is_of_policy(operation: &Operation) -> bool {
    operation.kind == OperationKind::Profile && operation.initiated_by == Principal::System.to_string()
}

/// Where a feature of a policy goes before all others: `<tenant>/<type>/<id>/operation/profile/<code>`, the code in lower
/// case (the MQTT push strategy of the Entgra IoT Server). Without a number in it nothing can be answered, so that its
/// delivery completes it.
fn policy_route() -> PushRoute {
    PushRoute {
        topic: "{tenant}/{type}/{id}/operation/profile/{code_lower}".to_owned(),
        payload: String::new(),
        completes: Completes::Delivery,
    }
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
            ("{code_lower}", &operation.code.to_ascii_lowercase()),
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
