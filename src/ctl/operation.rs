//! `send`, `operations`, `cancel` and `retry`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use comfy_table::Cell;
use tokio::time::timeout;

use super::failure::Failure;
use super::output::{Output, operation_status, short, text};
use super::units::parse_span;
use super::{device, group, wait};
use crate::client::Client;
use crate::client::device::{DeviceKey, DeviceQuery};
use crate::client::operation::OperationQuery;
use crate::model::id::{DeviceId, OperationId};
use crate::model::operation::OperationStatus;
use crate::model::page::MAX_PAGE;
use crate::wire::operation::{Activity, NewActivity, Operation};

#[derive(Debug, clap::Args)]
#[command(
    override_usage = "pymctl send [OPTIONS] <ID>... <CODE>\n       pymctl send [OPTIONS] --group <GROUP> <CODE>\n       pymctl send [OPTIONS] --query <QUERY> <CODE>"
)]
pub(super) struct SendArgs {
    /// The devices, and last the operation's code (see `pymctl types`)
    #[arg(value_name = "ID|CODE", num_args = 1.., required = true)]
    words: Vec<String>,
    /// What the operation is to do it with
    #[arg(long)]
    payload: Option<String>,
    /// Send to every device of this group (its name or id)
    #[arg(long)]
    group: Option<String>,
    /// Send to every device that fits this query (see docs/query.md)
    #[arg(long)]
    query: Option<String>,
    /// Give the operation up after this time, such as 10m or 1d [default: never]
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    expires: Option<Duration>,
    /// Wait until the operation has ended, at most so long [default: 60s]
    #[arg(long, value_name = "SPAN", num_args = 0..=1, default_missing_value = "60", value_parser = parse_span)]
    wait: Option<Duration>,
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// Operations of this device
    #[arg(long, value_name = "ID")]
    device: Option<String>,
    /// Operations with this status; may be repeated
    #[arg(long, value_delimiter = ',', value_parser = parse_status)]
    status: Vec<OperationStatus>,
    /// Operations with this code
    #[arg(long)]
    code: Option<String>,
    /// The most operations to list, newest first
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PAGE)))]
    limit: u32,
}

#[derive(Debug, clap::Args)]
pub(super) struct CancelArgs {
    /// The operations' ids, or the numbers of their activities
    #[arg(value_name = "OPERATION", required = true)]
    operations: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct RetryArgs {
    /// The operations' ids, or the numbers of their activities
    #[arg(value_name = "OPERATION", required = true)]
    operations: Vec<String>,
}

fn parse_status(text: &str) -> Result<OperationStatus, String> {
    OperationStatus::parse(text)
        .ok_or_else(|| format!("expected one of {}", OperationStatus::ALL.map(OperationStatus::name).join(", ")))
}

/// What people call the devices of a command.
pub(super) type Names = HashMap<DeviceId, String>;

pub(super) async fn send(client: &Client, args: SendArgs, output: &mut Output) -> Result<(), Failure> {
    let SendArgs { mut words, payload, group, query, expires, wait } = args;
    let code = words.pop().unwrap_or_default();
    if words.is_empty() && group.is_none() && query.is_none() {
        return Err(Failure::Usage(format!("name the devices before the code {code}, or --group or --query")));
    }
    let names = receivers(client, &words, group.as_deref(), query).await?;
    let order = NewActivity {
        code,
        kind: None,
        payload: payload.map(serde_json::Value::String),
        devices: names.keys().copied().collect(),
        expires_at: expires.map(|span| output.now().plus(span)),
        ..NewActivity::default()
    };
    let Some(limit) = wait else {
        let activity = client.send_operation(&order).await?;
        return print_activity(&activity, &names, output);
    };
    // The stream is opened before the operation is sent, so that no change is missed.
    let watch = client.watch().await?;
    let mut activity = client.send_operation(&order).await?;
    let tell = io::stderr().is_terminal() && !output.is_json();
    let progress = |operation: &Operation| {
        if tell {
            let _ = writeln!(io::stderr(), "{}", standing(operation, &names));
        }
    };
    let ended = timeout(limit, wait::until_ended(client, watch, &mut activity, progress)).await;
    print_activity(&activity, &names, output)?;
    match ended {
        Ok(done) => done?,
        Err(_) => return Err(Failure::TimedOut(still_open(&activity, &names, limit))),
    }
    judge(&activity, &names)
}

pub(super) async fn receivers(
    client: &Client,
    devices: &[String],
    group: Option<&str>,
    query: Option<String>,
) -> Result<Names, Failure> {
    let mut names = Names::new();
    for device in devices {
        let found = device::resolve(client, device).await?;
        names.insert(found.id, short(device::label(&found), 40));
    }
    if let Some(group) = group {
        let group = group::resolve(client, group).await?;
        for member in group::members(client, group.id).await? {
            names.insert(member.id, short(device::label(&member), 40));
        }
        if names.is_empty() {
            return Err(Failure::NotFound(format!("the group {} has no devices", group.name)));
        }
    }
    if let Some(query) = query {
        let wanted = DeviceQuery { query: Some(query), ..DeviceQuery::default() };
        for device in device::first_of(client, wanted, u32::MAX).await?.items {
            if device.status.may_receive() {
                names.insert(device.id, short(device::label(&device), 40));
            }
        }
        if names.is_empty() {
            return Err(Failure::NotFound("no device that may receive operations fits the query".to_owned()));
        }
    }
    Ok(names)
}

fn name(id: DeviceId, names: &Names) -> &str {
    names.get(&id).map_or("?", String::as_str)
}

/// `Kitchen: PENDING, waiting for the device to connect`.
fn standing(operation: &Operation, names: &Names) -> String {
    let reason = short(&operation.reason, 200);
    let comma = if reason.is_empty() { "" } else { ", " };
    format!("{}: {}{comma}{reason}", name(operation.device, names), operation.status.name())
}

fn still_open(activity: &Activity, names: &Names, limit: Duration) -> String {
    let open: Vec<String> = activity
        .operations
        .iter()
        .filter(|operation| !operation.status.is_final())
        .take(5)
        .map(|operation| standing(operation, names))
        .collect();
    format!("not done after {} s: {}", limit.as_secs(), open.join("; "))
}

/// A failure when an operation did not end well.
fn judge(activity: &Activity, names: &Names) -> Result<(), Failure> {
    let failed: Vec<&Operation> =
        activity.operations.iter().filter(|operation| operation.status.may_be_retried()).collect();
    match failed.first() {
        None => Ok(()),
        Some(first) if failed.len() == 1 => Err(Failure::Operation(standing(first, names))),
        Some(first) => Err(Failure::Operation(format!(
            "{} of {} operations did not end well; {}",
            failed.len(),
            activity.operations.len(),
            standing(first, names)
        ))),
    }
}

pub(super) fn print_activity(activity: &Activity, names: &Names, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.document(activity);
    }
    print_operations(&activity.operations, names, output)
}

