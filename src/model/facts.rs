//! What an Android device tells of itself: the device JSON of the Entgra API, in the compact form of its agent (facts as
//! properties, some of them lists of facts within JSON text) and in the full form (`deviceInfo`, `applications`).

use serde_json::{Map, Value as Json};

use super::application::{Application, read_applications};
use super::device::{Ownership, Property};
use super::location::NewLocation;
use super::text::{MAX_DESCRIPTION, MAX_NAME, clean, cut};
use super::timestamp::Timestamp;

/// The most facts taken from one description; further ones are left out.
const MAX_FACTS: usize = 150;
/// The most bytes of a fact's name and value (see [`Property`]).
const MAX_FACT_NAME: usize = 100;
const MAX_FACT: usize = 4096;

/// What a device told of itself; what it did not tell is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    pub identifier: Option<String>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub ownership: Option<Ownership>,
    /// One a name, in the order they were told; without those that are null or empty.
    pub properties: Vec<Property>,
    pub location: Option<NewLocation>,
    /// Percent.
    pub battery_level: Option<f64>,
    /// `None` where no list was told; an empty list says that nothing is installed.
    pub applications: Option<Vec<Application>>,
}

impl Facts {
    /// Reads a device's description of itself. Members of another kind than expected are as good as absent.
    #[must_use]
    pub fn read(device: &Json, at: Timestamp) -> Self {
        let word = |name: &str, max| {
            device.get(name).and_then(scalar).map(|text| clean(&text, max)).filter(|text| !text.is_empty())
        };
        let ownership = device.get("enrolmentInfo").and_then(|info| info.get("ownership")).and_then(scalar);
        let mut facts = Self {
            identifier: device.get("deviceIdentifier").and_then(scalar).filter(|text| !text.is_empty()),
            name: word("name", MAX_NAME),
            description: word("description", MAX_DESCRIPTION),
            ownership: ownership.filter(|word| !word.is_empty()).map(|word| read_ownership(&word)),
            ..Self::default()
        };
        for property in device.get("properties").and_then(Json::as_array).into_iter().flatten() {
            facts.pair(property, "");
        }
        if let Some(Json::Object(info)) = device.get("deviceInfo") {
            facts.info(info);
        }
        let applications = device.get("applications").or_else(|| device.get("deviceInfo")?.get("applications"));
        facts.applications = applications.and_then(Json::as_array).map(|list| read_applications(list, at));
        facts.conclude();
        facts
    }

    /// `{"name":…,"value":…}`; a value that is a list of such, or text that is, stands for its parts.
    fn pair(&mut self, pair: &Json, prefix: &str) {
        let Some(name) = pair.get("name").and_then(Json::as_str).filter(|name| !name.is_empty()) else { return };
        let Some(value) = pair.get("value") else { return };
        if prefix.is_empty()
            && let Some(parts) = parts(value)
        {
            let prefix = part_prefix(name);
            for part in &parts {
                self.pair(part, &prefix);
            }
            return;
        }
        let name = if name.starts_with(prefix) { name.to_owned() } else { format!("{prefix}{}", name.to_uppercase()) };
        self.set(&name, value);
    }

    /// The member `deviceInfo` of the full form, by the names of the compact one.
    fn info(&mut self, info: &Map<String, Json>) {
        for (name, value) in info {
            match (name.as_str(), value) {
                ("location", place) => self.location = NewLocation::read(place),
                ("deviceDetailsMap", Json::Object(details)) => {
                    for (name, value) in details {
                        self.set(name, value);
                    }
                }
                (_, Json::Object(_) | Json::Array(_)) => {}
                (name, value) => self.set(&compact_name(name), value),
            }
        }
    }

    fn set(&mut self, name: &str, value: &Json) {
        let Some(value) = scalar(value).filter(|value| !value.is_empty()) else { return };
        let name = clean(name, MAX_FACT_NAME);
        if name.is_empty() {
            return;
        }
        let value = cut(&value, MAX_FACT).to_owned();
        if let Some(known) = self.properties.iter_mut().find(|known| known.name == name) {
            known.value = value;
        } else if self.properties.len() < MAX_FACTS {
            self.properties.push(Property { name, value });
        }
    }

