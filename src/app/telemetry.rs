//! Telemetry: taking events in, reading them back.

use super::access::reach;
use super::device::{heard, target};
use super::effects::Effects;
use super::location::{measured, store_location};
use super::operation::store_reports;
use super::{App, Error, check_limit, compliance};
use crate::model::actor::{Actor, Scope};
use crate::model::change::Change;
use crate::model::device::{Device, DeviceStatus};
use crate::model::id::DeviceId;
use crate::model::operation::OperationStatus;
use crate::model::telemetry::{
    Chart, Event, LastValue, MAX_METRIC_NAME, MAX_SAMPLES, MAX_TEXT_VALUE, NewEvent, Point, Range, Sample, Value,
};
use crate::model::timestamp::Timestamp;
use crate::model::topic::Uplink;
use crate::store::{Flush, Tx};

/// The most points or events of one answer.
pub const MAX_POINTS: u32 = 10_000;
/// The most charts of one answer.
pub const MAX_CHARTS: usize = 20;
/// The most buckets of a chart: more than a screen has room for.
pub const MAX_BUCKETS: u32 = 500;

/// What a device's message changed, to be told after the commit.
#[derive(Debug, Default)]
pub(super) struct Taken {
    effects: Effects,
    events: Vec<NewEvent>,
    /// Samples of metrics beyond the device's bound.
    left_out: usize,
}

impl App {
    /// Stores what a device reported; it is committed when this returns.
    ///
    /// # Errors
    /// [`Error::Invalid`] beyond the bounds, [`Error::NotFound`] for a device that is unknown or removed,
    /// [`Error::Forbidden`] for another than the device itself or an operator.
    pub async fn ingest(&self, actor: &Actor, id: DeviceId, events: Vec<NewEvent>, flush: Flush) -> Result<(), Error> {
        events.iter().try_for_each(check_event)?;
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let taken = self
            .inner
            .store
            .write(flush, move |tx| {
                let device = reach(tx, &actor, id, Scope::Operate)?;
                take_uplink(tx, device, Uplink::Events(events), now)
            })
            .await?;
        self.after_uplink(id, now, taken).await;
        Ok(())
    }

    /// The last-known value of each of a device's metrics, by name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Forbidden`] without the scope `read` (a device may see its own).
    pub async fn last_values(&self, actor: &Actor, id: DeviceId) -> Result<Vec<LastValue>, Error> {
        let actor = actor.clone();
        self.inner.store.read(move |rx| Ok(rx.last_values(reach(rx, &actor, id, Scope::Read)?.number)?)).await
    }

    /// The newest points of a metric in a span of device time, in order, and whether there are more than `limit`.
    ///
    /// # Errors
    /// As [`App::last_values`], and [`Error::Invalid`] for a limit that cannot be.
    pub async fn series(
        &self,
        actor: &Actor,
        id: DeviceId,
        metric: &str,
        range: Range,
        limit: u32,
    ) -> Result<(Vec<Point>, bool), Error> {
        let actor = actor.clone();
        check_limit(limit, MAX_POINTS)?;
        let metric = metric.to_owned();
        self.inner
            .store
            .read(move |rx| {
                let mut points = rx.series(reach(rx, &actor, id, Scope::Read)?.number, &metric, range, limit + 1)?;
                let truncated = points.len() > limit as usize;
                if truncated {
                    points.remove(0);
                }
                Ok((points, truncated))
            })
            .await
    }

    /// A metric over a span of device time, in at most `buckets` stretches and perhaps one more at an end.
    ///
    /// # Errors
    /// As [`App::last_values`], and [`Error::Invalid`] for a span or a number of stretches that cannot be.
    pub async fn chart(
        &self,
        actor: &Actor,
        id: DeviceId,
        metric: &str,
        range: Range,
        buckets: u32,
    ) -> Result<Chart, Error> {
        let width = width(range, buckets)?;
        let (actor, metric) = (actor.clone(), metric.to_owned());
        self.inner
            .store
            .read(move |rx| Ok(rx.chart(reach(rx, &actor, id, Scope::Read)?.number, &metric, range, width)?))
            .await
    }

    /// As [`App::chart`], of several metrics in one read, in their order.
    ///
    /// # Errors
    /// As [`App::chart`], and [`Error::Invalid`] for more than [`MAX_CHARTS`] metrics.
    pub async fn charts(
        &self,
        actor: &Actor,
        id: DeviceId,
        metrics: &[String],
        range: Range,
        buckets: u32,
    ) -> Result<Vec<Chart>, Error> {
        if metrics.len() > MAX_CHARTS {
            return Err(Error::invalid("metrics", format!("at most {MAX_CHARTS} charts at once")));
        }
        let width = width(range, buckets)?;
        let (actor, metrics) = (actor.clone(), metrics.to_vec());
        self.inner
            .store
            .read(move |rx| {
                let device = reach(rx, &actor, id, Scope::Read)?.number;
                let mut charts = Vec::with_capacity(metrics.len());
                for metric in &metrics {
                    charts.push(rx.chart(device, metric, range, width)?);
                }
                Ok(charts)
            })
            .await
    }

