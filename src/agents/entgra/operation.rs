//! What an operator asks of the sample types: `bulb`, `buzz`, and the history of measurements.

use warp::Reply as _;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::errors::Error;
use super::gson::{self, Record};
use super::routes::{Route, route};
use crate::model::operation::NewActivity;
use crate::model::page::MAX_PAGE;
use crate::model::telemetry::Range;
use crate::model::timestamp::Timestamp;

/// `/<type>/device…`, also under the version that the gateway of the Entgra server puts in between.
pub(super) fn device_routes<H, F>(method: &Method, device_type: &str, path: &str, handler: H) -> Vec<Route>
where
    H: Fn(Call) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response, Error>> + Send + 'static,
{
    let paths = [format!("/{device_type}/device{path}"), format!("/{device_type}/1.0.0/device{path}")];
    paths.into_iter().map(|path| route(method.clone(), path, handler.clone())).collect()
}

pub(super) fn routes() -> Vec<Route> {
    let send = |device_type: &'static str, code: &'static str| {
        device_routes(&Method::POST, device_type, &format!("/{{id}}/{code}"), move |call| send(call, device_type, code))
    };
    let stats = |device_type: &'static str| {
        device_routes(&Method::GET, device_type, "/stats/{id}", move |call| stats(call, device_type))
    };
    [
        send("raspberrypi", "bulb"),
        send("arduino", "bulb"),
        send("virtual_firealarm", "buzz"),
        stats("raspberrypi"),
        stats("arduino"),
        stats("virtual_firealarm"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `state` comes in the query or as a form.
async fn send(call: Call, device_type: &str, code: &str) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, device_type, call.param(0)).await?;
    let payload = call.form().need("state")?.to_owned();
    let activity = NewActivity {
        code: code.to_owned(),
        kind: None,
        payload: Some(payload),
        devices: vec![device.id],
        expires_at: None,
    };
    call.app.send(&actor, activity).await?;
    Ok(StatusCode::OK.into_response())
}

/// `from` and `to` in seconds since the Unix epoch; a client that thinks in milliseconds is understood.
async fn stats(call: Call, device_type: &str) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, device_type, call.param(0)).await?;
    let query = call.query();
    let from = query.number("from")?.map_or(Timestamp::from_millis(0), seconds);
    let to = query.number("to")?.map_or(call.app.clock().now(), seconds);
    // The last second counts: the original's bounds are inclusive.
    let range = Range { from, to: to.plus(std::time::Duration::from_secs(1)) };
    let events = call.app.events(&actor, device.id, range, 0, MAX_PAGE).await?;
    let records: Vec<_> = events.iter().map(|event| Record::new(event, &device.identifier)).collect();
    Ok(gson::reply(StatusCode::OK, &records))
}

/// A time in seconds since the Unix epoch, or in milliseconds where it would lie in the far future.
pub(super) fn seconds(number: i64) -> Timestamp {
    const FIRST_MILLIS: i64 = 100_000_000_000;
    if number >= FIRST_MILLIS { Timestamp::from_millis(number) } else { Timestamp::from_secs(number) }
}