    /// What some facts mean beyond being facts. A place is no property: it changes, and has a history of its own.
    fn conclude(&mut self) {
        let number = |name: &str| {
            let fact = self.properties.iter().find(|fact| fact.name.eq_ignore_ascii_case(name))?;
            fact.value.trim().trim_end_matches('%').parse::<f64>().ok().filter(|value| value.is_finite())
        };
        self.battery_level = number("BATTERY_LEVEL").filter(|level| (0.0..=100.0).contains(level));
        let place = number("LATITUDE").zip(number("LONGITUDE"));
        if let Some(place) = place.and_then(|(latitude, longitude)| NewLocation::at(latitude, longitude)) {
            self.location.get_or_insert(place);
        }
        self.properties
            .retain(|fact| !fact.name.eq_ignore_ascii_case("LATITUDE") && !fact.name.eq_ignore_ascii_case("LONGITUDE"));
    }
}

/// The newer server knows more kinds of ownership; all of them are the organisation's.
fn read_ownership(word: &str) -> Ownership {
    Ownership::parse(word).unwrap_or(Ownership::Cope)
}

/// Text as it is, numbers and truth as JSON writes them; nothing for null, lists and objects.
fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.trim().to_owned()),
        Json::Number(_) | Json::Bool(_) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The parts of a fact that is a list of facts, be it as JSON or as text.
fn parts(value: &Json) -> Option<Vec<Json>> {
    match value {
        Json::Array(parts) => Some(parts.clone()),
        Json::String(text) if text.trim_start().starts_with('[') => serde_json::from_str(text).ok(),
        _ => None,
    }
}

/// What tells the parts of one list from those of another: `User` of `CPU_INFO` is `CPU_USER`. The parts of
/// `DEVICE_INFO` and `NETWORK_INFO` have names of their own.
fn part_prefix(list: &str) -> String {
    match list.strip_suffix("_INFO").unwrap_or(list) {
        "DEVICE" | "NETWORK" => String::new(),
        other => format!("{other}_"),
    }
}

