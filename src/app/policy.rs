//! Policies: making and changing them, and saying what a change would do. Which policy a device gets, and how it is
//! told, is in `settle`.

mod settle;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub(super) use settle::{BLOCKED, forget, is_blocked, is_open, lift, renew, resend};

use super::{App, Error, require};
use crate::app::access::{reach, require_some};
use crate::app::device_type::DeviceTypes;
use crate::app::effects::Effects;
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::model::id::{DeviceId, PolicyId};
use crate::model::policy::{
    AppliedChanges, Definition, DryRun, Effective, MAX_POLICIES, NewPolicy, Policy, PolicyVersion, Wrong, check,
    check_features,
};
use crate::model::text::{MAX_DESCRIPTION, check_label};
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Rx, Tx};
use settle::Deciding;

/// Devices looked at in one transaction; between two, others have their turn.
const BATCH: u32 = 200;

/// How a policy is named by its door: Pym's own API by id, the Entgra API by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKey {
    Id(PolicyId),
    Number(i64),
}

/// What a device is to have, and what it was told.
#[derive(Clone, Debug)]
pub struct DevicePolicy {
    /// By the policies as they stand now; `None` when none addresses it.
    pub effective: Option<Effective>,
    /// What it was told last; `None` when it has no policy.
    pub applied: Option<Effective>,
    pub applied_at: Option<Timestamp>,
    /// Whether applying the policies would change it.
    pub pending: bool,
    /// The policies that `effective` is made from.
    pub policies: Vec<Policy>,
}

impl App {
    /// Every policy, in the order of their priority.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read`.
    pub async fn policies(&self, actor: &Actor) -> Result<Vec<Policy>, Error> {
        require(actor, Scope::Read)?;
        let mut policies = self.inner.store.read(|rx| Ok::<_, Error>(rx.policies()?)).await?;
        for policy in &mut policies {
            self.hide_in_policy(actor, &policy.device_type, &mut policy.definition.features);
        }
        Ok(policies)
    }

    /// One policy.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read`.
    pub async fn policy(&self, actor: &Actor, key: PolicyKey) -> Result<Policy, Error> {
        require(actor, Scope::Read)?;
        let mut policy = self.inner.store.read(move |rx| known_policy(rx, key)).await?;
        self.hide_in_policy(actor, &policy.device_type, &mut policy.definition.features);
        Ok(policy)
    }

