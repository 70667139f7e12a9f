//! Messages per second, from totals noted once a second.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::model::host::Rates;

/// Eleven notes a second apart span ten seconds.
const NOTES: usize = 11;

/// What had been counted at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Totals {
    pub(super) mqtt_in: u64,
    pub(super) mqtt_out: u64,
    pub(super) http: u64,
    pub(super) telemetry: u64,
}

/// The last [`NOTES`] totals, oldest first.
#[derive(Debug, Default)]
pub(super) struct Ring(Mutex<VecDeque<(Instant, Totals)>>);

impl Ring {
    pub(super) fn push(&self, now: Instant, totals: Totals) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() == NOTES {
            notes.pop_front();
        }
        notes.push_back((now, totals));
    }

    pub(super) fn rates(&self) -> Rates {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some((since, first)), Some((until, last))) = (notes.front(), notes.back()) else {
            return Rates::default();
        };
        let seconds = until.saturating_duration_since(*since).as_secs_f64();
        if seconds == 0.0 {
            return Rates::default();
        }
        #[expect(clippy::cast_precision_loss, reason = "rates far below 2^52")]
        let rate = |from: u64, to: u64| to.saturating_sub(from) as f64 / seconds;
        Rates {
            mqtt_in: rate(first.mqtt_in, last.mqtt_in),
            mqtt_out: rate(first.mqtt_out, last.mqtt_out),
            http: rate(first.http, last.http),
            telemetry: rate(first.telemetry, last.telemetry),
        }
    }
}
