//! What the tests of this layer share: an application over a real store in a temporary directory, and its people.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::downlink::Downlink;
use super::{App, Clock, PolicySettings, Settings};
use crate::metrics::Metrics;
use crate::model::actor::{Actor, Principal, Scope, Scopes};
use crate::model::device::{Device, NewDevice};
use crate::model::user::NewUser;
use crate::store::Store;

/// An application under test; the directory goes with it.
pub(crate) struct Site {
    pub(crate) app: App,
    pub(crate) clock: Clock,
    pub(crate) downlink: mpsc::Receiver<Downlink>,
    _dir: tempfile::TempDir,
}

pub(crate) async fn site() -> Site {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("pym.db")).unwrap();
    let clock = Clock::default();
    let settings = Settings {
        data_dir: dir.path().to_owned(),
        public_host: None,
        unreachable_after: Duration::from_mins(10),
        inactive_after: Duration::from_mins(15),
        access_token_ttl: Duration::from_hours(1),
        policy: PolicySettings::default(),
    };
    let (app, downlink) = App::open(store, clock.clone(), Arc::new(Metrics::default()), settings).await.unwrap();
    Site { app, clock, downlink, _dir: dir }
}

/// A local operator with every scope.
pub(crate) fn operator() -> Actor {
    Actor { principal: Principal::Local { uid: 0 }, scopes: Scopes::ALL, origin: "unix".to_owned() }
}

/// A person of that name to be made, with one role.
pub(crate) fn user(name: &str, role: &str) -> NewUser {
    NewUser { name: name.to_owned(), roles: vec![role.to_owned()], ..NewUser::default() }
}

/// What the role `operator` allows.
pub(crate) fn operators() -> Scopes {
    [Scope::Read, Scope::Operate, Scope::Enroll, Scope::Policy].into_iter().collect()
}

/// A caller with these scopes alone.
pub(crate) fn with(scopes: &[Scope]) -> Actor {
    Actor { scopes: scopes.iter().copied().collect(), ..operator() }
}

/// The device itself.
pub(crate) fn itself(device: &Device) -> Actor {
    let principal = Principal::Device {
        id: device.id,
        device_type: device.device_type.clone(),
        identifier: device.identifier.clone(),
    };
    Actor { principal, scopes: Scopes::NONE, origin: "10.0.0.2".to_owned() }
}

impl Site {
    /// Opens the site CA.
    pub(crate) fn with_ca(&self) {
        let pki = crate::pki::Pki::open(&self.app.settings().data_dir, self.clock.now(), "gateway", &[]).unwrap();
        self.app.use_pki(Arc::new(pki));
    }

    /// Enrolls a Raspberry Pi.
    pub(crate) async fn pi(&self, identifier: &str) -> Device {
        let new = NewDevice {
            device_type: "raspberrypi".to_owned(),
            identifier: identifier.to_owned(),
            ..NewDevice::default()
        };
        self.app.enroll(&operator(), new).await.unwrap().device
    }
}
