//! Operations: taking them back, and how they stand. How they are sent is in `send`, how they reach a device in
//! `delivery`, how its answers are taken in `report`.

mod activity;
mod delivery;
mod named;
mod report;
mod retry;
mod send;

pub use activity::ActivityKey;
pub use named::Named;
pub(super) use report::store_reports;
pub(super) use send::{queue, queue_for_all, queue_initial};

use super::access::{reach, require_some, seen_by};
use super::device::{known, target};
use super::effects::Effects;
use super::{App, Error, check_limit, require};
use crate::metrics::Outcome as Ended;
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::audit::Outcome;
use crate::model::change::{Change, NoticeKind};
use crate::model::device::PageStart;
use crate::model::id::{ActivityId, OperationId};
use crate::model::operation::{Activity, ActivityFilter, Operation, OperationFilter, OperationStatus};
use crate::model::page::{MAX_PAGE, Page};
use crate::model::policy::Untold;
use crate::model::text::for_terminal;
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Rx, Tx};

/// The most activities on one page: each carries its operations.
pub const MAX_ACTIVITIES: u32 = 100;
/// Operations expired in one sweep; the next sweep goes on.
const SWEEP: u32 = 500;

impl App {
    /// Takes an operation back.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] when it has ended, [`Error::Forbidden`] without the scope `operate`.
    pub async fn cancel(&self, actor: &Actor, id: OperationId) -> Result<Operation, Error> {
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let operation = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let mut operation = known_operation(tx, &actor, id, Scope::Operate)?;
                may_take_back(&actor, &operation.initiated_by)?;
                if operation.status.is_final() {
                    let why = format!("the operation has ended already: {}", operation.status.name());
                    return Err(Error::Conflict(why));
                }
                let by = actor.principal.to_string();
                set_status(tx, &mut operation, OperationStatus::Cancelled, format!("cancelled by {by}"), now)?;
                let target = target(&known(tx, operation.device)?);
                let detail = format!("{} (activity {})", operation.code, operation.number);
                tx.audit(now, &actor, "operation.cancel", &target, Outcome::Done, &detail)?;
                Ok(operation)
            })
            .await?;
        self.tell_progress(&operation);
        Ok(operation)
    }

    /// The activity of that id, with all its operations, or those on the caller's own devices.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn activity(&self, actor: &Actor, id: ActivityId) -> Result<Activity, Error> {
        let missing = move || Error::missing(format!("activity {id}"));
        self.one_activity(actor, move |rx| rx.activity(id)?.ok_or_else(missing)).await
    }

    /// The activity of that number, with all its operations, or those on the caller's own devices.
    ///
    /// # Errors
    /// As [`App::activity`].
    pub async fn activity_by_number(&self, actor: &Actor, number: i64) -> Result<Activity, Error> {
        let missing = move || Error::missing(format!("activity {number}"));
        self.one_activity(actor, move |rx| rx.activity_by_number(number)?.ok_or_else(missing)).await
    }

    async fn one_activity(
        &self,
        actor: &Actor,
        find: impl FnOnce(&Rx<'_>) -> Result<Activity, Error> + Send + 'static,
    ) -> Result<Activity, Error> {
        let own_of = seen_by(actor, Scope::Read)?;
        let masks = self.masks(actor);
        self.inner
            .store
            .read(move |rx| {
                let mut found = find(rx)?;
                let Some(own_of) = own_of else {
                    masks.map_or(Ok(()), |masks| masks.hide_all(rx, &mut found))?;
                    return Ok(found);
                };
                let missing = Error::missing(format!("activity {}", found.number));
                let filter =
                    ActivityFilter { numbers: vec![found.number], own_of: Some(own_of), ..ActivityFilter::default() };
                rx.activities(&filter, &PageStart::Offset(0), 1)?.items.pop().ok_or(missing)
            })
            .await
    }

    /// One page of the activities that fit a filter, newest first. Who may see only their own devices sees only what
    /// concerns these.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a limit or cursor that cannot be, [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn activities(
        &self,
        actor: &Actor,
        filter: ActivityFilter,
        start: PageStart,
        limit: u32,
    ) -> Result<Page<Activity>, Error> {
        let own_of = seen_by(actor, Scope::Read)?;
        check_limit(limit, MAX_ACTIVITIES)?;
        if filter.numbers.len() > MAX_ACTIVITIES as usize {
            return Err(Error::invalid("numbers", format!("at most {MAX_ACTIVITIES} activities can be named")));
        }
        let filter = ActivityFilter { own_of, ..filter };
        let masks = self.masks(actor);
        self.inner
            .store
            .read(move |rx| {
                let mut page = rx.activities(&filter, &start, limit)?;
                if let Some(masks) = masks {
                    page.items.iter_mut().try_for_each(|activity| masks.hide_all(rx, activity))?;
                }
                Ok(page)
            })
            .await
    }

    /// The operation of that id.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read`.
    pub async fn operation(&self, actor: &Actor, id: OperationId) -> Result<Operation, Error> {
        let (actor, masks) = (actor.clone(), self.masks(actor));
        self.inner
            .store
            .read(move |rx| {
                let mut operation = known_operation(rx, &actor, id, Scope::Read)?;
                masks.map_or(Ok(()), |masks| masks.hide(rx, &mut operation))?;
                Ok(operation)
            })
            .await
    }

    /// One page of the operations that fit a filter, newest first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a limit or cursor that cannot be, [`Error::Forbidden`] without the scope `read` (a device
    /// may see its own).
    pub async fn operations(
        &self,
        actor: &Actor,
        filter: OperationFilter,
        limit: u32,
        cursor: Option<String>,
    ) -> Result<Page<Operation>, Error> {
        self.operations_from(actor, filter, PageStart::Cursor(cursor), limit).await
    }

    /// As [`App::operations`], from any place of the list.
    ///
    /// # Errors
    /// As [`App::operations`].
    pub async fn operations_from(
        &self,
        actor: &Actor,
        filter: OperationFilter,
        start: PageStart,
        limit: u32,
    ) -> Result<Page<Operation>, Error> {
        let own_of = if filter.device.is_none() { seen_by(actor, Scope::Read)? } else { None };
        let filter = OperationFilter { own_of, ..filter };
        check_limit(limit, MAX_PAGE)?;
        let (actor, masks) = (actor.clone(), self.masks(actor));
        self.inner
            .store
            .read(move |rx| {
                if let Some(device) = filter.device {
                    reach(rx, &actor, device, Scope::Read)?;
                }
                let mut page = rx.operations(&filter, &start, limit)?;
                if let Some(masks) = masks {
                    page.items.iter_mut().try_for_each(|operation| masks.hide(rx, operation))?;
                }
                Ok(page)
            })
            .await
    }

    /// Gives up what was not answered in time. Returns how many.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn expire_operations(&self) -> Result<usize, Error> {
        let now = self.inner.clock.now();
        let expired = self
            .inner
            .store
            .write(Flush::Lazy, move |tx| {
                let mut expired = tx.expired_operations(now, SWEEP)?;
                for operation in &mut expired {
                    let reason = format!("its time ran out while it was {}", operation.status.name());
                    set_status(tx, operation, OperationStatus::Expired, reason, now)?;
                }
                Ok::<_, Error>(expired)
            })
            .await?;
        self.tell_all_progress(&expired);
        Ok(expired.len())
    }

    pub(super) fn tell_all_progress(&self, operations: &[Operation]) {
        for operation in operations {
            self.tell_progress(operation);
        }
    }

    fn tell_progress(&self, operation: &Operation) {
        match operation.status {
            OperationStatus::Completed => self.inner.metrics.operations.of(Ended::Completed).inc(),
            OperationStatus::Error => self.inner.metrics.operations.of(Ended::Failed).inc(),
            OperationStatus::Expired => self.inner.metrics.operations.of(Ended::Expired).inc(),
            OperationStatus::Cancelled => self.inner.metrics.operations.of(Ended::Cancelled).inc(),
            _ => {}
        }
        if operation.status.is_final() {
            let text = format!("{} {}: {}", operation.code, operation.status.name(), for_terminal(&operation.reason));
            self.notice(NoticeKind::Operation, Some(operation.device), text);
        }
        self.tell_operation(operation);
    }

    fn tell_operation(&self, operation: &Operation) {
        self.tell(Change::Operation { operation: Box::new(operation.clone()) });
    }
}

