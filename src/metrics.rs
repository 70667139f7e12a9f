//! What the daemon counts of itself, and how it reads as Prometheus text.
//!
//! [`Metrics`] is made once and passed down as an `Arc`; counting is one relaxed atomic addition. A new counter is one
//! line in the `registry!` table; counters by label are [`PerDoor`] and its kin.

mod labels;
mod rates;

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::model::host::Rates;
pub use labels::{Defect, Door, Outcome, PerDefect, PerDoor, PerOutcome, PerRefusal, PerStatus, Refusal, Status};
use rates::{Ring, Totals};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts one.
    pub fn inc(&self) {
        self.add(1);
    }

    /// Counts `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The count so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number of things that are there now.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// One more.
    pub fn inc(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One less; each follows an [`inc`](Self::inc).
    pub fn dec(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many there are.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What can be written out: a number, or several under labels.
trait Expose {
    /// Calls `line` with the labels, `a="b",c="d"`, and the value of each number.
    fn expose(&self, labels: &str, line: &mut dyn FnMut(&str, u64));
}

impl Expose for Counter {
    fn expose(&self, labels: &str, line: &mut dyn FnMut(&str, u64)) {
        line(labels, self.get());
    }
}

impl Expose for Gauge {
    fn expose(&self, labels: &str, line: &mut dyn FnMut(&str, u64)) {
        line(labels, self.get());
    }
}

macro_rules! registry {
    ($($kind:ident $field:ident: $type:ty, $name:literal, $help:literal;)+) => {
        /// Every number the daemon counts.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $(#[doc = $help] pub $field: $type,)+
            ring: Ring,
        }

        impl Metrics {
            fn render_own(&self, text: &mut String) {
                $(
                    head(text, $name, stringify!($kind), $help);
                    self.$field.expose("", &mut |labels, value| line(text, $name, labels, value));
                )+
            }
        }
    };
}

registry! {
    counter http_requests: PerDoor<PerStatus<Counter>>, "pym_http_requests_total", "HTTP requests answered.";
    counter http_connections: Counter, "pym_http_connections_total", "HTTP connections accepted.";
    counter connections_refused: Counter, "pym_connections_refused_total", "Connections closed because there were too many, altogether or from one source.";
    counter accept_failures: Counter, "pym_accept_failures_total", "Connections the system could not hand over, most likely for want of file descriptors.";
    counter wrong_protocol: Counter, "pym_wrong_protocol_total", "Connections with plain text on a TLS port, or TLS on a plain one.";
    counter tls_handshake_failures: Counter, "pym_tls_handshake_failures_total", "TLS handshakes that failed.";
    counter login_failures: Counter, "pym_login_failures_total", "Logins and token requests with wrong credentials.";
    gauge mqtt_connections: Gauge, "pym_mqtt_connections", "MQTT connections open.";
    counter mqtt_accepted: Counter, "pym_mqtt_connections_accepted_total", "MQTT connections accepted.";
    counter mqtt_refused: PerRefusal<Counter>, "pym_mqtt_connections_refused_total", "MQTT connections refused, by reason.";
    counter mqtt_received: Counter, "pym_mqtt_publish_received_total", "MQTT PUBLISH packets received.";
    counter mqtt_sent: Counter, "pym_mqtt_publish_sent_total", "MQTT PUBLISH packets sent.";
    counter mqtt_denied: Counter, "pym_mqtt_denied_total", "MQTT publications and subscriptions the access rules refused.";
    counter mqtt_malformed: PerDefect<Counter>, "pym_mqtt_malformed_total", "Malformed MQTT packets, by reason.";
    counter mqtt_unreadable: Counter, "pym_mqtt_unreadable_total", "MQTT messages on devices' topics in no shape Pym can read: passed on, not stored.";
    counter mqtt_dropped: Counter, "pym_mqtt_dropped_total", "MQTT messages dropped because a queue was full.";
    counter telemetry_events: Counter, "pym_telemetry_events_total", "Telemetry events stored.";
    counter telemetry_left_out: Counter, "pym_telemetry_left_out_total", "Values left out because their device has too many metrics.";
    counter operations: PerOutcome<Counter>, "pym_operations_total", "Operations sent to devices, and how they ended.";
    counter watch_dropped: Counter, "pym_watch_dropped_total", "Changes dropped because a watcher was too slow.";
    counter panics: Counter, "pym_panics_total", "Panics caught.";
}

/// A number read when it is asked for, not counted here.
#[derive(Clone, Debug)]
pub struct Sample<'a> {
    pub name: &'a str,
    pub help: &'a str,
    /// Names and values; values may hold anything.
    pub labels: Vec<(&'a str, String)>,
    pub value: f64,
}

impl Metrics {
    /// Counts an HTTP request that was answered with `status`.
    pub fn http_answered(&self, door: Door, status: u16) {
        self.http_requests.of(door).of(Status::from_code(status)).inc();
    }

    /// Notes the totals for [`rates`](Self::rates); to be called once a second.
    pub fn tick(&self, now: Instant) {
        let mut http = 0;
        self.http_requests.expose("", &mut |_, value| http += value);
        let (mqtt_in, mqtt_out) = (self.mqtt_received.get(), self.mqtt_sent.get());
        self.ring.push(now, Totals { mqtt_in, mqtt_out, http, telemetry: self.telemetry_events.get() });
    }

    /// Messages per second over the ticks of the last ten seconds.
    pub fn rates(&self) -> Rates {
        self.ring.rates()
    }

    /// Everything in the Prometheus text format 0.0.4; samples of one name must stand together.
    pub fn render(&self, samples: &[Sample<'_>]) -> String {
        let mut text = String::with_capacity(8 * 1024);
        self.render_own(&mut text);
        let mut last = None;
        for sample in samples {
            if last != Some(sample.name) {
                let kind = if sample.name.ends_with("_total") { "counter" } else { "gauge" };
                head(&mut text, sample.name, kind, sample.help);
                last = Some(sample.name);
            }
            let labels: Vec<_> = sample.labels.iter().map(|(name, value)| label(name, value)).collect();
            line(&mut text, sample.name, &labels.join(","), sample.value);
        }
        text
    }
}

/// `name="value"` with the value escaped.
fn label(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{name}=\"{value}\"")
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ =
        if labels.is_empty() { writeln!(text, "{name} {value}") } else { writeln!(text, "{name}{{{labels}}} {value}") };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn counts_read_as_prometheus_text() {
        let metrics = Metrics::default();
        metrics.http_answered(Door::Api, 204);
        metrics.http_answered(Door::Api, 299);
        metrics.mqtt_refused.of(Refusal::Credentials).add(3);
        metrics.mqtt_connections.inc();
        let sample = |status: &str, value| Sample {
            name: "pym_devices",
            help: "Devices, by status.",
            labels: vec![("status", status.to_owned())],
            value,
        };
        let text = metrics.render(&[sample("ACTIVE", 2.0), sample("a\"b\\c\nd", 0.5)]);
        for line in [
            "pym_http_requests_total{door=\"api\",status=\"2xx\"} 2",
            "pym_mqtt_connections_refused_total{reason=\"credentials\"} 3",
            "# TYPE pym_mqtt_connections gauge",
            "pym_mqtt_connections 1",
            "pym_devices{status=\"ACTIVE\"} 2",
            "pym_devices{status=\"a\\\"b\\\\c\\nd\"} 0.5",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert_eq!(text.matches("# TYPE pym_devices ").count(), 1);
        let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        assert!(names.iter().all(|name| name.ends_with(" gauge") || name.ends_with("_total counter")), "{names:?}");
    }

    #[test]
    fn rates_are_of_the_last_ten_seconds() {
        let metrics = Metrics::default();
        let start = Instant::now();
        assert_eq!(metrics.rates(), Rates::default());
        for second in 0..30 {
            metrics.tick(start + Duration::from_secs(second));
            metrics.mqtt_received.add(if second < 15 { 1000 } else { 5 });
            metrics.http_answered(Door::Web, 200);
        }
        assert_eq!(metrics.rates(), Rates { mqtt_in: 5.0, mqtt_out: 0.0, http: 1.0, telemetry: 0.0 });
    }
}
