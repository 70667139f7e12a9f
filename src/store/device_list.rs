//! The list of devices as people look at it: its rows in one statement, its counts in one pass.

use std::collections::HashSet;

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::device::{COLUMNS, device};
use super::query::Clause;
use super::{Rx, StoreError};
use crate::model::device::{DeviceFilter, DeviceSort, DeviceStatus, Ownership};
use crate::model::device_list::{Column, Columns, DeviceRow, Facets, RowPage, RowStart, Rows};
use crate::model::id::GroupId;
use crate::model::query::Compliance;
use crate::model::timestamp::Timestamp;
use crate::store::device::list::{cursor, sort_key};

/// Stands between the names in a cell of several; no name holds it.
const BETWEEN: char = '\u{1f}';

/// The places of a row behind the device's own columns.
const COMPLIANT: usize = 12;
const GROUPS: usize = 13;
const TAGS: usize = 14;
const WAITING: usize = 15;
const KEY: usize = 16;
const FACTS: usize = 17;

impl Rx<'_> {
    /// One page of the devices that fit `filter`, with what `columns` want of them; nobody is online.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor that is none of ours.
    pub fn device_rows(
        &self,
        filter: &DeviceFilter,
        page: &RowPage,
        columns: Columns,
        now: Timestamp,
    ) -> Result<Rows, StoreError> {
        let mut clause = Clause::of(filter, now);
        let key = sort_key(page.sort);
        // A page before another is read backwards.
        let backwards = matches!(page.start, RowStart::Before(_));
        let descending = page.descending != backwards;
        match &page.start {
            RowStart::First => {}
            RowStart::After(cursor) | RowStart::Before(cursor) => clause.after(cursor, key, descending)?,
        }
        let sql = rows_sql(&clause.text, page.sort, descending, columns, page.limit);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let facts: Vec<_> = columns.iter().filter(|column| column.property().is_some()).collect();
        let mut rows = statement.query(clause.bound())?;
        let (mut found, mut keys) = (Vec::with_capacity(page.limit as usize), Vec::new());
        let mut more = false;
        while let Some(row) = rows.next()? {
            if found.len() >= page.limit as usize {
                more = true;
                break;
            }
            found.push(device_row(row, &facts)?);
            keys.push(row.get::<_, rusqlite::types::Value>(KEY)?);
        }
        if backwards {
            found.reverse();
            keys.reverse();
        }
        let named = |row: Option<&DeviceRow>, key: Option<rusqlite::types::Value>| match (row, key) {
            (Some(row), Some(key)) => cursor(key, row.device.number).map(Some),
            _ => Ok(None),
        };
        let (first, last) = (keys.first().cloned(), keys.pop());
        let has_previous = if backwards { more } else { page.start != RowStart::First };
        let previous = if has_previous { named(found.first(), first)? } else { None };
        let next = if backwards || more { named(found.last(), last)? } else { None };
        Ok(Rows { items: found, previous, next })
    }

    /// How many devices stand where, as far as `filter` lets them.
    pub fn device_facets(&self, filter: &DeviceFilter, now: Timestamp) -> Result<Facets, StoreError> {
        let groups = self.facet_groups(filter)?;
        let chosen = match filter.group {
            None => None,
            Some(id) => {
                let mut members = self.connection.prepare_cached(
                    "SELECT m.device FROM group_member m JOIN device_group g ON g.number = m.device_group WHERE g.id = ?1",
                )?;
                Some(members.query_map([id], |row| row.get(0))?.collect::<Result<HashSet<i64>, _>>()?)
            }
        };
        let mut count = Count::default();
        let clause = Clause::beyond_facets(filter, now);
        let sql = format!(
            "SELECT d.number, d.status, d.type, d.ownership, c.compliant FROM device d
             LEFT JOIN compliance c ON c.device = d.number{}",
            clause.text
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(clause.bound())?;
        while let Some(row) = rows.next()? {
            count.add(row, filter, chosen.as_ref())?;
        }
        drop(rows);
        let mut facets = Facets {
            total: count.total,
            known: self.known_devices(filter)?,
            statuses: count.statuses,
            types: count.types,
            groups: Vec::new(),
            ownerships: count.ownerships,
            compliance: count.compliance,
        };
        facets.statuses.sort_unstable_by_key(|(status, _)| *status);
        facets.types.sort_unstable();
        facets.ownerships.sort_unstable_by_key(|(ownership, _)| ownership.name());
        facets.compliance.sort_unstable_by_key(|(answer, _)| *answer as u8);
        let mut members = self.connection.prepare_cached("SELECT device FROM group_member WHERE device_group = ?1")?;
        for (number, id, name) in groups {
            let mut held = 0;
            let mut rows = members.query([number])?;
            while let Some(row) = rows.next()? {
                held += u64::from(count.for_groups.contains(&row.get::<_, i64>(0)?));
            }
            if held > 0 || filter.group == Some(id) {
                facets.groups.push((id, name, held));
            }
        }
        facets.groups.sort_by_key(|(_, _, held)| std::cmp::Reverse(*held));
        Ok(facets)
    }

    /// A number that is greater after every change that may move a device from one count to another, as long as the
    /// filter asks for nothing that devices say of themselves.
    pub fn device_generation(&self) -> Result<i64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT value FROM device_generation")?;
        Ok(statement.query_row((), |row| row.get(0))?)
    }

    /// The devices that the filter's person may see, whatever else it asks for.
    fn known_devices(&self, filter: &DeviceFilter) -> Result<u64, StoreError> {
        let everything = DeviceFilter { own_of: filter.own_of.clone(), ..DeviceFilter::default() };
        let clause = Clause::of(&everything, Timestamp::default());
        let mut statement = self.connection.prepare_cached(&format!("SELECT count(*) FROM device d{}", clause.text))?;
        Ok(statement.query_row(clause.bound(), |row| row.get(0))?)
    }

    /// The groups that the filter's person may see, by name.
    fn facet_groups(&self, filter: &DeviceFilter) -> Result<Vec<(i64, GroupId, String)>, StoreError> {
        if let Some(name) = &filter.own_of {
            let own = self.own_groups(name)?;
            return Ok(own.into_iter().map(|group| (group.number, group.id, group.name)).collect());
        }
        let mut statement =
            self.connection.prepare_cached("SELECT number, id, name FROM device_group ORDER BY name")?;
        let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The page is cut out first, so that what stands beside a device is looked up for its rows alone.
fn rows_sql(conditions: &str, sort: DeviceSort, descending: bool, columns: Columns, limit: u32) -> String {
    let wanted = |column: Column, sql: &'static str| if columns.has(column) { sql } else { "NULL" };
    let compliant = wanted(Column::Compliance, "(SELECT c.compliant FROM compliance c WHERE c.device = d.number)");
    let groups = wanted(
        Column::Groups,
        "(SELECT group_concat(g.name, char(31) ORDER BY g.name) FROM group_member m
         JOIN device_group g ON g.number = m.device_group WHERE m.device = d.number)",
    );
    let tags = wanted(
        Column::Tags,
        "(SELECT group_concat(t.name, char(31) ORDER BY t.name) FROM tag t WHERE t.device = d.number)",
    );
    let waiting = wanted(
        Column::Waiting,
        "(SELECT count(*) FROM operation o WHERE o.device = d.number
         AND o.status IN ('PENDING', 'IN_PROGRESS', 'NOTNOW'))",
    );
    let mut facts = String::new();
    for name in columns.iter().filter_map(Column::property) {
        facts.extend([", (SELECT p.value FROM property p WHERE p.device = d.number AND p.name = '", name, "')"]);
    }
    let (key, direction) = (sort_key(sort), if descending { "DESC" } else { "ASC" });
    format!(
        "SELECT {COLUMNS}, {compliant}, {groups}, {tags}, {waiting}, {key}{facts} FROM
         (SELECT d.number FROM device d{conditions} ORDER BY {key} {direction}, d.number {direction} LIMIT {}) page
         CROSS JOIN device d ON d.number = page.number ORDER BY {key} {direction}, d.number {direction}",
        u64::from(limit) + 1,
    )
}

