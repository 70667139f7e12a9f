//! The channel to the broker: operations to push, connections to close.

use bytes::Bytes;

use super::App;
use crate::model::device_type::Completes;
use crate::model::id::{DeviceId, OperationId};

/// An order to the broker.
#[derive(Clone, Debug)]
pub enum Downlink {
    /// Deliver an operation to a device over the first route it listens on; drop it when it listens on none.
    Push(Push),
    /// End every connection of the device and, when `forget`, its sessions too: it was removed, blocked or its tokens were revoked.
    Close { device: DeviceId, forget: bool },
    /// End the connections whose token or certificate was revoked: those that logged in with the one of this SHA-256.
    CloseToken { hash: [u8; 32] },
}

/// An operation on its way to a device over MQTT, at `QoS` 1, not retained, outside any persistent queue: the
/// application pushes it again when the device comes back.
#[derive(Clone, Debug)]
pub struct Push {
    pub operation: OperationId,
    pub device: DeviceId,
    /// In the order of preference.
    pub routes: Vec<Route>,
}

/// One way to reach the device.
#[derive(Clone, Debug)]
pub struct Route {
    pub topic: String,
    pub payload: Bytes,
    pub completes: Completes,
}

impl App {
    /// Hands an order to the broker, waiting while the channel is full. Without a broker it is dropped.
    pub(super) async fn order(&self, order: Downlink) {
        drop(self.inner.downlink.send(order).await);
    }
}
