//! A table of routes: what a door serves over HTTP, dispatched by it and by nothing else, so that what it lists is what
//! is served.

use std::borrow::Cow;

use futures_util::future::BoxFuture;
use hyper::Method;
use percent_encoding::percent_decode_str;
use warp::Reply;
use warp::reply::Response;

type Handler<C, E> = Box<dyn Fn(C) -> BoxFuture<'static, Result<Response, E>> + Send + Sync>;

/// One method on one path: `C` is a request as the door's handlers see it, `E` a refusal.
pub struct Route<C, E> {
    pub method: Method,
    /// With the parameters in braces, as in an OpenAPI document.
    pub path: Cow<'static, str>,
    /// Nobody is asked for credentials.
    pub public: bool,
    handler: Handler<C, E>,
}

/// Every route of a door.
#[derive(Debug)]
pub struct Table<C, E> {
    routes: Vec<Route<C, E>>,
    /// For each number of segments, the places of the routes that have as many.
    by_length: Vec<Vec<usize>>,
}

/// What stands at a path.
#[derive(Debug)]
pub enum Found<'a, C, E> {
    /// The route, and its parameters, decoded, in the order of the path.
    Route(&'a Route<C, E>, Vec<String>),
    /// The path fits, but a parameter of it is not UTF-8.
    Unreadable,
    /// Other methods, as the `Allow` header lists them.
    Methods(String),
    Nothing,
}

/// A route for those who show who they are.
pub fn route<C, E, H, F, R>(method: Method, path: impl Into<Cow<'static, str>>, handler: H) -> Route<C, E>
where
    H: Fn(C) -> F + Send + Sync + 'static,
    F: Future<Output = Result<R, E>> + Send + 'static,
    R: Reply,
{
    let handler: Handler<C, E> = Box::new(move |call| {
        let answer = handler(call);
        Box::pin(async move { answer.await.map(Reply::into_response) })
    });
    Route { method, path: path.into(), public: false, handler }
}

/// A route for everyone.
pub fn public<C, E, H, F, R>(method: Method, path: impl Into<Cow<'static, str>>, handler: H) -> Route<C, E>
where
    H: Fn(C) -> F + Send + Sync + 'static,
    F: Future<Output = Result<R, E>> + Send + 'static,
    R: Reply,
{
    Route { public: true, ..route(method, path, handler) }
}

impl<C, E> Route<C, E> {
    /// Answers a request.
    ///
    /// # Errors
    /// What the handler refuses it with.
    pub async fn answer(&self, call: C) -> Result<Response, E> {
        (self.handler)(call).await
    }
}

impl<C, E> Table<C, E> {
    /// The table of these routes. Of two that fit a path, the one counts that names more of it in words, from the left.
    #[must_use]
    pub fn new(routes: Vec<Route<C, E>>) -> Self {
        let mut by_length: Vec<Vec<usize>> = Vec::new();
        for (place, route) in routes.iter().enumerate() {
            let length = length(&route.path);
            if by_length.len() <= length {
                by_length.resize_with(length + 1, Vec::new);
            }
            by_length.get_mut(length).into_iter().for_each(|places| places.push(place));
        }
        Self { routes, by_length }
    }

    /// Every route, in the order of the resources.
    pub fn iter(&self) -> impl Iterator<Item = &Route<C, E>> {
        self.routes.iter()
    }

    /// Whether some route fits the path, whatever its method.
    #[must_use]
    pub fn knows(&self, path: &str) -> bool {
        let path = trimmed(path);
        self.of_length(path).any(|route| fits(&route.path, path))
    }

    /// What stands at a path. A slash that ends it changes nothing; a GET answers HEAD too.
    #[must_use]
    pub fn find(&self, method: &Method, path: &str) -> Found<'_, C, E> {
        let path = trimmed(path);
        let mut best: Option<&Route<C, E>> = None;
        let mut allow = Vec::new();
        for route in self.of_length(path).filter(|route| fits(&route.path, path)) {
            if route.method == *method || (*method == Method::HEAD && route.method == Method::GET) {
                if best.is_none_or(|best| is_plainer(&route.path, &best.path)) {
                    best = Some(route);
                }
                continue;
            }
            for name in [route.method.as_str(), if route.method == Method::GET { "HEAD" } else { "" }] {
                if !name.is_empty() && !allow.contains(&name) {
                    allow.push(name);
                }
            }
        }
        if let Some(route) = best {
            return match params(&route.path, path) {
                Some(params) => Found::Route(route, params),
                None => Found::Unreadable,
            };
        }
        if allow.is_empty() {
            return Found::Nothing;
        }
        allow.push("OPTIONS");
        Found::Methods(allow.join(", "))
    }

    fn of_length(&self, path: &str) -> impl Iterator<Item = &Route<C, E>> {
        let places = self.by_length.get(length(path)).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|place| self.routes.get(*place))
    }
}

