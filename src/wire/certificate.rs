//! Certificates that name devices.

use serde::{Deserialize, Serialize};

pub use crate::model::certificate::{Certificate, Fingerprint, Verdict};
use crate::model::id::DeviceId;

/// `POST /devices/{id}/certificates`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningRequest {
    /// PKCS #10: PEM, or base64 of the DER.
    pub csr: String,
}

/// A certificate just signed, and the one that signed it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signed {
    pub certificate: Certificate,
    /// The site CA's certificate in PEM.
    pub ca: String,
}

/// `POST /certificates`: a certificate made elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCertificate {
    pub pem: String,
    /// The device it names from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
}

/// `POST /certificates/verify`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doubt {
    pub pem: String,
}
