//! The doors for device agents: one folder for each family of them, which translates a protocol that exists in the world
//! into calls of the application, and decides nothing.

pub mod entgra;
