//! What reaches whom, in which order, and what outlives what.

use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, PubAck, PubComp, PubRec, PubRel, Publish};

use super::{Hub, connect, eventually, publish};
use crate::app::downlink::{Push, Route};
use crate::app::testing::operator;
use crate::broker::limits::{MAX_IN_FLIGHT, MAX_QUEUED_BYTES, MAX_QUEUED_MESSAGES};
use crate::model::device_type::Completes;
use crate::model::operation::{NewActivity, OperationStatus};

const TOPIC: &str = "carbon.super/raspberrypi/pi-1";

fn event(n: i64) -> String {
    format!("{{\"event\":{{\"metaData\":{{\"time\":0}},\"payloadData\":{{\"temperature\":{n}}}}}}}")
}

#[tokio::test]
async fn telemetry_is_stored_before_it_is_acknowledged() {
    let hub = Hub::start().await;
    let (mut pi, _) = hub.connect(connect("pi", &hub.token(&hub.pi).await, true)).await;
    for n in 1..=300 {
        pi.send(Packet::Publish(publish(&format!("{TOPIC}/temperature"), QoS::AtLeastOnce, n, &event(i64::from(n)))))
            .await;
    }
    for n in 1..=300 {
        assert_eq!(pi.next().await, Packet::PubAck(PubAck::new(n)), "in the order of the publishes");
    }
    let events = hub.site.app.last_events(&operator(), hub.pi.id, 1000).await.unwrap();
    assert_eq!(events.len(), 300);
    let commits = hub.site.app.store().stats().commits;
    assert!(commits < 150, "{commits} commits: publishes share them");
}

#[tokio::test]
async fn an_operator_s_publish_counts_for_the_device_of_its_topic() {
    let hub = Hub::start().await;
    let (mut admin, _) = hub.connect(connect("gateway", &hub.admin().await, true)).await;
    admin.publish(&format!("{TOPIC}/temperature"), &event(7)).await;
    admin.publish("carbon.super/raspberrypi/unknown/temperature", &event(7)).await;
    let events = hub.site.app.last_events(&operator(), hub.pi.id, 10).await.unwrap();
    assert_eq!(events.len(), 1);
}

#[tokio::test]
async fn qos_is_the_lower_of_the_two_and_one_copy_is_sent() {
    let hub = Hub::start().await;
    let admin = hub.admin().await;
    for (granted, published, expected) in [
        (QoS::AtMostOnce, QoS::ExactlyOnce, QoS::AtMostOnce),
        (QoS::AtLeastOnce, QoS::ExactlyOnce, QoS::AtLeastOnce),
        (QoS::ExactlyOnce, QoS::AtLeastOnce, QoS::AtLeastOnce),
        (QoS::ExactlyOnce, QoS::AtMostOnce, QoS::AtMostOnce),
    ] {
        let (mut listener, _) = hub.connect(connect("listener", &admin, true)).await;
        listener.subscribe("a/+", QoS::AtMostOnce).await;
        listener.subscribe("a/b", granted).await;
        let (mut publisher, _) = hub.connect(connect("publisher", &admin, true)).await;
        publisher.send(Packet::Publish(publish("a/b", published, 4, "x"))).await;
        let message = listener.message().await;
        assert_eq!((message.qos, message.dup, message.retain), (expected, false, false));
        assert!(listener.is_quiet().await);
    }
}

#[tokio::test]
async fn retained_messages_greet_a_new_subscription() {
    let mut hub = Hub::start().await;
    for round in 0..2 {
        let admin = hub.admin().await;
        let (mut publisher, _) = hub.connect(connect("publisher", &admin, true)).await;
        if round == 0 {
            for topic in ["r/1", "r/2", "r/3"] {
                publisher.retain(topic, "old").await;
                publisher.retain(topic, topic).await;
            }
            publisher.retain("r/2", "").await;
        }
        for (client, clean) in [("clean", true), ("persistent", false)] {
            let (mut listener, _) = hub.connect(connect(client, &admin, clean)).await;
            for _ in 0..2 {
                listener.subscribe("r/#", QoS::AtLeastOnce).await;
                for topic in ["r/1", "r/3"] {
                    let message = listener.message().await;
                    assert_eq!((message.topic.as_str(), message.retain), (topic, true), "{client}");
                    assert_eq!(message.payload, topic);
                    assert_eq!(message.qos, QoS::AtLeastOnce);
                }
                assert!(listener.is_quiet().await, "{client}: sent once");
            }
            publisher.publish("r/1", "live").await;
            assert!(!listener.message().await.retain);
        }
        hub = hub.restart().await;
    }
}

