//! What the Android agent of the Entgra IoT Server calls: `/api/device-mgt/android/v1.0/…`.
//!
//! The agent shows the user no error but hangs or tries again, so every status here is the one it waits for (read from
//! its sources, `cdmf-agent-android`). It sends a request again when the answer is late, hence nothing here minds being
//! done twice.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::{Call, echo};
use super::errors::Error;
use super::gson::{self, OperationBody, Record};
use super::operation::seconds;
use super::routes::{Route, route};
use crate::app::Flush;
use crate::model::actor::{Actor, Scope};
use crate::model::facts::Facts;
use crate::model::id::DeviceId;
use crate::model::location::{MAX_LOCATIONS, NewLocation};
use crate::model::operation::{OperationStatus, Report};
use crate::model::page::MAX_PAGE;
use crate::model::setting::{ANDROID_EULA, AreaSettings, NOTIFIER_FREQUENCY, NOTIFIER_TYPE, Notifier};
use crate::model::telemetry::{MAX_EVENTS, MAX_METRIC_NAME, NewEvent, Range, Sample, Value};
use crate::model::text::clean;
use crate::model::timestamp::Timestamp;

/// The type of every device on these paths.
const ANDROID: &str = "android";
/// Where they are; agents that show a client certificate have paths of their own.
const BASES: [&str; 2] = ["/api/device-mgt/android/v1.0", "/api/device-mgt/android/mssl/v1.0"];
/// What the user agrees to where the site does not say.
const EULA: &str = "This device will be managed by the organisation that runs this server. It can see the device's \
    model, settings, location and installed applications, change settings, send messages, and lock or erase the device. \
    To end the management, unregister the device in this application.";

pub(super) fn routes() -> Vec<Route> {
    let of = |base: &'static str| {
        vec![
            route(Method::GET, format!("{base}/configuration/license"), license),
            route(Method::GET, format!("{base}/configuration"), configuration),
            route(Method::POST, format!("{base}/devices"), enroll),
            route(Method::PUT, format!("{base}/devices/{{id}}"), update),
            route(Method::DELETE, format!("{base}/devices/{{id}}"), leave),
            route(Method::GET, format!("{base}/devices/{{id}}/status"), status),
            route(Method::PUT, format!("{base}/devices/{{id}}/pending-operations"), poll),
            route(Method::PUT, format!("{base}/devices/{{id}}/applications"), applications),
            route(Method::POST, format!("{base}/events/publish"), publish),
            route(Method::GET, format!("{base}/events"), events),
        ]
    };
    BASES.into_iter().flat_map(of).collect()
}

/// Who calls. A device that was removed does not hear that it is a stranger, but that it is gone.
async fn caller(call: &Call, identifier: &str) -> Result<Actor, Error> {
    match call.actor().await {
        Err(error) if error.status() == StatusCode::UNAUTHORIZED && shows_gone(call, identifier).await? => {
            Err(Error::no_device(identifier))
        }
        other => other,
    }
}

/// Whether the caller shows a token that was this device's before it was removed.
async fn shows_gone(call: &Call, identifier: &str) -> Result<bool, Error> {
    let Some(gone) = call.gone_device().await? else { return Ok(false) };
    Ok(gone == (ANDROID.to_owned(), identifier.to_owned()))
}

/// The device that calls, and it as the caller.
async fn agent(call: &Call, identifier: &str) -> Result<(DeviceId, Actor), Error> {
    let actor = caller(call, identifier).await?;
    Ok(call.app.agent_of(&actor, ANDROID, identifier).await?)
}

/// `{"responseCode":…,"responseMessage":…}`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    response_code: &'static str,
    response_message: String,
}

fn message(status: StatusCode, text: impl Into<String>) -> Response {
    let response_code = if status == StatusCode::ACCEPTED { "Accepted" } else { "OK" };
    gson::reply(status, &Message { response_code, response_message: text.into() })
}

/// What the site set for Android devices.
async fn settings(call: &Call) -> Result<AreaSettings, Error> {
    let actor = call.actor().await?;
    Ok(call.app.area_settings(&actor, ANDROID).await?)
}

