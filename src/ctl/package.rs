//! `packages`: application packages for devices.

use std::fs;
use std::path::PathBuf;

use clap::Subcommand;
use comfy_table::Cell;

use super::failure::Failure;
use super::operation::{print_activity, receivers};
use super::output::{Output, text};
use super::units::size;
use crate::client::Client;
use crate::model::id::PackageId;
use crate::wire::package::Package;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Upload an APK
    Upload {
        file: PathBuf,
        /// The application, such as com.example.app
        #[arg(long)]
        identifier: String,
        /// The application's version, as in `1.4.2`
        #[arg(long = "app-version", value_name = "VERSION")]
        version: String,
        /// The name people read [default: the identifier]
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
    },
    /// Have devices install a package
    Install(Receivers),
    /// Have devices update an application to a package
    Update(Receivers),
    /// Have devices remove the application of a package
    Uninstall(Receivers),
    /// Delete packages; devices keep what they have installed
    Remove {
        #[arg(value_name = "PACKAGE", required = true)]
        packages: Vec<PackageId>,
    },
}

#[derive(Debug, clap::Args)]
struct Receivers {
    /// The package's id
    package: PackageId,
    #[arg(value_name = "ID")]
    devices: Vec<String>,
    /// Every device of this group (its name or id)
    #[arg(long)]
    group: Option<String>,
}

pub(super) async fn packages(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    let (change, to) = match args.action {
        None => {
            let page = client.packages().await?;
            return if output.is_json() { output.document(&page) } else { print(&page.items, output) };
        }
        Some(Action::Upload { file, identifier, version, name }) => {
            let content = fs::read(&file).map_err(|source| Failure::file("read", &file, source))?;
            let package = client.upload_package(&identifier, &version, &name, content.into()).await?;
            return if output.is_json() { output.document(&package) } else { print(&[package], output) };
        }
        Some(Action::Remove { packages }) => {
            for package in &packages {
                client.remove_package(*package).await?;
                if !output.is_json() {
                    output.line(format_args!("package {package} is deleted"))?;
                }
            }
            return if output.is_json() {
                output.document(&serde_json::json!({ "removed": packages }))
            } else {
                Ok(())
            };
        }
        Some(Action::Install(to)) => ("install", to),
        Some(Action::Update(to)) => ("update", to),
        Some(Action::Uninstall(to)) => ("uninstall", to),
    };
    if to.devices.is_empty() && to.group.is_none() {
        return Err(Failure::Usage("name devices, or --group".to_owned()));
    }
    let names = receivers(client, &to.devices, to.group.as_deref(), None).await?;
    let activity = client.change_application(to.package, change, names.keys().copied().collect()).await?;
    print_activity(&activity, &names, output)
}

fn print(packages: &[Package], output: &mut Output) -> Result<(), Failure> {
    let rows = packages.iter().map(|package| {
        vec![
            text(&package.identifier),
            text(&package.version),
            text(&package.name),
            Cell::new(size(package.size)),
            output.ago(package.uploaded_at),
            Cell::new(package.id),
        ]
    });
    let rows = rows.collect();
    output.table(&["APPLICATION", "VERSION", "NAME", "SIZE", "UPLOADED", "PACKAGE"], rows)
}