fn device_row(row: &Row<'_>, facts: &[Column]) -> Result<DeviceRow, StoreError> {
    let mut told = Vec::with_capacity(facts.len());
    for (index, column) in facts.iter().enumerate() {
        if let Some(value) = row.get(FACTS + index)? {
            told.push((*column, value));
        }
    }
    Ok(DeviceRow {
        device: device(row)?,
        online: false,
        compliant: row.get(COMPLIANT)?,
        groups: texts(row.get_ref(GROUPS)?)?,
        tags: texts(row.get_ref(TAGS)?)?,
        waiting: row.get::<_, Option<u64>>(WAITING)?.unwrap_or_default(),
        facts: told,
    })
}

fn texts(value: ValueRef<'_>) -> Result<Vec<String>, StoreError> {
    let text = value.as_str_or_null().map_err(rusqlite::Error::from)?;
    Ok(text.map_or_else(Vec::new, |text| text.split(BETWEEN).map(str::to_owned).collect()))
}

/// The counts while devices go by.
#[derive(Default)]
struct Count {
    total: u64,
    statuses: Vec<(DeviceStatus, u64)>,
    types: Vec<(String, u64)>,
    ownerships: Vec<(Ownership, u64)>,
    compliance: Vec<(Compliance, u64)>,
    /// The devices that count for groups.
    for_groups: HashSet<i64>,
}

