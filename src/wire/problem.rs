//! Errors: `application/problem+json` (RFC 9457).

use serde::{Deserialize, Serialize};

/// What went wrong with a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// The status's own phrase, such as `Not Found`.
    pub title: String,
    pub status: u16,
    /// What was attempted on what, and why it failed, in words.
    pub detail: String,
    /// The member of the request that is wrong, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}
