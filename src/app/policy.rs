//! Policies: looking them up. They are made and changed in `edit`, applied in `apply`; which one a device gets, and how
//! it is told, is in `settle`.

mod apply;
mod edit;
mod settle;
#[cfg(test)]
mod tests;

pub(super) use settle::{BLOCKED, forget, is_blocked, is_open, lift, renew, resend};

use super::{App, Error, require};
use crate::app::access::{reach, require_some};
use crate::app::device_type::DeviceTypes;
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::id::{DeviceId, PolicyId};
use crate::model::policy::{
    Definition, Difference, Effective, NewPolicy, Policy, PolicyVersion, Untold, Wrong, check, difference,
};
use crate::model::timestamp::Timestamp;
use crate::store::Rx;
use settle::Deciding;

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
    /// Why it was not told after all: then `applied` does not count.
    pub untold: Option<Untold>,
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

    /// The versions of a policy, newest first, each with how it differs from the one before; the oldest that is kept
    /// differs from nothing.
    ///
    /// # Errors
    /// As [`App::policy`].
    pub async fn policy_history(
        &self,
        actor: &Actor,
        key: PolicyKey,
    ) -> Result<Vec<(PolicyVersion, Option<Difference>)>, Error> {
        require(actor, Scope::Read)?;
        let (policy, versions) = self
            .inner
            .store
            .read(move |rx| {
                let policy = known_policy(rx, key)?;
                let versions = rx.policy_versions(policy.number)?;
                Ok::<_, Error>((policy, versions))
            })
            .await?;
        let shown: Vec<_> =
            versions.iter().map(|version| self.shown_definition(actor, &policy, &version.definition)).collect();
        let mut differences: Vec<Option<Difference>> = versions
            .iter()
            .zip(&shown)
            .zip(versions.iter().zip(&shown).skip(1))
            .map(|((new, shown_new), (old, shown_old))| {
                Some(difference((&old.definition, shown_old), (&new.definition, shown_new)))
            })
            .collect();
        differences.resize(versions.len(), None);
        let whole = versions.into_iter().zip(shown).zip(differences);
        Ok(whole
            .map(|((version, definition), difference)| (PolicyVersion { definition, ..version }, difference))
            .collect())
    }

    /// How version `to` of a policy differs from version `from`; without `from`, from the one before it.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a version that is not kept; [`Error::Forbidden`] without the scope `read`.
    pub async fn policy_difference(
        &self,
        actor: &Actor,
        key: PolicyKey,
        from: Option<u32>,
        to: u32,
    ) -> Result<Difference, Error> {
        require(actor, Scope::Read)?;
        let from = from.unwrap_or(to.saturating_sub(1));
        let (policy, old, new) = self
            .inner
            .store
            .read(move |rx| {
                let policy = known_policy(rx, key)?;
                let find = |number: u32| {
                    let missing = || Error::missing(format!("version {number} of policy {:?}", policy.name));
                    Ok::<_, Error>(rx.policy_version(policy.number, number)?.ok_or_else(missing)?.definition)
                };
                let (new, old) = (find(to)?, find(from)?);
                Ok::<_, Error>((policy, old, new))
            })
            .await?;
        let (shown_old, shown_new) =
            (self.shown_definition(actor, &policy, &old), self.shown_definition(actor, &policy, &new));
        Ok(difference((&old, &shown_old), (&new, &shown_new)))
    }

    fn shown_definition(&self, actor: &Actor, policy: &Policy, definition: &Definition) -> Definition {
        let mut shown = definition.clone();
        self.hide_in_policy(actor, &policy.device_type, &mut shown.features);
        shown
    }

    /// A device's policy: what it is to have, and what it was told.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read` or `own` (a device may see its own).
    pub async fn device_policy(&self, actor: &Actor, id: DeviceId) -> Result<DevicePolicy, Error> {
        if !matches!(actor.principal, Principal::Device { .. }) {
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
                let (applied, applied_at, untold) = match rx.applied(device.number)? {
                    Some(applied) => (applied.effective, Some(applied.applied_at), applied.untold),
                    None => (None, None, None),
                };
                let numbers = effective.as_ref().map(|effective| effective.policies.as_slice()).unwrap_or_default();
                let policies = numbers.iter().filter_map(|number| deciding.policy(*number).cloned()).collect();
                let pending = effective != applied || untold.is_some();
                let mut policy = DevicePolicy { effective, applied, applied_at, untold, pending, policies };
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

fn known_policy(rx: &Rx<'_>, key: PolicyKey) -> Result<Policy, Error> {
    let (found, name) = match key {
        PolicyKey::Id(id) => (rx.policy(id)?, id.to_string()),
        PolicyKey::Number(number) => (rx.policy_by_number(number)?, number.to_string()),
    };
    found.ok_or_else(|| Error::missing(format!("policy {name}")))
}

fn check_new(types: &DeviceTypes, new: &mut NewPolicy) -> Result<(), Error> {
    let unknown = || Error::invalid("device_type", format!("there is no device type {:?}", new.device_type));
    let device_type = types.get(&new.device_type).ok_or_else(unknown)?;
    check(new, &device_type).map_err(invalid)
}

fn invalid(wrong: Wrong) -> Error {
    Error::invalid(wrong.field, wrong.why)
}
