//! Where a device is and was.

pub use crate::model::location::{Address, Location};
