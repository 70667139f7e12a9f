use rcgen::{CertificateParams, DnType, KeyPair};

use x509_parser::prelude::FromDer as _;

use super::*;
use crate::app::testing::{Site, itself, operator, site, with};
use crate::model::device::NewDevice;

/// A request in DER for a new key.
fn request(common_name: &str) -> Vec<u8> {
    request_of(&KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap(), common_name)
}

fn request_of(key: &KeyPair, common_name: &str) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.serialize_request(key).unwrap().der().to_vec()
}

async fn certified() -> (Site, Device, Signed) {
    let site = site().await;
    site.with_ca();
    let pi = site.pi("pi-1").await;
    let signed = site.app.sign_certificate(&operator(), pi.id, &request("whatever")).await.unwrap();
    (site, pi, signed)
}

impl Site {
    async fn stands_behind(&self, certificate: &Certificate) -> Result<Actor, Error> {
        self.app.certificate_actor(certificate.fingerprint, "10.0.0.2").await
    }

    async fn refusal(&self, certificate: &Certificate) -> String {
        match self.stands_behind(certificate).await {
            Err(Error::Unauthorized(why)) => why,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_certificate_names_its_device_whatever_its_request_says() {
    let (site, pi, signed) = certified().await;
    assert!(signed.created);
    let certificate = &signed.certificate;
    assert_eq!((certificate.device, certificate.serial.len()), (Some(pi.id), 32));
    assert_eq!(certificate.subject, "O=Pym, OU=raspberrypi, CN=pi-1");
    assert!(certificate.issuer.contains("Pym site CA"));
    assert!(certificate.not_after.since(certificate.not_before) > Duration::from_hours(2 * 365 * 24));
    let actor = site.stands_behind(certificate).await.unwrap();
    assert!(actor.is_device(pi.id) && actor.scopes.is_empty());
    let verdict = site.app.verify_certificate(&operator(), certificate.pem.as_bytes()).await.unwrap();
    assert!(verdict.valid && verdict.device == Some(pi.id), "{verdict:?}");
    assert_eq!(
        site.refusal(&Certificate { fingerprint: Fingerprint([7; 32]), ..certificate.clone() }).await,
        "the certificate is not known here"
    );
}

#[tokio::test]
async fn the_same_key_gets_the_same_certificate_until_it_nears_its_end() {
    let (site, pi, _) = certified().await;
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let sign = || async { site.app.sign_certificate(&itself(&pi), pi.id, &request_of(&key, "x")).await.unwrap() };
    let first = sign().await;
    let again = sign().await;
    assert!(first.created && !again.created);
    assert_eq!((&first.certificate.serial, &first.der), (&again.certificate.serial, &again.der));
    site.clock.advance(first.certificate.not_after.minus(RENEW_BEFORE).since(site.clock.now()));
    let renewed = sign().await;
    assert!(renewed.created && renewed.certificate.serial != first.certificate.serial);
    site.clock.advance(first.certificate.not_after.since(site.clock.now()));
    assert_eq!(site.refusal(&first.certificate).await, "the certificate has expired");
    site.stands_behind(&renewed.certificate).await.unwrap();
}

#[tokio::test]
async fn what_is_revoked_removed_or_blocked_is_out_at_once() {
    let (mut site, pi, signed) = certified().await;
    let serial = &signed.certificate.serial;
    let other = site.app.sign_certificate(&operator(), pi.id, &request("x")).await.unwrap().certificate;
    while site.downlink.try_recv().is_ok() {}
    for _ in 0..2 {
        let revoked = site.app.revoke_certificate(&operator(), serial).await.unwrap();
        assert_eq!(revoked.revoked_by.as_deref(), Some("uid:0"));
        assert!(matches!(site.downlink.try_recv(), Ok(Downlink::CloseToken { hash }) if hash == revoked.fingerprint.0));
    }
    assert_eq!(site.refusal(&signed.certificate).await, "the certificate is revoked");
    let verdict = site.app.verify_certificate(&operator(), signed.certificate.pem.as_bytes()).await.unwrap();
    assert_eq!((verdict.valid, verdict.reason.as_deref()), (false, Some("the certificate is revoked")));

    site.stands_behind(&other).await.unwrap();
    let block = |status| crate::app::device::DeviceEdit { status: Some(status), ..Default::default() };
    site.app.edit_device(&operator(), pi.id, block(DeviceStatus::Blocked)).await.unwrap();
    assert_eq!(site.refusal(&other).await, "the device is BLOCKED");
    site.app.edit_device(&operator(), pi.id, block(DeviceStatus::Active)).await.unwrap();
    site.stands_behind(&other).await.unwrap();
    site.app.remove_device(&operator(), pi.id).await.unwrap();
    assert_eq!(site.refusal(&other).await, "the certificate is revoked");
    let refused = site.app.sign_certificate(&operator(), pi.id, &request("x")).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    // Enrolled again, it does not get its old certificates back.
    site.pi("pi-1").await;
    assert_eq!(site.refusal(&other).await, "the certificate is revoked");

    let list = site.app.revocation_list().await.unwrap();
    let (_, list) = x509_parser::revocation_list::CertificateRevocationList::from_der(&list).unwrap();
    let mut listed: Vec<_> =
        list.iter_revoked_certificates().map(|entry| format!("{:x}", entry.user_certificate)).collect();
    let mut expected = vec![serial.clone(), other.serial.clone()];
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn the_oldest_gives_way_and_little_is_kept() {
    let (mut site, pi, first) = certified().await;
    for _ in 0..30 {
        site.app.sign_certificate(&itself(&pi), pi.id, &request("x")).await.unwrap();
    }
    let page = site.app.certificates(&operator(), Some(pi.id), PageStart::Cursor(None), 1000).await.unwrap();
    assert_eq!((page.items.len(), page.total, page.next.as_deref()), (31, 31, None));
    let good: Vec<_> = page.items.iter().map(|one| one.revoked_at.is_none()).collect();
    assert!(good[..5].iter().all(|good| *good) && !good[5..].iter().any(|good| *good), "{good:?}");
    assert_eq!(site.refusal(&first.certificate).await, "the certificate is revoked");
    let closed = std::iter::from_fn(|| site.downlink.try_recv().ok());
    assert_eq!(closed.filter(|order| matches!(order, Downlink::CloseToken { .. })).count(), 26);
    let some = site.app.certificates(&operator(), None, PageStart::Cursor(None), 3).await.unwrap();
    let rest = site.app.certificates(&operator(), None, PageStart::Cursor(some.next.clone()), 1000).await.unwrap();
    assert_eq!((some.items.len(), rest.items.len(), rest.total), (3, 28, 31));
    let by_offset = site.app.certificates(&operator(), None, PageStart::Offset(3), 1000).await.unwrap();
    assert_eq!(by_offset.items[0].serial, rest.items[0].serial);
}

#[tokio::test]
async fn who_asks_decides() {
    let (site, pi, signed) = certified().await;
    let other = site.pi("pi-2").await;
    let reader = with(&[Scope::Read]);
    let serial = &signed.certificate.serial;
    let csr = request("x");
    for (who, may) in
        [(&reader, false), (&itself(&other), false), (&itself(&pi), true), (&with(&[Scope::Enroll]), true)]
    {
        let signed = site.app.sign_certificate(who, pi.id, &csr).await;
        assert_eq!(signed.is_ok(), may, "{who:?}: {signed:?}");
    }
    assert!(site.app.certificate(&itself(&other), serial).await.is_err());
    assert!(matches!(site.app.revoke_certificate(&reader, serial).await, Err(Error::Forbidden { .. })));
    assert!(site.app.revoke_certificate(&itself(&other), serial).await.is_err());
    assert!(matches!(site.app.certificate(&reader, "no").await, Err(Error::NotFound { .. })));
    assert!(matches!(
        site.app.certificates(&itself(&pi), None, PageStart::Offset(0), 9).await,
        Err(Error::Forbidden { .. })
    ));
    assert_eq!(site.app.certificates(&itself(&pi), Some(pi.id), PageStart::Offset(0), 9).await.unwrap().total, 2);
    let pem = signed.certificate.pem.clone().into_bytes();
    assert!(matches!(site.app.add_certificates(&reader, &[pem], None).await, Err(Error::Forbidden { .. })));
    site.app.revoke_certificate(&itself(&pi), serial).await.unwrap();
}

#[tokio::test]
async fn a_request_by_name_finds_its_device() {
    let (site, pi, _) = certified().await;
    let sign = |who: Actor, name: &'static str| {
        let app = site.app.clone();
        async move { app.sign_named_certificate(&who, &request(name)).await }
    };
    assert_eq!(sign(operator(), "pi-1").await.unwrap().certificate.device, Some(pi.id));
    assert_eq!(sign(itself(&pi), "anything").await.unwrap().certificate.device, Some(pi.id));
    assert!(matches!(sign(operator(), "pi-9").await, Err(Error::Invalid { field: "csr", .. })));
    let twin = NewDevice { device_type: "arduino".to_owned(), identifier: "pi-1".to_owned(), ..NewDevice::default() };
    site.app.enroll(&operator(), twin).await.unwrap();
    assert!(matches!(sign(operator(), "pi-1").await, Err(Error::Invalid { field: "csr", .. })));
}

#[tokio::test]
async fn a_certificate_from_elsewhere_is_kept_and_opens_nothing_by_itself() {
    let (site, pi, _) = certified().await;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "stranger\n\u{202e}");
    let stranger = params.self_signed(&KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap()).unwrap();
    let pem = stranger.pem().into_bytes();
    let brought = [pem.clone(), pem.clone()];
    let added = site.app.add_certificates(&operator(), &brought, None).await.unwrap();
    assert_eq!(added[0].serial, added[1].serial);
    assert!(!added[0].subject.contains('\u{202e}') && !added[0].subject.contains('\n'), "{}", added[0].subject);
    assert_eq!(site.refusal(&added[0]).await, "the certificate names no device");
    let verdict = site.app.verify_certificate(&operator(), &pem).await.unwrap();
    assert_eq!(verdict.reason.as_deref(), Some("the certificate was not issued by this site"));
    for wrong in [
        &b""[..],
        b"nonsense",
        b"\x30\x03\x02\x01",
        &vec![0x30; 20_000],
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let refused = site.app.add_certificates(&operator(), &[wrong.to_vec()], None).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "pem", .. })), "{refused:?}");
        assert!(!site.app.verify_certificate(&operator(), wrong).await.unwrap().valid);
        let refused = site.app.sign_certificate(&operator(), pi.id, wrong).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "csr", .. })), "{refused:?}");
    }
    let page = site.app.certificates(&operator(), None, PageStart::Offset(0), 10).await.unwrap();
    assert_eq!(page.total, 2);
}

#[tokio::test]
async fn a_request_whose_signature_does_not_fit_is_refused() {
    let (site, pi, _) = certified().await;
    let csr = request("pi-1");
    for at in [csr.len() - 1, csr.len() / 2] {
        let mut forged = csr.clone();
        forged[at] ^= 1;
        let refused = site.app.sign_certificate(&operator(), pi.id, &forged).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "csr", .. })), "{refused:?}");
    }
}
