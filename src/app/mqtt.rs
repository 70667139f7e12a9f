//! MQTT: who connects, and what is committed before it is acknowledged.

use std::sync::Arc;
use std::time::Duration;

use super::telemetry::{Taken, take_uplink};
use super::{App, Error};
use crate::auth::secret;
use crate::model::actor::{Actor, Principal};
use crate::model::certificate::Fingerprint;
use crate::model::device::DeviceStatus;
use crate::model::id::DeviceId;
use crate::model::mqtt::{Message, Qos, SessionKey, StoredSession};
use crate::model::timestamp::Timestamp;
use crate::model::topic::{DeviceTopic, Uplink, read_uplink};
use crate::store::{Flush, Ticket, Tx};

/// A clock that is before this was not set since the board started: 1 January 2020.
const CLOCK_SET: Timestamp = Timestamp::from_secs(1_577_836_800);

/// Who connected, and by which token.
#[derive(Clone, Debug)]
pub struct Login {
    pub actor: Actor,
    /// SHA-256 of the token, or of the certificate shown instead, as [`Downlink::CloseToken`](super::downlink::Downlink::CloseToken) names it.
    pub token: [u8; 32],
}

/// What the last run of the daemon left.
#[derive(Debug)]
pub struct Left {
    pub sessions: Vec<StoredSession>,
    pub retained: Vec<Message>,
}

/// A message's place in the queue of a persistent session.
#[derive(Clone, Debug)]
pub struct Queueing {
    /// [`StoredSession::id`].
    pub session: i64,
    /// Grows with every message queued for any session.
    pub sequence: i64,
    pub packet_id: u16,
    /// Of the delivery to this session.
    pub qos: Qos,
    /// Whether it is delivered as a retained one.
    pub retain: bool,
}

/// What the broker wants durable before it acknowledges. Of a session that is gone nothing is kept.
#[derive(Debug)]
pub enum Durable {
    /// A message, all of it in one transaction.
    Publish(Publication),
    /// Subscriptions of a session, and the retained messages they bring.
    Subscribe { session: i64, subscriptions: Vec<(String, Qos)>, queue: Vec<(Arc<Message>, Queueing)> },
    /// Filters a session listens to no more.
    Unsubscribe { session: i64, filters: Vec<String> },
    /// Messages that were delivered.
    Delivered { sequences: Vec<i64> },
    /// A `QoS` 2 message that the client has, so that only its PUBREL is owed.
    Released { sequence: i64 },
    /// A `QoS` 2 packet id that the client released.
    InboundReleased { session: i64, packet_id: u16 },
    /// The connection of a session ended while messages of these sequences were in flight.
    Closed { session: i64, in_flight: Vec<i64> },
    /// A session ended for good.
    Forget { key: SessionKey },
}

/// How long a write may wait for company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Nobody waits for it.
    Later,
    /// A client waits for its acknowledgement.
    Awaited,
}

/// A published message and what becomes of it.
#[derive(Debug)]
pub struct Publication {
    pub message: Arc<Message>,
    /// It takes the place of the topic's retained message.
    pub retain: bool,
    pub queue: Vec<Queueing>,
    /// The session and packet id of a `QoS` 2 message of a persistent session.
    pub inbound: Option<(i64, u16)>,
    /// What it says when its topic is a device's.
    pub uplink: Uplink,
}

impl Publication {
    /// Whether there is anything to commit.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        let said = !matches!(self.uplink, Uplink::Unreadable | Uplink::Other);
        said || self.retain || !self.queue.is_empty() || self.inbound.is_some()
    }
}

/// A write on its way to the store.
#[derive(Debug)]
pub struct Committing {
    ticket: Ticket<Option<(DeviceId, Taken)>, Error>,
    at: Timestamp,
}

/// What a message on that topic says of the device whose topic it is.
#[must_use]
pub fn uplink(message: &Message) -> Uplink {
    DeviceTopic::parse(&message.topic).map_or(Uplink::Other, |topic| read_uplink(topic.rest, &message.payload))
}

impl App {
    /// Who stands behind a token.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when it is unknown or expired, or its device may not speak.
    pub async fn mqtt_login(&self, token: &str, origin: &str) -> Result<Login, Error> {
        let actor = self.bearer(token, origin).await?;
        if matches!(actor.principal, Principal::EnrollmentToken { .. }) {
            return Err(Error::Unauthorized(
                "an enrollment token enrolls over HTTP, and is good for nothing else".to_owned(),
            ));
        }
        Ok(Login { actor, token: secret::hash(token) })
    }

    /// The device that shows a certificate; what stands for the token is its fingerprint.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when the certificate is unknown, revoked or expired, or its device may not speak.
    pub async fn mqtt_certificate_login(&self, certificate: Fingerprint, origin: &str) -> Result<Login, Error> {
        Ok(Login { actor: self.certificate_actor(certificate, origin).await?, token: certificate.0 })
    }

