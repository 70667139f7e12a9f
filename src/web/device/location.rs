//! Where a device is and was, on a map without tiles, and the geofences that watch it.

use std::time::Duration;

use maud::html;
use warp::Reply;
use warp::http::Method;

use super::{Subject, Tab};
use crate::model::geofence::Geofence;
use crate::model::location::MAX_LOCATIONS;
use crate::model::telemetry::Range;
use crate::model::timestamp::Timestamp;
use crate::web::call::Call;
use crate::web::failure::Failure;
use crate::web::message::{Message, device as words};
use crate::web::routes::{Route, route};
use crate::web::ui::Tone;
use crate::web::ui::map::{Fence, address, written};

/// The spans of a trail: its word in the address, its name, and its hours.
const SPANS: [(&str, Message, Option<u64>); 4] = [
    ("24h", words::RANGE_DAY, Some(24)),
    ("7d", words::RANGE_WEEK, Some(24 * 7)),
    ("30d", words::RANGE_MONTH, Some(24 * 30)),
    ("all", words::EVER, None),
];

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/devices/{id}/location", show)]
}

async fn show(call: Call) -> Result<impl Reply, Failure> {
    let subject = Subject::of(&call).await?;
    let (ui, app, actor, id) = (call.ui(), call.app(), call.actor(), subject.device.id);
    let chosen = call.query().get("range").unwrap_or("24h");
    let hours = SPANS.iter().find(|span| span.0 == chosen).map_or(Some(24), |span| span.2);
    let from =
        hours.map_or(Timestamp::from_millis(i64::MIN), |hours| app.clock().now().minus(Duration::from_hours(hours)));
    let last = app.location(actor, id).await?;
    let whole = Range { from, to: Timestamp::from_millis(i64::MAX) };
    let mut trail = app.locations(actor, id, whole, MAX_LOCATIONS).await?;
    let silent = trail.is_empty();
    if silent {
        trail.extend(last.clone());
    }
    let whereabouts = app.whereabouts(actor, id).await?;
    // Who may see their own devices alone sees no geofences, but where the devices are by them.
    let fences: Vec<Geofence> = app.geofences(actor).await.unwrap_or_default();
    let shapes: Vec<Fence<'_>> = fences
        .iter()
        .filter_map(|fence| {
            let by = whereabouts.iter().find(|by| by.geofence == fence.id)?;
            Some(Fence { name: &fence.name, shape: &fence.shape, inside: Some(by.inside) })
        })
        .collect();
    let live = format!("device:{id} telemetry:{id}");
    let body = html! {
        nav.facets aria-label=(ui.t(words::RANGE)) {
            @for (word, name, _) in SPANS {
                a href=(ui.here_with("range", Some(word))) aria-current=[(word == chosen).then_some("true")] { (ui.t(name)) }
            }
        }
        div.columns.map-columns {
            section #place.card data-live=(live) {
                h2 { (ui.t(words::WHERE)) }
                @match &last {
                    Some(last) => {
                        @if silent { p.muted { (ui.t(words::NO_POSITIONS)) } }
                        (ui.map("map", subject.name(), &trail, &shapes))
                        dl.facts {
                            dt { (ui.t(words::LAST_POSITION)) }
                            dd {
                                a href={ "geo:" (format!("{:.6},{:.6}", last.latitude, last.longitude)) } {
                                    (written(crate::model::geofence::Point { latitude: last.latitude, longitude: last.longitude }))
                                }
                            }
                            dt { (ui.t(words::MEASURED)) } dd { (ui.ago(last.at)) }
                            @let address = address(last);
                            @if !address.is_empty() { dt { (ui.t(words::ADDRESS)) } dd { (address) } }
                        }
                    }
                    None => { (ui.empty(words::NO_LOCATION, words::NO_LOCATION_HINT, None)) }
                }
            }
            section #fences.card data-live=(live) {
                h2 { (ui.t(words::FENCES)) }
                @if whereabouts.is_empty() { p.muted { (ui.t(words::NO_FENCES)) } }
                @else {
                    (ui.scroll(ui.t(words::FENCES), html! { table.list {
                        thead { tr { th scope="col" { (ui.t(words::NAME)) } th scope="col" { (ui.t(words::STATE)) } th scope="col" { (ui.t(words::SINCE)) } } }
                        tbody {
                            @for by in &whereabouts {
                                tr {
                                    td { a href={ "/geofences/" (by.geofence) } { (by.name) } }
                                    td { (ui.badge(if by.inside { Tone::Ok } else { Tone::Idle }, ui.t(if by.inside { words::INSIDE } else { words::OUTSIDE }))) }
                                    td { (ui.ago(by.since)) }
                                }
                            }
                        }
                    } }))
                }
            }
        }
    };
    let page = subject.page(Tab::Location, &body).curl("GET", &subject.api("/locations"));
    Ok(page.curl("GET", &subject.api("/geofences")))
}
