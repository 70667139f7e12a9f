//! Pages: every list that may be long is read in pieces.

use serde::{Deserialize, Serialize};

/// The most rows one page of any list holds.
pub const MAX_PAGE: u32 = 1000;

/// One page of a list, and how to get the next.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Pass it as `cursor` for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many items there are in all pages.
    pub total: u64,
}

impl<T> Page<T> {
    /// The page of a list that has one alone.
    #[must_use]
    pub fn whole(items: Vec<T>) -> Self {
        Self { total: items.len() as u64, items, next: None }
    }
}
