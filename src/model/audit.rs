//! The audit trail: who did what to whom, from where, with what outcome.

use serde::{Deserialize, Serialize};

use super::text::csv_text;
use super::timestamp::Timestamp;

/// One line of the trail.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuditEntry {
    /// From 1, without gaps; lines are never rewritten, and the oldest are forgotten beyond a million.
    pub number: i64,
    pub at: Timestamp,
    /// The principal, as it shows itself.
    pub actor: String,
    /// An address, `unix` or `internal`; for a person who speaks for a device, their name after it.
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

impl AuditEntry {
    /// The names of the columns of [`AuditEntry::csv`].
    pub const CSV_HEADER: &'static str = "number,time,actor,origin,action,target,outcome,detail\r\n";

    /// The entry as one line of comma-separated values (RFC 4180), every text of which a spreadsheet takes for text.
    #[must_use]
    pub fn csv(&self) -> String {
        let texts = [&self.actor, &self.origin, &self.action, &self.target].map(|text| csv_text(text));
        let [actor, origin, action, target] = texts;
        let (outcome, detail) = (self.outcome.name(), csv_text(&self.detail));
        format!("{},{},{actor},{origin},{action},{target},{outcome},{detail}\r\n", self.number, self.at)
    }
}

/// Which lines of the trail a list holds.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub actor: Option<String>,
    /// A whole action or its resource: `device` finds `device.enroll`.
    pub action: Option<String>,
    pub target: Option<String>,
    pub outcome: Option<Outcome>,
    pub since: Option<Timestamp>,
    /// Only lines before this time.
    pub until: Option<Timestamp>,
    /// Only lines with a smaller number: the cursor of the next page.
    pub before: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_calculates_nothing() {
        let entry = |target: &str| AuditEntry {
            number: 7,
            at: Timestamp::from_millis(0),
            actor: "ada".to_owned(),
            origin: "unix".to_owned(),
            action: "device.edit".to_owned(),
            target: target.to_owned(),
            outcome: Outcome::Done,
            detail: String::new(),
        };
        let at = Timestamp::from_millis(0);
        for (target, field) in [
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@x", "\"'@x\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("a,b\nc", "\"a,b\nc\""),
            ("pi-1", "\"pi-1\""),
        ] {
            let line = format!("7,{at},\"ada\",\"unix\",\"device.edit\",{field},done,\"\"\r\n");
            assert_eq!(entry(target).csv(), line);
        }
    }
}
