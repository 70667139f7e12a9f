//! `telemetry`: what a device measures.

use std::time::Duration;

use comfy_table::Cell;

use super::csv;
use super::device::{resolve, value};
use super::failure::Failure;
use super::output::{Output, text};
use super::units::{Moment, parse_moment, parse_span};
use crate::client::Client;
use crate::client::device::DeviceKey;
use crate::client::telemetry::SeriesQuery;
use crate::wire::telemetry::{LastValue, Series};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The device
    #[arg(value_name = "ID")]
    device: String,
    /// The history of this metric, in place of the last value of each
    metric: Option<String>,
    /// From this time on: 2026-11-22T10:00:00Z, or how long ago, such as 2h [default: 24h]
    #[arg(long, value_name = "TIME", value_parser = parse_moment, requires = "metric")]
    from: Option<Moment>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = parse_moment, requires = "metric")]
    to: Option<Moment>,
    /// From so long ago until now
    #[arg(long, value_name = "SPAN", value_parser = parse_span, requires = "metric", conflicts_with_all = ["from", "to"])]
    last: Option<Duration>,
    /// The most points; the newest are given [default: 1000]
    #[arg(long, requires = "metric")]
    limit: Option<u32>,
    /// Print comma-separated values
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub(super) async fn show(client: &Client, args: Args, output: &mut Output) -> Result<(), Failure> {
    let key = DeviceKey::from(&resolve(client, &args.device).await?);
    let Some(metric) = args.metric else {
        let values = client.last_values(&key).await?;
        return match (output.is_json(), args.csv) {
            (true, _) => output.document(&serde_json::json!({ "items": values })),
            (_, true) => values_as_csv(&values, output),
            _ => print_values(&values, output),
        };
    };
    let now = output.now();
    let from = args.last.map(|span| now.minus(span)).or(args.from.map(|from| from.from(now)));
    let query = SeriesQuery { from, to: args.to.map(|to| to.from(now)), limit: args.limit };
    let series = client.series(&key, &metric, &query).await?;
    match (output.is_json(), args.csv) {
        (true, _) => output.document(&series),
        (_, true) => series_as_csv(&series, output),
        _ => print_series(&series, output),
    }
}

fn print_values(values: &[LastValue], output: &mut Output) -> Result<(), Failure> {
    let rows = values.iter().map(|last| {
        vec![
            text(&last.metric),
            Cell::new(value(&last.value, &last.unit)),
            output.ago(last.device_time),
            text(&last.title),
        ]
    });
    let rows = rows.collect();
    output.table(&["METRIC", "VALUE", "MEASURED", "TITLE"], rows)
}

fn print_series(series: &Series, output: &mut Output) -> Result<(), Failure> {
    let rows = series
        .points
        .iter()
        .map(|point| vec![Cell::new(point.device_time), Cell::new(value(&point.value, &series.unit))]);
    output.table(&["TIME", "VALUE"], rows.collect())?;
    if series.truncated {
        output.line("There are more points than these: ask for a shorter time or with --limit.")?;
    }
    Ok(())
}

fn values_as_csv(values: &[LastValue], output: &mut Output) -> Result<(), Failure> {
    output.line("metric,value,unit,device_time,received_at")?;
    for last in values {
        output.line(csv::line([
            csv::text(&last.metric),
            csv::value(&last.value),
            csv::text(&last.unit),
            last.device_time.to_string().into(),
            last.received_at.to_string().into(),
        ]))?;
    }
    Ok(())
}

fn series_as_csv(series: &Series, output: &mut Output) -> Result<(), Failure> {
    output.line("device_time,received_at,value")?;
    for point in &series.points {
        output.line(csv::line([
            point.device_time.to_string().into(),
            point.received_at.to_string().into(),
            csv::value(&point.value),
        ]))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::output::tests::output;
    use crate::model::telemetry::{Point, Value};
    use crate::model::timestamp::Timestamp;

    #[test]
    fn a_series_is_written_for_people_and_for_spreadsheets() {
        let at = Timestamp::parse("2026-11-22T09:00:00Z").unwrap();
        let point = |value| Point { device_time: at, received_at: at, value };
        let points = vec![point(Value::Number(-1.5)), point(Value::Text("=1+1, \"x\"".to_owned()))];
        let series = Series { metric: "temperature".to_owned(), unit: "°C".to_owned(), points, truncated: true };
        let (mut out, written) = output(false, false);
        print_series(&series, &mut out).unwrap();
        assert_eq!(
            written.text(),
            "TIME                      VALUE\n\
             2026-11-22T09:00:00.000Z  -1.5 °C\n\
             2026-11-22T09:00:00.000Z  =1+1, \"x\" °C\n\
             There are more points than these: ask for a shorter time or with --limit.\n"
        );
        let (mut out, written) = output(false, false);
        series_as_csv(&series, &mut out).unwrap();
        assert_eq!(
            written.text(),
            "device_time,received_at,value\n\
             2026-11-22T09:00:00.000Z,2026-11-22T09:00:00.000Z,-1.5\n\
             2026-11-22T09:00:00.000Z,2026-11-22T09:00:00.000Z,\"'=1+1, \"\"x\"\"\"\n"
        );
    }
}