fn print_operations(operations: &[Operation], names: &Names, output: &mut Output) -> Result<(), Failure> {
    let rows = operations.iter().map(|operation| {
        let response = operation.responses.last().map_or("", |response| response.text.as_str());
        vec![
            Cell::new(operation.id),
            Cell::new(operation.number),
            Cell::new(name(operation.device, names)),
            text(&operation.code),
            operation_status(operation.status),
            output.ago(operation.updated_at),
            Cell::new(short(&operation.reason, 60)),
            Cell::new(short(response, 60)),
        ]
    });
    let rows = rows.collect();
    output.table(&["OPERATION", "ACTIVITY", "DEVICE", "CODE", "STATUS", "CHANGED", "REASON", "RESPONSE"], rows)
}

pub(super) async fn list(client: &Client, args: ListArgs, output: &mut Output) -> Result<(), Failure> {
    let mut names = Names::new();
    let device = match args.device {
        Some(device) => {
            let found = device::resolve(client, &device).await?;
            names.insert(found.id, short(device::label(&found), 40));
            Some(DeviceKey::from(&found))
        }
        None => None,
    };
    let query =
        OperationQuery { device, statuses: args.status, code: args.code, limit: Some(args.limit), cursor: None };
    let page = client.operations(&query).await?;
    if output.is_json() {
        return output.document(&page);
    }
    learn_names(client, &page.items, &mut names).await?;
    print_operations(&page.items, &names, output)?;
    if page.next.is_some() {
        output.line(format_args!("{} of {} operations", page.items.len(), page.total))?;
    }
    Ok(())
}

/// Asks for the names of the devices that are not among `names` yet: one page has most of them.
async fn learn_names(client: &Client, operations: &[Operation], names: &mut Names) -> Result<(), Failure> {
    let mut unknown: Vec<_> = operations.iter().map(|operation| operation.device).collect();
    unknown.sort_unstable();
    unknown.dedup();
    unknown.retain(|id| !names.contains_key(id));
    if unknown.len() > 1 {
        let page = client.devices(&DeviceQuery { limit: Some(MAX_PAGE), ..DeviceQuery::default() }).await?;
        names.extend(page.items.iter().map(|device| (device.id, short(device::label(device), 40))));
    }
    for id in unknown {
        if let Entry::Vacant(unknown) = names.entry(id) {
            let detail = client.device(&id.into()).await?;
            unknown.insert(short(device::label(&detail.device), 40));
        }
    }
    Ok(())
}

