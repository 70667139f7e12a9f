//! The archive of an agent: its program, and a file of this one device's keys in the shape that agents made for the
//! Entgra IoT Server read.

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::Reach;
use crate::app::oauth::DeviceCredentials;
use crate::model::TENANT;
use crate::model::device::Device;
use crate::model::text::cut;
use crate::model::timestamp::Timestamp;

/// Seconds between two measurements of an agent.
const PUSH_INTERVAL: u32 = 15;
/// The most bytes of an archive's name.
const MAX_FILE_STEM: usize = 64;
const PROGRAM: u32 = 0o755;
const TEXT: u32 = 0o644;
/// Keys are their owner's alone.
const SECRET: u32 = 0o600;

const AGENT: &str = include_str!("../../../assets/agents/python/agent.py");
const AGENT_README: &str = include_str!("../../../assets/agents/python/README.md");
const AGENT_UNIT: &str = include_str!("../../../assets/agents/python/pym-agent.service");
const SKETCH: &str = include_str!("../../../assets/agents/arduino/ArduinoBoardSketch.ino");
const SKETCH_README: &str = include_str!("../../../assets/agents/arduino/README.md");

/// The archive for a device: nothing in it is compressed.
pub(super) fn pack(device: &Device, keys: &DeviceCredentials, reach: &Reach, now: Timestamp) -> ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored =
        SimpleFileOptions::default().compression_method(CompressionMethod::Stored).last_modified_time(date(now));
    let mut put = |name: &str, text: &str, mode: u32| {
        zip.start_file(name, stored.unix_permissions(mode))?;
        Ok::<_, zip::result::ZipError>(zip.write_all(text.as_bytes())?)
    };
    if device.device_type == "arduino" {
        put("ArduinoBoardSketch.ino", SKETCH, TEXT)?;
        put("ArduinoBoardSketch.h", &header(device, keys, reach), SECRET)?;
        put("README.md", SKETCH_README, TEXT)?;
    } else {
        put("agent.py", AGENT, PROGRAM)?;
        put("deviceConfig.properties", &properties(device, keys, reach), SECRET)?;
        put("ca.pem", &reach.authority, TEXT)?;
        put("pym-agent.service", AGENT_UNIT, TEXT)?;
        put("README.md", AGENT_README, TEXT)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// The device's name as letters, digits, `.`, `_` and `-`.
pub(super) fn file_stem(device: &Device) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let stem: String = cut(&device.name, MAX_FILE_STEM).chars().map(plain).collect();
    let stem = stem.trim_matches('.');
    if stem.is_empty() { device.identifier.clone() } else { stem.to_owned() }
}

/// `deviceConfig.properties`: an INI section for the Raspberry Pi, plain Java properties for the fire alarm.
fn properties(device: &Device, keys: &DeviceCredentials, reach: &Reach) -> String {
    let http = reach.http().or(reach.https()).unwrap_or_default();
    let application_key = BASE64_STANDARD.encode(format!("{}:{}", keys.client_id, keys.client_secret));
    let mut lines = vec![
        ("server-name", TENANT.to_owned()),
        ("owner", format!("{}@{TENANT}", device.owner)),
        ("deviceId", device.identifier.clone()),
        ("device-name", one_line(&device.name)),
        ("controller-context", format!("/{}", device.device_type)),
        ("https-ep", reach.https().unwrap_or_else(|| http.clone())),
        ("http-ep", http.clone()),
        ("apim-ep", http),
        ("mqtt-ep", reach.mqtt().unwrap_or_default()),
        ("auth-method", "token".to_owned()),
        ("application-key", application_key),
        ("auth-token", keys.access_token.clone()),
        ("refresh-token", keys.refresh_token.clone()),
        ("push-interval", PUSH_INTERVAL.to_string()),
    ];
    let mut text = String::new();
    if device.device_type == "raspberrypi" {
        text.push_str("[Device-Configurations]\n");
    } else {
        // Its agent insists on these; nothing here speaks XMPP.
        lines.extend([
            ("tenantDomain", TENANT.to_owned()),
            ("xmpp-ep", format!("xmpp://{}:5222", reach.host)),
            ("xmpp-server-name", reach.host.clone()),
            ("server-jid", format!("admin@{}", reach.host)),
        ]);
    }
    for (key, value) in lines {
        text.extend([key, "=", &value, "\n"]);
    }
    text
}

/// `ArduinoBoardSketch.h`.
fn header(device: &Device, keys: &DeviceCredentials, reach: &Reach) -> String {
    let address = reach.address.map_or([0; 4], |address| address.octets()).map(|octet| octet.to_string()).join(",");
    let port = reach.http_port.unwrap_or_default();
    let quoted = |text: &str| format!("\"{}\"", one_line(text).replace(['"', '\\'], "_"));
    let mut text = String::from("// The keys of one board. Keep them private.\n#pragma once\n\n");
    let lines = [
        ("DEVICE_OWNER", quoted(&format!("{}@{TENANT}", device.owner))),
        ("DEVICE_ID", quoted(&device.identifier)),
        ("DEVICE_TOKEN", quoted(&keys.access_token)),
        ("DEVICE_REFRESH_TOKEN", quoted(&keys.refresh_token)),
        ("SERVER_EP_PORT", port.to_string()),
        ("SERVER_EP_IP", address),
    ];
    for (name, value) in lines {
        text.extend(["#define ", name, " ", &value, "\n"]);
    }
    text
}

/// Python's parser of INI files gives `%` a meaning.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '%' { '_' } else { c }).collect()
}

/// The time as archives know it: from 1980 on, in UTC.
fn date(now: Timestamp) -> DateTime {
    let date = now.to_utc().and_then(|now| {
        let year = u16::try_from(now.year()).ok()?;
        DateTime::from_date_and_time(year, now.month().into(), now.day(), now.hour(), now.minute(), now.second()).ok()
    });
    date.unwrap_or_default()
}
