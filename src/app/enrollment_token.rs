//! Enrollment tokens: making and revoking them, and what they let in.
//!
//! Such a token has no scope at all, so that every call refuses it but the one that enrolls ([`App::admit`]). Many
//! devices share one, so it does not let one of them take another's place: it gives a device that it enrolled new
//! credentials only until that device has spoken with its own.

use super::device::Enrolled;
use super::session::unknown_token;
use super::user::login_name;
use super::{App, Error, group, require, tag};
use crate::auth::secret::{Kind, Secret};
use crate::model::actor::{Actor, Scope, Scopes};
use crate::model::audit::Outcome;
use crate::model::device::{Device, DeviceStatus, NewDevice};
use crate::model::enrollment_token::{DEFAULT_LIFE, EnrollmentToken, NewEnrollmentToken};
use crate::model::id::{DeviceId, EnrollmentTokenId};
use crate::model::page::MAX_PAGE;
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Rx, Tx};

/// The most enrollment tokens of one maker, expired ones included until they are forgotten.
pub const MAX_TOKENS: usize = 100;
/// The most enrollment tokens of a site.
const MAX_ALL_TOKENS: u64 = 2000;

impl App {
    /// The caller's enrollment tokens, newest first; an operator's list holds everybody's.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `enroll`.
    pub async fn enrollment_tokens(&self, actor: &Actor) -> Result<Vec<EnrollmentToken>, Error> {
        require(actor, Scope::Enroll)?;
        let maker = (!actor.scopes.allow(Scope::Operate)).then(|| actor.owner());
        Ok(self.inner.store.read(move |rx| rx.enrollment_tokens(maker.as_deref())).await?)
    }

    /// An enrollment token, and the devices that are enrolled by it, the last first: at most 1000.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another's token without the scope `operate`; [`Error::Forbidden`] without the scope
    /// `enroll`.
    pub async fn enrollment_token(
        &self,
        actor: &Actor,
        id: EnrollmentTokenId,
    ) -> Result<(EnrollmentToken, Vec<DeviceId>), Error> {
        require(actor, Scope::Enroll)?;
        let actor = actor.clone();
        self.inner
            .store
            .read(move |rx| {
                let token = own_token(rx, &actor, id)?;
                Ok((token, rx.devices_of_token(id, MAX_PAGE)?))
            })
            .await
    }

    /// Makes an enrollment token. The secret is returned this once.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a member out of bounds, or a type, owner or group that is not there or that takes no devices
    /// by hand; [`Error::Conflict`] for one token too many; [`Error::Forbidden`] without the scope `enroll`, and for another
    /// owner, groups or tags without the scope `operate`.
    pub async fn create_enrollment_token(
        &self,
        actor: &Actor,
        new: NewEnrollmentToken,
    ) -> Result<(EnrollmentToken, String), Error> {
        require(actor, Scope::Enroll)?;
        let now = self.inner.clock.now();
        new.check(now).map_err(|(field, why)| Error::invalid(field, why))?;
        if let Some(device_type) = &new.device_type {
            self.device_type(&Actor::system(), device_type)
                .map_err(|_| Error::invalid("type", format!("there is no device type {device_type:?}")))?;
        }
        let made_by = actor.owner();
        let token = EnrollmentToken {
            id: EnrollmentTokenId::fresh(now),
            note: new.note,
            device_type: new.device_type,
            owner: new.owner.as_deref().map_or_else(|| made_by.clone(), login_name),
            groups: new.groups,
            tags: new.tags,
            made_by,
            created_at: now,
            expires_at: new.expires_at.unwrap_or_else(|| now.plus(DEFAULT_LIFE)),
            max_uses: new.max_uses,
            uses: 0,
            last_used_at: None,
        };
        if token.binds() {
            require(actor, Scope::Operate)?;
        }
        let secret = Secret::random(Kind::Enrollment)?;
        let (hash, by) = (secret.hash(), actor.clone());
        let token = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                if token.owner != token.made_by && tx.user(&token.owner)?.is_none() {
                    return Err(Error::invalid("owner", format!("there is no person {:?}", token.owner)));
                }
                let mut groups = Vec::new();
                for id in &token.groups {
                    let missing = || Error::invalid("groups", format!("there is no group {id}"));
                    let group = tx.group(*id)?.ok_or_else(missing)?;
                    if group.query.is_some() {
                        let why = format!("group {:?} is filled by its query; no device is put in", group.name);
                        return Err(Error::invalid("groups", why));
                    }
                    groups.push(group.number);
                }
                if tx.enrollment_tokens(Some(&token.made_by))?.len() >= MAX_TOKENS
                    || tx.count_enrollment_tokens()? >= MAX_ALL_TOKENS
                {
                    return Err(Error::Conflict("there are too many enrollment tokens; revoke one".to_owned()));
                }
                tx.insert_enrollment_token(&hash, &token, &groups)?;
                let kind = token.device_type.as_deref().unwrap_or("any type");
                let detail = format!(
                    "{} of {kind} for {}, until {}{}{}",
                    token.max_uses,
                    token.owner,
                    token.expires_at,
                    if token.note.is_empty() { "" } else { ": " },
                    token.note
                );
                tx.audit(now, &by, "enrollment_token.create", &token.id.to_string(), Outcome::Done, &detail)?;
                // As the store has it: no group twice.
                known(tx, token.id)
            })
            .await?;
        Ok((token, secret.expose().to_owned()))
    }

    /// Revokes an enrollment token; the devices it enrolled stay.
    ///
    /// # Errors
    /// As [`App::enrollment_token`].
    pub async fn revoke_enrollment_token(&self, actor: &Actor, id: EnrollmentTokenId) -> Result<(), Error> {
        require(actor, Scope::Enroll)?;
        let (now, by) = (self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                let token = own_token(tx, &by, id)?;
                tx.delete_enrollment_token(id)?;
                let detail = format!("after {} of {}", token.uses, token.max_uses);
                tx.audit(now, &by, "enrollment_token.revoke", &id.to_string(), Outcome::Done, &detail)?;
                Ok(())
            })
            .await
    }
}