impl Count {
    /// Counts a device for every facet whose neighbours all let it through.
    fn add(&mut self, row: &Row<'_>, filter: &DeviceFilter, members: Option<&HashSet<i64>>) -> Result<(), StoreError> {
        let number: i64 = row.get(0)?;
        let status: DeviceStatus = row.get(1)?;
        let device_type = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
        let ownership: Ownership = row.get(3)?;
        let compliance = match row.get::<_, Option<bool>>(4)? {
            Some(true) => Compliance::Yes,
            Some(false) => Compliance::No,
            None => Compliance::Unknown,
        };
        let by_status = if filter.leaves_removed_out() {
            status != DeviceStatus::Removed
        } else {
            filter.statuses.is_empty() || filter.statuses.contains(&status)
        };
        let by_type = filter.device_type.as_ref().is_none_or(|wanted| *wanted == device_type);
        let by_group = members.is_none_or(|members| members.contains(&number));
        let by_ownership = filter.ownership.is_none_or(|wanted| wanted == ownership);
        let by_compliance = filter.compliance.is_none_or(|wanted| wanted == compliance);
        let refused = [by_status, by_type, by_group, by_ownership, by_compliance].iter().filter(|fits| !**fits).count();
        if refused > 1 {
            return Ok(());
        }
        self.total += u64::from(refused == 0);
        // It counts for a facet when nothing but that facet's own choice may refuse it.
        let counts = |fits: bool| refused == 0 || !fits;
        if counts(by_status) {
            add(&mut self.statuses, &status, |status| *status);
        }
        if counts(by_type) {
            add(&mut self.types, device_type, str::to_owned);
        }
        if counts(by_ownership) {
            add(&mut self.ownerships, &ownership, |ownership| *ownership);
        }
        if counts(by_compliance) {
            add(&mut self.compliance, &compliance, |answer| *answer);
        }
        if counts(by_group) {
            self.for_groups.insert(number);
        }
        Ok(())
    }
}

/// Counts one more of `value`.
fn add<K, V>(counts: &mut Vec<(K, u64)>, value: &V, owned: impl Fn(&V) -> K)
where
    K: std::borrow::Borrow<V>,
    V: PartialEq + ?Sized,
{
    match counts.iter_mut().find(|(known, _)| known.borrow() == value) {
        Some((_, count)) => *count += 1,
        None => counts.push((owned(value), 1)),
    }
}
