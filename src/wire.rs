//! The types of Pym's own API v1, as JSON: what REST, the control socket, the terminal UI and `pymctl` speak.
//!
//! Times are RFC 3339 in UTC, durations seconds, sizes bytes, temperatures degrees Celsius, ids UUIDs. Requests refuse
//! members they do not know. Lists are [`Page`]s.

pub mod admin;
pub mod application;
pub mod bulk;
pub mod certificate;
pub mod device;
pub mod enrollment;
pub mod enrollment_token;
pub mod geofence;
pub mod group;
pub mod host;
pub mod location;
pub mod notification;
pub mod operation;
pub mod package;
pub mod policy;
pub mod problem;
pub mod second_factor;
pub mod setting;
pub mod tag;
pub mod telemetry;
pub mod watch;

pub use crate::model::page::Page;

/// The OpenAPI 3.1 document of everything that the API serves.
pub const OPENAPI: &str = include_str!("../assets/openapi.json");
