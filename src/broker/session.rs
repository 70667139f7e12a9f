//! One session: what a client is owed, across its connections when it is persistent (MQTT 3.1.1, sections 3.1.2.4, 4.3
//! and 4.4).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, PubRel, Publish};
use tokio::sync::Notify;

use super::codec;
use super::limits::{
    MAX_IN_FLIGHT, MAX_OUTBOX_BYTES, MAX_OUTBOX_MESSAGES, MAX_PUSHED, MAX_QUEUED_BYTES, MAX_QUEUED_MESSAGES,
    WRITE_AHEAD,
};
use super::retained::{Replay, Retained};
use super::topic;
use crate::model::device_type::Completes;
use crate::model::id::{DeviceId, OperationId};
use crate::model::mqtt::{Message, Qos, QueueState, Queued, SessionKey, StoredSession};

/// A session's number, never used again.
pub(super) type SessionId = u64;
/// A connection's number, never used again.
pub(super) type ConnectionId = u64;

/// What a client is owed. Dropped with its connection unless `stored`.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) key: Arc<SessionKey>,
    /// The store's row of a persistent session.
    pub(super) stored: Option<i64>,
    pub(super) device: Option<DeviceId>,
    pub(super) subscriptions: Vec<(Box<str>, Qos)>,
    /// `QoS` 2 packet ids of the client that it has not released.
    pub(super) inbound: BTreeMap<u16, Inbound>,
    pub(super) live: Option<Box<Live>>,
    /// Grows with every use of any session.
    pub(super) used: u64,
    /// `QoS` 1 and 2 messages, in the order in which they are sent.
    queue: VecDeque<Outgoing>,
    queued_bytes: usize,
    in_flight: usize,
    last_packet_id: u16,
}

/// How far a `QoS` 2 message of the client has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inbound {
    /// On its way to the store: it may yet be lost, so that nothing is acknowledged.
    Passing,
    /// Kept and delivered: it is acknowledged as often as it comes.
    Kept,
}

/// The connected side of a session.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) connection: ConnectionId,
    /// SHA-256 of the token of its CONNECT.
    pub(super) token: [u8; 32],
    pub(super) wake: Arc<Notify>,
    /// The connection is to end.
    pub(super) revoked: bool,
    /// Publishers that wait until this session has caught up.
    pub(super) holding: Vec<SessionId>,
    /// It held its publishers back for too long: its messages are dropped instead, until it has caught up.
    pub(super) lagging: bool,
    /// The operations pushed last: the store learns of a delivery a moment after the device has it.
    pushed: VecDeque<OperationId>,
    outbox: VecDeque<Posted>,
    outbox_bytes: usize,
    replays: VecDeque<Replay>,
}

impl Live {
    pub(super) fn new(connection: ConnectionId, token: [u8; 32]) -> Self {
        Self {
            connection,
            token,
            wake: Arc::default(),
            revoked: false,
            holding: Vec::new(),
            lagging: false,
            pushed: VecDeque::new(),
            outbox: VecDeque::new(),
            outbox_bytes: 0,
            replays: VecDeque::new(),
        }
    }
}

/// An operation that travels as a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pushed {
    pub(super) operation: OperationId,
    pub(super) completes: Completes,
}

/// A `QoS` 0 message to be written.
#[derive(Debug)]
struct Posted {
    message: Arc<Message>,
    retain: bool,
    pushed: Option<Pushed>,
}

/// A `QoS` 1 or 2 message to be delivered.
#[derive(Debug)]
struct Outgoing {
    /// The store's row; `None` for what does not outlive the daemon.
    sequence: Option<i64>,
    packet_id: u16,
    qos: Qos,
    retain: bool,
    /// It may have been sent before.
    dup: bool,
    state: State,
    message: Arc<Message>,
    pushed: Option<Pushed>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its row is not committed.
    Uncommitted,
    Waiting,
    Sent,
    /// PUBREC came on an earlier connection: PUBREL is to be sent.
    ReleaseOwed,
    Released,
}

impl State {
    const fn in_flight(self) -> bool {
        matches!(self, Self::Sent | Self::ReleaseOwed | Self::Released)
    }
}

/// A message that left the queue.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) sequence: Option<i64>,
    pub(super) pushed: Option<Pushed>,
    pub(super) bytes: usize,
}

