//! Certificates as the Entgra API knows them (`CertificateManagementAdminService` and `CertificateMgtService` of
//! carbon-device-mgt): serial numbers in decimal, certificates as base64 of their PEM.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::errors::Error;
use super::gson;
use super::routes::{Route, route};
use crate::app;
use crate::model::certificate::{self, serial_from_decimal, serial_to_decimal};
use crate::model::device::PageStart;
use crate::model::page::MAX_PAGE;

const BASE: &str = "/api/certificate-mgt/v1.0/admin/certificates";
/// How many certificates a list has when the request does not say (`PaginationConfiguration`).
const DEFAULT_PAGE: u32 = 20;
/// The number of the one tenant.
const TENANT: i32 = -1234;

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, BASE, list),
        route(Method::POST, BASE, add),
        route(Method::GET, format!("{BASE}/{{serial}}"), get),
        route(Method::DELETE, format!("{BASE}/{{serial}}"), remove),
        route(Method::POST, format!("{BASE}/verify/{{type}}"), verify),
        // The agent asks at the first, the server's sources serve the second.
        route(Method::POST, "/api/scep-mgt/v1.0/certificates/signcsr", sign),
        route(Method::POST, "/api/scep-mgt/v1.0/scep/sign-csr", sign),
    ]
}

/// `EnrollmentCertificate`.
#[derive(Deserialize)]
struct Brought {
    #[serde(default)]
    pem: Option<String>,
}

/// `CertificateResponse`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    serial_number: String,
    tenant_id: i32,
    common_name: String,
    /// In milliseconds since the Unix epoch, as `notBefore`.
    not_after: i64,
    not_before: i64,
    issuer: String,
    subject: String,
    #[serde(rename = "certificateVersion")]
    version: i32,
}

#[derive(Serialize)]
struct List {
    certificates: Vec<Certificate>,
    count: u64,
}

fn encode(certificate: certificate::Certificate) -> Certificate {
    let common_name = certificate.subject.rsplit_once("CN=").map_or("", |(_, name)| name).to_owned();
    Certificate {
        serial_number: serial_to_decimal(&certificate.serial),
        tenant_id: TENANT,
        common_name,
        not_after: certificate.not_after.millis(),
        not_before: certificate.not_before.millis(),
        issuer: certificate.issuer,
        subject: certificate.subject,
        version: 3,
    }
}

/// The serial number in the path, in decimal, or in hex as Pym shows it elsewhere.
fn serial(call: &Call) -> String {
    serial_from_decimal(call.param(0)).unwrap_or_else(|| call.param(0).to_ascii_lowercase())
}

async fn list(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let query = call.query();
    let offset = query.number("offset")?.unwrap_or(0);
    let limit = query.number("limit")?.filter(|limit| *limit > 0).unwrap_or(DEFAULT_PAGE).min(MAX_PAGE);
    let page = call.app.certificates(&actor, None, PageStart::Offset(offset), limit).await?;
    let certificates = page.items.into_iter().map(encode).collect();
    Ok(gson::reply(StatusCode::OK, &List { certificates, count: page.total }))
}

/// A list that is empty when there is no such certificate.
async fn get(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let found = match call.app.certificate(&actor, &serial(&call)).await {
        Ok(found) => vec![encode(found)],
        Err(app::Error::NotFound { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(gson::reply(StatusCode::OK, &found))
}

async fn add(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let brought: Vec<Brought> = call.json()?;
    let brought: Vec<_> = brought.into_iter().map(|brought| brought.pem.unwrap_or_default().into_bytes()).collect();
    call.app.add_certificates(&actor, &brought, None).await?;
    Ok(gson::reply(StatusCode::CREATED, &"Added successfully."))
}

/// The original forgets it; here it is revoked, and stays on record.
async fn remove(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let revoked = call.app.revoke_certificate(&actor, &serial(&call)).await?;
    let number = serial_to_decimal(&revoked.serial);
    let said = format!("Certificate that carries the serial number '{number}' has been removed");
    Ok(gson::reply(StatusCode::OK, &said))
}

async fn verify(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let doubt: Brought = call.json()?;
    let verdict = call.app.verify_certificate(&actor, doubt.pem.unwrap_or_default().as_bytes()).await?;
    Ok(gson::reply(StatusCode::OK, &if verdict.valid { "valid" } else { "invalid" }))
}

/// Base64 of a PKCS #10 request in, base64 of the certificate's DER out, both as plain text.
async fn sign(call: Call) -> Result<Response, Error> {
    let actor = call.actor().await?;
    let signed = call.app.sign_named_certificate(&actor, call.body()).await?;
    Ok(gson::text(StatusCode::OK, BASE64_STANDARD.encode(signed.der)))
}