#[tokio::test]
async fn exactly_once_from_a_client_even_when_it_repeats_itself_after_a_restart() {
    let mut hub = Hub::start().await;
    let token = hub.token(&hub.pi).await;
    let topic = format!("{TOPIC}/temperature");
    let (mut pi, _) = hub.connect(connect("pi", &token, false)).await;
    pi.send(Packet::Publish(publish(&topic, QoS::ExactlyOnce, 5, &event(1)))).await;
    assert_eq!(pi.next().await, Packet::PubRec(PubRec::new(5)));
    pi.vanish();
    for _ in 0..2 {
        hub = hub.restart().await;
        let (mut pi, present) = hub.connect(connect("pi", &token, false)).await;
        assert!(present);
        let mut again = publish(&topic, QoS::ExactlyOnce, 5, &event(1));
        again.dup = true;
        pi.send(Packet::Publish(again)).await;
        assert_eq!(pi.next().await, Packet::PubRec(PubRec::new(5)));
        pi.vanish();
    }
    let (mut pi, _) = hub.connect(connect("pi", &token, false)).await;
    pi.send(Packet::PubRel(PubRel::new(5))).await;
    assert_eq!(pi.next().await, Packet::PubComp(PubComp::new(5)));
    assert_eq!(hub.site.app.last_events(&operator(), hub.pi.id, 10).await.unwrap().len(), 1);
    // Released, the id stands for another message.
    pi.send(Packet::Publish(publish(&topic, QoS::ExactlyOnce, 5, &event(2)))).await;
    assert_eq!(pi.next().await, Packet::PubRec(PubRec::new(5)));
    assert_eq!(hub.site.app.last_events(&operator(), hub.pi.id, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_persistent_session_gets_in_order_what_was_published_while_it_was_away() {
    let mut hub = Hub::start().await;
    let admin = hub.admin().await;
    let (mut listener, present) = hub.connect(connect("listener", &admin, false)).await;
    assert!(!present);
    listener.subscribe("q/#", QoS::ExactlyOnce).await;
    listener.send(Packet::Disconnect).await;
    listener.ends().await;
    let (mut publisher, _) = hub.connect(connect("publisher", &admin, true)).await;
    for n in 0..50 {
        publisher.publish("q/x", &n.to_string()).await;
    }
    publisher.send(Packet::Publish(publish("q/x", QoS::AtMostOnce, 0, "not queued"))).await;
    hub = hub.restart().await;
    let (mut listener, present) = hub.connect(connect("listener", &admin, false)).await;
    assert!(present);
    // A window of messages comes; they are left unacknowledged and come again, marked, before the rest.
    let mut first = Vec::new();
    for n in 0..MAX_IN_FLIGHT {
        let Packet::Publish(message) = listener.next().await else { panic!() };
        assert_eq!((message.payload.as_ref(), message.dup), (n.to_string().as_bytes(), false));
        first.push(message.pkid);
    }
    assert!(listener.is_quiet().await, "the window is full");
    listener.vanish();
    let (mut listener, _) = hub.connect(connect("listener", &admin, false)).await;
    for n in 0..50 {
        let message = listener.message().await;
        assert_eq!(message.payload, n.to_string());
        assert_eq!(message.dup, n < MAX_IN_FLIGHT, "{n}");
        assert!(first.get(n).is_none_or(|id| message.pkid == *id));
    }
    assert!(listener.is_quiet().await);
    eventually("the queue to be empty", async || hub.broker.shared().lock().census().queued == 0).await;
    // A clean session forgets it all.
    let (_clean, present) = hub.connect(connect("listener", &admin, true)).await;
    assert!(!present);
    let (_again, present) = hub.connect(connect("listener", &admin, false)).await;
    assert!(!present);
}

#[tokio::test]
async fn what_may_have_been_sent_before_a_crash_comes_again_marked() {
    let hub = Hub::start().await;
    let admin = hub.admin().await;
    let (mut listener, _) = hub.connect(connect("listener", &admin, false)).await;
    listener.subscribe("q", QoS::ExactlyOnce).await;
    let (mut publisher, _) = hub.connect(connect("publisher", &admin, true)).await;
    for n in [1, 2] {
        publisher.send(Packet::Publish(publish("q", QoS::ExactlyOnce, n, "x"))).await;
        assert_eq!(publisher.next().await, Packet::PubRec(PubRec::new(n)));
    }
    let (one, two) = (listener.message().await, listener.message().await);
    listener.send(Packet::PubRec(PubRec::new(one.pkid))).await;
    assert_eq!(listener.next().await, Packet::PubRel(PubRel::new(one.pkid)));
    // The connections stay open: nothing tells the store of an end.
    let hub = hub.restart().await;
    let (mut listener, present) = hub.connect(connect("listener", &admin, false)).await;
    assert!(present);
    assert_eq!(listener.next().await, Packet::PubRel(PubRel::new(one.pkid)), "the content is not sent again");
    let again = listener.message().await;
    assert_eq!((again.pkid, again.dup), (two.pkid, true));
    listener.send(Packet::PubComp(PubComp::new(one.pkid))).await;
    listener.send(Packet::PubRec(PubRec::new(two.pkid))).await;
    assert_eq!(listener.next().await, Packet::PubRel(PubRel::new(two.pkid)));
    listener.send(Packet::PubComp(PubComp::new(two.pkid))).await;
    assert!(listener.is_quiet().await);
    eventually("the queue to be empty", async || hub.broker.shared().lock().census().queued == 0).await;
}

#[tokio::test]
async fn a_queue_is_bounded_and_what_it_drops_is_counted() {
    let hub = Hub::start().await;
    let admin = hub.admin().await;
    let (mut listener, _) = hub.connect(connect("listener", &admin, false)).await;
    listener.subscribe("q", QoS::AtLeastOnce).await;
    listener.vanish();
    eventually("the listener to be gone", async || hub.broker.shared().lock().census().connected == 0).await;
    let (mut publisher, _) = hub.connect(connect("publisher", &admin, true)).await;
    let total = u16::try_from(MAX_QUEUED_MESSAGES).unwrap() + 10;
    for n in 1..=total {
        publisher.send(Packet::Publish(publish("q", QoS::AtLeastOnce, n, "x"))).await;
        assert!(matches!(publisher.next().await, Packet::PubAck(_)));
    }
    assert_eq!(hub.broker.shared().lock().census().queued, MAX_QUEUED_MESSAGES);
    eventually("the drops to be counted", async || hub.broker.app().metrics().mqtt_dropped.get() == 10).await;
}

#[tokio::test]
async fn a_slow_listener_holds_its_publisher_back_and_loses_nothing_in_time() {
    let hub = Hub::start().await;
    let admin = hub.admin().await;
    let (mut listener, _) = hub.connect(connect("listener", &admin, true)).await;
    listener.subscribe("q", QoS::AtLeastOnce).await;
    let (mut publisher, _) = hub.connect(connect("publisher", &admin, true)).await;
    let total = 3 * MAX_QUEUED_MESSAGES;
    let publishing = tokio::spawn(async move {
        for n in 0..total {
            let id = u16::try_from(n % 60_000).unwrap() + 1;
            publisher.send(Packet::Publish(publish("q", QoS::AtLeastOnce, id, &n.to_string()))).await;
            assert!(matches!(publisher.next().await, Packet::PubAck(_)));
        }
    });
    for n in 0..total {
        assert_eq!(listener.message().await.payload, n.to_string());
    }
    publishing.await.unwrap();
    assert_eq!(hub.broker.app().metrics().mqtt_dropped.get(), 0);
}

#[tokio::test]
async fn a_client_that_floods_itself_and_does_not_read_harms_nobody() {
    let hub = Hub::start().await;
    let admin = hub.admin().await;
    let (mut own, _) = hub.connect(connect("own", &admin, true)).await;
    own.subscribe("q", QoS::AtLeastOnce).await;
    let large = "x".repeat(8192);
    let flood = async {
        for n in 0..2000_u16 {
            own.send(Packet::Publish(publish("q", QoS::AtMostOnce, 0, &large))).await;
            own.send(Packet::Publish(publish("q", QoS::AtLeastOnce, n + 1, &large))).await;
        }
    };
    flood.await;
    let (mut other, _) = hub.connect(connect("other", &admin, true)).await;
    other.publish("elsewhere", "x").await;
    let census = hub.broker.shared().lock().census();
    assert!(census.queued <= MAX_QUEUED_MESSAGES && census.queued_bytes <= MAX_QUEUED_BYTES, "{census:?}");
    assert!(hub.broker.app().metrics().mqtt_dropped.get() > 0);
}

#[tokio::test]
async fn operations_are_pushed_to_whoever_listens_and_wait_for_who_does_not() {
    let hub = Hub::start().await;
    let token = hub.token(&hub.pi).await;
    let app = hub.site.app.clone();
    let send = async |payload: &str| {
        let new = NewActivity {
            code: "bulb".to_owned(),
            kind: None,
            payload: Some(payload.to_owned()),
            devices: vec![hub.pi.id],
            expires_at: None,
        };
        app.send(&operator(), new).await.unwrap().operations[0].id
    };
    let status = async |id| app.operation(&operator(), id).await.unwrap().status;
    let waiting = send("ON").await;
    assert_eq!(status(waiting).await, OperationStatus::Pending);
    let (mut pi, _) = hub.connect(connect("RaspberryPi Agent", &token, true)).await;
    assert_eq!(status(waiting).await, OperationStatus::Pending, "connected, not listening");
    pi.subscribe(TOPIC, QoS::AtLeastOnce).await;
    let Packet::Publish(Publish { topic, payload, qos, retain, pkid, .. }) = pi.next().await else { panic!() };
    assert_eq!((topic.as_str(), payload.as_ref(), qos, retain), (TOPIC, &b"bulb:ON"[..], QoS::AtLeastOnce, false));
    assert!(pi.is_quiet().await);
    assert_eq!(status(waiting).await, OperationStatus::Pending, "not acknowledged");
    pi.send(Packet::PubAck(PubAck::new(pkid))).await;
    eventually("the operation to be delivered", async || status(waiting).await != OperationStatus::Pending).await;
    let live = send("OFF").await;
    assert_eq!(pi.message().await.payload, "bulb:OFF");
    eventually("the operation to be delivered", async || status(live).await != OperationStatus::Pending).await;
    // At QoS 0 the writing delivers.
    pi.subscribe(TOPIC, QoS::AtMostOnce).await;
    let third = send("ON").await;
    assert_eq!(pi.message().await.qos, QoS::AtMostOnce);
    eventually("the operation to be delivered", async || status(third).await != OperationStatus::Pending).await;
    // A SUBSCRIBE may ask for what is pending a moment before the store learns of the delivery.
    let route = Route { topic: TOPIC.to_owned(), payload: "bulb:ON".into(), completes: Completes::Delivery };
    let again = Push { operation: third, device: hub.pi.id, routes: vec![route] };
    assert!(!hub.broker.shared().lock().push(&again));
    assert!(pi.is_quiet().await);
}

#[tokio::test]
async fn the_broker_tells_of_itself() {
    let hub = Hub::start().await;
    let (mut admin, _) = hub.connect(connect("admin", &hub.admin().await, true)).await;
    admin.subscribe("$SYS/broker/clients/connected", QoS::AtMostOnce).await;
    let message = admin.message().await;
    assert_eq!((message.payload.as_ref(), message.retain), (&b"1"[..], true));
}
