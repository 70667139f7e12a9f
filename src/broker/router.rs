//! Who gets which message: sessions, the filter tree and the retained messages under one lock that is never held across
//! an await.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use super::limits::{
    MAX_CONNECTIONS, MAX_OWN_CONNECTIONS, MAX_OWN_SESSIONS, MAX_QUEUED_BYTES_TOTAL, MAX_SESSIONS, MAX_SUBSCRIPTIONS,
};
use super::retained::{Replay, Retained};
use super::session::{ConnectionId, Inbound, Live, Pushed, Session, SessionId, Settled, Written, size};
use super::topic::FilterTree;
use crate::app::downlink::{Push, Route};
use crate::app::mqtt::{Left, Queueing};
use crate::model::id::DeviceId;
use crate::model::mqtt::{Message, Qos, SessionKey};

/// All sessions and what they listen to.
#[derive(Debug, Default)]
pub(super) struct Router {
    sessions: HashMap<SessionId, Session>,
    by_key: HashMap<Arc<SessionKey>, SessionId>,
    by_device: HashMap<DeviceId, Vec<SessionId>>,
    by_principal: HashMap<Box<str>, Vec<SessionId>>,
    filters: FilterTree<SessionId, Qos>,
    retained: Retained,
    /// The numbers given last.
    last_session: SessionId,
    last_connection: ConnectionId,
    last_use: u64,
    last_sequence: i64,
    connections: usize,
    queued_bytes: usize,
    /// Messages dropped since they were last counted.
    dropped: u64,
    /// How often rights were withdrawn: a CONNECT that was checked before is checked again.
    pub(super) withdrawals: u64,
}

/// What a CONNECT brings.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) key: SessionKey,
    pub(super) device: Option<DeviceId>,
    pub(super) token: [u8; 32],
    /// The store's row, unless the session is to be a clean one.
    pub(super) stored: Option<i64>,
}

/// A connection's place.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) session: SessionId,
    pub(super) connection: ConnectionId,
    pub(super) stored: Option<i64>,
    pub(super) wake: Arc<Notify>,
}

/// Where a message goes.
#[derive(Debug)]
pub(super) struct Target {
    session: SessionId,
    qos: Qos,
    /// Its place in the queue of a persistent session, which holds it from the start.
    sequence: Option<i64>,
}

/// How a message spreads.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) targets: Vec<Target>,
    pub(super) queue: Vec<Queueing>,
}

/// What a connection left when it ended.
#[derive(Debug)]
pub(super) struct Departure {
    /// The row of a persistent session, and the sequences that were in flight.
    pub(super) stored: Option<(i64, Vec<i64>)>,
}