    /// Makes a policy, after all others in priority. Devices get it when the changes are applied.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a policy that cannot be, [`Error::Conflict`] for a name that is taken or one policy too many,
    /// [`Error::Forbidden`] without the scope `policy`.
    pub async fn create_policy(&self, actor: &Actor, mut new: NewPolicy) -> Result<Policy, Error> {
        require(actor, Scope::Policy)?;
        check_new(&self.inner.device_types, &mut new)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                free(tx, &new.name, None)?;
                if tx.policies()?.len() >= MAX_POLICIES {
                    return Err(Error::Conflict(format!("there are {MAX_POLICIES} policies already")));
                }
                let active = new.active.unwrap_or(false);
                let mut policy = Policy {
                    id: PolicyId::fresh(now),
                    number: 0,
                    name: new.name.clone(),
                    device_type: new.device_type.clone(),
                    priority: 0,
                    active,
                    changed: active,
                    version: 0,
                    created_at: now,
                    updated_at: now,
                    definition: new.definition(),
                };
                policy.number = tx.insert_policy(&policy)?;
                let by = actor.principal.to_string();
                tx.add_policy_version(policy.number, &policy.definition, &by, now, &new.note)?;
                tx.audit(now, &actor, "policy.create", &policy.name, Outcome::Done, &policy.device_type)?;
                known_policy(tx, PolicyKey::Id(policy.id))
            })
            .await
    }

    /// Puts another definition in the place of a policy's, as a new version. A definition that is the same makes none.
    ///
    /// # Errors
    /// As [`App::create_policy`], and [`Error::NotFound`].
    pub async fn replace_policy(&self, actor: &Actor, key: PolicyKey, mut new: NewPolicy) -> Result<Policy, Error> {
        require(actor, Scope::Policy)?;
        check_new(&self.inner.device_types, &mut new)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                let mut policy = known_policy(tx, key)?;
                if policy.device_type != new.device_type {
                    return Err(Error::invalid("device_type", "a policy keeps its device type"));
                }
                free(tx, &new.name, Some(policy.id))?;
                let definition = new.definition();
                let active = new.active.unwrap_or(policy.active);
                if policy.name == new.name && policy.active == active && policy.definition == definition {
                    return Ok(policy);
                }
                policy.changed |= active != policy.active || (active && policy.definition != definition);
                (policy.name, policy.active, policy.updated_at) = (new.name, active, now);
                tx.update_policy(&policy)?;
                put_version(tx, &actor, &policy, &definition, &new.note, now)?;
                tx.audit(now, &actor, "policy.edit", &policy.name, Outcome::Done, &new.note)?;
                known_policy(tx, key)
            })
            .await
    }

    /// The versions of a policy, newest first, at most 100.
    ///
    /// # Errors
    /// As [`App::policy`].
    pub async fn policy_versions(&self, actor: &Actor, key: PolicyKey) -> Result<Vec<PolicyVersion>, Error> {
        require(actor, Scope::Read)?;
        let (policy, mut versions) = self
            .inner
            .store
            .read(move |rx| {
                let policy = known_policy(rx, key)?;
                let versions = rx.policy_versions(policy.number)?;
                Ok::<_, Error>((policy, versions))
            })
            .await?;
        for version in &mut versions {
            self.hide_in_policy(actor, &policy.device_type, &mut version.definition.features);
        }
        Ok(versions)
    }

    /// Makes an earlier version of a policy the newest.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`] for a version that no longer fits the device type, [`Error::Forbidden`]
    /// without the scope `policy`.
    pub async fn restore_policy(&self, actor: &Actor, key: PolicyKey, version: u32) -> Result<Policy, Error> {
        require(actor, Scope::Policy)?;
        let (now, actor, app) = (self.inner.clock.now(), actor.clone(), self.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                let mut policy = known_policy(tx, key)?;
                let missing = || Error::missing(format!("version {version} of policy {:?}", policy.name));
                let mut kept = tx.policy_version(policy.number, version)?.ok_or_else(missing)?;
                let device_type = app.device_type(&Actor::system(), &policy.device_type)?;
                check_features(&mut kept.definition.features, &device_type).map_err(invalid)?;
                policy.changed |= policy.active && policy.definition != kept.definition;
                policy.updated_at = now;
                tx.update_policy(&policy)?;
                let note = format!("version {version} restored");
                put_version(tx, &actor, &policy, &kept.definition, &note, now)?;
                tx.audit(now, &actor, "policy.restore", &policy.name, Outcome::Done, &note)?;
                known_policy(tx, key)
            })
            .await
    }

    /// Makes policies active or inactive, all or none; devices learn of it when the changes are applied.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `policy`.
    pub async fn set_policies_active(&self, actor: &Actor, keys: Vec<PolicyKey>, active: bool) -> Result<(), Error> {
        require(actor, Scope::Policy)?;
        check_keys(&keys)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                for key in keys {
                    let mut policy = known_policy(tx, key)?;
                    if policy.active == active {
                        continue;
                    }
                    (policy.active, policy.changed, policy.updated_at) = (active, true, now);
                    tx.update_policy(&policy)?;
                    let action = if active { "policy.activate" } else { "policy.deactivate" };
                    tx.audit(now, &actor, action, &policy.name, Outcome::Done, "")?;
                }
                Ok(())
            })
            .await
    }

    /// Deletes policies, all or none; devices learn of it when the changes are applied.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `policy`.
    pub async fn delete_policies(&self, actor: &Actor, keys: Vec<PolicyKey>) -> Result<(), Error> {
        require(actor, Scope::Policy)?;
        check_keys(&keys)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                for key in keys {
                    let policy = known_policy(tx, key)?;
                    tx.delete_policy(&policy)?;
                    tx.audit(now, &actor, "policy.delete", &policy.name, Outcome::Done, "")?;
                }
                Ok(())
            })
            .await
    }

    /// Sets the order of the policies: those named come first, in this order; the others follow in theirs.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`] for a policy named twice, [`Error::Forbidden`] without the scope `policy`.
    pub async fn order_policies(&self, actor: &Actor, keys: Vec<PolicyKey>) -> Result<Vec<Policy>, Error> {
        require(actor, Scope::Policy)?;
        check_keys(&keys)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                let mut order = Vec::with_capacity(keys.len());
                for key in keys {
                    order.push(known_policy(tx, key)?.number);
                }
                let mut seen = BTreeSet::new();
                if !order.iter().all(|number| seen.insert(*number)) {
                    return Err(Error::invalid("policies", "a policy is named twice"));
                }
                let policies = tx.policies()?;
                order.extend(policies.iter().map(|policy| policy.number).filter(|number| !seen.contains(number)));
                for (number, priority) in order.into_iter().zip(1..) {
                    tx.set_priority(number, priority, now)?;
                }
                tx.audit(now, &actor, "policy.order", "all", Outcome::Done, "")?;
                Ok(tx.policies()?)
            })
            .await
    }

    /// Tells every device whose policy is another one now: a bundle, or that it has none any more. What a device was
    /// told already is not told again.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `policy`.
    pub async fn apply_policies(&self, actor: &Actor) -> Result<AppliedChanges, Error> {
        require(actor, Scope::Policy)?;
        let started = self.inner.clock.now();
        let (mut after, mut done) = (0, AppliedChanges::default());
        loop {
            let (app, now) = (self.clone(), self.inner.clock.now());
            let (last, batch, effects) = self
                .inner
                .store
                .write(Flush::Now, move |tx| {
                    let devices = tx.managed_devices(after, BATCH)?;
                    let mut effects = Effects::default();
                    let batch = app.settle_all(tx, &mut effects, &devices, now)?;
                    Ok::<_, Error>((devices.last().map(|device| device.number), batch, effects))
                })
                .await?;
            self.follow(effects).await;
            done.devices += batch.devices;
            done.sent += batch.sent;
            done.revoked += batch.revoked;
            match last {
                Some(last) => after = last,
                None => break,
            }
        }
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                tx.mark_applied(started)?;
                let detail = format!("{} devices: {} sent, {} revoked", done.devices, done.sent, done.revoked);
                tx.audit(now, &actor, "policy.apply", "all", Outcome::Done, &detail)?;
                Ok(done)
            })
            .await
    }

    /// Settles the policies of devices whose groups changed, or whose owner's roles did. Returns how many were told.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn settle_stale(&self) -> Result<usize, Error> {
        let mut told = 0;
        // Read first: mostly nothing has changed, and then the writer is not asked.
        while self.inner.store.read(|rx| Ok::<_, Error>(rx.has_stale_policies()?)).await? {
            let (app, now) = (self.clone(), self.inner.clock.now());
            let (done, effects) = self
                .inner
                .store
                .write(Flush::Now, move |tx| {
                    let (devices, mut effects) = (tx.take_stale_policies(BATCH)?, Effects::default());
                    let done = app.settle_all(tx, &mut effects, &devices, now)?;
                    Ok::<_, Error>((done, effects))
                })
                .await?;
            self.follow(effects).await;
            told += usize::try_from(done.sent + done.revoked).unwrap_or(usize::MAX);
        }
        Ok(told)
    }

    /// What applying the changes would do.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read`.
    pub async fn pending_changes(&self, actor: &Actor) -> Result<DryRun, Error> {
        require(actor, Scope::Read)?;
        self.dry_run(|rx, deciding, run, device| {
            let before = rx.applied(device.number)?.and_then(|applied| applied.effective);
            let after = deciding.wanted(rx, device)?;
            run.add(device, before.as_ref(), after.as_ref());
            Ok(())
        })
        .await
    }

    /// What a policy would do if it were there, active and applied: in the place of `replaces`, or after all others.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a policy that cannot be, [`Error::NotFound`] for one that is not there to be replaced,
    /// [`Error::Forbidden`] without the scope `read`.
    pub async fn try_policy(
        &self,
        actor: &Actor,
        mut new: NewPolicy,
        replaces: Option<PolicyId>,
    ) -> Result<DryRun, Error> {
        // Who may see policies with their secrets masked must not find these out by trying.
        require(actor, Scope::Policy)?;
        check_new(&self.inner.device_types, &mut new)?;
        let now = self.inner.clock.now();
        let mut policies = self.policies(&Actor::system()).await?;
        let active = new.active.unwrap_or(true);
        match replaces {
            Some(id) => {
                let missing = || Error::missing(format!("policy {id}"));
                let policy = policies.iter_mut().find(|policy| policy.id == id).ok_or_else(missing)?;
                if policy.device_type != new.device_type {
                    return Err(Error::invalid("device_type", "a policy keeps its device type"));
                }
                (policy.active, policy.definition) = (active, new.definition());
            }
            None => policies.push(Policy {
                id: PolicyId::fresh(now),
                number: i64::MAX,
                definition: new.definition(),
                name: new.name,
                device_type: new.device_type,
                priority: u32::MAX,
                active,
                changed: true,
                version: 1,
                created_at: now,
                updated_at: now,
            }),
        }
        self.dry_run(move |rx, deciding, run, device| {
            let before = deciding.wanted(rx, device)?;
            let after = deciding.wanted_of(rx, &policies, device)?;
            run.add(device, before.as_ref(), after.as_ref());
            Ok(())
        })
        .await
    }

    async fn dry_run(
        &self,
        look: impl Fn(&Rx<'_>, &mut Deciding, &mut DryRun, &crate::model::device::Device) -> Result<(), Error>
        + Send
        + 'static,
    ) -> Result<DryRun, Error> {
        let app = self.clone();
        self.inner
            .store
            .read(move |rx| {
                let mut deciding = Deciding::new(&app, rx)?;
                let (mut after, mut run) = (0, DryRun::default());
                loop {
                    let devices = rx.managed_devices(after, BATCH)?;
                    for device in &devices {
                        look(rx, &mut deciding, &mut run, device)?;
                    }
                    match devices.last() {
                        Some(last) => after = last.number,
                        None => return Ok(run.summed_up()),
                    }
                }
            })
            .await
    }

    /// A device's policy: what it is to have, and what it was told.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read` or `own` (a device may see its own).
    pub async fn device_policy(&self, actor: &Actor, id: DeviceId) -> Result<DevicePolicy, Error> {
        if !matches!(actor.principal, crate::model::actor::Principal::Device { .. }) {
            require_some(actor, Scope::Read)?;
        }
        let masks = self.masks(actor).filter(|_| !actor.scopes.allow(Scope::Policy));
        let (app, actor) = (self.clone(), actor.clone());
        self.inner
            .store
            .read(move |rx| {
                let device = reach(rx, &actor, id, Scope::Read)?;
                let mut deciding = Deciding::new(&app, rx)?;
                let effective = deciding.wanted(rx, &device)?;
                let (applied, applied_at) = match rx.applied(device.number)? {
                    Some(applied) => (applied.effective, Some(applied.applied_at)),
                    None => (None, None),
                };
                let numbers = effective.as_ref().map(|effective| effective.policies.as_slice()).unwrap_or_default();
                let policies = numbers.iter().filter_map(|number| deciding.policy(*number).cloned()).collect();
                let pending = effective != applied;
                let mut policy = DevicePolicy { effective, applied, applied_at, pending, policies };
                if masks.map_or(Ok(true), |masks| masks.may_see(rx, id))? {
                    return Ok(policy);
                }
                for effective in policy.effective.iter_mut().chain(&mut policy.applied) {
                    app.hide_contents(&device.device_type, &mut effective.features);
                }
                for found in &mut policy.policies {
                    app.hide_contents(&device.device_type, &mut found.definition.features);
                }
                Ok(policy)
            })
            .await
    }
}

