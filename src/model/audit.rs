//! The audit trail: who did what to whom, from where, with what outcome.

use serde::{Deserialize, Serialize};

use super::timestamp::Timestamp;

/// One line of the trail.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Dense, from 1; the trail is never rewritten.
    pub number: i64,
    pub at: Timestamp,
    /// The principal, as it shows itself.
    pub actor: String,
    /// An address, `unix` or `internal`.
    pub origin: String,
    /// `resource.verb`, such as `device.enroll` or `user.login`.
    pub action: String,
    /// What it was done to, such as `raspberrypi:kitchen`.
    pub target: String,
    pub outcome: Outcome,
    /// More in words; never a secret.
    pub detail: String,
}

/// How an audited action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Done,
    Refused,
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Failed];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// The outcome of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == text)
    }
}

/// Which lines of the trail a list holds.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub actor: Option<String>,
    /// A whole action or its resource: `device` finds `device.enroll`.
    pub action: Option<String>,
    pub target: Option<String>,
    pub since: Option<Timestamp>,
    /// Only lines with a smaller number: the cursor of the next page.
    pub before: Option<i64>,
}
