//! Agents that came with a person's token: who they are, and how their token becomes the device's own.
//!
//! The agent of the Entgra IoT Server logs in with its owner's password, through a client it registers for itself. Once
//! it has enrolled, that client and its tokens are good for the device alone: a lost phone does not carry its owner's
//! rights, is shut out by removing it, and never has to log in again.

use crate::app::access::reach;
use crate::app::device::{Enrolled, check_new_device, enroll, heard, target};
use crate::app::effects::Effects;
use crate::app::facts::store_facts;
use crate::app::oauth::MAX_CLIENTS_PER_DEVICE;
use crate::app::operation::queue_initial;
use crate::app::{App, Error, policy, require};
use crate::auth::secret;
use crate::model::actor::{Actor, Principal, Scope, Scopes};
use crate::model::device::{Device, DeviceStatus, NewDevice};
use crate::model::facts::Facts;
use crate::model::id::DeviceId;
use crate::store::{Flush, Revoked, TokenKind, Tx};

/// The scope word by which a token says which device it is for, before the device's identifier.
const DEVICE_WORD: &str = "device_";
/// What the Android agent calls its client, before the device's identifier.
const AGENT_CLIENT: &str = "cdmf_android_";

impl App {
    /// Who speaks on an agent's paths of a device: the device itself, or somebody who may speak for it, namely its owner
    /// with the scope `enroll` or `own`, or a caller with the scope `operate`. They all count as the device.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a device that is unknown, removed, or that the caller has no business with;
    /// [`Error::Unauthorized`] without credentials, [`Error::Forbidden`] for a caller who may speak for no device.
    pub async fn agent_of(
        &self,
        actor: &Actor,
        device_type: &str,
        identifier: &str,
    ) -> Result<(DeviceId, Actor), Error> {
        // The token's own look-up has found the device, and that it may speak.
        if let Principal::Device { id, device_type: own_type, identifier: own } = &actor.principal
            && own_type == device_type
            && own == identifier
        {
            return Ok((*id, actor.clone()));
        }
        let scopes = actor.scopes;
        if ![Scope::Operate, Scope::Own, Scope::Enroll].into_iter().any(|scope| scopes.allow(scope)) {
            require(actor, Scope::Operate)?;
        }
        let (wanted_type, wanted) = (device_type.to_owned(), identifier.to_owned());
        let found = self.inner.store.read(move |rx| rx.find_device(&wanted_type, &wanted)).await?;
        let device = found
            .filter(|device| device.status != DeviceStatus::Removed)
            .filter(|device| scopes.allow(Scope::Operate) || device.owner == actor.owner())
            .ok_or_else(|| Error::missing(format!("device {device_type}:{identifier}")))?;
        if !device.status.may_speak() {
            return Err(Error::Conflict(format!("the device is {}", device.status.name())));
        }
        let Device { id, device_type, identifier, .. } = device;
        let principal = Principal::Device { id, device_type, identifier };
        // What comes of it is the device's doing, and the trail still tells who did it.
        let origin = format!("{} {}", actor.origin, actor.principal);
        Ok((id, Actor { principal, scopes: Scopes::NONE, origin }))
    }