/// Refuses an owner what the site itself tells their device, its policy above all.
fn may_take_back(actor: &Actor, initiated_by: &str) -> Result<(), Error> {
    if initiated_by == Principal::System.to_string() { require(actor, Scope::Operate) } else { Ok(()) }
}

/// The operation of that id, if the caller may do what `scope` says to its device.
fn known_operation(rx: &Rx<'_>, actor: &Actor, id: OperationId, scope: Scope) -> Result<Operation, Error> {
    let missing = || Error::missing(format!("operation {id}"));
    require_some(actor, scope)?;
    let operation = rx.operation(id)?.ok_or_else(missing)?;
    match reach(rx, actor, operation.device, scope) {
        Err(Error::NotFound { .. }) => Err(missing()),
        other => other.map(|_| operation),
    }
}

/// Takes an operation back within the transaction of what makes it void.
pub(super) fn cancel_superseded(
    tx: &Tx<'_>,
    effects: &mut Effects,
    mut operation: Operation,
    why: &str,
    now: Timestamp,
) -> Result<(), Error> {
    set_status(tx, &mut operation, OperationStatus::Cancelled, why.to_owned(), now)?;
    effects.progressed.push(operation);
    Ok(())
}

/// Moves an operation on. One that told a device of its policy and failed leaves that policy untold.
pub(super) fn set_status(
    tx: &Tx<'_>,
    operation: &mut Operation,
    status: OperationStatus,
    reason: String,
    now: Timestamp,
) -> Result<(), Error> {
    (operation.status, operation.reason, operation.updated_at) = (status, reason, now);
    tx.update_operation(operation)?;
    if let Some(untold) = Untold::of(operation) {
        tx.note_untold(operation.device, operation.id, &untold)?;
    }
    Ok(())
}
