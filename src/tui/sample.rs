//! A small site built by hand: what the self-test draws and the screen tests look at.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::device::DeviceStatus;
use crate::model::id::DeviceId;
use crate::model::timestamp::Timestamp;
use crate::wire::device::{Device, Ownership};
use crate::wire::host::{Counts, Endpoints, Host, Interface, Limits, Power, Process, Rates, Space, Status};
use crate::wire::watch::Snapshot;

/// 2026-11-22T10:12:33Z: the moment at which the site is looked at.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_795_342_353);

const MIB: u64 = 1024 * 1024;

/// The whole picture of the site.
pub(crate) fn snapshot() -> Snapshot {
    let devices = devices();
    let mut counts = BTreeMap::new();
    for device in &devices {
        *counts.entry(device.status).or_insert(0) += 1;
    }
    Snapshot { at: NOW, status: status(counts), host: host(), devices, operations: Vec::new(), notices: Vec::new() }
}

/// Four devices, each in another status.
pub(crate) fn devices() -> Vec<Device> {
    [
        ("kitchen", "raspberrypi", "d24f870f390352a4", DeviceStatus::Active, 4),
        ("greenhouse", "arduino", "a0b1c2d3", DeviceStatus::Active, 11),
        ("cellar", "raspberrypi", "9f01c33a7be01d20", DeviceStatus::Unreachable, 754),
        ("hall smoke", "virtual_firealarm", "fa-0007", DeviceStatus::Created, 86_400),
    ]
    .into_iter()
    .zip(1_u8..)
    .map(|((name, device_type, identifier, status, silent), number)| Device {
        id: DeviceId::from_bytes([number; 16]),
        number: i64::from(number),
        device_type: device_type.to_owned(),
        identifier: identifier.to_owned(),
        name: name.to_owned(),
        description: String::new(),
        owner: "admin".to_owned(),
        ownership: Ownership::Cope,
        status,
        online: status == DeviceStatus::Active,
        enrolled_at: NOW.minus(Duration::from_hours(25)),
        updated_at: NOW,
        last_seen_at: (status != DeviceStatus::Created).then(|| NOW.minus(Duration::from_secs(silent))),
    })
    .collect()
}

fn host() -> Host {
    Host {
        at: NOW,
        hostname: "gateway".to_owned(),
        model: "Raspberry Pi 4 Model B Rev 1.4".to_owned(),
        os: "Debian GNU/Linux 13".to_owned(),
        kernel: "6.12.47".to_owned(),
        arch: "aarch64".to_owned(),
        uptime_secs: 273_600,
        cpu: vec![31.0, 12.5, 8.0, 3.0],
        load: [0.42, 0.31, 0.22],
        memory: Space { used: 412 * MIB, total: 3794 * MIB },
        swap: Space { used: 0, total: 100 * MIB },
        disk: Space { used: 6240 * MIB, total: 29_500 * MIB },
        temperature: Some(48.3),
        power: Power {
            under_voltage: Some(false),
            throttled: Some(false),
            frequency_capped: Some(false),
            soft_temperature_limit: Some(false),
            since_boot: Some(false),
        },
        network: vec![Interface {
            name: "eth0".to_owned(),
            addresses: vec!["192.168.1.20".to_owned()],
            received_per_sec: 12_600,
            sent_per_sec: 3300,
        }],
        limits: Limits::default(),
        daemon: Process { rss: 10_276_044, cpu: 1.2, open_files: 41 },
        balena: None,
    }
}

fn status(devices: BTreeMap<DeviceStatus, u64>) -> Status {
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        site: "019aab4e-6f10-7000-8000-000000000001".to_owned(),
        started_at: NOW.minus(Duration::from_secs(93_784)),
        ready: true,
        setup_needed: false,
        setup_code: None,
        data_dir: "/var/lib/pym".to_owned(),
        endpoints: Endpoints {
            http: vec!["0.0.0.0:8280".to_owned()],
            https: vec!["0.0.0.0:9443".to_owned(), "0.0.0.0:8243".to_owned()],
            mqtt: vec!["0.0.0.0:1883".to_owned()],
            mqtts: vec!["0.0.0.0:8883".to_owned()],
            control: "/run/pym/pym.sock".to_owned(),
        },
        ca_fingerprint: "5f".repeat(32),
        certificate_expires_at: None,
        counts: Counts { devices, online: 2, operations_pending: 1, operations_failed_last_day: 0 },
        rates: Rates { mqtt_in: 12.4, mqtt_out: 1.3, http: 0.4, telemetry: 24.8 },
    }
}

#[cfg(test)]
pub(crate) use lists::{detail, device_type, notices, operations};

