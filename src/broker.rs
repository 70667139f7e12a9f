//! DOOR: MQTT 3.1.1 (OASIS standard of 29 October 2014). Pym's own broker: packets, sessions, the filter tree, retained
//! messages and access rules.
//!
//! A connection is one task ([`connection`]). It reads packets, hands what must be durable to the [`exchange`], and
//! acknowledges in order once it is committed. The [`router`] knows all sessions and what they listen to; it is one
//! lock, held for moments.

mod access;
pub mod codec;
mod connect;
mod connection;
mod exchange;
mod expiry;
pub mod limits;
mod push;
mod retained;
mod router;
mod session;
mod socket;
mod sys;
#[cfg(test)]
mod tests;
pub mod topic;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use crate::app::downlink::Downlink;
use crate::app::{App, Error};
use crate::metrics::Metrics;
use crate::model::change::NoticeKind;
use crate::net::Peer;
use connect::Turns;
use connection::Connection;
use exchange::{Exchange, Shared};
use limits::{MAX_EXCHANGE, MAX_REPORTS};
use push::Report;
use router::Router;
use socket::Socket;

/// Work the broker does by itself: its name for the log, and a future that ends after [`Broker::stop`].
pub type Task = (&'static str, Pin<Box<dyn Future<Output = ()> + Send>>);

/// The broker; cheap to clone.
#[derive(Clone, Debug)]
pub struct Broker {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    app: App,
    shared: Shared,
    exchange: Exchange,
    turns: Turns,
    reports: mpsc::Sender<Report>,
    started: Instant,
    stop: CancellationToken,
    told_of_drops: std::sync::atomic::AtomicBool,
}

impl Broker {
    /// Restores the sessions of the last run. The broker works once each of the tasks is spawned.
    ///
    /// # Errors
    /// When the sessions cannot be read.
    pub async fn open(app: App, orders: mpsc::Receiver<Downlink>) -> Result<(Self, Vec<Task>), Error> {
        let shared = Shared::new(Router::restore(app.mqtt_restore().await?));
        let (exchange, lane) = Exchange::new(app.clone(), shared.clone(), MAX_EXCHANGE);
        let (reports, reported) = mpsc::channel(MAX_REPORTS);
        let stop = CancellationToken::new();
        let inner = Inner {
            app: app.clone(),
            shared: shared.clone(),
            exchange,
            turns: Turns::new(),
            reports,
            started: Instant::now(),
            stop: stop.clone(),
            told_of_drops: std::sync::atomic::AtomicBool::new(false),
        };
        let broker = Self { inner: Arc::new(inner) };
        let tasks: Vec<Task> = vec![
            ("broker-lane", Box::pin(lane.run(app.clone(), shared))),
            ("broker-orders", Box::pin(push::carry_out(broker.clone(), orders))),
            ("broker-expiry", Box::pin(expiry::run(broker.clone()))),
            ("broker-sys", Box::pin(sys::publish(broker.clone()))),
            (
                "broker-reports",
                Box::pin(async move {
                    stop.run_until_cancelled(push::pass_on(app, reported)).await;
                }),
            ),
        ];
        Ok((broker, tasks))
    }

    /// Serves one connection to its end: of its client, or by `shutdown`. The peer tells the client's address, and the
    /// certificate it showed.
    pub async fn serve<S>(&self, stream: S, peer: Peer, shutdown: CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let _open = Open::count(self.inner.app.metrics());
        let mut socket = Socket::new(stream);
        let connecting = Box::pin(connect::connect(self, &mut socket, &peer));
        match shutdown.run_until_cancelled(connecting).await {
            Some(Some(client)) => Connection::new(self, socket, client).serve(&shutdown).await,
            Some(None) | None => {
                // The client may be gone already.
                drop(tokio::time::timeout(limits::CLOSE_TIMEOUT, socket.finish()).await);
            }
        }
    }

    /// Ends what the broker does by itself, after the last connection has ended; what they handed in is committed.
    pub async fn stop(&self) {
        self.inner.exchange.close().await;
        self.inner.stop.cancel();
    }

    fn app(&self) -> &App {
        &self.inner.app
    }

    fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    fn exchange(&self) -> &Exchange {
        &self.inner.exchange
    }

    fn turns(&self) -> &Turns {
        &self.inner.turns
    }

    fn started(&self) -> Instant {
        self.inner.started
    }

    fn stopping(&self) -> WaitForCancellationFuture<'_> {
        self.inner.stop.cancelled()
    }

    async fn report(&self, report: Report) {
        // Refused only while the daemon stops.
        self.inner.reports.send(report).await.ok();
    }

    fn count_dropped(&self, dropped: u64) {
        if dropped == 0 {
            return;
        }
        self.inner.app.metrics().mqtt_dropped.add(dropped);
        if !self.inner.told_of_drops.swap(true, std::sync::atomic::Ordering::Relaxed) {
            let text = "MQTT messages were dropped: a subscriber's queue or the retained messages are full".to_owned();
            self.inner.app.notice(NoticeKind::Daemon, None, text);
        }
    }
}

/// An open connection, counted as long as it is one, however it ends.
struct Open<'m>(&'m Metrics);

impl<'m> Open<'m> {
    fn count(metrics: &'m Metrics) -> Self {
        metrics.mqtt_connections.inc();
        Self(metrics)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.mqtt_connections.dec();
    }
}
