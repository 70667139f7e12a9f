//! `devices`, `device`, `enroll`, `edit`, `remove` and `types`.

use std::path::PathBuf;
use std::time::Duration;

use comfy_table::Cell;

use super::failure::Failure;
use super::host::or_none;
use super::output::{Output, device_status, operation_status, short, text};
use super::units::{rough, size};
use super::{backup, enrollment, feature, group};
use crate::client::Client;
use crate::client::device::{DeviceKey, DeviceQuery};
use crate::client::operation::OperationQuery;
use crate::model::device::{DeviceSort, DeviceStatus, Ownership};
use crate::model::device_type::DeviceType;
use crate::model::id::DeviceId;
use crate::model::page::MAX_PAGE;
use crate::model::telemetry::Value;
use crate::wire::Page;
use crate::wire::device::{Device, DeviceCredentials, DeviceDetail, DeviceEdit, Enrolled, NewDevice, Property};
use crate::wire::operation::Operation;

/// How many of its operations a device is shown with.
const SHOWN_OPERATIONS: u32 = 10;

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// What the devices fit, such as 'type:android os<9 not tag:lobby' (see docs/query.md)
    #[arg(value_name = "QUERY")]
    query: Vec<String>,
    /// Devices of this type
    #[arg(long = "type", value_name = "TYPE")]
    device_type: Option<String>,
    /// Devices with this status; may be repeated [default: all but REMOVED]
    #[arg(long, value_delimiter = ',', value_parser = parse_status)]
    status: Vec<DeviceStatus>,
    /// Devices of this group (its name or id)
    #[arg(long)]
    group: Option<String>,
    /// Devices of this owner
    #[arg(long)]
    owner: Option<String>,
    /// Devices with this in their name or identifier
    #[arg(long)]
    text: Option<String>,
    #[arg(long, help = "name, identifier, type, status, enrolled_at or last_seen", value_parser = parse_sort, default_value = "name")]
    sort: DeviceSort,
    /// Sort downwards
    #[arg(long)]
    desc: bool,
    /// The most devices to list
    #[arg(long, default_value_t = MAX_PAGE)]
    limit: u32,
}

