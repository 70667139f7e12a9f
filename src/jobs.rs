//! Work on timers: what the site does by itself.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::app::{App, Error};
use crate::host::Board;

/// How often devices are looked at that have not been heard of.
const SILENCE_SWEEP: Duration = Duration::from_secs(10);
/// How often operations are looked at whose time is over.
const EXPIRY_SWEEP: Duration = Duration::from_secs(10);
/// How often sessions and tokens are looked at that nobody can use any more, and the length of the audit trail.
const CREDENTIAL_SWEEP: Duration = Duration::from_mins(10);
/// How often groups are looked at whose devices come and go with time.
const GROUP_SWEEP: Duration = Duration::from_mins(1);
/// How often policies are settled after changes of groups and roles.
const STALE_POLICIES: Duration = Duration::from_secs(2);
/// How exactly the time between two rounds of questions to devices is kept.
const MONITOR_TICK: Duration = Duration::from_secs(1);
/// How often the board is measured.
const BOARD_SAMPLE: Duration = Duration::from_secs(2);
/// How often the totals are noted that rates are made of.
const RATES_TICK: Duration = Duration::from_secs(1);

/// A job: its name for the log, and its work, which ends when it is told to stop.
pub type Job = (&'static str, Pin<Box<dyn Future<Output = ()> + Send>>);

/// Every job, each to be run in a task of its own until `stop`.
#[must_use]
pub fn all(app: &App, board: Board, stop: &CancellationToken) -> Vec<Job> {
    vec![
        ("silence", Box::pin(silence(app.clone(), Timer::every(SILENCE_SWEEP, stop)))),
        ("expiry", Box::pin(expiry(app.clone(), Timer::every(EXPIRY_SWEEP, stop)))),
        ("credentials", Box::pin(credentials(app.clone(), Timer::every(CREDENTIAL_SWEEP, stop)))),
        ("groups", Box::pin(groups(app.clone(), Timer::every(GROUP_SWEEP, stop)))),
        ("stale policies", Box::pin(stale_policies(app.clone(), Timer::every(STALE_POLICIES, stop)))),
        ("policies", Box::pin(policies(app.clone(), Timer::every(MONITOR_TICK, stop)))),
        ("board", Box::pin(measure(app.clone(), board, Timer::every(BOARD_SAMPLE, stop)))),
        ("rates", Box::pin(rates(app.clone(), Timer::every(RATES_TICK, stop)))),
    ]
}

/// Devices that fell silent become UNREACHABLE, then INACTIVE.
async fn silence(app: App, mut timer: Timer) {
    while timer.next().await {
        swept("silent devices", app.sweep_silence().await);
    }
}

/// Operations whose time is over fail.
async fn expiry(app: App, mut timer: Timer) {
    while timer.next().await {
        swept("expired operations", app.expire_operations().await);
    }
}

/// Sessions and tokens whose time is over are forgotten, and lines of the audit trail beyond its bound.
async fn credentials(app: App, mut timer: Timer) {
    while timer.next().await {
        swept("expired credentials", app.purge_expired().await);
        swept("old lines of the audit trail", app.trim_audit().await);
    }
}

/// Groups with a query hold what fits it.
async fn groups(app: App, mut timer: Timer) {
    while timer.next().await {
        swept("memberships of groups", app.sweep_groups().await);
    }
}

/// Devices whose groups changed, or whose owner's roles did, get the policy that is now theirs.
async fn stale_policies(app: App, mut timer: Timer) {
    while timer.next().await {
        swept("policies after changes of groups and roles", app.settle_stale().await);
    }
}

/// Devices with a policy are asked how they comply, and devices whose type wants it how they stand.
async fn policies(app: App, mut timer: Timer) {
    let (mut round, mut last) = (0, None::<Instant>);
    while timer.next().await {
        // People may change it while the daemon runs.
        let every = match app.monitor_every().await {
            Ok(every) => every,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot tell how often devices are asked");
                continue;
            }
        };
        if last.is_some_and(|last| last.elapsed() + MONITOR_TICK / 2 < every) {
            continue;
        }
        last = Some(Instant::now());
        if let Err(error) = app.monitor_policies().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "cannot ask devices how they comply");
        }
        if let Err(error) = app.poll_devices(round).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "cannot ask devices how they stand");
        }
        round += 1;
    }
}

/// Reading the board takes a few milliseconds of kernel files, so it happens beside the asynchronous tasks.
async fn measure(app: App, mut board: Board, mut timer: Timer) {
    while timer.next().await {
        let now = app.clock().now();
        let sampled = tokio::task::spawn_blocking(move || {
            let host = board.sample(now);
            (board, host)
        });
        // The runtime gives blocking work up only when it ends.
        let Ok((back, host)) = sampled.await else { return };
        board = back;
        app.set_host(host);
    }
}

/// Rates are differences of totals noted once a second.
async fn rates(app: App, mut timer: Timer) {
    while timer.next().await {
        app.metrics().tick(Instant::now());
    }
}

fn swept(what: &str, outcome: Result<usize, Error>) {
    match outcome {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "swept {what}"),
        Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "cannot sweep {what}"),
    }
}

/// When a job has to do its work.
struct Timer {
    ticks: Interval,
    stop: CancellationToken,
}

impl Timer {
    /// At once and then every `period`; a period that was missed is not made up for.
    fn every(period: Duration, stop: &CancellationToken) -> Self {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { ticks, stop: stop.clone() }
    }

    /// Waits for the next time; false when there is none any more.
    async fn next(&mut self) -> bool {
        self.stop.run_until_cancelled(self.ticks.tick()).await.is_some()
    }
}
