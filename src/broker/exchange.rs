//! The way of what must be durable: submitted to the store in one order, delivered in the order of the commits,
//! acknowledged after them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use super::router::{Plan, Router, Target};
use super::session::SessionId;
use crate::app::mqtt::{Committing, Durable, Publication, Urgency, uplink};
use crate::app::{App, Error};
use crate::model::mqtt::{Message, Qos};

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
}

/// The sending end of the exchange.
#[derive(Debug)]
pub(super) struct Exchange {
    app: App,
    shared: Shared,
    /// Locked from planning to submitting, so that queues, store and lane agree on the order; empty after the end.
    lane: AsyncMutex<Option<mpsc::Sender<Passing>>>,
}

/// The receiving end.
#[derive(Debug)]
pub(super) struct Lane(mpsc::Receiver<Passing>);

impl Exchange {
    pub(super) fn new(app: App, shared: Shared, bound: usize) -> (Self, Lane) {
        let (sender, receiver) = mpsc::channel(bound);
        (Self { app, shared, lane: AsyncMutex::new(Some(sender)) }, Lane(receiver))
    }

    /// Publishes a message: at once when nothing of it is to be kept, unless the publisher has writes on their way that
    /// it must not overtake.
    pub(super) async fn publish(&self, message: Message, from: Origin, behind: bool) -> Result<Receipt, NotKept> {
        let uplink = uplink(&message);
        let message = Arc::new(message);
        let Origin { received, inbound } = from;
        let lane = self.lane.lock().await;
        let (Plan { targets, queue }, retain) = {
            let mut router = self.shared.lock();
            let retain = message.retain && router.may_retain(&message);
            (router.plan(&message), retain)
        };
        let publication = Publication { message: Arc::clone(&message), retain, queue, inbound, uplink };
        if !publication.is_durable() && !behind {
            return Ok(Receipt::Now(self.shared.lock().deliver(&message, &targets)));
        }
        let urgency = if message.qos > Qos::AtMostOnce { Urgency::Awaited } else { Urgency::Later };
        let effect = Effect::Deliver { message, targets, retain, received };
        self.pass(lane.as_ref(), Durable::Publish(publication), effect, urgency).await
    }

    /// Makes a subscription of a persistent session durable, together with the retained messages it brings.
    pub(super) async fn subscribe<T>(
        &self,
        plan: impl FnOnce(&mut Router) -> (Durable, Vec<(Arc<Message>, Target)>, T),
    ) -> Result<(Receipt, T), NotKept> {
        let lane = self.lane.lock().await;
        let (durable, queued, planned) = plan(&mut self.shared.lock());
        let receipt = self.pass(lane.as_ref(), durable, Effect::Commit(queued), Urgency::Awaited).await?;
        Ok((receipt, planned))
    }

    /// Makes something durable.
    pub(super) async fn write(&self, durable: Durable, urgency: Urgency) -> Result<Receipt, NotKept> {
        let lane = self.lane.lock().await;
        self.pass(lane.as_ref(), durable, Effect::Nothing, urgency).await
    }

    async fn pass(
        &self,
        lane: Option<&mpsc::Sender<Passing>>,
        durable: Durable,
        effect: Effect,
        urgency: Urgency,
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
        lane.send(Passing { write, effect, done }).await.map_err(|_| NotKept)?;
        Ok(Receipt::Later(later))
    }

    fn failed(&self, error: &Error, effect: Effect) -> NotKept {
        tracing::error!(%error, "could not store an MQTT message");
        self.shared.undo(&effect);
        drop(effect);
        NotKept
    }

    /// Takes no more writes; the lane ends when it has worked off what it holds.
    pub(super) async fn close(&self) {
        self.lane.lock().await.take();
    }
}

impl Shared {
    fn undo(&self, effect: &Effect) {
        let mut router = self.lock();
        match effect {
            Effect::Nothing => {}
            Effect::Deliver { targets, received, .. } => {
                router.undo(targets);
                received.map(|(session, packet_id)| router.release(session, packet_id));
            }
            Effect::Commit(queued) => queued.iter().for_each(|(_, target)| router.undo(std::slice::from_ref(target))),
        }
    }

    fn apply(&self, effect: &Effect) -> Option<SessionId> {
        let mut router = self.lock();
        match effect {
            Effect::Nothing => None,
            Effect::Deliver { message, targets, retain, .. } => {
                if *retain {
                    router.retain(message);
                }
                router.deliver(message, targets)
            }
            Effect::Commit(queued) => {
                for (message, target) in queued {
                    router.deliver(message, std::slice::from_ref(target));
                }
                None
            }
        }
    }
}

impl Lane {
    /// Delivers and acknowledges what was committed, until the exchange is closed.
    pub(super) async fn run(mut self, app: App, shared: Shared) {
        while let Some(Passing { write, effect, done }) = self.0.recv().await {
            let outcome = match app.mqtt_committed(write).await {
                Ok(()) => Ok(shared.apply(&effect)),
                Err(error) => {
                    tracing::error!(%error, "could not commit an MQTT message");
                    shared.undo(&effect);
                    Err(NotKept)
                }
            };
            // The connection may be gone.
            done.send(outcome).ok();
        }
    }
}
