//! Who may connect and use what; what ends a connection.

use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Connect, ConnectReturnCode, LastWill, Packet, PubAck, SubscribeReasonCode, Unsubscribe};

use super::{Hub, connect, eventually, publish};
use crate::app::testing::operator;
use crate::metrics::{Defect, Refusal};
use crate::model::device::DeviceStatus;

const TOPIC: &str = "carbon.super/raspberrypi/pi-1";

#[tokio::test]
async fn credentials_decide() {
    let hub = Hub::start().await;
    let token = hub.token(&hub.pi).await;
    let (_peer, present) = hub.connect(connect("a", &token, true)).await;
    assert!(!present);
    let code = async |connect: Connect| hub.try_connect(connect).await.1.code;
    let wrong = connect("a", "not-a-token", true);
    assert_eq!(code(wrong).await, ConnectReturnCode::BadUserNamePassword);
    assert_eq!(code(Connect::new("a")).await, ConnectReturnCode::NotAuthorized);
    // Newer agents send the token as the password.
    let mut as_password = Connect::new("a");
    as_password.set_login("pi-1", &token);
    assert_eq!(code(as_password).await, ConnectReturnCode::Success);
    assert_eq!(code(connect("", &token, false)).await, ConnectReturnCode::BadClientId);
    assert_eq!(code(connect("", &token, true)).await, ConnectReturnCode::Success);
    assert_eq!(hub.broker.app().metrics().mqtt_refused.of(Refusal::Credentials).get(), 2);
}

#[tokio::test]
async fn two_devices_with_one_client_id_do_not_meet_and_the_same_device_takes_over() {
    let hub = Hub::start().await;
    let other = hub.site.pi("pi-2").await;
    let (mut first, _) = hub.connect(connect("RaspberryPi Agent", &hub.token(&hub.pi).await, true)).await;
    let (mut second, _) = hub.connect(connect("RaspberryPi Agent", &hub.token(&other).await, true)).await;
    assert!(first.is_quiet().await && second.is_quiet().await);
    let (mut again, _) = hub.connect(connect("RaspberryPi Agent", &hub.token(&hub.pi).await, true)).await;
    first.ends().await;
    assert!(again.is_quiet().await && second.is_quiet().await);
    assert!(hub.site.app.is_online(hub.pi.id));
    again.send(Packet::Disconnect).await;
    again.ends().await;
    eventually("the device to be offline", async || !hub.site.app.is_online(hub.pi.id)).await;
}

#[tokio::test]
async fn a_device_keeps_to_its_topics() {
    let hub = Hub::start().await;
    let (mut admin, _) = hub.connect(connect("admin", &hub.admin().await, true)).await;
    assert_eq!(admin.subscribe("#", QoS::AtMostOnce).await, SubscribeReasonCode::Success(QoS::AtMostOnce));
    let (mut pi, _) = hub.connect(connect("pi", &hub.token(&hub.pi).await, true)).await;
    for foreign in ["#", "carbon.super/#", "carbon.super/raspberrypi/pi-2/x", "$SYS/#", "+/+/+", "$share/g/x"] {
        assert_eq!(pi.subscribe(foreign, QoS::AtLeastOnce).await, SubscribeReasonCode::Failure, "{foreign}");
    }
    let granted = SubscribeReasonCode::Success(QoS::ExactlyOnce);
    assert_eq!(pi.subscribe(&format!("{TOPIC}/#"), QoS::ExactlyOnce).await, granted);
    // A foreign topic is acknowledged, and goes nowhere.
    pi.publish("carbon.super/raspberrypi/pi-2/x", "intruder").await;
    pi.publish(&format!("{TOPIC}/x"), "own").await;
    assert_eq!(pi.message().await.topic, format!("{TOPIC}/x"));
    assert_eq!(admin.message().await.payload, "own");
    assert_eq!(hub.broker.app().metrics().mqtt_denied.get(), 7);
    for _ in 0..2 {
        pi.send(Packet::Publish(publish("foreign", QoS::AtMostOnce, 0, "x"))).await;
    }
    pi.ends().await;
    assert!(admin.is_quiet().await);
}

