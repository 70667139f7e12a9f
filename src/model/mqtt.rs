//! What of MQTT outlives a connection: sessions, subscriptions, queued and retained messages.

use bytes::Bytes;

use super::timestamp::Timestamp;

/// Delivery guarantee of a message (MQTT 3.1.1, section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Qos {
    AtMostOnce = 0,
    AtLeastOnce = 1,
    ExactlyOnce = 2,
}

/// What a session is known by: two devices may use the same client id without meeting.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionKey {
    /// The principal as text: a device's or a user's id.
    pub principal: String,
    pub client_id: String,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub topic: String,
    pub payload: Bytes,
    pub qos: Qos,
    pub retain: bool,
}

/// How far the sending of a queued message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueState {
    /// Not sent, as far as is known.
    Waiting,
    /// Sent, not acknowledged: a further sending carries DUP.
    Sent,
    /// `QoS` 2: PUBREC came, PUBREL is owed.
    Released,
}

/// A message queued for a persistent session.
#[derive(Clone, Debug)]
pub struct Queued {
    /// Grows with the order of queueing, unique in the store.
    pub sequence: i64,
    pub packet_id: u16,
    pub state: QueueState,
    pub message: Message,
}

/// A persistent session as the store keeps it.
#[derive(Clone, Debug)]
pub struct StoredSession {
    /// The store's own key.
    pub id: i64,
    pub key: SessionKey,
    pub subscriptions: Vec<(String, Qos)>,
    /// `QoS` 2 packet ids received and not yet released by the client.
    pub inbound: Vec<u16>,
    /// Ordered by `sequence`.
    pub queue: Vec<Queued>,
    pub last_used_at: Timestamp,
}
