//! `applications`: what is installed on a device.

use comfy_table::Cell;

use super::device::resolve;
use super::failure::Failure;
use super::output::{Output, text};
use crate::client::Client;
use crate::client::device::DeviceKey;
use crate::wire::application::Application;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The device
    #[arg(value_name = "ID")]
    device: String,
    /// Those that came with the system too
    #[arg(long)]
    all: bool,
}

pub(super) async fn list(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    let key = DeviceKey::from(&resolve(client, &args.device).await?);
    let mut applications = client.applications(&key).await?;
    if output.is_json() {
        return output.document(&serde_json::json!({ "items": applications }));
    }
    applications.retain(|application| args.all || !application.system);
    print(&applications, output)
}

fn print(applications: &[Application], output: &mut Output) -> Result<(), Failure> {
    if applications.is_empty() {
        return output.line("No application is known: ask the device with the operation APPLICATION_LIST.");
    }
    let rows = applications.iter().map(|one| {
        vec![
            text(&one.name),
            text(&one.version),
            text(&one.package),
            Cell::new(if one.active { "running" } else { "" }),
            output.ago(one.reported_at),
        ]
    });
    let rows = rows.collect();
    output.table(&["NAME", "VERSION", "PACKAGE", "STATE", "REPORTED"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::output::tests::output;

    #[test]
    fn a_list_without_entries_says_what_to_do() {
        let (mut out, written) = output(false, false);
        print(&[], &mut out).unwrap();
        assert!(written.text().contains("APPLICATION_LIST"));
    }
}
