//! What devices tell of themselves.

use std::collections::HashMap;

use super::Error;
use super::effects::Effects;
use super::group::settle_groups;
use super::location::store_location;
use crate::model::device::{Device, Property};
use crate::model::facts::Facts;
use crate::model::telemetry::{NewEvent, Sample, Value};
use crate::model::timestamp::Timestamp;
use crate::store::Tx;

/// The metric that a battery's level is kept as.
const BATTERY_LEVEL: &str = "battery_level";

/// Keeps what a device told of itself, but for its name and owner. Properties beyond the bound of a device are left
/// out, since the device cannot help it; what is as it was is not written. Returns whether any property is new.
pub(super) fn store_facts(
    tx: &Tx<'_>,
    effects: &mut Effects,
    device: &Device,
    facts: Facts,
    now: Timestamp,
) -> Result<bool, Error> {
    let changed = put_new(tx, device, facts.properties)?;
    if let Some(applications) = &facts.applications {
        tx.replace_applications(device.number, applications)?;
    }
    if let Some(location) = facts.location {
        store_location(tx, effects, device, location, now)?;
    }
    if let Some(level) = facts.battery_level {
        let sample = Sample { metric: BATTERY_LEVEL.to_owned(), value: Value::Number(level) };
        tx.add_event(device.number, &NewEvent { device_time: None, samples: vec![sample] }, now)?;
    }
    if changed || facts.applications.is_some() || facts.battery_level.is_some() {
        settle_groups(tx, device.number, now)?;
    }
    Ok(changed)
}

fn put_new(tx: &Tx<'_>, device: &Device, told: Vec<Property>) -> Result<bool, Error> {
    let known: HashMap<String, String> =
        tx.properties(device.number)?.into_iter().map(|known| (known.name, known.value)).collect();
    let mut room = super::device::MAX_PROPERTIES.saturating_sub(known.len());
    let mut new = Vec::new();
    for property in told {
        match known.get(&property.name) {
            Some(value) if *value == property.value => {}
            Some(_) => new.push(property),
            None if room > 0 => {
                room -= 1;
                new.push(property);
            }
            None => tracing::debug!(device.id = %device.id, "a device has as many properties as it may"),
        }
    }
    if new.is_empty() {
        return Ok(false);
    }
    tx.put_properties(device.number, &new)?;
    Ok(true)
}
