//! The table of pages of this door.

use super::call::Call;
use super::failure::Failure;
use super::{
    about, account, activity, audit, bulk, certificate, compliance, device, device_list, device_type, enrollment,
    enrollment_token, geofence, group, live, login, notification, overview, package, policy, preference, reference,
    role, setting, setup, tag, token, user,
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
        setting::routes(),
        reference::routes(),
        notification::routes(),
        device_type::routes(),
        certificate::routes(),
        activity::routes(),
        about::routes(),
        overview::routes(),
        setup::routes(),
        login::routes(),
        account::routes(),
        token::routes(),
        user::routes(),
        role::routes(),
        audit::routes(),
        device_list::routes(),
        bulk::routes(),
        device::routes(),
        enrollment::routes(),
        enrollment_token::routes(),
        geofence::routes(),
        group::routes(),
        package::routes(),
        tag::routes(),
        policy::routes(),
        compliance::routes(),
        live::routes(),
        preference::routes(),
    ];
    Table::new(resources.into_iter().flatten().collect())
}
