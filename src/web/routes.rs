//! The table of pages of this door.

use super::call::Call;
use super::failure::Failure;
use super::{
    account, audit, device, enrollment, enrollment_token, geofence, group, live, login, overview, package, preference,
    role, setup, tag, token, user,
};
use crate::net::table;

pub(super) use crate::net::table::{public, route};

/// One method on one path.
pub type Route = table::Route<Call, Failure>;
/// Every page.
pub type Table = table::Table<Call, Failure>;

/// The table of everything this door serves, but its files.
#[must_use]
pub fn table() -> Table {
    let resources = [
        overview::routes(),
        setup::routes(),
        login::routes(),
        account::routes(),
        token::routes(),
        user::routes(),
        role::routes(),
        audit::routes(),
        device::routes(),
        enrollment::routes(),
        enrollment_token::routes(),
        geofence::routes(),
        group::routes(),
        package::routes(),
        tag::routes(),
        live::routes(),
        preference::routes(),
    ];
    Table::new(resources.into_iter().flatten().collect())
}