/// Why a session cannot be had.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Router {
    /// The state that the last run left.
    pub(super) fn restore(left: Left) -> Self {
        let mut router = Self::default();
        for message in left.retained {
            router.retained.set(Arc::new(message));
        }
        for stored in left.sessions {
            let device = stored.key.principal.strip_prefix("device:").and_then(|id| id.parse().ok());
            router.last_sequence =
                stored.queue.iter().map(|queued| queued.sequence).max().unwrap_or(0).max(router.last_sequence);
            let session = Session::restored(stored, device);
            router.insert(session);
        }
        router
    }

    fn insert(&mut self, mut session: Session) -> SessionId {
        self.last_session += 1;
        self.last_use += 1;
        session.used = self.last_use;
        let id = self.last_session;
        for (filter, qos) in &session.subscriptions {
            self.filters.insert(filter, id, *qos);
        }
        self.queued_bytes += session.queued_bytes();
        self.by_key.insert(Arc::clone(&session.key), id);
        self.by_principal.entry(session.key.principal.as_str().into()).or_default().push(id);
        if let Some(device) = session.device {
            self.by_device.entry(device).or_default().push(id);
        }
        self.sessions.insert(id, session);
        id
    }

    fn remove(&mut self, id: SessionId) -> Option<Session> {
        let session = self.sessions.remove(&id)?;
        for (filter, _) in &session.subscriptions {
            self.filters.remove(filter, id);
        }
        self.queued_bytes -= session.queued_bytes();
        if self.by_key.get(&session.key) == Some(&id) {
            self.by_key.remove(&session.key);
        }
        if let Some(device) = session.device
            && let Some(sessions) = self.by_device.get_mut(&device)
        {
            sessions.retain(|other| *other != id);
            if sessions.is_empty() {
                self.by_device.remove(&device);
            }
        }
        if let Some(sessions) = self.by_principal.get_mut(session.key.principal.as_str()) {
            sessions.retain(|other| *other != id);
            if sessions.is_empty() {
                self.by_principal.remove(session.key.principal.as_str());
            }
        }
        if let Some(live) = &session.live {
            self.connections -= 1;
            live.wake.notify_one();
            self.wake_all(&live.holding);
        }
        Some(session)
    }

    fn wake_all(&self, sessions: &[SessionId]) {
        for live in sessions.iter().filter_map(|id| self.sessions.get(id)?.live.as_ref()) {
            live.wake.notify_one();
        }
    }

    /// Whether the store keeps a session of that key.
    pub(super) fn is_stored(&self, key: &SessionKey) -> bool {
        self.by_key.get(key).and_then(|id| self.sessions.get(id)).is_some_and(|session| session.stored.is_some())
    }

    /// Seats a connection, ending the one that holds the session. Says whether a session was there to go on with, and
    /// which one had to give way for a new one.
    pub(super) fn attach(&mut self, arrival: Arrival) -> Result<(Seat, bool, Option<Arc<SessionKey>>), Full> {
        let found = self.by_key.get(&arrival.key).copied();
        let resumed = found.filter(|id| {
            arrival.stored.is_some() && self.sessions.get(id).is_some_and(|session| session.stored == arrival.stored)
        });
        if found.is_none() && (self.connections >= MAX_CONNECTIONS || self.sessions.len() >= MAX_SESSIONS) {
            return Err(Full);
        }
        let mut displaced = None;
        let session = if let Some(id) = resumed {
            id
        } else {
            found.map(|id| self.remove(id));
            displaced = arrival.stored.and_then(|_| self.displace(&arrival.key.principal));
            self.crowd_out(&arrival.key.principal);
            self.insert(Session::new(Arc::new(arrival.key), arrival.stored, arrival.device))
        };
        self.disconnect(session);
        self.last_connection += 1;
        self.last_use += 1;
        self.connections += 1;
        let live = Live::new(self.last_connection, arrival.token);
        let seat = Seat { session, connection: live.connection, stored: arrival.stored, wake: Arc::clone(&live.wake) };
        if let Some(session) = self.sessions.get_mut(&session) {
            session.used = self.last_use;
            session.live = Some(Box::new(live));
        }
        // What waited is to be sent.
        seat.wake.notify_one();
        Ok((seat, resumed.is_some(), displaced))
    }

    /// Makes room for one more persistent session of a principal.
    fn displace(&mut self, principal: &str) -> Option<Arc<SessionKey>> {
        let stored = || self.of_principal(principal).filter(|(_, session)| session.stored.is_some());
        if stored().count() < MAX_OWN_SESSIONS {
            return None;
        }
        let (id, _) = stored().filter(|(_, s)| s.live.is_none()).min_by_key(|(_, s)| s.used)?;
        self.remove(id).map(|session| session.key)
    }

    /// Makes room for one more connection of a principal: the one that was opened first ends.
    fn crowd_out(&mut self, principal: &str) {
        let connected = || {
            self.of_principal(principal).filter(|(_, session)| session.live.as_ref().is_some_and(|live| !live.revoked))
        };
        if connected().count() < MAX_OWN_CONNECTIONS {
            return;
        }
        let oldest = connected().min_by_key(|(_, session)| session.used).map(|(id, _)| id);
        if let Some(id) = oldest {
            self.revoke(id);
        }
    }

    fn of_principal(&self, principal: &str) -> impl Iterator<Item = (SessionId, &Session)> {
        let ids = self.by_principal.get(principal).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| Some((*id, self.sessions.get(id)?)))
    }

    /// Whether the session of that key has no connection.
    pub(super) fn is_idle(&self, key: &SessionKey) -> bool {
        self.by_key.get(key).and_then(|id| self.sessions.get(id)).is_none_or(|session| session.live.is_none())
    }

    /// Forgets the session of that key.
    pub(super) fn expire(&mut self, key: &SessionKey) {
        if let Some(id) = self.by_key.get(key).copied() {
            self.remove(id);
        }
    }

    /// Ends the connection of a session, if there is one, and returns what was in flight.
    fn disconnect(&mut self, id: SessionId) -> Vec<i64> {
        let Some(session) = self.sessions.get_mut(&id) else { return Vec::new() };
        let Some(live) = &mut session.live else { return Vec::new() };
        let (wake, holding) = (Arc::clone(&live.wake), std::mem::take(&mut live.holding));
        let before = session.queued_bytes();
        let in_flight = session.disconnect();
        self.queued_bytes = self.queued_bytes + session.queued_bytes() - before;
        self.connections -= 1;
        wake.notify_one();
        self.wake_all(&holding);
        in_flight
    }

    /// A connection ended; `None` when its session went on without it before.
    pub(super) fn detach(&mut self, seat: &Seat) -> Option<Departure> {
        self.live(seat)?;
        let in_flight = self.disconnect(seat.session);
        if seat.stored.is_none() {
            self.remove(seat.session);
        }
        Some(Departure { stored: seat.stored.map(|row| (row, in_flight)) })
    }

    fn live(&mut self, seat: &Seat) -> Option<&mut Session> {
        self.sessions
            .get_mut(&seat.session)
            .filter(|session| session.live.as_ref().is_some_and(|live| live.connection == seat.connection))
    }

    /// Whether the connection is to end: its session was taken over, or its rights were withdrawn.
    pub(super) fn is_over(&mut self, seat: &Seat) -> bool {
        self.live(seat).and_then(|session| session.live.as_ref()).is_none_or(|live| live.revoked)
    }

    /// Finds who gets a message and takes its place in the queues of persistent sessions.
    pub(super) fn plan(&mut self, message: &Arc<Message>) -> Plan {
        let mut hits: Vec<(SessionId, Qos)> = Vec::new();
        self.filters.find(&message.topic, |session, qos| hits.push((session, qos)));
        if hits.len() > 1 {
            // A session with overlapping filters gets one copy, with the highest QoS of them (section 3.3.5).
            hits.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
            hits.dedup_by_key(|hit| hit.0);
        }
        let mut plan = Plan { targets: Vec::with_capacity(hits.len()), queue: Vec::new() };
        for (id, granted) in hits {
            let qos = granted.min(message.qos);
            let Some(stored) =
                self.sessions.get(&id).and_then(|session| session.stored).filter(|_| qos > Qos::AtMostOnce)
            else {
                plan.targets.push(Target { session: id, qos, sequence: None });
                continue;
            };
            self.last_sequence += 1;
            let sequence = self.last_sequence;
            if let Some(packet_id) = self.enqueue(id, message, qos, false, Some(sequence), None) {
                plan.targets.push(Target { session: id, qos, sequence: Some(sequence) });
                plan.queue.push(Queueing { session: stored, sequence, packet_id, qos, retain: false });
            }
        }
        plan
    }

    /// Queues a message within the bounds, or counts it as dropped.
    fn enqueue(
        &mut self,
        id: SessionId,
        message: &Arc<Message>,
        qos: Qos,
        retain: bool,
        sequence: Option<i64>,
        pushed: Option<Pushed>,
    ) -> Option<u16> {
        let total = self.queued_bytes + size(message);
        let session = self.sessions.get_mut(&id)?;
        if !session.has_room(message) || total > MAX_QUEUED_BYTES_TOTAL {
            self.dropped += 1;
            return None;
        }
        self.queued_bytes = total;
        Some(session.enqueue(Arc::clone(message), qos, retain, sequence, pushed))
    }

    /// Hands a message to its targets, after the commit of what had to be committed. Returns a session that should hold
    /// the publisher back.
    pub(super) fn deliver(&mut self, message: &Arc<Message>, targets: &[Target]) -> Option<SessionId> {
        let mut congested = None;
        for Target { session: id, qos, sequence } in targets {
            let Some(session) = self.sessions.get_mut(id) else { continue };
            match sequence {
                Some(sequence) => session.commit(*sequence),
                None if session.live.is_none() => continue,
                None if *qos == Qos::AtMostOnce => {
                    if !session.post(Arc::clone(message), false, None) {
                        self.dropped += 1;
                    }
                }
                None => {
                    self.enqueue(*id, message, *qos, false, None, None);
                }
            }
            let Some(session) = self.sessions.get(id) else { continue };
            if let Some(live) = &session.live {
                live.wake.notify_one();
            }
            if session.is_congested() {
                congested = Some(*id);
            }
        }
        congested
    }

    /// Takes a message back from the queues: it could not be committed.
    pub(super) fn undo(&mut self, targets: &[Target]) {
        for target in targets {
            if let (Some(session), Some(sequence)) = (self.sessions.get_mut(&target.session), target.sequence) {
                self.queued_bytes -= session.discard(sequence);
            }
        }
    }

    /// Changes a topic's retained message.
    pub(super) fn retain(&mut self, message: &Arc<Message>) {
        self.retained.set(Arc::clone(message));
    }

    /// Whether the message may be retained; counted as dropped when not.
    pub(super) fn may_retain(&mut self, message: &Message) -> bool {
        let fits = self.retained.has_room(message);
        self.dropped += u64::from(!fits);
        fits
    }

    /// Whether the publisher is still to be held back by that session; it is woken when no more.
    pub(super) fn hold(&mut self, by: SessionId, publisher: SessionId) -> bool {
        let Some(session) = self.sessions.get_mut(&by) else { return false };
        if session.has_caught_up() {
            return false;
        }
        let Some(live) = session.live.as_deref_mut().filter(|live| !live.lagging) else { return false };
        if !live.holding.contains(&publisher) {
            live.holding.push(publisher);
        }
        true
    }

    /// A session held publishers back for too long.
    pub(super) fn give_up_on(&mut self, id: SessionId) {
        if let Some(live) = self.sessions.get_mut(&id).and_then(|session| session.live.as_deref_mut()) {
            live.lagging = true;
            let holding = std::mem::take(&mut live.holding);
            self.wake_all(&holding);
        }
    }

    /// Adds or replaces a subscription; false beyond the session's bound.
    pub(super) fn subscribe(&mut self, seat: &Seat, filter: &str, qos: Qos) -> bool {
        let Some(session) = self.live(seat) else { return false };
        if let Some((_, old)) = session.subscriptions.iter_mut().find(|(old, _)| **old == *filter) {
            *old = qos;
        } else if session.subscriptions.len() < MAX_SUBSCRIPTIONS {
            session.subscriptions.reserve_exact(1);
            session.subscriptions.push((filter.into(), qos));
        } else {
            return false;
        }
        self.filters.insert(filter, seat.session, qos);
        true
    }

    /// Takes places in a persistent session's queue for the retained messages of a new subscription at `QoS` 1 or 2, to
    /// be committed with it.
    pub(super) fn plan_retained(
        &mut self,
        seat: &Seat,
        filter: &str,
        granted: Qos,
    ) -> Vec<(Arc<Message>, Queueing, Target)> {
        let Some(row) = seat.stored.filter(|_| granted > Qos::AtMostOnce) else { return Vec::new() };
        let mut replay = Replay::new(filter, granted);
        let mut planned = Vec::new();
        while let Some(message) = self.retained.next(&mut replay) {
            let qos = granted.min(message.qos);
            if qos == Qos::AtMostOnce {
                continue;
            }
            self.last_sequence += 1;
            let sequence = self.last_sequence;
            let Some(packet_id) = self.enqueue(seat.session, &message, qos, true, Some(sequence), None) else { break };
            let place = Queueing { session: row, sequence, packet_id, qos, retain: true };
            planned.push((message, place, Target { session: seat.session, qos, sequence: Some(sequence) }));
        }
        planned
    }

    /// Sends the retained messages that match a new subscription, as far as they are not queued durably.
    pub(super) fn replay(&mut self, seat: &Seat, filter: &str, granted: Qos) {
        if let Some(session) = self.live(seat) {
            let replay = Replay::new(filter, granted);
            session.replay(if seat.stored.is_some() { replay.without_durable() } else { replay });
        }
    }

    /// Sends `QoS` 0 messages marked as retained, such as those of `$SYS`, to one connection.
    pub(super) fn post(&mut self, seat: &Seat, message: Arc<Message>) {
        if let Some(session) = self.live(seat)
            && !session.post(message, true, None)
        {
            self.dropped += 1;
        }
    }

    /// Removes a subscription; false when there was none.
    pub(super) fn unsubscribe(&mut self, seat: &Seat, filter: &str) -> bool {
        let Some(session) = self.live(seat) else { return false };
        let before = session.subscriptions.len();
        session.subscriptions.retain(|(old, _)| **old != *filter);
        session.subscriptions.len() < before && self.filters.remove(filter, seat.session)
    }

    /// Whether the session listens to anything.
    pub(super) fn has_subscriptions(&mut self, seat: &Seat) -> bool {
        self.live(seat).is_some_and(|session| !session.subscriptions.is_empty())
    }

    /// How far the `QoS` 2 message of that packet id has come, if it came before; else notes it.
    ///
    /// # Errors
    /// Beyond `max` ids, or when the connection has lost its seat.
    pub(super) fn receive(&mut self, seat: &Seat, packet_id: u16, max: usize) -> Result<Option<Inbound>, Full> {
        let session = self.live(seat).ok_or(Full)?;
        if let Some(known) = session.inbound.get(&packet_id) {
            return Ok(Some(*known));
        }
        if session.inbound.len() >= max {
            return Err(Full);
        }
        session.inbound.insert(packet_id, Inbound::Passing);
        Ok(None)
    }

    /// The `QoS` 2 message of that packet id is kept.
    pub(super) fn keep(&mut self, session: SessionId, packet_id: u16) {
        if let Some(inbound) = self.sessions.get_mut(&session).and_then(|session| session.inbound.get_mut(&packet_id)) {
            *inbound = Inbound::Kept;
        }
    }

    /// How far the `QoS` 2 message of that packet id has come; `None` when it is not known.
    pub(super) fn inbound(&self, session: SessionId, packet_id: u16) -> Option<Inbound> {
        self.sessions.get(&session)?.inbound.get(&packet_id).copied()
    }

    /// Forgets a `QoS` 2 packet id: the client released it, or its message could not be committed.
    pub(super) fn release(&mut self, session: SessionId, packet_id: u16) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.inbound.remove(&packet_id);
        }
    }

    /// What PUBREC changed could not be made durable.
    pub(super) fn unreceive(&mut self, session: SessionId, sequence: i64) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.unreceive(sequence);
        }
    }

    /// PUBACK of a client.
    pub(super) fn acknowledged(&mut self, seat: &Seat, packet_id: u16) -> Option<Settled> {
        let settled = self.live(seat)?.acknowledged(packet_id);
        self.settled(seat.session, settled)
    }

    /// PUBREC of a client: the sequence to make durable before PUBREL.
    pub(super) fn received(&mut self, seat: &Seat, packet_id: u16) -> Option<i64> {
        self.live(seat)?.received(packet_id)
    }

    /// PUBCOMP of a client.
    pub(super) fn completed(&mut self, seat: &Seat, packet_id: u16) -> Option<Settled> {
        let settled = self.live(seat)?.completed(packet_id);
        self.settled(seat.session, settled)
    }

    fn settled(&mut self, id: SessionId, settled: Option<Settled>) -> Option<Settled> {
        let settled = settled?;
        self.queued_bytes -= settled.bytes;
        let session = self.sessions.get_mut(&id)?;
        if session.has_caught_up()
            && let Some(live) = session.live.as_deref_mut()
        {
            live.lagging = false;
            let holding = std::mem::take(&mut live.holding);
            self.wake_all(&holding);
        }
        Some(settled)
    }

    /// Encodes what the connection is to send.
    pub(super) fn write(&mut self, seat: &Seat, buffer: &mut BytesMut) -> Written {
        let Some(session) = self
            .sessions
            .get_mut(&seat.session)
            .filter(|session| session.live.as_ref().is_some_and(|live| live.connection == seat.connection))
        else {
            return Written::default();
        };
        let (written, added) = session.write(buffer, &self.retained);
        self.queued_bytes += added;
        written
    }

    /// Sends an operation over the first of its routes on which a connection of the device listens; false when none does
    /// or the operation went over one of them already.
    pub(super) fn push(&mut self, push: &Push) -> bool {
        let Some(sessions) = self.by_device.get(&push.device).cloned() else { return false };
        let session = |id: &SessionId| self.sessions.get(id).filter(|session| session.live.is_some());
        if sessions.iter().filter_map(session).any(|session| session.carries(push.operation)) {
            return false;
        }
        let found = push
            .routes
            .iter()
            .find_map(|route| sessions.iter().find_map(|id| Some((route, *id, session(id)?.listens(&route.topic)?))));
        let Some((Route { topic, payload, completes }, id, granted)) = found else { return false };
        let qos = granted.min(Qos::AtLeastOnce);
        let payload = Bytes::clone(payload);
        let message = Arc::new(Message { topic: topic.clone(), payload, qos, retain: false });
        let pushed = Some(Pushed { operation: push.operation, completes: *completes });
        let sent = if qos == Qos::AtMostOnce {
            self.sessions.get_mut(&id).is_some_and(|session| session.post(message, false, pushed))
        } else {
            self.enqueue(id, &message, qos, false, None, pushed).is_some()
        };
        if sent && let Some(session) = self.sessions.get_mut(&id) {
            session.carry(push.operation);
        }
        self.wake_all(&[id]);
        sent
    }

    /// Ends every connection of a device and, with `forget`, its sessions; returns the keys of those that the store keeps.
    pub(super) fn close_device(&mut self, device: DeviceId, forget: bool) -> Vec<Arc<SessionKey>> {
        self.withdrawals += 1;
        let sessions = self.by_device.get(&device).cloned().unwrap_or_default();
        let mut forgotten = Vec::new();
        for id in sessions {
            self.revoke(id);
            if forget && let Some(session) = self.remove(id) {
                forgotten.extend(session.stored.map(|_| session.key));
            }
        }
        forgotten
    }

    /// Ends the connections that logged in with a token.
    pub(super) fn close_token(&mut self, hash: &[u8; 32]) {
        self.withdrawals += 1;
        let of_token = |session: &Session| session.live.as_ref().is_some_and(|live| live.token == *hash);
        let ids: Vec<_> = self.sessions.iter().filter(|(_, session)| of_token(session)).map(|(id, _)| *id).collect();
        for id in ids {
            self.revoke(id);
        }
    }

    fn revoke(&mut self, id: SessionId) {
        if let Some(live) = self.sessions.get_mut(&id).and_then(|session| session.live.as_deref_mut()) {
            live.revoked = true;
            live.wake.notify_one();
        }
    }

    /// Messages dropped since the last call.
    pub(super) fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }

    /// Figures for `$SYS`.
    pub(super) fn census(&self) -> Census {
        Census {
            connected: self.connections,
            sessions: self.sessions.len(),
            subscriptions: self.filters.len(),
            retained: self.retained.len(),
            retained_bytes: self.retained.bytes(),
            queued: self.sessions.values().map(Session::queued).sum(),
            queued_bytes: self.queued_bytes,
        }
    }
}

/// How much of everything there is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Census {
    pub(super) connected: usize,
    pub(super) sessions: usize,
    pub(super) subscriptions: usize,
    pub(super) retained: usize,
    pub(super) retained_bytes: usize,
    pub(super) queued: usize,
    pub(super) queued_bytes: usize,
}
