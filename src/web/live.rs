//! `/live`: what has changed, for an open page. The stream names topics alone; the script fetches the page again and
//! puts in place what is different, so that a live page needs no drawing of its own.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream;
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
const MAX_STREAMS: usize = 256;
/// The most pages that one person has open at once: nobody shuts the others out.
const MAX_STREAMS_OF_ONE: usize = 128;
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
    let place = call.web.streams.enter(call.ui.person())?;
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
        _place: place,
    };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok::<_, Infallible>(event), watcher))
    });
    Ok(sse::reply(Shared::new(events)))
}

/// The pages that are open, by person.
#[derive(Debug, Default)]
pub(super) struct Streams(Mutex<HashMap<String, usize>>);

impl Streams {
    /// A place for one more page of that person, until it is dropped.
    fn enter(self: &Arc<Self>, person: &str) -> Result<Place, Error> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<usize>() >= MAX_STREAMS {
            return Err(Error::Busy(format!("{MAX_STREAMS} pages are open")));
        }
        let own = open.entry(person.to_owned()).or_default();
        if *own >= MAX_STREAMS_OF_ONE {
            return Err(Error::Busy(format!("you have {MAX_STREAMS_OF_ONE} pages open")));
        }
        *own += 1;
        Ok(Place { streams: Arc::clone(self), person: person.to_owned() })
    }
}

/// One open page among all.
#[derive(Debug)]
struct Place {
    streams: Arc<Streams>,
    person: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.person) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.person);
            }
        }
    }
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
    _place: Place,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_every_place() {
        let streams = Arc::new(Streams::default());
        let mut mine: Vec<_> = (0..MAX_STREAMS_OF_ONE).map(|_| streams.enter("ada").unwrap()).collect();
        assert!(streams.enter("ada").is_err());
        let others: Vec<_> =
            (MAX_STREAMS_OF_ONE..MAX_STREAMS).map(|n| streams.enter(&n.to_string()).unwrap()).collect();
        assert!(streams.enter("eve").is_err());
        mine.pop();
        assert!(streams.enter("ada").is_ok());
        drop((mine, others));
        assert!(streams.0.lock().unwrap().is_empty());
    }
}
