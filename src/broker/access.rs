//! Who may use which topics. A device: those below its own prefix. An operator's token with the scope `broker`: all.
//! Another person's token: those of the devices that person owns.

use crate::app::{App, Error};
use crate::model::TENANT;
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::topic::DeviceTopic;

/// What a client may do, decided by its CONNECT.
#[derive(Debug)]
pub(super) enum Access {
    /// The topic `<tenant>/<type>/<id>` and all below it.
    Device { prefix: Box<str> },
    /// The topics of this person's devices, as far as the scopes go.
    Owner { name: Box<str>, publish: bool, subscribe: bool },
    /// Every topic; `$SYS` to listen.
    Any,
}

impl Access {
    pub(super) fn of(actor: &Actor) -> Self {
        match &actor.principal {
            Principal::Device { device_type, identifier, .. } => {
                Self::Device { prefix: format!("{TENANT}/{device_type}/{identifier}").into() }
            }
            _ if actor.scopes.allow(Scope::Broker) => Self::Any,
            _ => Self::Owner {
                name: actor.owner().into(),
                publish: actor.scopes.allow(Scope::Own) || actor.scopes.allow(Scope::Operate),
                subscribe: actor.scopes.allow(Scope::Own) || actor.scopes.allow(Scope::Read),
            },
        }
    }

    /// Whether it may publish to a topic. Topics that begin with `$` are the broker's own ([MQTT-4.7.2-1]).
    pub(super) async fn may_publish(&self, app: &App, topic: &str) -> Result<bool, Error> {
        match self {
            Self::Device { prefix } => Ok(is_below(prefix, topic)),
            Self::Owner { name, publish, .. } => Ok(*publish && owns(app, name, topic).await?),
            Self::Any => Ok(!topic.starts_with('$')),
        }
    }

    /// Whether it may subscribe to a filter. Shared subscriptions are MQTT 5's.
    pub(super) async fn may_subscribe(&self, app: &App, filter: &str) -> Result<bool, Error> {
        match self {
            Self::Device { prefix } => Ok(is_below(prefix, filter)),
            Self::Owner { name, subscribe, .. } => Ok(*subscribe && owns(app, name, filter).await?),
            Self::Any => Ok(!filter.starts_with("$share/")),
        }
    }
}

fn is_below(prefix: &str, topic: &str) -> bool {
    topic.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn owns(app: &App, name: &str, topic: &str) -> Result<bool, Error> {
    let Some(topic) = DeviceTopic::parse(topic) else { return Ok(false) };
    // Boxed: rare, and a connection's task should stay small.
    let owner = Box::pin(app.mqtt_owner(topic.device_type, topic.identifier)).await?;
    Ok(owner.as_deref() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::actor::Scopes;

    #[test]
    fn a_token_s_scopes_bound_what_its_owner_may() {
        let may = |scopes: &[Scope]| {
            let scopes: Scopes = scopes.iter().copied().collect();
            match Access::of(&Actor { scopes, ..Actor::system() }) {
                Access::Owner { publish, subscribe, .. } => (publish, subscribe),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(may(&[Scope::Metrics, Scope::Enroll]), (false, false));
        assert_eq!(may(&[Scope::Read]), (false, true));
        assert_eq!(may(&[Scope::Own]), (true, true));
    }

    #[test]
    fn a_device_keeps_to_its_own_prefix() {
        let prefix = "carbon.super/raspberrypi/pi-1";
        for own in ["", "/temperature", "/#", "/+/x", "/"] {
            assert!(is_below(prefix, &format!("{prefix}{own}")), "{own}");
        }
        for foreign in
            ["#", "+/raspberrypi/pi-1", "carbon.super/raspberrypi/pi-10", "carbon.super/raspberrypi/pi-2/x", "x"]
        {
            assert!(!is_below(prefix, foreign), "{foreign}");
        }
    }
}
