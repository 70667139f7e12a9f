//! Activities, operations and their responses.

mod summary;

use rusqlite::types::ToSql;
use rusqlite::{OptionalExtension, Row, params};

use super::device::OWN;
use super::{Rx, StoreError, Tx, cut_page};
use crate::model::device::PageStart;
use crate::model::id::{ActivityId, DeviceId, OperationId};
use crate::model::operation::{
    Activity, ActivityFilter, MAX_RESPONSES, Operation, OperationFilter, OperationKind, Response,
};
use crate::model::page::Page;
use crate::model::timestamp::Timestamp;

const SELECT: &str = "SELECT o.number, o.id, a.id, a.number, d.id, a.code, a.kind, a.payload, o.status, o.reason,
    a.initiated_by, a.created_at, o.updated_at, o.pushed_at, a.expires_at
    FROM operation o JOIN activity a ON a.number = o.activity JOIN device d ON d.number = o.device";

/// An operation with its row number, by which the list is paged.
struct Numbered {
    number: i64,
    operation: Operation,
}

impl Rx<'_> {
    /// The activity of that id, with all its operations.
    pub fn activity(&self, id: ActivityId) -> Result<Option<Activity>, StoreError> {
        self.one_activity("id = ?1", &id)
    }

    /// The activity of that number, with all its operations.
    pub fn activity_by_number(&self, number: i64) -> Result<Option<Activity>, StoreError> {
        self.one_activity("number = ?1", &number)
    }

    fn one_activity(&self, condition: &str, key: &dyn ToSql) -> Result<Option<Activity>, StoreError> {
        let sql = format!("{ACTIVITY} WHERE {condition}");
        let found = self.connection.prepare_cached(&sql)?.query_row([key], activity).optional()?;
        found.map(|found| self.with_operations(found, None)).transpose()
    }

    /// One page of the activities that fit a filter with their operations, newest first.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor that is none of ours.
    pub fn activities(
        &self,
        filter: &ActivityFilter,
        start: &PageStart,
        limit: u32,
    ) -> Result<Page<Activity>, StoreError> {
        let (mut found, total) = self.activity_rows(filter, start, limit)?;
        let next = cut_page(&mut found, limit).map(|last| last.number.to_string());
        let own_of = filter.own_of.as_deref();
        let items = found.into_iter().map(|found| self.with_operations(found, own_of)).collect::<Result<_, _>>()?;
        Ok(Page { items, next, total })
    }

    /// The activity with its operations: all of them, or those on a person's own devices.
    fn with_operations(&self, mut activity: Activity, own_of: Option<&str>) -> Result<Activity, StoreError> {
        let own = OWN.replace("= ?", "= ?2");
        let sql = format!("{SELECT} WHERE o.activity = ?1 AND (?2 IS NULL OR {own}) ORDER BY o.number");
        // The payload stands in the activity, once.
        let sql = sql.replacen("a.payload", "NULL", 1);
        let mut operations = self.operation_rows(&sql, &[&activity.number, &own_of])?;
        activity.operations = operations.drain(..).map(|numbered| numbered.operation).collect();
        Ok(activity)
    }

    /// The operation of that id.
    pub fn operation(&self, id: OperationId) -> Result<Option<Operation>, StoreError> {
        Ok(self.operation_rows(&format!("{SELECT} WHERE o.id = ?1"), &[&id])?.pop().map(|numbered| numbered.operation))
    }

    /// A device's part of the activity of that number.
    pub fn operation_of(&self, device: DeviceId, number: i64) -> Result<Option<Operation>, StoreError> {
        let sql = format!("{SELECT} WHERE o.activity = ?1 AND o.device = (SELECT number FROM device WHERE id = ?2)");
        Ok(self.operation_rows(&sql, &[&number, &device])?.pop().map(|numbered| numbered.operation))
    }

    /// What a device still has to do: pending and postponed operations, oldest first, at most `limit`.
    pub fn pending_operations(&self, device: DeviceId, limit: u32) -> Result<Vec<Operation>, StoreError> {
        let sql = format!(
            "{SELECT} WHERE o.device = (SELECT number FROM device WHERE id = ?1)
             AND o.status IN ('PENDING', 'NOTNOW') ORDER BY o.number LIMIT ?2"
        );
        Ok(self.operation_rows(&sql, &[&device, &limit])?.into_iter().map(|numbered| numbered.operation).collect())
    }

    /// What a device has not ended yet.
    pub fn open_operations(&self, device: DeviceId) -> Result<Vec<Operation>, StoreError> {
        let sql = format!(
            "{SELECT} WHERE o.device = (SELECT number FROM device WHERE id = ?1)
             AND o.status IN ('PENDING', 'IN_PROGRESS', 'NOTNOW') ORDER BY o.number"
        );
        Ok(self.operation_rows(&sql, &[&device])?.into_iter().map(|numbered| numbered.operation).collect())
    }

    /// The identical operation that still waits on a device.
    pub fn identical_pending(
        &self,
        device: DeviceId,
        code: &str,
        kind: OperationKind,
        payload: Option<&str>,
    ) -> Result<Option<Operation>, StoreError> {
        let sql = format!(
            "{SELECT} WHERE o.device = (SELECT number FROM device WHERE id = ?1) AND o.status = 'PENDING'
             AND a.code = ?2 AND a.kind = ?3 AND a.payload IS ?4 ORDER BY o.number LIMIT 1"
        );
        let found = self.operation_rows(&sql, &[&device, &code, &kind, &payload])?.pop();
        Ok(found.map(|numbered| numbered.operation))
    }

    /// Unanswered operations whose time ran out, at most `limit`.
    pub fn expired_operations(&self, now: Timestamp, limit: u32) -> Result<Vec<Operation>, StoreError> {
        let sql =
            format!("{SELECT} WHERE o.status IN ('PENDING', 'IN_PROGRESS', 'NOTNOW') AND a.expires_at <= ?1 LIMIT ?2");
        Ok(self.operation_rows(&sql, &[&now, &limit])?.into_iter().map(|numbered| numbered.operation).collect())
    }

    /// One page of the operations that fit `filter`, newest first.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor that is none of ours.
    pub fn operations(
        &self,
        filter: &OperationFilter,
        start: &PageStart,
        limit: u32,
    ) -> Result<Page<Operation>, StoreError> {
        let (before, offset) = match start {
            PageStart::Cursor(cursor) => (cursor.as_deref().map(number_of).transpose()?, 0),
            PageStart::Offset(rows) => (None, *rows),
        };
        let marks = vec!["?"; filter.statuses.len()].join(", ");
        let mut given = if marks.is_empty() { String::new() } else { format!(" AND o.status IN ({marks})") };
        if filter.activity.is_some() {
            given.push_str(" AND o.activity = ?");
        }
        let conditions = format!(
            "(?1 IS NULL OR o.device = (SELECT number FROM device WHERE id = ?1)) AND (?2 IS NULL OR a.code = ?2)
             AND (?3 IS NULL OR a.initiated_by = ?3) AND (?4 IS NULL OR o.updated_at >= ?4)
             AND (?7 IS NULL OR {}){}",
            OWN.replace("= ?", "= ?7"),
            given.replacen('?', "?8", 1)
        );
        let mut bound: Vec<&dyn ToSql> = vec![
            &filter.device,
            &filter.code,
            &filter.initiated_by,
            &filter.updated_since,
            &before,
            &limit,
            &filter.own_of,
        ];
        bound.extend(filter.statuses.iter().map(|status| status as &dyn ToSql));
        bound.extend(filter.activity.iter().map(|number| number as &dyn ToSql));
        // Both statements take the same values, so that the numbered ones stay in step.
        let total = self
            .connection
            .prepare_cached(&format!(
                "SELECT count(*) FROM operation o JOIN activity a ON a.number = o.activity
                 JOIN device d ON d.number = o.device WHERE {conditions} AND (?5 IS NULL OR 1) AND (?6 IS NULL OR 1)"
            ))?
            .query_row(bound.as_slice(), |row| row.get(0))?;
        let sql = format!(
            "{SELECT} WHERE {conditions} AND (?5 IS NULL OR o.number < ?5) ORDER BY o.number DESC LIMIT ?6 + 1
             OFFSET {offset}"
        );
        let mut rows = self.operation_rows(&sql, &bound)?;
        let next = cut_page(&mut rows, limit).map(|last| last.number.to_string());
        Ok(Page { items: rows.into_iter().map(|numbered| numbered.operation).collect(), next, total })
    }

    /// How many operations wait for their device, and how many failed since `since`.
    pub fn operation_counts(&self, since: Timestamp) -> Result<(u64, u64), StoreError> {
        let pending = self
            .connection
            .prepare_cached("SELECT count(*) FROM operation WHERE status IN ('PENDING', 'IN_PROGRESS', 'NOTNOW')")?
            .query_row((), |row| row.get(0))?;
        let failed = self
            .connection
            .prepare_cached("SELECT count(*) FROM operation WHERE status = 'ERROR' AND updated_at >= ?1")?
            .query_row([since], |row| row.get(0))?;
        Ok((pending, failed))
    }

    fn operation_rows(&self, sql: &str, bound: &[&dyn ToSql]) -> Result<Vec<Numbered>, StoreError> {
        let mut rows =
            self.connection.prepare_cached(sql)?.query_map(bound, operation)?.collect::<Result<Vec<Numbered>, _>>()?;
        let mut statement =
            self.connection.prepare_cached("SELECT at, status, text FROM response WHERE operation = ?1 ORDER BY id")?;
        for row in &mut rows {
            row.operation.responses = statement.query_map([row.number], response)?.collect::<Result<_, _>>()?;
        }
        Ok(rows)
    }
}