/// What was encoded for the socket.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Publishes.
    pub(super) messages: u64,
    /// Operations delivered once the bytes are written.
    pub(super) pushed: Vec<Pushed>,
}

impl Session {
    pub(super) fn new(key: Arc<SessionKey>, stored: Option<i64>, device: Option<DeviceId>) -> Self {
        Self {
            key,
            stored,
            device,
            subscriptions: Vec::new(),
            inbound: BTreeMap::new(),
            live: None,
            used: 0,
            queue: VecDeque::new(),
            queued_bytes: 0,
            in_flight: 0,
            last_packet_id: 0,
        }
    }

    /// A session as the store kept it.
    pub(super) fn restored(stored: StoredSession, device: Option<DeviceId>) -> Self {
        let mut session = Self::new(Arc::new(stored.key), Some(stored.id), device);
        session.inbound = stored.inbound.into_iter().map(|packet_id| (packet_id, Inbound::Kept)).collect();
        session.subscriptions =
            stored.subscriptions.into_iter().map(|(filter, qos)| (filter.into_boxed_str(), qos)).collect();
        for Queued { sequence, packet_id, state, message } in stored.queue {
            session.last_packet_id = packet_id;
            session.queued_bytes += size(&message);
            session.queue.push_back(Outgoing {
                sequence: Some(sequence),
                packet_id,
                qos: message.qos,
                retain: message.retain,
                dup: state == QueueState::Sent,
                state: if state == QueueState::Released { State::ReleaseOwed } else { State::Waiting },
                message: Arc::new(message),
                pushed: None,
            });
        }
        session.in_flight = session.queue.iter().filter(|entry| entry.state.in_flight()).count();
        session
    }

    /// Bytes waiting in the queue, to be counted into the total.
    pub(super) fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    /// How many messages wait in the queue.
    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// The highest `QoS` of the subscriptions that match.
    pub(super) fn listens(&self, topic: &str) -> Option<Qos> {
        self.subscriptions.iter().filter(|(filter, _)| topic::matches(filter, topic)).map(|(_, qos)| *qos).max()
    }

    /// Whether the queue takes another message.
    pub(super) fn has_room(&self, message: &Message) -> bool {
        self.queue.len() < MAX_QUEUED_MESSAGES && self.queued_bytes + size(message) <= MAX_QUEUED_BYTES
    }

    /// Whether so much waits for this connection that its publishers should pause.
    pub(super) fn is_congested(&self) -> bool {
        self.live.as_ref().is_some_and(|live| !live.lagging)
            && (self.queue.len() > MAX_QUEUED_MESSAGES / 2 || self.queued_bytes > MAX_QUEUED_BYTES / 2)
    }

    /// Whether what waited has been worked off.
    pub(super) fn has_caught_up(&self) -> bool {
        self.queue.len() <= MAX_QUEUED_MESSAGES / 4 && self.queued_bytes <= MAX_QUEUED_BYTES / 4
    }

    /// Queues a `QoS` 1 or 2 message and returns its packet id. With a sequence it waits for [`Session::commit`].
    pub(super) fn enqueue(
        &mut self,
        message: Arc<Message>,
        qos: Qos,
        retain: bool,
        sequence: Option<i64>,
        pushed: Option<Pushed>,
    ) -> u16 {
        let packet_id = self.next_packet_id();
        self.queued_bytes += size(&message);
        let state = if sequence.is_some() { State::Uncommitted } else { State::Waiting };
        self.queue.push_back(Outgoing { sequence, packet_id, qos, retain, dup: false, state, message, pushed });
        packet_id
    }

    /// The queue is far shorter than there are ids, so that one is always free.
    fn next_packet_id(&mut self) -> u16 {
        loop {
            self.last_packet_id = self.last_packet_id.checked_add(1).unwrap_or(1);
            if !self.queue.iter().any(|entry| entry.packet_id == self.last_packet_id) {
                return self.last_packet_id;
            }
        }
    }

    /// The row of that sequence is committed: the message may be sent.
    pub(super) fn commit(&mut self, sequence: i64) {
        if let Some(entry) = self.queue.iter_mut().rev().find(|entry| entry.sequence == Some(sequence))
            && entry.state == State::Uncommitted
        {
            entry.state = State::Waiting;
        }
    }

