//! The way of what must be durable: submitted to the store in one order, delivered in the order of the commits,
//! acknowledged after them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::limits::MAX_EXCHANGE_BYTES;
use super::router::{Plan, Router, Target};
use super::session::{Inbound, SessionId, size};
use crate::app::mqtt::{Committing, Durable, Publication, Urgency, uplink};
use crate::app::{App, Error};
use crate::model::mqtt::{Message, Qos};
use crate::model::topic::Uplink;

/// The state all connections share. The lock is never held across an await.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Mutex<Router>>);

impl Shared {
    pub(super) fn new(router: Router) -> Self {
        Self(Arc::new(Mutex::new(router)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Router> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of a write: a session that should hold the publisher back, if any; an error when nothing was kept.
pub(super) type Outcome = Result<Option<SessionId>, NotKept>;

/// The store could not commit; nothing is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store could not commit")]
pub(super) struct NotKept;

/// Where a `QoS` 2 message comes from; nothing for any other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Origin {
    /// The session and the packet id.
    pub(super) received: Option<(SessionId, u16)>,
    /// The same by the store's row of a persistent session.
    pub(super) inbound: Option<(i64, u16)>,
}

/// The answer to a write.
#[derive(Debug)]
pub(super) enum Receipt {
    /// There was nothing to wait for.
    Now(Option<SessionId>),
    Later(oneshot::Receiver<Outcome>),
}

/// A write on its way, and what happens after its commit.
#[derive(Debug)]
struct Passing {
    write: Committing,
    /// What the message takes of [`MAX_EXCHANGE_BYTES`].
    _room: Option<OwnedSemaphorePermit>,
    effect: Effect,
    done: oneshot::Sender<Outcome>,
}

#[derive(Debug)]
enum Effect {
    Nothing,
    /// Deliver the message, and retain it when asked to. `received` is the `QoS` 2 packet id it came by, known from now on
    /// unless the message could not be kept.
    Deliver {
        message: Arc<Message>,
        targets: Vec<Target>,
        retain: bool,
        received: Option<(SessionId, u16)>,
    },
    /// Let queued messages go.
    Commit(Vec<(Arc<Message>, Target)>),
    /// Nothing, but only if the `QoS` 2 message of that packet id, which came before, was kept.
    Again(SessionId, u16),
    /// Forget the `QoS` 2 packet id that the client released: not before the store has, or a restart would bring it
    /// back and take the next message of that id for a repetition.
    Release(SessionId, u16),
    /// Nothing, unless that PUBREC came for the message of that sequence is not kept.
    Received(SessionId, i64),
}

/// The sending end of the exchange.
#[derive(Debug)]
pub(super) struct Exchange {
    app: App,
    shared: Shared,
    /// Locked from planning to submitting, so that queues, store and lane agree on the order; empty after the end.
    lane: AsyncMutex<Option<mpsc::Sender<Passing>>>,
    /// Kilobytes.
    room: Arc<Semaphore>,
}

/// The receiving end.
#[derive(Debug)]
pub(super) struct Lane(mpsc::Receiver<Passing>);

impl Exchange {
    pub(super) fn new(app: App, shared: Shared, bound: usize) -> (Self, Lane) {
        let (sender, receiver) = mpsc::channel(bound);
        let room = Arc::new(Semaphore::new(MAX_EXCHANGE_BYTES / 1024));
        (Self { app, shared, lane: AsyncMutex::new(Some(sender)), room }, Lane(receiver))
    }

    /// Publishes a message: at once when nothing of it is to be kept, unless the publisher has writes on their way that
    /// it must not overtake.
    pub(super) async fn publish(&self, message: Message, from: Origin, behind: bool) -> Result<Receipt, NotKept> {
        let uplink = uplink(&message);
        if matches!(uplink, Uplink::Unreadable) {
            self.app.metrics().mqtt_unreadable.inc();
            tracing::debug!(message.topic = %message.topic, "a device's message is in no known shape");
        }
        let message = Arc::new(message);
        let Origin { received, inbound } = from;
        let room = Arc::clone(&self.room).acquire_many_owned(cost(&message, &uplink)).await.ok();
        let lane = self.lane.lock().await;
        let (Plan { targets, queue }, retain) = {
            let mut router = self.shared.lock();
            let retain = message.retain && router.may_retain(&message);
            (router.plan(&message), retain)
        };
        let publication = Publication { message: Arc::clone(&message), retain, queue, inbound, uplink };
        if !publication.is_durable() && !behind {
            let mut router = self.shared.lock();
            if let Some((session, packet_id)) = received {
                router.keep(session, packet_id);
            }
            return Ok(Receipt::Now(router.deliver(&message, &targets)));
        }
        let urgency = if message.qos > Qos::AtMostOnce { Urgency::Awaited } else { Urgency::Later };
        let effect = Effect::Deliver { message, targets, retain, received };
        self.pass(lane.as_ref(), Durable::Publish(publication), effect, urgency, room).await
    }

    /// Makes a subscription of a persistent session durable, together with the retained messages it brings.
    pub(super) async fn subscribe<T>(
        &self,
        plan: impl FnOnce(&mut Router) -> (Durable, Vec<(Arc<Message>, Target)>, T),
    ) -> Result<(Receipt, T), NotKept> {
        let lane = self.lane.lock().await;
        let (durable, queued, planned) = plan(&mut self.shared.lock());
        let receipt = self.pass(lane.as_ref(), durable, Effect::Commit(queued), Urgency::Awaited, None).await?;
        Ok((receipt, planned))
    }

    /// Waits for what became of a `QoS` 2 message of that packet id, which is on its way.
    pub(super) async fn again(&self, session: SessionId, packet_id: u16) -> Result<Receipt, NotKept> {
        let nothing = Durable::Delivered { sequences: Vec::new() };
        let lane = self.lane.lock().await;
        self.pass(lane.as_ref(), nothing, Effect::Again(session, packet_id), Urgency::Awaited, None).await
    }

    /// Forgets a `QoS` 2 packet id that the client of a persistent session, stored in `row`, released.
    pub(super) async fn release(&self, session: SessionId, row: i64, packet_id: u16) -> Result<Receipt, NotKept> {
        let released = Durable::InboundReleased { session: row, packet_id };
        let lane = self.lane.lock().await;
        self.pass(lane.as_ref(), released, Effect::Release(session, packet_id), Urgency::Awaited, None).await
    }

    /// Notes that the client of the session has the `QoS` 2 message of that sequence.
    pub(super) async fn received(&self, session: SessionId, sequence: i64) -> Result<Receipt, NotKept> {
        let lane = self.lane.lock().await;
        let released = Durable::Released { sequence };
        self.pass(lane.as_ref(), released, Effect::Received(session, sequence), Urgency::Awaited, None).await
    }

    /// Makes something durable.
    pub(super) async fn write(&self, durable: Durable, urgency: Urgency) -> Result<Receipt, NotKept> {
        let lane = self.lane.lock().await;
        self.pass(lane.as_ref(), durable, Effect::Nothing, urgency, None).await
    }

    async fn pass(
        &self,
        lane: Option<&mpsc::Sender<Passing>>,
        durable: Durable,
        effect: Effect,
        urgency: Urgency,
        room: Option<OwnedSemaphorePermit>,
    ) -> Result<Receipt, NotKept> {
        let submitted = match lane {
            Some(lane) => Ok((lane, self.app.mqtt_submit(durable, urgency).await)),
            None => Err(NotKept),
        };
        let (lane, write) = match submitted {
            Ok((lane, Ok(write))) => (lane, write),
            Ok((_, Err(error))) => return Err(self.failed(&error, effect)),
            Err(NotKept) => {
                self.shared.undo(&effect);
                return Err(NotKept);
            }
        };
        let (done, later) = oneshot::channel();
        lane.send(Passing { write, _room: room, effect, done }).await.map_err(|_| NotKept)?;
        Ok(Receipt::Later(later))
    }

    fn failed(&self, error: &Error, effect: Effect) -> NotKept {
        tracing::error!(error = error as &dyn std::error::Error, "could not store an MQTT message");
        self.shared.undo(&effect);
        drop(effect);
        NotKept
    }

    /// Takes no more writes; the lane ends when it has worked off what it holds.
    pub(super) async fn close(&self) {
        self.lane.lock().await.take();
    }
}

/// The memory of a message and of what was read from it, in kilobytes, within the bound.
fn cost(message: &Message, uplink: &Uplink) -> u32 {
    /// About what a value, or a report, takes beside its text.
    const VALUE: usize = 128;
    let read = match uplink {
        Uplink::Event(event) => event.samples.len(),
        Uplink::Events(events) => events.iter().map(|event| event.samples.len() + 1).sum(),
        Uplink::Reports(reports) => reports.len(),
        Uplink::Compliance(_) => 1,
        Uplink::Unreadable | Uplink::Other => 0,
    };
    let bytes = (2 * size(message) + VALUE * read).min(MAX_EXCHANGE_BYTES);
    u32::try_from(bytes / 1024).unwrap_or(u32::MAX).max(1)
}

impl Shared {
    fn undo(&self, effect: &Effect) {
        let mut router = self.lock();
        match effect {
            Effect::Nothing | Effect::Again(..) | Effect::Release(..) => {}
            Effect::Received(session, sequence) => router.unreceive(*session, *sequence),
            Effect::Deliver { targets, received, .. } => {
                router.undo(targets);
                if let Some((session, packet_id)) = received {
                    router.release(*session, *packet_id);
                }
            }
            Effect::Commit(queued) => queued.iter().for_each(|(_, target)| router.undo(std::slice::from_ref(target))),
        }
    }

    fn apply(&self, effect: &Effect) -> Outcome {
        let mut router = self.lock();
        match effect {
            Effect::Nothing | Effect::Received(..) => Ok(None),
            Effect::Deliver { message, targets, retain, received } => {
                if let Some((session, packet_id)) = received {
                    router.keep(*session, *packet_id);
                }
                if *retain {
                    router.retain(message);
                }
                Ok(router.deliver(message, targets))
            }
            Effect::Commit(queued) => {
                for (message, target) in queued {
                    router.deliver(message, std::slice::from_ref(target));
                }
                Ok(None)
            }
            Effect::Again(session, packet_id) => match router.inbound(*session, *packet_id) {
                Some(Inbound::Kept) => Ok(None),
                Some(Inbound::Passing) | None => Err(NotKept),
            },
            Effect::Release(session, packet_id) => {
                router.release(*session, *packet_id);
                Ok(None)
            }
        }
    }
}

impl Lane {
    /// Delivers and acknowledges what was committed, until the exchange is closed.
    pub(super) async fn run(mut self, app: App, shared: Shared) {
        while let Some(Passing { write, _room, effect, done }) = self.0.recv().await {
            let outcome = match app.mqtt_committed(write).await {
                Ok(()) => shared.apply(&effect),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "could not commit an MQTT message");
                    shared.undo(&effect);
                    Err(NotKept)
                }
            };
            // The connection may be gone.
            done.send(outcome).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::router::Arrival;
    use crate::model::mqtt::SessionKey;

    #[test]
    fn a_message_that_comes_again_is_not_acknowledged_when_the_first_was_lost() {
        let shared = Shared::new(Router::default());
        let key = SessionKey { principal: "device:1".to_owned(), client_id: "a".to_owned() };
        let arrival = Arrival { key, device: None, token: [0; 32], stored: Some(1) };
        let Ok((seat, ..)) = shared.lock().attach(arrival) else { panic!("no seat") };
        let receive = || shared.lock().receive(&seat, 5, 10).unwrap();
        let message = Message { topic: "t".to_owned(), payload: "x".into(), qos: Qos::ExactlyOnce, retain: false };
        let received = Some((seat.session, 5));
        let first = Effect::Deliver { message: Arc::new(message), targets: Vec::new(), retain: false, received };
        let again = Effect::Again(seat.session, 5);

        assert_eq!((receive(), receive()), (None, Some(Inbound::Passing)));
        shared.undo(&first);
        assert_eq!(shared.apply(&again), Err(NotKept), "the first was lost");
        assert_eq!(receive(), None, "it may come anew");
        assert_eq!(shared.apply(&again), Err(NotKept), "the new one is on its way");
        shared.apply(&first).unwrap();
        assert_eq!((shared.apply(&again), receive()), (Ok(None), Some(Inbound::Kept)));

        let release = Effect::Release(seat.session, 5);
        shared.undo(&release);
        assert_eq!(receive(), Some(Inbound::Kept));
        shared.apply(&release).unwrap();
        assert_eq!(receive(), None);
    }
}
