//! A device as the Entgra API writes it (`Device` and `DeviceInfo` of its Java classes).

use serde::Serialize;
use serde_json::{Map, Number, Value as Json};

use crate::model::device::{Device, Property};

/// `Device`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeviceBody {
    id: i64,
    name: String,
    r#type: String,
    description: String,
    device_identifier: String,
    enrolment_info: EnrolmentInfo,
    properties: Vec<Property>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_info: Option<Json>,
}

/// `EnrolmentInfo`, its dates in milliseconds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EnrolmentInfo {
    id: i64,
    date_of_enrolment: i64,
    date_of_last_update: i64,
    ownership: &'static str,
    status: &'static str,
    owner: String,
}

impl DeviceBody {
    pub(super) fn new(device: &Device, properties: Vec<Property>, with_info: bool) -> Self {
        Self {
            id: device.number,
            name: device.name.clone(),
            r#type: device.device_type.clone(),
            description: device.description.clone(),
            device_identifier: device.identifier.clone(),
            enrolment_info: EnrolmentInfo {
                id: device.number,
                date_of_enrolment: device.enrolled_at.millis(),
                date_of_last_update: device.updated_at.millis(),
                ownership: device.ownership.name(),
                status: device.status.name(),
                owner: device.owner.clone(),
            },
            device_info: with_info.then(|| info(properties.clone())),
            properties,
        }
    }
}

/// How a property of an agent is called in `DeviceInfo`, and whether it is a number there.
const FACTS: [(&str, &str, Kind); 15] = [
    ("DEVICE_MODEL", "deviceModel", Kind::Text),
    ("VENDOR", "vendor", Kind::Text),
    ("OS_VERSION", "osVersion", Kind::Text),
    ("OS_BUILD_DATE", "osBuildDate", Kind::Text),
    ("BATTERY_LEVEL", "batteryLevel", Kind::Number),
    ("INTERNAL_TOTAL_MEMORY", "internalTotalMemory", Kind::Number),
    ("INTERNAL_AVAILABLE_MEMORY", "internalAvailableMemory", Kind::Number),
    ("EXTERNAL_TOTAL_MEMORY", "externalTotalMemory", Kind::Number),
    ("EXTERNAL_AVAILABLE_MEMORY", "externalAvailableMemory", Kind::Number),
    ("OPERATOR", "operator", Kind::Text),
    ("CONNECTION_TYPE", "connectionType", Kind::Text),
    ("MOBILE_SIGNAL_STRENGTH", "mobileSignalStrength", Kind::Number),
    ("WIFI_SSID", "ssid", Kind::Text),
    ("RAM_TOTAL_MEMORY", "totalRAMMemory", Kind::Number),
    ("RAM_AVAILABLE_MEMORY", "availableRAMMemory", Kind::Number),
];

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
}

/// `DeviceInfo`: what it has no member for is in `deviceDetailsMap`, so is a number that is none.
pub(super) fn info(properties: Vec<Property>) -> Json {
    let (mut info, mut details) = (Map::new(), Map::new());
    for Property { name, value } in properties {
        let fact = FACTS.iter().find(|(property, ..)| *property == name);
        let number = || value.trim().parse().ok().and_then(Number::from_f64);
        match fact {
            Some((_, member, Kind::Text)) => drop(info.insert((*member).to_owned(), value.into())),
            Some((_, member, Kind::Number)) if number().is_some() => {
                info.extend(number().map(|number| ((*member).to_owned(), Json::Number(number))));
            }
            _ => drop(details.insert(name, value.into())),
        }
    }
    info.insert("deviceDetailsMap".to_owned(), details.into());
    info.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_have_members_and_the_rest_is_a_map() {
        let property = |name: &str, value: &str| Property { name: name.to_owned(), value: value.to_owned() };
        let properties = [("OS_VERSION", "8.1"), ("BATTERY_LEVEL", "42"), ("RAM_TOTAL_MEMORY", "much"), ("X", "y")];
        let body = info(properties.map(|(name, value)| property(name, value)).to_vec());
        let expected = serde_json::json!({
            "osVersion": "8.1", "batteryLevel": 42.0, "deviceDetailsMap": { "RAM_TOTAL_MEMORY": "much", "X": "y" },
        });
        assert_eq!(body, expected);
    }
}
