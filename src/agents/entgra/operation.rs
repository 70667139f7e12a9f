//! What an operator asks of the sample types: `bulb`, `buzz`, and the history of measurements.

use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter as _, Reply as _};

use super::Routes;
use super::call::{Call, Calls, answer, segment};
use super::errors::Error;
use super::gson::{self, Record};
use crate::model::operation::NewActivity;
use crate::model::page::MAX_PAGE;
use crate::model::telemetry::Range;
use crate::model::timestamp::Timestamp;

/// `/<type>/device/…`, also under the version that the gateway of the Entgra server puts in between.
pub(super) fn device_path(device_type: &'static str) -> BoxedFilter<()> {
    let root = warp::path(device_type);
    root.and(warp::path("device")).or(root.and(warp::path("1.0.0")).and(warp::path("device"))).unify().boxed()
}

pub(super) fn routes(calls: &Calls) -> Routes {
    let call = calls.take();
    let send = |device_type: &'static str, code: &'static str| {
        device_path(device_type)
            .and(segment())
            .and(warp::path(code))
            .and(warp::path::end())
            .and(warp::post())
            .and(call.clone())
            .then(move |identifier, call| answer(send(call, device_type, identifier, code)))
    };
    let stats = |device_type: &'static str| {
        device_path(device_type)
            .and(warp::path("stats"))
            .and(segment())
            .and(warp::path::end())
            .and(warp::get())
            .and(call.clone())
            .then(move |identifier, call| answer(stats(call, device_type, identifier)))
    };
    send("raspberrypi", "bulb")
        .or(send("arduino", "bulb"))
        .unify()
        .or(send("virtual_firealarm", "buzz"))
        .unify()
        .or(stats("raspberrypi"))
        .unify()
        .or(stats("arduino"))
        .unify()
        .or(stats("virtual_firealarm"))
        .unify()
        .boxed()
}

/// `state` comes in the query or as a form.
async fn send(call: Call, device_type: &str, identifier: String, code: &str) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, device_type, &identifier).await?;
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
async fn stats(call: Call, device_type: &str, identifier: String) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, device_type, &identifier).await?;
    let query = call.query();
    let from = query.number("from")?.map_or(Timestamp::from_millis(0), seconds);
    let to = query.number("to")?.map_or(call.app.clock().now(), seconds);
    // The last second counts: the original's bounds are inclusive.
    let range = Range { from, to: to.plus(std::time::Duration::from_secs(1)) };
    let events = call.app.events(&actor, device.id, range, 0, MAX_PAGE).await?;
    let records: Vec<_> = events.iter().map(|event| Record::new(event, &identifier)).collect();
    Ok(gson::reply(StatusCode::OK, &records))
}

fn seconds(number: i64) -> Timestamp {
    const FIRST_MILLIS: i64 = 100_000_000_000;
    if number >= FIRST_MILLIS { Timestamp::from_millis(number) } else { Timestamp::from_secs(number) }
}
