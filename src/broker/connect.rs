//! The beginning of a connection: its CONNECT, who sends it, and its seat at a session (MQTT 3.1.1, sections 3.1, 3.2).

use std::hash::BuildHasher;

use bytes::Bytes;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{ConnAck, Connect, ConnectReturnCode, Packet};
use tokio::io::{AsyncRead, AsyncWrite};

use super::access::Access;
use super::codec::{self, First, Malformed};
use super::exchange::{NotKept, Receipt};
use super::limits::{CONNECT_TIMEOUT, MAX_CLIENT_ID, MAX_CONNECT};
use super::router::{Arrival, Full, Seat};
use super::socket::Socket;
use super::{Broker, topic};
use crate::app::Error;
use crate::app::mqtt::{Durable, Login, Urgency};
use crate::metrics::Refusal;
use crate::model::actor::{Actor, Principal};
use crate::model::change::NoticeKind;
use crate::model::id::DeviceId;
use crate::model::mqtt::{Message, Qos, SessionKey};
use crate::net::Peer;

/// A client that was let in.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) seat: Seat,
    pub(super) actor: Actor,
    pub(super) access: Access,
    /// Seconds; 0 means none.
    pub(super) keep_alive: u16,
    pub(super) will: Option<Box<Message>>,
    /// It goes on with a session that listens already.
    pub(super) resumed: bool,
}

impl Client {
    pub(super) fn device(&self) -> Option<DeviceId> {
        device(&self.actor)
    }
}

fn device(actor: &Actor) -> Option<DeviceId> {
    match actor.principal {
        Principal::Device { id, .. } => Some(id),
        _ => None,
    }
}

/// Reads the CONNECT and answers it; `None` when the connection is to be closed. The answer waits in the output.
pub(super) async fn connect<S>(broker: &Broker, socket: &mut Socket<S>, peer: &Peer) -> Option<Client>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let origin = peer.to_string();
    let metrics = broker.app().metrics();
    let first = match tokio::time::timeout(CONNECT_TIMEOUT, first_packet(socket)).await {
        Ok(Ok(Some(first))) => first,
        Ok(Ok(None)) => return None,
        Ok(Err(malformed)) => {
            metrics.mqtt_refused.of(Refusal::Protocol).inc();
            metrics.mqtt_malformed.of(malformed.reason()).inc();
            tracing::info!(%origin, reason = %malformed, "closed a connection before CONNECT");
            return None;
        }
        Err(_) => {
            metrics.mqtt_refused.of(Refusal::Timeout).inc();
            tracing::debug!(%origin, "no CONNECT in time");
            return None;
        }
    };
    let connect = match first {
        First::Connect(connect) => connect,
        First::Other(level) => {
            metrics.mqtt_refused.of(Refusal::Protocol).inc();
            tracing::info!(%origin, level, "refused a protocol version");
            // MQTT 5 has its own CONNACK: no session, reason 0x84 (unsupported protocol version), no properties.
            let answer: &[u8] = if level == 5 { &[0x20, 3, 0, 0x84, 0] } else { &[0x20, 2, 0, 1] };
            socket.output.extend_from_slice(answer);
            return None;
        }
    };
    match admit(broker, connect, peer).await {
        Ok((client, present)) => {
            metrics.mqtt_accepted.inc();
            answer(socket, ConnectReturnCode::Success, present);
            Some(client)
        }
        Err((code, refusal, why)) => {
            metrics.mqtt_refused.of(refusal).inc();
            tracing::info!(%origin, %why, "refused an MQTT client");
            let text = format!("MQTT connection from {origin} refused: {why}");
            broker.app().notice(NoticeKind::Refused, None, text);
            answer(socket, code, false);
            None
        }
    }
}

fn answer<S>(socket: &mut Socket<S>, code: ConnectReturnCode, session_present: bool) {
    codec::write(&Packet::ConnAck(ConnAck { session_present, code }), &mut socket.output);
}

async fn first_packet<S>(socket: &mut Socket<S>) -> Result<Option<First>, Malformed>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        if let Some(first) = codec::first(&mut socket.input, MAX_CONNECT)? {
            return Ok(Some(first));
        }
        match socket.read().await {
            Ok(0) | Err(_) => return Ok(None),
            Ok(_) => {}
        }
    }
}

type Refused = (ConnectReturnCode, Refusal, String);

fn unavailable(why: &dyn std::fmt::Display) -> Refused {
    (ConnectReturnCode::ServiceUnavailable, Refusal::Busy, why.to_string())
}

/// Finds out who it is and takes a seat at its session; says whether the session was there before.
async fn admit(broker: &Broker, connect: Connect, peer: &Peer) -> Result<(Client, bool), Refused> {
    let id = &connect.client_id;
    if (id.is_empty() && !connect.clean_session) || id.len() > MAX_CLIENT_ID {
        let why = format!("the client id has {} bytes", id.len());
        return Err((ConnectReturnCode::BadClientId, Refusal::ClientId, why));
    }
    let will = will(&connect).map_err(|bad| (ConnectReturnCode::NotAuthorized, Refusal::Protocol, bad.to_string()))?;
    let client_id = if id.is_empty() { unique() } else { id.clone() };
    loop {
        let withdrawals = broker.shared().lock().withdrawals;
        let login = log_in(broker, &connect, peer).await?;
        let key = SessionKey { principal: principal(&login.actor.principal), client_id: client_id.clone() };
        // One CONNECT of a key at a time, so that store and router agree on the session.
        let _turn = broker.turns().take(&key).await;
        let stored = open(broker, &key, connect.clean_session).await?;
        let arrival = Arrival { key, device: device(&login.actor), token: login.token, stored };
        let attached = {
            let mut router = broker.shared().lock();
            // Rights that were withdrawn meanwhile could not end a connection that had no seat yet.
            (router.withdrawals == withdrawals).then(|| router.attach(arrival))
        };
        let Some(attached) = attached else { continue };
        let (seat, present, displaced) = attached.map_err(|Full| unavailable(&"too many connections or sessions"))?;
        if let Some(key) = displaced {
            let forget = Durable::Forget { key: key.as_ref().clone() };
            drop(broker.exchange().write(forget, Urgency::Later).await);
        }
        let resumed = present && broker.shared().lock().has_subscriptions(&seat);
        let Login { actor, .. } = login;
        let access = Access::of(&actor);
        return Ok((Client { seat, access, actor, keep_alive: connect.keep_alive, will, resumed }, present));
    }
}

