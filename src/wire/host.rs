//! The gateway: `GET /host` and `GET /status`.

pub use crate::model::host::{Counts, Endpoints, Host, Interface, Limits, Power, Process, Rates, Space, Status};
