//! Certificates of devices: what a device asks for, what it gets, and which are no longer good.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{
    CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod,
    KeyUsagePurpose, PublicKeyData as _, RevokedCertParams, SerialNumber, SubjectPublicKeyInfo,
};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use time::OffsetDateTime;
use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;

use super::ca::{Authority, to_pem};
use super::{BACKDATE, EARLIEST, Facts, PkiError, serial_number};
use crate::model::certificate::{Fingerprint, MAX_SERIAL, serial_of};
use crate::model::text;
use crate::model::timestamp::Timestamp;

/// How long a device's certificate is valid: two years.
const VALIDITY: Duration = Duration::from_hours(2 * 365 * 24);
/// How long a revocation list is good for: a day.
const LIST_VALIDITY: Duration = Duration::from_hours(24);
/// The most bytes of a request or a certificate, encoded.
const MAX_INPUT: usize = 16 * 1024;
/// The fewest bits of an RSA key.
const MIN_RSA_BITS: usize = 2048;
/// The most bits of an RSA key: those that can be verified.
const MAX_RSA_BITS: usize = 8192;
/// The most bytes kept of a subject or an issuer.
const MAX_SUBJECT: usize = 300;
/// The most bytes of a common name (RFC 5280, ub-common-name).
const MAX_COMMON_NAME: usize = 64;

/// A certification request (PKCS #10, RFC 2986) whose signature fits its key. Of what it asks for, only the key and the
/// common name are taken.
pub struct Request {
    pub common_name: String,
    key: SubjectPublicKeyInfo,
}

impl Request {
    /// Reads a request in DER, in base64, or in PEM.
    ///
    /// # Errors
    /// A sentence that says what is wrong: no such request, a signature that does not fit, a key of a kind or length
    /// that is not taken (taken are RSA of 2048 bits and more, the curves P-256 and P-384, and Ed25519).
    pub fn read(input: &[u8]) -> Result<Self, String> {
        let der = decode(input, &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"])?;
        let (rest, request) = X509CertificationRequest::from_der(&der)
            .map_err(|error| format!("this is no certification request (PKCS #10): {error}"))?;
        if !rest.is_empty() {
            return Err("there are bytes after the certification request".to_owned());
        }
        let info = &request.certification_request_info;
        check_key(&info.subject_pki)?;
        request.verify_signature().map_err(|error| {
            format!("the signature of the certification request does not fit its public key: {error}")
        })?;
        let key = SubjectPublicKeyInfo::from_der(info.subject_pki.raw)
            .map_err(|error| format!("the public key of the certification request cannot be used: {error}"))?;
        let common_name = info.subject.iter_common_name().next().and_then(|name| name.as_str().ok());
        Ok(Self { common_name: common_name.unwrap_or_default().to_owned(), key })
    }

    /// SHA-256 of the public key (its `SubjectPublicKeyInfo`).
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        Sha256::digest(self.key.subject_public_key_info()).into()
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("common_name", &self.common_name).finish_non_exhaustive()
    }
}

/// A certificate as it was read.
#[derive(Clone, Debug)]
pub struct Certified {
    der: CertificateDer<'static>,
    pub pem: String,
    /// In lower-case hex.
    pub serial: String,
    pub fingerprint: Fingerprint,
    /// SHA-256 of the `SubjectPublicKeyInfo`.
    pub public_key: [u8; 32],
    pub subject: String,
    pub issuer: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl Certified {
    /// Reads a certificate in DER, in base64, in PEM, or in PEM within base64 as the Entgra API has it.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn read(input: &[u8]) -> Result<Self, String> {
        Self::of(CertificateDer::from(decode(input, &["CERTIFICATE"])?))
    }

    fn of(der: CertificateDer<'static>) -> Result<Self, String> {
        let facts = Facts::of(&der).map_err(|why| format!("this is no certificate: {why}"))?;
        let serial = facts.parsed.raw_serial();
        let significant = serial.iter().skip_while(|byte| **byte == 0).count();
        if significant > MAX_SERIAL {
            return Err(format!("a serial number has at most {MAX_SERIAL} bytes"));
        }
        let name = |name: &x509_parser::x509::X509Name<'_>| {
            text::cut(&text::for_terminal(&name.to_string()), MAX_SUBJECT).to_owned()
        };
        let (serial, subject, issuer) = (serial_of(serial), name(facts.parsed.subject()), name(facts.parsed.issuer()));
        let public_key = Sha256::digest(facts.parsed.public_key().raw).into();
        let (not_before, not_after) = (facts.not_before(), facts.not_after());
        let fingerprint = Fingerprint(Sha256::digest(&der).into());
        Ok(Self { pem: to_pem(&der), der, serial, fingerprint, public_key, subject, issuer, not_before, not_after })
    }

    /// The certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