impl Tx<'_> {
    /// Writes a new activity (its number and operations are ignored) and returns its number.
    pub fn insert_activity(&self, activity: &Activity) -> Result<i64, StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO activity (id, code, kind, payload, initiated_by, created_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                activity.id,
                activity.code,
                activity.kind,
                activity.payload,
                activity.initiated_by,
                activity.created_at,
                activity.expires_at,
            ])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Writes a new operation of the activity of that number.
    pub fn insert_operation(&self, operation: &Operation) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO operation (id, activity, device, status, reason, updated_at)
                 VALUES (?1, ?2, (SELECT number FROM device WHERE id = ?3), ?4, ?5, ?6)",
            )?
            .execute(params![
                operation.id,
                operation.number,
                operation.device,
                operation.status,
                operation.reason,
                operation.updated_at,
            ])?;
        Ok(())
    }

    /// Writes everything of an operation that can change.
    pub fn update_operation(&self, operation: &Operation) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE operation SET status = ?2, reason = ?3, updated_at = ?4, pushed_at = ?5 WHERE id = ?1",
            )?
            .execute(params![
                operation.id,
                operation.status,
                operation.reason,
                operation.updated_at,
                operation.pushed_at,
            ])?;
        Ok(())
    }

    /// Keeps a device's answer to an operation; beyond 20 answers, only the status counts.
    pub fn add_response(&self, operation: OperationId, response: &Response) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO response (operation, at, status, text)
                 SELECT o.number, ?2, ?3, ?4 FROM operation o WHERE o.id = ?1
                 AND (SELECT count(*) FROM response r WHERE r.operation = o.number) < ?5",
            )?
            .execute(params![operation, response.at, response.status, response.text, MAX_RESPONSES])?;
        Ok(())
    }
}

