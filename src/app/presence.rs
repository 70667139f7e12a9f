//! Which devices have an MQTT connection open now.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::id::DeviceId;

/// Open connections by device; bounded by the broker's own bound on connections.
#[derive(Debug, Default)]
pub(super) struct Presence {
    connections: Mutex<HashMap<DeviceId, u32>>,
}

impl Presence {
    /// Counts a connection in; true when it is the device's first.
    pub(super) fn enter(&self, device: DeviceId) -> bool {
        let mut connections = self.lock();
        let count = connections.entry(device).or_default();
        *count += 1;
        *count == 1
    }

    /// Counts a connection out; true when it was the device's last.
    pub(super) fn leave(&self, device: DeviceId) -> bool {
        let mut connections = self.lock();
        let Some(count) = connections.get_mut(&device) else { return false };
        *count -= 1;
        if *count > 0 {
            return false;
        }
        connections.remove(&device);
        true
    }

    pub(super) fn is_online(&self, device: DeviceId) -> bool {
        self.lock().contains_key(&device)
    }

    pub(super) fn online(&self) -> Vec<DeviceId> {
        self.lock().keys().copied().collect()
    }

    pub(super) fn count(&self) -> u64 {
        self.lock().len() as u64
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeviceId, u32>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
