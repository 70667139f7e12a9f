//! The board and the daemon: their last samples, and a short history of them.

use std::collections::VecDeque;

use crate::wire::host::{Host, Status};

/// The most samples of a history kept: eight minutes at one every two seconds.
const MAX_SAMPLES: usize = 240;

/// How the board and the daemon stand, and how they stood.
#[derive(Debug, Default)]
pub(crate) struct Board {
    pub(crate) host: Host,
    pub(crate) status: Status,
    /// Mean percent over all cores.
    pub(crate) cpu: History,
    /// Messages and requests per second.
    pub(crate) mqtt_in: History,
    pub(crate) mqtt_out: History,
    pub(crate) http: History,
    pub(crate) telemetry: History,
}

impl Board {
    pub(crate) fn host(&mut self, host: Host) {
        if let Some(mean) = mean(&host.cpu) {
            self.cpu.push(mean);
        }
        self.host = host;
    }

    pub(crate) fn status(&mut self, status: Status) {
        self.mqtt_in.push(status.rates.mqtt_in);
        self.mqtt_out.push(status.rates.mqtt_out);
        self.http.push(status.rates.http);
        self.telemetry.push(status.rates.telemetry);
        self.status = status;
    }
}

/// The last samples of one figure, oldest first, at most [`MAX_SAMPLES`].
#[derive(Debug, Default)]
pub(crate) struct History(VecDeque<f64>);

impl History {
    pub(crate) fn push(&mut self, value: f64) {
        if self.0.len() >= MAX_SAMPLES {
            self.0.pop_front();
        }
        self.0.push_back(value);
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = f64> {
        self.0.iter().copied()
    }
}

/// The mean over the cores, in percent; nothing without cores.
pub(crate) fn mean(cpu: &[f32]) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a number of cores")]
    let cores = cpu.len() as f64;
    (cores > 0.0).then(|| cpu.iter().map(|percent| f64::from(*percent)).sum::<f64>() / cores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_keeps_the_newest() {
        let mut history = History::default();
        for value in 0..300 {
            history.push(f64::from(value));
        }
        assert_eq!(history.iter().count(), MAX_SAMPLES);
        assert_eq!(history.iter().next_back(), Some(299.0));
    }
}