/// Issues a certificate for the device `common_name` of the type `device_type`: for its key, and for nothing else it asks.
pub(super) fn issue(
    authority: &Authority,
    request: &Request,
    device_type: &str,
    common_name: &str,
    now: Timestamp,
) -> Result<Certified, PkiError> {
    let issue = |source| PkiError::Issue { what: "device", source };
    let now = now.max(EARLIEST);
    if now >= authority.not_after {
        return Err(PkiError::AuthorityExpired { until: authority.not_after });
    }
    let mut params = CertificateParams::default();
    params.not_before = now.minus(BACKDATE).to_utc().unwrap_or(OffsetDateTime::UNIX_EPOCH);
    params.not_after = now.plus(VALIDITY).min(authority.not_after).to_utc().unwrap_or(OffsetDateTime::UNIX_EPOCH);
    params.serial_number = Some(serial_number()?);
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Pym");
    params.distinguished_name.push(DnType::OrganizationalUnitName, text::cut(device_type, MAX_COMMON_NAME));
    params.distinguished_name.push(DnType::CommonName, text::cut(common_name, MAX_COMMON_NAME));
    let certificate = params.signed_by(&request.key, &authority.issuer).map_err(issue)?;
    Certified::of(certificate.der().clone()).map_err(|reason| PkiError::Unreadable { reason })
}

/// Whether the authority issued the certificate, for clients, and its time is now.
pub(super) fn verify(authority: &Authority, certificate: &Certified, now: Timestamp) -> Result<(), String> {
    let facts = Facts::of(&certificate.der)?;
    let of_authority = Facts::of(&authority.certificate)?;
    if facts.parsed.issuer() != of_authority.parsed.subject()
        || facts.parsed.verify_signature(Some(of_authority.parsed.public_key())).is_err()
    {
        return Err("the certificate was not issued by this site".to_owned());
    }
    if facts.parsed.is_ca() {
        return Err("the certificate is that of an authority".to_owned());
    }
    let for_clients = facts
        .parsed
        .extended_key_usage()
        .ok()
        .flatten()
        .is_some_and(|usage| usage.value.client_auth || usage.value.any);
    if !for_clients {
        return Err("the certificate is not for clients".to_owned());
    }
    if certificate.not_after <= now {
        return Err("the certificate has expired".to_owned());
    }
    if certificate.not_before > now.max(EARLIEST) {
        return Err("the certificate is not valid yet".to_owned());
    }
    Ok(())
}

/// The list of revoked certificates (RFC 5280, section 5) in DER: serial numbers in hex, and when they were revoked.
pub(super) fn revocation_list(
    authority: &Authority,
    revoked: &[(String, Timestamp)],
    now: Timestamp,
) -> Result<Vec<u8>, PkiError> {
    let now = now.max(EARLIEST);
    let date = |at: Timestamp| at.to_utc().unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let revoked = revoked.iter().map(|(serial, at)| RevokedCertParams {
        serial_number: SerialNumber::from_slice(&from_hex(serial)),
        revocation_time: date(*at),
        reason_code: None,
        invalidity_date: None,
    });
    let list = CertificateRevocationListParams {
        this_update: date(now.minus(BACKDATE)),
        next_update: date(now.plus(LIST_VALIDITY)),
        // It only has to grow.
        crl_number: SerialNumber::from(u64::try_from(now.millis()).unwrap_or_default()),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let signed = list.signed_by(&authority.issuer);
    Ok(signed.map_err(|source| PkiError::Issue { what: "revocation list", source })?.der().to_vec())
}

fn from_hex(serial: &str) -> Vec<u8> {
    let digits = if serial.len().is_multiple_of(2) { serial.to_owned() } else { format!("0{serial}") };
    let pairs = (0..digits.len() / 2).filter_map(|index| digits.get(2 * index..2 * index + 2));
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

fn check_key(key: &x509_parser::x509::SubjectPublicKeyInfo<'_>) -> Result<(), String> {
    const TAKEN: &str = "taken are RSA of 2048 to 8192 bits, ECDSA on P-256 and P-384, and Ed25519";
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&rsa.key_size()) => {
            Err(format!("the public key is RSA of {} bits; {TAKEN}", rsa.key_size()))
        }
        // Ed25519 (RFC 8410) has no form of its own there.
        Ok(PublicKey::RSA(_) | PublicKey::EC(_) | PublicKey::Unknown(_)) => Ok(()),
        Ok(_) => Err(format!("the public key is of a kind that is not taken; {TAKEN}")),
        Err(error) => Err(format!("the public key cannot be read: {error}")),
    }
}

/// The DER of what was sent as DER, base64, PEM with one of the labels, or PEM within base64.
fn decode(input: &[u8], labels: &[&str]) -> Result<Vec<u8>, String> {
    const DER_SEQUENCE: u8 = 0x30;
    if input.len() > MAX_INPUT {
        return Err(format!("it has at most {MAX_INPUT} bytes"));
    }
    if input.first() == Some(&DER_SEQUENCE) {
        return Ok(input.to_vec());
    }
    let unreadable = || format!("this is neither DER nor base64 nor PEM with the label {}", labels.join(" or "));
    let text = std::str::from_utf8(input).map_err(|_| unreadable())?;
    if let Some(body) = armoured(text, labels) {
        return base64(body).ok_or_else(unreadable);
    }
    let decoded = base64(text).filter(|bytes| !bytes.is_empty()).ok_or_else(unreadable)?;
    if decoded.first() == Some(&DER_SEQUENCE) {
        return Ok(decoded);
    }
    let inner = std::str::from_utf8(&decoded).ok().and_then(|text| armoured(text, labels));
    inner.and_then(base64).ok_or_else(unreadable)
}

/// What stands between the first BEGIN of one of the labels and its END (RFC 7468).
fn armoured<'a>(text: &'a str, labels: &[&str]) -> Option<&'a str> {
    labels.iter().find_map(|label| {
        let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
        Some(rest.split_once(&format!("-----END {label}-----"))?.0)
    })
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let dense: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(dense).ok()
}
