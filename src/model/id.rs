//! Identifiers: UUIDv7 (RFC 9562, section 5.7) newtypes, so that an id of one kind cannot be taken for another's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{NoContext, Uuid};

use super::timestamp::Timestamp;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id: the time `at` to the millisecond, the rest random.
            #[must_use]
            pub fn fresh(at: Timestamp) -> Self {
                let secs = u64::try_from(at.secs()).unwrap_or(0);
                let nanos = u32::try_from(at.millis().rem_euclid(1000)).unwrap_or(0) * 1_000_000;
                Self(Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, secs, nanos)))
            }

            /// The sixteen bytes of the id.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// An id from its sixteen bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A device, for as long as Pym remembers it, through all its enrollments.
    DeviceId;
    /// One enrollment of a device.
    EnrollmentId;
    /// A token that enrolls devices.
    EnrollmentTokenId;
    /// A group of devices.
    GroupId;
    /// One operation sent to many devices.
    ActivityId;
    /// One activity's part for one device.
    OperationId;
    /// Something a person has to see.
    NotificationId;
    /// A policy.
    PolicyId;
    /// A geofence.
    GeofenceId;
    /// An application package the site hands to its devices.
    PackageId;
    /// A person.
    UserId;
    /// A login of a person that is still good.
    SessionId;
    /// An API token of Pym's own API.
    TokenId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_id_carries_its_time_and_parses_back() {
        let at = Timestamp::from_millis(1_790_000_000_123);
        let id = DeviceId::fresh(at);
        let (secs, nanos) = id.0.get_timestamp().unwrap().to_unix();
        assert_eq!((secs, nanos), (1_790_000_000, 123_000_000));
        assert_eq!(id.to_string().parse::<DeviceId>().unwrap(), id);
        assert_ne!(id, DeviceId::fresh(at));
    }
}
