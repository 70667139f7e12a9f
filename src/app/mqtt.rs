//! MQTT: who may connect, publish and subscribe, and what is committed before it is acknowledged.
