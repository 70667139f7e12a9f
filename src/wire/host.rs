//! The gateway: `GET /host`, `GET /host/history`, `GET /host/storage` and `GET /status`.

use serde::{Deserialize, Serialize};

pub use crate::model::host::{
    Counts, Endpoints, Host, HostPoint, Interface, Limits, Power, Process, Rates, Space, Status,
};

/// The last hour of the board and of the daemon's rates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HostHistory {
    /// At most 360, oldest first.
    pub items: Vec<HostPoint>,
}