#[tokio::test]
async fn a_person_uses_the_topics_of_their_own_devices() {
    let hub = Hub::start().await;
    let scopes = [crate::model::actor::Scope::Read].into_iter().collect();
    let (_, token) = hub.site.app.create_token(&operator(), "mine", scopes, None).await.unwrap();
    let (mut peer, _) = hub.connect(connect("person", &token, true)).await;
    assert_eq!(
        peer.subscribe(&format!("{TOPIC}/#"), QoS::AtMostOnce).await,
        SubscribeReasonCode::Success(QoS::AtMostOnce)
    );
    for foreign in ["#", "carbon.super/raspberrypi/unknown/#", "$SYS/#"] {
        assert_eq!(peer.subscribe(foreign, QoS::AtMostOnce).await, SubscribeReasonCode::Failure, "{foreign}");
    }
}

#[tokio::test]
async fn removing_a_device_ends_its_connections_and_sessions() {
    let hub = Hub::start().await;
    let token = hub.token(&hub.pi).await;
    let (mut pi, _) = hub.connect(connect("pi", &token, false)).await;
    pi.subscribe(&format!("{TOPIC}/#"), QoS::AtLeastOnce).await;
    hub.site.app.remove_device(&operator(), hub.pi.id).await.unwrap();
    pi.ends().await;
    let (_, answer) = hub.try_connect(connect("pi", &token, false)).await;
    assert_eq!(answer.code, ConnectReturnCode::BadUserNamePassword);
    eventually("the session to be gone", async || hub.broker.shared().lock().census().sessions == 0).await;
    assert!(hub.site.app.device(&operator(), hub.pi.id).await.unwrap().status == DeviceStatus::Removed);
}

#[tokio::test]
async fn revoking_a_token_ends_its_connection() {
    let hub = Hub::start().await;
    let (token, secret) =
        hub.site.app.create_token(&operator(), "t", crate::model::actor::Scopes::ALL, None).await.unwrap();
    let (peer, _) = hub.connect(connect("x", &secret, true)).await;
    hub.site.app.revoke_token(&operator(), token.id).await.unwrap();
    peer.ends().await;
}

#[tokio::test]
async fn malformed_packets_end_the_connection() {
    let hub = Hub::start().await;
    let token = hub.token(&hub.pi).await;
    for bytes in [
        &[0x30, 0xff, 0xff, 0xff, 0x7f][..],
        &[0xf0, 0][..],
        &[0x82, 2, 0, 1][..],
        &[0x36, 3, 0, 1, b'a'][..],
        &[0x30, 3, 0, 1, b'#'][..],
        &[0x30, 2, 0, 0][..],
        &[0x82, 7, 0, 1, 0, 2, b'a', b'#', 0][..],
    ] {
        let (mut peer, _) = hub.connect(connect("pi", &token, true)).await;
        peer.send_raw(bytes).await;
        peer.ends().await;
    }
    let (mut twice, _) = hub.connect(connect("pi", &token, true)).await;
    twice.send(Packet::Connect(connect("pi", &token, true))).await;
    twice.ends().await;
    let count = |defect| hub.broker.app().metrics().mqtt_malformed.of(defect).get();
    let expected = [
        (Defect::Length, 0),
        (Defect::TooLarge, 1),
        (Defect::Type, 2),
        (Defect::Body, 1),
        (Defect::Qos, 1),
        (Defect::Topic, 3),
    ];
    eventually("all to be counted", async || expected.iter().map(|(defect, _)| count(*defect)).sum::<u64>() == 8).await;
    for (defect, times) in expected {
        assert_eq!(count(defect), times, "{defect:?}");
    }
    let mut early = hub.open();
    early.send(Packet::PingReq).await;
    early.ends().await;
}

#[tokio::test]
async fn other_versions_are_answered_in_their_own_words() {
    let hub = Hub::start().await;
    for (hello, answer) in [
        (&[0x10, 13, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 60, 0, 0, 0][..], &[0x20, 3, 0, 0x84, 0][..]),
        (&[0x10, 14, 0, 6, b'M', b'Q', b'I', b's', b'd', b'p', 3, 2, 0, 60, 0, 0][..], &[0x20, 2, 0, 1][..]),
    ] {
        let mut peer = hub.open();
        peer.send_raw(hello).await;
        let mut received = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut peer.stream, &mut received).await.unwrap();
        assert_eq!(received, answer);
    }
}

