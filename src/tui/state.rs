//! What is known of the daemon: a snapshot, brought up to date by deltas. One file per list.

pub(crate) mod board;
pub(crate) mod cursor;
pub(crate) mod devices;
pub(crate) mod input;
pub(crate) mod notices;
pub(crate) mod operations;
pub(crate) mod page;

use board::Board;
use devices::Devices;
use notices::Notices;
use operations::Operations;
use page::Page;

use crate::model::id::{DeviceId, OperationId};
use crate::model::timestamp::Timestamp;
use crate::wire::operation::Operation;
use crate::wire::watch::{Change, Delta, Snapshot};

/// Everything the screens show.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The time of the last message; `None` before the first.
    pub(crate) at: Option<Timestamp>,
    /// Changes that the daemon could not deliver since the start.
    pub(crate) missed: u64,
    pub(crate) board: Board,
    pub(crate) devices: Devices,
    pub(crate) operations: Operations,
    pub(crate) notices: Notices,
    /// The page of a device, while one is open.
    pub(crate) page: Option<Page>,
}

impl State {
    /// Takes the whole picture. Filters, sorting, selections and histories stay.
    pub(crate) fn snapshot(&mut self, snapshot: Snapshot) {
        self.at = Some(snapshot.at);
        self.board.host(snapshot.host);
        self.board.status(snapshot.status);
        self.devices.replace(snapshot.devices);
        self.operations.replace(snapshot.operations);
        self.notices.replace(snapshot.notices);
    }

    /// Takes what changed.
    pub(crate) fn delta(&mut self, delta: Delta) {
        self.at = Some(delta.at);
        self.missed += delta.dropped;
        for change in delta.changes {
            self.change(change, delta.at);
        }
    }

    fn change(&mut self, change: Change, now: Timestamp) {
        match change {
            Change::Device { device } => {
                if let Some(detail) = self.page_of(device.id).and_then(|page| page.detail.as_mut()) {
                    detail.device = (*device).clone();
                }
                self.devices.put(*device);
            }
            Change::DeviceGone { id } => {
                self.devices.remove(id);
                self.operations.forget(id);
                if self.page_of(id).is_some() {
                    self.page = None;
                }
            }
            Change::Operation { operation } => {
                if let Some(page) = self.page_of(operation.device) {
                    page.operations.put((*operation).clone());
                }
                self.operations.put(*operation);
            }
            // The device's own clock may be wrong.
            Change::Telemetry { device, at: _, values } => {
                if let Some(page) = self.page_of(device) {
                    for (name, value) in &values {
                        page.value(name, now, value);
                    }
                }
            }
            Change::Notice { notice } => self.notices.put(notice),
            Change::Host { host } => self.board.host(*host),
            Change::Status { status } => self.board.status(*status),
        }
    }

    /// An operation that is known, from the list or from the open page.
    pub(crate) fn operation(&self, id: OperationId) -> Option<&Operation> {
        self.operations.get(id).or_else(|| self.page.as_ref().and_then(|page| page.operations.get(id)))
    }

    /// The open page, where it is this device's.
    pub(crate) fn page_of(&mut self, device: DeviceId) -> Option<&mut Page> {
        self.page.as_mut().filter(|page| page.device == device)
    }
}
