//! `/settings`: what people change while the site runs, what the configuration decided, the disk, and backups.

mod area;
mod site;

use warp::http::Method;

use super::routes::{Route, route};

const PATH: &str = "/settings";

pub(super) fn routes() -> Vec<Route> {
    vec![
        route(Method::GET, PATH, site::show),
        route(Method::POST, "/settings/backup", site::backup),
        route(Method::GET, "/settings/{area}", area::show),
        route(Method::POST, "/settings/{area}", area::save),
    ]
}
