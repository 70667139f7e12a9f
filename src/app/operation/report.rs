//! Taking the answers of devices.

use serde_json::Value as Json;

use super::delivery::{Poll, poll};
use super::set_status;
use crate::app::device::target;
use crate::app::effects::Effects;
use crate::app::facts::store_facts;
use crate::app::group::settle_groups;
use crate::app::location::store_location;
use crate::app::notification::notify;
use crate::app::{App, Error, compliance};
use crate::model::actor::Actor;
use crate::model::application::read_applications;
use crate::model::audit::Outcome;
use crate::model::compliance::MONITOR;
use crate::model::device::Device;
use crate::model::facts::Facts;
use crate::model::id::DeviceId;
use crate::model::location::NewLocation;
use crate::model::notification::NotificationKind;
use crate::model::operation::{MAX_RESPONSE, Operation, OperationStatus, Report, Response};
use crate::model::text::cut;
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Tx};

impl App {
    /// Takes a device's answers. Answers to operations that are unknown, foreign or ended change nothing, since devices
    /// repeat them. Returns how many changed.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a device that is unknown or removed, [`Error::Forbidden`] for another than the device
    /// itself or an operator.
    pub async fn report(&self, actor: &Actor, id: DeviceId, reports: Vec<Report>) -> Result<usize, Error> {
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let effects = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let Poll { device, own, changed } = poll(tx, &actor, id, now)?;
                let mut effects = Effects { heard: changed.into_iter().collect(), ..Effects::default() };
                store_reports(tx, &mut effects, &device, &reports, now)?;
                if !own && !effects.progressed.is_empty() {
                    let detail = format!("{} operations", effects.progressed.len());
                    tx.audit(now, &actor, "operation.report", &target(&device), Outcome::Done, &detail)?;
                }
                Ok::<_, Error>(effects)
            })
            .await?;
        let changed = effects.progressed.len();
        self.follow(effects).await;
        Ok(changed)
    }
}

/// Stores a device's answers, with all that follows from them.
pub(in crate::app) fn store_reports(
    tx: &Tx<'_>,
    effects: &mut Effects,
    device: &Device,
    reports: &[Report],
    now: Timestamp,
) -> Result<(), Error> {
    for report in reports {
        let Some(mut operation) = tx.operation_of(device.id, report.number)? else { continue };
        if !operation.status.may_become(report.status) {
            continue;
        }
        let text = report.response.as_deref().map_or("", |text| cut(text, MAX_RESPONSE));
        let told = operation.responses.last().map_or("", |last| last.text.as_str());
        let waits = report.status == OperationStatus::Pending || !operation.responses.is_empty();
        if operation.status == report.status && told == text && waits {
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
        operation.responses.push(response);
        set_status(tx, &mut operation, report.status, reason.to_owned(), now)?;
        take_answer(tx, effects, device, &operation, report, now)?;
        effects.progressed.push(operation);
    }
    Ok(())
}

/// What an answer means beyond its operation (the results of the Entgra API's Android agent).
fn take_answer(
    tx: &Tx<'_>,
    effects: &mut Effects,
    device: &Device,
    operation: &Operation,
    report: &Report,
    now: Timestamp,
) -> Result<(), Error> {
    if operation.code == MONITOR {
        compliance::answered(tx, effects, device, report.status, report.response.as_deref(), now)?;
    }
    if report.status == OperationStatus::Error && !compliance::is_routine(tx, device, operation)? {
        let text = format!(
            "{} operation failed to execute on device {} (ID: {})",
            operation.code, device.name, device.identifier
        );
        notify(tx, effects, NotificationKind::Operation, Some(device), Some(operation.number), &text, now)?;
    }
    if report.status != OperationStatus::Completed {
        return Ok(());
    }
    let answer = || serde_json::from_str::<Json>(report.response.as_deref()?).ok();
    match operation.code.as_str() {
        "APPLICATION_LIST" => {
            if let Some(Json::Array(list)) = answer() {
                tx.replace_applications(device.number, &read_applications(&list, now))?;
                settle_groups(tx, device.number, now)?;
            }
        }
        "DEVICE_LOCATION" => {
            if let Some(location) = answer().as_ref().and_then(NewLocation::read) {
                store_location(tx, effects, device, location, now)?;
            }
        }
        "DEVICE_INFO" => {
            if let Some(told) = answer() {
                store_facts(tx, effects, device, Facts::read(&told, now), now)?;
            }
        }
        _ => {}
    }
    Ok(())
}
