//! Whom to believe over HTTPS: the site's own certificate authority, by its file or by its fingerprint.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    self, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use super::Error;

/// What makes a server trustworthy. A site has its own authority; no public one is asked.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The certificates of this PEM file.
    File(PathBuf),
    /// The authority with this SHA-256 fingerprint, 64 hex digits with or without colons; the server must send
    /// the authority's certificate along with its own.
    Fingerprint(String),
    /// Nothing: enough for `http://`, never for `https://`.
    Nobody,
}

/// How to greet a host over TLS.
#[derive(Clone)]
pub(super) struct Tls {
    pub(super) connector: TlsConnector,
    pub(super) name: ServerName<'static>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}

pub(super) fn connector(trust: &Trust, host: &str) -> Result<Tls, Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|source| Error::TlsSetup { source })?;
    let mut config = match trust {
        Trust::File(path) => builder.with_root_certificates(roots_of(path)?).with_no_client_auth(),
        Trust::Fingerprint(text) => {
            let pin = Pin { fingerprint: parse_fingerprint(text)?, provider };
            builder.dangerous().with_custom_certificate_verifier(Arc::new(pin)).with_no_client_auth()
        }
        Trust::Nobody => {
            let why = "name the site's CA certificate or its fingerprint".to_owned();
            return Err(Error::Trust { what: host.to_owned(), why });
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(bare)
        .map_err(|_| Error::Url { url: host.to_owned(), why: "it is no host name".to_owned() })?;
    Ok(Tls { connector: TlsConnector::from(Arc::new(config)), name })
}

fn roots_of(path: &std::path::Path) -> Result<RootCertStore, Error> {
    let fail = |why: String| Error::Trust { what: path.display().to_string(), why };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| fail(error.to_string()))? {
        let certificate = certificate.map_err(|error| fail(error.to_string()))?;
        roots.add(certificate).map_err(|error| fail(error.to_string()))?;
    }
    if roots.is_empty() { Err(fail("it holds no certificate".to_owned())) } else { Ok(roots) }
}

fn parse_fingerprint(text: &str) -> Result<[u8; 32], Error> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
    let fail = || Error::Trust { what: text.to_owned(), why: "a fingerprint has 64 hex digits".to_owned() };
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(fail());
    }
    let byte = |pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(fail)
}

/// Believes a server whose chain holds, and ends at, the one authority with this fingerprint.
#[derive(Debug)]
struct Pin {
    fingerprint: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let authority = intermediates
            .iter()
            .find(|certificate| Sha256::digest(certificate).as_slice() == self.fingerprint)
            .ok_or(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_with_and_without_colons() {
        let plain = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        assert_eq!(parse_fingerprint(&plain).unwrap(), [0xab; 32]);
        assert_eq!(parse_fingerprint(&colons).unwrap(), [0xab; 32]);
        for bad in ["", "ab", "zz", &"ab".repeat(33), &format!("+a{}", "ab".repeat(31)), &"a".repeat(63)] {
            assert!(parse_fingerprint(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn https_without_an_authority_is_refused() {
        assert!(matches!(connector(&Trust::Nobody, "pi.local"), Err(Error::Trust { .. })));
        let missing = Trust::File(PathBuf::from("/no/such/ca.pem"));
        assert!(connector(&missing, "pi.local").unwrap_err().to_string().starts_with("cannot trust /no/such/ca.pem"));
    }
}
