//! Certificates that name devices: signing, showing, checking and revoking them, and who stands behind one.
//!
//! TLS lets a client in by the site CA's signature; what was revoked is found out here, at every request and every
//! connection, by the certificate's fingerprint. A certificate that is not on record opens no door.

use std::sync::Arc;
use std::time::Duration;

use super::access::{reach, require_some, seen_by};
use super::device::{check_takeover, target};
use super::{App, Error, check_limit, require};
use crate::app::downlink::Downlink;
use crate::model::actor::{Actor, Principal, Scope, Scopes};
use crate::model::audit::Outcome;
use crate::model::certificate::{Certificate, Fingerprint, Verdict};
use crate::model::device::{Device, DeviceStatus, PageStart};
use crate::model::id::DeviceId;
use crate::model::page::{MAX_PAGE, Page};
use crate::model::timestamp::Timestamp;
use crate::pki::device::{Certified, Request};
use crate::pki::{Pki, PkiError};
use crate::store::{Flush, Holder, NewCertificate, Rx, StoreError, Tx};

/// The most good certificates of one device: a further one revokes the oldest.
pub const MAX_CERTIFICATES: u32 = 5;
/// The most certificates of one device that have not expired, the revoked ones included: no more are signed.
const MAX_KEPT: u32 = 200;
/// The most certificates without a device.
const MAX_LOOSE: u64 = 1000;
/// The most certificates brought at once.
pub const MAX_BROUGHT: usize = 100;
/// The most entries of the revocation list: the latest.
const MAX_REVOKED: u32 = 10_000;
/// A request for a key that has a certificate gets a new one when less than this is left of it.
const RENEW_BEFORE: Duration = Duration::from_hours(30 * 24);

/// The outcome of [`App::sign_certificate`].
#[derive(Clone, Debug)]
pub struct Signed {
    pub certificate: Certificate,
    /// The certificate in DER.
    pub der: Vec<u8>,
    /// False when the device had this certificate for the key already.
    pub created: bool,
}

impl App {
    /// Gives the application the site CA, once, before the first request; without it nothing is signed.
    pub fn use_pki(&self, pki: Arc<Pki>) {
        // Whoever came first stays.
        drop(self.inner.pki.set(pki));
    }

    fn pki(&self) -> Result<&Pki, Error> {
        self.inner.pki.get().map(Arc::as_ref).ok_or_else(|| Error::Busy("the site CA is not open".to_owned()))
    }

    /// The device that shows the certificate of that fingerprint, whose key TLS has proved.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when the certificate is unknown, revoked or expired, or its device was removed or may not
    /// speak.
    pub async fn certificate_actor(&self, fingerprint: Fingerprint, origin: &str) -> Result<Actor, Error> {
        let now = self.inner.clock.now();
        let found = self.inner.store.identify(move |rx| Ok::<_, Error>(rx.certificate_holder(fingerprint)?)).await?;
        let refused = |why: &str| Err(Error::Unauthorized(why.to_owned()));
        let Some((certificate, holder)) = found else { return refused("the certificate is not known here") };
        if let Some(why) = certificate.refusal(now) {
            return refused(why);
        }
        match holder {
            Some(Holder::Device { status, .. }) if !status.may_speak() => {
                refused(&format!("the device is {}", status.name()))
            }
            Some(Holder::Device { id, device_type, identifier, .. }) => Ok(Actor {
                principal: Principal::Device { id, device_type, identifier },
                scopes: Scopes::NONE,
                origin: origin.to_owned(),
            }),
            Some(Holder::User(_)) | None => refused("the certificate names no device"),
        }
    }

