//! The connection to the daemon: a state machine that owns reconnecting and draws itself in the header.

use std::sync::Arc;
use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;
use tokio::time::sleep;

use super::event::Event;
use super::runner::now;
use super::{format, theme};
use crate::client::{Client, Error, WatchMessage};
use crate::model::timestamp::Timestamp;

/// The pause before the whole picture is asked for again, when changes were dropped: a slow terminal stays slow.
const REFRESH: Duration = Duration::from_secs(1);

/// How the UI stands with the daemon.
#[derive(Clone, Debug, Default)]
pub(crate) enum Connection {
    /// The first attempt is under way.
    #[default]
    Connecting,
    /// The stream is open.
    Connected,
    /// There is none; the next attempt starts at `retry_at`, by this machine's clock.
    Disconnected(Lost),
}

/// Why there is no connection, and when the next is tried.
#[derive(Clone, Debug)]
pub(crate) struct Lost {
    pub(crate) reason: String,
    /// Where a daemon was looked for.
    pub(crate) tried: Vec<String>,
    pub(crate) retry_at: Timestamp,
}

/// Waiting times between attempts: doubled from the first to the last of these.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    const FIRST: Duration = Duration::from_millis(500);
    const LAST: Duration = Duration::from_secs(8);

    /// From the shortest time on.
    pub(crate) const fn new() -> Self {
        Self(Self::FIRST)
    }

    /// How long to wait this time; the next time it is twice as long.
    pub(crate) fn next(&mut self) -> Duration {
        let wait = self.0;
        self.0 = (wait * 2).min(Self::LAST);
        wait
    }
}

/// Follows the daemon's event stream for as long as the UI takes its events, and connects again whenever it ends.
/// `retry` cuts a waiting time short.
pub(crate) async fn follow(client: Client, events: Sender<Event>, retry: Arc<Notify>) {
    let mut backoff = Backoff::new();
    while !events.is_closed() {
        let (reason, tried) = match stream(&client, &events, &mut backoff).await {
            Ok(End::Dropped) => {
                sleep(REFRESH).await;
                continue;
            }
            Ok(End::Closed) => ("the daemon has ended the connection".to_owned(), Vec::new()),
            Err(error @ Error::NoSocket { .. }) => ("no daemon answers on this board".to_owned(), error.tried()),
            Err(error) => (chain(&error), Vec::new()),
        };
        let wait = backoff.next();
        let lost = Lost { reason, tried, retry_at: now().plus(wait) };
        if events.send(Event::Connection(Connection::Disconnected(lost))).await.is_err() {
            return;
        }
        tokio::select! {
            () = sleep(wait) => {}
            () = retry.notified() => {}
        }
    }
}

/// How a stream ended that had begun.
enum End {
    Closed,
    /// Changes are missing, and a new stream brings the whole picture.
    Dropped,
}

async fn stream(client: &Client, events: &Sender<Event>, backoff: &mut Backoff) -> Result<End, Error> {
    let mut watch = client.watch().await?;
    while let Some(message) = watch.next().await? {
        let mut dropped = 0;
        let event = match message {
            WatchMessage::Snapshot(snapshot) => {
                *backoff = Backoff::new();
                Event::Snapshot(snapshot)
            }
            WatchMessage::Delta(delta) => {
                dropped = delta.dropped;
                Event::Delta(delta)
            }
        };
        if events.send(event).await.is_err() {
            return Ok(End::Closed);
        }
        if dropped > 0 {
            return Ok(End::Dropped);
        }
    }
    Ok(End::Closed)
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl Connection {
    pub(crate) const fn is_connected(&self) -> bool {
        matches!(self, Self::Connected)
    }

    /// The mark in the header's corner; `known` tells whether anything is shown.
    pub(crate) fn mark(&self, known: bool) -> Span<'static> {
        match self {
            Self::Connecting => Span::styled("○ connecting", theme::DIM),
            Self::Connected => Span::styled("● live", theme::GOOD),
            Self::Disconnected(_) if known => Span::styled("▲ stale", theme::WARN),
            Self::Disconnected(_) => Span::styled("▲ no daemon", theme::WARN),
        }
    }

    /// The banner below the header while there is no connection. `known_at` is the time of what is still shown.
    pub(crate) fn banner(&self, now: Timestamp, known_at: Option<Timestamp>, width: usize) -> Option<Line<'static>> {
        let Self::Disconnected(lost) = self else { return None };
        let wait = lost.retry_at.since(now).as_secs();
        let retry = if wait == 0 { "retrying now".to_owned() } else { format!("retry in {wait} s, r now") };
        let shown = known_at.map(|at| format!(" · data of {}", format::clock(now, at))).unwrap_or_default();
        let tail = format!(" · {retry}{shown} ");
        let room = width.saturating_sub(tail.chars().count());
        let text = format::pad(&format!(" ▲ {}", lost.reason), room) + &tail;
        Some(Line::styled(text, Style::new().patch(theme::BANNER)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_times_double_up_to_the_longest() {
        let mut backoff = Backoff::new();
        let waits: Vec<u128> = (0..7).map(|_| backoff.next().as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
    }

    #[test]
    fn the_banner_counts_down_and_keeps_its_tail() {
        let now = Timestamp::from_secs(1000);
        let lost = Lost { reason: "x".repeat(200), tried: Vec::new(), retry_at: Timestamp::from_secs(1004) };
        let banner =
            Connection::Disconnected(lost).banner(now, Some(Timestamp::from_secs(990)), 80).unwrap().to_string();
        assert!(banner.ends_with("… · retry in 4 s, r now · data of 00:16:30 "), "{banner}");
        assert_eq!(Line::from(banner).width(), 80);
    }
}
