//! `status`, `host` and `health`: the daemon and its board.

use std::time::Duration;

use comfy_table::{Cell, Color};

use super::failure::Failure;
use super::output::{Output, text};
use super::units::{relative, rough, size};
use crate::client::Client;
use crate::model::device::DeviceStatus;
use crate::wire::host::{Counts, Host, Power, Space, Status};

pub(super) async fn status(client: &Client, output: &mut Output) -> Result<(), Failure> {
    let status = client.status().await?;
    if output.is_json() {
        return output.document(&status);
    }
    let facts = status_facts(&status, output);
    output.facts(facts)
}

pub(super) async fn show(client: &Client, output: &mut Output) -> Result<(), Failure> {
    let host = client.host().await?;
    if output.is_json() {
        return output.document(&host);
    }
    output.facts(host_facts(&host))
}

pub(super) async fn health(client: &Client, output: &mut Output) -> Result<(), Failure> {
    client.ready().await?;
    if output.is_json() {
        return output.document(&serde_json::json!({ "ready": true }));
    }
    output.line("ready")
}

fn status_facts(status: &Status, output: &Output) -> Vec<(&'static str, Cell)> {
    let standing =
        if status.ready { Cell::new("ready").fg(Color::Green) } else { Cell::new("not ready").fg(Color::Red) };
    let mut facts = vec![
        ("daemon", standing),
        ("version", text(&status.version)),
        ("site", text(&status.site)),
        ("started", output.ago(status.started_at)),
        ("data", text(&status.data_dir)),
    ];
    let endpoints = &status.endpoints;
    for (name, addresses) in
        [("https", &endpoints.https), ("http", &endpoints.http), ("mqtt", &endpoints.mqtt), ("mqtts", &endpoints.mqtts)]
    {
        facts.push((name, text(&or_none(addresses.join(", ")))));
    }
    facts.push(("control", text(&endpoints.control)));
    facts.push(("CA SHA-256", text(&status.ca_fingerprint)));
    if let Some(at) = status.certificate_expires_at {
        facts.push(("certificate", Cell::new(format!("expires {}", relative(output.now(), at)))));
    }
    let counts = &status.counts;
    facts.push(("devices", Cell::new(device_counts(counts))));
    facts.push((
        "operations",
        Cell::new(format!(
            "{} pending, {} failed in the last day",
            counts.operations_pending, counts.operations_failed_last_day
        )),
    ));
    let rates = status.rates;
    facts.push((
        "per second",
        Cell::new(format!(
            "MQTT {:.1} in, {:.1} out; HTTP {:.1}; telemetry {:.1}",
            rates.mqtt_in, rates.mqtt_out, rates.http, rates.telemetry
        )),
    ));
    if status.setup_needed {
        facts.push(("setup", Cell::new("needed: run pymctl setup").fg(Color::Yellow)));
    }
    facts
}

/// `4 (3 ACTIVE, 1 UNREACHABLE), 2 connected`: those that are managed.
pub(super) fn device_counts(counts: &Counts) -> String {
    let managed = || counts.devices.iter().filter(|(status, _)| **status != DeviceStatus::Removed);
    let total: u64 = managed().map(|(_, count)| count).sum();
    let by_status: Vec<String> = managed().map(|(status, count)| format!("{count} {}", status.name())).collect();
    let by_status = if by_status.is_empty() { String::new() } else { format!(" ({})", by_status.join(", ")) };
    format!("{total}{by_status}, {} connected", counts.online)
}

