//! Operations to devices: orders of the application coming down, reports of what was delivered going up.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use tokio::sync::mpsc;

use super::Broker;
use super::session::Pushed;
use crate::app::App;
use crate::app::downlink::Downlink;
use crate::app::mqtt::{Durable, Urgency};
use crate::model::id::DeviceId;

/// How many reports the application works on at once, so that they share its commits.
const REPORTS_AT_ONCE: usize = 64;

/// What the application is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Report {
    /// The device has the operation.
    Pushed(Pushed),
    /// The device listens: what waits for it may be pushed.
    Listening(DeviceId),
}

/// Carries out the application's orders until it is gone.
pub(super) async fn carry_out(broker: Broker, mut orders: mpsc::Receiver<Downlink>) {
    loop {
        let order = tokio::select! {
            () = broker.stopping() => return,
            order = orders.recv() => order,
        };
        match order {
            None => return,
            Some(Downlink::Push(push)) => {
                let sent = broker.shared().lock().push(&push);
                tracing::debug!(operation.id = %push.operation, device.id = %push.device, sent, "push");
            }
            Some(Downlink::Close { device, forget }) => {
                let forgotten = broker.shared().lock().close_device(device, forget);
                for key in forgotten {
                    let forget = Durable::Forget { key: Arc::unwrap_or_clone(key) };
                    if broker.exchange().write(forget, Urgency::Later).await.is_err() {
                        tracing::warn!(device.id = %device, "could not remove a session");
                    }
                }
            }
            Some(Downlink::CloseToken { hash }) => broker.shared().lock().close_token(&hash),
        }
    }
}

/// Passes reports on until the broker stops.
pub(super) async fn pass_on(app: App, mut reports: mpsc::Receiver<Report>) {
    poll_fn(|cx| reports.poll_recv(cx))
        .for_each_concurrent(REPORTS_AT_ONCE, |report| {
            let app = &app;
            async move {
                match report {
                    Report::Pushed(Pushed { operation, completes }) => app.pushed(operation, completes).await,
                    Report::Listening(device) => app.push_pending(device).await,
                }
            }
        })
        .await;
}
