//! The Arduino sketch: it asks for its next operation every second, reports every ten, and reads the whole answer as
//! text, of which only what follows the last colon counts. So the body ends the stream, without a line end.

use serde_json::Value as Json;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::errors::Error;
use super::gson;
use super::operation::device_routes;
use super::routes::{Route, route};
use crate::app::Flush;
use crate::model::TENANT;
use crate::model::topic::read_event;

const TYPE: &str = "arduino";
/// What the original says; the sketch takes the text after the last colon for a command, and this has none.
const NOTHING: &str = "No controls have been set for the device";

pub(super) fn routes() -> Vec<Route> {
    let mut routes = device_routes(&Method::GET, TYPE, "/{id}/controls", controls);
    for path in ["/endpoints/arduino_receiver".to_owned(), format!("/endpoints/t/{TENANT}/arduino_receiver")] {
        routes.push(route(Method::POST, path, receive));
    }
    routes
}

/// 202 with `BULB:ON`, or 409 when there is nothing to do.
async fn controls(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device = call.device(&actor, TYPE, call.param(0)).await?;
    let Some(operation) = call.app.take_next(&actor, device.id).await? else {
        return Ok(gson::text(StatusCode::CONFLICT, NOTHING));
    };
    let payload = operation.payload.as_deref().unwrap_or_default();
    Ok(gson::text(StatusCode::ACCEPTED, format!("{}:{payload}", operation.code.to_ascii_uppercase())))
}

/// An event; the device is named in the query or, by older sketches, in the event itself.
async fn receive(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let body: Json = call.json()?;
    let query = call.query();
    let named = body.pointer("/event/metaData/deviceId").and_then(Json::as_str);
    let identifier =
        query.get("deviceId").or(named).ok_or_else(|| Error::bad("the parameter \"deviceId\" is missing"))?;
    let device = call.device(&actor, TYPE, identifier).await?;
    let event =
        read_event(&body).ok_or_else(|| Error::bad("the body is no event: {\"event\":{\"payloadData\":{…}}}"))?;
    call.app.ingest(&actor, device.id, vec![event], Flush::Soon).await?;
    Ok(gson::text(StatusCode::OK, ""))
}
