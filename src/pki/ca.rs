//! The certificate authority of the site.

use std::io;
use std::path::Path;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use time::OffsetDateTime;
use tokio_rustls::rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use super::{BACKDATE, EARLIEST, Facts, PkiError, read_pair, serial_number};
use crate::file;
use crate::model::text;
use crate::model::timestamp::Timestamp;

/// How long the authority is valid: ten years.
const VALIDITY: Duration = Duration::from_hours(10 * 365 * 24);
/// Longest host name in a subject's common name, in bytes (RFC 5280, ub-common-name is 64).
pub(super) const MAX_NAME_IN_SUBJECT: usize = 48;

/// The authority: its certificate, and the key that signs.
pub(super) struct Authority {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) certificate_pem: String,
    pub(super) issuer: Issuer<'static, KeyPair>,
    pub(super) not_after: Timestamp,
}

impl Authority {
    /// Reads the authority at `path`, or makes it if there is no such file.
    pub(super) fn open(path: &Path, now: Timestamp, hostname: &str) -> Result<Self, PkiError> {
        match std::fs::read_to_string(path) {
            Ok(pem) => Self::from_pem(&Zeroizing::new(pem))
                .map_err(|reason| PkiError::AuthorityDamaged { path: path.to_owned(), reason }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(path, now, hostname),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(PkiError::AuthorityDamaged { path: path.to_owned(), reason: "not text".to_owned() })
            }
            Err(source) => Err(PkiError::Read { path: path.to_owned(), source }),
        }
    }

    fn create(path: &Path, now: Timestamp, hostname: &str) -> Result<Self, PkiError> {
        let issue = |source| PkiError::Issue { what: "site CA", source };
        let from = now.max(EARLIEST).minus(BACKDATE);
        let mut params = CertificateParams::default();
        params.not_before = from.to_utc().unwrap_or(OffsetDateTime::UNIX_EPOCH);
        params.not_after = from.plus(VALIDITY).to_utc().unwrap_or(OffsetDateTime::UNIX_EPOCH);
        params.serial_number = Some(serial_number()?);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Pym");
        params
            .distinguished_name
            .push(DnType::CommonName, format!("Pym site CA {}", text::cut(hostname, MAX_NAME_IN_SUBJECT)));
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(issue)?;
        let certificate = params.self_signed(&key).map_err(issue)?;
        let pem = Zeroizing::new(certificate.pem() + &Zeroizing::new(key.serialize_pem()));
        file::replace(path, pem.as_bytes(), 0o600)
            .map_err(|source| PkiError::Write { path: path.to_owned(), source })?;
        tracing::info!(path = %path.display(), "site CA created");
        Self::from_pem(&pem).map_err(|reason| PkiError::AuthorityDamaged { path: path.to_owned(), reason })
    }

    fn from_pem(pem: &str) -> Result<Self, String> {
        let (certificate, key) = read_pair(pem)?;
        let facts = Facts::of(&certificate)?;
        if !facts.parsed.is_ca() {
            return Err("not the certificate of an authority".to_owned());
        }
        if !facts.certifies(&key) {
            return Err("the key is not that of the certificate".to_owned());
        }
        let not_after = facts.not_after();
        let issuer =
            Issuer::from_ca_cert_der(&certificate, key).map_err(|error| format!("unusable certificate: {error}"))?;
        Ok(Self { certificate_pem: to_pem(&certificate), certificate, issuer, not_after })
    }
}

/// The certificate alone in PEM (RFC 7468), without the key that is in the file beside it.
pub(super) fn to_pem(certificate: &CertificateDer<'_>) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(certificate);
    let mut pem = String::with_capacity(body.len() + body.len() / 64 + 56);
    pem.push_str("-----BEGIN CERTIFICATE-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}
