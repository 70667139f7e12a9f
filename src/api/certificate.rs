//! `/certificates`, `/devices/{id}/certificates`, and `/crl`.

use warp::http::header::{CONTENT_TYPE, LOCATION};
use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::device;
use super::problem::Problem;
use super::routes::{Route, public, route};
use crate::model::device::PageStart;
use crate::wire::certificate::{Doubt, NewCertificate, Signed, SigningRequest};

pub(super) fn routes() -> Vec<Route> {
    vec![
        public(Method::GET, "/crl", revocations),
        route(Method::GET, "/api/v1/certificates", list),
        route(Method::POST, "/api/v1/certificates", add),
        route(Method::POST, "/api/v1/certificates/verify", verify),
        route(Method::GET, "/api/v1/certificates/{serial}", get),
        route(Method::POST, "/api/v1/certificates/{serial}/revoke", revoke),
        route(Method::POST, "/api/v1/devices/{id}/certificates", sign),
    ]
}

async fn revocations(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::with_header(call.app().revocation_list().await?, CONTENT_TYPE, "application/pkix-crl"))
}

async fn list(call: Call) -> Result<impl Reply, Problem> {
    let mut query = call.query()?;
    let named = query.text("device")?;
    let (limit, start) = (query.limit()?, PageStart::Cursor(query.text("cursor")?));
    query.end()?;
    let device = match named {
        Some(named) => Some(device::find(&call, &named).await?),
        None => None,
    };
    Ok(reply::json(&call.app().certificates(call.actor(), device, start, limit).await?))
}

async fn get(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&call.app().certificate(call.actor(), call.param(0)).await?))
}

async fn add(mut call: Call) -> Result<impl Reply, Problem> {
    let new: NewCertificate = call.json().await?;
    let brought = [new.pem.into_bytes()];
    let mut added = call.app().add_certificates(call.actor(), &brought, new.device).await?;
    let certificate = added.pop().ok_or_else(|| Problem::bad("pem", "no certificate was brought"))?;
    let location = format!("/api/v1/certificates/{}", certificate.serial);
    Ok(reply::with_header(reply::with_status(reply::json(&certificate), StatusCode::CREATED), LOCATION, location))
}

async fn verify(mut call: Call) -> Result<impl Reply, Problem> {
    let doubt: Doubt = call.json().await?;
    Ok(reply::json(&call.app().verify_certificate(call.actor(), doubt.pem.as_bytes()).await?))
}

async fn revoke(call: Call) -> Result<impl Reply, Problem> {
    Ok(reply::json(&call.app().revoke_certificate(call.actor(), call.param(0)).await?))
}

async fn sign(mut call: Call) -> Result<impl Reply, Problem> {
    let id = device::find(&call, call.param(0)).await?;
    let request: SigningRequest = call.json().await?;
    let signed = call.app().sign_certificate(call.actor(), id, request.csr.as_bytes()).await?;
    let status = if signed.created { StatusCode::CREATED } else { StatusCode::OK };
    let location = format!("/api/v1/certificates/{}", signed.certificate.serial);
    let answer = Signed { certificate: signed.certificate, ca: call.api.ca_pem.clone() };
    Ok(reply::with_header(reply::with_status(reply::json(&answer), status), LOCATION, location))
}