#[tokio::test]
async fn silence_ends_the_connection_before_and_after_connect() {
    let hub = Hub::start().await;
    let mut slow = hub.open();
    slow.send_raw(&[0x10, 60, 0, 4]).await;
    slow.ends().await;
    let (mut admin, _) = hub.connect(connect("admin", &hub.admin().await, true)).await;
    admin.subscribe("#", QoS::AtMostOnce).await;
    let mut silent = connect("pi", &hub.token(&hub.pi).await, true);
    silent.keep_alive = 1;
    silent.last_will = Some(LastWill::new(format!("{TOPIC}/will"), "gone", QoS::AtLeastOnce, false));
    let (silent, _) = hub.connect(silent).await;
    silent.ends().await;
    assert_eq!(admin.message().await.payload, "gone");
}

#[tokio::test]
async fn a_will_is_published_unless_the_client_says_good_bye_or_may_not() {
    let hub = Hub::start().await;
    let (mut admin, _) = hub.connect(connect("admin", &hub.admin().await, true)).await;
    admin.subscribe("#", QoS::AtMostOnce).await;
    let token = hub.token(&hub.pi).await;
    let will = |topic: &str, payload: &str| {
        let mut connect = connect("pi", &token, true);
        connect.last_will = Some(LastWill::new(topic, payload, QoS::ExactlyOnce, true));
        connect
    };
    let own = format!("{TOPIC}/will");
    let (mut polite, _) = hub.connect(will(&own, "1")).await;
    polite.send(Packet::Disconnect).await;
    polite.ends().await;
    // The fire alarm's will has two levels.
    let (foreign, _) = hub.connect(will("pi-1/disconnection", "2")).await;
    foreign.vanish();
    eventually("the will to be refused", async || hub.broker.app().metrics().mqtt_denied.get() == 1).await;
    let (lost, _) = hub.connect(will(&own, "3")).await;
    let (_taker, _) = hub.connect(connect("pi", &token, true)).await;
    lost.ends().await;
    let message = admin.message().await;
    assert_eq!((message.payload.as_ref(), message.retain), (&b"3"[..], false));
    let (mut late, _) = hub.connect(connect("late", &hub.admin().await, true)).await;
    late.subscribe(&own, QoS::AtMostOnce).await;
    let message = late.message().await;
    assert_eq!((message.payload.as_ref(), message.retain), (&b"3"[..], true));
}

#[tokio::test]
async fn subscriptions_are_replaced_ended_and_bounded() {
    let hub = Hub::start().await;
    let (mut pi, _) = hub.connect(connect("pi", &hub.token(&hub.pi).await, true)).await;
    let filter = format!("{TOPIC}/+");
    for qos in [QoS::ExactlyOnce, QoS::AtMostOnce] {
        assert_eq!(pi.subscribe(&filter, qos).await, SubscribeReasonCode::Success(qos));
    }
    pi.send(Packet::Publish(publish(&format!("{TOPIC}/x"), QoS::AtLeastOnce, 3, "1"))).await;
    // The message and its acknowledgement come in either order.
    let (mut message, mut acknowledged) = (None, false);
    while message.is_none() || !acknowledged {
        match pi.next().await {
            Packet::Publish(publish) => message = Some(publish),
            Packet::PubAck(PubAck { pkid: 3 }) => acknowledged = true,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(message.unwrap().qos, QoS::AtMostOnce, "the later subscription holds");
    let mut unsubscribe = Unsubscribe::new(&filter);
    unsubscribe.pkid = 5;
    pi.send(Packet::Unsubscribe(unsubscribe)).await;
    assert!(matches!(pi.next().await, Packet::UnsubAck(ack) if ack.pkid == 5));
    pi.publish(&format!("{TOPIC}/x"), "2").await;
    assert!(pi.is_quiet().await);
    for i in 0..crate::broker::limits::MAX_SUBSCRIPTIONS {
        let granted = pi.subscribe(&format!("{TOPIC}/{i}"), QoS::AtMostOnce).await;
        assert_eq!(granted, SubscribeReasonCode::Success(QoS::AtMostOnce));
    }
    assert_eq!(pi.subscribe(&filter, QoS::AtMostOnce).await, SubscribeReasonCode::Failure);
}
