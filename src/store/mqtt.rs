//! What of MQTT outlives a connection: sessions, subscriptions, messages queued or half delivered, retained messages.

use bytes::Bytes;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, params};

use super::{Rx, StoreError, Tx};
use crate::model::mqtt::{Message, Qos, QueueState, Queued, SessionKey, StoredSession};
use crate::model::timestamp::Timestamp;

impl Rx<'_> {
    /// Every persistent session with all that belongs to it.
    pub fn mqtt_sessions(&self) -> Result<Vec<StoredSession>, StoreError> {
        let mut statement = self
            .connection
            .prepare("SELECT id, principal, client_id, last_used_at FROM mqtt_session ORDER BY last_used_at, id")?;
        let sessions = statement.query_map((), |row| {
            Ok(StoredSession {
                id: row.get(0)?,
                key: SessionKey { principal: row.get(1)?, client_id: row.get(2)? },
                subscriptions: Vec::new(),
                inbound: Vec::new(),
                queue: Vec::new(),
                last_used_at: row.get(3)?,
            })
        })?;
        let mut sessions = sessions.collect::<Result<Vec<_>, _>>()?;
        for session in &mut sessions {
            session.subscriptions = self.mqtt_subscriptions(session.id)?;
            session.inbound = self.mqtt_inbound(session.id)?;
            session.queue = self.mqtt_queue(session.id)?;
        }
        Ok(sessions)
    }

    fn mqtt_subscriptions(&self, session: i64) -> Result<Vec<(String, Qos)>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT filter, qos FROM mqtt_subscription WHERE session = ?1")?;
        let rows = statement.query_map([session], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn mqtt_inbound(&self, session: i64) -> Result<Vec<u16>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT packet_id FROM mqtt_inbound WHERE session = ?1")?;
        let rows = statement.query_map([session], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn mqtt_queue(&self, session: i64) -> Result<Vec<Queued>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT sequence, packet_id, state, topic, payload, qos, retain FROM mqtt_queue WHERE session = ?1
             ORDER BY sequence",
        )?;
        let rows = statement.query_map([session], |row| {
            Ok(Queued {
                sequence: row.get(0)?,
                packet_id: row.get(1)?,
                state: row.get(2)?,
                message: Message { topic: row.get(3)?, payload: blob(row, 4)?, qos: row.get(5)?, retain: row.get(6)? },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every retained message.
    pub fn mqtt_retained(&self) -> Result<Vec<Message>, StoreError> {
        let mut statement = self.connection.prepare("SELECT topic, payload, qos FROM mqtt_retained")?;
        let rows = statement.query_map((), |row| {
            Ok(Message { topic: row.get(0)?, payload: blob(row, 1)?, qos: row.get(2)?, retain: true })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Rx<'_> {
    /// Persistent sessions without a connection that were last used before a time, at most `limit`.
    pub fn idle_mqtt_sessions(&self, before: Timestamp, limit: u32) -> Result<Vec<SessionKey>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT principal, client_id FROM mqtt_session WHERE NOT online AND last_used_at < ?1
             ORDER BY last_used_at LIMIT ?2",
        )?;
        let rows = statement.query_map(params![before, limit], |row| {
            Ok(SessionKey { principal: row.get(0)?, client_id: row.get(1)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Removes the session if it has no connection and was last used before a time; false when it has been used since.
    pub fn expire_mqtt_session(&self, key: &SessionKey, before: Timestamp) -> Result<bool, StoreError> {
        let removed = self
            .connection
            .prepare_cached(
                "DELETE FROM mqtt_session WHERE principal = ?1 AND client_id = ?2 AND NOT online AND last_used_at < ?3",
            )?
            .execute(params![key.principal, key.client_id, before])?;
        Ok(removed > 0)
    }

    /// Dates sessions anew that were last used before the clock was set, or after `now`: a board without a clock of its
    /// own starts in the past.
    pub fn redate_mqtt_sessions(&self, set: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE mqtt_session SET last_used_at = ?2 WHERE last_used_at < ?1 OR last_used_at > ?2")?
            .execute(params![set, now])?;
        Ok(())
    }

    /// Notes that no session has a connection, as is so at the start. What was queued for a session whose connection had
    /// not ended may have been sent.
    pub fn reset_mqtt_sessions(&self, now: Timestamp) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE mqtt_queue SET state = ?1 WHERE state = ?2 AND session IN (SELECT id FROM mqtt_session WHERE online)",
            params![QueueState::Sent, QueueState::Waiting],
        )?;
        self.connection.execute("UPDATE mqtt_session SET online = 0, last_used_at = ?1 WHERE online", [now])?;
        Ok(())
    }

    /// Makes the session, or finds it, and notes that it has a connection; returns its row.
    pub fn open_mqtt_session(&self, key: &SessionKey, now: Timestamp) -> Result<i64, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO mqtt_session (principal, client_id, online, last_used_at) VALUES (?1, ?2, 1, ?3)
             ON CONFLICT (principal, client_id) DO UPDATE SET online = 1, last_used_at = ?3 RETURNING id",
        )?;
        Ok(statement.query_row(params![key.principal, key.client_id, now], |row| row.get(0))?)
    }

    /// Notes that the session's connection ended while the messages of these sequences were in flight.
    pub fn close_mqtt_session(&self, session: i64, in_flight: &[i64], now: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE mqtt_session SET online = 0, last_used_at = ?2 WHERE id = ?1")?
            .execute(params![session, now])?;
        let mut statement =
            self.connection.prepare_cached("UPDATE mqtt_queue SET state = ?2 WHERE sequence = ?1 AND state = ?3")?;
        for sequence in in_flight {
            statement.execute(params![sequence, QueueState::Sent, QueueState::Waiting])?;
        }
        Ok(())
    }

    /// Removes the session and all that belongs to it.
    pub fn delete_mqtt_session(&self, key: &SessionKey) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM mqtt_session WHERE principal = ?1 AND client_id = ?2")?
            .execute([&key.principal, &key.client_id])?;
        Ok(())
    }

    /// Adds or replaces a subscription, where the session still exists.
    pub fn put_mqtt_subscription(&self, session: i64, filter: &str, qos: Qos) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO mqtt_subscription (session, filter, qos) SELECT id, ?2, ?3 FROM mqtt_session
                 WHERE id = ?1",
            )?
            .execute(params![session, filter, qos])?;
        Ok(())
    }

    /// Removes a subscription.
    pub fn delete_mqtt_subscription(&self, session: i64, filter: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM mqtt_subscription WHERE session = ?1 AND filter = ?2")?
            .execute(params![session, filter])?;
        Ok(())
    }

    /// Queues a message for a session, where the session still exists. `qos` and `retain` are those of its delivery.
    pub fn queue_mqtt(
        &self,
        session: i64,
        (sequence, packet_id): (i64, u16),
        message: &Message,
        (qos, retain): (Qos, bool),
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO mqtt_queue (sequence, session, packet_id, state, topic, payload, qos, retain)
                 SELECT ?2, id, ?3, ?4, ?5, ?6, ?7, ?8 FROM mqtt_session WHERE id = ?1",
            )?
            .execute(params![
                session,
                sequence,
                packet_id,
                QueueState::Waiting,
                message.topic,
                message.payload.as_ref(),
                qos,
                retain
            ])?;
        Ok(())
    }

    /// Notes that the client has a `QoS` 2 message, whose content is needed no more.
    pub fn release_mqtt(&self, sequence: i64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE mqtt_queue SET state = ?2, payload = x'' WHERE sequence = ?1")?
            .execute(params![sequence, QueueState::Released])?;
        Ok(())
    }

    /// Removes messages that were delivered.
    pub fn unqueue_mqtt(&self, sequences: &[i64]) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached("DELETE FROM mqtt_queue WHERE sequence = ?1")?;
        for sequence in sequences {
            statement.execute([sequence])?;
        }
        Ok(())
    }

    /// Remembers a `QoS` 2 packet id until the client releases it, where the session still exists.
    pub fn add_mqtt_inbound(&self, session: i64, packet_id: u16) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO mqtt_inbound (session, packet_id) SELECT id, ?2 FROM mqtt_session WHERE id = ?1",
            )?
            .execute(params![session, packet_id])?;
        Ok(())
    }

    /// Forgets a packet id that the client released.
    pub fn delete_mqtt_inbound(&self, session: i64, packet_id: u16) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM mqtt_inbound WHERE session = ?1 AND packet_id = ?2")?
            .execute(params![session, packet_id])?;
        Ok(())
    }

    /// Retains a message in the place of the topic's last; an empty one clears the topic (MQTT 3.1.1, section 3.3.1.3).
    pub fn retain_mqtt(&self, message: &Message, now: Timestamp) -> Result<(), StoreError> {
        if message.payload.is_empty() {
            self.connection.prepare_cached("DELETE FROM mqtt_retained WHERE topic = ?1")?.execute([&message.topic])?;
            return Ok(());
        }
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO mqtt_retained (topic, payload, qos, at) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![message.topic, message.payload.as_ref(), message.qos, now])?;
        Ok(())
    }
}

fn blob(row: &Row<'_>, column: usize) -> rusqlite::Result<Bytes> {
    Ok(Bytes::copy_from_slice(row.get_ref(column)?.as_blob()?))
}

impl ToSql for Qos {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::from(*self as u8).into())
    }
}

impl FromSql for Qos {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::AtMostOnce),
            1 => Ok(Self::AtLeastOnce),
            2 => Ok(Self::ExactlyOnce),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

impl ToSql for QueueState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::from(match self {
            Self::Waiting => 0u8,
            Self::Sent => 1,
            Self::Released => 2,
        })
        .into())
    }
}

impl FromSql for QueueState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(Self::Waiting),
            1 => Ok(Self::Sent),
            2 => Ok(Self::Released),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}
