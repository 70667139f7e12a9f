//! `location`: where a device is and was.

use std::time::Duration;

use comfy_table::Cell;

use super::device::resolve;
use super::failure::Failure;
use super::output::{Output, text};
use super::units::{Moment, parse_moment, parse_span};
use crate::client::Client;
use crate::client::device::DeviceKey;
use crate::client::location::LocationQuery;
use crate::wire::location::{Address, Location};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The device
    #[arg(value_name = "ID")]
    device: String,
    /// Where it was before too, newest first
    #[arg(long)]
    history: bool,
    /// From this time on: 2026-11-22T10:00:00Z, or how long ago, such as 2h
    #[arg(long, value_name = "TIME", value_parser = parse_moment, requires = "history")]
    from: Option<Moment>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = parse_moment, requires = "history")]
    to: Option<Moment>,
    /// From so long ago until now
    #[arg(long, value_name = "SPAN", value_parser = parse_span, requires = "history", conflicts_with_all = ["from", "to"])]
    last: Option<Duration>,
    /// The most locations; the newest are given [default: 100]
    #[arg(long, requires = "history")]
    limit: Option<u32>,
}

pub(super) async fn show(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    let key = DeviceKey::from(&resolve(client, &args.device).await?);
    let now = output.now();
    let query = LocationQuery {
        from: args.last.map(|span| now.minus(span)).or(args.from.map(|from| from.from(now))),
        to: args.to.map(|to| to.from(now)),
        limit: if args.history { args.limit } else { Some(1) },
    };
    let locations = client.locations(&key, &query).await?;
    if output.is_json() {
        return output.document(&serde_json::json!({ "items": locations }));
    }
    print(&locations, output)
}

fn print(locations: &[Location], output: &mut Output) -> Result<(), Failure> {
    if locations.is_empty() {
        return output.line("No location is known: ask the device with the operation DEVICE_LOCATION.");
    }
    let rows = locations.iter().map(|one| {
        vec![
            Cell::new(one.at),
            Cell::new(format!("{:.6}", one.latitude)),
            Cell::new(format!("{:.6}", one.longitude)),
            text(&in_a_line(&one.address)),
        ]
    });
    output.table(&["TIME", "LATITUDE", "LONGITUDE", "ADDRESS"], rows.collect())
}

fn in_a_line(address: &Address) -> String {
    let parts = [&address.street1, &address.street2, &address.zip, &address.city, &address.state, &address.country];
    let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::output::tests::output;
    use crate::model::timestamp::Timestamp;

    #[test]
    fn a_location_is_written_in_a_line() {
        let at = Timestamp::parse("2026-11-22T09:00:00Z").unwrap();
        let address = Address { street1: "Trace".to_owned(), city: "Colombo".to_owned(), ..Address::default() };
        let location = Location { at, received_at: at, latitude: 6.9, longitude: -79.861_25, address };
        let (mut out, written) = output(false, false);
        print(&[location], &mut out).unwrap();
        assert_eq!(
            written.text(),
            "TIME                      LATITUDE  LONGITUDE   ADDRESS\n\
             2026-11-22T09:00:00.000Z  6.900000  -79.861250  Trace, Colombo\n"
        );
    }
}
