//! Listening sockets: binding them, and the options their connections inherit.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind as bind_socket, listen, socket_with, sockopt};

/// Connections the kernel holds until they are accepted; a site's devices all reconnect at once after a power cut.
const BACKLOG: i32 = 1024;
/// A silent peer is asked whether it is still there after this time, ...
const KEEPALIVE_IDLE: Duration = Duration::from_mins(1);
/// ... again after this time, ...
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// ... and given up after this many questions.
const KEEPALIVE_PROBES: u32 = 4;
/// A peer that does not take what is sent to it is given up after this many milliseconds.
const SEND_TIMEOUT_MS: u32 = 60_000;

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    address: SocketAddr,
    source: io::Error,
}

/// Binds every address, all or none. Port 0 takes a free port: ask the listener which.
///
/// An IPv6 address takes IPv4 connections too, unless the list has an IPv4 address with the same port.
pub fn bind(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, BindError> {
    addresses
        .iter()
        .map(|address| {
            let only_v6 = addresses.iter().any(|other| other.is_ipv4() && other.port() == address.port());
            bind_one(*address, only_v6).map_err(|source| BindError { address: *address, source })
        })
        .collect()
}

fn bind_one(address: SocketAddr, only_v6: bool) -> io::Result<TcpListener> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, only_v6)?;
    }
    bind_socket(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    Ok(TcpListener::from(socket))
}

/// Sets what every connection of the listener inherits: no delay for small packets, and an end for dead peers.
pub(super) fn tune(listener: &impl AsFd) -> io::Result<()> {
    sockopt::set_tcp_nodelay(listener, true)?;
    sockopt::set_socket_keepalive(listener, true)?;
    sockopt::set_tcp_keepidle(listener, KEEPALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(listener, KEEPALIVE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(listener, KEEPALIVE_PROBES)?;
    sockopt::set_tcp_user_timeout(listener, SEND_TIMEOUT_MS)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_both_families_side_by_side_on_one_port() {
        let [first] = <[TcpListener; 1]>::try_from(bind(&["127.0.0.1:0".parse().unwrap()]).unwrap()).unwrap();
        let port = first.local_addr().unwrap().port();
        drop(first);
        let addresses = [SocketAddr::from(([0, 0, 0, 0], port)), SocketAddr::from(([0u16; 8], port))];
        assert_eq!(bind(&addresses).unwrap().len(), 2);
    }

    #[test]
    fn says_which_address_is_taken() {
        let taken = bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        let address = taken[0].local_addr().unwrap();
        let error = bind(&[address]).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot listen on {address}"));
    }

    #[test]
    fn an_ipv6_address_alone_takes_ipv4_too() {
        let listener = bind(&["[::]:0".parse().unwrap()]).unwrap().remove(0);
        let port = listener.local_addr().unwrap().port();
        std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    }
}