fn host_facts(host: &Host) -> Vec<(&'static str, Cell)> {
    let cores: Vec<String> = host.cpu.iter().map(|percent| format!("{percent:.0}%")).collect();
    let [one, five, fifteen] = host.load;
    let temperature = host.temperature.map_or_else(|| "unknown".to_owned(), |degrees| format!("{degrees:.1} °C"));
    let mut facts = vec![
        ("host", text(&host.hostname)),
        ("model", text(&host.model)),
        ("system", text(&format!("{}, {} {}", host.os, host.kernel, host.arch))),
        ("up", Cell::new(rough(Duration::from_secs(host.uptime_secs)))),
        ("CPU", Cell::new(or_none(cores.join(" ")))),
        ("load", Cell::new(format!("{one:.2} {five:.2} {fifteen:.2}"))),
        ("memory", Cell::new(space(host.memory))),
        ("swap", Cell::new(space(host.swap))),
        ("disk", Cell::new(space(host.disk))),
        ("temperature", Cell::new(temperature)),
        ("power", Cell::new(power(host.power))),
    ];
    for interface in &host.network {
        let told = format!(
            "{}: {} ({}/s in, {}/s out)",
            interface.name,
            or_none(interface.addresses.join(", ")),
            size(interface.received_per_sec),
            size(interface.sent_per_sec)
        );
        facts.push(("network", text(&told)));
    }
    let limits = host.limits;
    if limits.memory.is_some() || limits.cpu.is_some() {
        let memory = limits.memory.map_or_else(|| "any memory".to_owned(), size);
        let cpu = limits.cpu.map_or_else(|| "any CPU".to_owned(), |cores| format!("{cores:.2} cores"));
        facts.push(("limits", Cell::new(format!("{memory}, {cpu}"))));
    }
    let daemon = host.daemon;
    facts.push((
        "pymd",
        Cell::new(format!("{} resident, {:.1}% CPU, {} open files", size(daemon.rss), daemon.cpu, daemon.open_files)),
    ));
    facts
}

/// `1.2 GiB of 3.8 GiB (32%)`.
fn space(space: Space) -> String {
    if space.total == 0 {
        return "none".to_owned();
    }
    let percent = u128::from(space.used) * 100 / u128::from(space.total);
    format!("{} of {} ({percent}%)", size(space.used), size(space.total))
}

fn power(power: Power) -> String {
    if power == Power::default() {
        return "unknown".to_owned();
    }
    let told = |flag: Option<bool>| match flag {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    };
    format!(
        "under-voltage {}, throttled {}, frequency capped {}, soft temperature limit {}, any since boot {}",
        told(power.under_voltage),
        told(power.throttled),
        told(power.frequency_capped),
        told(power.soft_temperature_limit),
        told(power.since_boot)
    )
}

pub(super) fn or_none(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::output::tests::output;
    use crate::model::timestamp::Timestamp;

    #[test]
    fn the_status_is_told_with_its_counts() {
        let (mut out, written) = output(false, false);
        let mut status = Status { version: "0.1.0".to_owned(), ready: true, setup_needed: true, ..Status::default() };
        status.started_at = Timestamp::parse("2026-11-22T09:00:00Z").unwrap();
        status.endpoints.https = vec!["0.0.0.0:9443".to_owned(), "0.0.0.0:8243".to_owned()];
        status.counts.devices =
            [(DeviceStatus::Active, 3), (DeviceStatus::Unreachable, 1), (DeviceStatus::Removed, 9)].into();
        status.counts.online = 2;
        let facts = status_facts(&status, &out);
        out.facts(facts).unwrap();
        let text = written.text();
        for line in [
            "daemon      ready",
            "started     1 h ago",
            "https       0.0.0.0:9443, 0.0.0.0:8243",
            "mqtt        none",
            "devices     4 (3 ACTIVE, 1 UNREACHABLE), 2 connected",
            "setup       needed: run pymctl setup",
        ] {
            assert!(text.lines().any(|told| told == line), "{line:?} is missing in\n{text}");
        }
    }

    #[test]
    fn what_the_board_does_not_tell_is_unknown() {
        assert_eq!(power(Power::default()), "unknown");
        let some = power(Power { throttled: Some(true), ..Power::default() });
        assert!(some.starts_with("under-voltage unknown, throttled yes, "), "{some}");
        assert_eq!(space(Space { used: 1 << 30, total: 1 << 32 }), "1.0 GiB of 4.0 GiB (25%)");
        assert_eq!(space(Space::default()), "none");
        let facts = host_facts(&Host::default());
        let temperature = facts.iter().find(|(name, _)| *name == "temperature").unwrap();
        assert_eq!(temperature.1.content(), "unknown");
    }
}
