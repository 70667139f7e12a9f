//! The server certificate: what it names, when it must be renewed, how it is issued.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType};
use time::OffsetDateTime;
use tokio_rustls::rustls::pki_types::{CertificateDer, DnsName, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_parser::extensions::GeneralName;
use zeroize::Zeroizing;

use super::ca::{Authority, MAX_NAME_IN_SUBJECT};
use super::{BACKDATE, EARLIEST, Facts, PkiError, provider, read_pair, serial_number};
use crate::file;
use crate::model::text;
use crate::model::timestamp::Timestamp;

/// How long a server certificate is valid: 397 days, the most that browsers take from public authorities.
const VALIDITY: Duration = Duration::from_hours(397 * 24);
/// A certificate is renewed when less than this is left of it.
const RENEW_BEFORE: Duration = Duration::from_hours(30 * 24);
/// Most addresses named in one certificate; further ones are left out.
const MAX_ADDRESSES: usize = 64;

/// A server certificate with its key, ready for TLS.
pub(super) struct ServerCertificate {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) not_after: Timestamp,
    not_before: Timestamp,
    names: BTreeSet<String>,
    addresses: BTreeSet<IpAddr>,
}

impl ServerCertificate {
    /// Reads the certificate at `path`; `None` when there is no such file.
    pub(super) fn read(path: &Path, authority: &Authority) -> Result<Option<Self>, PkiError> {
        let damaged = |reason| PkiError::ServerDamaged { path: path.to_owned(), reason };
        match std::fs::read_to_string(path) {
            Ok(pem) => Self::from_pem(&Zeroizing::new(pem), authority).map(Some).map_err(damaged),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(damaged("not text".to_owned())),
            Err(source) => Err(PkiError::Read { path: path.to_owned(), source }),
        }
    }

    /// Issues a certificate for the host and its addresses and writes it to `path`.
    pub(super) fn issue(
        path: &Path,
        authority: &Authority,
        now: Timestamp,
        hostname: &str,
        addresses: &[IpAddr],
    ) -> Result<Self, PkiError> {
        let issue = |source| PkiError::Issue { what: "server", source };
        let now = now.max(EARLIEST);
        if now >= authority.not_after {
            return Err(PkiError::AuthorityExpired { until: authority.not_after });
        }
        let from = now.minus(BACKDATE);
        let mut params = CertificateParams::default();
        params.not_before = from.to_utc().unwrap_or(OffsetDateTime::UNIX_EPOCH);
        params.not_after = from.plus(VALIDITY).min(authority.not_after).to_utc().unwrap_or(OffsetDateTime::UNIX_EPOCH);
        params.serial_number = Some(serial_number()?);
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Pym");
        params.distinguished_name.push(DnType::CommonName, text::cut(hostname, MAX_NAME_IN_SUBJECT));
        for name in names(hostname) {
            params.subject_alt_names.push(SanType::DnsName(name.try_into().map_err(issue)?));
        }
        params.subject_alt_names.extend(addresses_to_name(addresses).into_iter().map(SanType::IpAddress));

        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(issue)?;
        let certificate = params.signed_by(&key, &authority.issuer).map_err(issue)?;
        let pem = Zeroizing::new(certificate.pem() + &Zeroizing::new(key.serialize_pem()));
        file::replace(path, pem.as_bytes(), 0o600)
            .map_err(|source| PkiError::Write { path: path.to_owned(), source })?;
        let issued = Self::from_pem(&pem, authority)
            .map_err(|reason| PkiError::ServerDamaged { path: path.to_owned(), reason })?;
        tracing::info!(names = ?issued.names, addresses = ?issued.addresses, not_after = %issued.not_after, "server certificate issued");
        Ok(issued)
    }

    /// Whether the certificate does not fit the time, the host name or the addresses any more.
    pub(super) fn must_renew(&self, now: Timestamp, hostname: &str, addresses: &[IpAddr]) -> bool {
        let now = now.max(EARLIEST);
        now.plus(RENEW_BEFORE) > self.not_after
            || now < self.not_before
            || !names(hostname).iter().all(|name| self.names.contains(name))
            || !addresses_to_name(addresses).iter().all(|address| self.addresses.contains(address))
    }

    fn from_pem(pem: &str, authority: &Authority) -> Result<Self, String> {
        let (certificate, key) = read_pair(pem)?;
        let facts = Facts::of(&certificate)?;
        if !facts.certifies(&key) {
            return Err("the key is not that of the certificate".to_owned());
        }
        let issuer = Facts::of(&authority.certificate)?;
        facts
            .parsed
            .verify_signature(Some(issuer.parsed.public_key()))
            .map_err(|_| "not issued by the site CA".to_owned())?;
        let (mut names, mut addresses) = (BTreeSet::new(), BTreeSet::new());
        if let Ok(Some(alternatives)) = facts.parsed.subject_alternative_name() {
            for name in &alternatives.value.general_names {
                match name {
                    GeneralName::DNSName(name) => drop(names.insert((*name).to_owned())),
                    GeneralName::IPAddress(bytes) => addresses.extend(address_from(bytes)),
                    _ => {}
                }
            }
        }
        let (not_before, not_after) = (facts.not_before(), facts.not_after());
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        // The authority goes along, so that a client that meets this site for the first time can compare its fingerprint.
        let chain = vec![certificate.clone(), CertificateDer::clone(&authority.certificate)];
        let key = CertifiedKey::from_der(chain, private, &provider()).map_err(|error| error.to_string())?;
        Ok(Self { key: Arc::new(key), not_before, not_after, names, addresses })
    }
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerCertificate")
            .field("names", &self.names)
            .field("addresses", &self.addresses)
            .field("not_after", &self.not_after.to_string())
            .finish_non_exhaustive()
    }
}

/// The names a host goes by; a host name that is no DNS name is left out, for clients refuse the whole certificate.
fn names(hostname: &str) -> BTreeSet<String> {
    let hostname = hostname.trim_end_matches('.').to_ascii_lowercase();
    let label = hostname.split('.').next().unwrap_or_default();
    ["localhost".to_owned(), format!("{label}.local"), hostname.clone()]
        .into_iter()
        .filter(|name| DnsName::try_from(name.as_str()).is_ok())
        .collect()
}

/// The addresses to name: loopback and those at hand, without the ones that mean nothing elsewhere.
fn addresses_to_name(addresses: &[IpAddr]) -> BTreeSet<IpAddr> {
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let usable = addresses.iter().map(IpAddr::to_canonical).filter(|address| match address {
        IpAddr::V4(v4) => !v4.is_unspecified() && !v4.is_loopback(),
        IpAddr::V6(v6) => !v6.is_unspecified() && !v6.is_loopback() && !v6.is_unicast_link_local(),
    });
    let mut usable: Vec<IpAddr> = usable.collect();
    usable.sort_unstable();
    usable.dedup();
    loopback.into_iter().chain(usable.into_iter().take(MAX_ADDRESSES)).collect()
}

fn address_from(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}
