//! The site's public-key infrastructure: one certificate authority, and the server certificate it issues.
//!
//! [`device`] holds what it issues to devices.
//!
//! Both are ECDSA P-256, kept in `<data_dir>/ca/`: `ca.pem` and `server.pem`, each with its certificate and its key in
//! one file, so that a certificate and a key of different age cannot meet. The authority is made once and never
//! replaced by Pym; the server certificate is issued anew whenever it no longer fits the site.

mod ca;
pub mod device;
mod server;

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{ClientHello, NoClientAuth, ResolvesServerCert, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

use crate::file;
use crate::model::timestamp::Timestamp;
use ca::Authority;
use device::{Certified, Request};
use server::ServerCertificate;

/// Certificates are issued as if it were at least this time, 2026-01-01: a board without a clock starts in the past.
pub const EARLIEST: Timestamp = Timestamp::from_secs(1_767_225_600);
/// Certificates begin to be valid this long before they are issued, for peers whose clocks are late.
const BACKDATE: Duration = Duration::from_hours(24);

/// Why a certificate could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{} is damaged ({reason}); restore it from a backup: every enrolled device trusts it", path.display())]
    AuthorityDamaged { path: PathBuf, reason: String },
    #[error("{} is damaged ({reason})", path.display())]
    ServerDamaged { path: PathBuf, reason: String },
    #[error("the site CA was valid until {until} and cannot issue certificates any more")]
    AuthorityExpired { until: Timestamp },
    #[error("cannot issue the {what} certificate")]
    Issue { what: &'static str, source: rcgen::Error },
    #[error("cannot read the certificate just issued: {reason}")]
    Unreadable { reason: String },
    #[error("cannot get random bytes from the system")]
    Random,
    #[error("cannot set TLS up")]
    Tls { source: rustls::Error },
}

/// The certificate authority of this site and the current server certificate.
pub struct Pki {
    directory: PathBuf,
    authority: Authority,
    server: Arc<Current>,
}

impl Pki {
    /// Opens `<data_dir>/ca`, making the authority and the server certificate when they are not there yet.
    ///
    /// A damaged authority is an error; a damaged server certificate is issued anew. Blocks on the disk.
    pub fn open(data_dir: &Path, now: Timestamp, hostname: &str, addresses: &[IpAddr]) -> Result<Self, PkiError> {
        let directory = data_dir.join("ca");
        file::private_dir(&directory, 0o700).map_err(|source| PkiError::Write { path: directory.clone(), source })?;
        let authority = Authority::open(&directory.join("ca.pem"), now, hostname)?;
        let path = directory.join("server.pem");
        let stored = ServerCertificate::read(&path, &authority).unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "server certificate is issued anew");
            None
        });
        let server = match stored {
            Some(certificate) => certificate,
            None => ServerCertificate::issue(&path, &authority, now, hostname, addresses)?,
        };
        Ok(Self { directory, authority, server: Arc::new(Current(RwLock::new(server))) })
    }

    /// Issues a new server certificate when the current one nears its end, is not valid yet, or does not name the host
    /// and every address; tells whether it did. New TLS connections get it at once. Blocks on the disk.
    pub fn renew_if_needed(&self, now: Timestamp, hostname: &str, addresses: &[IpAddr]) -> Result<bool, PkiError> {
        if !self.server.with(|current| current.must_renew(now, hostname, addresses)) {
            return Ok(false);
        }
        let path = self.directory.join("server.pem");
        self.server.set(ServerCertificate::issue(&path, &self.authority, now, hostname, addresses)?);
        Ok(true)
    }

    /// Reads the server certificate from disk again; a damaged or foreign one is refused and the current one kept.
    pub fn reload(&self) -> Result<(), PkiError> {
        if let Some(certificate) = ServerCertificate::read(&self.directory.join("server.pem"), &self.authority)? {
            self.server.set(certificate);
        }
        Ok(())
    }

    /// SHA-256 of the authority's certificate in hex: what people compare before they trust it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("{:x}", bytes::Bytes::copy_from_slice(&Sha256::digest(&self.authority.certificate)))
    }

    /// The authority's certificate in PEM, for those who want to trust this site.
    #[must_use]
    pub fn authority_pem(&self) -> &str {
        &self.authority.certificate_pem
    }

    /// The authority's certificate in DER.
    #[must_use]
    pub const fn authority_der(&self) -> &CertificateDer<'static> {
        &self.authority.certificate
    }

    /// When the current server certificate ends.
    #[must_use]
    pub fn server_expires_at(&self) -> Timestamp {
        self.server.with(|current| current.not_after)
    }

    /// Issues a certificate for a device's key: two years, as a client, named by the device's type and identifier.
    pub fn issue(
        &self,
        request: &Request,
        device_type: &str,
        identifier: &str,
        now: Timestamp,
    ) -> Result<Certified, PkiError> {
        device::issue(&self.authority, request, device_type, identifier, now)
    }

    /// Checks that the authority issued the certificate, for clients, and that its time is now; whether it was revoked
    /// is not known here. The error is a sentence.
    pub fn verify(&self, certificate: &Certified, now: Timestamp) -> Result<(), String> {
        device::verify(&self.authority, certificate, now)
    }

    /// The list of revoked certificates in DER, good for a day; `revoked` are serial numbers in hex and times.
    pub fn revocation_list(&self, revoked: &[(String, Timestamp)], now: Timestamp) -> Result<Vec<u8>, PkiError> {
        device::revocation_list(&self.authority, revoked, now)
    }

    /// A TLS configuration (1.2 and 1.3, no client certificates) that always shows the current server certificate.
    ///
    /// `protocols` are the ALPN names on offer, best first; empty for none.
    pub fn server_config(&self, protocols: &[&[u8]]) -> Result<ServerConfig, PkiError> {
        self.config(protocols, Arc::new(NoClientAuth))
    }

    /// As [`Pki::server_config`], and clients are asked for a certificate of this authority. Who has none comes in
    /// without; with one of another authority the handshake fails. Whether it was revoked is not looked at: a resumed
    /// session is not verified again, so the application looks at every request and connection.
    pub fn server_config_for_devices(&self, protocols: &[&[u8]]) -> Result<ServerConfig, PkiError> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.certificate.clone()).map_err(|source| PkiError::Tls { source })?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
            .allow_unauthenticated()
            .build()
            .map_err(|error| PkiError::Tls { source: rustls::Error::General(error.to_string()) })?;
        self.config(protocols, verifier)
    }

    fn config(&self, protocols: &[&[u8]], clients: Arc<dyn ClientCertVerifier>) -> Result<ServerConfig, PkiError> {
        let tls = |source| PkiError::Tls { source };
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(tls)?
            .with_client_cert_verifier(clients)
            .with_cert_resolver(Arc::clone(&self.server) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        // Stateless tickets: devices that reconnect spare the board a full handshake and cost it no memory meanwhile.
        config.ticketer = ring::Ticketer::new().map_err(tls)?;
        config.send_tls13_tickets = 1;
        Ok(config)
    }
}

