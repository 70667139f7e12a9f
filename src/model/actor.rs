//! Who asks: the principal behind a call, what it may do, and where it came from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::id::{DeviceId, EnrollmentTokenId, TokenId, UserId};

/// One thing a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// See devices, operations, telemetry, the board and the events.
    Read,
    /// Send and cancel operations, edit devices and groups.
    Operate,
    /// Enroll devices: agent downloads and device tokens.
    Enroll,
    /// Users, roles, tokens, device types, certificates, audit, backup; includes every other scope.
    Admin,
    /// Scrape `/metrics`.
    Metrics,
    /// Any MQTT topic, `$SYS` included.
    Broker,
    /// See and command one's own devices, and those of the groups that are shared with one's roles.
    Own,
    /// Make and apply policies, geofences and application packages.
    Policy,
}

impl Scope {
    /// Every scope, in the order of the documentation.
    pub const ALL: [Self; 8] =
        [Self::Read, Self::Operate, Self::Enroll, Self::Admin, Self::Metrics, Self::Broker, Self::Own, Self::Policy];

    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Enroll => "enroll",
            Self::Admin => "admin",
            Self::Metrics => "metrics",
            Self::Broker => "broker",
            Self::Own => "own",
            Self::Policy => "policy",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scope| scope.name() == text).ok_or_else(|| {
            format!("unknown scope {text:?}; known are read, operate, enroll, admin, metrics, broker, own, policy")
        })
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// No scope at all.
    pub const NONE: Self = Self(0);
    /// Every scope.
    pub const ALL: Self = Self(0xff);

    /// Whether `scope` is granted, by itself or through [`Scope::Admin`].
    #[must_use]
    pub const fn allow(self, scope: Scope) -> bool {
        self.0 & (scope.bit() | Scope::Admin.bit()) != 0
    }

    /// Whether every scope of `other` is granted here.
    #[must_use]
    pub fn cover(self, other: Self) -> bool {
        other.iter().all(|scope| self.allow(scope))
    }

    /// The scopes of this set that `other` grants too.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        self.iter().filter(|scope| other.allow(*scope)).collect()
    }

    /// The scopes of the set, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.0 & scope.bit() != 0)
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The words of `Scopes::to_string`, parsed back; words that are no scope are left out.
    #[must_use]
    pub fn parse_lossy(words: &str) -> Self {
        words.split_whitespace().filter_map(|word| word.parse().ok()).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, scope) in self.iter().enumerate() {
            write!(f, "{}{}", if i == 0 { "" } else { " " }, scope.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({self})")
    }
}

/// Whose authority a call carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// Pym itself: timers, start-up.
    System,
    /// A process on this board, known by its uid on the control socket.
    Local { uid: u32 },
    /// A person, by session or by an OAuth token issued to them.
    User { id: UserId, name: String },
    /// An API token; it acts for the user who made it.
    Token { id: TokenId, name: String, owner: String },
    /// An enrollment token; the devices it enrolls are `owner`'s. It has no scope: enrolling is all it is good for.
    EnrollmentToken { id: EnrollmentTokenId, owner: String },
    /// A device, by the token issued to it.
    Device { id: DeviceId, device_type: String, identifier: String },
    /// Nobody: a caller who showed no credentials.
    Anonymous,
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::Local { uid } => write!(f, "uid:{uid}"),
            Self::User { name, .. } => f.write_str(name),
            Self::Token { name, owner, .. } => write!(f, "{owner}/token:{name}"),
            Self::EnrollmentToken { id, .. } => write!(f, "enrollment:{id}"),
            Self::Device { device_type, identifier, .. } => write!(f, "device:{device_type}/{identifier}"),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}

/// A principal at work: who, with which scopes, from where.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Whose authority it is.
    pub principal: Principal,
    /// What it may do.
    pub scopes: Scopes,
    /// Where the call came from, for the audit trail: an address, `unix`, or `internal`.
    pub origin: String,
}

impl Actor {
    /// Pym acting by itself.
    #[must_use]
    pub fn system() -> Self {
        Self { principal: Principal::System, scopes: Scopes::ALL, origin: "internal".to_owned() }
    }

    /// The user name that owns what this actor creates.
    #[must_use]
    pub fn owner(&self) -> String {
        match &self.principal {
            Principal::User { name, .. } => name.clone(),
            Principal::Token { owner, .. } | Principal::EnrollmentToken { owner, .. } => owner.clone(),
            Principal::System | Principal::Local { .. } | Principal::Device { .. } | Principal::Anonymous => {
                "admin".to_owned()
            }
        }
    }

    /// Whether this actor is that device.
    #[must_use]
    pub fn is_device(&self, device: DeviceId) -> bool {
        matches!(&self.principal, Principal::Device { id, .. } if *id == device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admin_includes_the_others_and_reading_does_not() {
        let admin: Scopes = [Scope::Admin].into_iter().collect();
        assert!(Scope::ALL.into_iter().all(|scope| admin.allow(scope)));
        let read: Scopes = [Scope::Read].into_iter().collect();
        assert!(read.allow(Scope::Read) && !read.allow(Scope::Operate));
        assert!(admin.cover(read) && !read.cover(admin));
        assert_eq!(Scopes::parse_lossy(&Scopes::ALL.to_string()), Scopes::ALL);
        assert_eq!(Scopes::parse_lossy("device_x perm:android:enroll read"), read);
    }
}
