//! DOOR: MQTT. Pym's own broker: packets, sessions, the topic tree, retained messages and access rules.

pub mod codec;
pub mod limits;
pub mod topic;
