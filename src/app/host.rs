//! The gateway: what the board measured last and within the hour, and how the daemon stands.

mod history;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use super::access::{require_some, seen_by};
use super::watch::MAX_OWN_WATCHED;
use super::{App, Error, require};
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::device::PageStart;
use crate::model::host::{Counts, Endpoints, Host, HostPoint, Status, Storage};
use crate::model::operation::{OperationFilter, OperationStatus};
use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Store};
use history::History;

const SITE: &str = "site";

/// What the daemon tells the application about itself and the board.
#[derive(Debug)]
pub(super) struct HostState {
    site: String,
    started_at: Timestamp,
    host: RwLock<Arc<Host>>,
    history: Mutex<History>,
    standing: RwLock<Standing>,
}

/// How the daemon can be reached.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Every listener is open and the store answers.
    pub ready: bool,
    pub endpoints: Endpoints,
    /// SHA-256 of the site CA's certificate, hex.
    pub ca_fingerprint: String,
    /// The site CA's certificate, for agents to trust.
    pub ca_pem: String,
    pub certificate_expires_at: Option<Timestamp>,
}

impl HostState {
    /// Finds the site's id, or makes it at the first start.
    pub(super) async fn load(store: &Store, now: Timestamp) -> Result<Self, Error> {
        let site = store
            .write(Flush::Now, |tx| {
                if let Some(site) = tx.meta(SITE)? {
                    return Ok::<_, Error>(site);
                }
                let site = uuid::Uuid::now_v7().to_string();
                tx.set_meta(SITE, &site)?;
                Ok(site)
            })
            .await?;
        Ok(Self {
            site,
            started_at: now,
            host: RwLock::default(),
            history: Mutex::default(),
            standing: RwLock::default(),
        })
    }
}

impl App {
    /// The board's last measurement.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read`.
    pub fn host(&self, actor: &Actor) -> Result<Arc<Host>, Error> {
        require(actor, Scope::Read)?;
        Ok(Arc::clone(&self.inner.host.host.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// What Pym takes of the disk, and how full that is.
    ///
    /// # Errors
    /// A failure of the store, [`Error::Forbidden`] without the scope `read`.
    pub async fn storage(&self, actor: &Actor) -> Result<Storage, Error> {
        let disk = self.host(actor)?.disk;
        let path = self.inner.store.path().to_owned();
        self.inner
            .store
            .read(move |rx| {
                let packages = rx.packages()?.iter().map(|package| package.size).sum();
                let size = |suffix| {
                    let mut file = path.clone().into_os_string();
                    file.push(suffix);
                    // The log is there only while it holds something.
                    std::fs::metadata(file).map_or(0, |found| found.len())
                };
                Ok(Storage { database: size("") + size("-wal"), packages, disk })
            })
            .await
    }

    /// How the board and the daemon did within the last hour, oldest first: at most 360 points, ten seconds apart, with
    /// gaps where nothing was measured. It begins anew with the daemon.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read`.
    pub fn host_history(&self, actor: &Actor) -> Result<Vec<HostPoint>, Error> {
        require(actor, Scope::Read)?;
        Ok(self.inner.host.history.lock().unwrap_or_else(PoisonError::into_inner).points())
    }

    /// Keeps a measurement of the board.
    pub fn set_host(&self, host: Host) {
        let rates = self.inner.metrics.rates();
        self.inner.host.history.lock().unwrap_or_else(PoisonError::into_inner).note(&host, rates);
        *self.inner.host.host.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(host);
    }

    /// How the daemon can be reached.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.inner.host.standing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes how the daemon can be reached.
    pub fn update_standing(&self, change: impl FnOnce(&mut Standing)) {
        change(&mut self.inner.host.standing.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// How the daemon stands. The setup code is told on the control socket alone.
    ///
    /// # Errors
    /// A failure of the store, [`Error::Forbidden`] without the scope `read` or `own`.
    pub async fn status(&self, actor: &Actor) -> Result<Status, Error> {
        require_some(actor, Scope::Read)?;
        let standing = self.standing();
        let local = matches!(actor.principal, Principal::Local { .. });
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            site: self.inner.host.site.clone(),
            started_at: self.inner.host.started_at,
            ready: standing.ready,
            setup_needed: self.setup_needed().await?,
            setup_code: self.setup_code().filter(|_| local),
            data_dir: self.inner.settings.data_dir.display().to_string(),
            endpoints: standing.endpoints,
            ca_fingerprint: standing.ca_fingerprint,
            certificate_expires_at: standing.certificate_expires_at,
            counts: self.counts(actor).await?,
            rates: self.inner.metrics.rates(),
        })
    }

    /// Counts of devices and operations, as far as the caller may see them.
    ///
    /// # Errors
    /// A failure of the store, [`Error::Forbidden`] without the scope `read`, `own` or `metrics`.
    pub async fn counts(&self, actor: &Actor) -> Result<Counts, Error> {
        let own_of = if actor.scopes.allow(Scope::Metrics) { None } else { seen_by(actor, Scope::Read)? };
        let since = self.inner.clock.now().minus(Duration::from_hours(24));
        if let Some(name) = own_of {
            return self.own_counts(name, since).await;
        }
        let (devices, (operations_pending, operations_failed_last_day)) =
            self.inner.store.read(move |rx| Ok::<_, Error>((rx.device_counts()?, rx.operation_counts(since)?))).await?;
        let devices = devices.into_iter().collect::<BTreeMap<_, _>>();
        Ok(Counts { devices, online: self.inner.presence.count(), operations_pending, operations_failed_last_day })
    }

    async fn own_counts(&self, name: String, since: Timestamp) -> Result<Counts, Error> {
        let (own, operations_pending, operations_failed_last_day) = self
            .inner
            .store
            .read(move |rx| {
                let count = |statuses: &[OperationStatus], updated_since| {
                    let (statuses, own_of) = (statuses.to_vec(), Some(name.clone()));
                    let filter = OperationFilter { statuses, updated_since, own_of, ..OperationFilter::default() };
                    Ok::<_, Error>(rx.operations(&filter, &PageStart::Offset(0), 1)?.total)
                };
                let pending = count(&OperationStatus::WAITING, None)?;
                let failed = count(&[OperationStatus::Error], Some(since))?;
                Ok::<_, Error>((rx.own_devices(&name, MAX_OWN_WATCHED)?, pending, failed))
            })
            .await?;
        let mut devices = BTreeMap::new();
        for device in &own {
            *devices.entry(device.status).or_insert(0) += 1;
        }
        let online = own.iter().filter(|device| self.is_online(device.id)).count() as u64;
        Ok(Counts { devices, online, operations_pending, operations_failed_last_day })
    }
}
