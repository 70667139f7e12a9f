//! The board's network interfaces and addresses.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Instant;

use sysinfo::{NetworkData, Networks};

use crate::model::host::Interface;

/// The most interfaces shown; a host of containers has a pair of them for each.
const MAX_INTERFACES: usize = 32;

/// The interfaces, with the counters of the last sample.
#[derive(Debug)]
pub(super) struct Network {
    networks: Networks,
    /// Not the wall clock, which jumps when a board without a clock of its own learns the time.
    sampled_at: Instant,
}

impl Network {
    pub(super) fn new() -> Result<Self, sysinfo::Error> {
        Ok(Self { networks: Networks::new_with_refreshed_list()?, sampled_at: Instant::now() })
    }

    /// Every interface but the loopback, by name.
    pub(super) fn sample(&mut self) -> Vec<Interface> {
        self.networks.refresh(true);
        let millis = u64::try_from(self.sampled_at.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        self.sampled_at = Instant::now();
        let per_sec = |bytes: u64| bytes.saturating_mul(1000) / millis;
        let interface = |(name, data): (&OsString, &NetworkData)| Interface {
            name: name.to_string_lossy().into_owned(),
            addresses: reachable(data).map(|address| address.to_string()).collect(),
            received_per_sec: per_sec(data.received()),
            sent_per_sec: per_sec(data.transmitted()),
        };
        let mut interfaces: Vec<_> = self.networks.iter().filter(|(name, _)| *name != "lo").map(interface).collect();
        interfaces.sort_by(|a, b| a.name.cmp(&b.name));
        interfaces.truncate(MAX_INTERFACES);
        interfaces
    }
}

/// The addresses others can reach the board at, sorted: what its certificate should name beside the loopback.
///
/// Link-local IPv6 addresses are left out, because no URL can name them, and so are temporary ones (RFC 8981), because
/// a certificate would have to follow them every day.
#[must_use]
pub fn addresses() -> Vec<IpAddr> {
    let Ok(networks) = Networks::new_with_refreshed_list() else { return Vec::new() };
    let temporary = temporary(&fs::read_to_string("/proc/net/if_inet6").unwrap_or_default());
    let mut addresses: Vec<_> =
        networks.values().flat_map(reachable).filter(|address| !temporary.contains(address)).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

fn reachable(data: &NetworkData) -> impl Iterator<Item = IpAddr> {
    data.ip_networks().iter().map(|network| network.addr).filter(|address| {
        let link_local = matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
        !(address.is_loopback() || address.is_unspecified() || address.is_multicast() || link_local)
    })
}

/// The temporary addresses in `/proc/net/if_inet6`: address, interface, prefix, scope, flags and name, the numbers in hex.
fn temporary(table: &str) -> HashSet<IpAddr> {
    /// `IFA_F_TEMPORARY` of `linux/if_addr.h`.
    const TEMPORARY: u8 = 0x01;
    let address = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let address = u128::from_str_radix(fields.next()?, 16).ok()?;
        let flags = u8::from_str_radix(fields.nth(3)?, 16).ok()?;
        (flags & TEMPORARY != 0).then_some(IpAddr::V6(Ipv6Addr::from(address)))
    };
    table.lines().filter_map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_addresses_are_told_apart() {
        let table = "fe80000000000000dea632fffe010203 02 40 20 80     eth0\n\
                     20010db800000000dea632fffe010203 02 40 00 00     eth0\n\
                     20010db8000000001111222233334444 02 40 00 01     eth0\nnonsense\n";
        let expected: IpAddr = "2001:db8::1111:2222:3333:4444".parse().unwrap();
        assert_eq!(temporary(table), HashSet::from([expected]));
    }

    #[test]
    fn no_address_needs_a_scope_or_stays_on_the_board() {
        assert!(addresses().iter().all(|address| !address.is_loopback() && !address.to_string().starts_with("fe80")));
    }
}
