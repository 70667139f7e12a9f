//! `tag`: words on devices.

use comfy_table::Cell;

use super::device::resolve;
use super::failure::Failure;
use super::output::{Output, text};
use crate::client::Client;
use crate::wire::tag::Tagging;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The devices; without any, and without --query, the tags in use are listed
    #[arg(value_name = "ID")]
    devices: Vec<String>,
    /// Devices that fit this query too (see docs/query.md)
    #[arg(long)]
    query: Option<String>,
    /// Put this tag on them; may be repeated
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    add: Vec<String>,
    /// Take this tag off them; may be repeated
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    remove: Vec<String>,
}

pub(super) async fn tag(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    if args.devices.is_empty() && args.query.is_none() {
        if !args.add.is_empty() || !args.remove.is_empty() {
            return Err(Failure::Usage("name the devices, or --query".to_owned()));
        }
        let page = client.tags().await?;
        if output.is_json() {
            return output.document(&page);
        }
        let rows = page.items.iter().map(|tag| vec![text(&tag.name), Cell::new(tag.devices)]).collect();
        return output.table(&["TAG", "DEVICES"], rows);
    }
    if args.add.is_empty() && args.remove.is_empty() {
        return Err(Failure::Usage("say which tags: --add or --remove".to_owned()));
    }
    let mut devices = Vec::with_capacity(args.devices.len());
    for named in &args.devices {
        devices.push(resolve(client, named).await?.id);
    }
    let tagging = Tagging { devices, query: args.query, add: args.add, remove: args.remove };
    let tagged = client.tag(&tagging).await?;
    if output.is_json() {
        return output.document(&tagged);
    }
    output.line(format_args!("{} devices changed", tagged.changed))
}
