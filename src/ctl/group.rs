//! `groups`: sets of devices.

use clap::Subcommand;
use comfy_table::Cell;

use super::device::{print_devices, resolve as resolve_device};
use super::failure::Failure;
use super::output::{Output, short, text};
use crate::client::Client;
use crate::model::id::{DeviceId, GroupId};
use crate::model::page::MAX_PAGE;
use crate::wire::Page;
use crate::wire::device::Device;
use crate::wire::group::{Group, NewGroup, Shares};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a group
    Create {
        name: String,
        /// What is said of it
        #[arg(long, default_value = "", hide_default_value = true)]
        description: String,
        /// Fill it with the devices that fit this query, now and later (see docs/query.md)
        #[arg(long)]
        query: Option<String>,
    },
    /// Change the query that fills a group; without one, it keeps its devices and is filled by hand
    Query { group: String, query: Option<String> },
    /// Share a group with these roles and no others; without any, list them
    Share {
        group: String,
        #[arg(value_name = "ROLE")]
        roles: Vec<String>,
        /// Share it with nobody
        #[arg(long, conflicts_with = "roles")]
        nobody: bool,
    },
    /// Rename a group
    Rename { group: String, name: String },
    /// Remove a group; its devices stay
    Remove { group: String },
    /// List the devices of a group
    Devices { group: String },
    /// Put devices into a group
    Add {
        group: String,
        #[arg(value_name = "ID", required = true)]
        devices: Vec<String>,
    },
    /// Take devices out of a group
    Take {
        group: String,
        #[arg(value_name = "ID", required = true)]
        devices: Vec<String>,
    },
}

pub(super) async fn groups(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    let changed = match args.action {
        None => {
            let page = client.groups().await?;
            return if output.is_json() { output.document(&page) } else { print(&page.items, output) };
        }
        Some(Action::Devices { group }) => {
            let items = members(client, resolve(client, &group).await?.id).await?;
            let total = items.len() as u64;
            let page = Page { items, next: None, total };
            return if output.is_json() { output.document(&page) } else { print_devices(&page, output) };
        }
        Some(Action::Remove { group }) => {
            let group = resolve(client, &group).await?;
            client.remove_group(group.id).await?;
            if output.is_json() {
                return output.document(&serde_json::json!({ "removed": [group.id] }));
            }
            return output.line(format_args!("group {} is removed", short(&group.name, 200)));
        }
        Some(Action::Create { name, description, query }) => {
            client.create_group(&NewGroup { name, description, query }).await?
        }
        Some(Action::Query { group, query }) => {
            let Group { id, name, description, .. } = resolve(client, &group).await?;
            client.replace_group(id, &NewGroup { name, description, query }).await?
        }
        Some(Action::Share { group, roles, nobody }) => return share(client, &group, roles, nobody, output).await,
        Some(Action::Rename { group, name }) => {
            let Group { id, description, query, .. } = resolve(client, &group).await?;
            client.replace_group(id, &NewGroup { name, description, query }).await?
        }
        Some(Action::Add { group, devices }) => {
            let (id, devices) = (resolve(client, &group).await?.id, ids(client, &devices).await?);
            client.add_members(id, devices).await?;
            client.group(id).await?
        }
        Some(Action::Take { group, devices }) => {
            let (id, devices) = (resolve(client, &group).await?.id, ids(client, &devices).await?);
            client.remove_members(id, devices).await?;
            client.group(id).await?
        }
    };
    if output.is_json() { output.document(&changed) } else { print(&[changed], output) }
}

async fn share(
    client: &Client,
    group: &str,
    roles: Vec<String>,
    nobody: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let id = resolve(client, group).await?.id;
    let shares = if roles.is_empty() && !nobody {
        client.group_roles(id).await?
    } else {
        client.share_group(id, &Shares { roles }).await?
    };
    if output.is_json() {
        return output.document(&shares);
    }
    output.table(&["ROLE"], shares.roles.iter().map(|role| vec![text(role)]).collect())
}

/// The group that `named` is the id or the name of.
pub(super) async fn resolve(client: &Client, named: &str) -> Result<Group, Failure> {
    if let Ok(id) = named.parse::<GroupId>() {
        return Ok(client.group(id).await?);
    }
    let groups = client.groups().await?.items;
    groups
        .into_iter()
        .find(|group| group.name == named)
        .ok_or_else(|| Failure::NotFound(format!("no group is called {named}")))
}

/// Every device of a group.
pub(super) async fn members(client: &Client, id: GroupId) -> Result<Vec<Device>, Failure> {
    let mut devices = Vec::new();
    let mut cursor = None;
    loop {
        let page = client.members(id, Some(MAX_PAGE), cursor.as_deref()).await?;
        devices.extend(page.items);
        if page.next.is_none() {
            return Ok(devices);
        }
        cursor = page.next;
    }
}

async fn ids(client: &Client, named: &[String]) -> Result<Vec<DeviceId>, Failure> {
    let mut ids = Vec::with_capacity(named.len());
    for named in named {
        ids.push(resolve_device(client, named).await?.id);
    }
    Ok(ids)
}

fn print(groups: &[Group], output: &mut Output) -> Result<(), Failure> {
    let rows = groups.iter().map(|group| {
        vec![
            text(&group.name),
            Cell::new(group.devices),
            text(&group.owner),
            output.ago(group.created_at),
            Cell::new(short(group.query.as_deref().unwrap_or_default(), 60)),
            Cell::new(short(&group.description, 60)),
        ]
    });
    let rows = rows.collect();
    output.table(&["GROUP", "DEVICES", "OWNER", "MADE", "QUERY", "DESCRIPTION"], rows)
}
