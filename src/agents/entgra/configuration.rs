//! Settings of the platform and of Android: `/api/device-mgt/v1.0/configuration`.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::errors::Error;
use super::gson;
use super::routes::{Route, route};
use crate::model::setting::{AreaSettings, GENERAL, Setting};

const ANDROID: &str = "android";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, "/api/device-mgt/v1.0/configuration", get),
        route(Method::PUT, "/api/device-mgt/v1.0/configuration", replace),
        route(Method::PUT, "/api/device-mgt/android/v1.0/configuration", replace_android),
    ]
}

/// `PlatformConfiguration`.
#[derive(Serialize, Deserialize)]
struct Configuration {
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    configuration: Option<Vec<Entry>>,
}

/// `ConfigurationEntry`; clients write values as text, numbers or truth.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: String,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default)]
    value: Option<Json>,
}

async fn get(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let AreaSettings(settings) = call.app.area_settings(&actor, GENERAL).await?;
    let entry = |setting: Setting| Entry {
        name: setting.name,
        content_type: Some(setting.content_type),
        value: Some(setting.value.into()),
    };
    let configuration = Some(settings.into_iter().map(entry).collect());
    Ok(gson::reply(StatusCode::OK, &Configuration { r#type: Some(GENERAL.to_owned()), configuration }))
}

async fn replace(call: Call) -> Result<Response, Error> {
    put(&call, GENERAL).await?;
    Ok(gson::text(StatusCode::OK, "Configuration has been updated successfully."))
}

async fn replace_android(call: Call) -> Result<Response, Error> {
    put(&call, ANDROID).await?;
    Ok(gson::text(StatusCode::OK, "Android platform configuration has been updated successfully."))
}

/// The path says which area it is; what the body says of it is left aside.
async fn put(call: &Call, area: &str) -> Result<(), Error> {
    let actor = call.actor().await?;
    let body: Configuration = call.json()?;
    let entries = body.configuration.ok_or_else(|| Error::bad("the member \"configuration\" is missing"))?;
    let setting = |entry: Entry| Setting {
        name: entry.name,
        value: match entry.value {
            None | Some(Json::Null) => String::new(),
            Some(Json::String(text)) => text,
            Some(other) => other.to_string(),
        },
        content_type: entry.content_type.filter(|kind| !kind.is_empty()).unwrap_or_else(|| "text".to_owned()),
    };
    call.app.change_settings(&actor, area, entries.into_iter().map(setting).collect()).await?;
    Ok(())
}
