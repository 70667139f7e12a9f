//! Applying policies, and saying beforehand what that would do.

use super::check_new;
use super::settle::Deciding;
use crate::app::effects::Effects;
use crate::app::{App, Error, require};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::model::change::Area;
use crate::model::device::Device;
use crate::model::id::PolicyId;
use crate::model::policy::{AppliedChanges, DryRun, Impact, NewPolicy, Policy, impact};
use crate::store::{Flush, Rx};

/// Devices looked at in one transaction; between two, others have their turn.
const BATCH: u32 = 200;

impl App {
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
        let done = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                tx.mark_applied(started)?;
                let detail = format!("{} devices: {} sent, {} revoked", done.devices, done.sent, done.revoked);
                tx.audit(now, &actor, "policy.apply", "all", Outcome::Done, &detail)?;
                Ok::<_, Error>(done)
            })
            .await?;
        self.edited(Area::Policies);
        Ok(done)
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
            let told = rx.applied(device.number)?;
            let untold = told.as_ref().is_some_and(|told| told.untold.is_some());
            let (before, after) = (told.and_then(|told| told.effective), deciding.wanted(rx, device)?);
            // Nothing is sent to a device that may not speak, so nothing is repeated for it either.
            let repeats = (untold && device.status.may_speak()).then_some(Impact::Repeats);
            run.add(device, impact(before.as_ref(), after.as_ref()).or(repeats));
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
            run.add(device, impact(before.as_ref(), after.as_ref()));
            Ok(())
        })
        .await
    }

    async fn dry_run(
        &self,
        look: impl Fn(&Rx<'_>, &mut Deciding, &mut DryRun, &Device) -> Result<(), Error> + Send + 'static,
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
}
