//! The table of routes of this door.

use super::call::Call;
use super::errors::Error;
use super::{
    activity, android, android_admin, application, arduino, certificate, configuration, device, device_types, download,
    events, generic, group, notification, oauth, operation, policies, role, search, store, user,
};
use crate::net::table;

pub(super) use crate::net::table::{public, route};

/// One method on one path.
pub type Route = table::Route<Call, Error>;
/// Every route.
pub type Table = table::Table<Call, Error>;

/// Below these, every path is this door's, be it with 404.
const SPACES: [&str; 3] = ["/api/device-mgt/", "/api/certificate-mgt/", "/api/scep-mgt/"];

/// The table of everything this door serves.
#[must_use]
pub fn table() -> Table {
    let resources = [
        oauth::routes(),
        android_admin::routes(),
        application::routes(),
        android::routes(),
        arduino::routes(),
        download::routes(),
        operation::routes(),
        generic::routes(),
        device_types::routes(),
        device::routes(),
        group::routes(),
        search::routes(),
        activity::routes(),
        notification::routes(),
        configuration::routes(),
        events::routes(),
        policies::routes(),
        store::routes(),
        certificate::routes(),
        user::routes(),
        role::routes(),
    ];
    Table::new(resources.into_iter().flatten().collect())
}

/// Whether the path is this door's to answer.
pub(super) fn claims(table: &Table, path: &str) -> bool {
    SPACES.iter().any(|space| path.starts_with(space)) || table.knows(path)
}
