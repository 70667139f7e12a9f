//! Telemetry: a row a metric with its last-known value, a row a sample.
//!
//! Roll-ups and retention hang on `metric`; a sample is found by metric and device time.

mod chart;

use rusqlite::{OptionalExtension, params};

use self::chart::Summing;
use super::{Rx, StoreError, Tx};
use crate::model::id::DeviceId;
use crate::model::telemetry::{Chart, Event, LastValue, MAX_METRICS, NewEvent, Point, Range, Sample};
use crate::model::timestamp::Timestamp;

impl Tx<'_> {
    /// Stores what a device reported. Samples of metrics beyond [`MAX_METRICS`] are left out; returns how many.
    pub fn add_event(&self, device: i64, event: &NewEvent, received_at: Timestamp) -> Result<usize, StoreError> {
        let device_time = event.device_time.unwrap_or(received_at);
        let event_id = self.next_event(received_at);
        let mut left_out = 0;
        for sample in &event.samples {
            match self.metric(device, sample, device_time, received_at)? {
                Some(metric) => self.add_sample(metric, event_id, device_time, received_at, sample)?,
                None => left_out += 1,
            }
        }
        Ok(left_out)
    }

    /// An event's id: the milliseconds of its receipt and a counter, so that ids grow and do not meet. The counter
    /// begins at a number of this run: a board without a clock of its own lives through the same milliseconds at every
    /// start, and an event of the same id takes the place of the earlier one.
    pub(super) fn next_event(&self, received_at: Timestamp) -> i64 {
        const COUNTER_BITS: u32 = 15;
        let run = self.events.run & ((1 << COUNTER_BITS) - 1);
        let next = ((received_at.millis() << COUNTER_BITS) | run).max(self.events.last.get() + 1);
        self.events.last.set(next);
        next
    }

    /// The metric's row, made when it is new and brought up to date when the sample is its newest.
    fn metric(
        &self,
        device: i64,
        sample: &Sample,
        device_time: Timestamp,
        received_at: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let known: Option<i64> = self
            .connection
            .prepare_cached(
                "UPDATE metric SET
                 value = CASE WHEN ?3 >= device_time THEN ?5 ELSE value END,
                 received_at = CASE WHEN ?3 >= device_time THEN ?4 ELSE received_at END,
                 device_time = max(device_time, ?3)
                 WHERE device = ?1 AND name = ?2 RETURNING id",
            )?
            .query_row(params![device, sample.metric, device_time, received_at, sample.value], |row| row.get(0))
            .optional()?;
        if known.is_some() {
            return Ok(known);
        }
        let made = self
            .connection
            .prepare_cached(
                "INSERT INTO metric (device, name, device_time, received_at, value) SELECT ?1, ?2, ?3, ?4, ?5
                 WHERE (SELECT count(*) FROM metric WHERE device = ?1) < ?6 RETURNING id",
            )?
            .query_row(
                params![device, sample.metric, device_time, received_at, sample.value, MAX_METRICS as u64],
                |row| row.get(0),
            )
            .optional()?;
        if made.is_some() && self.metrics_of(device)? == MAX_METRICS as u64 {
            tracing::warn!(device.number = device, "a device has {MAX_METRICS} metrics; further ones will be left out");
        }
        Ok(made)
    }

    fn metrics_of(&self, device: i64) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT count(*) FROM metric WHERE device = ?1")?;
        Ok(statement.query_row([device], |row| row.get(0))?)
    }

    fn add_sample(
        &self,
        metric: i64,
        event: i64,
        device_time: Timestamp,
        received_at: Timestamp,
        sample: &Sample,
    ) -> Result<(), StoreError> {
        // A metric named twice in one event keeps its last value.
        self.connection
            .prepare_cached(
                "INSERT INTO sample (metric, device_time, event, received_at, value) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET value = excluded.value",
            )?
            .execute(params![metric, device_time, event, received_at, sample.value])?;
        Ok(())
    }
}

impl Rx<'_> {
    /// The last-known value of each of a device's metrics, by name.
    pub fn last_values(&self, device: i64) -> Result<Vec<LastValue>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT name, device_time, received_at, value FROM metric WHERE device = ?1 ORDER BY name",
        )?;
        let rows = statement.query_map([device], |row| {
            Ok(LastValue {
                metric: row.get(0)?,
                device_time: row.get(1)?,
                received_at: row.get(2)?,
                value: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest points of a metric in `range`, at most `limit`, in the order of device time.
    pub fn series(&self, device: i64, metric: &str, range: Range, limit: u32) -> Result<Vec<Point>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT device_time, received_at, value FROM sample
             WHERE metric = (SELECT id FROM metric WHERE device = ?1 AND name = ?2)
             AND device_time >= ?3 AND device_time < ?4 ORDER BY device_time DESC, event DESC LIMIT ?5",
        )?;
        let rows = statement.query_map(params![device, metric, range.from, range.to, limit], |row| {
            Ok(Point { device_time: row.get(0)?, received_at: row.get(1)?, value: row.get(2)? })
        })?;
        let mut points = rows.collect::<Result<Vec<_>, _>>()?;
        points.reverse();
        Ok(points)
    }

    /// A metric over a span, in stretches of `width` milliseconds. One pass over the index: to group in SQL would sort.
    pub fn chart(&self, device: i64, metric: &str, range: Range, width: i64) -> Result<Chart, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT device_time, value FROM sample
             WHERE metric = (SELECT id FROM metric WHERE device = ?1 AND name = ?2)
             AND device_time >= ?3 AND device_time < ?4 ORDER BY device_time, event",
        )?;
        let mut rows = statement.query(params![device, metric, range.from, range.to])?;
        let mut summing = Summing::new(range, width);
        while let Some(row) = rows.next()? {
            let at: Timestamp = row.get(0)?;
            summing.add(at, row.get_ref(1)?).map_err(rusqlite::Error::from)?;
        }
        Ok(summing.chart)
    }

    /// Whole events of a device in `range`, oldest or newest first.
    pub fn events(
        &self,
        id: DeviceId,
        device: i64,
        range: Range,
        newest_first: bool,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let direction = if newest_first { "DESC" } else { "ASC" };
        let mut statement = self.connection.prepare_cached(&format!(
            "WITH page AS (
                 SELECT DISTINCT s.device_time, s.event FROM metric m JOIN sample s ON s.metric = m.id
                 WHERE m.device = ?1 AND s.device_time >= ?2 AND s.device_time < ?3
                 ORDER BY s.device_time {direction}, s.event {direction} LIMIT ?5 OFFSET ?4)
             SELECT p.event, p.device_time, s.received_at, m.name, s.value
             FROM page p JOIN metric m ON m.device = ?1
             JOIN sample s ON s.metric = m.id AND s.device_time = p.device_time AND s.event = p.event
             ORDER BY p.device_time {direction}, p.event {direction}, m.name"
        ))?;
        let mut rows = statement.query(params![device, range.from, range.to, offset, limit])?;
        let mut events: Vec<Event> = Vec::new();
        while let Some(row) = rows.next()? {
            let event: i64 = row.get(0)?;
            let sample = Sample { metric: row.get(3)?, value: row.get(4)? };
            match events.last_mut().filter(|last| last.id == event) {
                Some(last) => last.samples.push(sample),
                None => events.push(Event {
                    id: event,
                    device: id,
                    device_time: row.get(1)?,
                    received_at: row.get(2)?,
                    samples: vec![sample],
                }),
            }
        }
        Ok(events)
    }
}
