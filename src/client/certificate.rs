//! Certificates that name devices.

use super::request::{Call, paging, segment, with_query};
use super::{Client, Error};
use crate::model::id::DeviceId;
use crate::wire::Page;
use crate::wire::certificate::{Certificate, Doubt, NewCertificate, Signed, SigningRequest, Verdict};

impl Client {
    /// One page of the certificates of one device or of all, the newest first.
    pub async fn certificates(
        &self,
        device: Option<DeviceId>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Certificate>, Error> {
        let device = device.iter().map(|device| ("device", device.to_string()));
        self.fetch(Call::get(with_query("/api/v1/certificates", device.chain(paging(limit, cursor))))).await
    }

    /// The certificate of that serial number, in hex.
    pub async fn certificate(&self, serial: &str) -> Result<Certificate, Error> {
        self.fetch(Call::get(path(serial, ""))).await
    }

    /// Signs a device's request (PKCS #10 in PEM or base64).
    pub async fn sign_certificate(&self, device: DeviceId, csr: String) -> Result<Signed, Error> {
        self.fetch(Call::post(format!("/api/v1/devices/{device}/certificates")).json(&SigningRequest { csr })?).await
    }

    /// Puts a certificate on record that was made elsewhere.
    pub async fn add_certificate(&self, certificate: &NewCertificate) -> Result<Certificate, Error> {
        self.fetch(Call::post("/api/v1/certificates").json(certificate)?).await
    }

    /// Whether a certificate would let a device in.
    pub async fn verify_certificate(&self, pem: String) -> Result<Verdict, Error> {
        self.fetch(Call::post("/api/v1/certificates/verify").json(&Doubt { pem })?).await
    }

    /// Revokes a certificate; its connections end.
    pub async fn revoke_certificate(&self, serial: &str) -> Result<Certificate, Error> {
        self.fetch(Call::post(path(serial, "/revoke"))).await
    }
}

fn path(serial: &str, rest: &str) -> String {
    format!("/api/v1/certificates/{}{rest}", segment(serial))
}
