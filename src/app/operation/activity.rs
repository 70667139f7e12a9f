//! Activities as wholes: how far they have come, and taking back what of them is still to do.

use std::fmt;
use std::str::FromStr;

use super::{may_take_back, set_status};
use crate::app::access::seen_by;
use crate::app::{App, Error, check_limit};
use crate::model::actor::{Actor, Scope};
use crate::model::audit::Outcome;
use crate::model::device::PageStart;
use crate::model::id::ActivityId;
use crate::model::operation::{ActivityFilter, ActivitySummary, OperationStatus};
use crate::model::page::{MAX_PAGE, Page};
use crate::store::{Flush, Rx};

/// How an activity is named: by its id, or by the number that agents and the Entgra API know it by.
#[derive(Clone, Copy, Debug)]
pub enum ActivityKey {
    Id(ActivityId),
    Number(i64),
}

impl FromStr for ActivityKey {
    type Err = <ActivityId as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map_or_else(|_| text.parse().map(Self::Id), |number| Ok(Self::Number(number)))
    }
}

impl fmt::Display for ActivityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl App {
    /// One page of the activities that fit a filter, newest first, by how many of their operations stand where; without
    /// payloads. Who may see only their own devices sees only what concerns these.
    ///
    /// # Errors
    /// As [`App::activities`].
    pub async fn activity_summaries(
        &self,
        actor: &Actor,
        filter: ActivityFilter,
        start: PageStart,
        limit: u32,
    ) -> Result<Page<ActivitySummary>, Error> {
        let filter = ActivityFilter { own_of: seen_by(actor, Scope::Read)?, ..filter };
        check_limit(limit, MAX_PAGE)?;
        self.inner
            .store
            .read(move |rx| {
                let mut page = rx.activity_summaries(&filter, &start, limit)?;
                page.items.iter_mut().for_each(|item| item.payload = None);
                Ok(page)
            })
            .await
    }

    /// How far an activity has come, on every device or on the caller's own, with its payload; the secrets
    /// of which are for those who may command its devices.
    ///
    /// # Errors
    /// As [`App::activity`].
    pub async fn activity_summary(&self, actor: &Actor, key: ActivityKey) -> Result<ActivitySummary, Error> {
        let own_of = seen_by(actor, Scope::Read)?;
        let masks = self.masks(actor).filter(|_| own_of.is_none());
        self.inner
            .store
            .read(move |rx| {
                let mut found = known(rx, key, own_of.as_deref())?;
                if let Some(masks) = masks {
                    found.payload = found.payload.map(|text| masks.masked(&found.code, &text).unwrap_or(text));
                }
                Ok(found)
            })
            .await
    }

    /// Takes back every operation of an activity that has not ended, on every device or on the caller's own. Returns how
    /// many; to do it twice is no error.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `operate` or `own`.
    pub async fn cancel_activity(&self, actor: &Actor, key: ActivityKey) -> Result<usize, Error> {
        let own_of = seen_by(actor, Scope::Operate)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let cancelled = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let activity = known(tx, key, own_of.as_deref())?;
                may_take_back(&actor, &activity.initiated_by)?;
                let mut open = tx.open_operations_of(activity.number, own_of.as_deref())?;
                if open.is_empty() {
                    return Ok::<_, Error>(open);
                }
                let by = actor.principal.to_string();
                for operation in &mut open {
                    set_status(tx, operation, OperationStatus::Cancelled, format!("cancelled by {by}"), now)?;
                }
                let (target, detail) =
                    (format!("{} devices", open.len()), format!("{} (activity {})", activity.code, activity.number));
                tx.audit(now, &actor, "operation.cancel", &target, Outcome::Done, &detail)?;
                Ok(open)
            })
            .await?;
        self.tell_all_progress(&cancelled);
        Ok(cancelled.len())
    }
}

