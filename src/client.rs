//! The typed client of Pym's own API: over the control socket of this board, or over HTTP(S) to another host.
//!
//! One method a resource's call, in the file of that resource. Every request has a time-out and every answer a bound.
//! The one idle connection is kept for the next request. The client never asks twice by itself, except where the
//! connection it had kept turned out to be closed; reconnecting a [`watch::Watch`] is its reader's part.

pub mod admin;
mod application;
pub mod certificate;
mod connection;
pub mod device;
mod enrollment;
mod enrollment_token;
pub mod error;
pub mod geofence;
pub mod group;
pub mod host;
pub mod location;
pub mod notification;
pub mod operation;
mod package;
pub mod policy;
mod request;
pub mod setting;
pub mod socket;
mod tag;
pub mod telemetry;
mod tls;
pub mod watch;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use hyper::Uri;
use hyper::header::HeaderValue;

use self::connection::{Sender, Target};
pub use self::device::DeviceKey;
pub use self::error::Error;
pub use self::tls::Trust;
pub use self::watch::{Watch, WatchMessage};

/// A cheap handle to one daemon; clones share the kept connection.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    target: Target,
    token: Option<HeaderValue>,
    /// The connection kept for the next request: one is enough for callers that ask one thing after another.
    idle: Mutex<Option<Sender>>,
}

impl Client {
    /// A client of the daemon on this board: of the socket `given`, or of the first that answers of those where a
    /// daemon may listen ([`socket::candidates`]). Does not connect yet.
    #[must_use]
    pub fn local(given: Option<PathBuf>) -> Self {
        Self::new(Target::Board { socket: given }, None)
    }

    /// A client of the daemon at `url` (`http://host:port` or `https://host:port`, no path), with an API token.
    /// Does not connect yet.
    ///
    /// # Errors
    /// The URL is not of that form, the token holds control characters, or the trusted certificate cannot be read.
    pub fn remote(url: &str, token: Option<&str>, trust: &Trust) -> Result<Self, Error> {
        let bad_url = |why: &str| Error::Url { url: url.to_owned(), why: why.to_owned() };
        let uri: Uri = url.parse().map_err(|_| bad_url("it is not a URL"))?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(bad_url("it may not have a path"));
        }
        let authority = uri.authority().ok_or_else(|| bad_url("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(bad_url("it may not carry a password; use a token"));
        }
        let tls = match uri.scheme_str() {
            Some("http") => None,
            Some("https") => Some(tls::connector(trust, authority.host())?),
            _ => return Err(bad_url("it must start with http:// or https://")),
        };
        let port = authority.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
        let token = token
            .map(|token| HeaderValue::try_from(format!("Bearer {token}")))
            .transpose()
            .map_err(|_| bad_url("the token holds control characters"))?
            .map(|mut token| {
                token.set_sensitive(true);
                token
            });
        Ok(Self::new(Target::Host { host: authority.host().to_owned(), port, tls }, token))
    }

    fn new(target: Target, token: Option<HeaderValue>) -> Self {
        Self { shared: Arc::new(Shared { target, token, idle: Mutex::new(None) }) }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("target", &self.target).finish_non_exhaustive()
    }
}