    /// The row of that sequence could not be committed; returns the bytes that left the queue.
    pub(super) fn discard(&mut self, sequence: i64) -> usize {
        match self.queue.iter().position(|entry| entry.sequence == Some(sequence)) {
            Some(at) => self.remove(at).bytes,
            None => 0,
        }
    }

    /// Puts a `QoS` 0 message into the outbox; false when it is full.
    pub(super) fn post(&mut self, message: Arc<Message>, retain: bool, pushed: Option<Pushed>) -> bool {
        let Some(live) = self.live.as_deref_mut() else { return true };
        if live.outbox.len() >= MAX_OUTBOX_MESSAGES || live.outbox_bytes + size(&message) > MAX_OUTBOX_BYTES {
            return false;
        }
        live.outbox_bytes += size(&message);
        live.outbox.push_back(Posted { message, retain, pushed });
        true
    }

    /// Whether the operation went, or goes, over the open connection.
    pub(super) fn carries(&self, operation: OperationId) -> bool {
        self.live.as_ref().is_some_and(|live| live.pushed.contains(&operation))
    }

    /// Remembers that the operation goes over the open connection.
    pub(super) fn carry(&mut self, operation: OperationId) {
        if let Some(live) = &mut self.live {
            live.pushed.truncate(MAX_PUSHED - 1);
            live.pushed.push_front(operation);
        }
    }

    /// Sends the retained messages that match a new subscription.
    pub(super) fn replay(&mut self, replay: Replay) {
        if let Some(live) = &mut self.live {
            live.replays.push_back(replay);
        }
    }

    /// PUBACK: the message was delivered.
    pub(super) fn acknowledged(&mut self, packet_id: u16) -> Option<Settled> {
        self.settle(packet_id, |entry| entry.qos == Qos::AtLeastOnce && entry.state == State::Sent)
    }

    /// PUBREC: the client has the message. Returns its sequence when that is to be made durable before PUBREL.
    pub(super) fn received(&mut self, packet_id: u16) -> Option<i64> {
        let entry = self.queue.iter_mut().find(|entry| entry.packet_id == packet_id)?;
        if entry.qos != Qos::ExactlyOnce || entry.state != State::Sent {
            return None;
        }
        entry.state = State::Released;
        entry.sequence
    }

    /// That PUBREC came could not be made durable: the message is sent again on the next connection.
    pub(super) fn unreceive(&mut self, sequence: i64) {
        for entry in self.queue.iter_mut().filter(|entry| entry.sequence == Some(sequence)) {
            match entry.state {
                State::Released => entry.state = State::Sent,
                // The connection ended before the commit failed.
                State::ReleaseOwed => {
                    entry.state = State::Waiting;
                    entry.dup = true;
                    self.in_flight -= 1;
                }
                State::Uncommitted | State::Waiting | State::Sent => {}
            }
        }
    }

    /// PUBCOMP: the exchange is over.
    pub(super) fn completed(&mut self, packet_id: u16) -> Option<Settled> {
        self.settle(packet_id, |entry| entry.state == State::Released)
    }

    fn settle(&mut self, packet_id: u16, fits: impl Fn(&Outgoing) -> bool) -> Option<Settled> {
        let at = self.queue.iter().position(|entry| entry.packet_id == packet_id)?;
        self.queue.get(at).is_some_and(fits).then(|| self.remove(at))
    }

    fn remove(&mut self, at: usize) -> Settled {
        let Some(entry) = self.queue.remove(at) else { return Settled::default() };
        self.queued_bytes -= size(&entry.message);
        self.in_flight -= usize::from(entry.state.in_flight());
        if self.queue.is_empty() {
            self.queue = VecDeque::new();
        }
        Settled { sequence: entry.sequence, pushed: entry.pushed, bytes: size(&entry.message) }
    }