#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// The device
    #[arg(value_name = "ID")]
    device: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct EnrollArgs {
    /// The device's type
    #[arg(long = "type", value_name = "TYPE")]
    device_type: String,
    /// The name people read
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// What the device calls itself [default: made up]
    #[arg(long)]
    identifier: Option<String>,
    /// A property of the device; may be repeated
    #[arg(long = "property", value_name = "NAME=VALUE", value_parser = parse_property)]
    properties: Vec<Property>,
    /// Write the agent, ready to run, in place of printing the credentials
    #[arg(long, value_name = "FILE")]
    zip: Option<PathBuf>,
    /// Replace the file that is there
    #[arg(long, requires = "zip")]
    force: bool,
    /// Make no device: print the address that an Android device enrolls itself by, and its QR code
    #[arg(long, conflicts_with_all = ["name", "identifier", "properties", "zip"])]
    qr: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct EditArgs {
    /// The device
    #[arg(value_name = "ID")]
    device: String,
    /// The name people read
    #[arg(long)]
    name: Option<String>,
    /// What is said of it
    #[arg(long)]
    description: Option<String>,
    /// Whose it is
    #[arg(long)]
    owner: Option<String>,
    /// BYOD or COPE
    #[arg(long, value_parser = |text: &str| Ownership::parse(text).ok_or("expected BYOD or COPE"))]
    ownership: Option<Ownership>,
    #[arg(long, help = "ACTIVE, SUSPENDED, BLOCKED, DISENROLLMENT_REQUESTED or REMOVED", value_parser = parse_status)]
    status: Option<DeviceStatus>,
    /// Its tags: these and no others; may be repeated, and empty for none
    #[arg(long = "tag", value_name = "TAG", value_delimiter = ',')]
    tags: Option<Vec<String>>,
    /// What people know of it, of several lines; empty for nothing
    #[arg(long)]
    note: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct RemoveArgs {
    /// The devices
    #[arg(value_name = "ID", required = true)]
    devices: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct TypesArgs {
    /// Show this type, and the operations it knows
    name: Option<String>,
}

fn parse_status(text: &str) -> Result<DeviceStatus, String> {
    DeviceStatus::parse(text)
        .ok_or_else(|| format!("expected one of {}", DeviceStatus::ALL.map(DeviceStatus::name).join(", ")))
}

fn parse_sort(text: &str) -> Result<DeviceSort, &'static str> {
    DeviceSort::parse(text).ok_or("expected name, identifier, type, status, enrolled_at or last_seen")
}

fn parse_property(text: &str) -> Result<Property, &'static str> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok(Property { name: name.to_owned(), value: value.to_owned() })
}

pub(super) async fn list(client: &Client, args: ListArgs, output: &mut Output) -> Result<(), Failure> {
    let group = match args.group {
        Some(name) => Some(group::resolve(client, &name).await?.id.to_string()),
        None => None,
    };
    let query = DeviceQuery {
        device_type: args.device_type,
        statuses: args.status,
        group,
        owner: args.owner,
        ownership: None,
        text: args.text,
        query: (!args.query.is_empty()).then(|| args.query.join(" ")),
        sort: Some(args.sort),
        descending: args.desc,
        limit: None,
        cursor: None,
    };
    let page = first_of(client, query, args.limit).await?;
    if output.is_json() {
        return output.document(&page);
    }
    print_devices(&page, output)
}

/// The first `limit` devices of all pages.
pub(super) async fn first_of(client: &Client, mut query: DeviceQuery, limit: u32) -> Result<Page<Device>, Failure> {
    let mut all = Page { items: Vec::new(), next: None, total: 0 };
    loop {
        let missing = limit.saturating_sub(u32::try_from(all.items.len()).unwrap_or(u32::MAX));
        query.limit = Some(missing.clamp(1, MAX_PAGE));
        let page = client.devices(&query).await?;
        let came = page.items.len();
        all.items.extend(page.items);
        (all.next, all.total) = (page.next, page.total);
        if all.next.is_none() || came == 0 || all.items.len() >= limit as usize {
            return Ok(all);
        }
        query.cursor.clone_from(&all.next);
    }
}

pub(super) fn print_devices(page: &Page<Device>, output: &mut Output) -> Result<(), Failure> {
    let rows = page
        .items
        .iter()
        .map(|device| {
            vec![
                Cell::new(short(label(device), 40)),
                text(&device.device_type),
                text(&device.identifier),
                device_status(device.status),
                Cell::new(if device.online { "yes" } else { "" }),
                output.ago_or_never(device.last_seen_at),
                text(&device.owner),
            ]
        })
        .collect();
    output.table(&["NAME", "TYPE", "IDENTIFIER", "STATUS", "CONNECTED", "SEEN", "OWNER"], rows)?;
    if page.next.is_some() {
        output.line(format_args!("{} of {} devices", page.items.len(), page.total))?;
    }
    Ok(())
}

/// What people call a device.
pub(super) fn label(device: &Device) -> &str {
    if device.name.is_empty() { &device.identifier } else { &device.name }
}

/// The device that `named` is the id, the `type:identifier`, or the one name or identifier of.
pub(super) async fn resolve(client: &Client, named: &str) -> Result<Device, Failure> {
    let key = DeviceKey::from(named);
    if named.parse::<DeviceId>().is_ok() {
        return Ok(client.device(&key).await?.device);
    }
    if named.contains(':') {
        match client.device(&key).await {
            Ok(detail) => return Ok(detail.device),
            // A name may hold a colon too.
            Err(error) if error.status() == Some(404) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let query = DeviceQuery { text: Some(named.to_owned()), ..DeviceQuery::default() };
    let page = first_of(client, query, u32::MAX).await?;
    only(named, page.items.into_iter().filter(|device| device.name == named || device.identifier == named).collect())
}

fn only(named: &str, mut found: Vec<Device>) -> Result<Device, Failure> {
    match (found.pop(), found.len()) {
        (Some(device), 0) => Ok(device),
        (Some(last), _) => {
            let keys: Vec<String> = found
                .iter()
                .chain([&last])
                .take(10)
                .map(|device| format!("{}:{}", device.device_type, device.identifier))
                .collect();
            Err(Failure::Usage(format!("several devices are called {named}: {}", keys.join(", "))))
        }
        (None, _) => Err(Failure::NotFound(format!("no device is called {named}"))),
    }
}

pub(super) async fn show(client: &Client, args: ShowArgs, output: &mut Output) -> Result<(), Failure> {
    let key = DeviceKey::from(&resolve(client, &args.device).await?);
    let detail = client.device(&key).await?;
    if output.is_json() {
        return output.document(&detail);
    }
    let query = OperationQuery { device: Some(key), limit: Some(SHOWN_OPERATIONS), ..OperationQuery::default() };
    let operations = client.operations(&query).await?.items;
    print_detail(&detail, &operations, output)
}

fn print_detail(detail: &DeviceDetail, operations: &[Operation], output: &mut Output) -> Result<(), Failure> {
    let device = &detail.device;
    let mut facts = vec![
        ("name", text(&device.name)),
        ("id", Cell::new(device.id)),
        ("type", text(&device.device_type)),
        ("identifier", text(&device.identifier)),
        ("status", device_status(device.status)),
        ("connected", Cell::new(if device.online { "yes" } else { "no" })),
        ("owner", text(&format!("{} ({})", device.owner, device.ownership.name()))),
        ("enrolled", output.ago(device.enrolled_at)),
        ("seen", output.ago_or_never(device.last_seen_at)),
        ("tags", text(&or_none(detail.tags.join(", ")))),
        ("groups", text(&or_none(detail.groups.join(", ")))),
    ];
    if !device.description.is_empty() {
        facts.push(("description", text(&device.description)));
    }
    output.facts(facts)?;
    let rows = detail.properties.iter().map(|property| vec![text(&property.name), text(&property.value)]);
    section(output, &["PROPERTY", "VALUE"], rows.collect())?;
    let rows = detail.metrics.iter().map(|last| {
        let name = if last.title.is_empty() { &last.metric } else { &last.title };
        vec![text(name), Cell::new(value(&last.value, &last.unit)), output.ago(last.device_time)]
    });
    let rows = rows.collect();
    section(output, &["METRIC", "VALUE", "MEASURED"], rows)?;
    let rows = operations.iter().map(|operation| {
        vec![
            Cell::new(operation.number),
            text(&operation.code),
            operation_status(operation.status),
            Cell::new(short(&operation.reason, 60)),
            output.ago(operation.updated_at),
        ]
    });
    let rows = rows.collect();
    section(output, &["ACTIVITY", "CODE", "STATUS", "REASON", "CHANGED"], rows)?;
    let rows = detail.status_history.iter().take(10).map(|change| {
        vec![output.ago(change.at), device_status(change.to), text(&change.by), Cell::new(short(&change.reason, 60))]
    });
    let rows = rows.collect();
    section(output, &["SINCE", "STATUS", "BY", "REASON"], rows)
}

/// A table with an empty line before it; nothing when it has no rows.
fn section(output: &mut Output, header: &[&str], rows: Vec<Vec<Cell>>) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    output.line("")?;
    output.table(header, rows)
}

/// A value with its unit; bytes and seconds in units that people read.
pub(super) fn value(value: &Value, unit: &str) -> String {
    let told = match value {
        Value::Integer(bytes @ 0..) if unit == "B" => return size(bytes.unsigned_abs()),
        Value::Integer(secs @ 60..) if unit == "s" => return rough(Duration::from_secs(secs.unsigned_abs())),
        Value::Bool(truth) => truth.to_string(),
        Value::Integer(integer) => integer.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(word) => short(word, 60),
    };
    if unit.is_empty() { told } else { format!("{told} {}", short(unit, 16)) }
}

pub(super) async fn enroll(client: &Client, args: EnrollArgs, output: &mut Output) -> Result<(), Failure> {
    if args.qr {
        return enrollment::show(client, &args.device_type, output).await;
    }
    if let Some(path) = &args.zip {
        backup::refuse_existing(path, args.force)?;
    }
    let device = NewDevice {
        device_type: args.device_type,
        identifier: args.identifier,
        name: args.name,
        properties: args.properties,
        ..NewDevice::default()
    };
    let enrolled = client.enroll(&device).await?;
    let Some(path) = args.zip else { return print_enrolled(&enrolled, output) };
    let archive = client.agent(&DeviceKey::from(&enrolled.device)).await?;
    let whole = std::path::absolute(&path).map_err(|source| Failure::file("find", &path, source))?;
    crate::file::replace(&whole, &archive, 0o600).map_err(|source| Failure::file("write", &path, source))?;
    if output.is_json() {
        return output.document(&serde_json::json!({ "device": enrolled.device, "file": path }));
    }
    output.line(format_args!(
        "{} is enrolled; its agent is in {}. Keep the file secret: it holds the device's credentials.",
        short(label(&enrolled.device), 300),
        path.display()
    ))
}

fn print_enrolled(enrolled: &Enrolled, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.document(enrolled);
    }
    let device = &enrolled.device;
    let DeviceCredentials { client_id, client_secret, access_token, refresh_token, expires_in, topic_prefix } =
        &enrolled.credentials;
    output.facts(vec![
        ("id", Cell::new(device.id)),
        ("type", text(&device.device_type)),
        ("identifier", text(&device.identifier)),
        ("topics below", text(topic_prefix)),
        ("access token", text(access_token)),
        ("expires in", Cell::new(format!("{expires_in} s"))),
        ("refresh token", text(refresh_token)),
        ("client id", text(client_id)),
        ("client secret", text(client_secret)),
    ])?;
    output.line("The credentials are told this once. The access token is the MQTT user name.")
}

pub(super) async fn edit(client: &Client, args: EditArgs, output: &mut Output) -> Result<(), Failure> {
    let EditArgs { device, name, description, owner, ownership, status, tags, note } = args;
    let edit = DeviceEdit { name, description, owner, ownership, status, tags, note };
    let key = DeviceKey::from(&resolve(client, &device).await?);
    let device = client.edit_device(&key, &edit).await?;
    if output.is_json() {
        return output.document(&device);
    }
    print_devices(&Page { items: vec![device], next: None, total: 1 }, output)
}

pub(super) async fn remove(client: &Client, args: RemoveArgs, output: &mut Output) -> Result<(), Failure> {
    let mut removed = Vec::new();
    for named in &args.devices {
        let device = resolve(client, named).await?;
        client.remove_device(&DeviceKey::from(&device)).await?;
        if !output.is_json() {
            output.line(format_args!("{} is removed", short(label(&device), 300)))?;
        }
        removed.push(device.id);
    }
    if output.is_json() { output.document(&serde_json::json!({ "removed": removed })) } else { Ok(()) }
}

pub(super) async fn types(client: &Client, args: TypesArgs, output: &mut Output) -> Result<(), Failure> {
    let Some(name) = args.name else {
        let page = client.device_types().await?;
        if output.is_json() {
            return output.document(&page);
        }
        let rows = page.items.iter().map(|kind| {
            let codes: Vec<&str> = kind.features.iter().map(|feature| feature.code.as_str()).collect();
            vec![text(&kind.name), text(&kind.title), Cell::new(short(&codes.join(", "), 80))]
        });
        return output.table(&["TYPE", "TITLE", "OPERATIONS"], rows.collect());
    };
    let device_type = client.device_type(&name).await?;
    if output.is_json() {
        return output.document(&device_type);
    }
    print_type(&device_type, output)
}

fn print_type(device_type: &DeviceType, output: &mut Output) -> Result<(), Failure> {
    output.facts(vec![
        ("type", text(&device_type.name)),
        ("title", text(&device_type.title)),
        ("description", text(&device_type.description)),
    ])?;
    let rows = device_type.features.iter().map(|feature| {
        vec![
            text(&feature.code),
            text(&feature.name),
            Cell::new(feature.kind.name()),
            Cell::new(short(&feature::payload(&feature.payload), 40)),
            Cell::new(short(&feature.description, 60)),
        ]
    });
    section(output, &["CODE", "OPERATION", "KIND", "PAYLOAD", "DESCRIPTION"], rows.collect())?;
    let rows = device_type
        .metrics
        .iter()
        .map(|metric| vec![text(&metric.name), text(&metric.title), text(&metric.unit), Cell::new(metric.kind.name())]);
    section(output, &["METRIC", "TITLE", "UNIT", "KIND"], rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::output::tests::output;
    use crate::model::timestamp::Timestamp;

    fn device(identifier: &str, name: &str) -> Device {
        let at = Timestamp::parse("2026-11-22T09:55:00Z").unwrap();
        Device {
            id: DeviceId::fresh(at),
            number: 1,
            device_type: "raspberrypi".to_owned(),
            identifier: identifier.to_owned(),
            name: name.to_owned(),
            description: String::new(),
            owner: "admin".to_owned(),
            ownership: Ownership::Byod,
            status: DeviceStatus::Active,
            online: true,
            enrolled_at: at,
            updated_at: at,
            last_seen_at: Some(at),
        }
    }

    #[test]
    fn devices_are_listed_for_people() {
        let (mut out, written) = output(false, false);
        let items = vec![device("pi-1", "Kitchen"), device("pi-2", "\u{1b}[31mred")];
        print_devices(&Page { items, next: Some("c".to_owned()), total: 7 }, &mut out).unwrap();
        assert_eq!(
            written.text(),
            "NAME           TYPE         IDENTIFIER  STATUS  CONNECTED  SEEN       OWNER\n\
             Kitchen        raspberrypi  pi-1        ACTIVE  yes        5 min ago  admin\n\
             \\u{1b}[31mred  raspberrypi  pi-2        ACTIVE  yes        5 min ago  admin\n\
             2 of 7 devices\n"
        );
    }

    #[test]
    fn a_name_must_name_one_device() {
        assert_eq!(only("Kitchen", vec![device("pi-1", "Kitchen")]).unwrap().identifier, "pi-1");
        let two = vec![device("pi-1", "Kitchen"), device("pi-2", "Kitchen")];
        assert_eq!(
            only("Kitchen", two).unwrap_err().to_string(),
            "several devices are called Kitchen: raspberrypi:pi-1, raspberrypi:pi-2"
        );
        assert!(matches!(only("Kitchen", Vec::new()), Err(Failure::NotFound(_))));
    }
}
