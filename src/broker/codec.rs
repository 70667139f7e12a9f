//! Packets of MQTT 3.1.1, read by the `rumqttc` codec behind checks of our own: that codec takes an MQTT 5 CONNECT for a
//! 3.1.1 one, ignores reserved bits, and accepts some packets that the standard calls malformed.

use bytes::BytesMut;
use rumqttc::mqttbytes::Error as ReadError;
use rumqttc::mqttbytes::v4::{Connect, Packet};

use super::topic::BadTopic;
use crate::metrics::Defect;

/// Why a packet ends the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Malformed {
    #[error("the remaining length has more than four bytes")]
    Length,
    #[error("the packet is larger than allowed")]
    TooLarge,
    #[error("the packet type is not one that a client sends")]
    Type,
    #[error("a packet came that is not allowed at this point")]
    Unexpected,
    #[error("reserved flags are set")]
    Flags,
    #[error("the protocol is not MQTT")]
    Protocol,
    #[error("the packet ends early or late")]
    Body,
    #[error("text is not UTF-8 or contains U+0000")]
    Text,
    #[error("the QoS is 3")]
    Qos,
    #[error("the packet id is 0")]
    PacketId,
    #[error("a subscription without a filter")]
    Empty,
    #[error("the topic name is empty or holds a wildcard")]
    Topic,
    #[error("the topic filter is empty or its wildcard stands where none may")]
    Filter,
    #[error("a bound of the session is exceeded")]
    Bound,
}

impl Malformed {
    /// What it is counted as.
    pub fn reason(self) -> Defect {
        match self {
            Self::Length => Defect::Length,
            Self::TooLarge => Defect::TooLarge,
            Self::Type | Self::Unexpected => Defect::Type,
            Self::Flags => Defect::Flags,
            Self::Protocol => Defect::Protocol,
            Self::Body | Self::Empty => Defect::Body,
            Self::Text => Defect::Text,
            Self::Qos => Defect::Qos,
            Self::PacketId => Defect::PacketId,
            Self::Topic | Self::Filter => Defect::Topic,
            Self::Bound => Defect::Bound,
        }
    }

    /// What a bad topic name makes of its packet; `None` when it is only too long for Pym.
    pub fn name(bad: BadTopic) -> Option<Self> {
        match bad {
            BadTopic::Empty | BadTopic::Wildcard => Some(Self::Topic),
            BadTopic::Nul => Some(Self::Text),
            BadTopic::TooLong => None,
        }
    }

    /// What a bad topic filter makes of its packet; `None` when it is only too long for Pym.
    pub fn filter(bad: BadTopic) -> Option<Self> {
        match bad {
            BadTopic::Empty | BadTopic::Wildcard => Some(Self::Filter),
            BadTopic::Nul => Some(Self::Text),
            BadTopic::TooLong => None,
        }
    }
}

/// The first packet of a connection.
#[derive(Debug)]
pub enum First {
    /// A CONNECT of MQTT 3.1.1.
    Connect(Connect),
    /// A CONNECT of another version, by its protocol level: 3 is MQTT 3.1, 5 is MQTT 5.
    Other(u8),
}

const CONNECT: u8 = 1;
const PUBLISH: u8 = 3;
const SUBSCRIBE: u8 = 8;

/// A packet's extent in the buffer.
#[derive(Clone, Copy)]
struct Frame {
    first: u8,
    header: usize,
    body: usize,
}

/// Takes the first packet out of the buffer; `None` when more bytes are needed. The buffer never needs to hold more than
/// `max` bytes and the fixed header.
///
/// # Errors
/// Why the connection is to be closed.
pub fn first(buffer: &mut BytesMut, max: usize) -> Result<Option<First>, Malformed> {
    let Some(frame) = frame(buffer, max)? else { return Ok(None) };
    if frame.first >> 4 != CONNECT {
        return Err(Malformed::Unexpected);
    }
    let body = complete(buffer, frame);
    // The version decides how the rest is read, so it is looked at before the packet is complete.
    let seen = body.or_else(|| buffer.get(frame.header..)).unwrap_or_default();
    let level = match seen {
        [0, 4, b'M', b'Q', b'T', b'T', level, ..] | [0, 6, b'M', b'Q', b'I', b's', b'd', b'p', level, ..] => *level,
        _ if body.is_some() || seen.len() > 8 => return Err(Malformed::Protocol),
        _ => return Ok(None),
    };
    if level != 4 || seen.get(1) != Some(&4) {
        return Ok(Some(First::Other(level)));
    }
    let Some(body) = body else { return Ok(None) };
    if frame.first & 0x0f != 0 {
        return Err(Malformed::Flags);
    }
    check_connect(body)?;
    match read(buffer, frame)? {
        Packet::Connect(connect) => {
            let will = connect.last_will.as_ref().map_or("", |will| &will.topic);
            let login = connect.login.as_ref().map_or(("", ""), |login| (&login.username, &login.password));
            if [&connect.client_id, will, login.0, login.1].iter().any(|text| text.contains('\0')) {
                return Err(Malformed::Text);
            }
            Ok(Some(First::Connect(connect)))
        }
        _ => Err(Malformed::Unexpected),
    }
}