/// The token is the user name, or the password when the user name is none. Who shows neither is the device that the
/// certificate of the connection names.
async fn log_in(broker: &Broker, connect: &Connect, peer: &Peer) -> Result<Login, Refused> {
    /// Shorter passwords are no tokens.
    const MIN_TOKEN: usize = 36;
    let origin = &peer.to_string();
    let login = connect.login.as_ref().filter(|login| !login.username.is_empty() || !login.password.is_empty());
    let Some(login) = login else {
        if let Some(certificate) = peer.certificate() {
            return match Box::pin(broker.app().mqtt_certificate_login(certificate, origin)).await {
                Ok(login) => Ok(login),
                Err(error @ Error::Unauthorized(_)) => {
                    Err((ConnectReturnCode::NotAuthorized, Refusal::Credentials, error.to_string()))
                }
                Err(error) => Err(unavailable(&error)),
            };
        }
        return Err((ConnectReturnCode::NotAuthorized, Refusal::Credentials, "no credentials".to_owned()));
    };
    let mut refusal = Error::Unauthorized("no token".to_owned());
    for token in [&login.username, &login.password] {
        let is_password = std::ptr::eq(token, &raw const login.password);
        if token.is_empty() || (is_password && token.len() < MIN_TOKEN) {
            continue;
        }
        match Box::pin(broker.app().mqtt_login(token, origin)).await {
            Ok(login) => return Ok(login),
            Err(error @ Error::Unauthorized(_)) => refusal = error,
            Err(error) => return Err(unavailable(&error)),
        }
    }
    Err((ConnectReturnCode::BadUserNamePassword, Refusal::Credentials, refusal.to_string()))
}

/// The store's row of a persistent session; a clean one leaves nothing there.
async fn open(broker: &Broker, key: &SessionKey, clean: bool) -> Result<Option<i64>, Refused> {
    if !clean {
        return broker.app().mqtt_open_session(key).await.map(Some).map_err(|error| unavailable(&error));
    }
    let stored = broker.shared().lock().is_stored(key);
    if stored {
        let forget = Durable::Forget { key: key.clone() };
        match broker.exchange().write(forget, Urgency::Awaited).await {
            Ok(Receipt::Later(done)) => done.await.unwrap_or(Err(NotKept)).map_err(|error| unavailable(&error))?,
            Ok(Receipt::Now(_)) => None,
            Err(error) => return Err(unavailable(&error)),
        };
    }
    Ok(None)
}

fn will(connect: &Connect) -> Result<Option<Box<Message>>, topic::BadTopic> {
    let Some(will) = &connect.last_will else { return Ok(None) };
    topic::check_name(&will.topic)?;
    let payload = Bytes::copy_from_slice(&will.message);
    Ok(Some(Box::new(Message { topic: will.topic.clone(), payload, qos: qos(will.qos), retain: will.retain })))
}

/// The codec's word as the domain's.
pub(super) fn qos(qos: QoS) -> Qos {
    match qos {
        QoS::AtMostOnce => Qos::AtMostOnce,
        QoS::AtLeastOnce => Qos::AtLeastOnce,
        QoS::ExactlyOnce => Qos::ExactlyOnce,
    }
}

/// A principal as the key of its sessions.
fn principal(principal: &Principal) -> String {
    match principal {
        Principal::Device { id, .. } => format!("device:{id}"),
        Principal::User { id, .. } => format!("user:{id}"),
        Principal::Token { id, .. } => format!("token:{id}"),
        Principal::System | Principal::Local { .. } | Principal::EnrollmentToken { .. } | Principal::Anonymous => {
            format!("other:{principal}")
        }
    }
}

/// A client id for a client that brought none (section 3.1.3.1).
fn unique() -> String {
    format!("auto-{}", uuid::Uuid::now_v7())
}

/// Locks by key, shared by keys of the same hash.
#[derive(Debug)]
pub(super) struct Turns {
    locks: Box<[tokio::sync::Mutex<()>]>,
    hasher: std::hash::RandomState,
}

impl Turns {
    /// How many keys can take their turn at once.
    const LOCKS: usize = 64;

    pub(super) fn new() -> Self {
        let locks = std::iter::repeat_with(tokio::sync::Mutex::default).take(Self::LOCKS).collect();
        Self { locks, hasher: std::hash::RandomState::new() }
    }

    /// Waits for the turn of a key.
    pub(super) async fn take(&self, key: &SessionKey) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let at = usize::try_from(self.hasher.hash_one(key) % Self::LOCKS as u64).unwrap_or(0);
        Some(self.locks.get(at)?.lock().await)
    }
}