pub(super) async fn cancel(client: &Client, args: CancelArgs, output: &mut Output) -> Result<(), Failure> {
    let mut cancelled = Vec::new();
    for operation in &args.operations {
        if let Ok(id) = operation.parse::<OperationId>() {
            cancelled.push(client.cancel_operation(id).await?);
        } else {
            let open = client.activity(operation).await?.operations;
            for operation in open.iter().filter(|operation| !operation.status.is_final()) {
                cancelled.push(client.cancel_operation(operation.id).await?);
            }
        }
    }
    if output.is_json() {
        return output.document(&serde_json::json!({ "cancelled": cancelled }));
    }
    let mut names = Names::new();
    learn_names(client, &cancelled, &mut names).await?;
    print_operations(&cancelled, &names, output)
}

pub(super) async fn retry(client: &Client, args: RetryArgs, output: &mut Output) -> Result<(), Failure> {
    let mut sent = Vec::new();
    for operation in &args.operations {
        if let Ok(id) = operation.parse::<OperationId>() {
            sent.push(client.retry_operation(id).await?);
        } else {
            let operations = client.activity(operation).await?.operations;
            for operation in operations.iter().filter(|operation| operation.status.may_be_retried()) {
                sent.push(client.retry_operation(operation.id).await?);
            }
        }
    }
    if output.is_json() {
        return output.document(&serde_json::json!({ "sent": sent }));
    }
    let operations: Vec<_> = sent.into_iter().flat_map(|activity| activity.operations).collect();
    let mut names = Names::new();
    learn_names(client, &operations, &mut names).await?;
    print_operations(&operations, &names, output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::output::tests::output;
    use crate::model::id::ActivityId;
    use crate::model::operation::OperationKind;
    use crate::model::timestamp::Timestamp;

    fn activity(statuses: &[OperationStatus]) -> (Activity, Names) {
        let at = Timestamp::parse("2026-11-22T09:59:00Z").unwrap();
        let id = ActivityId::fresh(at);
        let mut names = Names::new();
        let operations = statuses
            .iter()
            .enumerate()
            .map(|(i, status)| {
                let device = DeviceId::fresh(at);
                names.insert(device, format!("pi-{i}"));
                Operation {
                    id: OperationId::fresh(at),
                    activity: id,
                    number: 7,
                    device,
                    code: "bulb".to_owned(),
                    kind: OperationKind::Command,
                    payload: None,
                    status: *status,
                    reason: "waiting for the device to connect".to_owned(),
                    initiated_by: "uid:0".to_owned(),
                    created_at: at,
                    updated_at: at,
                    pushed_at: None,
                    expires_at: None,
                    responses: Vec::new(),
                }
            })
            .collect();
        let activity = Activity {
            id,
            number: 7,
            code: "bulb".to_owned(),
            kind: OperationKind::Command,
            payload: None,
            initiated_by: "uid:0".to_owned(),
            created_at: at,
            expires_at: None,
            operations,
        };
        (activity, names)
    }

    #[test]
    fn an_operation_that_did_not_end_well_is_a_failure() {
        let (done, names) = activity(&[OperationStatus::Completed, OperationStatus::Repeated]);
        assert!(judge(&done, &names).is_ok());
        for status in [OperationStatus::Error, OperationStatus::Expired, OperationStatus::Cancelled] {
            let (failed, names) = activity(&[OperationStatus::Completed, status]);
            let Err(Failure::Operation(told)) = judge(&failed, &names) else { panic!("{status:?} is no failure") };
            assert!(told.starts_with(&format!("pi-1: {}", status.name())), "{told}");
        }
    }

    #[test]
    fn what_is_still_open_is_told_with_its_reason() {
        let (open, names) = activity(&[OperationStatus::Completed, OperationStatus::Pending]);
        assert_eq!(
            still_open(&open, &names, Duration::from_secs(9)),
            "not done after 9 s: pi-1: PENDING, waiting for the device to connect"
        );
    }

    #[test]
    fn operations_are_listed_for_people() {
        let (open, names) = activity(&[OperationStatus::Pending]);
        let (mut out, written) = output(false, false);
        print_activity(&open, &names, &mut out).unwrap();
        let id = open.operations[0].id;
        let expected = format!("{id}  7         pi-0    bulb  PENDING  1 min ago  waiting for the device to connect");
        assert_eq!(written.text().lines().nth(1), Some(expected.as_str()));
    }
}
