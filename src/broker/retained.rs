//! Retained messages (MQTT 3.1.1, section 3.3.1.3), in the order of their topics.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::limits::{MAX_DEVICE_RETAINED, MAX_DEVICE_RETAINED_BYTES, MAX_RETAINED, MAX_RETAINED_BYTES};
use super::session::size;
use super::topic::{literal_prefix, matches};
use crate::model::mqtt::{Message, Qos};
use crate::model::topic::DeviceTopic;

/// The last message of each topic that was published to be retained.
#[derive(Debug, Default)]
pub(super) struct Retained {
    messages: BTreeMap<Box<str>, Arc<Message>>,
    bytes: usize,
}

/// A subscriber's way through the retained messages that match its filter.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) filter: Box<str>,
    pub(super) qos: Qos,
    after: Option<Box<str>>,
    /// Leaves out what is delivered at `QoS` 1 and 2.
    unacknowledged_only: bool,
}

impl Replay {
    pub(super) fn new(filter: &str, qos: Qos) -> Self {
        Self { filter: filter.into(), qos, after: None, unacknowledged_only: false }
    }

    /// Leaves out the messages that a persistent session has in its queue, being delivered at `QoS` 1 or 2.
    pub(super) fn without_durable(self) -> Self {
        Self { unacknowledged_only: self.qos > Qos::AtMostOnce, ..self }
    }
}

impl Retained {
    /// Whether the message may be retained without exceeding the bounds.
    pub(super) fn has_room(&self, message: &Message) -> bool {
        if message.payload.is_empty() {
            return true;
        }
        let old = self.messages.get(message.topic.as_str());
        let fits = |(count, bytes): (usize, usize), most: usize, most_bytes: usize| {
            (old.is_some() || count < most) && bytes - old.map_or(0, |old| size(old)) + size(message) <= most_bytes
        };
        fits((self.messages.len(), self.bytes), MAX_RETAINED, MAX_RETAINED_BYTES)
            && device_prefix(&message.topic)
                .is_none_or(|prefix| fits(self.below(prefix), MAX_DEVICE_RETAINED, MAX_DEVICE_RETAINED_BYTES))
    }

    /// How many messages are at a prefix and below, and their bytes; the bound on them bounds the work.
    fn below(&self, prefix: &str) -> (usize, usize) {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let at_or_below = |topic: &str| {
            topic.strip_prefix(prefix).is_some_and(|rest| matches!(rest.as_bytes().first(), None | Some(b'/')))
        };
        self.messages
            .range::<str, _>(from)
            .take_while(|(topic, _)| topic.starts_with(prefix))
            .filter(|(topic, _)| at_or_below(topic))
            .fold((0, 0), |(count, bytes), (_, message)| (count + 1, bytes + size(message)))
    }

    /// Retains the message; an empty one clears its topic.
    pub(super) fn set(&mut self, message: Arc<Message>) {
        if let Some(old) = self.messages.remove(message.topic.as_str()) {
            self.bytes -= size(&old);
        }
        if !message.payload.is_empty() {
            self.bytes += size(&message);
            self.messages.insert(message.topic.as_str().into(), message);
        }
    }

    /// The next message on the way of `replay`.
    pub(super) fn next(&self, replay: &mut Replay) -> Option<Arc<Message>> {
        let prefix = literal_prefix(&replay.filter);
        let from = replay.after.as_deref().map_or(Bound::Included(prefix), Bound::Excluded);
        let found = self
            .messages
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(|(topic, _)| topic.starts_with(prefix))
            .find(|(topic, message)| {
                matches(&replay.filter, topic) && (!replay.unacknowledged_only || message.qos == Qos::AtMostOnce)
            });
        let (topic, message) = found?;
        replay.after = Some(topic.clone());
        Some(Arc::clone(message))
    }

    /// How many topics have a message.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Bytes of all messages and their topics.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// `<tenant>/<type>/<id>` of a topic that is a device's.
fn device_prefix(topic: &str) -> Option<&str> {
    let DeviceTopic { rest, .. } = DeviceTopic::parse(topic)?;
    Some(topic.strip_suffix(rest)?.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(topic: &str, payload: &str) -> Arc<Message> {
        let payload = payload.as_bytes().to_vec().into();
        Arc::new(Message { topic: topic.to_owned(), payload, qos: Qos::AtLeastOnce, retain: true })
    }

    fn found(retained: &Retained, filter: &str) -> Vec<String> {
        let mut replay = Replay::new(filter, Qos::AtMostOnce);
        std::iter::from_fn(|| retained.next(&mut replay).map(|message| message.topic.clone())).collect()
    }

    #[test]
    fn a_filter_finds_what_it_matches() {
        let mut retained = Retained::default();
        for topic in ["a", "a/b", "a/b/c", "a-b", "ab", "b/x", "$SYS/x"] {
            retained.set(message(topic, "1"));
        }
        assert_eq!(found(&retained, "a/#"), ["a", "a/b", "a/b/c"]);
        assert_eq!(found(&retained, "+/+"), ["a/b", "b/x"]);
        assert_eq!(found(&retained, "#").len(), 6);
        assert_eq!(found(&retained, "a/b"), ["a/b"]);
        assert!(found(&retained, "a/b/c/d").is_empty());
    }

    #[test]
    fn an_empty_message_clears_and_the_bounds_hold() {
        let mut retained = Retained::default();
        retained.set(message("a", "12"));
        retained.set(message("a", "1"));
        assert_eq!((retained.len(), retained.bytes()), (1, 2));
        let large = message("b", &"x".repeat(MAX_RETAINED_BYTES));
        assert!(!retained.has_room(&large) && retained.has_room(&message("b", "")));
        retained.set(message("a", ""));
        assert_eq!((retained.len(), retained.bytes()), (0, 0));
    }

    #[test]
    fn one_device_does_not_take_the_place_of_the_others() {
        let mut retained = Retained::default();
        let topic = |device: &str, n: usize| format!("carbon.super/raspberrypi/{device}/{n}");
        for n in 0..MAX_DEVICE_RETAINED {
            let message = message(&topic("a", n), "1");
            assert!(retained.has_room(&message));
            retained.set(message);
        }
        assert!(!retained.has_room(&message(&topic("a", MAX_DEVICE_RETAINED), "1")));
        assert!(!retained.has_room(&message("carbon.super/raspberrypi/a", "1")));
        assert!(!retained.has_room(&message(&topic("a", 0), &"x".repeat(MAX_DEVICE_RETAINED_BYTES))));
        for fits in [message(&topic("a", 0), "2"), message(&topic("ab", 0), "1"), message(&topic("b", 0), "1")] {
            assert!(retained.has_room(&fits), "{fits:?}");
        }
        assert_eq!(device_prefix("carbon.super/raspberrypi/a//x"), Some("carbon.super/raspberrypi/a"));
    }
}