    /// The owner of the device of that type and identifier; `None` for one that is unknown or removed.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn mqtt_owner(&self, device_type: &str, identifier: &str) -> Result<Option<String>, Error> {
        match self.find_device(&Actor::system(), device_type, identifier).await {
            Ok(device) => Ok((device.status != DeviceStatus::Removed).then_some(device.owner)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What the last run left; to be called once, before the first connection.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn mqtt_restore(&self) -> Result<Left, Error> {
        let now = self.inner.clock.now();
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                tx.reset_mqtt_sessions(now)?;
                Ok(Left { sessions: tx.mqtt_sessions()?, retained: tx.mqtt_retained()? })
            })
            .await
    }

    /// Makes or finds a persistent session and returns its row in the store.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn mqtt_open_session(&self, key: &SessionKey) -> Result<i64, Error> {
        let (key, now) = (key.clone(), self.inner.clock.now());
        self.inner.store.write(Flush::Soon, move |tx| Ok(tx.open_mqtt_session(&key, now)?)).await
    }

    /// Persistent sessions that nobody has used for `unused`, at most `limit`.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn mqtt_idle_sessions(&self, unused: Duration, limit: u32) -> Result<Vec<SessionKey>, Error> {
        let now = self.inner.clock.now();
        if now < CLOCK_SET {
            return Ok(Vec::new());
        }
        self.inner
            .store
            .write(Flush::Lazy, move |tx| {
                tx.redate_mqtt_sessions(CLOCK_SET, now)?;
                Ok(tx.idle_mqtt_sessions(now.minus(unused), limit)?)
            })
            .await
    }

    /// Removes a persistent session unless it was used since; true when it is gone.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn mqtt_expire_session(&self, key: SessionKey, unused: Duration) -> Result<bool, Error> {
        let before = self.inner.clock.now().minus(unused);
        self.inner.store.write(Flush::Soon, move |tx| Ok(tx.expire_mqtt_session(&key, before)?)).await
    }

    /// Submits a write; writes are committed in the order of their submission.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn mqtt_submit(&self, durable: Durable, urgency: Urgency) -> Result<Committing, Error> {
        let at = self.inner.clock.now();
        let flush = match urgency {
            Urgency::Later => Flush::Lazy,
            Urgency::Awaited => Flush::Soon,
        };
        let ticket = self.inner.store.submit(flush, move |tx| apply(tx, durable, at)).await?;
        Ok(Committing { ticket, at })
    }

    /// Waits for the commit, and tells the watchers what it changed.
    ///
    /// # Errors
    /// A failure of the store: nothing was kept.
    pub async fn mqtt_committed(&self, write: Committing) -> Result<(), Error> {
        if let Some((device, taken)) = write.ticket.wait().await? {
            self.after_uplink(device, write.at, taken).await;
        }
        Ok(())
    }
}

fn apply(tx: &Tx<'_>, durable: Durable, now: Timestamp) -> Result<Option<(DeviceId, Taken)>, Error> {
    match durable {
        Durable::Publish(publication) => return publish(tx, publication, now),
        Durable::Subscribe { session, subscriptions, queue } => {
            for (filter, qos) in subscriptions {
                tx.put_mqtt_subscription(session, &filter, qos)?;
            }
            for (message, place) in queue {
                enqueue(tx, &message, &place)?;
            }
        }
        Durable::Unsubscribe { session, filters } => {
            for filter in filters {
                tx.delete_mqtt_subscription(session, &filter)?;
            }
        }
        Durable::Delivered { sequences } => tx.unqueue_mqtt(&sequences)?,
        Durable::Released { sequence } => tx.release_mqtt(sequence)?,
        Durable::InboundReleased { session, packet_id } => tx.delete_mqtt_inbound(session, packet_id)?,
        Durable::Closed { session, in_flight } => tx.close_mqtt_session(session, &in_flight, now)?,
        Durable::Forget { key } => tx.delete_mqtt_session(&key)?,
    }
    Ok(None)
}

fn publish(tx: &Tx<'_>, publication: Publication, now: Timestamp) -> Result<Option<(DeviceId, Taken)>, Error> {
    let Publication { message, retain, queue, inbound, uplink } = publication;
    if retain {
        tx.retain_mqtt(&message, now)?;
    }
    for place in &queue {
        enqueue(tx, &message, place)?;
    }
    if let Some((session, packet_id)) = inbound {
        tx.add_mqtt_inbound(session, packet_id)?;
    }
    let topic = match uplink {
        Uplink::Unreadable | Uplink::Other => None,
        Uplink::Event(_) | Uplink::Events(_) | Uplink::Reports(_) | Uplink::Compliance(_) => {
            DeviceTopic::parse(&message.topic)
        }
    };
    let Some(topic) = topic else { return Ok(None) };
    // An operator may publish on the topic of a device that is unknown or gone: then it is a message like any other.
    match tx.find_device(topic.device_type, topic.identifier)? {
        Some(device) if device.status != DeviceStatus::Removed => {
            Ok(Some((device.id, take_uplink(tx, device, uplink, now)?)))
        }
        _ => Ok(None),
    }
}

fn enqueue(tx: &Tx<'_>, message: &Message, place: &Queueing) -> Result<(), Error> {
    Ok(tx.queue_mqtt(place.session, (place.sequence, place.packet_id), message, (place.qos, place.retain))?)
}
