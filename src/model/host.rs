//! The gateway: the board itself, and how the daemon on it stands.
//!
//! Sizes are bytes, durations seconds, temperatures degrees Celsius; the same shapes go over the wire.

use serde::{Deserialize, Serialize};

use super::device::DeviceStatus;
use super::timestamp::Timestamp;

/// The board's facts and its load at one moment: `GET /host`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Host {
    pub at: Timestamp,
    pub hostname: String,
    /// Such as `Raspberry Pi 4 Model B Rev 1.4`; the CPU's name elsewhere.
    pub model: String,
    pub os: String,
    pub kernel: String,
    pub arch: String,
    pub uptime_secs: u64,
    /// Percent, 0 to 100, one a core.
    pub cpu: Vec<f32>,
    /// Averages over 1, 5 and 15 minutes.
    pub load: [f64; 3],
    pub memory: Space,
    pub swap: Space,
    /// The file system of the data directory.
    pub disk: Space,
    /// `None`: the board does not tell.
    pub temperature: Option<f32>,
    pub power: Power,
    pub network: Vec<Interface>,
    /// Limits of the control group Pym runs in, where there are any.
    pub limits: Limits,
    pub daemon: Process,
    /// Where balena runs Pym.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balena: Option<Balena>,
}

/// What balena tells a container of its device; empty where it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balena {
    /// The device's id in its fleet's dashboard.
    pub uuid: String,
    /// The device's name when the container was made.
    pub name: String,
    pub fleet: String,
    pub service: String,
    pub device_type: String,
    pub os: String,
    pub supervisor: String,
}

/// What Pym takes of the disk: `GET /host/storage`. Sizes are bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storage {
    /// The database with its write-ahead log.
    pub database: u64,
    /// Application packages.
    pub packages: u64,
    /// The file system of the data directory, as it was measured last.
    pub disk: Space,
}

/// Bytes in use of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    pub used: u64,
    pub total: u64,
}

/// How the board and the daemon did over a few seconds: one point of `GET /host/history`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostPoint {
    /// The end of these seconds.
    pub at: Timestamp,
    /// Percent of all cores, 0 to 100, on average.
    pub cpu: f32,
    /// Percent in use, 0 to 100, at the end; zero where the board tells no total.
    pub memory: f32,
    /// Percent of the data directory's file system in use, 0 to 100, at the end.
    pub disk: f32,
    /// The hottest moment; `None`: the board does not tell.
    pub temperature: Option<f32>,
    /// [`Power::hampered`] at any moment.
    pub hampered: Option<bool>,
    /// Messages, requests and events per second.
    pub mqtt_in: f32,
    pub mqtt_out: f32,
    pub http: f32,
    pub telemetry: f32,
}

impl Space {
    /// How much is in use, in percent, 0 to 100; zero of nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a percentage to look at")]
    pub fn percent(self) -> f32 {
        if self.total == 0 {
            return 0.0;
        }
        (self.used as f64 * 100.0 / self.total as f64).min(100.0) as f32
    }
}

impl Power {
    /// Whether the board runs slower than it could, or wants for voltage, now; `None` when nothing tells.
    #[must_use]
    pub fn hampered(self) -> Option<bool> {
        let told = [self.under_voltage, self.throttled, self.frequency_capped, self.soft_temperature_limit];
        told.into_iter().flatten().reduce(|one, other| one || other)
    }
}

/// What the firmware says of throttling and the supply voltage. `None` is unknown, never fine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Power {
    pub under_voltage: Option<bool>,
    pub throttled: Option<bool>,
    pub frequency_capped: Option<bool>,
    pub soft_temperature_limit: Option<bool>,
    /// Any of these has happened since the board started.
    pub since_boot: Option<bool>,
}

/// A network interface.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Interface {
    pub name: String,
    pub addresses: Vec<String>,
    /// Bytes per second since the last sample.
    pub received_per_sec: u64,
    pub sent_per_sec: u64,
}

/// Limits of the control group, `None` where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    pub memory: Option<u64>,
    /// In cores: 1.5 is one core and a half.
    pub cpu: Option<f64>,
}

/// The daemon's own use of the board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Process {
    pub rss: u64,
    /// Percent of one core.
    pub cpu: f32,
    pub open_files: u64,
}

/// How the daemon stands: `GET /status`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    /// A UUID that names this site, made at the first start.
    pub site: String,
    pub started_at: Timestamp,
    pub ready: bool,
    /// Someone has to set the first administrator up: `POST /setup`.
    pub setup_needed: bool,
    /// The one-time code for that; told on the control socket alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup_code: Option<String>,
    pub data_dir: String,
    pub endpoints: Endpoints,
    /// SHA-256 of the site CA certificate, hex: compare it before trusting the CA.
    pub ca_fingerprint: String,
    pub certificate_expires_at: Option<Timestamp>,
    pub counts: Counts,
    pub rates: Rates,
}

/// Every bound address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    pub http: Vec<String>,
    pub https: Vec<String>,
    pub mqtt: Vec<String>,
    pub mqtts: Vec<String>,
    pub control: String,
}

/// Counts of things.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Devices by status; statuses no device has are absent.
    pub devices: std::collections::BTreeMap<DeviceStatus, u64>,
    /// Devices with an open MQTT connection.
    pub online: u64,
    pub operations_pending: u64,
    pub operations_failed_last_day: u64,
}

/// Messages per second, over the last ten seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    pub mqtt_in: f64,
    pub mqtt_out: f64,
    pub http: f64,
    pub telemetry: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_tells_is_neither_fine_nor_a_division() {
        assert_eq!(Power::default().hampered(), None);
        assert_eq!(Power { since_boot: Some(true), ..Power::default() }.hampered(), None);
        let fine = Power { throttled: Some(false), ..Power::default() };
        assert_eq!(fine.hampered(), Some(false));
        assert_eq!(Power { under_voltage: Some(true), ..fine }.hampered(), Some(true));
        assert!((Space { used: 1, total: 4 }.percent() - 25.0).abs() < f32::EPSILON);
        assert!(Space::default().percent().abs() < f32::EPSILON);
    }
}
