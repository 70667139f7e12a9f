//! The list of devices: its conditions, its order and its pages.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rusqlite::types::ToSql;

use super::{COLUMNS, OWN, device};
use crate::model::device::{Device, DeviceFilter, DevicePage, DeviceSort, DeviceStatus, PageStart};
use crate::model::id::DeviceId;
use crate::model::page::Page;
use crate::model::timestamp::Timestamp;
use crate::store::query::{Clause, complies};
use crate::store::{Rx, StoreError};

impl Rx<'_> {
    /// One page of the devices that fit `filter`.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor that is none of ours.
    pub fn devices(
        &self,
        filter: &DeviceFilter,
        page: &DevicePage,
        now: Timestamp,
    ) -> Result<Page<Device>, StoreError> {
        let mut clause = Clause::of(filter, now);
        let total = {
            let mut statement =
                self.connection.prepare_cached(&format!("SELECT count(*) FROM device d{}", clause.text))?;
            statement.query_row(clause.bound(), |row| row.get(0))?
        };
        let (key, direction) = (sort_key(page.sort), if page.descending { "DESC" } else { "ASC" });
        let mut offset = 0;
        match &page.start {
            PageStart::Offset(rows) => offset = *rows,
            PageStart::Cursor(None) => {}
            PageStart::Cursor(Some(cursor)) => clause.after(cursor, key, page.descending)?,
        }
        let sql = format!(
            "SELECT {COLUMNS}, {key} FROM device d{} ORDER BY {key} {direction}, d.number {direction} LIMIT {} OFFSET {offset}",
            clause.text,
            u64::from(page.limit) + 1,
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(clause.bound())?;
        let (mut items, mut next, mut last) = (Vec::new(), None, None);
        while let Some(row) = rows.next()? {
            if items.len() >= page.limit as usize {
                next = last.take();
                break;
            }
            let item = device(row)?;
            last = Some(cursor(row.get(12)?, item.number)?);
            items.push(item);
        }
        Ok(Page { items, next, total })
    }

    /// The devices that fit `filter`, at most `limit`, in the order of their enrollment.
    pub fn matching_devices(
        &self,
        filter: &DeviceFilter,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Device>, StoreError> {
        let clause = Clause::of(filter, now);
        let sql = format!("SELECT {COLUMNS} FROM device d{} ORDER BY d.number LIMIT {limit}", clause.text);
        let mut statement = self.connection.prepare(&sql)?;
        Ok(statement.query_map(clause.bound(), device)?.collect::<Result<_, _>>()?)
    }

    /// The ids of the devices that fit `filter`, at most `limit`, in the order of their enrollment.
    pub fn device_ids(&self, filter: &DeviceFilter, limit: usize, now: Timestamp) -> Result<Vec<DeviceId>, StoreError> {
        let clause = Clause::of(filter, now);
        let sql = format!("SELECT d.id FROM device d{} ORDER BY d.number LIMIT {limit}", clause.text);
        let mut statement = self.connection.prepare(&sql)?;
        Ok(statement.query_map(clause.bound(), |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

pub(in crate::store) const fn sort_key(sort: DeviceSort) -> &'static str {
    match sort {
        DeviceSort::Name => "d.name COLLATE NOCASE",
        DeviceSort::Identifier => "d.identifier",
        DeviceSort::Type => "d.type",
        DeviceSort::Status => "d.status",
        DeviceSort::Owner => "d.owner",
        DeviceSort::EnrolledAt => "d.enrolled_at",
        DeviceSort::LastSeen => "coalesce(d.last_seen_at, 0)",
    }
}

/// A cursor is the sort key's value and the number of the last row, as JSON in letters that a URL takes as they are.
pub(in crate::store) fn cursor(key: rusqlite::types::Value, number: i64) -> Result<String, StoreError> {
    let key = match key {
        rusqlite::types::Value::Integer(integer) => serde_json::Value::from(integer),
        rusqlite::types::Value::Text(text) => serde_json::Value::from(text),
        other => return Err(StoreError::Corrupt(format!("sort key {other:?}"))),
    };
    Ok(BASE64_URL_SAFE_NO_PAD.encode(serde_json::json!([key, number]).to_string()))
}

impl Clause {
    /// The conditions of a list; relative times count back from `now`.
    pub(in crate::store) fn of(filter: &DeviceFilter, now: Timestamp) -> Self {
        let mut clause = Self::default();
        if let Some(device_type) = &filter.device_type {
            clause.and("d.type = ?", device_type.clone());
        }
        if filter.leaves_removed_out() {
            clause.and("d.status <> ?", DeviceStatus::Removed);
        } else if !filter.statuses.is_empty() {
            clause.and_any("d.status", &filter.statuses);
        }
        if let Some(group) = filter.group {
            clause.and(
                "d.number IN (SELECT m.device FROM group_member m JOIN device_group g ON g.number = m.device_group WHERE g.id = ?)",
                group,
            );
        }
        if let Some(ownership) = filter.ownership {
            clause.and("d.ownership = ?", ownership);
        }
        if let Some(compliance) = filter.compliance {
            clause.joint();
            clause.text.push_str(complies(compliance));
        }
        clause.and_beyond_facets(filter, now);
        clause
    }

    /// As [`Clause::of`], without what a facet chooses: status, type, group, ownership and compliance.
    pub(in crate::store) fn beyond_facets(filter: &DeviceFilter, now: Timestamp) -> Self {
        let mut clause = Self::default();
        clause.and_beyond_facets(filter, now);
        clause
    }

    fn and_beyond_facets(&mut self, filter: &DeviceFilter, now: Timestamp) {
        let clause = self;
        if let Some(part) = &filter.owner_part {
            clause.and("instr(lower(d.owner), lower(?)) > 0", part.clone());
        }
        if let Some(role) = &filter.owner_role {
            clause.and(
                "d.owner IN (SELECT u.name FROM user u JOIN user_role r ON r.user = u.id WHERE r.role = ?)",
                role.clone(),
            );
        }
        if let Some(owner) = &filter.owner {
            clause.and("d.owner = ?", owner.clone());
        }
        if let Some(text) = &filter.text {
            clause.and("(instr(lower(d.name), lower(?)) > 0", text.clone());
            clause.text.push_str(" OR instr(lower(d.identifier), lower(?)) > 0)");
            clause.bound.push(Box::new(text.clone()));
        }
        if let Some(asked) = &filter.query {
            clause.and_query(asked, now);
        }
        if let Some(since) = filter.updated_since {
            clause.and("d.updated_at >= ?", since);
        }
        if let Some(name) = &filter.own_of {
            clause.and(&format!("({OWN})"), name.clone());
            clause.bound.push(Box::new(name.clone()));
        }
    }

    fn and_any(&mut self, column: &str, statuses: &[DeviceStatus]) {
        self.joint();
        self.text.push_str(column);
        self.text.push_str(" IN (");
        self.text.push_str(&vec!["?"; statuses.len()].join(", "));
        self.text.push(')');
        self.bound.extend(statuses.iter().map(|status| Box::new(*status) as Box<dyn ToSql>));
    }

    /// Continues after the row that `cursor` names.
    pub(in crate::store) fn after(&mut self, cursor: &str, key: &str, descending: bool) -> Result<(), StoreError> {
        let bad = || StoreError::Cursor(cursor.chars().take(100).collect());
        let json = BASE64_URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
        let (value, number): (serde_json::Value, i64) = serde_json::from_slice(&json).map_err(|_| bad())?;
        let value: Box<dyn ToSql> = match value {
            serde_json::Value::String(text) => Box::new(text),
            serde_json::Value::Number(number) => Box::new(number.as_i64().ok_or_else(bad)?),
            _ => return Err(bad()),
        };
        let than = if descending { '<' } else { '>' };
        self.and(&format!("({key}, d.number) {than} (?, ?)"), value);
        self.bound.push(Box::new(number));
        Ok(())
    }
}
