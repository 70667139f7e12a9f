//! Compliance: asking devices whether they are as their policy wants them, and what follows from the answers.
//!
//! Devices with a policy are asked with MONITOR, in rounds. One that violates its policy is told the policy again
//! (enforce), reported (warn), or SUSPENDED until it complies (block): it is monitored on, and is sent nothing else.

use super::device::change_status;
use super::effects::Effects;
use super::group::settle_groups;
use super::notification::notify;
use super::operation::queue;
use super::policy::{BLOCKED, is_blocked, is_open, lift, resend};
use super::{App, Error, check_limit, require};
use crate::app::access::{reach, seen_by};
use crate::model::actor::{Actor, Scope};
use crate::model::compliance::{
    Compliance, ComplianceCounts, ComplianceFilter, ComplianceReport, FeatureCompliance, MONITOR, Standing,
    read_findings, silent,
};
use crate::model::device::{Device, DeviceStatus};
use crate::model::device_type::DeviceType;
use crate::model::id::DeviceId;
use crate::model::notification::NotificationKind;
use crate::model::operation::{Operation, OperationKind, OperationStatus};
use crate::model::page::MAX_PAGE;
use crate::model::policy::{Applied, Mode, Untold};
use crate::model::text::for_terminal;
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Rx, Tx};

/// The most devices of an export that are in memory at a time.
pub const EXPORT_PIECE: u32 = 500;
/// Devices asked in one transaction; between two, others have their turn.
const BATCH: u32 = 200;
/// The most features that a notification names.
const MAX_NAMED: usize = 5;

impl App {
    /// How a device complies with its policy; all unknown for one without a policy.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read` or `own` (a device may see its own).
    pub async fn device_compliance(&self, actor: &Actor, id: DeviceId) -> Result<Compliance, Error> {
        let actor = actor.clone();
        self.inner
            .store
            .read(move |rx| Ok(rx.compliance(reach(rx, &actor, id, Scope::Read)?.number)?.unwrap_or_default()))
            .await
    }

    /// How the devices comply that fit a filter: in all, by policy and by feature, and one page of them.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a limit or cursor that cannot be, [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn compliance(
        &self,
        actor: &Actor,
        filter: ComplianceFilter,
        limit: u32,
        cursor: Option<String>,
    ) -> Result<ComplianceReport, Error> {
        let (filter, now) = (seen(actor, filter)?, self.inner.clock.now());
        check_limit(limit, MAX_PAGE)?;
        let after = match cursor {
            None => 0,
            Some(cursor) => {
                cursor.parse().map_err(|_| Error::invalid("cursor", "the cursor is not one of this list"))?
            }
        };
        self.inner
            .store
            .read(move |rx| {
                Ok(ComplianceReport {
                    counts: rx.compliance_counts(&filter, now)?,
                    policies: rx.policy_compliance(&filter, now)?,
                    features: rx.feature_compliance(&filter, now)?,
                    page: rx.standings(&filter, after, limit, now)?,
                })
            })
            .await
    }

    /// How many devices comply.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn compliance_counts(&self, actor: &Actor) -> Result<ComplianceCounts, Error> {
        let (filter, now) = (seen(actor, ComplianceFilter::default())?, self.inner.clock.now());
        self.inner.store.read(move |rx| Ok(rx.compliance_counts(&filter, now)?)).await
    }

    /// How many devices applying the policies would mend though no policy is marked as changed: those whose policy was
    /// deleted, or did not reach them.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read`.
    pub async fn policy_loose_ends(&self, actor: &Actor) -> Result<u64, Error> {
        require(actor, Scope::Read)?;
        self.inner.store.read(|rx| Ok::<_, Error>(rx.loose_ends()?)).await
    }

    /// The next devices of an export, at most [`EXPORT_PIECE`], and the cursor of those that follow; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn compliance_piece(
        &self,
        actor: &Actor,
        filter: ComplianceFilter,
        after: i64,
    ) -> Result<(Vec<Standing>, Option<i64>), Error> {
        let (filter, now) = (seen(actor, filter)?, self.inner.clock.now());
        let page =
            self.inner.store.read(move |rx| Ok::<_, Error>(rx.standings(&filter, after, EXPORT_PIECE, now)?)).await?;
        let next = page.next.and_then(|next| next.parse().ok());
        Ok((page.items, next))
    }

    /// One round of asking: every device with a policy, of a type that can be asked, that was not asked in this round.
    /// Returns how many were asked.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn monitor_policies(&self) -> Result<usize, Error> {
        let asked: Vec<_> =
            self.inner.device_types.all().into_iter().filter(|known| known.feature(MONITOR).is_some()).collect();
        let types: Vec<String> = asked.iter().map(|known| known.name.clone()).collect();
        // A round may come a little early; what was asked in this one is later than its beginning.
        let started = self.inner.clock.now();
        let before = started.minus(self.monitor_every().await? / 2);
        let mut count = 0;
        loop {
            let (now, types) = (self.inner.clock.now(), types.clone());
            let (found, effects) = self
                .inner
                .store
                .write(Flush::Lazy, move |tx| {
                    let mut effects = Effects::default();
                    let devices = tx.unasked_devices(&types, before, BATCH)?;
                    for device in &devices {
                        ask(tx, &mut effects, device, now)?;
                    }
                    Ok::<_, Error>((devices.len(), effects))
                })
                .await?;
            self.follow(effects).await;
            count += found;
            if found < BATCH as usize {
                return Ok(count);
            }
        }
    }

    /// Asks active devices what their type wants asked every so many rounds. Returns how many devices were asked.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn poll_devices(&self, round: u64) -> Result<usize, Error> {
        let mut count = 0;
        for device_type in self.inner.device_types.all() {
            let due = due(&device_type, round);
            let mut after = Some(0).filter(|_| !due.is_empty());
            while let Some(last) = after {
                let (now, due, name) = (self.inner.clock.now(), due.clone(), device_type.name.clone());
                let (found, effects) = self
                    .inner
                    .store
                    .write(Flush::Lazy, move |tx| {
                        let mut effects = Effects::default();
                        let devices = tx.active_devices(&name, last, BATCH)?;
                        for device in &devices {
                            for code in &due {
                                routine(tx, &mut effects, device, code, now)?;
                            }
                        }
                        Ok::<_, Error>((devices, effects))
                    })
                    .await?;
                self.follow(effects).await;
                count += found.len();
                after = found.last().map(|device| device.number);
            }
        }
        Ok(count)
    }

    /// Tells devices that violate a policy which is enforced, or were not told it after all, the policy again, a few times until they comply; adds
    /// what comes of it to `effects`.
    pub(super) async fn enforce(&self, effects: &mut Effects) {
        let (app, now) = (self.clone(), self.inner.clock.now());
        let violating = std::mem::take(&mut effects.violating);
        let most = self.inner.settings.policy.max_retries;
        let enforced = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let mut enforced = Effects::default();
                for device in &violating {
                    let Some(mut state) = tx.compliance(device.number)? else { continue };
                    if state.enforcements < most && resend(&app, tx, &mut enforced, device, now)? {
                        state.enforcements += 1;
                        tx.put_compliance(device.number, &state)?;
                    }
                }
                Ok::<_, Error>(enforced)
            })
            .await;
        match enforced {
            Ok(enforced) => {
                effects.progressed.extend(enforced.progressed);
                effects.queued.extend(enforced.queued);
            }
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "cannot enforce a policy"),
        }
    }
}