fn known(rx: &Rx<'_>, id: EnrollmentTokenId) -> Result<EnrollmentToken, Error> {
    rx.enrollment_token_by_id(id)?.ok_or_else(|| Error::missing(format!("the enrollment token {id}")))
}

fn own_token(rx: &Rx<'_>, actor: &Actor, id: EnrollmentTokenId) -> Result<EnrollmentToken, Error> {
    let token = known(rx, id)?;
    if actor.scopes.allow(Scope::Operate) || token.made_by == actor.owner() {
        Ok(token)
    } else {
        Err(Error::missing(format!("the enrollment token {id}")))
    }
}

/// What a token allows for one device: looked up and checked in the transaction that enrolls it.
pub(super) struct Pass {
    token: EnrollmentToken,
}

impl Pass {
    /// Checks the token against the device: it is there and not expired, its maker may still do what it does, it is for
    /// that type, it has a use left or has enrolled this very device, which has not spoken since.
    pub(super) fn check(tx: &Tx<'_>, id: EnrollmentTokenId, new: &NewDevice, now: Timestamp) -> Result<Self, Error> {
        let token = tx.enrollment_token_by_id(id)?.ok_or_else(unknown_token)?;
        if token.expires_at <= now {
            return Err(Error::Unauthorized("the token has expired".to_owned()));
        }
        let maker = maker_scopes(tx, &token)?;
        if !maker.allow(Scope::Enroll) || (token.binds() && !maker.allow(Scope::Operate)) {
            let why = format!("{} who made the enrollment token may not enroll devices so any more", token.made_by);
            return Err(Error::Unauthorized(why));
        }
        if let Some(device_type) = token.device_type.as_ref().filter(|wanted| **wanted != new.device_type) {
            return Err(Error::invalid("type", format!("the enrollment token is for devices of type {device_type}")));
        }
        if new.owner.as_ref().is_some_and(|owner| *owner != token.owner) {
            return Err(Error::invalid("owner", "the enrollment token says whose the device is"));
        }
        let found = tx.find_device(&new.device_type, &new.identifier)?;
        match found.filter(|device| device.status != DeviceStatus::Removed) {
            Some(device) if device.owner == token.owner && tx.has_enrolled(id, &device)? => check_silent(&device)?,
            Some(_) => return Err(Error::Conflict("the device is enrolled already, and not by this token".to_owned())),
            None if token.uses >= token.max_uses => {
                let why = format!("the enrollment token has enrolled all of the {} devices it may", token.max_uses);
                return Err(Error::Conflict(why));
            }
            None => {}
        }
        Ok(Self { token })
    }

    /// The caller with the authority of the token's maker, as far as enrolling goes: what it may be used on was checked.
    pub(super) fn authority(&self, tx: &Tx<'_>, actor: &Actor) -> Result<Actor, Error> {
        let scopes = [Scope::Enroll, Scope::Operate].into_iter().collect::<Scopes>();
        Ok(Actor { scopes: scopes.within(maker_scopes(tx, &self.token)?), ..actor.clone() })
    }

    /// Counts a device that was enrolled, and gives it what the token says: its groups and its tags.
    pub(super) fn apply(&self, tx: &Tx<'_>, enrolled: &mut Enrolled, now: Timestamp) -> Result<(), Error> {
        if !enrolled.created {
            return Ok(());
        }
        let device = &mut enrolled.device;
        tx.use_enrollment_token(self.token.id, device.number, now)?;
        if !self.token.tags.is_empty() {
            tag::change(tx, device, &self.token.tags, &[], now)?;
        }
        for id in &self.token.groups {
            // One that has got a query since is filled by that alone.
            if let Some(group) = tx.group(*id)?.filter(|group| group.query.is_none()) {
                tx.set_member(group.number, device.number, true)?;
            }
        }
        group::settle_groups(tx, device.number, now)
    }
}

/// What the maker may do now; a process on the board, which is no person, everything.
fn maker_scopes(rx: &Rx<'_>, token: &EnrollmentToken) -> Result<Scopes, Error> {
    Ok(rx.user(&token.made_by)?.map_or(Scopes::ALL, |row| row.user.scopes))
}

/// Refuses new credentials to a device that has been heard since it enrolled.
fn check_silent(device: &Device) -> Result<(), Error> {
    if device.last_seen_at.is_none_or(|at| at < device.enrolled_at) {
        return Ok(());
    }
    let why = "the device is enrolled and has used its credentials; it can have new ones only from an operator, or by \
               being removed first";
    Err(Error::Conflict(why.to_owned()))
}

#[cfg(test)]
mod tests;