/// Takes the next packet out of the buffer; `None` when more bytes are needed.
///
/// # Errors
/// Why the connection is to be closed.
pub fn next(buffer: &mut BytesMut, max: usize) -> Result<Option<Packet>, Malformed> {
    let Some(frame) = frame(buffer, max)? else { return Ok(None) };
    check_header(frame)?;
    let Some(body) = complete(buffer, frame) else { return Ok(None) };
    if frame.first >> 4 == SUBSCRIBE {
        check_subscribe(body)?;
    }
    let packet = read(buffer, frame)?;
    let id = match &packet {
        Packet::PubAck(ack) => ack.pkid,
        Packet::PubRec(ack) => ack.pkid,
        Packet::PubRel(ack) => ack.pkid,
        Packet::PubComp(ack) => ack.pkid,
        Packet::Subscribe(subscribe) => subscribe.pkid,
        Packet::Unsubscribe(unsubscribe) if unsubscribe.topics.is_empty() => return Err(Malformed::Empty),
        Packet::Unsubscribe(unsubscribe) => unsubscribe.pkid,
        _ => 1,
    };
    if id == 0 { Err(Malformed::PacketId) } else { Ok(Some(packet)) }
}

/// The fixed header (section 2.2), as soon as it is there.
fn frame(buffer: &[u8], max: usize) -> Result<Option<Frame>, Malformed> {
    let Some((&first, rest)) = buffer.split_first() else { return Ok(None) };
    let mut body = 0;
    for (i, byte) in rest.iter().take(4).enumerate() {
        body |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return if body > max { Err(Malformed::TooLarge) } else { Ok(Some(Frame { first, header: i + 2, body })) };
        }
    }
    if rest.len() < 4 { Ok(None) } else { Err(Malformed::Length) }
}

fn complete(buffer: &[u8], frame: Frame) -> Option<&[u8]> {
    buffer.get(frame.header..frame.header + frame.body)
}

/// Type, flags ([MQTT-2.2.2-2]) and, where it is fixed, length: all that can be said before the body is there.
fn check_header(frame: Frame) -> Result<(), Malformed> {
    let flags = frame.first & 0x0f;
    let (wanted, length) = match frame.first >> 4 {
        CONNECT => return Err(Malformed::Unexpected),
        PUBLISH if flags & 0b0110 == 0b0110 => return Err(Malformed::Qos),
        // [MQTT-3.3.1-2]: nothing is repeated at QoS 0.
        PUBLISH if flags & 0b1110 == 0b1000 => return Err(Malformed::Flags),
        PUBLISH => return Ok(()),
        // PUBACK, PUBREC, PUBREL, PUBCOMP
        4 | 5 | 7 => (0, Some(2)),
        6 => (0b0010, Some(2)),
        // SUBSCRIBE, UNSUBSCRIBE
        SUBSCRIBE | 10 => (0b0010, None),
        // PINGREQ, DISCONNECT
        12 | 14 => (0, Some(0)),
        _ => return Err(Malformed::Type),
    };
    if flags != wanted {
        Err(Malformed::Flags)
    } else if length.is_some_and(|length| length != frame.body) {
        Err(Malformed::Body)
    } else {
        Ok(())
    }
}

/// Connect flags: [MQTT-3.1.2-3], [MQTT-3.1.2-11], [MQTT-3.1.2-13], [MQTT-3.1.2-14], [MQTT-3.1.2-15], [MQTT-3.1.2-22].
fn check_connect(body: &[u8]) -> Result<(), Malformed> {
    let flags = *body.get(7).ok_or(Malformed::Body)?;
    let (will, user, password) = (flags & 0b100 != 0, flags & 0x80 != 0, flags & 0x40 != 0);
    if flags & 1 != 0 || (!will && flags & 0b0011_1000 != 0) || (password && !user) {
        return Err(Malformed::Flags);
    }
    if flags & 0b0001_1000 == 0b0001_1000 {
        return Err(Malformed::Qos);
    }
    let strings = 1 + 2 * usize::from(will) + usize::from(user) + usize::from(password);
    let mut rest = body.get(10..).ok_or(Malformed::Body)?;
    for _ in 0..strings {
        rest = skip_string(rest)?;
    }
    if rest.is_empty() { Ok(()) } else { Err(Malformed::Body) }
}