/// The WHERE clause of a list of activities, and what is bound to it.
struct Conditions {
    text: String,
    bound: Vec<Box<dyn ToSql>>,
}

impl Conditions {
    fn of_activities(filter: &ActivityFilter) -> Self {
        let mut all = Self { text: String::new(), bound: Vec::new() };
        if let Some(code) = &filter.code {
            all.and("a.code = ?", code.clone());
        }
        if let Some(kind) = filter.kind {
            all.and("a.kind = ?", kind);
        }
        if let Some(by) = &filter.initiated_by {
            all.and("a.initiated_by = ?", by.clone());
        }
        if let Some(from) = filter.from {
            all.and("a.created_at >= ?", from);
        }
        if let Some(until) = filter.until {
            all.and("a.created_at < ?", until);
        }
        if !filter.numbers.is_empty() {
            all.and_any("a.number", &filter.numbers);
        }
        // What is asked of an operation has to hold for one of them.
        let mut one = Self { text: String::new(), bound: Vec::new() };
        if let Some(device_type) = &filter.device_type {
            one.and("d.type = ?", device_type.clone());
        }
        if let Some(device) = filter.device {
            one.and("d.id = ?", device);
        }
        if !filter.statuses.is_empty() {
            one.and_any("o.status", &filter.statuses);
        }
        if let Some(since) = filter.since {
            one.and("o.updated_at >= ?", since);
        }
        if let Some(name) = &filter.own_of {
            one.and(&format!("({OWN})"), name.clone());
            one.bound.push(Box::new(name.clone()));
        }
        if !one.bound.is_empty() {
            all.joint();
            all.text.extend([
                "EXISTS (SELECT 1 FROM operation o JOIN device d ON d.number = o.device",
                one.text.as_str(),
                " AND o.activity = a.number)",
            ]);
            all.bound.append(&mut one.bound);
        }
        all
    }

