//! The broker over in-memory connections: the standard's behaviours one by one, with packets made and read by hand.

mod delivery;
mod failure;
mod rules;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{
    ConnAck, Connect, ConnectReturnCode, Packet, PubAck, Publish, SubAck, Subscribe, SubscribeFilter,
    SubscribeReasonCode,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Broker;
use super::codec;
use crate::app::downlink::Downlink;
use crate::app::testing::{Site, operator, site};
use crate::model::actor::Scopes;
use crate::model::certificate::Fingerprint;
use crate::model::device::Device;

/// Far more than anything takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A broker over a site with two devices.
struct Hub {
    site: Site,
    broker: Broker,
    work: JoinSet<()>,
    pi: Device,
    shutdown: CancellationToken,
}

/// Where the clients come from, and the certificate they show.
fn remote(certificate: Option<Fingerprint>) -> crate::net::Peer {
    let (address, local) = ("10.0.0.9:40000".parse().unwrap(), "10.0.0.1:8883".parse().unwrap());
    crate::net::Peer::Remote { address, local, tls: certificate.is_some(), certificate }
}

impl Hub {
    async fn start() -> Self {
        let mut site = site().await;
        let pi = site.pi("pi-1").await;
        let (_, nothing) = tokio::sync::mpsc::channel(1);
        let orders = std::mem::replace(&mut site.downlink, nothing);
        let (broker, work) = start(&site, orders).await;
        Self { site, broker, work, pi, shutdown: CancellationToken::new() }
    }

    /// The access token of a device.
    async fn token(&self, device: &Device) -> String {
        self.site.app.issue_device_credentials(&operator(), device.id).await.unwrap().access_token
    }

    /// A token for every topic.
    async fn admin(&self) -> String {
        self.site.app.create_token(&operator(), "all topics", Scopes::ALL, None).await.unwrap().1
    }

    /// Opens a connection without a word.
    fn open(&self) -> Peer {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (broker, shutdown) = (self.broker.clone(), self.shutdown.clone());
        tokio::spawn(async move { broker.serve(far, remote(None), shutdown).await });
        Peer { stream: near, input: BytesMut::new(), early: VecDeque::new() }
    }

    async fn try_connect(&self, connect: Connect) -> (Peer, ConnAck) {
        let mut peer = self.open();
        peer.send(Packet::Connect(connect)).await;
        match peer.next().await {
            Packet::ConnAck(answer) => (peer, answer),
            other => panic!("{other:?}"),
        }
    }

    async fn connect(&self, connect: Connect) -> (Peer, bool) {
        let (peer, answer) = self.try_connect(connect).await;
        assert_eq!(answer.code, ConnectReturnCode::Success);
        (peer, answer.session_present)
    }

    /// As a daemon that was killed: connections, sessions and whatever was on its way are gone, the store is not.
    async fn restart(self) -> Self {
        self.broker.stop().await;
        self.work.join_all().await;
        let (_, orders) = tokio::sync::mpsc::channel(1);
        let (broker, work) = start(&self.site, orders).await;
        Self { broker, work, ..self }
    }
}

/// A broker at work.
async fn start(site: &Site, orders: tokio::sync::mpsc::Receiver<Downlink>) -> (Broker, JoinSet<()>) {
    let (broker, tasks) = Broker::open(site.app.clone(), orders).await.unwrap();
    (broker, tasks.into_iter().map(|(_, task)| task).collect())
}

fn connect(client_id: &str, token: &str, clean: bool) -> Connect {
    let mut connect = Connect::new(client_id);
    connect.set_login(token, "");
    connect.clean_session = clean;
    connect.keep_alive = 60;
    connect
}

fn publish(topic: &str, qos: QoS, pkid: u16, payload: &str) -> Publish {
    let mut publish = Publish::new(topic, qos, payload);
    publish.pkid = pkid;
    publish
}

/// The other end of a connection.
struct Peer {
    stream: DuplexStream,
    input: BytesMut,
    /// Messages that came before an acknowledgement that was waited for.
    early: VecDeque<Packet>,
}

impl Peer {
    async fn send(&mut self, packet: Packet) {
        let mut output = BytesMut::new();
        codec::write(&packet, &mut output);
        self.stream.write_all(&output).await.unwrap();
    }

    async fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next packet, or nothing when the connection ends.
    async fn try_next(&mut self) -> Option<Packet> {
        match self.early.pop_front() {
            Some(packet) => Some(packet),
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Option<Packet> {
        loop {
            match Packet::read(&mut self.input, usize::MAX) {
                Ok(packet) => return Some(packet),
                Err(rumqttc::mqttbytes::Error::InsufficientBytes(_)) => {}
                Err(error) => panic!("{error}"),
            }
            let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.input)).await;
            match read.expect("a packet in time") {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next packet that is no message; messages are kept for later.
    async fn answer(&mut self) -> Packet {
        loop {
            match self.read().await.expect("the connection to go on") {
                message @ Packet::Publish(_) => self.early.push_back(message),
                answer => return answer,
            }
        }
    }

    async fn next(&mut self) -> Packet {
        self.try_next().await.expect("the connection to go on")
    }

    /// The next packet, which is a message; acknowledges it at QoS 1.
    async fn message(&mut self) -> Publish {
        match self.next().await {
            Packet::Publish(publish) => {
                if publish.qos == QoS::AtLeastOnce {
                    self.send(Packet::PubAck(PubAck::new(publish.pkid))).await;
                }
                publish
            }
            other => panic!("{other:?}"),
        }
    }

    /// Waits for the end of the connection.
    async fn ends(mut self) {
        while self.try_next().await.is_some() {}
    }

    /// Whether the broker has nothing to say: it answers a ping first.
    async fn is_quiet(&mut self) -> bool {
        self.send(Packet::PingReq).await;
        matches!(self.next().await, Packet::PingResp)
    }

    async fn subscribe(&mut self, filter: &str, qos: QoS) -> SubscribeReasonCode {
        let mut subscribe = Subscribe::new_many([SubscribeFilter::new(filter.to_owned(), qos)]);
        subscribe.pkid = 77;
        self.send(Packet::Subscribe(subscribe)).await;
        match self.answer().await {
            Packet::SubAck(SubAck { pkid: 77, return_codes }) => return_codes[0],
            other => panic!("{other:?}"),
        }
    }

    /// Publishes at QoS 1 and waits for the acknowledgement.
    async fn publish(&mut self, topic: &str, payload: &str) {
        self.send(Packet::Publish(publish(topic, QoS::AtLeastOnce, 9, payload))).await;
        assert_eq!(self.answer().await, Packet::PubAck(PubAck::new(9)));
    }

    /// Publishes, to be retained, at QoS 1 and waits for the acknowledgement.
    async fn retain(&mut self, topic: &str, payload: &str) {
        let mut publish = publish(topic, QoS::AtLeastOnce, 9, payload);
        publish.retain = true;
        self.send(Packet::Publish(publish)).await;
        assert_eq!(self.answer().await, Packet::PubAck(PubAck::new(9)));
    }

    /// Goes away without a word.
    fn vanish(self) {
        drop(self.stream);
    }
}

/// Waits until `condition` holds.
async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let started = std::time::Instant::now();
    while !condition().await {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
