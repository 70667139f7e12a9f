//! What happens to the UI, in one order, and what it asks for.

use crossterm::event::KeyEvent;

use super::conn::Connection;
use crate::model::device_type::DeviceType;
use crate::model::id::{DeviceId, OperationId};
use crate::wire::admin::Setup;
use crate::wire::device::{Device, DeviceDetail};
use crate::wire::operation::{Activity, NewActivity, Operation};
use crate::wire::telemetry::Series;
use crate::wire::watch::{Delta, Snapshot};

/// Something that happened. Every event goes through one bounded channel, so the UI sees one order.
#[derive(Debug)]
pub(crate) enum Event {
    Key(KeyEvent),
    /// The terminal has another size.
    Resized,
    /// A second has passed.
    Tick,
    Connection(Connection),
    Snapshot(Box<Snapshot>),
    Delta(Delta),
    Reply(Reply),
    /// The terminal is gone, or a signal came.
    Quit,
}

/// The answer to an [`Action`]; what failed is a sentence.
#[derive(Debug)]
pub(crate) enum Reply {
    Device(DeviceId, Result<Box<DeviceDetail>, String>),
    /// The first devices that fit a query.
    Found(String, Result<Vec<Device>, String>),
    Operations(DeviceId, Vec<Operation>),
    Series(DeviceId, Series),
    DeviceType(DeviceId, Result<Box<DeviceType>, String>),
    Sent(Result<Box<Activity>, String>),
    Cancelled(Result<Box<Operation>, String>),
    /// The administrator of that name was made.
    SetUp(Result<String, String>),
    /// The daemon was asked in vain, and the screen shows nothing in its place.
    Failed(String),
}

/// Something that only the runner does.
#[derive(Debug)]
pub(crate) enum Action {
    /// Leave, with the terminal as it was.
    Quit,
    /// Clear the terminal before the next drawing.
    Repaint,
    /// Connect now, not when the waiting time is over.
    Retry,
    /// Ask for all that is known of a device, and for its operations.
    Device(DeviceId),
    /// Ask for the devices that fit a query.
    Find(String),
    /// Ask for the recent points of metrics.
    Series(DeviceId, Vec<String>),
    /// Ask for the type of a device, by its name.
    DeviceType(DeviceId, String),
    Send(NewActivity),
    Cancel(OperationId),
    Setup(Setup),
}