    /// A device's events in a span of device time, oldest first.
    ///
    /// # Errors
    /// As [`App::series`].
    pub async fn events(
        &self,
        actor: &Actor,
        id: DeviceId,
        range: Range,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<Event>, Error> {
        let actor = actor.clone();
        check_limit(limit, MAX_POINTS)?;
        self.inner
            .store
            .read(move |rx| {
                Ok(rx.events(id, reach(rx, &actor, id, Scope::Read)?.number, range, false, offset, limit)?)
            })
            .await
    }

    /// A device's newest events, newest first.
    ///
    /// # Errors
    /// As [`App::series`].
    pub async fn last_events(&self, actor: &Actor, id: DeviceId, limit: u32) -> Result<Vec<Event>, Error> {
        let actor = actor.clone();
        check_limit(limit, MAX_POINTS)?;
        let range = Range { from: Timestamp::from_millis(i64::MIN), to: Timestamp::from_millis(i64::MAX) };
        self.inner
            .store
            .read(move |rx| Ok(rx.events(id, reach(rx, &actor, id, Scope::Read)?.number, range, true, 0, limit)?))
            .await
    }

    /// Tells the watchers what a device's message changed, after its commit.
    pub(super) async fn after_uplink(&self, id: DeviceId, at: Timestamp, taken: Taken) {
        self.follow(taken.effects).await;
        self.inner.metrics.telemetry_left_out.add(taken.left_out as u64);
        for event in taken.events {
            self.inner.metrics.telemetry_events.inc();
            self.tell(Change::Telemetry { device: id, at: event.device_time.unwrap_or(at), samples: event.samples });
        }
    }
}

/// Stores what a device says with one message, within the transaction of whoever took the message.
pub(super) fn take_uplink(tx: &Tx<'_>, mut device: Device, uplink: Uplink, now: Timestamp) -> Result<Taken, Error> {
    if device.status == DeviceStatus::Removed {
        return Err(Error::missing(format!("device {}", target(&device))));
    }
    let mut taken = Taken::default();
    if heard(tx, &mut device, now)? {
        taken.effects.heard.push(device.clone());
    }
    match uplink {
        Uplink::Event(event) => taken.events.push(event),
        Uplink::Events(events) => taken.events = events,
        Uplink::Reports(reports) => store_reports(tx, &mut taken.effects, &device, &reports, now)?,
        Uplink::Compliance(findings) => {
            let done = OperationStatus::Completed;
            compliance::answered(tx, &mut taken.effects, &device, done, Some(&findings), now)?;
        }
        Uplink::Unreadable | Uplink::Other => {}
    }
    for event in &taken.events {
        taken.left_out += tx.add_event(device.number, event, now)?;
        if let Some(location) = measured(event) {
            store_location(tx, &mut taken.effects, &device, location, now)?;
        }
    }
    Ok(taken)
}

/// How long a bucket of a chart lasts, in milliseconds.
fn width(range: Range, buckets: u32) -> Result<i64, Error> {
    if buckets == 0 || buckets > MAX_BUCKETS {
        return Err(Error::invalid("buckets", format!("a chart has 1 to {MAX_BUCKETS} buckets")));
    }
    let span = range.to.millis().checked_sub(range.from.millis()).filter(|span| *span > 0);
    let span = span.ok_or_else(|| Error::invalid("from", "a span begins before it ends"))?;
    Ok(span / i64::from(buckets) + i64::from(span % i64::from(buckets) > 0))
}

fn check_event(event: &NewEvent) -> Result<(), Error> {
    if event.samples.is_empty() || event.samples.len() > MAX_SAMPLES {
        return Err(Error::invalid("values", format!("an event has 1 to {MAX_SAMPLES} values")));
    }
    event.samples.iter().try_for_each(check_sample)
}

fn check_sample(sample: &Sample) -> Result<(), Error> {
    let name = &sample.metric;
    if name.is_empty() || name.len() > MAX_METRIC_NAME || name.chars().any(char::is_control) {
        let why = format!("a metric's name has 1 to {MAX_METRIC_NAME} bytes without control characters");
        return Err(Error::invalid("values", why));
    }
    match &sample.value {
        Value::Text(text) if text.len() > MAX_TEXT_VALUE => {
            Err(Error::invalid("values", format!("the text of {name:?} has more than {MAX_TEXT_VALUE} bytes")))
        }
        Value::Number(number) if !number.is_finite() => {
            Err(Error::invalid("values", format!("the value of {name:?} is not a finite number")))
        }
        _ => Ok(()),
    }
}
