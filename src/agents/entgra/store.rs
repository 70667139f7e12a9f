//! `/store/api/mobileapp/getfile/…`: packages for the device's own downloads, which show no credentials. The name is
//! random, and is the credential.

use warp::http::header::{CONTENT_TYPE, RANGE};
use warp::http::{HeaderValue, Method};
use warp::reply::Response;

use super::call::Call;
use super::errors::Error;
use super::routes::{Route, public};
use crate::net::download;

pub(super) fn routes() -> Vec<Route> {
    vec![public(Method::GET, "/store/api/mobileapp/getfile/{file}", get)]
}

async fn get(call: Call) -> Result<Response, Error> {
    let (package, file) = call.app.package_file(call.param(0)).await?;
    let mut response = download::reply(file, package.size, call.header(&RANGE));
    let kind = HeaderValue::from_static("application/vnd.android.package-archive");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}