/// Requested `QoS` bytes: [MQTT-3-8.3-4].
fn check_subscribe(body: &[u8]) -> Result<(), Malformed> {
    let mut rest = body.get(2..).ok_or(Malformed::Body)?;
    if rest.is_empty() {
        return Err(Malformed::Empty);
    }
    while !rest.is_empty() {
        let (options, after) = skip_string(rest)?.split_first().ok_or(Malformed::Body)?;
        match options {
            0..=2 => rest = after,
            3 => return Err(Malformed::Qos),
            _ => return Err(Malformed::Flags),
        }
    }
    Ok(())
}

fn skip_string(bytes: &[u8]) -> Result<&[u8], Malformed> {
    let (length, rest) = bytes.split_first_chunk::<2>().ok_or(Malformed::Body)?;
    rest.get(usize::from(u16::from_be_bytes(*length))..).ok_or(Malformed::Body)
}

fn read(buffer: &mut BytesMut, frame: Frame) -> Result<Packet, Malformed> {
    Packet::read(buffer, frame.body).map_err(|error| match error {
        ReadError::TopicNotUtf8 => Malformed::Text,
        ReadError::PacketIdZero => Malformed::PacketId,
        ReadError::InvalidQoS(_) => Malformed::Qos,
        ReadError::EmptySubscription => Malformed::Empty,
        ReadError::InvalidProtocol | ReadError::InvalidProtocolLevel(_) => Malformed::Protocol,
        _ => Malformed::Body,
    })
}