/// The activity, if it concerns a device of the caller's.
fn known(rx: &Rx<'_>, key: ActivityKey, own_of: Option<&str>) -> Result<ActivitySummary, Error> {
    let found = match key {
        ActivityKey::Id(id) => rx.activity_summary(id, own_of)?,
        ActivityKey::Number(number) => rx.activity_summary_by_number(number, own_of)?,
    };
    let found = found.filter(|found| own_of.is_none() || !found.counts.is_empty());
    found.ok_or_else(|| Error::missing(format!("activity {key}")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::app::testing::{operator, site, user, with};
    use crate::model::actor::Principal;
    use crate::model::device::NewDevice;
    use crate::model::operation::{NewActivity, OperationFilter};

    fn bulb(devices: Vec<crate::model::id::DeviceId>) -> NewActivity {
        let payload = Some("on".to_owned());
        NewActivity { code: "bulb".to_owned(), kind: None, payload, devices, expires_at: None }
    }

    #[tokio::test]
    async fn an_activity_is_counted_and_what_is_left_of_it_taken_back() {
        let site = site().await;
        let mut devices = Vec::new();
        for name in ["one", "two", "three"] {
            devices.push(site.pi(name).await.id);
        }
        let sent = site.app.send(&operator(), bulb(devices)).await.unwrap();
        site.app.cancel(&operator(), sent.operations[0].id).await.unwrap();
        let summary = site.app.activity_summary(&operator(), ActivityKey::Id(sent.id)).await.unwrap();
        assert_eq!(summary.counts, BTreeMap::from([(OperationStatus::Pending, 2), (OperationStatus::Cancelled, 1)]));
        assert_eq!((summary.devices(), summary.open(), summary.payload.as_deref()), (3, 2, Some("ON")));

        let pending = ActivityFilter { statuses: vec![OperationStatus::Pending], ..ActivityFilter::default() };
        let first = PageStart::Cursor(None);
        let page = site.app.activity_summaries(&operator(), pending.clone(), first.clone(), 10).await.unwrap();
        assert_eq!((page.total, page.items[0].number, page.items[0].open()), (1, sent.number, 2));
        assert_eq!(page.items[0].payload, None);

        let refused = site.app.cancel_activity(&with(&[Scope::Read]), ActivityKey::Id(sent.id)).await;
        assert!(matches!(refused, Err(Error::Forbidden { needs: Scope::Operate })));
        assert_eq!(site.app.cancel_activity(&operator(), ActivityKey::Id(sent.id)).await.unwrap(), 2);
        let again: ActivityKey = sent.number.to_string().parse().unwrap();
        assert_eq!(site.app.cancel_activity(&operator(), again).await.unwrap(), 0, "twice is once");
        assert_eq!(site.app.activity_summaries(&operator(), pending, first, 10).await.unwrap().total, 0);
        let filter = OperationFilter { activity: Some(sent.number), ..OperationFilter::default() };
        let operations = site.app.operations(&operator(), filter, 10, None).await.unwrap();
        assert_eq!(operations.total, 3);
        assert!(operations.items.iter().all(|operation| operation.status == OperationStatus::Cancelled));
        let nothing = OperationFilter { activity: Some(sent.number + 1), ..OperationFilter::default() };
        assert_eq!(site.app.operations(&operator(), nothing, 10, None).await.unwrap().total, 0);
    }

    #[tokio::test]
    async fn owners_see_and_take_back_their_own_part() {
        let site = site().await;
        let person = site.app.create_user(&operator(), user("ann", "device-owner"), "a long password").await.unwrap();
        let ann = Actor { principal: Principal::User { id: person.id, name: person.name }, ..with(&[Scope::Own]) };
        let other = site.pi("other").await.id;
        let new = NewDevice {
            device_type: "raspberrypi".to_owned(),
            identifier: "hers".to_owned(),
            owner: Some("ann".to_owned()),
            ..NewDevice::default()
        };
        let hers = site.app.enroll(&operator(), new).await.unwrap().device.id;
        let others = site.app.send(&operator(), bulb(vec![other])).await.unwrap();
        let both = site.app.send(&operator(), bulb(vec![other, hers])).await.unwrap();
        for outcome in [
            site.app.activity_summary(&ann, ActivityKey::Id(others.id)).await.map(drop),
            site.app.cancel_activity(&ann, ActivityKey::Id(others.id)).await.map(drop),
        ] {
            assert!(matches!(outcome, Err(Error::NotFound { .. })), "{outcome:?}");
        }
        assert_eq!(site.app.activity_summary(&ann, ActivityKey::Id(both.id)).await.unwrap().devices(), 1);
        let all = ActivityFilter::default();
        let seen = site.app.activity_summaries(&ann, all, PageStart::Cursor(None), 10).await.unwrap();
        assert_eq!((seen.total, seen.items[0].devices()), (1, 1));
        assert_eq!(site.app.cancel_activity(&ann, ActivityKey::Id(both.id)).await.unwrap(), 1);
        let left = site.app.activity_summary(&operator(), ActivityKey::Id(both.id)).await.unwrap();
        assert_eq!(left.counts.get(&OperationStatus::Repeated), Some(&1), "merged into the first: {left:?}");
    }
}
