//! The page of one device: its facts, metrics, operations and status history.

use std::collections::{BTreeMap, VecDeque};

use crossterm::event::{KeyCode, KeyEvent};

use super::cursor::Step;
use super::devices::Devices;
use super::operations::Operations;
use crate::model::id::DeviceId;
use crate::model::telemetry::MAX_METRICS;
use crate::model::timestamp::Timestamp;
use crate::wire::device::DeviceDetail;
use crate::wire::operation::Operation;
use crate::wire::telemetry::{Series, Value};

/// The most points of a metric kept for its sparkline.
pub(crate) const MAX_POINTS: usize = 120;

/// A part of the page that can be walked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Metrics,
    Operations,
    History,
}

impl Section {
    /// Every section, from top to bottom.
    pub(crate) const ALL: [Self; 3] = [Self::Metrics, Self::Operations, Self::History];
}

/// A metric with its last value and its recent points.
#[derive(Debug)]
pub(crate) struct Metric {
    /// What people call it; empty where the device type does not tell.
    pub(crate) title: String,
    pub(crate) unit: String,
    /// Its place in the daemon's answer; one that came since is behind those.
    place: usize,
    pub(crate) value: Value,
    pub(crate) at: Timestamp,
    /// Oldest first, at most [`MAX_POINTS`].
    pub(crate) points: VecDeque<(Timestamp, f64)>,
}

/// What the page of a device shows.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) device: DeviceId,
    /// `None` until the daemon has answered.
    pub(crate) detail: Option<DeviceDetail>,
    /// Why there is no detail.
    pub(crate) problem: Option<String>,
    /// By name, at most [`MAX_METRICS`].
    pub(crate) metrics: BTreeMap<String, Metric>,
    pub(crate) operations: Operations,
    pub(crate) focus: Section,
    /// The selected row of the metrics and of the history.
    metric: usize,
    change: usize,
}

impl Page {
    /// The page of a device, with those of its operations that are known already.
    pub(crate) fn new(device: DeviceId, operations: Vec<Operation>) -> Self {
        let mut known = Operations::default();
        known.replace(operations);
        Self {
            device,
            detail: None,
            problem: None,
            metrics: BTreeMap::new(),
            operations: known,
            focus: Section::Metrics,
            metric: 0,
            change: 0,
        }
    }

    /// Takes the daemon's answer; returns the metrics whose history is still to be asked for.
    pub(crate) fn detail(&mut self, detail: DeviceDetail) -> Vec<String> {
        for (place, last) in detail.metrics.iter().enumerate() {
            self.value(&last.metric, last.received_at, &last.value);
            if let Some(metric) = self.metrics.get_mut(&last.metric) {
                metric.title.clone_from(&last.title);
                metric.unit.clone_from(&last.unit);
                metric.place = place;
            }
        }
        self.detail = Some(detail);
        self.problem = None;
        let short = |metric: &Metric| metric.points.len() < 2 && metric.value.as_f64().is_some();
        self.metrics.iter().filter(|(_, metric)| short(metric)).map(|(name, _)| name.clone()).collect()
    }

    /// The metrics as they are to be read: what the device type names first is first.
    pub(crate) fn listed(&self) -> Vec<(&String, &Metric)> {
        let mut listed: Vec<_> = self.metrics.iter().collect();
        listed.sort_by_key(|(_, metric)| metric.place);
        listed
    }

    /// Takes the history of a metric, in front of the points that came since.
    pub(crate) fn series(&mut self, series: &Series) {
        let Some(metric) = self.metrics.get_mut(&series.metric) else { return };
        let fetched: Vec<(Timestamp, f64)> =
            series.points.iter().filter_map(|point| Some((point.received_at, point.value.as_f64()?))).collect();
        let Some(newest) = fetched.last().map(|(at, _)| *at) else { return };
        let live = metric.points.iter().copied().filter(|(at, _)| *at > newest);
        let all: Vec<(Timestamp, f64)> = fetched.into_iter().chain(live).collect();
        metric.points = all.into_iter().rev().take(MAX_POINTS).rev().collect();
    }

