//! Groups of devices, filled by hand or by a query.

use serde::{Deserialize, Serialize};

use super::id::GroupId;
use super::timestamp::Timestamp;

/// A named set of devices.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    pub id: GroupId,
    /// The integer that clients of the Entgra API know the group by; dense, from 1.
    pub number: i64,
    /// Unique; 1 to 200 bytes.
    pub name: String,
    pub description: String,
    /// What its devices fit, in the query language; absent for a group that is filled by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    pub owner: String,
    pub created_at: Timestamp,
    /// How many devices it holds.
    pub devices: u64,
}

/// What makes a group, or replaces what is said of it.
#[derive(Clone, Debug, Default)]
pub struct NewGroup {
    pub name: String,
    pub description: String,
    /// What its devices fit, in the query language; `None` for a group that is filled by hand.
    pub query: Option<String>,
}

/// Which groups are meant: every given condition must hold.
#[derive(Clone, Debug, Default)]
pub struct GroupFilter {
    /// Part of the name, in any letter case.
    pub name: Option<String>,
    pub owner: Option<String>,
    /// Every group there is, which only those may ask for who may see them all.
    pub everyones: bool,
}

impl GroupFilter {
    /// Whether the group is meant.
    #[must_use]
    pub fn fits(&self, group: &Group) -> bool {
        self.name.as_ref().is_none_or(|part| group.name.to_lowercase().contains(&part.to_lowercase()))
            && self.owner.as_ref().is_none_or(|owner| group.owner.eq_ignore_ascii_case(owner))
    }
}
