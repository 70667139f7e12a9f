//! How often somebody may try: one leaking bucket (GCRA) per key, in a map that cannot grow beyond its bound.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::model::text::cut;

/// The most keys with a bucket of their own; when all of them are in use, further keys share one.
pub const MAX_KEYS: usize = 4096;
/// The longest key; the rest is cut off.
const MAX_KEY: usize = 128;
/// The key of the bucket that is shared; no address and no account is called so.
const SHARED: &str = "\0shared";

/// A limit on attempts per key.
pub struct Limit<C: Clock = DefaultClock> {
    limiter: RateLimiter<String, Buckets, C, NoOpMiddleware<C::Instant>>,
    /// The limiter's own buckets, for giving back.
    buckets: Buckets,
    period: Nanos,
    clock: C,
}

impl Limit {
    /// `burst` attempts in a row; each comes back after `period`.
    #[must_use]
    pub fn new(burst: NonZeroU32, period: Duration) -> Self {
        Self::with_clock(burst, period, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Limit<C> {
    fn with_clock(burst: NonZeroU32, period: Duration, clock: C) -> Self {
        let buckets = Buckets::default();
        // Only a period of zero has no quota.
        let quota = Quota::with_period(period).unwrap_or(Quota::per_second(burst)).allow_burst(burst);
        let limiter = RateLimiter::new(quota, buckets.clone(), clock.clone());
        Self { limiter, buckets, period: quota.replenish_interval().into(), clock }
    }

    /// Takes one attempt of `key`.
    ///
    /// # Errors
    /// How long to wait for the next one, when none is left.
    pub fn take(&self, key: &str) -> Result<(), Duration> {
        let key = cut(key, MAX_KEY).to_owned();
        if self.buckets.is_full_for(&key) {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&key).map_err(|until| until.wait_time_from(self.clock.now()))
    }

    /// Gives back what [`Limit::take`] took.
    pub fn give_back(&self, key: &str) {
        self.buckets.give_back(cut(key, MAX_KEY), self.period);
    }
}

impl<C: Clock> fmt::Debug for Limit<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit").field("keys", &self.buckets.lock().len()).finish_non_exhaustive()
    }
}

/// Per key the time at which its bucket is full again.
#[derive(Clone, Default)]
struct Buckets {
    full_at: Arc<Mutex<HashMap<String, Nanos>>>,
}

impl Buckets {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Nanos>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_full_for(&self, key: &str) -> bool {
        let full_at = self.lock();
        full_at.len() >= MAX_KEYS && !full_at.contains_key(key)
    }

    fn give_back(&self, key: &str, period: Nanos) {
        let mut full_at = self.lock();
        let own = if full_at.contains_key(key) { key } else { SHARED };
        if let Some(at) = full_at.get_mut(own) {
            *at = at.saturating_sub(period);
        }
    }
}

impl StateStore for Buckets {
    type Key = String;

    fn measure_and_replace<T, F, E>(&self, key: &String, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut full_at = self.lock();
        let own = if full_at.len() < MAX_KEYS || full_at.contains_key(key) { key.as_str() } else { SHARED };
        let (outcome, at) = decide(full_at.get(own).copied())?;
        full_at.insert(own.to_owned(), at);
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<String> for Buckets {
    fn retain_recent(&self, drop_below: Nanos) {
        self.lock().retain(|_, at| *at > drop_below);
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

/// What stands for the origin of a call: an IPv4 address, the /64 network of an IPv6 address (one host has the whole
/// of it, RFC 4291, section 2.5.4), or the text itself.
#[must_use]
pub fn origin_key(origin: &str) -> String {
    let address = origin.parse::<IpAddr>().or_else(|_| origin.parse::<SocketAddr>().map(|address| address.ip()));
    match address.map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string(),
        Ok(address) => address.to_string(),
        Err(_) => origin.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const PERIOD: Duration = Duration::from_secs(10);

    fn limit(burst: u32) -> (Limit<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Limit::with_clock(NonZeroU32::new(burst).unwrap(), PERIOD, clock.clone()), clock)
    }

    #[test]
    fn says_how_long_to_wait_and_keeps_its_word() {
        let (limit, clock) = limit(2);
        limit.take("a").unwrap();
        limit.take("a").unwrap();
        assert_eq!(limit.take("a"), Err(PERIOD));
        limit.take("b").unwrap();
        clock.advance(Duration::from_secs(4));
        assert_eq!(limit.take("a"), Err(Duration::from_secs(6)));
        clock.advance(Duration::from_secs(6));
        limit.take("a").unwrap();
        limit.take("a").unwrap_err();
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let (limit, _clock) = limit(1);
        for _ in 0..10 {
            limit.take("a").unwrap();
            limit.give_back("a");
        }
        limit.take("a").unwrap();
        limit.take("a").unwrap_err();
    }

    #[test]
    fn a_flood_of_keys_shares_one_bucket_until_the_old_ones_are_forgotten() {
        let (limit, clock) = limit(1);
        for key in 0..MAX_KEYS {
            limit.take(&key.to_string()).unwrap();
        }
        limit.take("late").unwrap();
        limit.take("later").unwrap_err();
        limit.take("7").unwrap_err();
        assert_eq!(limit.buckets.len(), MAX_KEYS + 1);
        clock.advance(PERIOD * 3);
        limit.take("later").unwrap();
        assert_eq!(limit.buckets.len(), 1);
    }

    #[test]
    fn a_long_key_is_cut() {
        let (limit, _clock) = limit(1);
        limit.take(&"x".repeat(1 << 20)).unwrap();
        assert!(limit.buckets.lock().keys().all(|key| key.len() == MAX_KEY));
    }

    #[test]
    fn an_ipv6_host_is_its_network() {
        assert_eq!(origin_key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(origin_key("[2001:db8:1:2::9]:443"), "2001:db8:1:2::");
        assert_eq!(origin_key("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(origin_key("192.0.2.1:9443"), "192.0.2.1");
        assert_eq!(origin_key("unix"), "unix");
    }
}
