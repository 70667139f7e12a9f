//! A request taken apart, as the HTTP doors want it.

use warp::http::{HeaderMap, Method};
use warp::path::FullPath;
use warp::{Filter, Rejection};

use super::Peer;

/// Everything of a request but its body.
pub struct Request {
    pub path: FullPath,
    pub method: Method,
    /// As it was sent; empty without one.
    pub query: String,
    pub headers: HeaderMap,
    pub peer: Peer,
}

/// Without the headers, which carry credentials.
impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("path", &self.path)
            .field("method", &self.method)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// The requests that `claims` says are a door's own; others are rejected, so that another door may have them.
pub fn claimed<C>(claims: C) -> impl Filter<Extract = (Request,), Error = Rejection> + Clone
where
    C: Fn(&Request) -> bool + Clone + Send + Sync + 'static,
{
    warp::path::full()
        .and(warp::method())
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::header::headers_cloned())
        .and(warp::ext::get::<Peer>())
        .map(|path, method, query, headers, peer| Request { path, method, query, headers, peer })
        .and_then(move |request: Request| {
            let ours = claims(&request);
            async move { if ours { Ok(request) } else { Err(warp::reject::not_found()) } }
        })
}
