//! Who is at the other end of a connection.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::model::certificate::Fingerprint;

/// The other end of a connection, as far as the connection itself tells. Found in the extensions of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A TCP connection.
    Remote {
        /// Where it comes from; IPv4 as IPv4, whatever the socket.
        address: SocketAddr,
        /// Which of our addresses it came to.
        local: SocketAddr,
        /// Whether it is under TLS.
        tls: bool,
        /// The certificate the client showed in the handshake; the site CA issued it, and may have revoked it since.
        certificate: Option<Fingerprint>,
    },
    /// A process on this machine, by the uid the kernel vouches for.
    Local { uid: u32 },
}

impl Peer {
    /// The certificate of a remote peer that showed one.
    #[must_use]
    pub const fn certificate(&self) -> Option<Fingerprint> {
        match self {
            Self::Remote { certificate, .. } => *certificate,
            Self::Local { .. } => None,
        }
    }

    /// The address of a remote peer.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Remote { address, .. } => Some(address.ip()),
            Self::Local { .. } => None,
        }
    }
}

/// As the audit trail names an origin: the address without the port, or `unix`.
impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remote { address, .. } => address.ip().fmt(f),
            Self::Local { .. } => f.write_str("unix"),
        }
    }
}