    /// Whose access token that was, by type and identifier, before the device was removed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn gone_device(&self, token: &str) -> Result<Option<(String, String)>, Error> {
        let hash = secret::hash(token);
        Ok(self.inner.store.read(move |rx| rx.gone_token(&hash)).await?)
    }

    /// Enrolls the device whose agent calls, with what it tells of itself, or enrolls it again. Where the agent shows
    /// a person's token that was issued for this device (by its scope `device_<identifier>`, or through the client that
    /// the Android agent registers), the client and its tokens become the device's own.
    ///
    /// # Errors
    /// As [`App::enroll`].
    pub async fn enroll_agent(
        &self,
        actor: &Actor,
        token: Option<&str>,
        device_type: &str,
        facts: Facts,
    ) -> Result<Enrolled, Error> {
        let own = matches!(&actor.principal, Principal::Device { device_type: own_type, identifier, .. }
            if own_type == device_type && facts.identifier.as_ref() == Some(identifier));
        if !own {
            require(actor, Scope::Enroll)?;
        }
        let new = NewDevice {
            device_type: device_type.to_owned(),
            identifier: facts.identifier.clone().unwrap_or_default(),
            name: facts.name.clone().unwrap_or_default(),
            description: facts.description.clone().unwrap_or_default(),
            owner: None,
            ownership: facts.ownership.unwrap_or_default(),
            properties: Vec::new(),
        };
        check_new_device(&new)?;
        self.device_type(&Actor::system(), device_type)?;
        let (now, actor, hash) = (self.inner.clock.now(), actor.clone(), token.map(secret::hash));
        let app = self.clone();
        let (enrolled, effects, bound) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let mut effects = Effects::default();
                let mut enrolled = enroll(tx, &mut effects, &actor, own, new, now)?;
                heard(tx, &mut enrolled.device, now)?;
                store_facts(tx, &mut effects, &enrolled.device, facts, now)?;
                if enrolled.created {
                    policy::forget(tx, &mut effects, &enrolled.device, now)?;
                }
                policy::renew(&app, tx, &mut effects, &enrolled.device, now)?;
                let bound = match hash {
                    Some(hash) => bind(tx, &enrolled.device, &hash)?,
                    None => None,
                };
                // An agent that logged in anew knows nothing, whatever the device was told before.
                if enrolled.created || bound.is_some() {
                    queue_initial(&app, tx, &mut effects, &enrolled.device, now)?;
                }
                Ok::<_, Error>((enrolled, effects, bound))
            })
            .await?;
        self.after_enroll(&enrolled);
        self.follow(effects).await;
        self.close_revoked(bound.unwrap_or_default()).await;
        Ok(enrolled)
    }

    /// Takes what a device tells anew of itself.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a device that is unknown or removed, [`Error::Forbidden`] for another than the device
    /// itself or an operator.
    pub async fn tell_facts(&self, actor: &Actor, id: DeviceId, facts: Facts) -> Result<(), Error> {
        let (now, actor) = (self.inner.clock.now(), actor.clone());
        let (device, effects) = self
            .inner
            .store
            .write(Flush::Now, move |tx| {
                let mut device = reach(tx, &actor, id, Scope::Operate)?;
                if device.status == DeviceStatus::Removed {
                    return Err(Error::missing(format!("device {}", target(&device))));
                }
                let mut effects = Effects::default();
                if actor.is_device(id) && heard(tx, &mut device, now)? {
                    effects.heard.push(device.clone());
                }
                let changed = store_facts(tx, &mut effects, &device, facts, now)?;
                Ok::<_, Error>((changed.then_some(device), effects))
            })
            .await?;
        self.follow(effects).await;
        if let Some(device) = device {
            self.tell_device(&device);
        }
        Ok(())
    }
}

/// Makes the client of a person's token the device's own, when it was meant for the device. Returns what that took
/// from people, or `None` when nothing was bound.
fn bind(tx: &Tx<'_>, device: &Device, token: &[u8; 32]) -> Result<Option<Revoked>, Error> {
    let Some(token) = tx.oauth_token(TokenKind::Access, token)?.filter(|token| token.device.is_none()) else {
        return Ok(None);
    };
    let Some(client) = tx.client(&token.client)?.filter(|client| client.device.is_none()) else { return Ok(None) };
    let names = |text: &str, before: &str| text.strip_prefix(before) == Some(device.identifier.as_str());
    let meant = token.scopes.split_whitespace().any(|word| names(word, DEVICE_WORD));
    if !meant && !names(&client.name, AGENT_CLIENT) {
        return Ok(None);
    }
    let mut revoked = tx.trim_device_clients(device.number, MAX_CLIENTS_PER_DEVICE)?;
    revoked.extend(tx.bind_client(&client.id, device.number)?);
    Ok(Some(revoked))
}
