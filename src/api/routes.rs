//! The table of routes of this door.

use super::call::Call;
use super::problem::Problem;
use super::{
    agent, application, audit, backup, bulk, certificate, compliance, device, device_list, device_type, enrollment,
    enrollment_token, geofence, group, health, host, location, notification, operation, package, policy, role,
    second_factor, setting, tag, telemetry, token, user, watch,
};
use crate::net::table;

pub(super) use crate::net::table::{public, route};

/// One method on one path.
pub type Route = table::Route<Call, Problem>;
/// Every route.
pub type Table = table::Table<Call, Problem>;

/// The table of everything this door serves.
#[must_use]
pub fn table() -> Table {
    let resources = [
        health::routes(),
        host::routes(),
        device_type::routes(),
        device::routes(),
        device_list::routes(),
        bulk::routes(),
        agent::routes(),
        enrollment::routes(),
        enrollment_token::routes(),
        application::routes(),
        location::routes(),
        telemetry::routes(),
        certificate::routes(),
        geofence::routes(),
        group::routes(),
        operation::routes(),
        package::routes(),
        tag::routes(),
        policy::routes(),
        compliance::routes(),
        notification::routes(),
        setting::routes(),
        token::routes(),
        user::routes(),
        second_factor::routes(),
        role::routes(),
        audit::routes(),
        backup::routes(),
        watch::routes(),
    ];
    Table::new(resources.into_iter().flatten().collect())
}

/// Whether the path is this door's to answer, be it with 404.
pub(super) fn claims(table: &Table, path: &str) -> bool {
    path == "/api/v1" || path.starts_with("/api/v1/") || table.knows(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_claims_its_own_paths() {
        let table = table();
        for ours in ["/api/v1", "/api/v1/", "/api/v1/nothing", "/livez", "/"] {
            assert!(claims(&table, ours), "{ours}");
        }
        assert!(!claims(&table, "/token"));
    }
}
