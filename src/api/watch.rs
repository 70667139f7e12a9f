//! `GET /watch`: the event stream. A snapshot, then what changed, in small batches.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};
use warp::http::Method;
use warp::sse::Event;
use warp::{Reply, sse};

use super::Api;
use super::auth::Caller;
use super::call::Call;
use super::device;
use super::problem::Problem;
use super::routes::{Route, route};
use crate::app::watch::{Seen, View};
use crate::app::{App, Error};
use crate::model::actor::Actor;
use crate::model::change::Change as Changed;
use crate::model::device::{DeviceFilter, DevicePage, DeviceSort, DeviceStatus, PageStart};
use crate::model::operation::OperationFilter;
use crate::net::Peer;
use crate::net::shared::Shared;
use crate::wire::watch::{Change, Delta, Notice, SNAPSHOT_DEVICES, SNAPSHOT_NOTICES, SNAPSHOT_OPERATIONS, Snapshot};

/// The most event streams open at once over the control socket.
pub(super) const MAX_LOCAL_STREAMS: usize = 16;
/// The most event streams open at once, all other listeners together.
pub(super) const MAX_STREAMS: usize = 64;
/// How long changes are gathered before they are sent.
const BATCH_TIME: Duration = Duration::from_millis(250);
/// The most changes in one batch.
const BATCH_CHANGES: usize = 100;
/// How often the board and the counts are told, and so the longest silence of a stream.
const SAMPLE_TIME: Duration = Duration::from_secs(2);
/// How many samples pass between two looks at whether the caller's credentials still hold.
const SAMPLES_PER_CHECK: u32 = 5;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, "/api/v1/watch", watch)]
}

async fn watch(call: Call) -> Result<impl Reply, Problem> {
    call.query()?.end()?;
    // Before the snapshot, so that nothing falls between it and the first delta.
    let view = call.app().view(call.actor()).await?;
    let local = matches!(call.caller.peer, Peer::Local { .. });
    let permit = Arc::clone(if local { &call.api.local_streams } else { &call.api.streams })
        .try_acquire_owned()
        .map_err(|_| Error::Busy(format!("{MAX_STREAMS} event streams are open")))?;
    let first = Box::new(snapshot(call.app(), call.actor(), &view).await?);
    let mut samples = interval(SAMPLE_TIME);
    samples.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watcher =
        Watcher { api: call.api, caller: call.caller, first: Some(first), view, samples, sampled: 0, _permit: permit };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok::<_, Infallible>(event), watcher))
    });
    Ok(sse::reply(Shared::new(events)))
}

async fn snapshot(app: &App, actor: &Actor, view: &View) -> Result<Snapshot, Error> {
    let page = DevicePage {
        sort: DeviceSort::Name,
        descending: false,
        start: PageStart::Cursor(None),
        limit: SNAPSHOT_DEVICES,
    };
    let devices = app.devices(actor, DeviceFilter::default(), page).await?;
    let operations = app.operations(actor, OperationFilter::default(), SNAPSHOT_OPERATIONS, None).await?;
    let notices = view.notices(app);
    Ok(Snapshot {
        at: app.clock().now(),
        status: app.status(actor).await?,
        // Who may see their own devices alone sees nothing of the board.
        host: app.host(actor).map(Arc::unwrap_or_clone).unwrap_or_default(),
        devices: devices.items.into_iter().map(|device| device::encode(app, device)).collect(),
        operations: operations.items,
        notices: notices.iter().filter_map(|change| notice(change)).take(SNAPSHOT_NOTICES).collect(),
    })
}

/// One open stream.
struct Watcher {
    api: Arc<Api>,
    caller: Caller,
    first: Option<Box<Snapshot>>,
    view: View,
    samples: Interval,
    sampled: u32,
    _permit: OwnedSemaphorePermit,
}

impl Watcher {
    /// The next event; `None` at the end: the daemon stops, or the caller may no longer watch.
    async fn next(&mut self) -> Option<Event> {
        if let Some(snapshot) = self.first.take() {
            return event("snapshot", &*snapshot);
        }
        let (mut changes, mut dropped) = (Vec::new(), 0);
        let mut full_at = None;
        while changes.len() < BATCH_CHANGES {
            tokio::select! {
                biased;
                () = self.api.stop.cancelled() => return None,
                () = sleep_until(full_at.unwrap_or_else(Instant::now)), if full_at.is_some() => break,
                _ = self.samples.tick() => changes.extend(self.sample().await?),
                seen = self.view.next() => match seen? {
                    Seen::Change(change) => changes.extend(encode(&self.api.app, &self.caller.actor, &change).await.ok()?),
                    Seen::Gone(id) => changes.push(Change::DeviceGone { id }),
                    Seen::Lost(lost) => dropped += lost,
                },
            }
            full_at.get_or_insert_with(|| Instant::now() + BATCH_TIME);
        }
        self.api.app.metrics().watch_dropped.add(dropped);
        event("delta", &Delta { at: self.api.app.clock().now(), dropped, changes })
    }

    /// The board and the counts now; `None` when the caller may no longer see them.
    async fn sample(&mut self) -> Option<Vec<Change>> {
        let app = &self.api.app;
        self.sampled += 1;
        if self.sampled.is_multiple_of(SAMPLES_PER_CHECK) {
            if let Some(token) = &self.caller.token {
                self.caller.actor = app.bearer(token, &self.caller.actor.origin).await.ok()?;
            }
            self.view.refresh(app, &self.caller.actor).await.ok()?;
        }
        let status = app.status(&self.caller.actor).await.ok()?;
        let host = app.host(&self.caller.actor).ok();
        let host = host.map(|host| Change::Host { host: Box::new(Arc::unwrap_or_clone(host)) });
        Some(host.into_iter().chain([Change::Status { status: Box::new(status) }]).collect())
    }
}

fn event(name: &str, data: &impl serde::Serialize) -> Option<Event> {
    Event::default()
        .event(name)
        .json_data(data)
        .inspect_err(|error| tracing::error!(%error, "an event has no JSON"))
        .ok()
}

/// The change as this caller may see it; `None` for what this stream does not tell.
async fn encode(app: &App, actor: &Actor, change: &Changed) -> Result<Option<Change>, Error> {
    Ok(Some(match change {
        Changed::Device { device, .. } if device.status == DeviceStatus::Removed => {
            Change::DeviceGone { id: device.id }
        }
        Changed::Device { device, online } => {
            let device = crate::wire::device::Device { online: *online, ..device::encode(app, (**device).clone()) };
            Change::Device { device: Box::new(device) }
        }
        Changed::Operation { operation } => {
            Change::Operation { operation: Box::new(app.shown(actor, operation).await?) }
        }
        Changed::Telemetry { device, at, samples } => Change::Telemetry {
            device: *device,
            at: *at,
            values: samples.iter().map(|sample| (sample.metric.clone(), sample.value.clone())).collect(),
        },
        Changed::Notice { at, kind, text, device } => {
            Change::Notice { notice: Notice { at: *at, about: *kind, text: text.clone(), device: *device } }
        }
        Changed::Edited(_) => return Ok(None),
    }))
}

fn notice(change: &Changed) -> Option<Notice> {
    match change {
        Changed::Notice { at, kind, text, device } => {
            Some(Notice { at: *at, about: *kind, text: text.clone(), device: *device })
        }
        _ => None,
    }
}