/// The filter, narrowed to what the caller may see.
fn seen(actor: &Actor, mut filter: ComplianceFilter) -> Result<ComplianceFilter, Error> {
    filter.devices.own_of = seen_by(actor, Scope::Read)?;
    Ok(filter)
}

/// The codes that are asked for in this round.
fn due(device_type: &DeviceType, round: u64) -> Vec<String> {
    device_type
        .polled_operations
        .iter()
        .filter(|polled| round.is_multiple_of(u64::from(polled.every.max(1))))
        .map(|polled| polled.code.clone())
        .collect()
}

/// Asks a device whether it complies. What it was asked before and has not answered stands, and counts as an attempt.
fn ask(tx: &Tx<'_>, effects: &mut Effects, device: &Device, now: Timestamp) -> Result<(), Error> {
    let mut state = tx.compliance(device.number)?.unwrap_or_default();
    let asked_before = state.asked_at.replace(now);
    if device.status == DeviceStatus::Suspended && !is_blocked(tx, device)? {
        return Ok(tx.put_compliance(device.number, &state)?);
    }
    state.attempts = state.attempts.saturating_add(1);
    tx.put_compliance(device.number, &state)?;
    routine(tx, effects, device, MONITOR, now)?;
    // A device that speaks is there, even if it does not answer this.
    let silent_since = asked_before.is_some_and(|asked| device.last_seen_at.is_none_or(|seen| seen < asked));
    // The attempt that was made just now is not unanswered yet.
    if silent_since && let Some(status) = silent(device.status, state.attempts.saturating_sub(1)) {
        let mut device = device.clone();
        let reason = format!("{} questions about its policy unanswered", state.attempts - 1);
        change_status(tx, &mut device, status, "system", &reason, now)?;
        effects.heard.push(device);
    }
    Ok(())
}

/// Queues a question of Pym's own, unless the last one still waits.
fn routine(tx: &Tx<'_>, effects: &mut Effects, device: &Device, code: &str, now: Timestamp) -> Result<(), Error> {
    if let Some(last) = tx.routine(device.number, code)?
        && is_open(tx, &[last])?
    {
        return Ok(());
    }
    let asked = queue(tx, effects, device, code, OperationKind::Command, None, now)?;
    // One that somebody else asked stays theirs.
    if asked.created_at == now && effects.queued.last().is_some_and(|(_, last)| last.id == asked.id) {
        tx.put_routine(device.number, code, asked.id)?;
    }
    Ok(())
}

