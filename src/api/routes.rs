//! The table of routes. Requests are dispatched by it and by nothing else, so what it lists is what is served.

use futures_util::future::BoxFuture;
use percent_encoding::percent_decode_str;
use warp::Reply;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::problem::Problem;
use super::{agent, audit, backup, device, device_type, group, health, host, operation, telemetry, token, user, watch};

type Handler = Box<dyn Fn(Call) -> BoxFuture<'static, Result<Response, Problem>> + Send + Sync>;

/// One method on one path.
pub struct Route {
    pub method: Method,
    /// With the parameters in braces, as in the OpenAPI document.
    pub path: &'static str,
    /// Nobody is asked for credentials; those that are shown are not looked at.
    pub public: bool,
    pub(super) handler: Handler,
}

/// Every route.
#[derive(Debug)]
pub struct Table {
    routes: Vec<Route>,
}

/// What stands at a path.
pub(super) enum Found<'a> {
    /// The route, and its parameters decoded; a parameter that is not UTF-8 makes a problem.
    Route(&'a Route, Result<Vec<String>, Problem>),
    /// Other methods, as the `Allow` header lists them.
    Methods(String),
    Nothing,
}

/// A route whose caller is known to its handler.
pub(super) fn route<H, F, R>(method: Method, path: &'static str, handler: H) -> Route
where
    H: Fn(Call) -> F + Send + Sync + 'static,
    F: Future<Output = Result<R, Problem>> + Send + 'static,
    R: Reply,
{
    let handler: Handler = Box::new(move |call| {
        let answer = handler(call);
        Box::pin(async move { answer.await.map(Reply::into_response) })
    });
    Route { method, path, public: false, handler }
}

/// A route for everyone.
pub(super) fn public<H, F, R>(method: Method, path: &'static str, handler: H) -> Route
where
    H: Fn(Call) -> F + Send + Sync + 'static,
    F: Future<Output = Result<R, Problem>> + Send + 'static,
    R: Reply,
{
    Route { public: true, ..route(method, path, handler) }
}

/// The table of everything this door serves.
#[must_use]
pub fn table() -> Table {
    let resources = [
        health::routes(),
        host::routes(),
        device_type::routes(),
        device::routes(),
        agent::routes(),
        telemetry::routes(),
        group::routes(),
        operation::routes(),
        token::routes(),
        user::routes(),
        audit::routes(),
        backup::routes(),
        watch::routes(),
    ];
    Table { routes: resources.into_iter().flatten().collect() }
}

impl Table {
    /// Every route, in the order of the resources.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }

    /// Whether the path is this door's to answer, be it with 404.
    pub(super) fn claims(&self, path: &str) -> bool {
        let path = trimmed(path);
        path == "/api/v1" || path.starts_with("/api/v1/") || self.routes.iter().any(|route| route.path == path)
    }

    pub(super) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let path = trimmed(path);
        let mut allow = Vec::new();
        for route in &self.routes {
            if !fits(route.path, path) {
                continue;
            }
            if route.method == *method || (*method == Method::HEAD && route.method == Method::GET) {
                return Found::Route(route, params(route.path, path));
            }
            allow.push(route.method.as_str());
            if route.method == Method::GET {
                allow.push("HEAD");
            }
        }
        if allow.is_empty() {
            return Found::Nothing;
        }
        allow.push("OPTIONS");
        Found::Methods(allow.join(", "))
    }
}

/// The path without the slash that may end it.
fn trimmed(path: &str) -> &str {
    path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path)
}

fn is_param(segment: &str) -> bool {
    segment.starts_with('{')
}

fn fits(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given || (is_param(wanted) && !given.is_empty()) => {}
            _ => return false,
        }
    }
}

fn params(pattern: &str, path: &str) -> Result<Vec<String>, Problem> {
    let given = pattern.split('/').zip(path.split('/')).filter(|(wanted, _)| is_param(wanted));
    given
        .map(|(_, given)| percent_decode_str(given).decode_utf8().map(std::borrow::Cow::into_owned))
        .collect::<Result<_, _>>()
        .map_err(|_| Problem::new(StatusCode::NOT_FOUND, "the path holds bytes that are not UTF-8"))
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_finds_its_route_and_its_parameters() {
        let table = table();
        let found = table.find(&Method::GET, "/api/v1/devices/raspberrypi:a%20b%2F/telemetry/cpu/");
        let Found::Route(route, params) = found else { panic!("no route") };
        assert_eq!(route.path, "/api/v1/devices/{id}/telemetry/{metric}");
        assert_eq!(params.unwrap(), ["raspberrypi:a b/", "cpu"]);
        let Found::Methods(allow) = table.find(&Method::PUT, "/api/v1/devices") else { panic!("a route") };
        assert_eq!(allow, "GET, HEAD, POST, OPTIONS");
        for nothing in ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1//devices", "/api/v1/devices//telemetry"] {
            assert!(matches!(table.find(&Method::GET, nothing), Found::Nothing), "{nothing}");
            assert!(table.claims(nothing));
        }
        assert!(!table.claims("/token") && table.claims("/livez") && table.claims("/"));
    }
}
