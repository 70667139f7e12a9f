//! What a failing disk, a panic, or years of use leave: nothing acknowledged that is not kept, nothing held for ever.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, PubAck, PubComp, PubRec, PubRel};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::{Hub, Peer, connect, eventually, publish};
use crate::broker::expiry;
use crate::broker::limits::{MAX_OWN_CONNECTIONS, MAX_OWN_SESSIONS, SESSION_EXPIRY};
use crate::store::{Flush, StoreError};

const TOPIC: &str = "carbon.super/raspberrypi/pi-1";

/// Makes the transaction fail in which the next writes are; those are in when `ready` says so.
async fn lose(hub: &Hub, ready: impl AsyncFnOnce()) {
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let losing = hub
        .site
        .app
        .store()
        .submit(Flush::Now, move |tx| {
            tx.lose_transaction()?;
            gate.recv().ok();
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    ready().await;
    eventually("a write behind", async || hub.site.app.store().stats().queued > 1).await;
    drop(go);
    assert!(losing.wait().await.is_err());
}

#[tokio::test]
async fn what_is_not_kept_is_not_acknowledged_and_may_come_again() {
    let hub = Hub::start().await;
    let token = hub.token(&hub.pi).await;
    let topic = format!("{TOPIC}/temperature");
    for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let (mut pi, _) = hub.connect(connect("pi", &token, false)).await;
        lose(&hub, async || pi.send(Packet::Publish(publish(&topic, qos, 5, "{\"lost\":1}"))).await).await;
        assert_eq!(pi.try_next().await, None, "the connection ends without an acknowledgement");
        let (mut pi, present) = hub.connect(connect("pi", &token, false)).await;
        assert!(present);
        pi.send(Packet::Publish(publish(&topic, qos, 5, "{\"kept\":1}"))).await;
        let kept = match qos {
            QoS::ExactlyOnce => Packet::PubRec(PubRec::new(5)),
            _ => Packet::PubAck(PubAck::new(5)),
        };
        assert_eq!(pi.next().await, kept);
        pi.send(Packet::PubRel(PubRel::new(5))).await;
        assert_eq!(pi.next().await, Packet::PubComp(PubComp::new(5)));
    }
    let values = hub.site.app.last_values(&crate::app::testing::operator(), hub.pi.id).await.unwrap();
    assert_eq!(values.iter().map(|value| &*value.metric).collect::<Vec<_>>(), ["kept"]);
}

/// Were the packet id forgotten before the store forgets it, a restart would bring it back, and the next message of
/// that id would be taken for a repetition.
#[tokio::test]
async fn a_release_that_is_not_kept_is_made_again() {
    let hub = Hub::start().await;
    let token = hub.token(&hub.pi).await;
    let topic = format!("{TOPIC}/temperature");
    let (mut pi, _) = hub.connect(connect("pi", &token, false)).await;
    pi.send(Packet::Publish(publish(&topic, QoS::ExactlyOnce, 5, "{\"first\":1}"))).await;
    assert_eq!(pi.next().await, Packet::PubRec(PubRec::new(5)));
    lose(&hub, async || pi.send(Packet::PubRel(PubRel::new(5))).await).await;
    assert_eq!(pi.try_next().await, None);
    let (mut pi, _) = hub.connect(connect("pi", &token, false)).await;
    pi.send(Packet::PubRel(PubRel::new(5))).await;
    assert_eq!(pi.next().await, Packet::PubComp(PubComp::new(5)));
    pi.vanish();
    let hub = hub.restart().await;
    let (mut pi, _) = hub.connect(connect("pi", &token, false)).await;
    pi.send(Packet::Publish(publish(&topic, QoS::ExactlyOnce, 5, "{\"second\":1}"))).await;
    assert_eq!(pi.next().await, Packet::PubRec(PubRec::new(5)));
    let values = hub.site.app.last_values(&crate::app::testing::operator(), hub.pi.id).await.unwrap();
    assert_eq!(values.len(), 2, "{values:?}");
}

/// A stream whose next read panics once it is armed.
struct Mine(DuplexStream, Arc<AtomicBool>);

impl AsyncRead for Mine {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        assert!(!self.1.load(Ordering::Relaxed), "on purpose");
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Mine {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn a_panic_leaves_the_session_and_the_device_to_others() {
    let hub = Hub::start().await;
    let (near, far) = tokio::io::duplex(64 * 1024);
    let armed = Arc::new(AtomicBool::new(false));
    let (broker, shutdown, mine) = (hub.broker.clone(), hub.shutdown.clone(), Mine(far, Arc::clone(&armed)));
    let serving = tokio::spawn(async move { broker.serve(mine, super::remote(None), shutdown).await });
    let mut peer = Peer { stream: near, input: BytesMut::new(), early: std::collections::VecDeque::new() };
    peer.send(Packet::Connect(connect("pi", &hub.token(&hub.pi).await, false))).await;
    assert!(matches!(peer.next().await, Packet::ConnAck(_)));
    eventually("the device to be online", async || hub.site.app.is_online(hub.pi.id)).await;
    armed.store(true, Ordering::Relaxed);
    peer.send(Packet::PingReq).await;
    serving.await.expect("the panic to be caught");
    assert!(!hub.site.app.is_online(hub.pi.id));
    assert_eq!(hub.broker.shared().lock().census().connected, 0);
    let metrics = hub.broker.app().metrics();
    assert_eq!((metrics.mqtt_connections.get(), metrics.panics.get()), (0, 1));
}

#[tokio::test]
async fn sessions_that_nobody_uses_come_to_an_end() {
    let hub = Hub::start().await;
    let token = hub.token(&hub.pi).await;
    let sessions = || hub.broker.shared().lock().census().sessions;
    let (mut used, _) = hub.connect(connect("used", &token, false)).await;
    let (mut unused, _) = hub.connect(connect("unused", &token, false)).await;
    unused.subscribe(&format!("{TOPIC}/#"), QoS::AtLeastOnce).await;
    unused.send(Packet::Disconnect).await;
    unused.ends().await;
    eventually("the session to be without a connection", async || hub.broker.shared().lock().census().connected == 1)
        .await;
    hub.site.app.store().write(Flush::Now, |_| Ok::<_, StoreError>(())).await.unwrap();
    hub.site.clock.advance(SESSION_EXPIRY.saturating_sub(Duration::from_hours(1)));
    assert_eq!((expiry::expire(&hub.broker).await.unwrap(), sessions()), (0, 2));
    hub.site.clock.advance(Duration::from_hours(2));
    assert_eq!((expiry::expire(&hub.broker).await.unwrap(), sessions()), (1, 1));
    assert!(used.is_quiet().await);
    // A power cut ends connections: that they were used is not forgotten.
    let hub = hub.restart().await;
    hub.site.clock.advance(Duration::from_hours(1));
    assert_eq!(expiry::expire(&hub.broker).await.unwrap(), 0);
    let (_peer, present) = hub.connect(connect("unused", &hub.token(&hub.pi).await, false)).await;
    assert!(!present);
}

#[tokio::test]
async fn nobody_takes_all_sessions_or_connections() {
    let hub = Hub::start().await;
    let admin = hub.admin().await;
    for n in 0..3 * MAX_OWN_SESSIONS {
        let (mut peer, _) = hub.connect(connect(&format!("session-{n}"), &admin, false)).await;
        peer.send(Packet::Disconnect).await;
        peer.ends().await;
    }
    assert_eq!(hub.broker.shared().lock().census().sessions, MAX_OWN_SESSIONS);
    let mut peers = Vec::new();
    for n in 0..MAX_OWN_CONNECTIONS + 3 {
        peers.push(hub.connect(connect(&format!("connection-{n}"), &admin, true)).await.0);
    }
    for crowded_out in peers.drain(..3) {
        crowded_out.ends().await;
    }
    for peer in &mut peers {
        assert!(peer.is_quiet().await);
    }
    let (mut pi, _) = hub.connect(connect("pi", &hub.token(&hub.pi).await, true)).await;
    assert!(pi.is_quiet().await);
}