async fn license(call: Call) -> Result<Response, Error> {
    let settings = settings(&call).await?;
    Ok(gson::text(StatusCode::OK, settings.license().unwrap_or(EULA)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: String,
    value: String,
    content_type: String,
}

#[derive(Serialize)]
struct Configuration {
    r#type: &'static str,
    configuration: Vec<Entry>,
}

/// What the agent reads, by default where the site does not say, and whatever else the site has set.
async fn configuration(call: Call) -> Result<Response, Error> {
    let settings = settings(&call).await?;
    let notifier = match settings.notifier() {
        Notifier::Local => "1",
        Notifier::Push => "2",
    };
    let frequency = settings.notifier_frequency().to_string();
    let license = settings.license().unwrap_or(EULA);
    let known = [(NOTIFIER_TYPE, notifier), (NOTIFIER_FREQUENCY, frequency.as_str()), (ANDROID_EULA, license)];
    let is_known = |name: &str| known.iter().any(|(known, _)| *known == name);
    let entry = |name: &str, value: &str, content_type: &str| Entry {
        name: name.to_owned(),
        value: value.to_owned(),
        content_type: content_type.to_owned(),
    };
    let mut configuration: Vec<_> = known.iter().map(|(name, value)| entry(name, value, "text")).collect();
    let others = settings.0.iter().filter(|setting| !is_known(&setting.name));
    configuration.extend(others.map(|other| entry(&other.name, &other.value, &other.content_type)));
    Ok(gson::reply(StatusCode::OK, &Configuration { r#type: ANDROID, configuration }))
}

/// 201, whether the device is new or repeats itself.
async fn enroll(call: Call) -> Result<Response, Error> {
    let body: Json = call.json()?;
    let facts = Facts::read(&body, call.app.clock().now());
    let identifier = facts.identifier.clone().ok_or_else(|| Error::bad("deviceIdentifier is missing"))?;
    let actor = caller(&call, &identifier).await?;
    call.app.enroll_agent(&actor, call.bearer().as_deref(), ANDROID, facts).await?;
    let text = format!("Android device, which carries the id '{identifier}' has successfully been enrolled");
    Ok(message(StatusCode::CREATED, text))
}

async fn update(call: Call) -> Result<Response, Error> {
    let body: Json = call.json()?;
    let identifier = call.param(0);
    let (id, actor) = agent(&call, identifier).await?;
    call.app.tell_facts(&actor, id, Facts::read(&body, call.app.clock().now())).await?;
    let text = format!("Android device, which carries the id '{identifier}' has successfully been modified");
    Ok(message(StatusCode::ACCEPTED, text))
}

/// 200, also for a device that is gone already.
async fn leave(call: Call) -> Result<Response, Error> {
    let identifier = call.param(0);
    let actor = match call.actor().await {
        Err(error) if error.status() == StatusCode::UNAUTHORIZED && shows_gone(&call, identifier).await? => None,
        other => Some(other?),
    };
    if let Some(actor) = actor {
        remove(&call, &actor, identifier).await?;
    }
    let text = format!("Android device that carries id '{}' has been successfully dis-enrolled", echo(identifier));
    Ok(message(StatusCode::OK, text))
}

async fn remove(call: &Call, actor: &Actor, identifier: &str) -> Result<(), Error> {
    // Who may remove it as a person does so, for the audit trail; who may only speak for it does so as the device.
    let (id, actor) = if actor.scopes.allow(Scope::Operate) || actor.scopes.allow(Scope::Own) {
        (call.app.find_device(actor, ANDROID, identifier).await?.id, actor.clone())
    } else {
        call.app.agent_of(actor, ANDROID, identifier).await?
    };
    call.app.remove_device(&actor, id).await?;
    Ok(())
}

/// 200 or 404: upon any other success the agent unregisters itself.
async fn status(call: Call) -> Result<Response, Error> {
    let (id, actor) = agent(&call, call.param(0)).await?;
    call.app.pending(&actor, id).await?;
    Ok(message(StatusCode::OK, "The device is enrolled"))
}

/// Results in, operations out.
async fn poll(call: Call) -> Result<Response, Error> {
    let (id, actor) = agent(&call, call.param(0)).await?;
    let results = match call.json_or_nothing()? {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(results)) => results.iter().filter_map(read_result).take(MAX_EVENTS).collect(),
        Some(one) => read_result(&one).into_iter().collect(),
    };
    let operations = call.app.exchange(&actor, id, results).await?;
    let bodies: Vec<_> = operations.iter().map(OperationBody::from).collect();
    Ok(gson::reply(StatusCode::CREATED, &bodies))
}

/// Reads an operation with its result. What the device found of its policy is its payload; elsewhere that is what the
/// operation came with, which may be a secret.
fn read_result(json: &Json) -> Option<Report> {
    let number = json.get("id")?;
    let number = number.as_i64().or_else(|| number.as_str()?.trim().parse().ok())?;
    let status = OperationStatus::parse(json.get("status")?.as_str()?.trim())?;
    let told = |name: &str| json.get(name).filter(|told| !told.is_null());
    let found = (json.get("code").and_then(Json::as_str) == Some("MONITOR")).then(|| told("payLoad")).flatten();
    let response = found.or_else(|| told("operationResponse")).map(|told| match told {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    });
    Some(Report { number, status, response: response.filter(|text| !text.is_empty()) })
}

async fn applications(call: Call) -> Result<Response, Error> {
    let body: Json = call.json()?;
    let (id, actor) = agent(&call, call.param(0)).await?;
    if !body.is_array() {
        return Err(Error::bad("the body is not a list of applications"));
    }
    let facts = Facts::read(&json!({ "applications": body }), call.app.clock().now());
    call.app.tell_facts(&actor, id, facts).await?;
    Ok(message(StatusCode::ACCEPTED, "Device information has modified successfully."))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventBody {
    device_identifier: String,
    r#type: String,
    payload: Option<Json>,
}

/// A location goes where locations are kept; anything else the device reports is a value of that name.
async fn publish(call: Call) -> Result<Response, Error> {
    let body: EventBody = call.json()?;
    let (id, actor) = agent(&call, &body.device_identifier).await?;
    let payload = body.payload.unwrap_or_default();
    // Text that holds JSON, as the agent writes it, or JSON.
    let inner = payload.as_str().and_then(|text| serde_json::from_str(text).ok());
    let event = if body.r#type.eq_ignore_ascii_case("location") {
        let place = inner.as_ref().unwrap_or(&payload);
        let place = NewLocation::read(place).ok_or_else(|| Error::bad("payload holds no latitude and longitude"))?;
        let sample = |metric: &str, value| Sample { metric: metric.to_owned(), value: Value::Number(value) };
        let samples = vec![sample("latitude", place.latitude), sample("longitude", place.longitude)];
        NewEvent { device_time: place.at, samples }
    } else {
        let metric = clean(&body.r#type, MAX_METRIC_NAME).to_lowercase();
        let value = Value::from_json(&payload).ok_or_else(|| Error::bad("payload is missing"))?;
        NewEvent { device_time: None, samples: vec![Sample { metric, value }] }
    };
    call.app.ingest(&actor, id, vec![event], Flush::Soon).await?;
    Ok(message(StatusCode::CREATED, "Event is published successfully."))
}

/// What a device reported between `from` and `to` (seconds or milliseconds): its locations, or the events that hold a
/// value of the `type`, or all of them.
async fn events(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let query = call.query();
    let device = call.device(&actor, ANDROID, query.need("id")?).await?;
    let from = query.number("from")?.map_or(Timestamp::from_millis(0), seconds);
    let to = query.number("to")?.map_or(Timestamp::from_millis(i64::MAX), seconds);
    let range = Range { from, to: to.plus(std::time::Duration::from_millis(1)) };
    let wanted = query.get("type").map(str::to_lowercase);
    let records: Vec<Record> = if wanted.as_deref() == Some("location") {
        let mut places = call.app.locations(&actor, device.id, range, MAX_LOCATIONS).await?;
        places.reverse();
        let values = |latitude: f64, longitude: f64| {
            let values = [("latitude", latitude.into()), ("longitude", longitude.into()), ("type", "location".into())];
            HashMap::from(values).into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
        };
        let record = |place: &crate::model::location::Location| {
            let id = place.at.millis().to_string();
            Record::of(values(place.latitude, place.longitude), place.at, &id, &device.identifier)
        };
        places.iter().map(record).collect()
    } else {
        let found = call.app.events(&actor, device.id, range, 0, MAX_PAGE).await?;
        let fits = |metric: &str| wanted.as_ref().is_none_or(|wanted| wanted == metric);
        let found = found.iter().filter(|event| event.samples.iter().any(|sample| fits(&sample.metric)));
        found.map(|event| Record::new(event, &device.identifier)).collect()
    };
    Ok(gson::reply(StatusCode::OK, &records))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_however_they_are_written() {
        let read = |json: Json| read_result(&json).map(|report| (report.number, report.status, report.response));
        assert_eq!(
            read(json!({"id": "7", "code": "DEVICE_RING", "status": "completed", "payLoad": {"pin": "1"}})),
            Some((7, OperationStatus::Completed, None))
        );
        assert_eq!(
            read(json!({"id": 7, "code": "MONITOR", "status": "COMPLETED", "payLoad": [], "operationResponse": ""})),
            Some((7, OperationStatus::Completed, Some("[]".to_owned())))
        );
        assert_eq!(
            read(json!({"id": 7, "status": "ERROR", "operationResponse": {"a": 1}, "payLoad": null})),
            Some((7, OperationStatus::Error, Some("{\"a\":1}".to_owned())))
        );
        for nothing in [json!({}), json!(null), json!({"id": null, "status": "ERROR"}), json!({"id": 1, "status": "?"})]
        {
            assert_eq!(read(nothing), None);
        }
    }
}
