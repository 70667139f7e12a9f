//! Activities by how many of their operations stand where, without reading each.

use std::collections::BTreeMap;

use rusqlite::types::ToSql;
use rusqlite::{OptionalExtension, params};

use super::{ACTIVITY, Conditions, SELECT, activity, number_of};
use crate::model::device::PageStart;
use crate::model::id::ActivityId;
use crate::model::operation::{Activity, ActivityFilter, ActivitySummary, Operation};
use crate::model::page::Page;
use crate::store::device::OWN;
use crate::store::{Rx, StoreError, cut_page};

impl Rx<'_> {
    /// One page of the activities that fit a filter, newest first.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor that is none of ours.
    pub fn activity_summaries(
        &self,
        filter: &ActivityFilter,
        start: &PageStart,
        limit: u32,
    ) -> Result<Page<ActivitySummary>, StoreError> {
        let (mut found, total) = self.activity_rows(filter, start, limit)?;
        let next = cut_page(&mut found, limit).map(|last| last.number.to_string());
        let own_of = filter.own_of.as_deref();
        let items = found.into_iter().map(|found| self.summarised(found, own_of)).collect::<Result<_, _>>()?;
        Ok(Page { items, next, total })
    }

    /// The activities that fit a filter without their operations, one more than the page holds, and how many there are.
    pub(super) fn activity_rows(
        &self,
        filter: &ActivityFilter,
        start: &PageStart,
        limit: u32,
    ) -> Result<(Vec<Activity>, u64), StoreError> {
        let mut conditions = Conditions::of_activities(filter);
        let sql = format!("SELECT count(*) FROM activity a{}", conditions.text);
        let total = self.connection.prepare_cached(&sql)?.query_row(conditions.bound(), |row| row.get(0))?;
        let offset = match start {
            PageStart::Offset(rows) => *rows,
            PageStart::Cursor(None) => 0,
            PageStart::Cursor(Some(cursor)) => {
                conditions.and("a.number < ?", number_of(cursor)?);
                0
            }
        };
        let limit_and_one = u64::from(limit) + 1;
        let sql =
            format!("{ACTIVITY} a{} ORDER BY a.number DESC LIMIT {limit_and_one} OFFSET {offset}", conditions.text);
        let found =
            self.connection.prepare_cached(&sql)?.query_map(conditions.bound(), activity)?.collect::<Result<_, _>>()?;
        Ok((found, total))
    }

    /// The activity of that id, as far as it concerns `own_of`'s devices, if that is given.
    pub fn activity_summary(
        &self,
        id: ActivityId,
        own_of: Option<&str>,
    ) -> Result<Option<ActivitySummary>, StoreError> {
        self.one_summary("id = ?1", &id, own_of)
    }

    /// As [`Rx::activity_summary`], by number.
    pub fn activity_summary_by_number(
        &self,
        number: i64,
        own_of: Option<&str>,
    ) -> Result<Option<ActivitySummary>, StoreError> {
        self.one_summary("number = ?1", &number, own_of)
    }

    fn one_summary(
        &self,
        condition: &str,
        key: &dyn ToSql,
        own_of: Option<&str>,
    ) -> Result<Option<ActivitySummary>, StoreError> {
        let sql = format!("{ACTIVITY} WHERE {condition}");
        let found = self.connection.prepare_cached(&sql)?.query_row([key], activity).optional()?;
        found.map(|found| self.summarised(found, own_of)).transpose()
    }

    fn summarised(&self, found: Activity, own_of: Option<&str>) -> Result<ActivitySummary, StoreError> {
        let own = OWN.replace("= ?", "= ?2");
        let sql = match own_of {
            None => {
                "SELECT status, count(*) FROM operation o WHERE o.activity = ?1 AND ?2 IS NULL GROUP BY status".into()
            }
            Some(_) => format!(
                "SELECT o.status, count(*) FROM operation o JOIN device d ON d.number = o.device
                 WHERE o.activity = ?1 AND ({own}) GROUP BY o.status"
            ),
        };
        let mut statement = self.connection.prepare_cached(&sql)?;
        let counts = statement.query_map(params![found.number, own_of], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let counts = counts.collect::<Result<BTreeMap<_, _>, _>>()?;
        let Activity { id, number, code, kind, payload, initiated_by, created_at, expires_at, operations: _ } = found;
        Ok(ActivitySummary { id, number, code, kind, payload, initiated_by, created_at, expires_at, counts })
    }

    /// What an activity has not ended yet, on every device or on `own_of`'s.
    pub fn open_operations_of(&self, activity: i64, own_of: Option<&str>) -> Result<Vec<Operation>, StoreError> {
        let own = OWN.replace("= ?", "= ?2");
        let sql = format!(
            "{SELECT} WHERE o.activity = ?1 AND (?2 IS NULL OR {own})
             AND o.status IN ('PENDING', 'IN_PROGRESS', 'NOTNOW') ORDER BY o.number"
        );
        let bound: [&dyn ToSql; 2] = [&activity, &own_of];
        Ok(self.operation_rows(&sql, &bound)?.into_iter().map(|numbered| numbered.operation).collect())
    }
}
