//! Where devices were.

use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};

use super::{Rx, StoreError, Tx};
use crate::model::location::{Location, MAX_LOCATIONS};
use crate::model::telemetry::Range;

const SELECT: &str = "SELECT at, received_at, latitude, longitude, address FROM location WHERE device = ?1";

impl Rx<'_> {
    /// Where a device was last.
    pub fn last_location(&self, device: i64) -> Result<Option<Location>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} ORDER BY at DESC LIMIT 1"))?;
        Ok(statement.query_row([device], location).optional()?)
    }

    /// Where a device was in a span of its time, newest first: at most `limit`.
    pub fn locations(&self, device: i64, range: Range, limit: u32) -> Result<Vec<Location>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&format!("{SELECT} AND at >= ?2 AND at < ?3 ORDER BY at DESC LIMIT ?4"))?;
        let rows = statement.query_map(params![device, range.from, range.to, limit], location)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Keeps where a device was, and forgets the oldest beyond the bound. False for a moment that is known already.
    pub fn add_location(&self, device: i64, new: &Location) -> Result<bool, StoreError> {
        let address = serde_json::to_string(&new.address).unwrap_or_else(|_| "{}".to_owned());
        let added = self
            .connection
            .prepare_cached(
                "INSERT INTO location (device, at, received_at, latitude, longitude, address)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            )?
            .execute(params![device, new.at, new.received_at, new.latitude, new.longitude, address])?;
        if added > 0 {
            self.connection
                .prepare_cached(
                    "DELETE FROM location WHERE device = ?1 AND at <=
                     (SELECT at FROM location WHERE device = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2)",
                )?
                .execute(params![device, MAX_LOCATIONS])?;
        }
        Ok(added > 0)
    }
}

fn location(row: &Row<'_>) -> rusqlite::Result<Location> {
    let address: String = row.get(4)?;
    let address = serde_json::from_str(&address)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(4, Type::Text, Box::new(error)))?;
    Ok(Location { at: row.get(0)?, received_at: row.get(1)?, latitude: row.get(2)?, longitude: row.get(3)?, address })
}
