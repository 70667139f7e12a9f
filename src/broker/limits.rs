//! The bounds of the broker. What a bound drops or refuses is counted in [`crate::metrics::Metrics`].

use std::time::Duration;

/// The most bytes of a packet after its fixed header; a larger one ends the connection.
pub const MAX_PACKET: usize = 256 * 1024;
/// The most bytes of a CONNECT packet, which is read before the sender is known.
pub const MAX_CONNECT: usize = 32 * 1024;
/// The most bytes of a client id.
pub const MAX_CLIENT_ID: usize = 512;
/// How long a client may take from the opening of the connection to the end of its CONNECT.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the last packets to a client may take when the connection is being closed.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// The most connected clients; a further one is answered "server unavailable".
pub const MAX_CONNECTIONS: usize = 12_000;

/// The most bytes of a topic name or filter (the standard allows 65,535).
pub const MAX_TOPIC: usize = 1024;
/// The most levels of a topic name or filter.
pub const MAX_LEVELS: usize = 32;
/// The most subscriptions of one session; a further one is refused in SUBACK.
pub const MAX_SUBSCRIPTIONS: usize = 256;

/// The most publishes of one connection that await their commit; the connection is not read meanwhile.
pub const MAX_UNACKNOWLEDGED: usize = 256;
/// The most writes of all connections on their way through the exchange; publishers wait beyond that.
pub const MAX_EXCHANGE: usize = 1024;
/// The most bytes of them, and of what was read from their payloads; publishers wait beyond that.
pub const MAX_EXCHANGE_BYTES: usize = 16 * 1024 * 1024;
/// The most `QoS` 2 packet ids that a client may leave unreleased; a further one ends the connection.
pub const MAX_UNRELEASED: usize = 1024;

/// The most `QoS` 1 and 2 messages in flight to one subscriber.
pub const MAX_IN_FLIGHT: usize = 32;
/// The most `QoS` 1 and 2 messages waiting for one session, in flight or not; further ones are dropped.
pub const MAX_QUEUED_MESSAGES: usize = 1000;
/// The most bytes of them.
pub const MAX_QUEUED_BYTES: usize = 4 * 1024 * 1024;
/// The most bytes queued for all sessions together; further messages are dropped.
pub const MAX_QUEUED_BYTES_TOTAL: usize = 64 * 1024 * 1024;
/// Operations of which a connection remembers that they were pushed over it; more than the application pushes at once.
pub const MAX_PUSHED: usize = 128;
/// The most `QoS` 0 messages waiting to be written to one connection; further ones are dropped.
pub const MAX_OUTBOX_MESSAGES: usize = 1000;
/// The most bytes of them.
pub const MAX_OUTBOX_BYTES: usize = 1024 * 1024;
/// How many bytes of packets are encoded ahead of the socket.
pub const WRITE_AHEAD: usize = 16 * 1024;
/// This many bytes waiting for a client that does not read stop the reading from it.
pub const MAX_OUTPUT: usize = 64 * 1024;
/// How long a slow subscriber may hold its publishers back before its messages are dropped instead.
pub const MAX_HOLD: Duration = Duration::from_secs(2);

/// The most persistent sessions of one device, person or token; a further one takes the place of the longest unused.
pub const MAX_OWN_SESSIONS: usize = 8;
/// The most connections of one device, person or token; a further one ends the oldest.
pub const MAX_OWN_CONNECTIONS: usize = 32;
/// How long a persistent session is kept without a connection: it goes with all that is queued for it. (MQTT 3.1.1 lets
/// the server decide, section 3.1.2.4.)
pub const SESSION_EXPIRY: Duration = Duration::from_hours(7 * 24);
/// How often sessions are looked at whose time is over.
pub const EXPIRY_INTERVAL: Duration = Duration::from_mins(10);
/// The most sessions looked at in one round.
pub const EXPIRY_BATCH: u32 = 500;
/// The most persistent sessions in all; a further client is answered "server unavailable".
pub const MAX_SESSIONS: usize = 50_000;

/// The most retained messages; a further topic is not retained.
pub const MAX_RETAINED: usize = 20_000;
/// The most bytes of retained messages, topics included.
pub const MAX_RETAINED_BYTES: usize = 16 * 1024 * 1024;

/// The most retained messages below one device's prefix; a further topic is not retained.
pub const MAX_DEVICE_RETAINED: usize = 256;
/// The most bytes of them, topics included.
pub const MAX_DEVICE_RETAINED_BYTES: usize = 1024 * 1024;

/// This many refused publishes within [`STRIKE_WINDOW`] end the connection.
pub const STRIKES: usize = 3;
/// See [`STRIKES`].
pub const STRIKE_WINDOW: Duration = Duration::from_mins(1);

/// How often `$SYS` topics are published.
pub const SYS_INTERVAL: Duration = Duration::from_secs(10);
/// The most reports to the application (pushes done, devices that came to listen) on their way.
pub const MAX_REPORTS: usize = 1024;