/// What only the tests of the lists need.
#[cfg(test)]
mod lists {
    use super::{Duration, NOW, devices};
    use crate::model::change::NoticeKind;
    use crate::model::device_type::{DeviceType, Feature, Payload};
    use crate::model::id::{ActivityId, OperationId};
    use crate::model::operation::{OperationKind, OperationStatus, Response};
    use crate::wire::device::{DeviceDetail, DeviceStatus, Property, StatusChange};
    use crate::wire::operation::Operation;
    use crate::wire::telemetry::{LastValue, Value};
    use crate::wire::watch::Notice;

    pub(crate) fn operations() -> Vec<Operation> {
        [
            ("bulb", "ON", OperationStatus::Completed, 0, "the device answered"),
            ("bulb", "OFF", OperationStatus::Pending, 2, "waiting for the device to connect"),
            ("reboot", "", OperationStatus::Error, 0, "the device refused: not allowed"),
        ]
        .into_iter()
        .zip(1_u8..)
        .map(|((code, payload, status, device, reason), number)| Operation {
            id: OperationId::from_bytes([number; 16]),
            activity: ActivityId::from_bytes([number; 16]),
            number: i64::from(number),
            device: devices()[device].id,
            code: code.to_owned(),
            kind: OperationKind::Command,
            payload: (!payload.is_empty()).then(|| payload.to_owned()),
            status,
            reason: reason.to_owned(),
            initiated_by: "admin".to_owned(),
            created_at: NOW.minus(Duration::from_secs(60 * u64::from(number))),
            updated_at: NOW.minus(Duration::from_secs(30 * u64::from(number))),
            pushed_at: None,
            expires_at: None,
            responses: vec![Response { at: NOW, status, text: "bulb is on".to_owned() }],
        })
        .collect()
    }

    pub(crate) fn notices() -> Vec<Notice> {
        [
            (NoticeKind::Device, "cellar disconnected", Some(2)),
            (NoticeKind::Refused, "MQTT connection from 192.168.1.77 refused: the token has expired", None),
            (NoticeKind::Operation, "bulb COMPLETED: done by the device", Some(0)),
            (NoticeKind::Refused, "user.login guest refused, from 192.168.1.20", None),
        ]
        .into_iter()
        .zip(1_u64..)
        .map(|((about, text, device), age)| Notice {
            at: NOW.minus(Duration::from_secs(700 * age)),
            about,
            text: text.to_owned(),
            device: device.map(|device: usize| devices()[device].id),
        })
        .collect()
    }

    pub(crate) fn detail() -> DeviceDetail {
        let device = devices().remove(0);
        let metric = |metric: &str, value, unit: &str, title: &str| LastValue {
            metric: metric.to_owned(),
            value,
            unit: unit.to_owned(),
            title: title.to_owned(),
            device_time: NOW,
            received_at: NOW.minus(Duration::from_secs(4)),
        };
        let change = |secs, from, to, reason: &str| StatusChange {
            at: NOW.minus(Duration::from_secs(secs)),
            from,
            to,
            by: "system".to_owned(),
            reason: reason.to_owned(),
        };
        DeviceDetail {
            device,
            properties: vec![Property { name: "os".to_owned(), value: "Debian 13".to_owned() }],
            location: None,
            tags: Vec::new(),
            note: None,
            groups: vec!["ground floor".to_owned()],
            metrics: vec![
                metric("cpu_temp", Value::Number(48.5), "°C", "CPU temperature"),
                metric("load", Value::Number(0.31), "", "Load"),
                metric("bulb", Value::Text("ON".to_owned()), "", ""),
            ],
            status_history: vec![
                change(300, Some(DeviceStatus::Unreachable), DeviceStatus::Active, "heard again"),
                change(400, Some(DeviceStatus::Active), DeviceStatus::Unreachable, "connection ended"),
                change(90_000, None, DeviceStatus::Created, "enrolled"),
            ],
            enrollments: Vec::new(),
        }
    }

    pub(crate) fn device_type() -> DeviceType {
        let feature = |code: &str, name: &str, payload, confirm| Feature {
            code: code.to_owned(),
            name: name.to_owned(),
            description: String::new(),
            kind: OperationKind::Command,
            payload,
            confirm,
            policy: false,
            push: Vec::new(),
        };
        let choices = vec!["ON".to_owned(), "OFF".to_owned()];
        DeviceType {
            name: "raspberrypi".to_owned(),
            title: "Raspberry Pi".to_owned(),
            description: String::new(),
            custom: false,
            properties: Vec::new(),
            metrics: Vec::new(),
            features: vec![
                feature("bulb", "Switch the bulb", Payload::Choice { choices }, false),
                feature("reboot", "Reboot", Payload::None, true),
                feature("note", "Show a text", Payload::Text, false),
            ],
            push: Vec::new(),
            initial_operations: Vec::new(),
            polled_operations: Vec::new(),
            token_days: None,
        }
    }
}
