//! What is installed on a device.

pub use crate::model::application::Application;