/// Appends a packet of ours to the buffer.
pub fn write(packet: &Packet, buffer: &mut BytesMut) {
    // Only a packet beyond 256 MiB or a publish without a packet id cannot be written; Pym makes neither.
    if let Err(error) = packet.write(buffer, usize::MAX) {
        tracing::error!(%error, "could not encode a packet");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rumqttc::mqttbytes::QoS;
    use rumqttc::mqttbytes::v4::{LastWill, PubRel, Publish, Subscribe, Unsubscribe};

    use super::*;

    const MAX: usize = 1024;

    fn bytes(packet: &Packet) -> BytesMut {
        let mut buffer = BytesMut::new();
        write(packet, &mut buffer);
        buffer
    }

    fn connect() -> Connect {
        let mut connect = Connect::new("RaspberryPi Agent");
        connect.set_login("token", "secret");
        connect.last_will = Some(LastWill::new("a/b", "gone", QoS::ExactlyOnce, true));
        connect
    }

    fn publish(qos: QoS) -> Packet {
        let mut publish = Publish::new("a/b", qos, "x");
        publish.pkid = 7;
        Packet::Publish(publish)
    }

    #[test]
    fn a_connect_is_read_whole_and_only_when_complete() {
        let whole = bytes(&Packet::Connect(connect()));
        for cut in 0..whole.len() {
            let mut part = BytesMut::from(&whole[..cut]);
            assert!(first(&mut part, MAX).unwrap().is_none(), "{cut}");
        }
        let Some(First::Connect(read)) = first(&mut whole.clone(), MAX).unwrap() else { panic!("not a connect") };
        assert_eq!(read, connect());
    }

    #[test]
    fn other_versions_are_told_by_their_level() {
        for (bytes, level) in [
            (&[0x10, 16, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 60, 0, 0, 3][..], 5),
            (&[0x10, 12, 0, 6, b'M', b'Q', b'I', b's', b'd', b'p', 3, 2, 0, 60][..], 3),
            (&[0x10, 12, 0, 4, b'M', b'Q', b'T', b'T', 9][..], 9),
        ] {
            let Some(First::Other(found)) = first(&mut BytesMut::from(bytes), MAX).unwrap() else { panic!("{level}") };
            assert_eq!(found, level);
        }
        let http = &mut BytesMut::from(&b"GET / HTTP/1.1\r\n"[..]);
        assert_eq!(first(http, MAX).unwrap_err(), Malformed::Unexpected);
        let other = &mut BytesMut::from(&[0x10, 9, 0, 4, b'A', b'M', b'Q', b'P', 4, 2, 0][..]);
        assert_eq!(first(other, MAX).unwrap_err(), Malformed::Protocol);
    }

    #[test]
    fn a_connect_with_wrong_flags_is_refused() {
        for (clear, set, reason) in [
            (0, 1, Malformed::Flags),
            (0x04, 0, Malformed::Flags),
            (0, 0x18, Malformed::Qos),
            (0x80, 0, Malformed::Flags),
            (0x40, 0, Malformed::Body),
        ] {
            let mut whole = bytes(&Packet::Connect(connect()));
            whole[9] = (whole[9] & !clear) | set;
            assert_eq!(first(&mut whole, MAX).unwrap_err(), reason, "-{clear:#x} +{set:#x}");
        }
    }

    #[test]
    fn malformed_packets_are_named() {
        for (packet, reason) in [
            (&[0x30, 0x80, 0x80, 0x80, 0x80, 1][..], Malformed::Length),
            (&[0x30, 0xff, 0x7f][..], Malformed::TooLarge),
            (&[0x00, 0][..], Malformed::Type),
            (&[0xf0, 0][..], Malformed::Type),
            (&[0x20, 2, 0, 0][..], Malformed::Type),
            (&[0xd0, 0][..], Malformed::Type),
            (&[0x10, 0][..], Malformed::Unexpected),
            (&[0x36, 4, 0, 1, b'a', 1][..], Malformed::Qos),
            (&[0x38, 3, 0, 1, b'a'][..], Malformed::Flags),
            (&[0x60, 2, 0, 1][..], Malformed::Flags),
            (&[0x80, 6, 0, 1, 0, 1, b'a', 0][..], Malformed::Flags),
            (&[0xc1, 0][..], Malformed::Flags),
            (&[0xc0, 1, 0][..], Malformed::Body),
            (&[0x40, 3, 0, 1, 0][..], Malformed::Body),
            (&[0x30, 4, 0, 9, b'a', b'b'][..], Malformed::Body),
            (&[0x30, 3, 0, 1, 0xff][..], Malformed::Text),
            (&[0x32, 5, 0, 1, b'a', 0, 0][..], Malformed::PacketId),
            (&[0x40, 2, 0, 0][..], Malformed::PacketId),
            (&[0x82, 6, 0, 0, 0, 1, b'a', 0][..], Malformed::PacketId),
            (&[0x82, 2, 0, 1][..], Malformed::Empty),
            (&[0xa2, 2, 0, 1][..], Malformed::Empty),
            (&[0x82, 6, 0, 1, 0, 1, b'a', 3][..], Malformed::Qos),
            (&[0x82, 6, 0, 1, 0, 1, b'a', 4][..], Malformed::Flags),
            (&[0x82, 5, 0, 1, 0, 1, b'a'][..], Malformed::Body),
        ] {
            assert_eq!(next(&mut BytesMut::from(packet), MAX).unwrap_err(), reason, "{packet:x?}");
        }
    }

    #[test]
    fn packets_that_follow_one_another_are_read_one_by_one() {
        let mut buffer = bytes(&publish(QoS::AtLeastOnce));
        buffer.extend_from_slice(&bytes(&Packet::PubRel(PubRel::new(3))));
        assert!(matches!(next(&mut buffer, MAX), Ok(Some(Packet::Publish(_)))));
        assert!(matches!(next(&mut buffer, MAX), Ok(Some(Packet::PubRel(_)))));
        assert!(matches!(next(&mut buffer, MAX), Ok(None)));
    }

    fn any_packet() -> impl Strategy<Value = BytesMut> {
        prop_oneof![
            Just(bytes(&Packet::Connect(connect()))),
            Just(bytes(&publish(QoS::AtMostOnce))),
            Just(bytes(&publish(QoS::ExactlyOnce))),
            Just(bytes(&Packet::Subscribe({
                let mut subscribe = Subscribe::new("a/+", QoS::AtLeastOnce);
                subscribe.pkid = 9;
                subscribe
            }))),
            Just(bytes(&Packet::Unsubscribe({
                let mut unsubscribe = Unsubscribe::new("a/+");
                unsubscribe.pkid = 9;
                unsubscribe
            }))),
            Just(bytes(&Packet::PingReq)),
            prop::collection::vec(any::<u8>(), 0..64).prop_map(|bytes| BytesMut::from(&bytes[..])),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn no_bytes_upset_the_reader(
            packets in prop::collection::vec(any_packet(), 1..4),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        ) {
            let mut buffer: BytesMut = packets.iter().flat_map(|packet| packet.iter().copied()).collect();
            for (index, byte) in changes.iter().filter(|_| !packets[0].is_empty()) {
                let at = index.index(buffer.len());
                buffer[at] = *byte;
            }
            let mut again = buffer.clone();
            let _ = first(&mut again, MAX);
            // Every packet takes bytes, so that a connection cannot spin.
            let mut left = buffer.len();
            while let Ok(Some(_)) = next(&mut buffer, MAX) {
                prop_assert!(buffer.len() < left);
                left = buffer.len();
            }
        }
    }
}
