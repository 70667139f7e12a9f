//! The domain: types and rules. No I/O, no async runtime and no clock; the time is always an argument.

pub mod actor;
pub mod application;
pub mod audit;
pub mod bulk;
pub mod certificate;
pub mod change;
pub mod compliance;
pub mod device;
pub mod device_detail;
pub mod device_list;
pub mod device_type;
pub mod enrollment;
pub mod enrollment_token;
pub mod facts;
pub mod geofence;
pub mod group;
pub mod host;
pub mod id;
pub mod location;
pub mod mqtt;
pub mod notification;
pub mod operation;
pub mod package;
pub mod page;
pub mod policy;
pub mod qr;
pub mod query;
pub mod role;
pub mod saved_view;
pub mod second_factor;
pub mod setting;
pub mod tag;
pub mod telemetry;
pub mod text;
pub mod timestamp;
pub mod topic;
pub mod user;

/// The tenant name in topics and user names, as devices made for the Entgra IoT Server expect it.
pub const TENANT: &str = "carbon.super";
