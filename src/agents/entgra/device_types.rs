//! Device types made at run time: `/api/device-mgt/v1.0/admin/device-types`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter as _, Reply as _};

use super::call::{Call, Calls, answer, segment};
use super::errors::Error;
use super::{BASE, Routes, gson};
use crate::model::device_type::{Completes, DeviceType, Feature, Payload, PushRoute};
use crate::model::operation::OperationKind;

/// Where a type whose push is MQTT hears its operations (the MQTT push provider of the Entgra server).
const MQTT_TOPIC: &str = "{tenant}/{type}/{id}/operation/{kind}/{code}/{number}";

pub(super) fn routes(calls: &Calls) -> Routes {
    let call = calls.take();
    let all = at().and(warp::path::end());
    let list = all.clone().and(warp::get()).and(call.clone()).then(|call| answer(list(call)));
    let create = all.clone().and(warp::post()).and(call.clone()).then(|call| answer(create(call)));
    let replace_unnamed = all.and(warp::put()).and(call.clone()).then(|call| answer(replace(None, call)));
    let replace_named = at()
        .and(segment())
        .and(warp::path::end())
        .and(warp::put())
        .and(call)
        .then(|name, call| answer(replace(Some(name), call)));
    list.or(create).unify().or(replace_unnamed).unify().or(replace_named).unify().boxed()
}

fn at() -> BoxedFilter<()> {
    let [api, device_mgt, version] = BASE;
    warp::path(api)
        .and(warp::path(device_mgt))
        .and(warp::path(version))
        .and(warp::path("admin"))
        .and(warp::path("device-types"))
        .boxed()
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

async fn create(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let body: TypeBody = call.json()?;
    call.app.create_device_type(&actor, body.read(None)).await?;
    Ok(StatusCode::OK.into_response())
}

/// The attributes of events stay: they have a resource of their own.
async fn replace(name: Option<String>, call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let body: TypeBody = call.json()?;
    let name = name.unwrap_or_else(|| body.name.clone());
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
            initial_operations: definition.initial_operation_config.unwrap_or_default().operations,
            token_days: existing.and_then(|existing| existing.token_days),
        }
    }
}
