//! Sending to devices by the names they give themselves, as the Entgra API does: names that cannot be reached are told
//! rather than fatal, as long as one can.

use std::collections::BTreeMap;

use crate::app::access::{reach_named, require_some};
use crate::app::{App, Error};
use crate::model::actor::{Actor, Scope};
use crate::model::id::DeviceId;
use crate::model::operation::{Activity, MAX_ACTIVITY_DEVICES, NewActivity, OperationKind};
use crate::model::text::{cut, for_terminal};

/// How many of the names that cannot be reached an error repeats.
const MAX_TOLD: usize = 20;

/// An activity, and what became of the names it was for.
#[derive(Debug)]
pub struct Named {
    pub activity: Activity,
    /// The identifiers of its devices.
    pub identifiers: BTreeMap<DeviceId, String>,
    /// The names that nothing was sent to.
    pub refused: Vec<String>,
    /// The caller commands some devices only, so that a name refused may be a device of others.
    pub personal: bool,
}

impl App {
    /// Sends one operation to the devices of a type with those identifiers; names that are unknown, removed, blocked or
    /// others' are left out and told.
    ///
    /// # Errors
    /// [`Error::Invalid`] when no name is left, otherwise as [`App::send`].
    pub async fn send_named(
        &self,
        actor: &Actor,
        device_type: &str,
        identifiers: Vec<String>,
        code: &str,
        kind: Option<OperationKind>,
        payload: Option<String>,
    ) -> Result<Named, Error> {
        require_some(actor, Scope::Operate)?;
        if identifiers.is_empty() {
            return Err(Error::invalid("deviceIDs", "the list of device identifiers is empty"));
        }
        if identifiers.len() > MAX_ACTIVITY_DEVICES {
            let why = format!("an operation goes to at most {MAX_ACTIVITY_DEVICES} devices");
            return Err(Error::invalid("deviceIDs", why));
        }
        let (by, kind_of_device) = (actor.clone(), device_type.to_owned());
        let (found, refused) = self
            .inner
            .store
            .read(move |rx| {
                let (mut found, mut refused) = (BTreeMap::new(), Vec::new());
                for identifier in identifiers {
                    match reach_named(rx, &by, &kind_of_device, &identifier, Scope::Operate) {
                        Ok(device) if device.status.may_receive() => drop(found.insert(device.id, device.identifier)),
                        Ok(_) | Err(Error::NotFound { .. }) => refused.push(identifier),
                        Err(error) => return Err(error),
                    }
                }
                Ok::<_, Error>((found, refused))
            })
            .await?;
        if found.is_empty() {
            let told: Vec<_> = refused.iter().take(MAX_TOLD).map(|name| format!("{:?}", echo(name))).collect();
            let more = if refused.len() > MAX_TOLD { " and more" } else { "" };
            let why = format!("no such {device_type} device takes operations: {}{more}", told.join(", "));
            return Err(Error::invalid("deviceIDs", why));
        }
        let devices = found.keys().copied().collect();
        let new = NewActivity { code: code.to_owned(), kind, payload, devices, expires_at: None };
        let activity = self.send(actor, new).await?;
        Ok(Named { activity, identifiers: found, refused, personal: !actor.scopes.allow(Scope::Operate) })
    }
}

fn echo(name: &str) -> String {
    for_terminal(cut(name, 64)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{operator, site, with};

    #[tokio::test]
    async fn names_that_cannot_be_reached_are_told() {
        let site = site().await;
        let device = site.pi("pi-1").await;
        let wanted = vec!["pi-1".to_owned(), "pi-9".to_owned()];
        let send = async |wanted, actor| site.app.send_named(&actor, "raspberrypi", wanted, "stats", None, None).await;
        let answer = send(wanted, operator()).await.unwrap();
        assert_eq!(answer.identifiers, BTreeMap::from([(device.id, "pi-1".to_owned())]));
        assert_eq!((answer.refused, answer.personal), (vec!["pi-9".to_owned()], false));
        assert_eq!(answer.activity.operations.len(), 1);

        let none = send(vec!["pi-8".to_owned(), "pi\u{1b}9".to_owned()], operator()).await.unwrap_err().to_string();
        assert_eq!(none, "no such raspberrypi device takes operations: \"pi-8\", \"pi\\\\u{1b}9\"");
        assert!(matches!(send(Vec::new(), operator()).await, Err(Error::Invalid { .. })));
        assert!(matches!(send(vec!["pi-1".to_owned()], with(&[Scope::Read])).await, Err(Error::Forbidden { .. })));
    }
}
