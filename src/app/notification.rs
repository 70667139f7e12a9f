//! Notifications: what a person has to see and tick off.

use super::access::{reach, require_some, seen_by};
use super::effects::Effects;
use super::{App, Error, check_limit, require};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::model::device::Device;
use crate::model::id::NotificationId;
use crate::model::notification::{MAX_TEXT, Notification, NotificationFilter, NotificationKind};
use crate::model::page::{MAX_PAGE, Page};
use crate::model::text::cut;
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Rx, Tx};

/// How a notification is named by its door: Pym's own API by id, the Entgra API by number.
#[derive(Clone, Copy, Debug)]
pub enum NotificationKey {
    Id(NotificationId),
    Number(i64),
}

impl App {
    /// The notifications that fit a filter, newest first: at most `limit`, after `offset` of them. Who may see only
    /// their own devices sees only what is about these.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a limit that cannot be, [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn notifications(
        &self,
        actor: &Actor,
        filter: NotificationFilter,
        offset: u32,
        limit: u32,
    ) -> Result<Page<Notification>, Error> {
        let filter = NotificationFilter { own_of: seen_by(actor, Scope::Read)?, ..filter };
        check_limit(limit, MAX_PAGE)?;
        self.inner.store.read(move |rx| Ok(rx.notifications(&filter, offset, limit)?)).await
    }

    /// Ticks a notification off; to do it twice is no error.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `operate`, or `own` for one's own devices.
    pub async fn check_notification(&self, actor: &Actor, key: NotificationKey) -> Result<Notification, Error> {
        require_some(actor, Scope::Operate)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                let found = known(tx, &actor, key)?;
                if found.checked_at.is_some() {
                    return Ok(found);
                }
                tx.check_notification(found.number, now, &actor.principal.to_string())?;
                tx.audit(now, &actor, "notification.check", &found.number.to_string(), Outcome::Done, "")?;
                known(tx, &actor, NotificationKey::Number(found.number))
            })
            .await
    }

    /// Ticks off every notification the caller may tick off. Returns how many.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `operate` or `own`.
    pub async fn check_notifications(&self, actor: &Actor) -> Result<usize, Error> {
        let own_of = seen_by(actor, Scope::Operate)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                let count = tx.check_notifications(own_of.as_deref(), now, &actor.principal.to_string())?;
                tx.audit(now, &actor, "notification.check", "all", Outcome::Done, &count.to_string())?;
                Ok(count)
            })
            .await
    }
}

fn known(rx: &Rx<'_>, actor: &Actor, key: NotificationKey) -> Result<Notification, Error> {
    let (found, name) = match key {
        NotificationKey::Id(id) => (rx.notification(id)?, id.to_string()),
        NotificationKey::Number(number) => (rx.notification_by_number(number)?, number.to_string()),
    };
    let missing = || Error::missing(format!("notification {name}"));
    let found = found.ok_or_else(missing)?;
    match found.device {
        None => require(actor, Scope::Operate)?,
        Some(device) => match reach(rx, actor, device, Scope::Operate) {
            Err(Error::NotFound { .. }) => return Err(missing()),
            other => drop(other?),
        },
    }
    Ok(found)
}

/// Writes a notification within the transaction of whatever it is about; `effects` tells it after the commit.
pub(super) fn notify(
    tx: &Tx<'_>,
    effects: &mut Effects,
    kind: NotificationKind,
    device: Option<&Device>,
    operation: Option<i64>,
    text: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let mut new = Notification {
        id: NotificationId::fresh(now),
        number: 0,
        at: now,
        kind,
        device: device.map(|device| device.id),
        operation,
        text: cut(text, MAX_TEXT).to_owned(),
        checked_at: None,
        checked_by: None,
    };
    new.number = tx.insert_notification(&new)?;
    effects.notifications.push(new);
    Ok(())
}
