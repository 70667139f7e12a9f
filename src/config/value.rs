//! The types of values: each refuses what it cannot mean, with a sentence that says what it may.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};
use tracing_subscriber::filter::{LevelFilter, Targets};
use zeroize::Zeroizing;

/// The most addresses of one listener.
const MAX_ADDRESSES: usize = 16;
/// The most bytes of a host name (RFC 1035, section 2.3.4).
const MAX_HOST_NAME: usize = 253;

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounded<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Bounded<MIN, MAX> {
    pub(super) const fn get(self) -> u64 {
        self.0
    }

    /// The number, at most `usize::MAX` on 32-bit boards.
    pub(super) fn to_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    fn new(number: u64) -> Result<Self, String> {
        if (MIN..=MAX).contains(&number) { Ok(Self(number)) } else { Err(Self::expected()) }
    }

    fn expected() -> String {
        format!("expected a whole number from {MIN} to {MAX}")
    }
}

impl<const MIN: u64, const MAX: u64> FromStr for Bounded<MIN, MAX> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.trim().parse().map_err(|_| Self::expected()).and_then(Self::new)
    }
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Bounded<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).and_then(|number| Self::new(number).map_err(de::Error::custom))
    }
}

/// Socket addresses, comma separated.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Addresses(pub(super) Vec<SocketAddr>);

impl FromStr for Addresses {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = |part: &str| {
            let expected = || format!("{part:?} is no address and port, such as 0.0.0.0:9443 or [::1]:9443");
            part.parse::<SocketAddr>().map_err(|_| expected())
        };
        let addresses: Vec<_> = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .take(MAX_ADDRESSES + 1)
            .map(address)
            .collect::<Result<_, _>>()?;
        if addresses.len() > MAX_ADDRESSES {
            return Err(format!("at most {MAX_ADDRESSES} addresses"));
        }
        Ok(Self(addresses))
    }
}

/// A host name or address without scheme and port, or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct HostName(String);

impl HostName {
    pub(super) fn into_option(self) -> Option<String> {
        (!self.0.is_empty()).then_some(self.0)
    }
}

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        let is_name = text.len() <= MAX_HOST_NAME && text.split('.').all(is_label);
        if text.is_empty() || is_name || text.parse::<IpAddr>().is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err("expected a host name or address, without scheme and port".to_owned())
        }
    }
}

/// Which log messages are wanted; `info` unless said otherwise.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Filter(pub(super) Targets);

impl Default for Filter {
    fn default() -> Self {
        Self(Targets::new().with_default(LevelFilter::INFO))
    }
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The parser takes any lone word for a target, so a misspelt level would silence everything.
        let known = |part: &str| part.contains('=') || part.contains("::") || part.parse::<LevelFilter>().is_ok();
        match text.split(',').map(str::trim).find(|part| !known(part)) {
            Some(part) => Err(format!("{part:?} is no level: off, error, warn, info, debug or trace")),
            None => text.parse().map(Self).map_err(|error| format!("{error}, such as info,pym::broker=debug")),
        }
    }
}

/// A text that neither Debug nor a log shows, and that is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself; keep it no longer than needed.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(text.to_owned()))
    }
}

macro_rules! try_from_string {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }
    )*};
}
try_from_string!(Addresses, HostName, Filter);
