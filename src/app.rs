//! What Pym does, one file per resource. The only caller of the store, the PKI and the authentication; every call takes
//! an [`Actor`] and decides by its scopes, whatever door it came through.

mod access;
pub mod agent;
pub mod application;
pub mod audit;
pub mod backup;
pub mod bulk;
pub mod certificate;
pub mod clock;
pub mod compliance;
pub mod device;
pub mod device_detail;
pub mod device_list;
pub mod device_type;
pub mod downlink;
mod effects;
pub mod enrollment;
pub mod enrollment_token;
pub mod error;
mod facts;
pub mod geofence;
pub mod group;
pub mod host;
pub mod location;
pub mod mqtt;
pub mod notification;
pub mod oauth;
pub mod operation;
pub mod package;
pub mod policy;
pub mod presence;
pub mod role;
pub mod saved_view;
pub mod second_factor;
mod secret;
pub mod session;
pub mod setting;
pub mod tag;
pub mod telemetry;
pub mod token;
pub mod user;
pub mod watch;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc;

pub use clock::Clock;
pub use error::Error;

pub use crate::store::{Flush, StoreError};

use crate::auth::Auth;
use crate::metrics::Metrics;
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::policy::Evaluation;
use crate::pki::Pki;
use crate::store::Store;

use device_type::DeviceTypes;
use downlink::Downlink;
use host::HostState;
use presence::Presence;
use watch::Changes;

/// The application; cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    auth: Auth,
    clock: Clock,
    metrics: Arc<Metrics>,
    settings: Settings,
    device_types: DeviceTypes,
    changes: Changes,
    presence: Presence,
    downlink: mpsc::Sender<Downlink>,
    host: HostState,
    pki: OnceLock<Arc<Pki>>,
    counts: device_list::Counts,
}

/// What the configuration decides for the application.
#[derive(Clone, Debug)]
pub struct Settings {
    pub data_dir: PathBuf,
    /// The name or address that agents are told to connect to; `None`: the one their download came by.
    pub public_host: Option<String>,
    /// Silence after which a device is UNREACHABLE.
    pub unreachable_after: Duration,
    /// Silence after which a device is INACTIVE.
    pub inactive_after: Duration,
    /// Life of an access token.
    pub access_token_ttl: Duration,
    pub policy: PolicySettings,
}

/// What the configuration decides about policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicySettings {
    pub evaluation: Evaluation,
    /// From one round of asking devices how they comply to the next.
    pub monitor_interval: Duration,
    /// How often a policy is sent again to a device that goes on violating it.
    pub max_retries: u32,
}

impl Default for PolicySettings {
    fn default() -> Self {
        Self { evaluation: Evaluation::First, monitor_interval: Duration::from_mins(1), max_retries: 5 }
    }
}

/// The most pushes and closings on their way to the broker; senders wait beyond that.
pub const MAX_DOWNLINK: usize = 1024;

impl App {
    /// Makes the application over an open store. The receiver is for the broker.
    ///
    /// # Errors
    /// When the device types in the store cannot be read.
    pub async fn open(
        store: Store,
        clock: Clock,
        metrics: Arc<Metrics>,
        settings: Settings,
    ) -> Result<(Self, mpsc::Receiver<Downlink>), Error> {
        let (downlink, pushes) = mpsc::channel(MAX_DOWNLINK);
        let device_types = DeviceTypes::load(&store).await?;
        package::sweep(&store, &settings.data_dir).await?;
        let host = HostState::load(&store, clock.now()).await?;
        let inner = Inner {
            store,
            auth: Auth::new(),
            clock,
            metrics,
            settings,
            device_types,
            changes: Changes::default(),
            presence: Presence::default(),
            downlink,
            host,
            pki: OnceLock::new(),
            counts: device_list::Counts::default(),
        };
        Ok((Self { inner: Arc::new(inner) }, pushes))
    }

    /// The counters of the daemon.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// The clock all records are dated by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// What the configuration decided.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The store, for its statistics and for closing it at the end.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }
}

/// Checks that `actor` has `scope`.
///
/// # Errors
/// [`Error::Unauthorized`] for a caller without credentials, [`Error::Forbidden`] for any other without the scope.
pub fn require(actor: &Actor, scope: Scope) -> Result<(), Error> {
    if actor.scopes.allow(scope) {
        Ok(())
    } else if actor.principal == Principal::Anonymous {
        Err(Error::Unauthorized("credentials are needed".to_owned()))
    } else {
        Err(Error::Forbidden { needs: scope })
    }
}

/// Checks how many items a caller wants.
fn check_limit(limit: u32, most: u32) -> Result<(), Error> {
    if limit == 0 || limit > most {
        return Err(Error::invalid("limit", format!("a limit is 1 to {most}")));
    }
    Ok(())
}
