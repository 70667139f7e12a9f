//! A request taken apart, as the HTTP doors want it.

use std::net::IpAddr;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use warp::http::header::HOST;
use warp::http::uri::Authority;
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

/// The host and port that a request asked for.
#[must_use]
pub fn authority(headers: &HeaderMap) -> Option<Authority> {
    headers.get(HOST)?.to_str().ok()?.parse().ok()
}

/// The way a request took to this daemon: what it asked for, and the address it came to. The host of a request over the
/// control socket names nothing.
#[must_use]
pub fn way(peer: &Peer, headers: &HeaderMap) -> (Option<Authority>, Option<IpAddr>) {
    match peer {
        Peer::Remote { local, .. } => (authority(headers), Some(local.ip())),
        Peer::Local { .. } => (None, None),
    }
}

/// Why a body is not there as a whole.
#[derive(Debug, thiserror::Error)]
pub enum WholeError {
    #[error("broke off: {0}")]
    Broken(warp::Error),
    #[error("is too large")]
    TooLarge,
}

/// The pieces of a body put together, at most `most` bytes.
///
/// # Errors
/// When it breaks off, or has more.
pub async fn whole<B: Buf>(
    pieces: impl Stream<Item = Result<B, warp::Error>> + Send,
    most: usize,
) -> Result<Bytes, WholeError> {
    let mut pieces = std::pin::pin!(pieces);
    let mut whole = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        let mut piece = piece.map_err(WholeError::Broken)?;
        if whole.len() + piece.remaining() > most {
            return Err(WholeError::TooLarge);
        }
        while piece.has_remaining() {
            let length = piece.chunk().len();
            whole.extend_from_slice(piece.chunk());
            piece.advance(length);
        }
    }
    Ok(whole.freeze())
}