/// Whether an operation is a question of Pym's own: a failure of it is no news, since it is asked every minute.
pub(super) fn is_routine(rx: &Rx<'_>, device: &Device, operation: &Operation) -> Result<bool, Error> {
    Ok(rx.routine(device.number, &operation.code)? == Some(operation.id))
}

/// Takes the answer to MONITOR. `findings` is its text: a JSON array; what cannot be read tells that the device is
/// there, and nothing else.
pub(super) fn answered(
    tx: &Tx<'_>,
    effects: &mut Effects,
    device: &Device,
    status: OperationStatus,
    findings: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    if !status.is_final() {
        return Ok(());
    }
    let Some(mut state) = tx.compliance(device.number)? else { return Ok(()) };
    (state.answered_at, state.attempts) = (Some(now), 0);
    let Some(Applied { effective: Some(effective), operations, untold, .. }) = tx.applied(device.number)? else {
        return Ok(tx.put_compliance(device.number, &state)?);
    };
    let findings = findings.filter(|_| status == OperationStatus::Completed).and_then(read_findings);
    // While the policy is on its way, the answer is about an older one.
    let (Some(findings), false) = (findings, is_open(tx, &operations)?) else {
        return Ok(tx.put_compliance(device.number, &state)?);
    };
    let tried = untold.as_ref().is_none_or(Untold::was_tried);
    if untold.is_some() {
        tx.forget_compliance_features(device.number)?;
    }
    let mut violated = Vec::new();
    for feature in &effective.features {
        let found = findings.iter().find(|finding| finding.code.eq_ignore_ascii_case(&feature.code));
        let bad = found.filter(|finding| !finding.compliant);
        let reason = bad.map(|finding| finding.reason.clone()).unwrap_or_default();
        let before = state.features.iter().find(|before| before.code == feature.code);
        let since = before.filter(|before| before.compliant == bad.is_none()).map_or(now, |before| before.since);
        let new = FeatureCompliance { code: feature.code.clone(), compliant: bad.is_none(), reason, since };
        if untold.is_some() && (new.compliant || !tried) {
            continue;
        }
        if before != Some(&new) || untold.is_some() {
            tx.put_compliance_feature(device.number, &new)?;
        }
        violated.extend(Some(new).filter(|new| !new.compliant));
    }
    if let Some(untold) = untold.filter(|_| violated.is_empty()) {
        // It was not told, so that it cannot comply, whatever it says.
        state.compliant = None;
        tx.put_compliance(device.number, &state)?;
        settle_groups(tx, device.number, now)?;
        if effective.mode == Mode::Enforce && !untold.was_taken_back() {
            effects.violating.push(device.clone());
        }
        return Ok(());
    }
    let before = state.compliant.replace(violated.is_empty());
    if violated.is_empty() {
        state.enforcements = 0;
        tx.put_compliance(device.number, &state)?;
        settle_groups(tx, device.number, now)?;
        if before == Some(false) {
            let text = format!("device {} (ID: {}) complies with its policy again", device.name, device.identifier);
            notify(tx, effects, NotificationKind::Compliance, Some(device), None, &text, now)?;
        }
        // The device may have spoken since it was looked up, but it cannot have been set free by that.
        return lift(tx, effects, device, now);
    }
    state.failed_at = Some(now);
    tx.put_compliance(device.number, &state)?;
    settle_groups(tx, device.number, now)?;
    if before != Some(false) {
        notify(tx, effects, NotificationKind::Compliance, Some(device), None, &violation(device, &violated), now)?;
    }
    match effective.mode {
        Mode::Enforce => effects.violating.push(device.clone()),
        Mode::Warn => {}
        Mode::Block => shut_out(tx, effects, device, now)?,
    }
    Ok(())
}

fn violation(device: &Device, violated: &[FeatureCompliance]) -> String {
    let each = |feature: &FeatureCompliance| match feature.reason.as_str() {
        "" => feature.code.clone(),
        reason => format!("{} ({})", feature.code, for_terminal(reason)),
    };
    let named: Vec<_> = violated.iter().take(MAX_NAMED).map(each).collect();
    let rest = if violated.len() > MAX_NAMED { ", …" } else { "" };
    format!("device {} (ID: {}) violates its policy: {}{rest}", device.name, device.identifier, named.join(", "))
}

fn shut_out(tx: &Tx<'_>, effects: &mut Effects, device: &Device, now: Timestamp) -> Result<(), Error> {
    let Some(mut device) = tx.device(device.id)? else { return Ok(()) };
    if device.status.may_receive() {
        change_status(tx, &mut device, DeviceStatus::Suspended, "system", BLOCKED, now)?;
        effects.heard.push(device);
    }
    Ok(())
}