/// Adds a version, unless it says what the one in force says.
fn put_version(
    tx: &Tx<'_>,
    actor: &Actor,
    policy: &Policy,
    definition: &Definition,
    note: &str,
    now: Timestamp,
) -> Result<(), Error> {
    if policy.definition != *definition {
        tx.add_policy_version(policy.number, definition, &actor.principal.to_string(), now, note)?;
    }
    Ok(())
}

fn known_policy(rx: &Rx<'_>, key: PolicyKey) -> Result<Policy, Error> {
    let (found, name) = match key {
        PolicyKey::Id(id) => (rx.policy(id)?, id.to_string()),
        PolicyKey::Number(number) => (rx.policy_by_number(number)?, number.to_string()),
    };
    found.ok_or_else(|| Error::missing(format!("policy {name}")))
}

fn free(rx: &Rx<'_>, name: &str, but: Option<PolicyId>) -> Result<(), Error> {
    match rx.policy_named(name)? {
        Some(other) if Some(other.id) != but => Err(Error::Conflict(format!("policy {name:?} exists already"))),
        _ => Ok(()),
    }
}

fn check_keys(keys: &[PolicyKey]) -> Result<(), Error> {
    if keys.is_empty() || keys.len() > MAX_POLICIES {
        return Err(Error::invalid("policies", format!("name 1 to {MAX_POLICIES} policies")));
    }
    Ok(())
}

fn check_new(types: &DeviceTypes, new: &mut NewPolicy) -> Result<(), Error> {
    check_label("a note", &new.note, MAX_DESCRIPTION).map_err(|why| Error::invalid("note", why))?;
    let unknown = || Error::invalid("device_type", format!("there is no device type {:?}", new.device_type));
    let device_type = types.get(&new.device_type).ok_or_else(unknown)?;
    check(new, &device_type).map_err(invalid)
}

fn invalid(wrong: Wrong) -> Error {
    Error::invalid(wrong.field, wrong.why)
}