/// The property that a member of `deviceInfo` is kept as: `internalTotalMemory` is `INTERNAL_TOTAL_MEMORY`; a few have
/// another name in the compact form.
#[must_use]
pub fn compact_name(name: &str) -> String {
    match name {
        "ssid" => return "WIFI_SSID".to_owned(),
        "totalRAMMemory" => return "RAM_TOTAL_MEMORY".to_owned(),
        "availableRAMMemory" => return "RAM_AVAILABLE_MEMORY".to_owned(),
        _ => {}
    }
    let mut compact = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_uppercase() && !compact.is_empty() {
            compact.push('_');
        }
        compact.extend(c.to_uppercase());
    }
    compact
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value<'a>(facts: &'a Facts, name: &str) -> Option<&'a str> {
        facts.properties.iter().find(|fact| fact.name == name).map(|fact| fact.value.as_str())
    }

    #[test]
    fn the_compact_form_is_read_with_its_lists_within_text() {
        let device = json!({
            "description": "walleye", "name": "Pixel 2", "deviceIdentifier": "d24f870f390352a4", "type": null,
            "enrolmentInfo": {"ownership": "COPE", "owner": "admin"},
            "properties": [
                {"name": "SERIAL", "value": "HT7"}, {"name": "IMSI", "value": null}, {"name": "MAC", "value": ""},
                {"name": "LATITUDE", "value": "6.9"}, {"name": "LONGITUDE", "value": "79.86"},
                {"name": "OS_BUILD_DATE", "value": 1_500_000_000},
                {"name": "NETWORK_INFO", "value": "[{\"name\":\"WIFI_SSID\",\"value\":\"lobby\"},{\"name\":\"X\"}]"},
                {"name": "CPU_INFO", "value": "[{\"name\":\"User\",\"value\":\"14\"}]"},
                {"name": "RAM_INFO", "value": [{"name": "TOTAL_MEMORY", "value": 3.5}]},
                {"name": "BATTERY_INFO", "value": "[{\"name\":\"BATTERY_LEVEL\",\"value\":\"42\"},{\"name\":\"HEALTH\",\"value\":\"Good\"}]"},
                {"name": "DEVICE_INFO", "value": "[{\"name\":\"INTERNAL_TOTAL_MEMORY\",\"value\":\"52.1\"}]"},
                {"name": "BROKEN", "value": "[{\"name\""}, {"value": "nameless"}, null, 7,
            ],
        });
        let facts = Facts::read(&device, Timestamp::default());
        assert_eq!(facts.identifier.as_deref(), Some("d24f870f390352a4"));
        assert_eq!((facts.name.as_deref(), facts.ownership), (Some("Pixel 2"), Some(Ownership::Cope)));
        assert_eq!(facts.battery_level, Some(42.0));
        let place = facts.location.as_ref().unwrap();
        assert_eq!((place.latitude, place.longitude), (6.9, 79.86));
        for (name, expected) in [
            ("SERIAL", Some("HT7")),
            ("IMSI", None),
            ("MAC", None),
            ("LATITUDE", None),
            ("OS_BUILD_DATE", Some("1500000000")),
            ("WIFI_SSID", Some("lobby")),
            ("CPU_USER", Some("14")),
            ("RAM_TOTAL_MEMORY", Some("3.5")),
            ("BATTERY_LEVEL", Some("42")),
            ("BATTERY_HEALTH", Some("Good")),
            ("INTERNAL_TOTAL_MEMORY", Some("52.1")),
            ("BROKEN", Some("[{\"name\"")),
            ("DEVICE_INFO", None),
        ] {
            assert_eq!(value(&facts, name), expected, "{name}");
        }
        assert_eq!(facts.applications, None);
    }

    #[test]
    fn the_full_form_is_read() {
        let device = json!({
            "name": "Nexus", "type": "android", "deviceIdentifier": "1234", "features": [{"code": "CAMERA"}],
            "enrolmentInfo": {"ownership": "COSU", "status": "ACTIVE"},
            "deviceInfo": {
                "deviceModel": "SM-T520", "osVersion": "6.0.1", "batteryLevel": 86.0, "ssid": "FX30",
                "internalTotalMemory": "11.61", "totalRAMMemory": 1.8, "pluggedIn": true, "vendor": "",
                "location": {"latitude": 6.9, "longitude": 79.8, "city": "Colombo"},
                "deviceDetailsMap": {"cpuUser": "5"},
            },
            "applications": [{"applicationIdentifier": "org.wso2.app", "name": "catalog", "version": "1.2.0"}],
        });
        let facts = Facts::read(&device, Timestamp::default());
        for (name, expected) in [
            ("DEVICE_MODEL", Some("SM-T520")),
            ("OS_VERSION", Some("6.0.1")),
            ("WIFI_SSID", Some("FX30")),
            ("INTERNAL_TOTAL_MEMORY", Some("11.61")),
            ("RAM_TOTAL_MEMORY", Some("1.8")),
            ("PLUGGED_IN", Some("true")),
            ("VENDOR", None),
            ("cpuUser", Some("5")),
        ] {
            assert_eq!(value(&facts, name), expected, "{name}");
        }
        assert_eq!((facts.battery_level, facts.ownership), (Some(86.0), Some(Ownership::Cope)));
        assert_eq!(facts.location.unwrap().address.city, "Colombo");
        assert_eq!(facts.applications.unwrap()[0].package, "org.wso2.app");
    }

    #[test]
    fn anything_at_all_is_read_as_something() {
        for odd in [json!(null), json!([]), json!({"properties": {"a": 1}, "deviceInfo": [], "name": []}), json!("x")] {
            assert_eq!(Facts::read(&odd, Timestamp::default()), Facts::default(), "{odd}");
        }
        let many: Vec<_> = (0..1000).map(|n| json!({"name": format!("P{n}"), "value": n})).collect();
        assert_eq!(Facts::read(&json!({ "properties": many }), Timestamp::default()).properties.len(), MAX_FACTS);
    }
}
