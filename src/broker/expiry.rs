//! The end of persistent sessions that nobody uses: a device that is gone for good would keep its queue for ever.

use super::Broker;
use super::limits::{EXPIRY_BATCH, EXPIRY_INTERVAL, SESSION_EXPIRY};
use crate::app::Error;

/// Looks for such sessions until the broker stops.
pub(super) async fn run(broker: Broker) {
    loop {
        tokio::select! {
            () = broker.stopping() => return,
            () = tokio::time::sleep(EXPIRY_INTERVAL) => {}
        }
        match expire(&broker).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "forgot MQTT sessions that were not used for a week"),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot forget unused MQTT sessions");
            }
        }
    }
}

/// Forgets the sessions whose time is over; returns how many.
pub(super) async fn expire(broker: &Broker) -> Result<usize, Error> {
    let mut expired = 0;
    for key in broker.app().mqtt_idle_sessions(SESSION_EXPIRY, EXPIRY_BATCH).await? {
        // No CONNECT of that key is between the store and the router meanwhile.
        let _turn = broker.turns().take(&key).await;
        let idle = broker.shared().lock().is_idle(&key);
        if idle && broker.app().mqtt_expire_session(key.clone(), SESSION_EXPIRY).await? {
            broker.shared().lock().expire(&key);
            expired += 1;
        }
    }
    Ok(expired)
}
