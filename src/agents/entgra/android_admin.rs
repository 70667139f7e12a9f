//! What operators ask of Android devices: `/api/device-mgt/android/v1.0/admin/devices/…`.

use serde::Deserialize;
use serde_json::{Map, Value};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::activity::ActivityBody;
use super::call::Call;
use super::errors::Error;
use super::gson;
use super::routes::{Route, route};

const ANDROID: &str = "android";
const BASE: &str = "/api/device-mgt/android/v1.0/admin/devices";

/// Calls with a list of identifiers, and the operation each is.
const COMMANDS: [(&str, &str); 10] = [
    ("unlock-devices", "DEVICE_UNLOCK"),
    ("location", "DEVICE_LOCATION"),
    ("clear-password", "CLEAR_PASSWORD"),
    ("info", "DEVICE_INFO"),
    ("logcat", "LOGCAT"),
    ("enterprise-wipe", "ENTERPRISE_WIPE"),
    ("applications", "APPLICATION_LIST"),
    ("ring", "DEVICE_RING"),
    ("reboot", "REBOOT"),
    ("mute", "DEVICE_MUTE"),
];

/// Calls with identifiers and a payload, and the operation each is.
const PROFILES: [(&str, &str); 15] = [
    ("lock-devices", "DEVICE_LOCK"),
    ("control-camera", "CAMERA"),
    ("wipe", "WIPE_DATA"),
    ("install-application", "INSTALL_APPLICATION"),
    ("update-application", "UPDATE_APPLICATION"),
    ("uninstall-application", "UNINSTALL_APPLICATION"),
    ("blacklist-applications", "BLACKLIST_APPLICATIONS"),
    ("upgrade-firmware", "UPGRADE_FIRMWARE"),
    ("configure-vpn", "VPN"),
    ("send-notification", "NOTIFICATION"),
    ("configure-wifi", "WIFI"),
    ("encrypt-storage", "ENCRYPT_STORAGE"),
    ("change-lock-code", "CHANGE_LOCK_CODE"),
    ("set-password-policy", "PASSCODE_POLICY"),
    ("set-webclip", "WEBCLIP"),
];

/// `{"deviceIDs":[…],"operation":{…}}`, and `upload` of a file transfer.
#[derive(Deserialize)]
struct Order {
    #[serde(default, rename = "deviceIDs")]
    devices: Option<Vec<String>>,
    #[serde(default)]
    operation: Option<Map<String, Value>>,
    #[serde(default)]
    upload: Option<bool>,
}

pub(super) fn routes() -> Vec<Route> {
    let commands =
        COMMANDS.map(|(path, code)| route(Method::POST, format!("{BASE}/{path}"), move |call| command(call, code)));
    let profiles =
        PROFILES.map(|(path, code)| route(Method::POST, format!("{BASE}/{path}"), move |call| profile(call, code)));
    let transfer = route(Method::POST, format!("{BASE}/file-transfer"), transfer);
    commands.into_iter().chain(profiles).chain([transfer]).collect()
}

async fn command(call: Call, code: &str) -> Result<Response, Error> {
    let devices: Vec<String> = call.json()?;
    send(&call, devices, code, None).await
}

async fn profile(call: Call, code: &str) -> Result<Response, Error> {
    let order: Order = call.json()?;
    send(&call, order.devices.unwrap_or_default(), code, order.operation).await
}

/// A device uploads nothing: `upload` is seen from the operator, who gives a file to the device.
async fn transfer(call: Call) -> Result<Response, Error> {
    let order: Order = call.json()?;
    let code =
        if order.upload.unwrap_or(false) { "FILE_UPLOAD_TO_THE_DEVICE" } else { "FILE_DOWNLOAD_FROM_THE_DEVICE" };
    send(&call, order.devices.unwrap_or_default(), code, order.operation).await
}

async fn send(
    call: &Call,
    devices: Vec<String>,
    code: &str,
    operation: Option<Map<String, Value>>,
) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let payload = operation.map(|members| written(code, members)).filter(|members| !members.is_empty());
    let payload = payload.map(|members| Value::Object(members).to_string());
    let named = call.app.send_named(&actor, ANDROID, devices, code, None, payload).await?;
    Ok(gson::reply(StatusCode::CREATED, &ActivityBody::sent(&named, ANDROID)))
}

/// The members as the Java classes of the Entgra API write them on: nulls left out, and a lock with both its members,
/// which the agent insists on.
fn written(code: &str, mut members: Map<String, Value>) -> Map<String, Value> {
    members.retain(|_, value| !value.is_null());
    if code == "DEVICE_LOCK" && !members.is_empty() {
        members.entry("message").or_insert_with(|| "".into());
        members.entry("isHardLockEnabled").or_insert(false.into());
    }
    members
}