    /// One page of the certificates of one device or of all, the newest first. Who may see only their own devices sees
    /// only what names these.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the device, [`Error::Invalid`] for a limit or cursor that cannot be, [`Error::Forbidden`]
    /// without the scope `read` or `own`.
    pub async fn certificates(
        &self,
        actor: &Actor,
        device: Option<DeviceId>,
        start: PageStart,
        limit: u32,
    ) -> Result<Page<Certificate>, Error> {
        check_limit(limit, MAX_PAGE)?;
        let own_of = if device.is_none() { seen_by(actor, Scope::Read)? } else { None };
        let actor = actor.clone();
        self.inner
            .store
            .read(move |rx| {
                let device = device.map(|device| reach(rx, &actor, device, Scope::Read)).transpose()?;
                let device = device.map(|device| device.number);
                Ok(rx.certificates(device, own_of.as_deref(), &start, limit)?)
            })
            .await
    }

    /// The certificate of that serial number, in hex.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] as [`App::certificates`].
    pub async fn certificate(&self, actor: &Actor, serial: &str) -> Result<Certificate, Error> {
        let (actor, serial) = (actor.clone(), serial.to_owned());
        self.inner.store.read(move |rx| known(rx, &actor, &serial, Scope::Read)).await
    }

    /// Signs a device's request (PKCS #10; DER, base64 or PEM). Only its key is taken: the subject is the device's, the
    /// serial number random, the time two years. The same key again gets the certificate it has. Of more than five good
    /// certificates of a device the oldest is revoked.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a request that cannot be signed, [`Error::NotFound`] for the device, [`Error::Conflict`]
    /// when it is removed or blocked, [`Error::Forbidden`] for a caller who neither is nor owns the device and has not
    /// the scope `enroll` (and, for a device in use of another owner, the scope `operate`).
    pub async fn sign_certificate(&self, actor: &Actor, device: DeviceId, request: &[u8]) -> Result<Signed, Error> {
        self.sign(actor, device, read(request)).await
    }

    /// As [`App::sign_certificate`], for the caller if it is a device, and else for the device whose identifier is the
    /// common name of the request.
    ///
    /// # Errors
    /// As [`App::sign_certificate`], and [`Error::Invalid`] when the common name fits no device or several.
    pub async fn sign_named_certificate(&self, actor: &Actor, request: &[u8]) -> Result<Signed, Error> {
        let device = match &actor.principal {
            Principal::Device { id, .. } => *id,
            Principal::Anonymous => return Err(Error::Unauthorized("credentials are needed".to_owned())),
            _ => self.named(read(request)?.common_name).await?,
        };
        self.sign(actor, device, read(request)).await
    }

    async fn named(&self, name: String) -> Result<DeviceId, Error> {
        let found = self.inner.store.read(move |rx| Ok::<_, Error>(rx.devices_identified(&name, 2)?)).await?;
        match found.as_slice() {
            [only] => Ok(*only),
            [] => Err(Error::invalid("csr", "the common name of the request is no enrolled device's identifier")),
            _ => Err(Error::invalid("csr", "several devices have the common name of the request for identifier")),
        }
    }