fn length(path: &str) -> usize {
    path.bytes().filter(|byte| *byte == b'/').count()
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

/// Whether `one` has a word where `other`, which fits the same path, has the first parameter that is not in both.
fn is_plainer(one: &str, other: &str) -> bool {
    let mut pairs = one.split('/').zip(other.split('/')).map(|(one, other)| (is_param(one), is_param(other)));
    pairs.find(|(one, other)| one != other).is_some_and(|(one, _)| !one)
}

fn params(pattern: &str, path: &str) -> Option<Vec<String>> {
    let given = pattern.split('/').zip(path.split('/')).filter(|(wanted, _)| is_param(wanted));
    given.map(|(_, given)| percent_decode_str(given).decode_utf8().ok().map(Cow::into_owned)).collect()
}

impl<C, E> std::fmt::Debug for Route<C, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(routes: &[(Method, &'static str)]) -> Table<(), ()> {
        let answer = |()| async { Ok::<_, ()>("") };
        Table::new(routes.iter().map(|(method, path)| route(method.clone(), *path, answer)).collect())
    }

    #[test]
    fn a_path_finds_its_route_and_its_parameters() {
        let table = table(&[(Method::GET, "/d/{id}/t/{metric}"), (Method::GET, "/d"), (Method::POST, "/d")]);
        let Found::Route(route, params) = table.find(&Method::HEAD, "/d/pi:a%20b%2F/t/cpu/") else { panic!("none") };
        assert_eq!((&*route.path, params), ("/d/{id}/t/{metric}", vec!["pi:a b/".to_owned(), "cpu".to_owned()]));
        let Found::Methods(allow) = table.find(&Method::PUT, "/d") else { panic!("a route") };
        assert_eq!(allow, "GET, HEAD, POST, OPTIONS");
        for nothing in ["", "/", "/e", "//d", "/d//t/cpu", "/d/x"] {
            assert!(matches!(table.find(&Method::GET, nothing), Found::Nothing) && !table.knows(nothing), "{nothing}");
        }
        assert!(matches!(table.find(&Method::GET, "/d/%ff/t/x"), Found::Unreadable));
    }

    #[test]
    fn words_win_over_parameters_in_any_order() {
        for routes in [
            ["/u/{name}/{what}", "/u/{name}/roles", "/u/count/{x}"],
            ["/u/count/{x}", "/u/{name}/roles", "/u/{name}/{what}"],
        ] {
            let table = table(&routes.map(|path| (Method::GET, path)));
            for (path, expected) in [
                ("/u/count/roles", "/u/count/{x}"),
                ("/u/ada/roles", "/u/{name}/roles"),
                ("/u/ada/x", "/u/{name}/{what}"),
            ] {
                let Found::Route(route, _) = table.find(&Method::GET, path) else { panic!("no route") };
                assert_eq!(route.path, expected);
            }
        }
    }
}
