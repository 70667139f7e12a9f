//! The `$SYS` topics: how the broker is doing, for operators' tokens with the scope `broker`. The names are Mosquitto's.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::MissedTickBehavior;

use super::limits::SYS_INTERVAL;
use super::router::Seat;
use super::{Broker, topic};
use crate::model::mqtt::{Message, Qos};

/// Every topic with its present value.
fn values(broker: &Broker) -> [(&'static str, String); 13] {
    let (census, metrics) = (broker.shared().lock().census(), broker.app().metrics());
    [
        ("$SYS/broker/version", concat!("Pym ", env!("CARGO_PKG_VERSION")).to_owned()),
        ("$SYS/broker/uptime", format!("{} seconds", broker.started().elapsed().as_secs())),
        ("$SYS/broker/clients/connected", census.connected.to_string()),
        ("$SYS/broker/clients/total", census.sessions.to_string()),
        ("$SYS/broker/clients/refused", metrics.mqtt_denied.get().to_string()),
        ("$SYS/broker/subscriptions/count", census.subscriptions.to_string()),
        ("$SYS/broker/retained messages/count", census.retained.to_string()),
        ("$SYS/broker/retained messages/bytes", census.retained_bytes.to_string()),
        ("$SYS/broker/store/messages/count", census.queued.to_string()),
        ("$SYS/broker/store/messages/bytes", census.queued_bytes.to_string()),
        ("$SYS/broker/publish/messages/received", metrics.mqtt_received.get().to_string()),
        ("$SYS/broker/publish/messages/sent", metrics.mqtt_sent.get().to_string()),
        ("$SYS/broker/publish/messages/dropped", metrics.mqtt_dropped.get().to_string()),
    ]
}

fn message(topic: &str, value: String) -> Arc<Message> {
    Arc::new(Message { topic: topic.to_owned(), payload: Bytes::from(value), qos: Qos::AtMostOnce, retain: true })
}

/// Sends the values that a new subscription asks for.
pub(super) fn answer(broker: &Broker, seat: &Seat, filter: &str) {
    for (name, value) in values(broker) {
        if topic::matches(filter, name) {
            broker.shared().lock().post(seat, message(name, value));
        }
    }
}

/// Publishes the values at their interval until the broker stops.
pub(super) async fn publish(broker: Broker) {
    let mut ticks = tokio::time::interval(SYS_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = broker.stopping() => return,
            _ = ticks.tick() => {}
        }
        for (name, value) in values(&broker) {
            let message = message(name, value);
            let mut router = broker.shared().lock();
            let plan = router.plan(&message);
            router.deliver(&message, &plan.targets);
        }
    }
}
