//! What of MQTT outlives a connection.
