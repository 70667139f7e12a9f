//! `/packages`.

use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION, RANGE};
use warp::http::{HeaderValue, Method, StatusCode};
use warp::reply::Response;
use warp::{Reply, reply};

use super::agent::reach;
use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::app::package::Change;
use crate::model::id::PackageId;
use crate::model::package::NewPackage;
use crate::net::download;
use crate::wire::Page;
use crate::wire::package::Receivers;

/// Where packages are uploaded: bodies there go to a file piece by piece.
pub const UPLOAD: &str = "/api/v1/packages";

/// What an APK is called on the wire (registered with IANA).
const APK: &str = "application/vnd.android.package-archive";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, UPLOAD, list),
        route(Method::POST, UPLOAD, upload),
        route(Method::GET, "/api/v1/packages/{id}", get),
        route(Method::DELETE, "/api/v1/packages/{id}", delete),
        route(Method::GET, "/api/v1/packages/{id}/content", content),
        route(Method::POST, "/api/v1/packages/{id}/install", |call| change(call, Change::Install)),
        route(Method::POST, "/api/v1/packages/{id}/update", |call| change(call, Change::Update)),
        route(Method::POST, "/api/v1/packages/{id}/uninstall", |call| change(call, Change::Uninstall)),
    ]
}

fn id(call: &Call) -> Result<PackageId, Problem> {
    call.id(0, "package")
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    call.query()?.end()?;
    Ok(reply::json(&Page::whole(call.app().packages(call.actor()).await?)))
}

async fn upload(mut call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let new = NewPackage {
        name: query.text("name")?.unwrap_or_default(),
        identifier: query.text("identifier")?.unwrap_or_default(),
        version: query.text("version")?.unwrap_or_default(),
    };
    query.end()?;
    // A form of another site cannot send this without the browser asking first.
    if call.headers.get(CONTENT_TYPE).is_none_or(|kind| kind != APK) {
        let detail = format!("send the header Content-Type: {APK}");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let pieces = call.body.take();
    let package = call.app().add_package(call.actor(), new, pieces).await?;
    let location = format!("{UPLOAD}/{}", package.id);
    Ok(reply::with_header(reply::with_status(reply::json(&package), StatusCode::CREATED), LOCATION, location))
}

async fn get(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&call.app().package(call.actor(), id(&call)?).await?))
}

async fn delete(call: Call) -> Result<impl Reply, Problem> {
    call.app().delete_package(call.actor(), id(&call)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn content(call: Call) -> Result<Response, Problem> {
    let (package, file) = call.app().package_content(call.actor(), id(&call)?).await?;
    let range = call.headers.get(RANGE).and_then(|range| range.to_str().ok());
    let mut response = download::reply(file, package.size, range);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(APK));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{}.apk\"", package.identifier));
    headers.extend(disposition.ok().map(|disposition| (CONTENT_DISPOSITION, disposition)));
    Ok(response)
}

async fn change(mut call: Call, change: Change) -> Result<impl Reply, Problem> {
    let id = id(&call)?;
    let receivers: Receivers = call.json().await?;
    let reach = reach(&call);
    let activity = call.app().change_application(call.actor(), id, change, receivers.devices, &reach).await?;
    let location = format!("/api/v1/activities/{}", activity.id);
    Ok(reply::with_header(reply::with_status(reply::json(&activity), StatusCode::CREATED), LOCATION, location))
}
