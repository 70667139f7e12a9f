//! Agents to take away: a new device, and the program for it with its keys filled in.

mod own;
mod package;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::host::Standing;
use super::oauth::DeviceCredentials;
use super::{App, Error};
use crate::model::actor::Actor;
use crate::model::device::{Device, NewDevice, Ownership};
use crate::model::id::DeviceId;

/// How agents reach this daemon.
#[derive(Clone, Debug)]
pub struct Reach {
    /// As in URLs: an IPv6 address stands in brackets.
    pub host: String,
    /// For boards that cannot resolve a name.
    pub address: Option<Ipv4Addr>,
    /// `None` where a door is shut, here and below.
    pub http_port: Option<u16>,
    https_port: Option<u16>,
    mqtt_port: Option<u16>,
    mqtts_port: Option<u16>,
    /// The certificate of the site's authority, which stands behind the doors with TLS.
    authority: String,
}

/// An agent with its keys: whoever has it is the device.
pub struct AgentPackage {
    /// The device's name, fit for a file name, and `.zip`.
    pub file_name: String,
    /// A zip archive.
    pub archive: Vec<u8>,
    pub device: Device,
}

impl std::fmt::Debug for AgentPackage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentPackage").field("file_name", &self.file_name).finish_non_exhaustive()
    }
}

/// Types that there is an agent for.
const TYPES: [&str; 3] = ["arduino", "raspberrypi", "virtual_firealarm"];

impl App {
    /// How agents reach this daemon: by the configured host, else by the host a request `asked` for (without its port),
    /// else by the address it came to, else by this machine's own address (which need not be resolved), else its name.
    #[must_use]
    pub fn reach(&self, asked: Option<&str>, local: Option<IpAddr>) -> Reach {
        let local = local.or_else(|| self.own_address()).map(|local| local.to_canonical());
        let host = match (&self.inner.settings.public_host, asked, local) {
            (Some(host), _, _) => host.clone(),
            (None, Some(asked), _) if !asked.is_empty() => asked.to_owned(),
            (None, _, Some(local)) => local.to_string(),
            (None, _, None) => rustix::system::uname().nodename().to_string_lossy().into_owned(),
        };
        let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host };
        let address = host.parse().ok().or(match local {
            Some(IpAddr::V4(local)) => Some(local),
            _ => None,
        });
        let Standing { endpoints, ca_pem, .. } = self.standing();
        let port = |bound: &[String]| bound.first()?.parse().ok().map(|address: SocketAddr| address.port());
        Reach {
            host,
            address,
            http_port: port(&endpoints.http),
            https_port: port(&endpoints.https),
            mqtt_port: port(&endpoints.mqtt),
            mqtts_port: port(&endpoints.mqtts),
            authority: ca_pem,
        }
    }

    /// The address the first HTTP listener is bound to; where that is all of them, the first the board measured.
    fn own_address(&self) -> Option<IpAddr> {
        let bound = self.standing().endpoints.http.first()?.parse::<SocketAddr>().ok()?.ip();
        if !bound.is_unspecified() {
            return Some(bound);
        }
        let host = self.host(&Actor::system()).ok()?;
        let mut addresses = host.network.iter().flat_map(|interface| &interface.addresses);
        addresses
            .find_map(|address| address.parse::<Ipv4Addr>().ok().filter(|address| !address.is_loopback()))
            .map(IpAddr::V4)
    }

    /// Enrolls a new device of that type and name, and gives its agent.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a type without an agent or a name that cannot be, [`Error::Conflict`] when no door for
    /// agents is open, otherwise as [`App::admit`].
    pub async fn new_agent(
        &self,
        actor: &Actor,
        device_type: &str,
        name: &str,
        reach: &Reach,
    ) -> Result<AgentPackage, Error> {
        check(device_type, reach)?;
        let new = NewDevice {
            device_type: device_type.to_owned(),
            identifier: new_identifier()?,
            name: name.to_owned(),
            ownership: Ownership::Byod,
            ..NewDevice::default()
        };
        let (enrolled, credentials) = self.admit(actor, new).await?;
        self.pack(enrolled.device, &credentials, reach)
    }

    /// The agent of an enrolled device, with new credentials in it.
    ///
    /// # Errors
    /// As [`App::new_agent`], and [`Error::NotFound`].
    pub async fn agent(&self, actor: &Actor, id: DeviceId, reach: &Reach) -> Result<AgentPackage, Error> {
        let device = self.device(actor, id).await?;
        check(&device.device_type, reach)?;
        let credentials = self.issue_device_credentials(actor, id).await?;
        self.pack(device, &credentials, reach)
    }

    fn pack(&self, device: Device, credentials: &DeviceCredentials, reach: &Reach) -> Result<AgentPackage, Error> {
        let archive = package::pack(&device, credentials, reach, self.inner.clock.now()).map_err(|source| {
            Error::Failed { what: format!("pack the agent of device {}", device.id), source: source.into() }
        })?;
        Ok(AgentPackage { file_name: format!("{}.zip", package::file_stem(&device)), archive, device })
    }
}

impl Reach {
    /// `http://host:port`, without TLS.
    #[must_use]
    pub fn http(&self) -> Option<String> {
        self.http_port.map(|port| format!("http://{}:{port}", self.host))
    }

    /// `https://host:port`.
    #[must_use]
    pub fn https(&self) -> Option<String> {
        self.https_port.map(|port| format!("https://{}:{port}", self.host))
    }

    /// `tcp://host:port`, or `ssl://host:port` where MQTT is spoken under TLS alone.
    #[must_use]
    pub fn mqtt(&self) -> Option<String> {
        let plain = self.mqtt_port.map(|port| format!("tcp://{}:{port}", self.host));
        plain.or_else(|| self.mqtts_port.map(|port| format!("ssl://{}:{port}", self.host)))
    }
}

/// Whether there is an agent for devices of that type.
#[must_use]
pub fn has_agent(device_type: &str) -> bool {
    TYPES.contains(&device_type)
}

fn check(device_type: &str, reach: &Reach) -> Result<(), Error> {
    if !has_agent(device_type) {
        return Err(Error::invalid("type", format!("there is an agent for {}, for no other type", TYPES.join(", "))));
    }
    let needs = if device_type == "arduino" {
        reach.http().is_none().then_some("HTTP without TLS")
    } else if reach.http().or(reach.https()).is_none() {
        Some("HTTP or HTTPS")
    } else {
        reach.mqtt().is_none().then_some("MQTT")
    };
    if let Some(needs) = needs {
        return Err(Error::Conflict(format!("an agent of type {device_type} needs {needs}, which is switched off")));
    }
    Ok(())
}

/// Twelve random letters and digits, or thereabouts: 64 bits in base 36, as the Entgra server names sample devices.
fn new_identifier() -> Result<String, Error> {
    let mut random = getrandom::u64()
        .map_err(|source| Error::Failed { what: "make an identifier".to_owned(), source: source.into() })?;
    let mut digits = Vec::new();
    while random > 0 || digits.is_empty() {
        let digit = u32::try_from(random % 36).unwrap_or(0);
        digits.extend(char::from_digit(digit, 36));
        random /= 36;
    }
    Ok(digits.into_iter().rev().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_short_words() {
        let identifier = new_identifier().unwrap();
        assert!(
            (1..=13).contains(&identifier.len())
                && identifier.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        );
        assert_ne!(identifier, new_identifier().unwrap());
    }
}
