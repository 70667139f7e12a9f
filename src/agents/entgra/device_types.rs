//! Device types made at run time: `/api/device-mgt/v1.0/admin/device-types`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warp::Reply as _;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::{Call, echo};
use super::device::TypeFeature;
use super::errors::Error;
use super::gson;
use super::routes::{Route, route};
use crate::model::device_type::{Completes, DeviceType, Feature, Payload, PushRoute};
use crate::model::operation::OperationKind;

/// Where a type whose push is MQTT hears its operations (the MQTT push provider of the Entgra server).
const MQTT_TOPIC: &str = "{tenant}/{type}/{id}/operation/{kind}/{code}/{number}";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/device-mgt/v1.0/admin/device-types", list),
        route(Method::POST, "/api/device-mgt/v1.0/admin/device-types", create),
        route(Method::PUT, "/api/device-mgt/v1.0/admin/device-types", replace),
        route(Method::PUT, "/api/device-mgt/v1.0/admin/device-types/{type}", replace),
        route(Method::GET, "/api/device-mgt/v1.0/device-types", names),
        route(Method::GET, "/api/device-mgt/v1.0/device-types/all", list),
        route(Method::GET, "/api/device-mgt/v1.0/device-types/all/{type}", get),
        route(Method::GET, "/api/device-mgt/v1.0/device-types/{type}", get),
        route(Method::GET, "/api/device-mgt/v1.0/device-types/{type}/features", features),
    ]
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeBody {
    #[serde(default, skip_deserializing)]
    id: usize,
    #[serde(default)]
    name: String,
    device_type_meta_definition: Definition,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Definition {
    properties: Vec<String>,
    features: Vec<FeatureBody>,
    claimable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    push_notification_config: Option<PushBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_operation_config: Option<InitialOperations>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct FeatureBody {
    code: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<OperationHint>,
}

/// Of what the original keeps here (the path of its own REST call), only the kind of operation means anything.
#[derive(Serialize, Deserialize)]
struct OperationHint {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r#type: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct PushBody {
    r#type: Option<String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct InitialOperations {
    operations: Vec<String>,
}

async fn list(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let types = call.app.device_types(&actor)?;
    let bodies: Vec<_> = types.iter().enumerate().map(|(index, each)| TypeBody::new(index + 1, each)).collect();
    Ok(gson::reply(StatusCode::OK, &bodies))
}

/// `{"deviceTypes":["android",…],"count":n}`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Names<'a> {
    device_types: Vec<&'a str>,
    count: usize,
}

async fn names(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let types = call.app.device_types(&actor)?;
    let device_types: Vec<&str> = types.iter().map(|each| each.name.as_str()).collect();
    Ok(gson::reply(StatusCode::OK, &Names { count: device_types.len(), device_types }))
}

async fn get(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let types = call.app.device_types(&actor)?;
    let place = types.iter().position(|each| each.name == call.param(0));
    let found = place.and_then(|place| types.get(place).map(|found| TypeBody::new(place + 1, found)));
    match found {
        Some(body) => Ok(gson::reply(StatusCode::OK, &body)),
        None => Err(Error::missing(format!("the device type {:?}", echo(call.param(0))))),
    }
}

async fn features(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let device_type = call.app.device_type(&actor, call.param(0))?;
    Ok(gson::reply(StatusCode::OK, &TypeFeature::all(&device_type)))
}

async fn create(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let body: TypeBody = call.json()?;
    call.app.create_device_type(&actor, body.read(None)).await?;
    Ok(StatusCode::OK.into_response())
}

/// The attributes of events stay: they have a resource of their own.
async fn replace(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let body: TypeBody = call.json()?;
    let name = if call.param(0).is_empty() { body.name.clone() } else { call.param(0).to_owned() };
    let existing = call.app.device_type(&actor, &name)?;
    call.app.replace_device_type(&actor, &name, body.read(Some(&existing))).await?;
    Ok(StatusCode::OK.into_response())
}

impl TypeBody {
    fn new(id: usize, device_type: &Arc<DeviceType>) -> Self {
        let feature = |feature: &Feature| FeatureBody {
            code: feature.code.clone(),
            name: Some(feature.name.clone()),
            description: Some(feature.description.clone()),
            operation: Some(OperationHint { r#type: Some(feature.kind.name().to_owned()) }),
        };
        let push = (!device_type.push.is_empty()).then(|| PushBody { r#type: Some("MQTT".to_owned()) });
        Self {
            id,
            name: device_type.name.clone(),
            device_type_meta_definition: Definition {
                properties: device_type.properties.clone(),
                features: device_type.features.iter().map(feature).collect(),
                claimable: false,
                push_notification_config: push,
                initial_operation_config: Some(InitialOperations {
                    operations: device_type.initial_operations.clone(),
                }),
                description: Some(device_type.description.clone()),
            },
        }
    }

    fn read(self, existing: Option<&DeviceType>) -> DeviceType {
        let definition = self.device_type_meta_definition;
        let feature = |body: FeatureBody| {
            let kind = body.operation.and_then(|hint| hint.r#type).and_then(|kind| OperationKind::parse(&kind));
            Feature {
                name: body.name.filter(|name| !name.is_empty()).unwrap_or_else(|| body.code.clone()),
                description: body.description.unwrap_or_default(),
                kind: kind.unwrap_or(OperationKind::Command),
                payload: Payload::Any,
                confirm: false,
                policy: false,
                push: Vec::new(),
                code: body.code,
            }
        };
        let is_mqtt = |push: PushBody| push.r#type.is_some_and(|kind| kind.eq_ignore_ascii_case("mqtt"));
        let route = PushRoute { topic: MQTT_TOPIC.to_owned(), payload: String::new(), completes: Completes::Result };
        let name = existing.map_or(self.name, |existing| existing.name.clone());
        DeviceType {
            title: existing.map_or_else(|| name.clone(), |existing| existing.title.clone()),
            name,
            description: definition.description.unwrap_or_default(),
            custom: true,
            properties: definition.properties,
            metrics: existing.map_or_else(Vec::new, |existing| existing.metrics.clone()),
            features: definition.features.into_iter().map(feature).collect(),
            push: if definition.push_notification_config.is_some_and(is_mqtt) { vec![route] } else { Vec::new() },
            polled_operations: Vec::new(),
            initial_operations: definition.initial_operation_config.unwrap_or_default().operations,
            token_days: existing.and_then(|existing| existing.token_days),
        }
    }
}
