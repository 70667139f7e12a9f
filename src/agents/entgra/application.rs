//! Installing and removing applications, `/api/device-mgt/v1.0/admin/applications/…`: what the application store of the
//! Entgra server asks of Android devices.

use serde::Deserialize;
use serde_json::{Map, Value};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::activity::ActivityBody;
use super::call::{Call, echo};
use super::errors::Error;
use super::gson;
use super::routes::{Route, route};

const ANDROID: &str = "android";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::POST, "/api/device-mgt/v1.0/admin/applications/install-application", |call| {
            change(call, "INSTALL_APPLICATION")
        }),
        route(Method::POST, "/api/device-mgt/v1.0/admin/applications/uninstall-application", |call| {
            change(call, "UNINSTALL_APPLICATION")
        }),
    ]
}

/// `ApplicationWrapper` of the Entgra API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    #[serde(default)]
    application: Option<Application>,
    #[serde(default)]
    device_identifiers: Option<Vec<Identifier>>,
    #[serde(default)]
    user_name_list: Option<Vec<String>>,
    #[serde(default)]
    role_name_list: Option<Vec<String>>,
}

/// `MobileApp` of the Entgra API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    /// `ENTERPRISE`, `PUBLIC` or `WEBAPP`.
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    identifier: Option<String>,
    #[serde(default)]
    package_name: Option<String>,
    /// Where the package is.
    #[serde(default)]
    location: Option<String>,
}

#[derive(Deserialize)]
struct Identifier {
    id: String,
    #[serde(default)]
    r#type: Option<String>,
}

async fn change(call: Call, code: &str) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let order: Order = call.json()?;
    let people = [order.user_name_list, order.role_name_list];
    if people.into_iter().flatten().any(|listed| !listed.is_empty()) {
        return Err(Error::bad("applications go to devices here: name them in \"deviceIdentifiers\""));
    }
    let application = order.application.ok_or_else(|| Error::bad("the member \"application\" is missing"))?;
    let mut devices = Vec::new();
    for Identifier { id, r#type } in order.device_identifiers.unwrap_or_default() {
        let kind = r#type.unwrap_or_default();
        if !kind.eq_ignore_ascii_case(ANDROID) {
            return Err(Error::bad(format!("devices of type {:?} take no applications", echo(&kind))));
        }
        devices.push(id);
    }
    let payload = Some(Value::Object(application.payload(code)).to_string());
    let sent = call.app.send_named(&actor, ANDROID, devices, code, None, payload).await?;
    Ok(gson::reply(StatusCode::ACCEPTED, &ActivityBody::sent(&sent, ANDROID)))
}

impl Application {
    /// What the Android agent reads of it.
    fn payload(self, code: &str) -> Map<String, Value> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let identifier = given(self.identifier).or(given(self.package_name)).unwrap_or_default();
        let mut members = Map::new();
        members.insert("appIdentifier".to_owned(), identifier.into());
        let kind = given(self.r#type).map_or_else(|| "enterprise".to_owned(), |kind| kind.to_lowercase());
        members.insert("type".to_owned(), kind.into());
        if code == "INSTALL_APPLICATION" {
            members.extend(given(self.location).map(|url| ("url".to_owned(), url.into())));
            members.extend(given(self.name).map(|name| ("name".to_owned(), name.into())));
        }
        members
    }
}
