//! The stream of changes, and the latest notices for those who join late.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;

use super::{App, Error, require};
use crate::model::actor::{Actor, Scope};
use crate::model::change::{Change, NoticeKind};
use crate::model::id::DeviceId;

/// How far a watcher may fall behind before it loses changes (it is told how many).
const BACKLOG: usize = 1024;
/// How many notices are kept for new watchers.
const NOTICES: usize = 200;

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

    /// The latest notices, newest first, at most 200.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope `read`.
    pub fn notices(&self, actor: &Actor) -> Result<Vec<Arc<Change>>, Error> {
        require(actor, Scope::Read)?;
        Ok(self.inner.changes.notices.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect())
    }

    /// Tells the watchers of a committed change.
    pub(super) fn tell(&self, change: Change) {
        // Nobody may be watching.
        drop(self.inner.changes.sender.send(Arc::new(change)));
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