    /// The connection ended: operations on their way are forgotten, what was in flight will be sent again. Returns the
    /// sequences of the latter.
    pub(super) fn disconnect(&mut self) -> Vec<i64> {
        self.live = None;
        self.queue.retain(|entry| entry.pushed.is_none());
        self.queued_bytes = self.queue.iter().map(|entry| size(&entry.message)).sum();
        let mut in_flight = Vec::new();
        for entry in &mut self.queue {
            match entry.state {
                State::Sent => {
                    in_flight.extend(entry.sequence);
                    entry.dup = true;
                    entry.state = State::Waiting;
                }
                State::Released => entry.state = State::ReleaseOwed,
                State::Uncommitted | State::Waiting | State::ReleaseOwed => {}
            }
        }
        self.in_flight = self.queue.iter().filter(|entry| entry.state.in_flight()).count();
        in_flight
    }

    /// Encodes what is to be sent, until enough bytes are ahead of the socket. Returns also the bytes that replays added
    /// to the queue.
    pub(super) fn write(&mut self, buffer: &mut BytesMut, retained: &Retained) -> (Written, usize) {
        let (mut written, mut added) = (Written::default(), 0);
        loop {
            self.write_queue(buffer, &mut written);
            self.write_outbox(buffer, &mut written);
            let replayed = self.replay_next(buffer, retained, &mut written, &mut added);
            if buffer.len() >= WRITE_AHEAD || !replayed {
                return (written, added);
            }
        }
    }

    fn write_queue(&mut self, buffer: &mut BytesMut, written: &mut Written) {
        for entry in &mut self.queue {
            if buffer.len() >= WRITE_AHEAD {
                return;
            }
            match entry.state {
                State::ReleaseOwed => {
                    codec::write(&Packet::PubRel(PubRel::new(entry.packet_id)), buffer);
                    entry.state = State::Released;
                }
                State::Waiting if self.in_flight < MAX_IN_FLIGHT => {
                    publish(buffer, &entry.message, (entry.qos, entry.packet_id), entry.dup, entry.retain);
                    written.messages += 1;
                    entry.state = State::Sent;
                    self.in_flight += 1;
                }
                // Order is kept: nothing overtakes a message that may not be sent yet.
                State::Uncommitted | State::Waiting => return,
                State::Sent | State::Released => {}
            }
        }
    }

    fn write_outbox(&mut self, buffer: &mut BytesMut, written: &mut Written) {
        let Some(live) = self.live.as_deref_mut() else { return };
        while buffer.len() < WRITE_AHEAD
            && let Some(Posted { message, retain, pushed }) = live.outbox.pop_front()
        {
            publish(buffer, &message, (Qos::AtMostOnce, 0), false, retain);
            written.messages += 1;
            written.pushed.extend(pushed);
            live.outbox_bytes -= size(&message);
        }
        if live.outbox.is_empty() {
            live.outbox = VecDeque::new();
        }
    }

    /// Sends or queues the next retained message that a subscription asks for; false when there is none for now.
    fn replay_next(
        &mut self,
        buffer: &mut BytesMut,
        retained: &Retained,
        written: &mut Written,
        added: &mut usize,
    ) -> bool {
        let Some(replay) = self.live.as_deref_mut().and_then(|live| live.replays.front_mut()) else { return false };
        if replay.qos > Qos::AtMostOnce && self.queue.len() >= MAX_IN_FLIGHT {
            return false;
        }
        let qos = replay.qos;
        let Some(message) = retained.next(replay) else {
            let Some(live) = self.live.as_deref_mut() else { return false };
            live.replays.pop_front();
            return true;
        };
        match qos.min(message.qos) {
            Qos::AtMostOnce => {
                publish(buffer, &message, (Qos::AtMostOnce, 0), false, true);
                written.messages += 1;
            }
            qos => {
                *added += size(&message);
                self.enqueue(message, qos, true, None, None);
            }
        }
        true
    }
}

/// What a message counts for in the bounds on bytes.
pub(super) fn size(message: &Message) -> usize {
    message.topic.len() + message.payload.len()
}

fn publish(buffer: &mut BytesMut, message: &Message, (qos, packet_id): (Qos, u16), dup: bool, retain: bool) {
    let packet = Publish {
        dup,
        qos: match qos {
            Qos::AtMostOnce => QoS::AtMostOnce,
            Qos::AtLeastOnce => QoS::AtLeastOnce,
            Qos::ExactlyOnce => QoS::ExactlyOnce,
        },
        retain,
        topic: message.topic.clone(),
        pkid: packet_id,
        payload: Bytes::clone(&message.payload),
    };
    codec::write(&Packet::Publish(packet), buffer);
}
