//! The signs of life and what everyone may read: `/`, `/livez`, `/readyz`, `/metrics`, `/ca.pem` and the OpenAPI document.

use warp::http::header::CONTENT_TYPE;
use warp::http::{Method, StatusCode};
use warp::{Reply, reply};

use super::call::Call;
use super::problem::Problem;
use super::routes::{Route, public, route};
use crate::app::require;
use crate::metrics::Sample;
use crate::model::actor::{Actor, Scope};
use crate::wire::OPENAPI;

pub(super) fn routes() -> Vec<Route> {
    vec![
        public(Method::GET, "/", about),
        public(Method::GET, "/livez", alive),
        public(Method::GET, "/readyz", ready),
        public(Method::GET, "/ca.pem", ca),
        public(Method::GET, "/api/v1/openapi.json", openapi),
        route(Method::GET, "/metrics", metrics),
    ]
}

fn text(body: impl Into<String>, kind: &'static str) -> impl Reply {
    reply::with_header(body.into(), CONTENT_TYPE, kind)
}

async fn about(_: Call) -> Result<impl Reply, Problem> {
    let about = concat!(
        "Pym ",
        env!("CARGO_PKG_VERSION"),
        ": an EMM and IoT device-management server.\n\n",
        "/api/v1/openapi.json  describes the API\n",
        "/ca.pem               is the certificate of this site's authority\n",
        "/livez, /readyz       tell how it stands\n",
    );
    Ok(text(about, "text/plain; charset=utf-8"))
}

async fn alive(_: Call) -> Result<impl Reply, Problem> {
    Ok(text("alive\n", "text/plain; charset=utf-8"))
}

async fn ready(call: Call) -> Result<impl Reply, Problem> {
    // Whether the store answers is part of it.
    call.app().counts(&Actor::system()).await?;
    if !call.app().standing().ready || call.api.stop.is_cancelled() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Pym is starting or stopping"));
    }
    Ok(text("ready\n", "text/plain; charset=utf-8"))
}

async fn ca(call: Call) -> Result<impl Reply, Problem> {
    Ok(text(call.api.ca_pem.clone(), "application/x-pem-file"))
}

async fn openapi(_: Call) -> Result<impl Reply, Problem> {
    Ok(text(compact(OPENAPI), "application/json"))
}

async fn metrics(call: Call) -> Result<impl Reply, Problem> {
    require(call.actor(), Scope::Metrics)?;
    let counts = call.app().counts(call.actor()).await?;
    let status = call.app().status(&Actor::system()).await?;
    let host = call.app().host(&Actor::system())?;
    let store = call.app().store().stats();
    let one = |name, help, value| Sample { name, help, labels: Vec::new(), value };
    let uptime = call.app().clock().now().since(status.started_at).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "counts and bytes stay far below 2^53")]
    let number = |count: u64| count as f64;
    let mut samples: Vec<Sample<'_>> = counts
        .devices
        .iter()
        .map(|(status, count)| Sample {
            labels: vec![("status", status.name().to_owned())],
            ..one("pym_devices", "Devices, by status.", number(*count))
        })
        .collect();
    samples.extend([
        one("pym_devices_online", "Devices with an open MQTT connection.", number(counts.online)),
        one("pym_operations_pending", "Operations that wait for their device.", number(counts.operations_pending)),
        one("pym_store_commits_total", "Transactions the store committed.", number(store.commits)),
        one("pym_store_lost_total", "Transactions that could not be committed.", number(store.lost)),
        one("pym_store_writes_total", "Write requests in all transactions.", number(store.jobs)),
        one("pym_store_failures_total", "Write requests that failed and were undone.", number(store.failed)),
        one("pym_store_waits_total", "Times a write had to wait because the queue was full.", number(store.waits)),
        one("pym_store_queued", "Write requests in the queue.", number(store.queued)),
        one("pym_uptime_seconds", "Time since the daemon started.", uptime),
        one("pym_resident_memory_bytes", "Memory the daemon holds.", number(host.daemon.rss)),
        one("pym_open_files", "Files and sockets the daemon has open.", number(host.daemon.open_files)),
    ]);
    Ok(text(call.app().metrics().render(&samples), "text/plain; version=0.0.4; charset=utf-8"))
}

/// JSON without the white space between its tokens.
fn compact(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let keep = |c: &char| {
        if escaped {
            escaped = false;
        } else if quoted && *c == '\\' {
            escaped = true;
        } else if *c == '"' {
            quoted = !quoted;
        }
        quoted || !c.is_ascii_whitespace()
    };
    json.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_loses_white_space_alone() {
        assert_eq!(compact("{ \"a b\" : [\n 1, \"\\\" c\" ] }"), "{\"a b\":[1,\"\\\" c\"]}");
        let read = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(read(&compact(OPENAPI)), read(OPENAPI));
    }
}
