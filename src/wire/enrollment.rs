//! Where devices enroll themselves.

pub use crate::model::enrollment::Enrollment;
