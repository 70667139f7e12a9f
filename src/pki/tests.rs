use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;

const DAY: Duration = Duration::from_hours(24);

/// A time within the validity of everything issued here, and close to what webpki takes from the machine's clock.
fn now() -> Timestamp {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap())
}

fn open(dir: &Path, at: Timestamp) -> Pki {
    Pki::open(dir, at, "gateway.example.org", &["192.0.2.7".parse().unwrap(), "fe80::1".parse().unwrap()]).unwrap()
}

/// What a client that trusts only this authority says of `name` after a handshake.
async fn handshake(pki: &Pki, name: &str) -> std::io::Result<Vec<u8>> {
    let mut roots = RootCertStore::empty();
    roots.add(pki.authority_der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (near, far) = tokio::io::duplex(16 * 1024);
    let acceptor = TlsAcceptor::from(Arc::new(pki.server_config(&[]).unwrap()));
    let server = tokio::spawn(async move { acceptor.accept(far).await.map(drop) });
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connected = TlsConnector::from(Arc::new(client)).connect(name, near).await;
    drop(server.await);
    connected.map(|stream| stream.get_ref().1.peer_certificates().unwrap()[0].to_vec())
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_accepts_every_name_of_the_host() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(dir.path(), now());
    for name in ["gateway.example.org", "gateway.local", "localhost", "127.0.0.1", "::1", "192.0.2.7"] {
        handshake(&pki, name).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert!(handshake(&pki, "elsewhere.example.org").await.is_err());
    assert!(handshake(&pki, "fe80::1").await.is_err());
}

#[tokio::test]
async fn opening_again_keeps_authority_and_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path(), now());
    let second = open(dir.path(), now());
    assert_eq!(first.fingerprint(), second.fingerprint());
    assert_eq!(first.fingerprint().len(), 64);
    assert_eq!(handshake(&first, "localhost").await.unwrap(), handshake(&second, "localhost").await.unwrap());
    for file in ["ca.pem", "server.pem"] {
        assert_eq!(fs::metadata(dir.path().join("ca").join(file)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::metadata(dir.path().join("ca")).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(!first.authority_pem().contains("PRIVATE"));
    assert!(first.authority_pem().lines().all(|line| line.len() <= 64));
}

#[tokio::test]
async fn renews_for_new_names_new_addresses_and_the_end_in_sight() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(dir.path(), now());
    let addresses = ["192.0.2.7".parse().unwrap()];
    let host = "gateway.example.org";
    assert!(!pki.renew_if_needed(now(), host, &addresses).unwrap());
    assert!(!pki.renew_if_needed(now(), host, &[]).unwrap(), "a lost address is no reason");

    let before = handshake(&pki, "localhost").await.unwrap();
    assert!(pki.renew_if_needed(now(), host, &["192.0.2.8".parse().unwrap()]).unwrap());
    assert_ne!(before, handshake(&pki, "192.0.2.8").await.unwrap(), "shown at once");

    assert!(pki.renew_if_needed(now(), "other", &[]).unwrap());
    handshake(&pki, "other.local").await.unwrap();

    let expires_at = pki.server_expires_at();
    assert!(!pki.renew_if_needed(expires_at.minus(31 * DAY), "other", &[]).unwrap());
    assert!(pki.renew_if_needed(expires_at.minus(29 * DAY), "other", &[]).unwrap());
    assert!(pki.server_expires_at() > expires_at);
    assert!(pki.renew_if_needed(now(), "other", &[]).unwrap(), "not valid yet: the clock was ahead and is right now");
    handshake(&pki, "localhost").await.unwrap();
}

#[test]
fn a_board_that_starts_in_1970_gets_certificates_of_this_age() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(dir.path(), Timestamp::from_secs(60));
    assert!(pki.server_expires_at() > EARLIEST.plus(300 * DAY));
    assert!(!pki.renew_if_needed(Timestamp::from_secs(3600), "gateway.example.org", &[]).unwrap());
}

#[test]
fn certificates_end_with_the_authority() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(dir.path(), EARLIEST);
    let end = pki.authority.not_after;
    assert!(pki.renew_if_needed(end.minus(DAY), "gateway", &[]).unwrap());
    assert_eq!(pki.server_expires_at(), end);
    assert!(matches!(pki.renew_if_needed(end, "gateway", &[]), Err(PkiError::AuthorityExpired { .. })));
}

#[test]
fn a_damaged_authority_is_named_and_never_replaced() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), now()));
    let path = dir.path().join("ca/ca.pem");
    let whole = fs::read_to_string(&path).unwrap();
    let other = tempfile::tempdir().unwrap();
    drop(open(other.path(), now()));
    let foreign = fs::read_to_string(other.path().join("ca/ca.pem")).unwrap();
    let (certificate, _) = whole.split_at(whole.find("-----BEGIN PRIVATE").unwrap());
    let (_, foreign_key) = foreign.split_at(foreign.find("-----BEGIN PRIVATE").unwrap());
    let server = fs::read_to_string(dir.path().join("ca/server.pem")).unwrap();
    for damaged in ["", certificate, &whole[..100], &format!("{certificate}{foreign_key}"), &server] {
        fs::write(&path, damaged).unwrap();
        let error = Pki::open(dir.path(), now(), "gateway", &[]).unwrap_err();
        assert!(matches!(error, PkiError::AuthorityDamaged { .. }), "{error}");
        assert!(error.to_string().contains("ca/ca.pem"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
    }
}

#[tokio::test]
async fn a_damaged_or_foreign_server_certificate_is_issued_anew() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(dir.path(), now());
    let other = tempfile::tempdir().unwrap();
    drop(open(other.path(), now()));
    let path = dir.path().join("ca/server.pem");
    for damaged in [b"\xff\xfe".to_vec(), b"nonsense".to_vec(), fs::read(other.path().join("ca/server.pem")).unwrap()] {
        fs::write(&path, &damaged).unwrap();
        let current = handshake(&pki, "localhost").await.unwrap();
        assert!(pki.reload().is_err(), "refused, and the current one kept");
        assert_eq!(handshake(&pki, "localhost").await.unwrap(), current);
        let again = open(dir.path(), now());
        handshake(&again, "localhost").await.unwrap();
        assert_ne!(fs::read(&path).unwrap(), damaged);
    }
}

#[tokio::test]
async fn odd_host_names_do_not_spoil_the_certificate() {
    for host in ["", "under score", "ümlaut", "a".repeat(300).as_str(), "-dash", "host."] {
        let dir = tempfile::tempdir().unwrap();
        let pki = Pki::open(dir.path(), now(), host, &[]).unwrap();
        handshake(&pki, "localhost").await.unwrap_or_else(|error| panic!("{host:?}: {error}"));
        assert!(!pki.renew_if_needed(now(), host, &[]).unwrap(), "{host:?}");
    }
}

#[test]
fn debug_shows_no_key() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("{:?}", open(dir.path(), now()));
    assert!(!text.contains("key"), "{text}");
}
