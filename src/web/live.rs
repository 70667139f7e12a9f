//! `/live`: what has changed, for an open page. The stream names topics alone; the script fetches the page again and
//! puts in place what is different, so that a live page needs no drawing of its own.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};
use warp::http::Method;
use warp::sse::Event;
use warp::{Reply, sse};

use super::call::Call;
use super::failure::Failure;
use super::routes::{Route, route};
use crate::app::watch::{Seen, View};
use crate::app::{App, Error};
use crate::model::actor::Actor;
use crate::model::change::{Area, Change, NoticeKind};
use crate::net::shared::Shared;
use tokio_util::sync::CancellationToken;

pub(super) const PATH: &str = "/live";
/// The most pages open at once.
pub(super) const MAX_STREAMS: usize = 256;
/// The most topics of one page.
const MAX_TOPICS: usize = 16;
/// How long changes are gathered before they are told.
const BATCH_TIME: Duration = Duration::from_secs(1);
/// The longest silence, and how often the board is told.
const BEAT: Duration = Duration::from_secs(5);
/// After how long a silence the script calls a page stale: some beats may be lost.
pub(super) const STALE_AFTER: Duration = BEAT.saturating_mul(3);
/// How many beats pass between two looks at whether the session still holds.
const BEATS_PER_CHECK: u32 = 6;

pub(super) fn routes() -> Vec<Route> {
    vec![route(Method::GET, PATH, live)]
}

async fn live(call: Call) -> Result<impl Reply, Failure> {
    let topics = call.query().get("topics").unwrap_or_default().split(' ').filter(|topic| !topic.is_empty());
    let topics: BTreeSet<String> = topics.take(MAX_TOPICS).map(str::to_owned).collect();
    let view = call.app().view(call.actor()).await?;
    let permit = Arc::clone(&call.web.streams)
        .try_acquire_owned()
        .map_err(|_| Error::Busy(format!("{MAX_STREAMS} pages are open")))?;
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watcher = Watcher {
        app: call.app().clone(),
        stop: call.web.stop.clone(),
        session: call.session().unwrap_or_default().to_owned(),
        actor: call.actor().clone(),
        topics,
        view,
        beats,
        beat: 0,
        _permit: permit,
    };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok::<_, Infallible>(event), watcher))
    });
    Ok(sse::reply(Shared::new(events)))
}

/// One open page.
struct Watcher {
    app: App,
    stop: CancellationToken,
    session: String,
    actor: Actor,
    topics: BTreeSet<String>,
    view: View,
    beats: Interval,
    beat: u32,
    _permit: OwnedSemaphorePermit,
}

impl Watcher {
    /// The next event; `None` at the end: the daemon stops, or the session does.
    async fn next(&mut self) -> Option<Event> {
        let mut changed: BTreeSet<&str> = BTreeSet::new();
        let mut full_at = None;
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                () = sleep_until(full_at.unwrap_or_else(Instant::now)), if full_at.is_some() => break,
                _ = self.beats.tick() => {
                    self.beat += 1;
                    if self.beat.is_multiple_of(BEATS_PER_CHECK) {
                        self.actor = self.app.bearer(&self.session, &self.actor.origin).await.ok()?;
                        self.view.refresh(&self.app, &self.actor).await.ok()?;
                    }
                    if self.beat > 1 {
                        changed.extend(self.topics.get("host").map(String::as_str));
                    }
                    break;
                }
                seen = self.view.next() => {
                    match seen? {
                        Seen::Change(change) => note(&self.topics, &change, &mut changed),
                        Seen::Gone(_) | Seen::Lost(_) => changed.extend(self.topics.iter().map(String::as_str)),
                    }
                    if !changed.is_empty() {
                        full_at.get_or_insert_with(|| Instant::now() + BATCH_TIME);
                    }
                }
            }
        }
        if changed.is_empty() {
            return Some(Event::default().event("beat").data(""));
        }
        let topics: Vec<&str> = changed.into_iter().collect();
        Some(Event::default().event("changed").data(topics.join(" ")))
    }
}

/// Adds those of the page's topics that a change is about.
fn note<'a>(topics: &'a BTreeSet<String>, change: &Change, changed: &mut BTreeSet<&'a str>) {
    let mut add = |topic: &str| changed.extend(topics.get(topic).map(String::as_str));
    match change {
        Change::Device { device, .. } => {
            add("devices");
            add(&format!("device:{}", device.id));
        }
        Change::Operation { operation } => {
            add("operations");
            add(&format!("device:{}", operation.device));
        }
        Change::Telemetry { device, .. } => {
            add("telemetry");
            add(&format!("telemetry:{device}"));
        }
        Change::Notice { kind: NoticeKind::Notification, .. } => add("notifications"),
        Change::Notice { .. } => {}
        Change::Edited(area) => add(match area {
            Area::Groups => "groups",
            Area::Policies => "policies",
            Area::Geofences => "geofences",
            Area::Packages => "packages",
        }),
    }
}