    fn joint(&mut self) {
        self.text.push_str(if self.text.is_empty() { " WHERE " } else { " AND " });
    }

    fn and(&mut self, condition: &str, value: impl ToSql + 'static) {
        self.joint();
        self.text.push_str(condition);
        self.bound.push(Box::new(value));
    }

    fn and_any<T: ToSql + Copy + 'static>(&mut self, column: &str, values: &[T]) {
        self.joint();
        self.text.extend([column, " IN (", &vec!["?"; values.len()].join(", "), ")"]);
        self.bound.extend(values.iter().map(|value| Box::new(*value) as Box<dyn ToSql>));
    }

    fn bound(&self) -> rusqlite::ParamsFromIter<impl Iterator<Item = &dyn ToSql>> {
        rusqlite::params_from_iter(self.bound.iter().map(AsRef::as_ref))
    }
}

/// The number that a cursor of these lists is.
fn number_of(cursor: &str) -> Result<i64, StoreError> {
    cursor.parse().map_err(|_| StoreError::Cursor(cursor.chars().take(100).collect()))
}

const ACTIVITY: &str = "SELECT id, number, code, kind, payload, initiated_by, created_at, expires_at FROM activity";

fn activity(row: &Row<'_>) -> rusqlite::Result<Activity> {
    Ok(Activity {
        id: row.get(0)?,
        number: row.get(1)?,
        code: row.get(2)?,
        kind: row.get(3)?,
        payload: row.get(4)?,
        initiated_by: row.get(5)?,
        created_at: row.get(6)?,
        expires_at: row.get(7)?,
        operations: Vec::new(),
    })
}

fn operation(row: &Row<'_>) -> rusqlite::Result<Numbered> {
    let operation = Operation {
        id: row.get(1)?,
        activity: row.get(2)?,
        number: row.get(3)?,
        device: row.get(4)?,
        code: row.get(5)?,
        kind: row.get(6)?,
        payload: row.get(7)?,
        status: row.get(8)?,
        reason: row.get(9)?,
        initiated_by: row.get(10)?,
        created_at: row.get(11)?,
        updated_at: row.get(12)?,
        pushed_at: row.get(13)?,
        expires_at: row.get(14)?,
        responses: Vec::new(),
    };
    Ok(Numbered { number: row.get(0)?, operation })
}

fn response(row: &Row<'_>) -> rusqlite::Result<Response> {
    Ok(Response { at: row.get(0)?, status: row.get(1)?, text: row.get(2)? })
}
