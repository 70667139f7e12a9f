//! An hour of history of the board, in memory: 360 points of 48 bytes, 17 KiB. A restart begins it anew.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::host::{Host, HostPoint, Rates};
use crate::model::timestamp::Timestamp;

/// How far the history reaches back.
const SPAN: Duration = Duration::from_hours(1);
/// The time of one point.
const EVERY: Duration = Duration::from_secs(10);
/// Samples come every other second, and not to the millisecond: this much early is on time.
const EARLY: Duration = Duration::from_secs(1);
/// The most points kept.
pub(super) const MAX_POINTS: usize = 360;

/// The points of the last hour, oldest first, and what the next one is made of.
#[derive(Debug, Default)]
pub(super) struct History {
    points: VecDeque<HostPoint>,
    next: Option<Gathered>,
}

/// The samples since the last point.
#[derive(Clone, Copy, Debug)]
struct Gathered {
    since: Timestamp,
    samples: u16,
    /// The sum of the samples' averages over the cores.
    cpu: f32,
    hottest: Option<f32>,
    hampered: Option<bool>,
}

impl Gathered {
    const fn from(since: Timestamp) -> Self {
        Self { since, samples: 0, cpu: 0.0, hottest: None, hampered: None }
    }

    fn add(&mut self, host: &Host) {
        self.samples = self.samples.saturating_add(1);
        let cores = u16::try_from(host.cpu.len()).unwrap_or(u16::MAX).max(1);
        self.cpu += host.cpu.iter().sum::<f32>() / f32::from(cores);
        self.hottest = self.hottest.into_iter().chain(host.temperature).reduce(f32::max);
        let told = self.hampered.into_iter().chain(host.power.hampered());
        self.hampered = told.reduce(|one, other| one || other);
    }
}

impl History {
    /// Takes a sample, and the rates of the seconds before it; every ten seconds this makes a point.
    pub(super) fn note(&mut self, host: &Host, rates: Rates) {
        if self.next.is_some_and(|next| next.since > host.at) {
            // The clock was set back: the points of a time to come say nothing.
            *self = Self::default();
        }
        // What comes first opens a point and does not count: the CPU's use is since the sample before.
        let Some(next) = &mut self.next else {
            self.next = Some(Gathered::from(host.at));
            return;
        };
        next.add(host);
        if host.at.since(next.since) + EARLY < EVERY {
            return;
        }
        let point = HostPoint {
            at: host.at,
            cpu: next.cpu / f32::from(next.samples),
            memory: host.memory.percent(),
            disk: host.disk.percent(),
            temperature: next.hottest,
            hampered: next.hampered,
            mqtt_in: narrow(rates.mqtt_in),
            mqtt_out: narrow(rates.mqtt_out),
            http: narrow(rates.http),
            telemetry: narrow(rates.telemetry),
        };
        self.next = Some(Gathered::from(host.at));
        let first = host.at.minus(SPAN);
        while self.points.len() >= MAX_POINTS || self.points.front().is_some_and(|point| point.at < first) {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }

    /// The points, oldest first.
    pub(super) fn points(&self) -> Vec<HostPoint> {
        self.points.iter().copied().collect()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a rate to look at")]
const fn narrow(rate: f64) -> f32 {
    rate as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::host::{Power, Space};

    fn sample(secs: i64, cpu: f32) -> Host {
        Host {
            at: Timestamp::from_secs(secs),
            cpu: vec![cpu, 0.0],
            memory: Space { used: 1, total: 2 },
            disk: Space { used: 3, total: 4 },
            ..Host::default()
        }
    }

    fn near(one: f32, other: f32) -> bool {
        (one - other).abs() < 0.01
    }

    #[test]
    fn five_samples_make_a_point() {
        let mut history = History::default();
        let rates = Rates { mqtt_in: 12.5, mqtt_out: 1.0, http: 2.0, telemetry: 3.0 };
        for (index, cpu) in [90.0, 10.0, 20.0, 30.0, 40.0, 50.0].into_iter().enumerate() {
            let mut host = sample(2 * i64::try_from(index).unwrap(), cpu);
            host.temperature = Some(if index == 3 { 71.5 } else { 60.0 });
            host.power = Power { throttled: Some(index == 2), ..Power::default() };
            history.note(&host, rates);
        }
        let points = history.points();
        let [point] = points.as_slice() else { panic!("{points:?}") };
        assert_eq!(point.at, Timestamp::from_secs(10));
        assert!(near(point.cpu, 15.0), "the mean of both cores without the first sample: {point:?}");
        assert!(near(point.memory, 50.0) && near(point.disk, 75.0), "{point:?}");
        assert_eq!((point.temperature, point.hampered), (Some(71.5), Some(true)));
        assert!(near(point.mqtt_in, 12.5) && near(point.telemetry, 3.0), "{point:?}");
        history.note(&sample(19, 0.0), rates);
        let points = history.points();
        assert_eq!(points.len(), 2, "a second early is on time");
        assert_eq!((points[1].temperature, points[1].hampered), (None, None), "what is not told is unknown");
    }

    #[test]
    fn an_hour_is_kept_and_no_more() {
        let mut history = History::default();
        for second in (0..3 * 3600).step_by(2) {
            history.note(&sample(second, 1.0), Rates::default());
        }
        let points = history.points();
        assert_eq!(points.len(), MAX_POINTS);
        assert!(points.windows(2).all(|pair| pair[1].at.since(pair[0].at) == EVERY));
        // After a long sleep nothing of the hour before is left.
        history.note(&sample(6 * 3600, 1.0), Rates::default());
        assert_eq!(history.points().len(), 1);
        assert!(size_of::<HostPoint>() <= 48, "the figure above");
    }

    #[test]
    fn a_clock_that_is_set_back_begins_anew() {
        let mut history = History::default();
        for second in (1000..1100).step_by(2) {
            history.note(&sample(second, 1.0), Rates::default());
        }
        for second in (0..30).step_by(2) {
            history.note(&sample(second, 1.0), Rates::default());
        }
        let at: Vec<_> = history.points().iter().map(|point| point.at.secs()).collect();
        assert_eq!(at, [10, 20]);
    }
}