impl fmt::Debug for Pki {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pki").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// The server certificate in use, which TLS asks for at every handshake.
#[derive(Debug)]
struct Current(RwLock<ServerCertificate>);

impl Current {
    fn with<T>(&self, read: impl FnOnce(&ServerCertificate) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, certificate: ServerCertificate) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = certificate;
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.with(|current| Arc::clone(&current.key)))
    }
}

/// The one cryptography provider of Pym.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// 128 random bits, positive and without a leading zero as DER wants them (RFC 5280, 4.1.2.2).
fn serial_number() -> Result<rcgen::SerialNumber, PkiError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| PkiError::Random)?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(rcgen::SerialNumber::from_slice(&bytes))
}

/// The certificate and the private key in a PEM file.
fn read_pair(pem: &str) -> Result<(CertificateDer<'static>, rcgen::KeyPair), String> {
    use rustls::pki_types::pem::PemObject as _;
    let certificate =
        CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| format!("no certificate: {error}"))?;
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| format!("no private key: {error}"))?;
    let key = rcgen::KeyPair::try_from(&key).map_err(|error| format!("unusable private key: {error}"))?;
    Ok((certificate, key))
}

/// When a certificate begins and ends to be valid, and whether `key` is the one it certifies.
struct Facts<'a> {
    parsed: x509_parser::certificate::X509Certificate<'a>,
}

impl<'a> Facts<'a> {
    fn of(certificate: &'a CertificateDer<'_>) -> Result<Self, String> {
        match x509_parser::parse_x509_certificate(certificate) {
            Ok(([], parsed)) => Ok(Self { parsed }),
            Ok(_) => Err("bytes after the certificate".to_owned()),
            Err(error) => Err(format!("unreadable certificate: {error}")),
        }
    }

    fn certifies(&self, key: &rcgen::KeyPair) -> bool {
        self.parsed.public_key().subject_public_key.data.as_ref() == key.public_key_raw()
    }

    fn not_before(&self) -> Timestamp {
        Timestamp::from_secs(self.parsed.validity().not_before.timestamp())
    }

    fn not_after(&self) -> Timestamp {
        Timestamp::from_secs(self.parsed.validity().not_after.timestamp())
    }
}

#[cfg(test)]
mod tests;
