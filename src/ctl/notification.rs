//! `notifications`: what a person has to see.

use std::collections::HashMap;

use clap::Subcommand;
use comfy_table::Cell;

use super::device::resolve;
use super::failure::Failure;
use super::output::{Output, short};
use crate::client::notification::NotificationQuery;
use crate::client::{Client, DeviceKey};
use crate::model::id::DeviceId;
use crate::model::page::MAX_PAGE;
use crate::wire::notification::Notification;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    /// Those that were ticked off too
    #[arg(long)]
    all: bool,
    /// Notifications about this device
    #[arg(long, value_name = "ID")]
    device: Option<String>,
    /// The most notifications to list, newest first
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PAGE)))]
    limit: u32,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Tick notifications off
    Check {
        /// Their numbers
        #[arg(value_name = "NUMBER", required_unless_present = "all")]
        numbers: Vec<String>,
        /// Every notification
        #[arg(long, conflicts_with = "numbers")]
        all: bool,
    },
}

pub(super) async fn notifications(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    match args.action {
        None => list(client, args, output).await,
        Some(Action::Check { all: true, .. }) => {
            let checked = client.check_notifications().await?;
            if output.is_json() {
                return output.document(&checked);
            }
            output.line(format_args!("{} notifications are ticked off", checked.checked))
        }
        Some(Action::Check { numbers, .. }) => {
            let mut checked = Vec::with_capacity(numbers.len());
            for number in numbers {
                checked.push(client.check_notification(&number).await?);
            }
            if output.is_json() { output.document(&checked) } else { print(client, &checked, output).await }
        }
    }
}

async fn list(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    let device = match args.device {
        Some(named) => Some(resolve(client, &named).await?.id.into()),
        None => None,
    };
    let checked = (!args.all).then_some(false);
    let query = NotificationQuery { checked, device, limit: Some(args.limit), cursor: None };
    let page = client.notifications(&query).await?;
    if output.is_json() { output.document(&page) } else { print(client, &page.items, output).await }
}

async fn print(client: &Client, notifications: &[Notification], output: &mut Output) -> Result<(), Failure> {
    let mut names: HashMap<DeviceId, String> = HashMap::new();
    let mut rows = Vec::with_capacity(notifications.len());
    for each in notifications {
        let device = match each.device {
            None => String::new(),
            Some(id) => {
                if let Some(name) = names.get(&id) {
                    name.clone()
                } else {
                    let name = short(&client.device(&DeviceKey::from(id)).await?.device.name, 30);
                    names.insert(id, name.clone());
                    name
                }
            }
        };
        rows.push(vec![
            Cell::new(each.number),
            output.ago(each.at),
            Cell::new(each.kind.name()),
            Cell::new(device),
            Cell::new(short(&each.text, 100)),
            Cell::new(short(each.checked_by.as_deref().unwrap_or_default(), 30)),
        ]);
    }
    output.table(&["NUMBER", "WHEN", "KIND", "DEVICE", "TEXT", "SEEN BY"], rows)
}