    /// Takes a value that was received `at` this time.
    pub(crate) fn value(&mut self, name: &str, at: Timestamp, value: &Value) {
        if !self.metrics.contains_key(name) {
            if self.metrics.len() >= MAX_METRICS {
                return;
            }
            let metric = Metric {
                title: String::new(),
                unit: String::new(),
                place: usize::MAX,
                value: value.clone(),
                at,
                points: VecDeque::new(),
            };
            self.metrics.insert(name.to_owned(), metric);
        }
        let Some(metric) = self.metrics.get_mut(name) else { return };
        if at < metric.at {
            return;
        }
        metric.value = value.clone();
        metric.at = at;
        let newer = metric.points.back().is_none_or(|(last, _)| *last < at);
        if let Some(number) = value.as_f64().filter(|_| newer) {
            if metric.points.len() >= MAX_POINTS {
                metric.points.pop_front();
            }
            metric.points.push_back((at, number));
        }
    }

    /// The selected row of a section that has `len` rows; nothing where the section is not in focus.
    pub(crate) fn row(&self, section: Section, devices: &Devices) -> Option<usize> {
        (self.focus == section).then(|| match section {
            Section::Metrics => self.metric,
            Section::Operations => self.operations.row(devices),
            Section::History => self.change,
        })
    }

    /// The operation under the selection, where operations are in focus.
    pub(crate) fn operation(&self, devices: &Devices) -> Option<&Operation> {
        if self.focus == Section::Operations { self.operations.selected(devices) } else { None }
    }

    /// Takes a key that moves within the page; `false` when it does not.
    pub(crate) fn key(&mut self, key: KeyEvent, devices: &Devices) -> bool {
        match key.code {
            KeyCode::Right | KeyCode::Char('l') => self.turn(1),
            KeyCode::Left | KeyCode::Char('h') => self.turn(Section::ALL.len() - 1),
            _ => match (self.focus, Step::of(key)) {
                (_, None) => return false,
                (Section::Metrics, Some(step)) => self.metric = step.from(self.metric, self.metrics.len()),
                (Section::Operations, Some(_)) => return self.operations.step(key, devices),
                (Section::History, Some(step)) => {
                    let len = self.detail.as_ref().map_or(0, |detail| detail.status_history.len());
                    self.change = step.from(self.change, len);
                }
            },
        }
        true
    }

    fn turn(&mut self, by: usize) {
        let at = Section::ALL.iter().position(|section| *section == self.focus).unwrap_or(0);
        if let Some(section) = Section::ALL.get((at + by) % Section::ALL.len()) {
            self.focus = *section;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::sample;
    use crate::wire::telemetry::Point;

    #[test]
    fn fetched_and_live_points_make_one_line() {
        let detail = sample::detail();
        let mut page = Page::new(detail.device.id, Vec::new());
        let missing = page.detail(detail);
        assert!(missing.iter().any(|name| name == "cpu_temp"));
        let now = page.metrics["cpu_temp"].at;
        let later = now.plus(std::time::Duration::from_secs(1));
        page.value("cpu_temp", later, &Value::Number(50.0));
        let point = |secs, value| {
            let at = now.minus(std::time::Duration::from_secs(secs));
            Point { device_time: at, received_at: at, value: Value::Number(value) }
        };
        page.series(&Series {
            metric: "cpu_temp".to_owned(),
            unit: String::new(),
            points: vec![point(2, 46.0), point(1, 47.0), point(0, 48.5)],
            truncated: false,
        });
        let values: Vec<f64> = page.metrics["cpu_temp"].points.iter().map(|(_, value)| *value).collect();
        assert_eq!(values, [46.0, 47.0, 48.5, 50.0]);
    }

    #[test]
    fn a_flood_of_metrics_and_points_stays_bounded() {
        let mut page = Page::new(sample::devices()[0].id, Vec::new());
        for number in 0..300_i64 {
            page.value(&number.to_string(), Timestamp::from_secs(1), &Value::Integer(number));
            page.value("0", Timestamp::from_secs(number), &Value::Integer(number));
        }
        assert_eq!((page.metrics.len(), page.metrics["0"].points.len()), (MAX_METRICS, MAX_POINTS));
    }
}
