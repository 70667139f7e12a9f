//! The stream of changes, and the latest notices for those who join late.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::access::seen_by;
use super::{App, Error, require};
use crate::model::actor::{Actor, Scope};
use crate::model::change::{Area, Change, NoticeKind};
use crate::model::id::DeviceId;

/// How far a watcher may fall behind before it loses changes (it is told how many).
const BACKLOG: usize = 1024;
/// How many notices are kept for new watchers.
const NOTICES: usize = 200;

/// The most devices whose changes somebody sees who may see their own alone.
pub(super) const MAX_OWN_WATCHED: u32 = 10_000;

#[derive(Debug)]
pub(super) struct Changes {
    sender: broadcast::Sender<Arc<Change>>,
    notices: Mutex<VecDeque<Arc<Change>>>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(BACKLOG), notices: Mutex::default() }
    }
}

impl App {
    /// Every change from now on. A receiver that lags is told how many it lost.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read`.
    pub fn watch(&self, actor: &Actor) -> Result<broadcast::Receiver<Arc<Change>>, Error> {
        require(actor, Scope::Read)?;
        Ok(self.inner.changes.sender.subscribe())
    }

    /// The latest notices of the whole site, newest first, at most 200.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read`.
    pub fn notices(&self, actor: &Actor) -> Result<Vec<Arc<Change>>, Error> {
        require(actor, Scope::Read)?;
        Ok(self.inner.changes.notices.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect())
    }

    /// What the caller may see of the changes from now on.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read` or `own`, or a failure of the store.
    pub async fn view(&self, actor: &Actor) -> Result<View, Error> {
        let mut view = View { changes: self.inner.changes.sender.subscribe(), own: None, gone: Vec::new() };
        view.refresh(self, actor).await?;
        Ok(view)
    }

    /// Tells the watchers of a committed change.
    pub(super) fn tell(&self, change: Change) {
        // Nobody may be watching.
        drop(self.inner.changes.sender.send(Arc::new(change)));
    }

    /// Tells the watchers that something of that kind was made, changed or deleted.
    pub(super) fn edited(&self, area: Area) {
        self.tell(Change::Edited(area));
    }

    /// Tells the watchers something a person should read, and keeps it for those who join. A refusal that repeats the
    /// newest one is not told again, so that one stubborn client does not drive out all else.
    pub fn notice(&self, kind: NoticeKind, device: Option<DeviceId>, text: String) {
        let mut notices = self.inner.changes.notices.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |newest: &Arc<Change>| matches!(&**newest, Change::Notice { text: told, .. } if *told == text);
        if kind == NoticeKind::Refused && notices.front().is_some_and(same) {
            return;
        }
        let change = Arc::new(Change::Notice { at: self.inner.clock.now(), kind, text, device });
        notices.truncate(NOTICES - 1);
        notices.push_front(Arc::clone(&change));
        drop(notices);
        drop(self.inner.changes.sender.send(change));
    }
}

/// The changes as far as somebody may see them.
#[derive(Debug)]
pub struct View {
    changes: broadcast::Receiver<Arc<Change>>,
    /// For those who may see their own devices alone.
    own: Option<Own>,
    gone: Vec<DeviceId>,
}

/// One step of a [`View`].
#[derive(Debug)]
pub enum Seen {
    Change(Arc<Change>),
    /// A device is no longer the caller's to see.
    Gone(DeviceId),
    /// The caller was too slow for that many changes.
    Lost(u64),
}

#[derive(Debug)]
struct Own {
    name: String,
    /// The own devices; true: by ownership, false: through a group alone.
    devices: HashMap<DeviceId, bool>,
}

impl View {
    /// The next step; `None` when there will be none. Losing the future before it ends loses nothing.
    pub async fn next(&mut self) -> Option<Seen> {
        loop {
            if let Some(gone) = self.gone.pop() {
                return Some(Seen::Gone(gone));
            }
            match self.changes.recv().await {
                Ok(change) => {
                    if self.own.as_mut().is_none_or(|own| own.sees(&change, &mut self.gone)) {
                        return Some(Seen::Change(change));
                    }
                }
                Err(RecvError::Lagged(lost)) => return Some(Seen::Lost(lost)),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// The latest notices the caller may see, newest first, at most 200.
    #[must_use]
    pub fn notices(&self, app: &App) -> Vec<Arc<Change>> {
        let notices = app.inner.changes.notices.lock().unwrap_or_else(PoisonError::into_inner);
        let sees = |notice: &&Arc<Change>| self.own.as_ref().is_none_or(|own| own.has(notice));
        notices.iter().filter(sees).cloned().collect()
    }

    /// Looks up again what the caller may see: their scopes, owners and groups may have changed.
    ///
    /// # Errors
    /// As [`App::view`].
    pub async fn refresh(&mut self, app: &App, actor: &Actor) -> Result<(), Error> {
        let Some(name) = seen_by(actor, Scope::Read)? else {
            self.own = None;
            return Ok(());
        };
        let asked = name.clone();
        let found = app.inner.store.read(move |rx| rx.own_devices(&asked, MAX_OWN_WATCHED)).await?;
        let devices: HashMap<_, _> = found.into_iter().map(|device| (device.id, device.owned)).collect();
        if let Some(before) = self.own.replace(Own { name, devices }) {
            let lost = before.devices.into_keys().filter(|id| !self.own.iter().any(|own| own.devices.contains_key(id)));
            self.gone.extend(lost.collect::<Vec<_>>());
        }
        Ok(())
    }
}

impl Own {
    fn sees(&mut self, change: &Change, gone: &mut Vec<DeviceId>) -> bool {
        if let Change::Device { device, .. } = change {
            if device.owner == self.name {
                self.devices.insert(device.id, true);
            } else if self.devices.get(&device.id) == Some(&true) {
                // It has another owner now; if a group still shares it, the next look finds out.
                self.devices.remove(&device.id);
                gone.push(device.id);
            }
        }
        self.has(change)
    }

    fn has(&self, change: &Change) -> bool {
        let device = match change {
            Change::Device { device, .. } => Some(device.id),
            Change::Operation { operation } => Some(operation.device),
            Change::Telemetry { device, .. } => Some(*device),
            Change::Notice { device, .. } => *device,
            // It says that something changed, and not what.
            Change::Edited(_) => return true,
        };
        device.is_some_and(|device| self.devices.contains_key(&device))
    }
}

#[cfg(test)]
mod tests;