    async fn sign(&self, actor: &Actor, id: DeviceId, request: Result<Request, Error>) -> Result<Signed, Error> {
        let (now, by) = (self.inner.clock.now(), actor.clone());
        let device = self.inner.store.read(move |rx| may_be_certified(rx, &by, id)).await?;
        // What is wrong with it is for those who may ask.
        let request = request?;
        let public_key = request.public_key();
        let issued = self.pki()?.issue(&request, &device.device_type, &device.identifier, now).map_err(failed)?;
        let by = actor.clone();
        let (signed, replaced) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                // Once more: it may have been removed meanwhile.
                let device = may_be_certified(tx, &by, id)?;
                if let Some(certificate) = tx.certificate_for_key(device.number, &public_key, now.plus(RENEW_BEFORE))? {
                    let der = Certified::read(certificate.pem.as_bytes()).map_err(StoreError::Corrupt)?.der().to_vec();
                    return Ok::<_, Error>((Signed { certificate, der, created: false }, Vec::new()));
                }
                let der = issued.der().to_vec();
                let (certificate, replaced) = record(tx, &by, issued, Some(&device), now)?;
                tx.audit(now, &by, "certificate.sign", &target(&device), Outcome::Done, &certificate.serial)?;
                Ok((Signed { certificate, der, created: true }, replaced))
            })
            .await?;
        self.close_tokens(replaced).await;
        Ok(signed)
    }

    /// Puts certificates on record that were made elsewhere, all or none; those on record stay. With a device they name
    /// it, which is worth something only if this site's CA issued them: TLS takes no other's.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no certificate, [`Error::NotFound`] for the device, [`Error::Conflict`] for a serial
    /// number that another one has or one too many, [`Error::Forbidden`] without the scope `admin`.
    pub async fn add_certificates(
        &self,
        actor: &Actor,
        brought: &[Vec<u8>],
        device: Option<DeviceId>,
    ) -> Result<Vec<Certificate>, Error> {
        require(actor, Scope::Admin)?;
        if brought.is_empty() || brought.len() > MAX_BROUGHT {
            return Err(Error::invalid("pem", format!("1 to {MAX_BROUGHT} certificates can be brought at once")));
        }
        let read: Result<Vec<_>, _> = brought.iter().map(|pem| Certified::read(pem)).collect();
        let read = read.map_err(|why| Error::invalid("pem", why))?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let (added, replaced) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let device = device.map(|id| may_be_certified(tx, &actor, id)).transpose()?;
                let (mut added, mut ended) = (Vec::with_capacity(read.len()), Vec::new());
                for certified in read {
                    match tx.certificate(&certified.serial)? {
                        Some(known) if known.fingerprint == certified.fingerprint => added.push(known),
                        Some(known) => {
                            let text = format!("another certificate has the serial number {}", known.serial);
                            return Err(Error::Conflict(text));
                        }
                        None => {
                            let (certificate, replaced) = record(tx, &actor, certified, device.as_ref(), now)?;
                            ended.extend(replaced);
                            let serial = &certificate.serial;
                            tx.audit(now, &actor, "certificate.add", serial, Outcome::Done, &certificate.subject)?;
                            added.push(certificate);
                        }
                    }
                }
                Ok::<_, Error>((added, ended))
            })
            .await?;
        self.close_tokens(replaced).await;
        Ok(added)
    }

    /// Whether a certificate would let a device in.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn verify_certificate(&self, actor: &Actor, pem: &[u8]) -> Result<Verdict, Error> {
        require_some(actor, Scope::Read)?;
        let invalid = |reason: String, serial| Verdict { valid: false, reason: Some(reason), serial, device: None };
        let certified = match Certified::read(pem) {
            Ok(certified) => certified,
            Err(why) => return Ok(invalid(why, None)),
        };
        let serial = Some(certified.serial.clone());
        if let Err(why) = self.pki()?.verify(&certified, self.inner.clock.now()) {
            return Ok(invalid(why, serial));
        }
        match self.certificate_actor(certified.fingerprint, "").await {
            Ok(Actor { principal: Principal::Device { id, .. }, .. }) => {
                Ok(Verdict { valid: true, reason: None, serial, device: Some(id) })
            }
            Ok(_) => Ok(invalid("the certificate names no device".to_owned(), serial)),
            Err(Error::Unauthorized(why)) => Ok(invalid(why, serial)),
            Err(error) => Err(error),
        }
    }

    /// Revokes a certificate and ends the connections that were opened with it. To do it twice is no error.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `operate` or `own` (a device may revoke its own),
    /// for one that names no device without the scope `admin`.
    pub async fn revoke_certificate(&self, actor: &Actor, serial: &str) -> Result<Certificate, Error> {
        let (now, actor, serial) = (self.inner.clock.now(), actor.clone(), serial.to_owned());
        let revoked = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let found = known(tx, &actor, &serial, Scope::Operate)?;
                if found.revoked_at.is_some() {
                    return Ok(found);
                }
                tx.revoke_certificate(&serial, now, &actor.principal.to_string())?;
                tx.audit(now, &actor, "certificate.revoke", &serial, Outcome::Done, &found.subject)?;
                known(tx, &actor, &serial, Scope::Operate)
            })
            .await?;
        // Over MQTT a login by certificate carries its fingerprint for a token.
        self.order(Downlink::CloseToken { hash: revoked.fingerprint.0 }).await;
        Ok(revoked)
    }

    /// The list of revoked certificates (RFC 5280) in DER, for anyone.
    ///
    /// # Errors
    /// A failure of the store or of the site CA.
    pub async fn revocation_list(&self) -> Result<Vec<u8>, Error> {
        let now = self.inner.clock.now();
        let revoked =
            self.inner.store.read(move |rx| Ok::<_, Error>(rx.revoked_certificates(now, MAX_REVOKED)?)).await?;
        self.pki()?.revocation_list(&revoked, now).map_err(failed)
    }
}

