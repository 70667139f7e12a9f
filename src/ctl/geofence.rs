//! `geofences`: areas on the map, and which devices are in them.

use clap::Subcommand;
use comfy_table::Cell;

use super::failure::Failure;
use super::output::{Output, short, text};
use super::{device, group};
use crate::client::Client;
use crate::model::id::GeofenceId;
use crate::wire::geofence::{Geofence, NewGeofence, Notify, Point, Shape};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a circle
    Circle {
        name: String,
        /// Its centre in degrees, such as 6.9271,79.8612
        #[arg(value_name = "LATITUDE,LONGITUDE", value_parser = parse_point, allow_hyphen_values = true)]
        centre: Point,
        /// In metres
        #[arg(allow_hyphen_values = true)]
        radius: f64,
        #[command(flatten)]
        watch: Watch,
    },
    /// Make a polygon
    Polygon {
        name: String,
        /// Its corners in degrees, in their order, in quotes, such as "6.9,79.8 6.9,79.9 7.0,79.9"
        #[arg(value_name = "CORNERS", value_parser = parse_corners, allow_hyphen_values = true)]
        corners: Corners,
        #[command(flatten)]
        watch: Watch,
    },
    /// Remove a geofence
    Remove { geofence: String },
    /// Show which geofences a device is in
    Device {
        #[arg(value_name = "ID")]
        device: String,
    },
}

#[derive(Debug, clap::Args)]
struct Watch {
    /// Only the devices of this group [default: every device]
    #[arg(long)]
    group: Option<String>,
    /// What to tell people of: enter, leave, both or none
    #[arg(long, default_value = "both", value_parser = parse_notify)]
    notify: Notify,
    /// What is said of it
    #[arg(long, default_value = "", hide_default_value = true)]
    description: String,
}

fn parse_point(text: &str) -> Result<Point, String> {
    let parsed = text.split_once(',').and_then(|(latitude, longitude)| {
        Some(Point { latitude: latitude.trim().parse().ok()?, longitude: longitude.trim().parse().ok()? })
    });
    let point = parsed.ok_or("a point is written LATITUDE,LONGITUDE in degrees")?;
    if point.is_real() { Ok(point) } else { Err("a latitude is -90 to 90 degrees, a longitude -180 to 180".to_owned()) }
}

/// The corners of a polygon.
#[derive(Clone, Debug)]
struct Corners(Vec<Point>);

fn parse_corners(text: &str) -> Result<Corners, String> {
    text.split_whitespace().map(parse_point).collect::<Result<_, _>>().map(Corners)
}

fn parse_notify(text: &str) -> Result<Notify, String> {
    Notify::parse(text).ok_or_else(|| "known are enter, leave, both and none".to_owned())
}

pub(super) async fn geofences(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    let (name, shape, watch) = match args.action {
        None => {
            let page = client.geofences().await?;
            return if output.is_json() { output.document(&page) } else { print(&page.items, output) };
        }
        Some(Action::Remove { geofence }) => {
            let geofence = resolve(client, &geofence).await?;
            client.remove_geofence(geofence.id).await?;
            if output.is_json() {
                return output.document(&serde_json::json!({ "removed": [geofence.id] }));
            }
            return output.line(format_args!("geofence {} is removed", short(&geofence.name, 200)));
        }
        Some(Action::Device { device }) => {
            let page = client.whereabouts(device::resolve(client, &device).await?.id).await?;
            if output.is_json() {
                return output.document(&page);
            }
            let rows = page.items.iter().map(|at| {
                vec![text(&at.name), Cell::new(if at.inside { "inside" } else { "outside" }), output.ago(at.since)]
            });
            let rows = rows.collect();
            return output.table(&["GEOFENCE", "DEVICE", "SINCE"], rows);
        }
        Some(Action::Circle { name, centre, radius, watch }) => (name, Shape::Circle { centre, radius }, watch),
        Some(Action::Polygon { name, corners: Corners(corners), watch }) => (name, Shape::Polygon { corners }, watch),
    };
    let group = match &watch.group {
        Some(named) => Some(group::resolve(client, named).await?.id),
        None => None,
    };
    let new = NewGeofence { name, description: watch.description, group, shape, notify: watch.notify };
    let made = client.create_geofence(&new).await?;
    if output.is_json() { output.document(&made) } else { print(&[made], output) }
}

/// The geofence that `named` is the id or the name of.
async fn resolve(client: &Client, named: &str) -> Result<Geofence, Failure> {
    if let Ok(id) = named.parse::<GeofenceId>() {
        return Ok(client.geofence(id).await?.geofence);
    }
    let geofences = client.geofences().await?.items;
    let found = geofences.into_iter().find(|geofence| geofence.name == named);
    found.ok_or_else(|| Failure::NotFound(format!("no geofence is called {named}")))
}

fn print(geofences: &[Geofence], output: &mut Output) -> Result<(), Failure> {
    let rows = geofences.iter().map(|geofence| {
        let area = match &geofence.shape {
            Shape::Circle { centre, radius } => {
                format!("{radius} m around {},{}", centre.latitude, centre.longitude)
            }
            Shape::Polygon { corners } => format!("{} corners", corners.len()),
        };
        vec![
            text(&geofence.name),
            Cell::new(area),
            Cell::new(if geofence.group.is_some() { "a group" } else { "every device" }),
            Cell::new(geofence.notify.name()),
            Cell::new(geofence.inside),
            Cell::new(short(&geofence.description, 60)),
        ]
    });
    let rows = rows.collect();
    output.table(&["GEOFENCE", "AREA", "WATCHES", "TELLS", "INSIDE", "DESCRIPTION"], rows)
}
