//! Where devices are, as far as they tell.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::text::clean;
use super::timestamp::Timestamp;

/// The most locations kept of a device; older ones are forgotten.
pub const MAX_LOCATIONS: u32 = 1000;
/// The most bytes of one part of an address.
const MAX_PART: usize = 200;

/// A postal address, as far as a device told it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub street1: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub street2: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub city: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub zip: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub country: String,
}

/// Where a device was at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// By the device's clock; the time of receipt where it told none.
    pub at: Timestamp,
    pub received_at: Timestamp,
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    pub address: Address,
}

/// A location as a device tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLocation {
    /// `None` where the device told no time, or an impossible one.
    pub at: Option<Timestamp>,
    pub latitude: f64,
    pub longitude: f64,
    pub address: Address,
}

impl NewLocation {
    /// A place without address and time, unless it is not on this planet.
    #[must_use]
    pub fn at(latitude: f64, longitude: f64) -> Option<Self> {
        let fits = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        fits.then(|| Self { at: None, latitude, longitude, address: Address::default() })
    }

    /// Reads what the Android agent tells of its place: an object with `latitude` and `longitude`, numbers or text, and
    /// perhaps `street1`, `street2`, `city`, `state`, `zip`, `country` and `timeStamp` (milliseconds). `None` where
    /// there is no place in it.
    #[must_use]
    pub fn read(json: &Json) -> Option<Self> {
        let part =
            |name: &str| json.get(name).and_then(Json::as_str).map(|part| clean(part, MAX_PART)).unwrap_or_default();
        let place = Self::at(degrees(json.get("latitude")?)?, degrees(json.get("longitude")?)?)?;
        let address = Address {
            street1: part("street1"),
            street2: part("street2"),
            city: part("city"),
            state: part("state"),
            zip: part("zip"),
            country: part("country"),
        };
        let time = json.get("timeStamp").or_else(|| json.get("timestamp"));
        Some(Self { at: time.and_then(super::topic::read_time), address, ..place })
    }
}

/// A number, or text that is one.
fn degrees(json: &Json) -> Option<f64> {
    json.as_f64().or_else(|| json.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_place_is_read_from_numbers_and_from_text() {
        let told = json!({"latitude": "6.9", "longitude": 79.86, "city": "Colombo", "street2": null, "zip": "00300"});
        let read = NewLocation::read(&told).unwrap();
        assert_eq!((read.latitude, read.longitude, read.at), (6.9, 79.86, None));
        assert_eq!((read.address.city.as_str(), read.address.street2.as_str()), ("Colombo", ""));
        let timed = NewLocation::read(&json!({"latitude": 1, "longitude": 2, "timeStamp": 1_790_000_000_123_i64}));
        assert_eq!(timed.unwrap().at, Some(Timestamp::from_millis(1_790_000_000_123)));
    }

    #[test]
    fn what_is_no_place_is_none() {
        for told in [
            json!({}),
            json!("GPS is off"),
            json!({"latitude": "", "longitude": "79"}),
            json!({"latitude": null, "longitude": null}),
            json!({"latitude": 91, "longitude": 0}),
            json!({"latitude": 0, "longitude": "NaN"}),
        ] {
            assert_eq!(NewLocation::read(&told), None, "{told}");
        }
    }
}
