//! How many connections are let in: altogether, of one class, and from one source.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections to the control socket, beside all others: the operator gets in when the network is full.
const MAX_LOCAL: usize = 64;
/// One source may always have this many connections, however few there may be altogether.
const MIN_PER_SOURCE: usize = 32;

/// What a listener's connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// HTTP, which may take half of all connections: browsers must not keep devices out.
    Http,
    /// Long-lived streams of devices.
    Stream,
}

/// The connections that are in.
pub(super) struct Admissions {
    all: Arc<Semaphore>,
    http: Arc<Semaphore>,
    local: Arc<Semaphore>,
    /// One entry for each source with an open connection, hence never more than connections.
    sources: Arc<Mutex<HashMap<IpAddr, usize>>>,
    per_source: usize,
}

/// A connection that is in, until this is dropped.
pub(super) struct Admission {
    _all: OwnedSemaphorePermit,
    _class: Option<OwnedSemaphorePermit>,
    _source: Option<Source>,
}

struct Source {
    address: IpAddr,
    sources: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Admissions {
    /// Room for `connections` in all, half of them for HTTP, a quarter for one source.
    pub(super) fn new(connections: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(connections)),
            http: Arc::new(Semaphore::new(connections.div_ceil(2))),
            local: Arc::new(Semaphore::new(MAX_LOCAL)),
            sources: Arc::default(),
            per_source: (connections / 4).max(MIN_PER_SOURCE),
        }
    }

    /// Lets a connection from `address` in, or not.
    pub(super) fn admit(&self, class: Class, address: IpAddr) -> Option<Admission> {
        let all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let class = match class {
            Class::Http => Some(Arc::clone(&self.http).try_acquire_owned().ok()?),
            Class::Stream => None,
        };
        let source = match source_of(address) {
            Some(address) => Some(self.enter(address)?),
            None => None,
        };
        Some(Admission { _all: all, _class: class, _source: source })
    }

    /// Lets a connection to the control socket in, or not.
    pub(super) fn admit_local(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.local).try_acquire_owned().ok()
    }

    fn enter(&self, address: IpAddr) -> Option<Source> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let count = sources.entry(address).or_default();
        if *count >= self.per_source {
            return None;
        }
        *count += 1;
        Some(Source { address, sources: Arc::clone(&self.sources) })
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = sources.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                sources.remove(&self.address);
            }
        }
    }
}

/// Whom to count a connection to: an IPv4 address, an IPv6 network of 64 bits, or nobody for this machine itself, from
/// where a reverse proxy or a container's port forwarding brings everyone.
fn source_of(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        address if address.is_loopback() => None,
        IpAddr::V4(v4) => Some(v4.into()),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Some(IpAddr::from([a, b, c, d, 0, 0, 0, 0]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many(admissions: &Admissions, class: Class, address: &str) -> Vec<Admission> {
        std::iter::from_fn(|| admissions.admit(class, address.parse().unwrap())).take(10_000).collect()
    }

    #[test]
    fn one_source_cannot_take_everything_and_gives_back_what_it_had() {
        let admissions = Admissions::new(400);
        let first = many(&admissions, Class::Stream, "192.0.2.1");
        assert_eq!(first.len(), 100);
        assert!(admissions.admit(Class::Stream, "192.0.2.2".parse().unwrap()).is_some());
        assert!(admissions.admit(Class::Stream, "::ffff:192.0.2.1".parse().unwrap()).is_none());
        drop(first);
        assert!(admissions.sources.lock().unwrap().is_empty());
        assert_eq!(many(&admissions, Class::Stream, "192.0.2.1").len(), 100);
    }

    #[test]
    fn a_network_of_64_bits_is_one_source() {
        let admissions = Admissions::new(400);
        let held = many(&admissions, Class::Stream, "2001:db8:1:2::1");
        assert_eq!(held.len(), 100);
        assert!(admissions.admit(Class::Stream, "2001:db8:1:2:ffff::9".parse().unwrap()).is_none());
        assert!(admissions.admit(Class::Stream, "2001:db8:1:3::1".parse().unwrap()).is_some());
    }

    #[test]
    fn http_takes_half_and_this_machine_is_not_counted_as_a_source() {
        let admissions = Admissions::new(400);
        let web = many(&admissions, Class::Http, "127.0.0.1");
        assert_eq!(web.len(), 200);
        assert_eq!(many(&admissions, Class::Stream, "::1").len(), 200);
        assert!(admissions.admit_local().is_some());
    }
}
