//! A static group of devices.

use serde::{Deserialize, Serialize};

use super::id::GroupId;
use super::timestamp::Timestamp;

/// A named set of devices, filled by hand.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    pub id: GroupId,
    /// The integer that clients of the Entgra API know the group by; dense, from 1.
    pub number: i64,
    /// Unique; 1 to 200 bytes.
    pub name: String,
    pub description: String,
    pub owner: String,
    pub created_at: Timestamp,
    /// How many devices it holds.
    pub devices: u64,
}
