//! One connected client, from CONNACK to its end: one task that reads, acknowledges in order, and writes.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use rumqttc::mqttbytes::v4::{
    Packet, PubAck, PubComp, PubRec, PubRel, Publish, SubAck, Subscribe, SubscribeFilter, SubscribeReasonCode,
    UnsubAck, Unsubscribe,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::codec::{self, Malformed};
use super::connect::{Client, qos};
use super::exchange::{NotKept, Origin, Outcome, Receipt};
use super::limits::{
    CLOSE_TIMEOUT, MAX_HOLD, MAX_OUTPUT, MAX_PACKET, MAX_UNACKNOWLEDGED, MAX_UNRELEASED, STRIKE_WINDOW, STRIKES,
    WRITE_AHEAD,
};
use super::push::Report;
use super::router::{Full, Router, Seat};
use super::session::{Inbound, Pushed, SessionId, Settled};
use super::socket::{Progress, Socket};
use super::{Broker, sys, topic};
use crate::app::Error;
use crate::app::mqtt::{Durable, Urgency};
use crate::model::change::NoticeKind;
use crate::model::mqtt::{Message, Qos};

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum End {
    #[error("the client said good-bye")]
    Disconnect,
    #[error("the client went away")]
    Lost,
    #[error("nothing came within one and a half times the keep-alive")]
    Silent,
    #[error("malformed packet: {0}")]
    Malformed(#[from] Malformed),
    #[error("another connection took the session over, or the client's rights were withdrawn")]
    Over,
    #[error("publishing to foreign topics again and again")]
    Struck,
    #[error(transparent)]
    NotKept(#[from] NotKept),
    #[error("the store failed")]
    Store(#[from] Error),
    #[error("the daemon stops")]
    Shutdown,
    #[error("a panic")]
    Panic,
}

/// An acknowledgement in its turn.
#[derive(Debug)]
struct Owed {
    answer: Answer,
    /// `None`: nothing is waited for.
    receipt: Option<tokio::sync::oneshot::Receiver<Outcome>>,
}

#[derive(Debug)]
enum Answer {
    Nothing,
    PubAck(u16),
    PubRec(u16),
    PubRel(u16),
    PubComp(u16),
    UnsubAck(u16),
    SubAck(Box<Subscribed>),
}

/// A SUBACK, and what follows it.
#[derive(Debug)]
struct Subscribed {
    suback: SubAck,
    /// Filters whose retained messages are sent after the SUBACK.
    replays: Vec<(String, Qos)>,
    granted: bool,
}

/// A connected client.
pub(super) struct Connection<'b, S> {
    broker: &'b Broker,
    socket: Socket<S>,
    client: Client,
    owed: VecDeque<Owed>,
    /// Sequences of delivered messages, to be taken from the store.
    delivered: Vec<i64>,
    /// Operations in the output: delivered when it is written.
    pushed: Vec<Pushed>,
    /// The session that holds this publisher back, and until when.
    held: Option<(SessionId, Instant)>,
    /// The input may hold a packet that was not looked at.
    undecoded: bool,
    /// The session may have something to send.
    sending: bool,
    heard: Instant,
    strikes: VecDeque<Instant>,
}

impl<'b, S: AsyncRead + AsyncWrite + Unpin + Send> Connection<'b, S> {
    pub(super) fn new(broker: &'b Broker, socket: Socket<S>, client: Client) -> Self {
        Self {
            broker,
            socket,
            client,
            owed: VecDeque::new(),
            delivered: Vec::new(),
            pushed: Vec::new(),
            held: None,
            undecoded: true,
            sending: true,
            heard: Instant::now(),
            strikes: VecDeque::new(),
        }
    }

    /// Serves the client to its end, and clears up behind it.
    pub(super) async fn serve(mut self, shutdown: &CancellationToken) {
        let device = self.client.device();
        if let Some(device) = device {
            Box::pin(self.broker.app().device_connected(device)).await;
            if self.client.resumed {
                self.broker.report(Report::Listening(device)).await;
            }
        }
        // A panic, too, must leave the session and the device to others.
        let end = match AssertUnwindSafe(self.run(shutdown)).catch_unwind().await {
            Ok(Ok(never)) => match never {},
            Ok(Err(end)) => end,
            Err(_) => End::Panic,
        };
        Box::pin(self.clear_up(end)).await;
        if let Some(device) = device {
            Box::pin(self.broker.app().device_disconnected(device)).await;
        }
    }

    async fn clear_up(&mut self, end: End) {
        let (app, session) = (self.broker.app(), self.client.seat.session);
        let departure = self.broker.shared().lock().detach(&self.client.seat);
        tracing::debug!(client = %self.client.actor.principal, session, reason = %end, "an MQTT connection ended");
        match end {
            End::Malformed(why) => app.metrics().mqtt_malformed.of(why.reason()).inc(),
            End::Panic => {
                app.metrics().panics.inc();
                tracing::error!(client = %self.client.actor.principal, "an MQTT connection ended by a panic");
            }
            End::Struck => app.notice(
                NoticeKind::Refused,
                self.client.device(),
                format!("{} was disconnected: it keeps publishing to foreign topics", self.client.actor.principal),
            ),
            _ => {}
        }
        if !self.delivered.is_empty() {
            self.settle_delivered().await.ok();
        }
        if let Some((session, in_flight)) = departure.and_then(|departure| departure.stored) {
            let closed = Durable::Closed { session, in_flight };
            self.broker.exchange().write(closed, Urgency::Later).await.ok();
        }
        if !matches!(end, End::Disconnect | End::Shutdown)
            && let Some(will) = self.client.will.take()
        {
            self.publish_will(*will).await;
        }
        let finish = tokio::time::timeout(CLOSE_TIMEOUT, self.socket.finish());
        // The client may be gone already.
        drop(finish.await);
    }

    /// A will is subject to the rules of any other message; one that breaks them is dropped, since its CONNECT was
    /// accepted long ago.
    async fn publish_will(&self, will: Message) {
        let allowed = self.client.access.may_publish(self.broker.app(), &will.topic).await;
        if !matches!(allowed, Ok(true)) {
            self.broker.app().metrics().mqtt_denied.inc();
            tracing::info!(client = %self.client.actor.principal, topic = %will.topic, "dropped a will for a foreign topic");
            return;
        }
        match self.broker.exchange().publish(will, Origin::default(), false).await {
            Ok(Receipt::Later(done)) => drop(done.await),
            Ok(Receipt::Now(_)) | Err(NotKept) => {}
        }
    }

    async fn run(&mut self, shutdown: &CancellationToken) -> Result<std::convert::Infallible, End> {
        let keep_alive = Duration::from_millis(u64::from(self.client.keep_alive) * 1500);
        let mut timer = pin!(tokio::time::sleep(Duration::MAX));
        let mut stopped = pin!(shutdown.cancelled());
        let wake = Arc::clone(&self.client.seat.wake);
        loop {
            if self.undecoded && self.may_read() {
                self.undecoded = false;
                self.read_packets().await?;
            }
            self.fill_output();
            let deadline = self.deadline(keep_alive);
            // A timer that is early is cheaper than one that is set anew for every packet.
            if timer.is_elapsed() || deadline < timer.deadline() {
                timer.as_mut().reset(deadline);
            }
            let reading = self.may_read();
            tokio::select! {
                biased;
                () = &mut stopped => return Err(End::Shutdown),
                () = wake.notified() => {
                    if self.broker.shared().lock().is_over(&self.client.seat) {
                        return Err(End::Over);
                    }
                    self.sending = true;
                    self.undecoded |= self.held.is_some();
                    self.release_hold();
                }
                outcome = poll_fn(|cx| poll_front(&mut self.owed, cx)) => self.acknowledge(outcome?).await,
                progress = poll_fn(|cx| self.socket.poll(cx, reading)) => match progress {
                    Err(_) | Ok(Progress::Read(0)) => return Err(End::Lost),
                    Ok(Progress::Read(_)) => self.undecoded = true,
                    Ok(Progress::Written) => {
                        self.sending = true;
                        self.undecoded |= !self.socket.input.is_empty();
                        self.report_pushed().await;
                    }
                },
                () = timer.as_mut() => {
                    self.give_up_hold();
                    if !reading {
                        // Whoever is not read cannot be heard.
                        self.heard = Instant::now();
                    } else if !keep_alive.is_zero() && self.heard.elapsed() >= keep_alive {
                        return Err(End::Silent);
                    }
                }
            }
        }
    }

    /// Reading stops while too much is unacknowledged, the client does not read its answers, or a slow subscriber holds
    /// this publisher back.
    fn may_read(&self) -> bool {
        self.owed.len() < MAX_UNACKNOWLEDGED && self.socket.output.len() < MAX_OUTPUT && self.held.is_none()
    }

    fn deadline(&self, keep_alive: Duration) -> Instant {
        let far = Instant::now() + Duration::from_hours(24);
        let silent = if keep_alive.is_zero() { far } else { self.heard + keep_alive };
        self.held.map_or(silent, |(_, until)| until.min(silent))
    }

    /// Takes packets out of the input until it holds no whole one, or reading has to stop.
    async fn read_packets(&mut self) -> Result<(), End> {
        while self.may_read() {
            let Some(packet) = codec::next(&mut self.socket.input, MAX_PACKET)? else {
                self.socket.shrink();
                return self.settle_delivered().await;
            };
            self.heard = Instant::now();
            self.take(packet).await?;
        }
        self.undecoded = true;
        self.settle_delivered().await
    }

    async fn take(&mut self, packet: Packet) -> Result<(), End> {
        match packet {
            Packet::Publish(publish) => self.publish(publish).await,
            Packet::PubAck(ack) => {
                let settled = self.broker.shared().lock().acknowledged(&self.client.seat, ack.pkid);
                self.settle(settled).await;
                Ok(())
            }
            Packet::PubRec(ack) => self.received(ack.pkid).await,
            Packet::PubRel(ack) => self.release(ack.pkid).await,
            Packet::PubComp(ack) => {
                let settled = self.broker.shared().lock().completed(&self.client.seat, ack.pkid);
                self.settle(settled).await;
                Ok(())
            }
            Packet::Subscribe(subscribe) => self.subscribe(subscribe).await,
            Packet::Unsubscribe(unsubscribe) => self.unsubscribe(unsubscribe).await,
            Packet::PingReq => {
                codec::write(&Packet::PingResp, &mut self.socket.output);
                Ok(())
            }
            Packet::Disconnect => Err(End::Disconnect),
            Packet::Connect(_) | Packet::ConnAck(_) | Packet::SubAck(_) | Packet::UnsubAck(_) | Packet::PingResp => {
                Err(Malformed::Unexpected.into())
            }
        }
    }

    async fn publish(&mut self, publish: Publish) -> Result<(), End> {
        let Publish { qos: level, retain, topic: name, pkid, payload, .. } = publish;
        let answer = match qos(level) {
            Qos::AtMostOnce => Answer::Nothing,
            Qos::AtLeastOnce => Answer::PubAck(pkid),
            Qos::ExactlyOnce => Answer::PubRec(pkid),
        };
        self.broker.app().metrics().mqtt_received.inc();
        let usable = match topic::check_name(&name) {
            Ok(()) => Box::pin(self.client.access.may_publish(self.broker.app(), &name)).await?,
            Err(bad) => match Malformed::name(bad) {
                Some(malformed) => return Err(malformed.into()),
                None => false,
            },
        };
        if !usable {
            self.strike(&name)?;
            self.owe(answer, None);
            return Ok(());
        }
        let exactly_once = qos(level) == Qos::ExactlyOnce;
        if exactly_once {
            let fresh = self.broker.shared().lock().receive(&self.client.seat, pkid, MAX_UNRELEASED);
            match fresh {
                Err(Full) => return Err(Malformed::Bound.into()),
                Ok(None) => {}
                Ok(Some(known)) => return self.receive_again(answer, pkid, known).await,
            }
        }
        let payload = Bytes::copy_from_slice(&payload);
        let message = Message { topic: name, payload, qos: qos(level), retain };
        let mut origin = Origin::default();
        if exactly_once {
            origin.received = Some((self.client.seat.session, pkid));
            origin.inbound = self.client.seat.stored.map(|row| (row, pkid));
        }
        let behind = self.owed.iter().any(|owed| owed.receipt.is_some());
        match self.broker.exchange().publish(message, origin, behind).await? {
            Receipt::Now(congested) => {
                self.hold(congested);
                self.owe(answer, None);
            }
            Receipt::Later(receipt) => self.owe(answer, Some(receipt)),
        }
        Ok(())
    }

    /// A `QoS` 2 message came again: it is not delivered again, but as long as the first is on its way, perhaps from an
    /// earlier connection, its PUBREC waits for that one and is not sent if it was lost.
    async fn receive_again(&mut self, answer: Answer, packet_id: u16, known: Inbound) -> Result<(), End> {
        let receipt = match known {
            Inbound::Kept => None,
            Inbound::Passing => later(self.broker.exchange().again(self.client.seat.session, packet_id).await?),
        };
        tracing::trace!(packet_id, "a message came again");
        self.owe(answer, receipt);
        Ok(())
    }

    /// Counts a refused publish; three in a minute end the connection. There is no other answer in MQTT 3.1.1
    /// (section 3.3.5.2).
    fn strike(&mut self, topic: &str) -> Result<(), End> {
        let app = self.broker.app();
        app.metrics().mqtt_denied.inc();
        if self.strikes.is_empty() {
            let topic = crate::model::text::for_terminal(crate::model::text::cut(topic, 200)).into_owned();
            let text = format!("{} may not publish to {topic}", self.client.actor.principal);
            app.notice(NoticeKind::Refused, self.client.device(), text);
        }
        let now = Instant::now();
        self.strikes.push_back(now);
        if self.strikes.len() < STRIKES {
            return Ok(());
        }
        let first = self.strikes.pop_front();
        if first.is_some_and(|first| now.duration_since(first) <= STRIKE_WINDOW) { Err(End::Struck) } else { Ok(()) }
    }

    async fn received(&mut self, packet_id: u16) -> Result<(), End> {
        let sequence = self.broker.shared().lock().received(&self.client.seat, packet_id);
        let receipt = match sequence {
            Some(sequence) => later(self.broker.exchange().received(self.client.seat.session, sequence).await?),
            None => None,
        };
        self.owe(Answer::PubRel(packet_id), receipt);
        Ok(())
    }

    async fn release(&mut self, packet_id: u16) -> Result<(), End> {
        let session = self.client.seat.session;
        let known = self.broker.shared().lock().inbound(session, packet_id).is_some();
        let receipt = if let Some(row) = self.client.seat.stored.filter(|_| known) {
            later(self.broker.exchange().release(session, row, packet_id).await?)
        } else {
            self.broker.shared().lock().release(session, packet_id);
            None
        };
        self.owe(Answer::PubComp(packet_id), receipt);
        Ok(())
    }

    async fn subscribe(&mut self, subscribe: Subscribe) -> Result<(), End> {
        let Subscribe { pkid, filters } = subscribe;
        let mut allowed = Vec::with_capacity(filters.len());
        for filter in &filters {
            allowed.push(match topic::check_filter(&filter.path) {
                Ok(()) => Box::pin(self.client.access.may_subscribe(self.broker.app(), &filter.path)).await?,
                Err(bad) => match Malformed::filter(bad) {
                    Some(malformed) => return Err(malformed.into()),
                    None => false,
                },
            });
        }
        let requests: Vec<_> = filters.into_iter().zip(allowed).collect();
        let seat = &self.client.seat;
        let (receipt, (return_codes, granted)) = match seat.stored {
            None => (None, grant(&mut self.broker.shared().lock(), seat, requests)),
            Some(session) => {
                let plan = |router: &mut Router| {
                    let (return_codes, granted) = grant(router, seat, requests);
                    let mut planned = Vec::new();
                    for (filter, qos) in &granted {
                        planned.extend(router.plan_retained(seat, filter, *qos));
                    }
                    let (queue, targets) = planned
                        .into_iter()
                        .map(|(message, place, target)| ((Arc::clone(&message), place), (message, target)))
                        .unzip();
                    let subscriptions = granted.clone();
                    (Durable::Subscribe { session, subscriptions, queue }, targets, (return_codes, granted))
                };
                let (receipt, planned) = self.broker.exchange().subscribe(plan).await?;
                (later(receipt), planned)
            }
        };
        let refused = return_codes.iter().filter(|code| **code == SubscribeReasonCode::Failure).count();
        self.broker.app().metrics().mqtt_denied.add(refused as u64);
        let subscribed =
            Subscribed { suback: SubAck { pkid, return_codes }, granted: !granted.is_empty(), replays: granted };
        self.owe(Answer::SubAck(Box::new(subscribed)), receipt);
        Ok(())
    }

    async fn unsubscribe(&mut self, unsubscribe: Unsubscribe) -> Result<(), End> {
        let Unsubscribe { pkid, topics } = unsubscribe;
        for filter in &topics {
            if let Err(bad) = topic::check_filter(filter)
                && let Some(malformed) = Malformed::filter(bad)
            {
                return Err(malformed.into());
            }
        }
        let removed = {
            let mut router = self.broker.shared().lock();
            topics.into_iter().filter(|filter| router.unsubscribe(&self.client.seat, filter)).collect::<Vec<_>>()
        };
        let receipt = match self.client.seat.stored.filter(|_| !removed.is_empty()) {
            Some(session) => {
                let durable = Durable::Unsubscribe { session, filters: removed };
                later(self.broker.exchange().write(durable, Urgency::Awaited).await?)
            }
            None => None,
        };
        self.owe(Answer::UnsubAck(pkid), receipt);
        Ok(())
    }

    /// Puts an acknowledgement behind those that are owed already.
    fn owe(&mut self, answer: Answer, receipt: Option<tokio::sync::oneshot::Receiver<Outcome>>) {
        if receipt.is_none() && matches!(answer, Answer::Nothing) {
            return;
        }
        self.owed.push_back(Owed { answer, receipt });
    }

    /// Sends the acknowledgement whose turn it is.
    async fn acknowledge(&mut self, congested: Option<SessionId>) {
        let Some(Owed { answer, .. }) = self.owed.pop_front() else { return };
        if self.owed.is_empty() {
            self.owed = VecDeque::new();
        }
        self.undecoded |= !self.socket.input.is_empty();
        self.hold(congested);
        let packet = match answer {
            Answer::Nothing => return,
            Answer::PubAck(id) => Packet::PubAck(PubAck::new(id)),
            Answer::PubRec(id) => Packet::PubRec(PubRec::new(id)),
            Answer::PubRel(id) => Packet::PubRel(PubRel::new(id)),
            Answer::PubComp(id) => Packet::PubComp(PubComp::new(id)),
            Answer::UnsubAck(id) => Packet::UnsubAck(UnsubAck::new(id)),
            Answer::SubAck(subscribed) => return self.subscribed(*subscribed).await,
        };
        codec::write(&packet, &mut self.socket.output);
    }

    async fn subscribed(&mut self, subscribed: Subscribed) {
        codec::write(&Packet::SubAck(subscribed.suback), &mut self.socket.output);
        {
            let mut router = self.broker.shared().lock();
            for (filter, qos) in &subscribed.replays {
                router.replay(&self.client.seat, filter, *qos);
            }
        }
        for (filter, _) in subscribed.replays.iter().filter(|(filter, _)| filter.starts_with('$')) {
            sys::answer(self.broker, &self.client.seat, filter);
        }
        self.sending = true;
        if let Some(device) = self.client.device().filter(|_| subscribed.granted) {
            self.broker.report(Report::Listening(device)).await;
        }
    }

    /// Encodes what the session has to send, when all earlier output is written.
    fn fill_output(&mut self) {
        if !self.sending || self.socket.output.len() >= WRITE_AHEAD {
            return;
        }
        self.sending = false;
        let mut router = self.broker.shared().lock();
        let mut written = router.write(&self.client.seat, &mut self.socket.output);
        let dropped = router.take_dropped();
        drop(router);
        self.broker.count_dropped(dropped);
        self.broker.app().metrics().mqtt_sent.add(written.messages);
        self.pushed.append(&mut written.pushed);
    }

    async fn report_pushed(&mut self) {
        for pushed in std::mem::take(&mut self.pushed) {
            self.broker.report(Report::Pushed(pushed)).await;
        }
    }

    /// A message was delivered.
    async fn settle(&mut self, settled: Option<Settled>) {
        let Some(Settled { sequence, pushed, .. }) = settled else { return };
        self.sending = true;
        self.delivered.extend(sequence);
        if let Some(pushed) = pushed {
            self.broker.report(Report::Pushed(pushed)).await;
        }
    }

    async fn settle_delivered(&mut self) -> Result<(), End> {
        if !self.delivered.is_empty() {
            let sequences = std::mem::take(&mut self.delivered);
            // Nobody waits for it: what is not committed is delivered again.
            self.broker.exchange().write(Durable::Delivered { sequences }, Urgency::Later).await?;
        }
        Ok(())
    }

    /// A subscriber cannot keep up: this publisher pauses. Never for itself, or it could not acknowledge either.
    fn hold(&mut self, congested: Option<SessionId>) {
        let Some(by) = congested.filter(|by| *by != self.client.seat.session) else { return };
        if self.broker.shared().lock().hold(by, self.client.seat.session) {
            self.held = Some((by, Instant::now() + MAX_HOLD));
        }
    }

    fn release_hold(&mut self) {
        if let Some((by, until)) = self.held
            && !self.broker.shared().lock().hold(by, self.client.seat.session)
        {
            self.held = None;
            tracing::trace!(late = ?until.elapsed(), "a publisher goes on");
        }
    }

    fn give_up_hold(&mut self) {
        if let Some((by, until)) = self.held
            && Instant::now() >= until
        {
            self.broker.shared().lock().give_up_on(by);
            self.held = None;
            self.undecoded = true;
        }
    }
}

/// Makes the allowed subscriptions; answers with the return codes of all and the filters of those.
fn grant(
    router: &mut Router,
    seat: &Seat,
    requests: Vec<(SubscribeFilter, bool)>,
) -> (Vec<SubscribeReasonCode>, Vec<(String, Qos)>) {
    let (mut return_codes, mut granted) = (Vec::with_capacity(requests.len()), Vec::new());
    for (filter, allowed) in requests {
        if allowed && router.subscribe(seat, &filter.path, qos(filter.qos)) {
            return_codes.push(SubscribeReasonCode::Success(filter.qos));
            granted.push((filter.path, qos(filter.qos)));
        } else {
            return_codes.push(SubscribeReasonCode::Failure);
        }
    }
    (return_codes, granted)
}

fn later(receipt: Receipt) -> Option<tokio::sync::oneshot::Receiver<Outcome>> {
    match receipt {
        Receipt::Now(_) => None,
        Receipt::Later(receipt) => Some(receipt),
    }
}

/// Ready when the front of the queue may be acknowledged.
fn poll_front(owed: &mut VecDeque<Owed>, cx: &mut Context<'_>) -> Poll<Outcome> {
    match owed.front_mut() {
        None => Poll::Pending,
        Some(Owed { receipt: None, .. }) => Poll::Ready(Ok(None)),
        Some(Owed { receipt: Some(receipt), .. }) => {
            Pin::new(receipt).poll(cx).map(|outcome| outcome.unwrap_or(Err(NotKept)))
        }
    }
}
