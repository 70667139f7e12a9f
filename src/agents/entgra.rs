//! The door for devices and tools made for the Entgra (formerly WSO2) IoT Server.
//!
//! One set of routes, the same on every port, one file for each resource. What they take and answer was read from the
//! public sources of the server (`device-mgt-core`, `device-mgt-plugins`) and of its agents. Trailing slashes, unknown
//! members and unknown scope words are accepted everywhere.

mod arduino;
mod call;
mod device_types;
mod download;
mod errors;
mod events;
mod generic;
mod gson;
mod oauth;
mod operation;

use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter as _, Reply};

use crate::app::App;
use call::Calls;

/// Where the management API lives.
const BASE: [&str; 3] = ["api", "device-mgt", "v1.0"];

/// Every route of this door.
#[must_use]
pub fn routes(app: App) -> BoxedFilter<(impl Reply + use<>,)> {
    let calls = Calls { app };
    oauth::routes(&calls)
        .or(arduino::routes(&calls))
        .unify()
        .or(download::routes(&calls))
        .unify()
        .or(operation::routes(&calls))
        .unify()
        .or(generic::routes(&calls))
        .unify()
        .or(device_types::routes(&calls))
        .unify()
        .or(events::routes(&calls))
        .unify()
        .boxed()
}

/// The routes of one resource.
type Routes = BoxedFilter<(Response,)>;
