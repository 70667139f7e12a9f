//! Making and changing policies; devices learn of it when the changes are applied.

use std::collections::BTreeSet;

use super::{PolicyKey, check_new, invalid, known_policy};
use crate::app::{App, Error, require};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::model::change::Area;
use crate::model::id::PolicyId;
use crate::model::policy::{Definition, MAX_POLICIES, NewPolicy, Policy, check_features};
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Rx, Tx};

impl App {
    /// Makes a policy, after all others in priority. Devices get it when the changes are applied.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a policy that cannot be, [`Error::Conflict`] for a name that is taken or one policy too many,
    /// [`Error::Forbidden`] without the scope `policy`.
    pub async fn create_policy(&self, actor: &Actor, mut new: NewPolicy) -> Result<Policy, Error> {
        require(actor, Scope::Policy)?;
        check_new(&self.inner.device_types, &mut new)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let done = self
            .inner
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
            .await?;
        self.edited(Area::Policies);
        Ok(done)
    }

    /// Puts another definition in the place of a policy's, as a new version. A definition that is the same makes none.
    ///
    /// # Errors
    /// As [`App::create_policy`], and [`Error::NotFound`].
    pub async fn replace_policy(&self, actor: &Actor, key: PolicyKey, mut new: NewPolicy) -> Result<Policy, Error> {
        require(actor, Scope::Policy)?;
        check_new(&self.inner.device_types, &mut new)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let done = self
            .inner
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
            .await?;
        self.edited(Area::Policies);
        Ok(done)
    }

    /// Makes an earlier version of a policy the newest.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`] for a version that no longer fits the device type, [`Error::Forbidden`]
    /// without the scope `policy`.
    pub async fn restore_policy(&self, actor: &Actor, key: PolicyKey, version: u32) -> Result<Policy, Error> {
        require(actor, Scope::Policy)?;
        let (now, actor, app) = (self.inner.clock.now(), actor.clone(), self.clone());
        let done = self
            .inner
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
            .await?;
        self.edited(Area::Policies);
        Ok(done)
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
                Ok::<_, Error>(())
            })
            .await?;
        self.edited(Area::Policies);
        Ok(())
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
                Ok::<_, Error>(())
            })
            .await?;
        self.edited(Area::Policies);
        Ok(())
    }

    /// Sets the order of the policies: those named come first, in this order; the others follow in theirs.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`] for a policy named twice, [`Error::Forbidden`] without the scope `policy`.
    pub async fn order_policies(&self, actor: &Actor, keys: Vec<PolicyKey>) -> Result<Vec<Policy>, Error> {
        require(actor, Scope::Policy)?;
        check_keys(&keys)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let done = self
            .inner
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
            .await?;
        self.edited(Area::Policies);
        Ok(done)
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
