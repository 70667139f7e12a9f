//! The MQTT proof: a device of the scratch store logs in at the broker, over a real socket, and hears what it says.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Connect, ConnectReturnCode, Packet, PubAck, Publish, Subscribe, SubscribeReasonCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Proof, open, unless_ended};
use crate::broker::{Broker, codec};
use crate::model::TENANT;
use crate::model::actor::Actor;
use crate::model::device::NewDevice;
use crate::net::{Limits, Net, Peer};

const DEVICE_TYPE: &str = "raspberrypi";
const IDENTIFIER: &str = "self-test";
const METRIC: &str = "temperature";
const MESSAGE: &str = r#"{"event":{"metaData":{},"payloadData":{"temperature":37.5}}}"#;
/// No packet of the conversation comes near.
const MAX_PACKET: usize = 4096;
const SUBSCRIBE_ID: u16 = 1;
const PUBLISH_ID: u16 = 2;

/// CONNECT with the device's token, SUBSCRIBE, PUBLISH at `QoS` 1: its acknowledgement, the message itself and the stored
/// value come back.
pub(super) async fn round_trip(dir: &Path) -> Proof {
    let (app, orders) = open(dir).await?;
    let by = Actor::system();
    let new =
        NewDevice { device_type: DEVICE_TYPE.to_owned(), identifier: IDENTIFIER.to_owned(), ..NewDevice::default() };
    let device = app.enroll(&by, new).await?.device;
    let token = app.issue_device_credentials(&by, device.id).await?.access_token;

    let (broker, work) = Broker::open(app.clone(), orders).await?;
    let work: JoinSet<()> = work.into_iter().map(|(_, task)| task).collect();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let stream = TcpStream::connect(listener.local_addr()?).await?;
    let net = Net::new(Limits::default(), Arc::default());
    let (door, stop) = (broker.clone(), net.stopping());
    let served = net.serve_streams(listener, None, move |stream, peer: Peer| {
        let (broker, stop) = (door.clone(), stop.clone());
        async move { broker.serve(stream, peer, stop).await }
    });
    let client = Client { stream, input: BytesMut::new() };
    let told = unless_ended(served, client.converse(&token)).await;
    net.drain(Duration::ZERO).await;
    broker.stop().await;
    work.join_all().await;
    let told = told?;

    let stored = app.last_values(&by, device.id).await?;
    app.store().close().await;
    if stored.iter().any(|last| last.metric == METRIC && last.value.as_f64() == Some(37.5)) {
        Ok(format!("{told}, and is stored"))
    } else {
        Err("what was acknowledged is not stored".into())
    }
}

/// A device's end of the connection.
struct Client {
    stream: TcpStream,
    input: BytesMut,
}

impl Client {
    async fn converse(mut self, token: &str) -> Proof {
        let topic = format!("{TENANT}/{DEVICE_TYPE}/{IDENTIFIER}/{METRIC}");
        let mut connect = Connect::new(IDENTIFIER);
        connect.set_login(token, "");
        connect.clean_session = true;
        self.send(Packet::Connect(connect)).await?;
        match self.next().await? {
            Packet::ConnAck(answer) if answer.code == ConnectReturnCode::Success => {}
            other => return Err(format!("CONNECT was answered by {other:?}").into()),
        }
        let mut subscribe = Subscribe::new(topic.clone(), QoS::AtLeastOnce);
        subscribe.pkid = SUBSCRIBE_ID;
        self.send(Packet::Subscribe(subscribe)).await?;
        match self.next().await? {
            Packet::SubAck(answer)
                if answer.return_codes == [SubscribeReasonCode::Success(QoS::AtLeastOnce)]
                    && answer.pkid == SUBSCRIBE_ID => {}
            other => return Err(format!("SUBSCRIBE was answered by {other:?}").into()),
        }
        let mut publish = Publish::new(topic.clone(), QoS::AtLeastOnce, MESSAGE);
        publish.pkid = PUBLISH_ID;
        self.send(Packet::Publish(publish)).await?;
        let (mut acknowledged, mut heard) = (false, false);
        // The standard fixes no order between the two.
        while !(acknowledged && heard) {
            match self.next().await? {
                Packet::PubAck(answer) if answer.pkid == PUBLISH_ID => acknowledged = true,
                Packet::Publish(message) if message.topic == topic && message.payload == MESSAGE => {
                    self.send(Packet::PubAck(PubAck::new(message.pkid))).await?;
                    heard = true;
                }
                other => return Err(format!("PUBLISH was answered by {other:?}").into()),
            }
        }
        self.send(Packet::Disconnect).await?;
        Ok("a device's message at QoS 1 is acknowledged, came back".to_owned())
    }

    async fn send(&mut self, packet: Packet) -> std::io::Result<()> {
        let mut output = BytesMut::new();
        codec::write(&packet, &mut output);
        self.stream.write_all(&output).await
    }

    async fn next(&mut self) -> Result<Packet, Box<dyn std::error::Error + Send + Sync>> {
        loop {
            match Packet::read(&mut self.input, MAX_PACKET) {
                Err(rumqttc::mqttbytes::Error::InsufficientBytes(_)) => {}
                read => return Ok(read?),
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err("the broker hung up".into());
            }
        }
    }
}
