//! Secrets in payloads: who may command a device, or make its policies, reads them; everyone else who may look reads a
//! mask in their place. Devices get what was sent.

use std::sync::Arc;

use serde_json::Value as Json;

use super::access::covers;
use super::{App, Error};
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::device_type::{DeviceType, MASK};
use crate::model::id::DeviceId;
use crate::model::operation::{Activity, Operation};
use crate::model::policy::{BUNDLE, PolicyFeature};
use crate::store::Rx;

/// What hides secrets from one caller.
pub(super) struct Masks {
    actor: Actor,
    types: Vec<Arc<DeviceType>>,
}

impl App {
    /// What hides secrets from this caller; `None` for one who may command every device.
    pub(super) fn masks(&self, actor: &Actor) -> Option<Masks> {
        let sees_all = actor.scopes.allow(Scope::Operate);
        (!sees_all).then(|| Masks { actor: actor.clone(), types: self.inner.device_types.all() })
    }

    /// An operation as this caller may read it.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn shown(&self, actor: &Actor, operation: &Operation) -> Result<Operation, Error> {
        let mut shown = operation.clone();
        let Some(masks) = self.masks(actor) else { return Ok(shown) };
        if shown.payload.as_deref().and_then(|text| masks.masked(&shown.code, text)).is_none() {
            return Ok(shown);
        }
        self.inner
            .store
            .read(move |rx| {
                masks.hide(rx, &mut shown)?;
                Ok(shown)
            })
            .await
    }

    /// Hides the secrets of a policy's features from a caller who may neither make policies nor command every device.
    pub(super) fn hide_in_policy(&self, actor: &Actor, device_type: &str, features: &mut [PolicyFeature]) {
        if actor.scopes.allow(Scope::Policy) || actor.scopes.allow(Scope::Operate) {
            return;
        }
        self.hide_contents(device_type, features);
    }

    /// Hides the secrets of features from whoever it is.
    pub(super) fn hide_contents(&self, device_type: &str, features: &mut [PolicyFeature]) {
        let device_type = self.inner.device_types.get(device_type);
        for feature in features {
            match device_type.as_ref().and_then(|device_type| device_type.feature(&feature.code)) {
                Some(known) => match &feature.content {
                    // The Entgra API's consoles send a content as JSON in a text.
                    Json::String(text) => feature.content = known.payload.masked(text).unwrap_or(text.clone()).into(),
                    _ => drop(known.payload.mask(&mut feature.content)),
                },
                None => feature.content = MASK.into(),
            }
        }
    }
}

impl Masks {
    /// Hides the secrets of an operation, unless it is for a device that the caller may command or is.
    pub(super) fn hide(&self, rx: &Rx<'_>, operation: &mut Operation) -> Result<(), Error> {
        let Some(text) = &operation.payload else { return Ok(()) };
        if let Some(masked) = self.masked(&operation.code, text)
            && !self.may_see(rx, operation.device)?
        {
            operation.payload = Some(masked);
        }
        Ok(())
    }

    /// As [`Masks::hide`] for each; what the activity holds itself is hidden when any of them is not the caller's.
    pub(super) fn hide_all(&self, rx: &Rx<'_>, activity: &mut Activity) -> Result<(), Error> {
        let Some(masked) = activity.payload.as_deref().and_then(|text| self.masked(&activity.code, text)) else {
            return Ok(());
        };
        let mut hidden = activity.operations.is_empty();
        for operation in &activity.operations {
            hidden |= !self.may_see(rx, operation.device)?;
        }
        if hidden {
            activity.payload = Some(masked);
        }
        Ok(())
    }

    /// Whether the caller is that device or may command it.
    pub(super) fn may_see(&self, rx: &Rx<'_>, id: DeviceId) -> Result<bool, Error> {
        let is_device = matches!(self.actor.principal, Principal::Device { .. });
        if is_device || !self.actor.scopes.allow(Scope::Own) {
            return Ok(self.actor.is_device(id));
        }
        let Some(device) = rx.device(id)? else { return Ok(false) };
        covers(rx, &self.actor, &device, Scope::Operate)
    }

    /// The payload without what any type that knows the code calls secret; all of it where no type does any more.
    pub(super) fn masked(&self, code: &str, text: &str) -> Option<String> {
        let (mut known, mut masked) = (false, None::<String>);
        for device_type in &self.types {
            if code == BUNDLE || device_type.feature(code).is_some() {
                known = true;
                masked = device_type.masked(code, masked.as_deref().unwrap_or(text)).or(masked);
            }
        }
        if known { masked } else { Some(MASK.to_owned()) }
    }
}
