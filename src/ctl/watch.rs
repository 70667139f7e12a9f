//! `watch`: what happens, as it happens.

use std::collections::HashMap;
use std::io::{self, Write as _};

use serde_json::json;

use super::failure::Failure;
use super::host::device_counts;
use super::output::{Output, short};
use super::{device, wait};
use crate::client::{Client, WatchMessage};
use crate::model::change::NoticeKind;
use crate::model::id::DeviceId;
use crate::model::text::for_terminal;
use crate::model::timestamp::Timestamp;
use crate::wire::device::Device;
use crate::wire::watch::{Change, Delta, Snapshot};

/// The most devices whose names are remembered.
const MAX_NAMES: usize = 10_000;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only what is about this device
    #[arg(long, value_name = "ID")]
    device: Option<String>,
}

/// Prints changes until it is interrupted; survives the daemon's absence.
pub(super) async fn follow(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    let only = match args.device {
        Some(named) => Some(device::resolve(client, &named).await?.id),
        None => None,
    };
    let mut viewer = Viewer { only, names: HashMap::new() };
    let mut watch = client.watch().await?;
    loop {
        let lost = match watch.next().await {
            Ok(Some(WatchMessage::Snapshot(snapshot))) => {
                viewer.snapshot(&snapshot, output)?;
                continue;
            }
            Ok(Some(WatchMessage::Delta(delta))) => {
                let behind = delta.dropped > 0;
                viewer.delta(delta, output)?;
                if !behind {
                    continue;
                }
                "some changes were missed".to_owned()
            }
            Ok(None) => "the daemon ended the stream".to_owned(),
            Err(error) if error.is_unreachable() => error.to_string(),
            Err(error) => return Err(error.into()),
        };
        let _ = writeln!(io::stderr(), "pymctl: {}; connecting again", for_terminal(&lost));
        watch = wait::reopen(client).await?;
    }
}

/// What of the stream is shown, and what people call the devices in it.
struct Viewer {
    only: Option<DeviceId>,
    names: HashMap<DeviceId, String>,
}

impl Viewer {
    fn snapshot(&mut self, snapshot: &Snapshot, output: &mut Output) -> Result<(), Failure> {
        self.names.clear();
        for device in &snapshot.devices {
            self.learn(device);
        }
        if output.is_json() {
            return output.json_line(&json!({ "told_at": snapshot.at, "kind": "snapshot", "snapshot": snapshot }));
        }
        let counts = device_counts(&snapshot.status.counts);
        output.line(format_args!("{}  devices    {counts}", clock(snapshot.at)))?;
        output.flush()
    }

    fn delta(&mut self, delta: Delta, output: &mut Output) -> Result<(), Failure> {
        for change in delta.changes {
            if self.only.is_some() && about(&change) != self.only {
                continue;
            }
            if output.is_json() {
                output.json_line(&Line { told_at: delta.at, change: &change })?;
            } else if let Some(told) = self.tell(&change) {
                output.line(format_args!("{}  {told}", clock(delta.at)))?;
            }
        }
        if delta.dropped > 0 && output.is_json() {
            output.json_line(&json!({ "told_at": delta.at, "kind": "dropped", "dropped": delta.dropped }))?;
        }
        output.flush()
    }

    /// The change in words; samples of the board and counts, which come every two seconds, are not told.
    fn tell(&mut self, change: &Change) -> Option<String> {
        match change {
            Change::Device { device } => {
                self.learn(device);
                let connected = if device.online { ", connected" } else { "" };
                Some(format!("device     {}: {}{connected}", self.name(device.id), device.status.name()))
            }
            Change::DeviceGone { id } => Some(format!("device     {}: gone", self.name(*id))),
            Change::Operation { operation } => Some(format!(
                "operation  {}: {} {} {} {}",
                self.name(operation.device),
                operation.number,
                short(&operation.code, 64),
                operation.status.name(),
                short(&operation.reason, 80)
            )),
            Change::Telemetry { device, values, .. } => {
                let values: Vec<String> = values
                    .iter()
                    .map(|(metric, value)| format!("{}={}", short(metric, 64), device::value(value, "")))
                    .collect();
                Some(format!("telemetry  {}: {}", self.name(*device), values.join(" ")))
            }
            // The line of the operation says the same.
            Change::Notice { notice } if notice.about == NoticeKind::Operation => None,
            Change::Notice { notice } => Some(format!("notice     {}", short(&notice.text, 200))),
            Change::Host { .. } | Change::Status { .. } => None,
        }
    }

    fn learn(&mut self, device: &Device) {
        if self.names.len() < MAX_NAMES || self.names.contains_key(&device.id) {
            self.names.insert(device.id, short(device::label(device), 40));
        }
    }

    fn name(&self, id: DeviceId) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }
}

/// One change as a line of JSON.
#[derive(serde::Serialize)]
struct Line<'a> {
    told_at: Timestamp,
    #[serde(flatten)]
    change: &'a Change,
}

/// The device that a change is about.
const fn about(change: &Change) -> Option<DeviceId> {
    match change {
        Change::Device { device } => Some(device.id),
        Change::DeviceGone { id } => Some(*id),
        Change::Operation { operation } => Some(operation.device),
        Change::Telemetry { device, .. } => Some(*device),
        Change::Notice { notice } => notice.device,
        Change::Host { .. } | Change::Status { .. } => None,
    }
}

/// `10:00:00` of the day, in UTC.
fn clock(at: Timestamp) -> String {
    at.to_string().get(11..19).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::output::tests::output;
    use crate::model::telemetry::Value;
    use crate::wire::watch::Notice;

    fn delta(device: DeviceId) -> Delta {
        let at = Timestamp::parse("2026-11-22T10:00:00Z").unwrap();
        let values = vec![("temperature".to_owned(), Value::Number(48.5))];
        let notice = Notice { at, about: NoticeKind::Daemon, text: "a \u{1b}[2J b".to_owned(), device: None };
        let changes = vec![Change::Telemetry { device, at, values }, Change::Notice { notice }];
        Delta { at, dropped: 0, changes }
    }

    #[test]
    fn changes_are_told_in_lines() {
        let id = DeviceId::fresh(Timestamp::default());
        let (mut out, written) = output(false, false);
        let mut viewer = Viewer { only: None, names: [(id, "Kitchen".to_owned())].into() };
        viewer.delta(delta(id), &mut out).unwrap();
        assert_eq!(
            written.text(),
            "10:00:00  telemetry  Kitchen: temperature=48.5\n10:00:00  notice     a \\u{1b}[2J b\n"
        );
    }

    #[test]
    fn scripts_get_one_document_a_line_of_the_device_they_asked_for() {
        let id = DeviceId::fresh(Timestamp::default());
        let (mut out, written) = output(true, false);
        let mut viewer = Viewer { only: Some(id), names: HashMap::new() };
        viewer.delta(delta(id), &mut out).unwrap();
        let text = written.text();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 1, "{text}");
        assert_eq!(lines[0]["kind"], "telemetry");
        assert_eq!(lines[0]["told_at"], "2026-11-22T10:00:00.000Z");
    }
}