fn read(request: &[u8]) -> Result<Request, Error> {
    Request::read(request).map_err(|why| Error::invalid("csr", why))
}

fn failed(error: PkiError) -> Error {
    Error::Failed { what: error.to_string(), source: Box::new(error) }
}

/// The certificate of that serial number, for a caller who may do what `scope` says to its device.
fn known(rx: &Rx<'_>, actor: &Actor, serial: &str, scope: Scope) -> Result<Certificate, Error> {
    let found = rx.certificate(serial)?;
    let missing = || Error::missing(format!("the certificate {serial:?}"));
    match found.as_ref().and_then(|found| found.device) {
        Some(device) => match reach(rx, actor, device, scope) {
            Err(Error::NotFound { .. }) => return Err(missing()),
            other => drop(other?),
        },
        None if found.is_none() || scope == Scope::Read => require_some(actor, scope)?,
        None => require(actor, Scope::Admin)?,
    }
    found.ok_or_else(missing)
}

/// The device, for a caller who may have a certificate signed for it: whoever has one is the device.
fn may_be_certified(rx: &Rx<'_>, actor: &Actor, id: DeviceId) -> Result<Device, Error> {
    let device = rx.device(id)?;
    let personal = actor.scopes.allow(Scope::Own) || actor.scopes.allow(Scope::Enroll);
    let own =
        device.as_ref().is_some_and(|device| actor.is_device(device.id) || (personal && actor.owner() == device.owner));
    if !own {
        require(actor, Scope::Enroll)?;
    }
    let device = device.ok_or_else(|| Error::missing(format!("device {id}")))?;
    if !own {
        check_takeover(actor, &device)?;
    }
    if device.status.may_speak() && device.status != DeviceStatus::Removed {
        Ok(device)
    } else {
        Err(Error::Conflict(format!("the device is {}", device.status.name())))
    }
}

/// Writes a certificate; also returns the fingerprints of those that gave way.
fn record(
    tx: &Tx<'_>,
    actor: &Actor,
    certified: Certified,
    device: Option<&Device>,
    now: Timestamp,
) -> Result<(Certificate, Vec<[u8; 32]>), Error> {
    let by = actor.principal.to_string();
    let Certified { pem, serial, fingerprint, public_key, subject, issuer, not_before, not_after, .. } = certified;
    let certificate = Certificate {
        serial,
        fingerprint,
        subject,
        issuer,
        device: device.map(|device| device.id),
        issued_by: by.clone(),
        not_before,
        not_after,
        created_at: now,
        revoked_at: None,
        revoked_by: None,
        pem,
    };
    let replaced = match device {
        Some(device) => {
            let replaced = tx.revoke_certificates(device.number, MAX_CERTIFICATES - 1, now, &by)?;
            if tx.trim_certificates(device.number, now)? >= MAX_KEPT {
                let text = format!("the device has {MAX_KEPT} certificates that have not expired; that is the most");
                return Err(Error::Conflict(text));
            }
            replaced
        }
        None if tx.loose_certificates()? >= MAX_LOOSE => {
            return Err(Error::Conflict(format!("{MAX_LOOSE} certificates name no device; that is the most")));
        }
        None => Vec::new(),
    };
    let new = NewCertificate { certificate, public_key, device: device.map(|device| device.number) };
    tx.insert_certificate(&new)?;
    Ok((new.certificate, replaced))
}

#[cfg(test)]
mod tests;
